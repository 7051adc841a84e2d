"""python -m analysis next-runs: the runs that would make a chosen prediction surest."""

from __future__ import annotations

import argparse

import pandas as pd

from analysis.commands.inputs import print_json
from analysis.commands.options import BadCall, above_zero, assignment, option, said_in_the_call, whole
from analysis.commands.tables import as_numbers, read_runs, without_outliers
from analysis.fits.checks import check_runs, check_values
from analysis.fits.fitting import LOSSES, fit, loss_settings
from analysis.laws import Law, get_law
from analysis.trust.design import grid_of, next_runs

HELP = "propose the runs, within a budget, that shrink the uncertainty of a prediction the most"
MOST = 100_000  # starts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--law", required=True, type=option(_of_sizes))
    parser.add_argument("runs", metavar="FILE|-")
    parser.add_argument(
        "--at", required=True, metavar="COLUMN=VALUE,...", help="the prediction: n_params=7e9,n_tokens=2e11"
    )
    parser.add_argument("--budget", required=True, type=option(above_zero), metavar="C", help="for all runs [FLOPs]")
    parser.add_argument("--count", type=option(whole(1, 100)), default=6, help="how many runs at most (default 6)")
    parser.add_argument(
        "--beyond", type=option(above_zero), default=1.0, metavar="X", help="offer sizes and tokens up to X times more"
    )
    parser.add_argument("--loss", choices=LOSSES, default="log-huber")
    parser.add_argument("--delta", type=option(above_zero), help="of the Huber loss (default 1e-3)")
    parser.add_argument(
        "--fix", nargs="+", action="extend", type=option(assignment), default=[], metavar="SYMBOL=VALUE"
    )
    parser.add_argument("--starts", type=option(whole(1, MOST)), default=64)
    parser.add_argument("--seed", type=option(whole(0, 2**63 - 1)), default=0)
    parser.add_argument("--with-outliers", action="store_true", help="keep runs that their source left out")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    fixed = dict(args.fix)
    with said_in_the_call():
        check_values(args.law, fixed)
        loss_settings(args.loss, args.delta)
    target = _target(args.at, args.law)
    table = read_runs(args.runs, args.law)
    runs = table if args.with_outliers else without_outliers(table)
    found = fit(args.law, runs, fixed=fixed, loss=args.loss, delta=args.delta, starts=args.starts, draws=0)
    if not found.ended:
        raise ValueError(found.advice)
    offered = grid_of(found, runs, args.beyond, target)
    design = next_runs(found, runs, target, args.budget, args.count, offered, args.seed)
    document = {
        "law": args.law.name,
        "prediction": float(found.predict(target)[0]),
        "deviation": {"before": design.before, "after": design.after, "random": design.random},
        "shrinkage": design.shrinkage,
        "spent": design.spent,
        "runs": design.runs.to_dict("records"),
    }
    print_json(document) if args.json else _print(document, design.runs)
    return 0


def _print(document: dict, runs: pd.DataFrame) -> None:
    print(runs.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    deviation = document["deviation"]
    print(
        f"prediction {document['prediction']:.5g}: its standard deviation falls from {deviation['before']:.3g} to "
        f"{deviation['after']:.3g} (by {100 * document['shrinkage']:.0f}%); random runs of the same budget leave "
        f"{deviation['random']:.3g}. Spent: {document['spent']:.3g} FLOPs."
    )


def _of_sizes(name: str) -> Law:
    law = get_law(name)
    if not {"n_params", "n_tokens"} <= set(law.inputs):
        raise ValueError(f"law {law.name} does not predict from sizes and tokens; choose one that does, as chinchilla")
    return law


def _target(text: str, law: Law) -> pd.DataFrame:
    """One row of the law's inputs from 'n_params=7e9,n_tokens=2e11'."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    row = {name.strip(): value.strip() for name, _, value in pairs}
    unknown = [name for name in row if name not in law.inputs]
    lacking = [name for name in law.required_inputs if name not in row]
    if unknown or lacking:
        said = f"'{unknown[0]}' is no input of it" if unknown else f"{lacking[0]} is missing"
        raise BadCall(f"--at: law {law.name} predicts from {', '.join(law.inputs)}; {said}")
    with said_in_the_call():
        found = as_numbers(pd.DataFrame([row], index=["--at"]), law.numeric_inputs, "--at")
        check_runs(law, found, with_target=False)
    return found
