"""Compares what promptfoo and `quern eval` made of the same evaluation.

usage: compare.py PROMPTFOO_OUTPUT.json QUERN_OUTPUT.json

Prints each cell that differs, and a summary; exits with 1 where any does."""

import json
import sys


def main(promptfoo_file, quern_file):
    with open(promptfoo_file, encoding="utf-8") as file:
        theirs = {
            (cell["testIdx"], cell["promptIdx"]): (cell["response"]["output"], cell["success"], cell["score"])
            for cell in json.load(file)["results"]["results"]
        }
    with open(quern_file, encoding="utf-8") as file:
        run = json.load(file)
    ours = {
        (cell["case"], cell["prompt"]): (cell["answer"]["text"], cell["verdict"]["is_passed"], cell["verdict"]["score"])
        for cell in run.get("run", run)["cells"]
        if cell["outcome"] == "judged"
    }
    different = 0
    for place in sorted(theirs.keys() | ours.keys()):
        one, other = theirs.get(place), ours.get(place)
        if one is None or other is None or one[:2] != other[:2] or abs(one[2] - other[2]) > 1e-6:
            different += 1
            print(f"case {place[0] + 1}, prompt {place[1] + 1}: promptfoo {one}, quern {other}")
    passed = sum(verdict for _, verdict, _ in ours.values())
    print(f"{len(theirs)} cells, {passed} passed, {different} judged differently")
    return 1 if different or not theirs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
