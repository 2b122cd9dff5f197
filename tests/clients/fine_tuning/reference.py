"""Trains as Quern's example `train` does, with PyTorch, transformers and PEFT, and says how far apart the two are.

usage: reference.py SPECIFICATION.json FOLDER

FOLDER is what `train` wrote: the adapter before and after, losses, gradients of the first step. Needs torch, transformers,
peft, safetensors and gguf (PyPI), and bitsandbytes for weights in four bits. The model is read with gguf's own decoder, so what is compared shares no code with Quern."""

import contextlib
import ctypes
import json
import re
import resource
import sys
import time

import numpy
import torch


def refuse(*_):
    raise OSError("the plain kernels are wanted")


# Before others load it with its own library.
ctypes.cdll.LoadLibrary, before = refuse, ctypes.cdll.LoadLibrary
with contextlib.suppress(ImportError):
    import bitsandbytes.functional as functional
ctypes.cdll.LoadLibrary = before

from gguf import GGUFReader, dequantize
from peft import PeftModel
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    get_scheduler,
)

PARTS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
}
OWN_PARTS = {
    "llama": {"ffn_norm": "post_attention_layernorm"},
    "gemma3": {
        "attn_q_norm": "self_attn.q_norm",
        "attn_k_norm": "self_attn.k_norm",
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    },
}
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


class Names:
    """How the tensors of a GGUF file are called and laid out in transformers."""

    def __init__(self, architecture, heads, kv_heads):
        self.parts = PARTS | OWN_PARTS[architecture]
        # Files of the llama family keep pairs that rotate together side by side.
        self.heads = {"attn_q": heads, "attn_k": kv_heads} if architecture == "llama" else {}

    def module(self, name):
        """The module of a tensor."""
        found = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
        return f"model.layers.{found[1]}.{self.parts[found[2]]}" if found else WHOLE[name.removesuffix(".weight")]

    def _rows(self, name, values, swapped):
        heads = next((count for part, count in self.heads.items() if f".{part}." in name), None)
        if heads is None:
            return values
        half = len(values) // heads // 2
        shape = (heads, 2, half, -1) if swapped else (heads, half, 2, -1)
        return values.reshape(shape).swapaxes(1, 2).reshape(values.shape)

    def from_gguf(self, name, values):
        """Rows as transformers has them."""
        return self._rows(name, values, swapped=False)

    def to_gguf(self, name, values):
        """Rows as the file has them."""
        return self._rows(name, values, swapped=True)


