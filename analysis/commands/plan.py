"""python -m analysis plan: which scheme has the lowest loss under a budget."""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from analysis.bootstrap import Draws
from analysis.commands.inputs import assignment, print_json, read_json, read_params
from analysis.fitting import check_fixed
from analysis.laws import get_law
from analysis.planner import Factors, plan
from analysis.speed import BOPS, SpeedTable, constant, measured_tables

HELP = "the winning forward:backward formats for a size and data budget"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--params", required=True, metavar="FILE.json|SYMBOL=VALUE,...")
    parser.add_argument("--law", default="quartet")
    parser.add_argument("--n-max", type=float, required=True, help="inference budget: parameters at FP8 speed")
    parser.add_argument("--d-over-n", type=float, required=True, help="training budget: tokens per parameter")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--speedup", metavar="forward=2,backward=2", help="of FP4 over FP8 (default: both 2)")
    speed.add_argument("--throughput", metavar="FILE", help="CSV rows of the throughput table")
    parser.add_argument("--table", help="with --throughput: part of the name of the table to use")
    parser.add_argument("--forward", help="symbol or method of the forward factor, for example QuEST")
    parser.add_argument("--backward", help="symbol or method of the backward factor")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    law = get_law(args.law)
    if not law.groups:
        raise ValueError(f"law {law.name} knows no formats; plan needs one that does, for example quartet")
    for name in ("n_max", "d_over_n"):
        if not (np.isfinite(getattr(args, name)) and getattr(args, name) > 0):
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(args, name)}; write a finite number above 0")
    values = read_params(args.params)
    check_fixed(law, values)
    factors = Factors(_symbol(values, "eff_n", args.forward), _symbol(values, "eff_d", args.backward))
    speed = _speed(args)
    draws = _draws(args.params, law) if "=" not in args.params else None
    table = plan(law, values, factors, speed, args.n_max, args.d_over_n, draws)
    schemes = table.set_index("scheme")[["n", "d", "loss"]].to_dict("index")
    chance = dict(zip(table["scheme"], table["p_win"].tolist(), strict=True)) if draws else None
    winner = table.loc[table["wins"], "scheme"].item()
    document = {"schemes": schemes, "winner": winner, "p_win": chance, "speed": speed.name}
    print_json(document) if args.json else print(table.to_string(index=False), f"\nwinner: {winner}")
    return 0


def _symbol(values: dict[str, float], factor: str, wanted: str | None) -> str:
    symbols = [name for name in values if name.split("[")[0] == factor]
    if wanted:
        symbols = [name for name in symbols if wanted in (name, name.partition("[")[2].rstrip("]"))]
    if len(symbols) != 1:
        known = ", ".join(name for name in values if name.startswith(factor)) or "none"
        side = {"eff_n": "--forward", "eff_d": "--backward"}[factor]
        raise ValueError(f"which {factor}? choose one with {side}; the parameters hold {known}")
    return symbols[0]


def _speed(args: argparse.Namespace) -> SpeedTable:
    if args.throughput:
        tables = measured_tables(pd.read_csv(args.throughput))
        named = [table for table in tables if (args.table or "") in table.name]
        if len(named) != 1:
            known = "; ".join(table.name for table in tables) or "none"
            raise ValueError(f"--throughput holds these speed-up tables: {known}; choose one with --table")
        return named[0]
    if not args.speedup:
        return BOPS
    ratios = dict(assignment(part) for part in args.speedup.split(","))
    if set(ratios) != {"forward", "backward"} or min(ratios.values()) <= 0:
        raise ValueError(f"--speedup is '{args.speedup}'; write forward=2,backward=2 with numbers above 0")
    return constant(ratios["forward"], ratios["backward"], f"given: {args.speedup}")


def _draws(path: str, law) -> Draws | None:
    recorded = read_json(path).get("draws")
    return Draws(law, {name: np.array(numbers) for name, numbers in recorded.items()}) if recorded else None
