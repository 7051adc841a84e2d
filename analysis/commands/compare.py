"""python -m analysis compare: laws side by side on the same runs."""

from __future__ import annotations

import argparse
import sys

import pandas as pd

from analysis.commands.inputs import print_json
from analysis.commands.options import BadCall, above_zero, option, said_in_the_call, whole
from analysis.commands.tables import as_numbers, read_table, without_outliers
from analysis.fits.fitting import LOSSES, loss_settings
from analysis.laws import LAWS, Law, get_law
from analysis.laws.columns import COLUMNS
from analysis.laws.feeding import why_not
from analysis.trust.compare import as_table, common_cut, compare, recommendation

HELP = "compare laws on the same CSV table of runs: held-out errors, AICc, what the residuals still hold"
MOST = 100_000  # starts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="FILE|-")
    parser.add_argument("--laws", type=option(_laws), metavar="A,B,...", help="default: all that the runs can feed")
    parser.add_argument("--target", default="loss", choices=sorted({law.target for law in LAWS.values()}))
    parser.add_argument("--loss", choices=LOSSES, default="log-huber")
    parser.add_argument("--delta", type=option(above_zero), help="of the Huber loss (default 1e-3)")
    parser.add_argument("--starts", type=option(whole(1, MOST)), default=64)
    parser.add_argument("--seed", type=option(whole(0, 2**63 - 1)), default=0)
    parser.add_argument("--with-outliers", action="store_true", help="keep runs that their source left out")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    with said_in_the_call():
        loss_settings(args.loss, args.delta)
    laws = args.laws or [law for law in LAWS.values() if law.target == args.target]
    table = read_table(args.runs, [args.target] if not args.laws else [laws[0].target])
    numbers = [name for name, column in COLUMNS.items() if column.usual and name in table]
    table = as_numbers(table, numbers, args.runs)
    runs = table if args.with_outliers else without_outliers(table)
    reasons = {law.name: why_not(law, runs) for law in laws}
    chosen = [law for law in laws if not reasons[law.name]]
    left_out = {name: reason for name, reason in reasons.items() if reason}
    if not chosen:
        said = "; ".join(f"{name} {reason}" for name, reason in left_out.items())
        raise ValueError(f"{args.runs} feeds none of the laws: {said}")
    options = {"loss": args.loss, "delta": args.delta, "starts": args.starts, "seed": args.seed}
    rivals = compare(chosen, runs, on_progress=_progress, **options)
    found = as_table(rivals)
    advice = recommendation(rivals, runs)
    if args.json:
        rows = found.astype(object).where(found.notna(), None).to_dict("records")
        print_json({"n_runs": len(runs), "cut": common_cut(rivals), "laws": rows, "recommendation": advice,
                    "left_out": left_out})  # fmt: skip
        return 0
    with pd.option_context("display.width", 200, "display.max_columns", None, "display.max_colwidth", 60):
        print(found.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print(advice.replace("**", ""))
    return 0


def _progress(law: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"compare: {100 * share:3.0f}% {law}", file=sys.stderr)


def _laws(text: str) -> list[Law]:
    laws = [get_law(name.strip()) for name in text.split(",") if name.strip()]
    if not laws:
        raise ValueError("name at least one law, for example --laws chinchilla,kaplan_joint")
    if len({law.target for law in laws}) > 1:
        raise BadCall(f"{', '.join(law.name for law in laws)} predict different columns; compare laws of one target")
    return laws
