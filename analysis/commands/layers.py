"""python -m analysis layers: the error of formats on every tensor of a checkpoint."""

from __future__ import annotations

import argparse
import fnmatch
import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from analysis.commands.checkpoints import DEFAULT_FORMATS, open_checkpoint, survey_checkpoint, totals
from analysis.commands.inputs import print_json
from analysis.commands.options import BadCall, option, tensor_formats

HELP = "the errors of formats on every tensor of a checkpoint (.safetensors, its index, or a folder)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="FILE|INDEX.json|FOLDER")
    parser.add_argument(
        "--formats",
        type=option(tensor_formats),
        default=DEFAULT_FORMATS,
        metavar="F[,F...]",
        help=f"names from `formats` (default {','.join(DEFAULT_FORMATS)})",
    )
    parser.add_argument("--tensors", default="*", metavar="PATTERN", help="only tensors so named, as in '*.mlp.*'")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    names = list(open_checkpoint(args.checkpoint))
    wanted = fnmatch.filter(names, args.tensors)
    if not wanted:
        raise BadCall(f"--tensors '{args.tensors}' names none of the {len(names)} tensors; the first is '{names[0]}'")
    progress = Progress(sys.stderr.isatty())
    try:
        frame = survey_checkpoint(args.checkpoint, args.formats, set(wanted), on_progress=progress)
    finally:
        progress.end()
    print_json(document(args.checkpoint.name, frame)) if args.json else print_text(frame)
    return 0


class Progress:
    """One line on stderr that is written over, where stderr is a terminal."""

    def __init__(self, shown: bool) -> None:
        self.shown, self.percent = shown, -1

    def __call__(self, tensor: str, share: float) -> None:
        if self.shown and int(100 * share) != self.percent:
            self.percent = int(100 * share)
            print(f"\r{self.percent:3}%  {tensor[:70]:70}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.percent >= 0:
            print(file=sys.stderr)


def document(name: str, frame: pd.DataFrame) -> dict:
    """The survey as plain data: every tensor with its errors by format, or why it has none, and all together."""
    tensors = []
    for _, rows in frame.groupby("tensor", sort=False):
        first = rows.iloc[0]
        facts = {name: first[name] for name in ("tensor", "dtype", "shape")} | {"n_elements": int(first["n_elements"])}
        if first["why_not"]:
            tensors.append(facts | {"why_not": first["why_not"]})
            continue
        errors = rows.set_index("format")[["relative_mse", "sqnr_db", "max_abs_error", "wins"]].to_dict("index")
        tensors.append(facts | {"formats": errors})
    return {"checkpoint": name, "tensors": tensors, "total": [asdict(error) for error in totals(frame)]}


def print_text(frame: pd.DataFrame) -> None:
    """A line a tensor with the SQNR [dB] of each format, the best of each width marked, and what was left out."""
    kept, left = frame[frame["why_not"] == ""], frame[frame["why_not"] != ""]
    if len(kept):
        names = list(dict.fromkeys(kept["format"]))
        width = max(*(len(name) for name in kept["tensor"]), len("all of them")) + 2
        print(f"{'SQNR [dB]':{width}}" + "".join(f"{name:>11} " for name in names))
        for tensor, rows in kept.groupby("tensor", sort=False):
            marks = (f"{row.sqnr_db:11.2f}{'*' if row.wins else ' '}" for row in rows.itertuples())
            print(f"{tensor!s:{width}}" + "".join(marks))
        print(f"{'all of them':{width}}" + "".join(f"{error.sqnr_db:11.2f} " for error in totals(frame)))
        print("* the lowest error among formats of that many bits an element")
    for reason, rows in left.groupby("why_not", sort=False):
        print(f"left out, {len(rows)}: {reason} ({', '.join(rows['tensor'].head(3))}{' ...' if len(rows) > 3 else ''})")
