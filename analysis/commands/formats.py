"""python -m analysis formats: every format with its bits, block, values and source."""

from __future__ import annotations

import argparse

import numpy as np

from analysis.commands.inputs import print_json
from analysis.formats import FORMATS, BlockFormat, Format

HELP = "every format: bits, block, values or max/min, source"
LISTED_BITS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    if args.json:
        print_json([describe(fmt) for fmt in FORMATS.values()])
        return 0
    print(f"{'name':12} {'bits':>7}  {'block':8} {'scale':6} {'largest':>12}  source")
    for fmt in FORMATS.values():
        row = describe(fmt)
        block, scale = row["block"] or "", row["scale"] or ""
        print(f"{fmt.name:12} {fmt.bits_per_element:7.5g}  {block!s:8} {scale:6} {row['max']:12.6g}  {fmt.source}")
    return 0


def describe(fmt: Format | BlockFormat) -> dict:
    """One format as plain data. min and max are those of the element; values are listed by code up to 8 bits, null
    where the code is NaN or infinite (see nan_codes, inf_codes).
    """
    blocked = isinstance(fmt, BlockFormat)
    element = fmt.element if blocked else fmt
    row = {
        "name": fmt.name,
        "title": fmt.title,
        "bits": fmt.bits,
        "bits_per_element": fmt.bits_per_element,
        "block": fmt.block_size if blocked else None,
        "element": element.name if blocked else None,
        "scale": (fmt.scale.name if fmt.scale else "fp32") if blocked else None,
        "scale_rule": fmt.scale_rule if blocked else None,
        "tensor_scale": fmt.tensor_scale if blocked else False,
        "min": element.min,
        "max": element.max,
        "source": fmt.source,
    }
    if not blocked and fmt.bits <= LISTED_BITS:
        row["values"] = fmt.values.tolist()
        row["nan_codes"] = np.flatnonzero(np.isnan(fmt.values)).tolist()
        row["inf_codes"] = np.flatnonzero(np.isinf(fmt.values)).tolist()
    return row
