"""python -m analysis quantize: what a format does to a tensor in a file."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from analysis.commands.inputs import print_json
from analysis.commands.options import option, whole
from analysis.commands.tensors import read_tensor
from analysis.formats import ROUNDINGS, TRANSFORMS, get_format, get_transform, trial

HELP = "the errors of a tensor in a format (.npy or .safetensors)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", required=True, type=option(get_format), metavar="F", help="a name from `formats`")
    parser.add_argument("tensor_file", metavar="IN.npy|IN.safetensors")
    parser.add_argument("--tensor", metavar="NAME", help="which tensor of a safetensors file")
    parser.add_argument("--out", type=Path, metavar="OUT.npy", help="write the dequantized tensor, float32")
    parser.add_argument("--rounding", choices=ROUNDINGS, default="nearest")
    parser.add_argument("--transform", choices=TRANSFORMS, default="none", help="undone after quantizing")
    parser.add_argument("--axis", type=int, default=-1, help="the axis along which blocks run (default the last)")
    parser.add_argument(
        "--seed", type=option(whole(0, 2**63 - 1)), default=0, help="of stochastic rounding and random signs"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    path = Path(args.tensor_file)
    x = read_tensor(path, path.name, args.tensor)
    if not -max(x.ndim, 1) <= args.axis < max(x.ndim, 1):
        raise ValueError(f"--axis {args.axis} is not an axis of a tensor of shape {list(x.shape)}")
    try:
        result = trial(args.format, x, args.axis, args.rounding, get_transform(args.transform), args.seed)
    except ValueError as problem:
        raise ValueError(f"{path.name}: {problem}") from None
    document = {
        "format": args.format.name,
        "bits_per_element": args.format.bits_per_element,
        **asdict(result.errors),
        "rounding": args.rounding,
        "transform": args.transform,
        "seed": args.seed,
    }
    if args.out:
        save(args.out, np.asarray(result.values, dtype=np.float32))
    print_json(document) if args.json else print_text(document)
    return 0


def save(path: Path, values: np.ndarray) -> None:
    """Writes an .npy file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)


def print_text(document: dict) -> None:
    for name, value in document.items():
        print(f"{name:18} {value:.6g}" if isinstance(value, float) else f"{name:18} {value}")
