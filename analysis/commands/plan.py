"""python -m analysis plan: which scheme has the lowest loss under a budget."""

from __future__ import annotations

import argparse
import sys

from analysis.commands.inputs import print_json, read_params
from analysis.commands.options import BadCall, above_zero, assignments, option
from analysis.commands.tables import as_numbers, read_table
from analysis.laws import Law, get_law
from analysis.plans.planner import Factors, plan, quartet_schemes
from analysis.plans.speed import BOPS, MEASURED_COLUMNS, SpeedTable, constant, measured_tables

HELP = "the winning forward:backward formats for a size and data budget"
SIDES = {"eff_n": "--forward", "eff_d": "--backward"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--params", required=True, metavar="FILE.json|-|SYMBOL=VALUE,...")
    parser.add_argument("--law", default="quartet", type=option(_law_with_formats))
    parser.add_argument(
        "--n-max", type=option(above_zero), required=True, help="inference budget: parameters at FP8 speed"
    )
    parser.add_argument(
        "--d-over-n", type=option(above_zero), required=True, help="training budget: tokens per parameter"
    )
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument(
        "--speedup",
        type=option(_speedup),
        default=BOPS,
        metavar="forward=2,backward=2",
        help="of FP4 over FP8 (default: both 2)",
    )
    speed.add_argument("--throughput", metavar="FILE", help="CSV rows of the throughput table: its first FP8 table")
    parser.add_argument(
        "--spread", type=option(_share), default=0.0, help="relative spread of FP4's speed, for p_win (default: 0)"
    )
    parser.add_argument("--table", help="with --throughput: part of the name of another table to use")
    parser.add_argument("--forward", help="symbol or method of the forward factor, for example QuEST")
    parser.add_argument("--backward", help="symbol or method of the backward factor")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    if args.table and not args.throughput:
        raise BadCall("--table chooses among the tables of a file; give --throughput FILE with it")
    values, draws = read_params(args.params, args.law)
    factors = Factors(_symbol(values, "eff_n", args.forward), _symbol(values, "eff_d", args.backward))
    speed = _measured(args.throughput, args.table or "") if args.throughput else args.speedup
    schemes_asked = quartet_schemes(factors, speed, args.spread)
    table = plan(args.law, values, schemes_asked, args.n_max, args.d_over_n, draws)
    schemes = table.set_index("scheme")[["n", "d", "loss"]].to_dict("index")
    chance = dict(zip(table["scheme"], table["p_win"].tolist(), strict=True)) if draws else None
    winner = table.loc[table["wins"], "scheme"].item()
    document = {"schemes": schemes, "winner": winner, "p_win": chance, "speed": speed.name}
    print_json(document) if args.json else print(table.to_string(index=False), f"\nwinner: {winner}")
    return 0


def _law_with_formats(name: str) -> Law:
    law = get_law(name)
    if not law.groups:
        raise ValueError(f"law {law.name} knows no formats; plan needs one that does, for example quartet")
    return law


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"'{text}' is no relative spread; give a number from 0 to 1, for example 0.1 for 10%")
    return value


def _symbol(values: dict[str, float], factor: str, wanted: str | None) -> str:
    known = [name for name in values if name.split("[")[0] == factor]
    if not known:
        raise ValueError(f"the parameters hold no {factor}; add it, for example {factor}=0.65")
    chosen = [name for name in known if wanted in (None, name, name.partition("[")[2].rstrip("]"))]
    if len(chosen) != 1:
        raise BadCall(f"which {factor}? choose one with {SIDES[factor]}; the parameters hold {', '.join(known)}")
    return chosen[0]


def _speedup(text: str) -> SpeedTable:
    ratios = assignments(text)
    if set(ratios) != {"forward", "backward"} or min(ratios.values()) <= 0:
        raise ValueError(f"'{text}' is not a pair of speed-ups; write forward=2,backward=2 with numbers above 0")
    return constant(ratios["forward"], ratios["backward"], f"given: {text}")


def _measured(path: str, part: str) -> SpeedTable:
    """The first FP8 table of a file whose name contains `part`; the others are named on stderr."""
    rows = as_numbers(read_table(path, MEASURED_COLUMNS), ("n_params", "batch", "value"), path)
    tables = measured_tables(rows)
    if not tables:
        raise ValueError(
            f"{path} holds no speed-up over FP8 by model size with both phases; export the throughput table"
        )
    known = "; ".join(table.name for table in tables)
    named = [table for table in tables if part in table.name]
    if not named:
        raise BadCall(f"no table of {path} has '{part}' in its name; they are {known}")
    if len(named) > 1:
        print(f"plan: using {named[0].name}; choose another with --table: {known}", file=sys.stderr)
    return named[0]
