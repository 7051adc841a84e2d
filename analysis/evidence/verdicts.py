"""Every claim with what became of it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.evidence import (
    abstracts,
    arithmetic,
    counting,
    definitions,
    measured,
    memory,
    networks,
    predicted,
    records,
    speeds,
)
from analysis.evidence.check import BASES, RELATIONS, Check, Status, ends, judged
from analysis.evidence.facts import Facts, NoRowsError
from analysis.evidence.reasons import why_not

MODULES = (definitions, memory, speeds, counting, networks, arithmetic, predicted, measured, records, abstracts)
CHECKS: dict[str, Check] = {check.claim_id: check for module in MODULES for check in module.CHECKS}
DISAGREES = "does not agree with"
COLUMNS = ("claim_id", "status", "computed", "computed_high", "relation", "basis", "how", "why", "check")


def verdict(claim: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """What became of one claim: the columns of COLUMNS.

    computed and computed_high are in the claim's printed unit, equal for one number, missing where nothing was
    computed; relation says in words how they stand to the printed number; check is the function that computed them.
    """
    check = CHECKS.get(claim["claim_id"])
    found = {"claim_id": claim["claim_id"], "status": Status.NOT_CHECKABLE.name}
    if check is None:
        return found | {"why": why_not(claim)}
    try:
        computed = ends(check.compute(facts))
    except NoRowsError as missing:
        return found | {"why": f"{missing}.".capitalize()}
    status = judged(check, claim, computed)
    return found | {
        "status": status.name,
        "computed": computed[0],
        "computed_high": computed[1],
        "relation": DISAGREES if status is Status.CONTRADICTED else RELATIONS[check.relation].words,
        "basis": BASES[check.basis].words,
        "how": check.how,
        "why": check.why,
        "check": _function(check),
    }


def verdicts(facts: Facts) -> pd.DataFrame:
    """One row per claim of the table claims, in its order (COLUMNS)."""
    rows = [verdict(claim, facts) for claim in facts.tables["claims"].to_dict("records")]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _function(check: Check) -> str:
    """Module and name of what computes a check."""
    function: Any = getattr(check.compute, "func", check.compute)
    return f"{function.__module__}.{function.__qualname__}"
