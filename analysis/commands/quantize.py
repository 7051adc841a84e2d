"""python -m analysis quantize: what a format does to a tensor in a file."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from analysis.commands.inputs import print_json
from analysis.commands.options import BadCall, option, said_in_the_call, whole
from analysis.commands.tensors import read_tensor
from analysis.formats import ROUNDINGS, TRANSFORMS, get_format, get_transform, trial
from analysis.formats.packed import TOOLS, Layout, get_layout, packed_parts

HELP = "the errors of a tensor in a format (.npy or .safetensors)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", required=True, type=option(get_format), metavar="F", help="a name from `formats`")
    parser.add_argument("tensor_file", metavar="IN.npy|IN.safetensors")
    parser.add_argument("--tensor", metavar="NAME", help="which tensor of a safetensors file")
    parser.add_argument("--out", type=Path, metavar="OUT", help="write the dequantized tensor, float32, as .npy")
    parser.add_argument(
        "--pack", choices=TOOLS, help="write --out as .safetensors instead: codes and scales as this tool packs them"
    )
    parser.add_argument("--rounding", choices=ROUNDINGS, default="nearest")
    parser.add_argument(
        "--transform",
        type=option(get_transform),
        default="none",
        metavar="T",
        help=f"undone after quantizing: {', '.join(TRANSFORMS)}, or a block size as in hadamard-128",
    )
    parser.add_argument("--axis", type=int, default=-1, help="the axis along which blocks run (default the last)")
    parser.add_argument(
        "--seed", type=option(whole(0, 2**63 - 1)), default=0, help="of stochastic rounding and random signs"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    layout = _layout(args) if args.pack else None
    path = Path(args.tensor_file)
    x = read_tensor(path, path.name, args.tensor)
    if not -max(x.ndim, 1) <= args.axis < max(x.ndim, 1):
        raise ValueError(f"--axis {args.axis} is not an axis of a tensor of shape {list(x.shape)}")
    try:
        result = trial(args.format, x, args.axis, args.rounding, args.transform, args.seed)
        if layout:
            quantized = args.format.quantize(x, args.axis, args.rounding, args.seed)
            save_packed(args.out, args.tensor or "tensor", layout, packed_parts(layout, quantized))
    except ValueError as problem:
        raise ValueError(f"{path.name}: {problem}") from None
    document = {
        "format": args.format.name,
        "bits_per_element": args.format.bits_per_element,
        **asdict(result.errors),
        "rounding": args.rounding,
        "transform": args.transform.name,
        "seed": args.seed,
    }
    if args.out and not layout:
        save(args.out, np.asarray(result.values, dtype=np.float32))
    print_json(document) if args.json else print_text(document)
    return 0


def _layout(args: argparse.Namespace) -> Layout:
    if args.out is None:
        raise BadCall("--pack writes a file; give it with --out OUT.safetensors")
    if args.transform.name != "none":
        raise BadCall("no tool's layout says that a tensor was transformed; pack with --transform none")
    with said_in_the_call():
        return get_layout(args.pack, args.format.name)


def save(path: Path, values: np.ndarray) -> None:
    """Writes an .npy file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)


def save_packed(path: Path, name: str, layout: Layout, parts: dict) -> None:
    """Writes the parts of a packed tensor to a safetensors file, under the names that its tool gives them."""
    import safetensors.torch

    base = name.removesuffix(layout.result)
    safetensors.torch.save_file({base + suffix: part for suffix, part in parts.items()}, path)


def print_text(document: dict) -> None:
    for name, value in document.items():
        print(f"{name:18} {value:.6g}" if isinstance(value, float) else f"{name:18} {value}")
