"""What bitsandbytes makes of some weights, for the test of `engine/src/training/nf4.rs`.

usage: nf4_golden.py > engine/src/training/nf4_golden.json

Needs torch and bitsandbytes (PyPI; made with 2.15.0 and 0.50.2). bitsandbytes is kept from loading its own library: without it,
its plain kernels compute, which choose the nearest code by the midpoints between codes, as those for CUDA do. The library's code
for processors looks scales up in a table that is coarser, and takes the neighbour where one is near a midpoint."""

import ctypes
import json
import sys


def refuse(*_):
    raise OSError("the plain kernels are wanted")


import torch

ctypes.cdll.LoadLibrary = refuse
import bitsandbytes.functional as functional


def bits(values):
    return values.reshape(-1).view(torch.int32).to(torch.int64).bitwise_and(0xFFFFFFFF).tolist()


def case(name, values, repeat=1):
    """Of values that come `repeat` times in a row one is written."""
    values = values.repeat_interleave(repeat)
    codes, plain = functional.quantize_4bit(values, quant_type="nf4")
    again, state = functional.quantize_4bit(values, quant_type="nf4", compress_statistics=True)
    assert torch.equal(codes, again)
    return {
        "name": name,
        "repeat": repeat,
        "values": bits(values)[::repeat],
        "codes": codes.reshape(-1).tolist()[:: max(repeat // 2, 1)],
        "scales": bits(plain.absmax),
        "dequantized": bits(functional.dequantize_4bit(codes, plain))[::repeat],
        "mean": bits(state.offset)[0],
        "scale_codes": state.absmax.tolist(),
        "outer_scales": bits(state.state2.absmax),
        "dequantized_twice": bits(functional.dequantize_4bit(again, state))[::repeat],
    }


def main():
    random = torch.Generator().manual_seed(1)
    normal = lambda count: torch.randn(count, generator=random) * 0.02
    zeros, huge, tiny = normal(192), normal(192), normal(192)
    zeros[:64] = 0
    huge[70] = -3e38
    tiny[64:128] = torch.arange(64) * 1e-41
    # Halves of neighbouring levels are where rounding decides.
    levels = functional.get_4bit_type("nf4", device="cpu")
    halves = torch.cat([(levels[1:] + levels[:-1]) / 2, levels, levels * 0.5, levels * 0.3, torch.ones(1)])
    cases = [
        case("normal", normal(256)),
        case("a block that is not full", normal(100)),
        case("an odd number of them", normal(65)),
        case("a block of zeros", zeros),
        case("one huge value", huge),
        case("denormal values", tiny),
        case("halves of levels", halves),
        case("many blocks", normal(300) * 50, repeat=64),
    ]
    json.dump({"map": bits(functional.create_dynamic_map()), "cases": cases}, sys.stdout, separators=(",", ":"))
    print()


main()
