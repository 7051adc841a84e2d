"""python -m analysis fit: the best parameters of a law on a table of runs."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from analysis.commands.inputs import assignment, print_json, read_runs, without_outliers
from analysis.compare import holdout
from analysis.fitting import LOSSES, Fit, Status, fit
from analysis.laws import get_law
from analysis.staged import fit_staged

HELP = "fit a law to a CSV table of runs (a file or '-')"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--law", required=True)
    parser.add_argument("runs", metavar="FILE|-")
    parser.add_argument("--loss", choices=LOSSES, default="log-huber")
    parser.add_argument("--delta", type=float, default=None, help="Huber delta (default 1e-3)")
    parser.add_argument("--fix", nargs="+", action="extend", default=[], metavar="SYMBOL=VALUE")
    parser.add_argument("--starts", type=int, default=64)
    parser.add_argument("--bootstrap", type=int, default=200, metavar="B", help="resamples (0: no intervals)")
    parser.add_argument("--holdout-flops", type=float, metavar="C", help="fit below C, report errors above")
    parser.add_argument("--staged", action="store_true", help="the base first, then each format's factor")
    parser.add_argument("--base-max-n", type=float, metavar="N", help="with --staged: base on runs up to N")
    parser.add_argument("--with-outliers", action="store_true", help="keep runs that their source left out")
    parser.add_argument("--draws", action="store_true", help="add the bootstrap draws, which plan needs for P(win)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    if args.starts < 1 or args.bootstrap < 0:
        raise ValueError("--starts needs 1 or more and --bootstrap 0 or more")
    law = get_law(args.law)
    runs = read_runs(args.runs, law)
    kept = runs if args.with_outliers else without_outliers(runs)
    if len(kept) < len(runs):
        print(f"fit: {len(runs) - len(kept)} runs flagged as outliers by their source left out", file=sys.stderr)
    options: dict[str, Any] = {
        "fixed": dict(map(assignment, args.fix)),
        "loss": args.loss,
        "delta": args.delta,
        "starts": args.starts,
        "draws": args.bootstrap,
        "seed": args.seed,
    }
    held_out = None
    if args.holdout_flops:
        found, held_out = holdout(law, kept, args.holdout_flops, **options)
    elif args.staged:
        _, found = fit_staged(law, kept, args.base_max_n, **options)
    else:
        found = fit(law, kept, **options)
    document = as_document(found) | {"n_left_out": len(runs) - len(kept), "holdout": held_out}
    if args.draws and found.draws:
        document["draws"] = {name: numbers.tolist() for name, numbers in found.draws.values.items()}
    print_json(document) if args.json else print_text(found)
    return 1 if found.status is Status.TOO_FEW_RUNS else 0


def as_document(found: Fit) -> dict:
    """A fit as plain data: the contract of `fit --json`."""
    return {
        "law": found.law.name,
        "status": found.status.name,
        "advice": found.advice,
        "n_runs": found.n_runs,
        "objective": found.objective,
        "params": found.values,
        "intervals": found.intervals,
        "loss": found.loss,
        "delta": found.delta,
        "agreement": found.agreement,
        "seconds": found.seconds,
    }


def print_text(found: Fit) -> None:
    print(f"{found.law.title}: {found.n_runs} runs, objective {found.objective:.6g}, {found.status.name}")
    for name, value in found.values.items():
        low, high = found.intervals.get(name, (None, None))
        interval = f"  95% [{low:.4g}, {high:.4g}]" if low is not None else ""
        print(f"  {name:28} {value:.6g}{interval}")
    print(found.advice)