def load(path):
    """The model of a GGUF file, in 32-bit floats, and its names."""
    reader = GGUFReader(path)
    architecture = reader.fields["general.architecture"].contents()
    field = lambda key: reader.fields[f"{architecture}.{key}"].contents()
    tensors = {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
    sizes = dict(
        vocab_size=tensors["token_embd.weight"].shape[0],
        hidden_size=field("embedding_length"),
        intermediate_size=field("feed_forward_length"),
        num_hidden_layers=field("block_count"),
        num_attention_heads=field("attention.head_count"),
        num_key_value_heads=field("attention.head_count_kv"),
        rms_norm_eps=field("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=field("context_length"),
        tie_word_embeddings="output.weight" not in tensors,
        attn_implementation="sdpa",
    )
    rope = {"rope_type": "default", "rope_theta": field("rope.freq_base")}
    if architecture == "gemma3":
        local = {"rope_type": "default", "rope_theta": 10000.0}
        config = Gemma3TextConfig(
            head_dim=field("attention.key_length"),
            query_pre_attn_scalar=field("attention.key_length"),
            sliding_window=field("attention.sliding_window"),
            rope_parameters={"sliding_attention": local, "full_attention": rope},
            **sizes,
        )
        model = Gemma3ForCausalLM(config)
    else:
        model = LlamaForCausalLM(LlamaConfig(rope_parameters=rope, **sizes))
    names = Names(architecture, field("attention.head_count"), field("attention.head_count_kv"))
    state = {}
    for name, values in tensors.items():
        values = numpy.array(names.from_gguf(name, values), dtype=numpy.float32)
        if architecture == "gemma3" and "norm" in name:
            # transformers multiplies by one more than what it keeps.
            values = values - 1
        state[f"{names.module(name)}.weight"] = torch.from_numpy(values)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model, names


def store_in_four_bits(model):
    """Replaces what QLoRA stores in NF4 by what bitsandbytes reads of it again, by its plain kernels (see nf4_golden.py)."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and ".layers." in name:
            stored = functional.quantize_4bit(module.weight.data, quant_type="nf4", compress_statistics=True)
            module.weight.data = functional.dequantize_4bit(*stored)


def sums_of_losses(model, sequences):
    """For each sequence the sum of the losses of its learned tokens: those of one length together, as is usual."""
    sums = [None] * len(sequences)
    for length in sorted({len(sequence["tokens"]) for sequence in sequences}):
        places = [place for place, sequence in enumerate(sequences) if len(sequence["tokens"]) == length]
        tokens = torch.tensor([sequences[place]["tokens"] for place in places])
        learned = torch.tensor([sequences[place]["learned"] for place in places])
        labels = torch.where(learned, tokens, -100)[:, 1:]
        logits = model(input_ids=tokens).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="none"
        )
        for place, losses in zip(places, losses.reshape(labels.shape).sum(1)):
            sums[place] = losses
    return torch.stack(sums)


def preference_loss(losses, base_losses, beta):
    """Equation 7 of Rafailov et al. 2023, as trl's loss of the type `sigmoid`."""
    rewards = beta * (base_losses - losses)
    return -torch.nn.functional.logsigmoid(rewards[0::2] - rewards[1::2]).sum()


def gradients(model, parameters, names):
    """Those of the parameters that Quern trains, in its order and its layout."""
    by_name = dict(model.named_parameters())
    for parameter in parameters:
        name = parameter["name"]
        found = []
        for part in name.split(" "):
            tensor, _, half = part.partition(".lora_")
            module = names.module(tensor)
            key = {
                "": f"{module}.weight",
                "a": f"base_model.model.{module}.lora_A.default.weight",
                "b": f"base_model.model.{module}.lora_B.default.weight",
                "magnitude": f"base_model.model.{module}.lora_magnitude_vector.default.weight",
            }[half]
            gradient = by_name[key].grad.numpy()
            found.append((gradient if half == "a" else names.to_gguf(part, gradient)).reshape(-1))
        yield name, numpy.concatenate(found)


def compare(specification, folder):
    """Does what `train` did, and says how far apart the two are."""
    with open(f"{folder}/outcome.json") as file:
        outcome = json.load(file)
    torch.set_num_threads(specification["threads"])
    model, names = load(specification["model"])
    if specification.get("nf4"):
        store_in_four_bits(model)
    if specification["lora"]:
        model = PeftModel.from_pretrained(model, f"{folder}/initial", is_trainable=True)
    model.train()
    settings = specification["optimizer"]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    schedule = specification["schedule"]
    optimizer = torch.optim.AdamW(
        trained,
        lr=schedule["peak"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        weight_decay=settings["weight-decay"],
    )
    rates = get_scheduler(
        schedule["decay"], optimizer, num_warmup_steps=schedule["warmup-steps"], num_training_steps=schedule["steps"]
    ) if schedule["decay"] != "constant" else get_scheduler(
        "constant_with_warmup", optimizer, num_warmup_steps=schedule["warmup-steps"]
    )
    beta, base = specification.get("beta"), []
    if beta:
        with torch.no_grad(), model.disable_adapter() if specification["lora"] else contextlib.nullcontext():
            base = [[sums_of_losses(model, sequences) for sequences in batches] for batches in specification["steps"]]
    worst, worst_gradient, seconds = 0.0, (0.0, ""), []
    for step, batches in enumerate(specification["steps"]):
        learned = sum(sum(sequence["learned"][1:]) for sequences in batches for sequence in sequences)
        pairs = sum(len(sequences) for sequences in batches) // 2
        began = time.monotonic()
        optimizer.zero_grad()
        loss = 0.0
        for place, sequences in enumerate(batches):
            losses = sums_of_losses(model, sequences)
            part = preference_loss(losses, base[step][place], beta) / pairs if beta else losses.sum() / learned
            part.backward()
            loss += part.item()
        if step == 0:
            ours = numpy.fromfile(f"{folder}/gradients.f32", dtype="<f4")
            place = 0
            for name, theirs in gradients(model, outcome["parameters"], names):
                mine = ours[place : place + theirs.size]
                place += theirs.size
                length = numpy.linalg.norm(theirs.astype(numpy.float64))
                difference = numpy.linalg.norm((mine - theirs).astype(numpy.float64))
                # A of a new adapter has no gradient, because B is zero.
                worst_gradient = max(worst_gradient, (difference / length if length > 0 else difference, name))
        torch.nn.utils.clip_grad_norm_(trained, settings["most-gradient-norm"])
        optimizer.step()
        rates.step()
        seconds.append(time.monotonic() - began)
        worst = max(worst, abs(loss - outcome["losses"][step]))
    median = lambda values: sorted(values)[len(values) // 2]
    return {
        "parameters": len(outcome["parameters"]),
        "gradients_off": float(worst_gradient[0]),
        "gradient_farthest_off": worst_gradient[1],
        "steps": len(seconds),
        "losses": [outcome["losses"][0], outcome["losses"][-1]],
        "losses_off": worst,
        "seconds": median(outcome["seconds"]),
        "peer_seconds": median(seconds),
        "peak_bytes": outcome["peak_bytes"],
        "peer_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main():
    with open(sys.argv[1]) as file:
        specification = json.load(file)
    found = compare(specification, sys.argv[2])
    print(
        f"gradients of {found['parameters']} parameters: off by {found['gradients_off']:.2e} at most "
        f"({found['gradient_farthest_off']})"
    )
    first, last = found["losses"]
    print(f"losses of {found['steps']} steps: from {first:.4f} to {last:.4f}, off by {found['losses_off']:.2e} at most")
    ours, theirs = found["seconds"], found["peer_seconds"]
    print(f"a step: {ours:.2f} s, theirs {theirs:.2f} s: {theirs / ours:.2f}x")
    ours, theirs = found["peak_bytes"], found["peer_peak_bytes"]
    print(f"memory: {ours / 1e6:.0f} MB, theirs {theirs / 1e6:.0f} MB: {ours / theirs:.2f}x")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
