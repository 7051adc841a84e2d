"""python -m analysis fit: the best parameters of a law on a table of runs."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any

import pandas as pd

from analysis.commands import terms
from analysis.commands.inputs import print_json
from analysis.commands.options import BadCall, above_zero, assignment, option, said_in_the_call, whole
from analysis.commands.tables import read_runs, without_outliers
from analysis.fits.checks import check_values
from analysis.fits.fitting import LOSSES, Fit, fit, loss_settings
from analysis.fits.staged import fit_staged
from analysis.laws import Law, get_law
from analysis.trust.holdout import holdout, size_of
from analysis.trust.profile import Profiles, profiles

HELP = "fit a law to a CSV table of runs (a file or '-')"
MOST = 100_000  # starts or resamples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--law", required=True, type=option(get_law))
    parser.add_argument("runs", metavar="FILE|-")
    parser.add_argument("--loss", choices=LOSSES, default="log-huber")
    parser.add_argument("--delta", type=option(above_zero), help="of the Huber loss (default 1e-3)")
    parser.add_argument(
        "--fix",
        nargs="+",
        action="extend",
        type=option(assignment),
        default=[],
        metavar="SYMBOL=VALUE",
        help="hold these; write FILE first",
    )
    parser.add_argument("--starts", type=option(whole(1, MOST)), default=64)
    parser.add_argument(
        "--bootstrap", type=option(whole(0, MOST)), default=200, metavar="B", help="resamples (0: no intervals)"
    )
    parser.add_argument(
        "--holdout-flops", type=option(above_zero), metavar="C", help="fit up to C FLOPs, report errors above"
    )
    terms.add_arguments(parser)
    parser.add_argument("--profile", action="store_true", help="add profile likelihood intervals")
    parser.add_argument("--staged", action="store_true", help="the base first, then each format's factor")
    parser.add_argument(
        "--base-max-n", type=option(above_zero), metavar="N", help="with --staged: base on runs up to N"
    )
    parser.add_argument("--with-outliers", action="store_true", help="keep runs that their source left out")
    parser.add_argument("--draws", action="store_true", help="add the bootstrap draws, which plan needs for P(win)")
    parser.add_argument("--seed", type=option(whole(0, 2**63 - 1)), default=0)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    args.law = terms.law_of(args)
    options = _options(args)
    runs = read_runs(args.runs, args.law)
    kept = runs if args.with_outliers else without_outliers(runs)
    left_out = len(runs) - len(kept)
    if left_out:
        print(f"fit: {left_out} runs flagged as outliers by their source left out", file=sys.stderr)
    method = partial(_staged, base_max_n=args.base_max_n) if args.staged else fit
    held_out = None
    if args.holdout_flops:
        found, held_out = holdout(args.law, kept, args.holdout_flops, method, **options)
    else:
        found = method(args.law, kept, **options)
    document = as_document(found) | {"n_left_out": left_out, "holdout": held_out}
    profile = None
    if args.profile and found.ended and found.free:
        below = kept if not args.holdout_flops else kept[(size_of(args.law, kept) <= args.holdout_flops)]
        profile = profile_document(profiles(found, below))
        document["profile"] = profile
    if args.draws and found.draws:
        document["draws"] = {name: numbers.tolist() for name, numbers in found.draws.values.items()}
    print_json(document) if args.json else print_text(found, held_out, profile)
    if not found.ended:
        print(f"fit: {found.advice}", file=sys.stderr)
        return 1
    return 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of `fit`; raises BadCall where they do not go together."""
    fixed = dict(args.fix)
    with said_in_the_call():
        check_values(args.law, fixed)
        loss_settings(args.loss, args.delta)
    if args.base_max_n and not args.staged:
        raise BadCall("--base-max-n chooses the runs of the base; give --staged with it")
    if args.staged and all(param.required for param in args.law.groups):
        raise BadCall(f"law {args.law.name} has no factor to fit in a second stage; leave --staged out")
    if args.staged and args.profile:
        raise BadCall("--profile fits everything again jointly; leave --staged out")
    if args.draws and not args.bootstrap:
        raise BadCall("--draws lists the bootstrap draws; give --bootstrap 1 or more with it")
    if args.profile and args.weights:
        raise BadCall("--profile takes every run for equally noisy, which weights deny; leave one of them out")
    return terms.options_of(args) | {
        "fixed": fixed,
        "loss": args.loss,
        "delta": args.delta,
        "starts": args.starts,
        "draws": args.bootstrap,
        "seed": args.seed,
    }


def _staged(law: Law, runs: pd.DataFrame, base_max_n: float | None, **options) -> Fit:
    return fit_staged(law, runs, base_max_n, **options)[1]


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


def profile_document(found: Profiles) -> dict:
    """Profiles as plain data: per symbol its interval, which sides are open, and whether it is identified."""
    by_symbol = {
        name: {"interval": own.interval, "open": own.open, "identified": own.identified}
        for name, own in found.by_symbol.items()
    }
    return {"share": found.share, "params": by_symbol, "condition": found.condition, "weakest": found.weakest}


def print_text(found: Fit, held_out: dict[str, float] | None, profile: dict | None = None) -> None:
    print(f"{found.law.title}: {found.n_runs} runs, objective {found.objective:.6g}, {found.status.name}")
    for name, value in found.values.items():
        low, high = found.intervals.get(name, (None, None))
        interval = f"  95% [{low:.4g}, {high:.4g}]" if low is not None else ""
        if profile and name in profile["params"]:
            own = profile["params"][name]
            interval += f"  profile [{own['interval'][0]:.4g}, {own['interval'][1]:.4g}]"
            interval += "" if own["identified"] else " not identified"
        print(f"  {name:28} {value:.6g}{interval}")
    for name, value in (held_out or {}).items():
        print(f"  held out: {name:18} {value:.4g}")
    print(found.advice)
