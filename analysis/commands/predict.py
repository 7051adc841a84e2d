"""python -m analysis predict: the input table with a `predicted` column, as CSV."""

from __future__ import annotations

import argparse
import sys

from analysis.commands.inputs import read_params, read_runs
from analysis.fitting import check_fixed
from analysis.laws import get_law

HELP = "add a law's predicted loss to a CSV table (a file or '-')"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--law", required=True)
    parser.add_argument("--params", required=True, metavar="FILE.json|SYMBOL=VALUE,...")
    parser.add_argument("runs", metavar="FILE|-")


def run(args: argparse.Namespace) -> int:
    law = get_law(args.law)
    values = read_params(args.params)
    check_fixed(law, values)
    runs = read_runs(args.runs, law)
    runs.assign(predicted=law.loss(values, runs)).to_csv(sys.stdout, index=False)
    return 0
