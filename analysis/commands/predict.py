"""python -m analysis predict: the input table with a `predicted` column, and with what the law derives, as CSV."""

from __future__ import annotations

import argparse
import sys

from analysis.commands.inputs import read_params
from analysis.commands.options import BadCall, option
from analysis.commands.tables import as_numbers, read_table
from analysis.fits.checks import check_runs
from analysis.laws import get_law
from analysis.laws.asking import answer, needed, questions

HELP = "add what a law predicts to a CSV table (a file or '-')"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--law", required=True, type=option(get_law))
    parser.add_argument("--params", required=True, metavar="FILE.json|-|SYMBOL=VALUE,...")
    parser.add_argument("runs", metavar="FILE|-")
    parser.add_argument(
        "--derive", nargs="+", action="extend", default=[], metavar="NAME", help="add these too; laws --json lists them"
    )


def run(args: argparse.Namespace) -> int:
    if args.params == args.runs == "-":
        raise BadCall("only one of --params and the table can be standard input")
    values, _ = read_params(args.params, args.law)
    known = questions(args.law)
    if unknown := [name for name in args.derive if name not in known]:
        raise BadCall(f"law {args.law.name} derives no '{unknown[0]}'; it derives {', '.join(known)}")
    given = dict.fromkeys(column for name in args.derive for column in needed(args.law, name))
    table = read_table(args.runs, tuple({**dict.fromkeys(args.law.required_inputs), **given}))
    runs = as_numbers(table, (*args.law.numeric_inputs, *given), args.runs)
    check_runs(args.law, runs, with_target=False)
    outside, sentences = args.law.outside(runs)
    for sentence in sentences:
        print(f"predict: {int(outside.sum())} of {len(runs)} rows lie outside the law: {sentence}", file=sys.stderr)
    found = {name: answer(args.law, values, name, dict(runs)) for name in args.derive}
    table.assign(predicted=args.law.evaluate(values, runs), **found).to_csv(sys.stdout, index=False)
    return 0
