"""Trains small random models by every method, with Quern's example `train` and with PyTorch, transformers and PEFT, and fails
where the two are further apart than they may be.

usage: check.py TRAIN FOLDER

TRAIN is the example's program, FOLDER takes what is written. Needs what `reference.py` needs."""

import json
import pathlib
import random
import subprocess
import sys

import numpy
from gguf import GGUFWriter

from reference import Names, compare

WIDTH, FEED_FORWARD, HEADS, KV_HEADS, HEAD_SIZE, LAYERS, WINDOW, VOCABULARY = 128, 192, 4, 2, 32, 6, 20, 320
TARGETS = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
# Relative to a gradient's length, and in nats.
MOST_GRADIENT_DIFFERENCE, MOST_LOSS_DIFFERENCE = 1e-4, 1e-4
STEPS = 10


def write_model(path, architecture):
    """A file with random weights."""
    writer = GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_context_length(512)
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(50000.0)
    if architecture == "gemma3":
        writer.add_sliding_window(WINDOW)
    numbers = numpy.random.default_rng(7)
    matrix = lambda rows, columns: numbers.normal(0, columns**-0.5, (rows, columns)).astype(numpy.float32)
    norm = lambda size: numbers.uniform(0.5, 1.5, size).astype(numpy.float32)
    shapes = {
        "attn_q": (HEADS * HEAD_SIZE, WIDTH),
        "attn_k": (KV_HEADS * HEAD_SIZE, WIDTH),
        "attn_v": (KV_HEADS * HEAD_SIZE, WIDTH),
        "attn_output": (WIDTH, HEADS * HEAD_SIZE),
        "ffn_gate": (FEED_FORWARD, WIDTH),
        "ffn_up": (FEED_FORWARD, WIDTH),
        "ffn_down": (WIDTH, FEED_FORWARD),
    }
    writer.add_tensor("token_embd.weight", matrix(VOCABULARY, WIDTH))
    writer.add_tensor("output_norm.weight", norm(WIDTH))
    for layer in range(LAYERS):
        for part in Names(architecture, HEADS, KV_HEADS).parts:
            values = matrix(*shapes[part]) if part in shapes else norm(HEAD_SIZE if part.endswith("k_norm") or part.endswith("q_norm") else WIDTH)
            writer.add_tensor(f"blk.{layer}.{part}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def sequences():
    """Four, of which not every token is learned."""
    lengths = [45, 33, 45, 12]
    tokens = [[random.randrange(VOCABULARY) for _ in range(length)] for length in lengths]
    return [{"tokens": it, "learned": [place % 5 != 2 for place in range(len(it))]} for it in tokens]


def specification(model, **method):
    random.seed(3)
    # Few different steps, so that something is learned.
    steps = [[sequences()], [sequences(), sequences()]]
    return {
        "model": str(model),
        "lora": None,
        "recompute": True,
        # More would wait for each other: the work is small.
        "threads": 1,
        "seed": 1,
        # Decay would pull norms of gemma3 elsewhere: transformers keeps them less one.
        "optimizer": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight-decay": 0.0, "most-gradient-norm": 1.0},
        "schedule": {"peak": 0.002, "warmup-steps": 2, "steps": STEPS, "decay": "linear"},
        "steps": [steps[step % 2] for step in range(STEPS)],
    } | method


def main():
    train, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    lora = {"rank": 8, "alpha": 16, "scaling": "rank", "targets": TARGETS}
    methods = {
        "full": {},
        "LoRA": {"lora": lora},
        "rsLoRA": {"lora": lora | {"scaling": "root-of-rank", "targets": TARGETS[:2]}},
        "DoRA": {"lora": lora | {"dora": True}},
        "QLoRA": {"lora": lora, "nf4": True},
        "QLoRA, DoRA": {"lora": lora | {"dora": True}, "nf4": True},
        "DPO, full": {"beta": 0.1},
        "DPO, LoRA": {"lora": lora, "beta": 0.1},
    }
    missed = []
    for architecture in ["llama", "gemma3"]:
        model = folder / f"{architecture}.gguf"
        write_model(model, architecture)
        for name, method in methods.items():
            label = f"{architecture}, {name}"
            wanted = specification(model, **method)
            path, output = folder / "specification.json", folder / label.replace(", ", "-")
            path.write_text(json.dumps(wanted))
            subprocess.run([train, path, output], check=True, stdout=subprocess.DEVNULL)
            found = compare(wanted, output)
            first, last = found["losses"]
            print(
                f"{label:20} gradients off by {found['gradients_off']:.1e} ({found['gradient_farthest_off']}), losses of "
                f"{found['steps']} steps from {first:.3f} to {last:.3f} by {found['losses_off']:.1e}",
                flush=True,
            )
            if found["gradients_off"] > MOST_GRADIENT_DIFFERENCE or found["losses_off"] > MOST_LOSS_DIFFERENCE or last >= first:
                missed.append(label)
    print(f"{len(methods) * 2 - len(missed)} of {len(methods) * 2} agree" + "".join(f"; not {label}" for label in missed))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
