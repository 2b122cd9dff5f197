"""Runs lm-eval, as it comes from PyPI, against the companion, and compares every log-likelihood with a plain float32
computation from the same model file.

usage: check.py BASE_URL MODEL MODEL_FILE OUTPUT_FILE

Prints one line per request that is off, and a summary; exits with 1 where any is off by more than 1 %. OUTPUT_FILE gets
the token ids of every request and its log-likelihood, for others to compare with."""

import glob
import json
import os
import subprocess
import sys
import tempfile
import urllib.request

import numpy as np

from float32_reference import Llama

MOST_RELATIVE_DIFFERENCE = 1e-2


def run_lm_eval(base_url, model, folder):
    environment = dict(os.environ, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_DATASETS_CACHE=f"{folder}/datasets")
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "local-completions"]
    command += ["--model_args", f"model={model},base_url={base_url}/v1/completions,num_concurrent=1"]
    command += ["--tasks", "quern_everyday", "--include_path", ".", "--batch_size", "4"]
    command += ["--log_samples", "--output_path", folder]
    subprocess.run(command, check=True, env=environment, cwd=os.path.dirname(os.path.abspath(__file__)))
    (samples,) = glob.glob(f"{folder}/**/samples_quern_everyday_*.jsonl", recursive=True)
    with open(samples, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tokenize(base_url, text):
    body = json.dumps({"prompt": text, "add_special_tokens": False}).encode()
    request = urllib.request.Request(f"{base_url}/tokenize", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["tokens"]


def main(base_url, model, model_file, output_file):
    with tempfile.TemporaryDirectory() as folder:
        samples = run_lm_eval(base_url, model, folder)
    reference = Llama(model_file)
    requests, off = [], 0
    for sample in samples:
        for arguments, response in zip(sample["arguments"].values(), sample["resps"], strict=True):
            context, continuation = arguments["arg_0"], arguments["arg_1"]
            served = float(response[0][0])
            ids = tokenize(base_url, context + continuation)
            context_tokens = len(tokenize(base_url, context))
            expected = float(reference.log_probabilities(np.array(ids))[context_tokens - 1 :].sum())
            difference = abs(served - expected) / abs(expected)
            if difference > MOST_RELATIVE_DIFFERENCE:
                off += 1
                print(f"{context!r} + {continuation!r}: {served} from the companion, {expected} in float32")
            requests.append({
                "ids": ids,
                "context_tokens": context_tokens,
                "log_likelihood": served,
                "float32": expected,
                "relative_difference": difference,
            })
    with open(output_file, "w", encoding="utf-8") as file:
        json.dump(requests, file)
    largest = max(request["relative_difference"] for request in requests)
    print(f"{len(requests)} log-likelihoods, largest relative difference from float32 {largest:.2e}, {off} beyond 1e-2")
    return 1 if off or not requests else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
