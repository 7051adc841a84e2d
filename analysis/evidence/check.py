"""A check: what is computed for a claim, how it must stand to the printed number, and what that is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from analysis.evidence.facts import Facts

Computed = float | tuple[float, float]
COUNTED = 10_000  # whole numbers below are printed to the last digit
NEAR = 0.1  # relative; of a claim of 0 half a unit


class Status(Enum):
    """What became of a claim here; the value says it in a sentence."""

    REPRODUCED = "This program computes the printed number."
    CONSISTENT = "What this program computes agrees with the claim, but is not the same experiment."
    CONTRADICTED = "What this program computes does not agree with the claim."
    NOT_CHECKABLE = "Nothing that is here gives this number."


class Basis(NamedTuple):
    """What a number is computed from, and whether agreement with it reproduces a claim."""

    words: str
    reproduces: bool


BASES = {
    "definition": Basis("the format's definition", True),
    "count": Basis("bits, bytes, parameters or FLOPs counted", True),
    "law": Basis("a law with its published coefficients", True),
    "emulation": Basis("the emulated arithmetic", True),
    "own rows": Basis("measurements of the same source in the store", True),
    "other rows": Basis("measurements of other sources in the store", False),
    "ceiling": Basis("what bits or peak rates allow at most", False),
    "same abstract": Basis("the other numbers that the source prints", False),
}


@dataclass(frozen=True)
class Check:
    """`compute(facts)` gives a number, or both ends of a range, in the claim's printed unit.

    `basis` is one of BASES, `relation` one of RELATIONS; `how` says in a sentence what is computed, `why` what may
    explain a difference.
    """

    claim_id: str
    basis: str
    how: str
    compute: Callable[[Facts], Computed]
    relation: str = "equals"
    why: str = ""


def _digits(printed: float) -> int:
    """Significant digits of a number as printed: two at least, and all of a whole number below 10,000."""
    mantissa = f"{printed:.12e}".split("e")[0].rstrip("0")
    whole = len(f"{abs(printed):.0f}") if abs(printed) < COUNTED and printed == int(printed) else 0
    return max(2, whole, len(mantissa.strip("-").replace(".", "")))


def _rounds_to(computed: float, printed: float) -> bool:
    """Whether a number rounds to another at the digits that are printed of it."""
    if not math.isfinite(computed) or printed == 0:
        return computed == printed
    step = 10.0 ** (math.floor(math.log10(abs(printed))) + 1 - _digits(printed))
    return abs(computed - printed) <= step / 2 * (1 + 1e-9)


def _is_near(computed: float, printed: float) -> bool:
    return abs(computed - printed) <= (NEAR * abs(printed) if printed else 0.5)


class Relation(NamedTuple):
    """How computed (low, high) must stand to claimed (low, high); `words` between the two numbers."""

    words: str
    holds: Callable[[tuple[float, float], tuple[float, float]], bool]


RELATIONS = {
    "equals": Relation("is, to the printed digits,", lambda c, p: all(map(_rounds_to, c, p))),
    "near": Relation("lies within 10% of", lambda c, p: all(map(_is_near, c, p))),
    "at least": Relation("is not below", lambda c, p: c[0] >= p[1]),
    "at most": Relation("is not above", lambda c, p: c[1] <= p[0]),
    "within": Relation("lies in", lambda c, p: p[0] <= c[0] and c[1] <= p[1]),
    "covers": Relation("covers", lambda c, p: c[0] <= p[0] and p[1] <= c[1]),
}


def ends(value: Any) -> tuple[float, float]:
    """(low, high) of a number or of a pair in either order; a NaN stays on both sides."""
    low, high = value if isinstance(value, tuple) else (value, value)
    return (float(low), float(high)) if not low > high else (float(high), float(low))


def claimed(claim: Mapping[str, Any]) -> tuple[float, float]:
    """(low, high) of a claim in its printed unit."""
    high = claim["value_high"]
    return ends((claim["value"], claim["value"] if high is None or math.isnan(high) else high))


def judged(check: Check, claim: Mapping[str, Any], computed: tuple[float, float]) -> Status:
    """What the computed number makes of the claim."""
    if not RELATIONS[check.relation].holds(computed, claimed(claim)):
        return Status.CONTRADICTED
    rough = check.relation == "near" and str(claim["condition"]).startswith("about")
    same = check.relation == "equals" or rough
    return Status.REPRODUCED if same and BASES[check.basis].reproduces else Status.CONSISTENT
