"""Trains as Quern's example `train` does, with PyTorch, transformers and PEFT, and says how far apart the two are.

usage: reference.py SPECIFICATION.json FOLDER

FOLDER is what `train` wrote: the adapter before and after, losses, gradients of the first step. Needs torch, transformers,
peft, safetensors and gguf (PyPI). The model is read with gguf's own decoder, so what is compared shares no code with Quern."""

import json
import re
import resource
import sys
import time

import numpy
import torch
from gguf import GGUFReader, dequantize
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM, get_scheduler

PARTS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def module(name):
    """The module of a tensor."""
    found = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
    return f"model.layers.{found[1]}.{PARTS[found[2]]}" if found else WHOLE[name.removesuffix(".weight")]


def halves_first(values, heads):
    """Rows as transformers has them: GGUF files of the llama family keep pairs that rotate together side by side."""
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def load(path):
    """The model of a GGUF file, in 32-bit floats."""
    reader = GGUFReader(path)
    field = lambda key: reader.fields[f"llama.{key}"].contents()
    heads, kv_heads = field("attention.head_count"), field("attention.head_count_kv")
    tensors = {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
    config = LlamaConfig(
        vocab_size=tensors["token_embd.weight"].shape[0],
        hidden_size=field("embedding_length"),
        intermediate_size=field("feed_forward_length"),
        num_hidden_layers=field("block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        rms_norm_eps=field("attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": field("rope.freq_base")},
        max_position_embeddings=field("context_length"),
        tie_word_embeddings="output.weight" not in tensors,
        attn_implementation="sdpa",
    )
    model = LlamaForCausalLM(config)
    state = {}
    for name, values in tensors.items():
        if ".attn_q." in name or ".attn_k." in name:
            values = halves_first(values, heads if ".attn_q." in name else kv_heads)
        state[f"{module(name)}.weight"] = torch.from_numpy(numpy.array(values, dtype=numpy.float32))
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model, heads, kv_heads


def loss_of(model, sequences):
    """The sum of the losses of all learned tokens: sequences of one length together, as is usual."""
    total = 0.0
    lengths = {len(sequence["tokens"]) for sequence in sequences}
    for length in sorted(lengths):
        alike = [sequence for sequence in sequences if len(sequence["tokens"]) == length]
        tokens = torch.tensor([sequence["tokens"] for sequence in alike])
        learned = torch.tensor([sequence["learned"] for sequence in alike])
        labels = torch.where(learned, tokens, -100)[:, 1:]
        logits = model(input_ids=tokens).logits[:, :-1]
        total = total + torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="sum"
        )
    return total


def gradients(model, parameters, heads, kv_heads):
    """Those of the parameters that Quern trains, in its order and its layout."""
    by_name = dict(model.named_parameters())
    for parameter in parameters:
        name = parameter["name"]
        found = []
        for part in name.split(" "):
            tensor, _, half = part.partition(".lora_")
            if half:
                key = f"base_model.model.{module(tensor)}.lora_{half.upper()}.default.weight"
                gradient = by_name[key].grad.numpy()
            else:
                gradient = by_name[f"{module(tensor)}.weight"].grad.numpy()
            if half != "a" and (".attn_q." in part or ".attn_k." in part):
                count = heads if ".attn_q." in part else kv_heads
                rows, columns = gradient.shape
                gradient = gradient.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2).reshape(rows, columns)
            found.append(gradient.reshape(-1))
        yield name, numpy.concatenate(found)


def main():
    with open(sys.argv[1]) as file:
        specification = json.load(file)
    folder = sys.argv[2]
    with open(f"{folder}/outcome.json") as file:
        outcome = json.load(file)
    torch.set_num_threads(specification["threads"])
    model, heads, kv_heads = load(specification["model"])
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
    worst, seconds = 0.0, []
    for step, batches in enumerate(specification["steps"]):
        learned = sum(sum(sequence["learned"][1:]) for sequences in batches for sequence in sequences)
        began = time.monotonic()
        optimizer.zero_grad()
        loss = 0.0
        for sequences in batches:
            part = loss_of(model, sequences) / learned
            part.backward()
            loss += part.item()
        if step == 0:
            ours = numpy.fromfile(f"{folder}/gradients.f32", dtype="<f4")
            place, largest = 0, (0.0, "")
            for name, theirs in gradients(model, outcome["parameters"], heads, kv_heads):
                mine = ours[place : place + theirs.size]
                place += theirs.size
                length = numpy.linalg.norm(theirs.astype(numpy.float64))
                difference = numpy.linalg.norm((mine - theirs).astype(numpy.float64))
                # A of a new adapter has no gradient, because B is zero.
                largest = max(largest, (difference / length if length > 0 else difference, name))
            print(f"gradients of {len(outcome['parameters'])} parameters: off by {largest[0]:.2e} at most ({largest[1]})")
        torch.nn.utils.clip_grad_norm_(trained, settings["most-gradient-norm"])
        optimizer.step()
        rates.step()
        seconds.append(time.monotonic() - began)
        worst = max(worst, abs(loss - outcome["losses"][step]))
    print(f"losses of {len(seconds)} steps: from {outcome['losses'][0]:.4f} to {outcome['losses'][-1]:.4f}, off by {worst:.2e} at most")
    median = lambda values: sorted(values)[len(values) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    ours, theirs = median(outcome["seconds"]), median(seconds)
    print(f"a step: {ours:.2f} s, theirs {theirs:.2f} s: {theirs / ours:.2f}x")
    print(f"memory: {outcome['peak_bytes'] / 1e6:.0f} MB, theirs {peak / 1e6:.0f} MB: {outcome['peak_bytes'] / peak:.2f}x")


main()
