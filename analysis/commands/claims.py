"""python -m analysis claims: what this program computes for the claims of papers."""

from __future__ import annotations

import argparse
import io
import zipfile

import pandas as pd

from analysis.commands.inputs import content_of, print_json
from analysis.commands.options import BadCall
from analysis.evidence.check import Status, claimed
from analysis.evidence.facts import TABLES, Facts, NoRowsError
from analysis.evidence.verdicts import COLUMNS, verdict

HELP = "what this program computes for each claim of the papers, and whether that agrees"
SHARED_WITH_USERS = "dataset_id"  # the column that rows of users have a value in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.zip", help="tables as `python -m results_db export-all FILE.zip` writes")
    parser.add_argument("--source", metavar="KEY", help="only the claims of this source")
    parser.add_argument("--status", choices=[status.name.lower() for status in Status], help="only these")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    facts = Facts(read_tables(args.file))
    try:
        claims = facts.rows("claims", **({"source_id": args.source} if args.source else {}))
    except NoRowsError as missing:
        raise BadCall(f"{missing}; `python -m results_db sources` lists the keys") from None
    found = [(claim, verdict(claim, facts)) for claim in claims.to_dict("records")]
    found = [(claim, own) for claim, own in found if args.status in (None, own["status"].lower())]
    if args.json:
        print_json([{name: own.get(name) for name in COLUMNS} for _, own in found])
        return 0
    for claim, own in found:
        said = f"{claim['subject']}, {claim['metric'].replace('_', ' ')}"
        print(f"{own['claim_id']} ({said}): {own['status'].lower().replace('_', ' ')}; {_numbers(claim, own)}")
    return 0


def _numbers(claim: dict, own: dict) -> str:
    if "computed" not in own:
        return own["why"]
    computed, printed = (_span(ends) for ends in ((own["computed"], own["computed_high"]), claimed(claim)))
    return f"computed {computed}, printed {printed} {claim['unit']}. {own['how']} {own['why']}".strip()


def _span(ends: tuple[float, float]) -> str:
    return " to ".join(dict.fromkeys(f"{number:.6g}" for number in ends))


def read_tables(path: str) -> dict[str, pd.DataFrame]:
    """The tables of TABLES in a zip file of CSV, published rows only. Raises ValueError when it is none of ours."""
    advice = "make one with `python -m results_db export-all FILE.zip`"
    try:
        with zipfile.ZipFile(io.BytesIO(content_of(path))) as archive:
            there = set(archive.namelist())
            found = {name: pd.read_csv(archive.open(f"{name}.csv")) for name in TABLES if f"{name}.csv" in there}
    except zipfile.BadZipFile:
        raise ValueError(f"{path} is no zip file; {advice}") from None
    except (pd.errors.ParserError, UnicodeDecodeError, pd.errors.EmptyDataError) as problem:
        raise ValueError(f"{path} holds a table that is no CSV ({problem}); {advice}") from None
    if "claims" not in found:
        raise ValueError(f"{path} holds no claims.csv; {advice}")
    return {
        name: table[table[SHARED_WITH_USERS].isna()] if SHARED_WITH_USERS in table else table
        for name, table in found.items()
    }
