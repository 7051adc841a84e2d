"""python -m analysis efficiency: what a format's error says about its efficiency in the scaling law."""

from __future__ import annotations

import argparse
from dataclasses import asdict

import pandas as pd

from analysis.commands.inputs import print_json
from analysis.commands.options import option, tensor_formats
from analysis.commands.tables import TRUE_WORDS, as_numbers, read_table
from analysis.formats import ROUNDINGS
from analysis.plans.efficiency import (
    COLUMNS,
    Estimate,
    Relations,
    estimated_pair,
    fitted_relations,
)
from analysis.plans.relation import Relation

HELP = "eff_n and eff_d of formats, estimated from their error, with intervals"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", metavar="FILE|-", help="rows of efficiency_relation, as results_db exports them")
    parser.add_argument("--format", dest="formats", required=True, type=option(tensor_formats), metavar="F[,F...]")
    parser.add_argument("--rounding", choices=ROUNDINGS, default="nearest", help="of the forward pass")
    parser.add_argument("--backward-rounding", choices=ROUNDINGS, default="stochastic", help="of the gradients")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    relations = read_relations(args.table)
    pairs = {name: estimated_pair(relations, name, args.rounding, args.backward_rounding) for name in args.formats}
    found = {name: {one.symbol: one for one in pair} for name, pair in pairs.items()}
    if args.json:
        formats = {name: {symbol: asdict(one) for symbol, one in pair.items()} for name, pair in found.items()}
        print_json({"relations": describe(relations), "formats": formats})
        return 0
    for name, pair in found.items():
        for estimate in pair.values():
            print(f"{name:12} {sentence(estimate)}")
            for caution in estimate.cautions:
                print(f"{'':12} beware: {caution}")
    return 0


def read_relations(path: str) -> Relations:
    """The relations of a CSV table of efficiency_relation; ValueError with a sentence when it is none."""
    table = as_numbers(read_table(path, COLUMNS), ("mse", "alignment", "eff"), path)
    used = table["in_fit"].str.strip().str.lower().isin(TRUE_WORDS)
    empty = table[used & table[["mse", "alignment", "eff"]].isna().any(axis=1)]
    if len(empty):
        raise ValueError(f"{path}, row {empty.index[0]}: a row with in_fit lacks mse, alignment or eff; fill it in")
    try:
        return fitted_relations(pd.DataFrame(table.assign(in_fit=used)))
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from None


def sentence(estimate: Estimate) -> str:
    """An estimate in one line."""
    return (
        f"{estimate.symbol} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] "
        f"from a relative error of {estimate.mse:.4g} ({estimate.form})"
    )


def describe(relations: Relations) -> dict:
    """The relations as plain data: parameters, intervals and what they are off by."""
    return {name: _described(getattr(relations, name)) for name in ("forward", "four_bit", "logistic", "backward")}


def _described(relation: Relation) -> dict:
    return {
        "form": relation.form.name,
        "params": dict(zip(relation.form.symbols, relation.values.tolist(), strict=True)),
        "intervals": relation.intervals,
        "n_points": len(relation.points),
        "rms": relation.rms,
        "rms_left_out": {by: relation.error(by) for by in relation.left_out},
    }
