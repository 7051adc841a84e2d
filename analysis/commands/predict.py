"""python -m analysis predict: the input table with a `predicted` column, as CSV."""

from __future__ import annotations

import argparse
import sys

from analysis.commands.inputs import read_params
from analysis.commands.options import BadCall, option
from analysis.commands.tables import as_numbers, read_table
from analysis.fits.checks import check_runs
from analysis.laws import get_law

HELP = "add what a law predicts to a CSV table (a file or '-')"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--law", required=True, type=option(get_law))
    parser.add_argument("--params", required=True, metavar="FILE.json|-|SYMBOL=VALUE,...")
    parser.add_argument("runs", metavar="FILE|-")


def run(args: argparse.Namespace) -> int:
    if args.params == args.runs == "-":
        raise BadCall("only one of --params and the table can be standard input")
    values, _ = read_params(args.params, args.law)
    table = read_table(args.runs, args.law.required_inputs)
    runs = as_numbers(table, args.law.numeric_inputs, args.runs)
    check_runs(args.law, runs, with_target=False)
    outside, sentences = args.law.outside(runs)
    for sentence in sentences:
        print(f"predict: {int(outside.sum())} of {len(runs)} rows lie outside the law: {sentence}", file=sys.stderr)
    table.assign(predicted=args.law.evaluate(values, runs)).to_csv(sys.stdout, index=False)
    return 0
