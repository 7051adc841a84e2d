"""python -m analysis laws: every law with its formula, inputs, parameters and source."""

from __future__ import annotations

import argparse

from analysis.commands.inputs import print_json
from analysis.laws import LAWS, Law

HELP = "every law: name, formula, inputs, params, source"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    if args.json:
        print_json([describe(law) for law in LAWS.values()])
        return 0
    for law in LAWS.values():
        print(f"{law.name}: {law.title}\n    {law.formula}\n    {', '.join(law.inputs)} -> {law.target}")
        print(f"    {law.domain}; source {law.source_id}")
    return 0


def describe(law: Law) -> dict:
    """One law as plain data."""
    params = [
        {name: getattr(p, name) for name in ("symbol", "meaning", "starts", "bounds", "per", "baseline", "default")}
        for p in law.params
    ]
    return {
        "name": law.name,
        "title": law.title,
        "formula": law.formula,
        "inputs": law.inputs,
        "absent": law.absent,
        "predicts": law.target,
        "params": params,
        "params_counted": law.counts or None,
        "ranges": [vars(limit) for limit in law.ranges],
        "derived": [{name: getattr(d, name) for name in ("name", "meaning", "given", "source")} for d in law.derived],
        "notes": law.notes,
        "domain": law.domain,
        "source": law.source_id,
    }
