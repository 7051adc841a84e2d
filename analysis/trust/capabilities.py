"""How far each capability row is: what implements it, what proves its example, and what is still open."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

IMPLEMENTERS = ("law", "format", "module")
WORKING, PARTLY, OPEN = "working", "partly", "open"
# State -> what it means.
STATES = {
    WORKING: "a test proves its example, or each claim that its example names is reproduced here",
    PARTLY: "something here implements it or reproduces a claim of it, and nothing proves the whole example",
    OPEN: "nothing here implements it or reproduces a claim of it",
}
# 'mixpe_2024-01', 'xquant_2025-01..07', and '-02' of the source named last.
_CLAIMS = re.compile(r"([a-z][a-z0-9_]*_\d{4})-(\d\d)(?:\.\.(\d\d))?|(?<![\w^])-(\d\d)(?:\.\.(\d\d))?(?=[,)])")


def claims_named(acceptance: str) -> list[str]:
    """The keys of the claims that an acceptance example names, ranges written out, in order."""
    source, found = "", []
    for match in _CLAIMS.finditer(acceptance):
        named, first, last, next_first, next_last = match.groups()
        source = named or source
        low, high = first or next_first, last or next_last
        found += [f"{source}-{number:02d}" for number in range(int(low), int(high or low) + 1)]
    return list(dict.fromkeys(found))


def state_of(named: Collection[str], kinds: Collection[str], reproduced: Collection[str]) -> str:
    """A state of STATES from the claims that an example names, the kinds of evidence and the claims reproduced."""
    if "test" in kinds or (named and set(named) <= set(reproduced)):
        return WORKING
    return PARTLY if kinds else OPEN


def coverage(capabilities: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Every capability row with its state and the names of what implements and what proves it.

    `evidence` has row_id, kind and name. Added columns: state, claims (named by the example), implemented and proved
    (lists of names), reproduced (of `claims`, those that are reproduced).
    """
    rows = []
    own = dict(list(evidence.groupby("row_id")))
    for row in capabilities.to_dict("records"):
        found = own.get(row["row_id"], evidence.iloc[:0])
        named = claims_named(row["acceptance"])
        reproduced = list(found[found["kind"] == "claim"]["name"])
        rows.append(
            row
            | {
                "state": state_of(named, set(found["kind"]), reproduced),
                "claims": named,
                "reproduced": reproduced,
                "implemented": list(found[found["kind"].isin(IMPLEMENTERS)]["name"]),
                "proved": list(found[found["kind"] == "test"]["name"]),
            }
        )
    return pd.DataFrame(rows)
