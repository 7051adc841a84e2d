"""Training schemes as data: what each format costs a law, and how fast its passes run.

A format of a pass is a row: which of the law's factors say how much still counts, how fast it is over the reference,
and how sure that speed is. A scheme is two of them, forward and backward.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from analysis.plans.speed import SpeedTable, constant

REFERENCE = constant(1.0, 1.0, "the reference")


@dataclass(frozen=True)
class Precision:
    """A format as training uses it.

    `eff_n` and `eff_d` name the factors of the law's values by which parameters (forward) and tokens (backward) count
    less, None where they count in full. `speeds` are tables of its speed over the reference, any of which may hold
    (the first is used where one number is wanted); `spread` is the relative standard deviation of the speed on top.
    `why_not` says why it cannot run; `bits` are those of a stored weight, scales included.
    """

    name: str
    bits: float
    eff_n: str | None = None
    eff_d: str | None = None
    speeds: tuple[SpeedTable, ...] = (REFERENCE,)
    spread: float = 0.0
    why_not: str | None = None


@dataclass(frozen=True)
class Speeds:
    """How fast a format is in each of B draws: which of its tables holds (B,), and the factor on it (B,)."""

    table: np.ndarray
    factor: np.ndarray


@dataclass(frozen=True)
class Scheme:
    """The formats of the forward and of the backward pass."""

    forward: Precision
    backward: Precision

    @property
    def name(self) -> str:
        return f"{self.forward.name}:{self.backward.name}"

    @property
    def why_not(self) -> str | None:
        """Why the scheme cannot run; None when it can."""
        return self.forward.why_not or self.backward.why_not

    def counted(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        """eff_N and eff_D of this scheme in a law's values (numbers or draws): 1 where everything counts."""
        return _factor(values, self.forward.eff_n), _factor(values, self.backward.eff_d)

    def speed(self, n_params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward and backward speed over the reference at each model size."""
        return self.forward.speeds[0].side(n_params, 0), self.backward.speeds[0].side(n_params, 1)

    def drawn_speed(self, drawn: Mapping[str, Speeds], n_params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward and backward speed under each draw, (B, k), at sizes `n_params` (k,) or (B, k)."""
        return _drawn(self.forward, drawn, n_params, 0), _drawn(self.backward, drawn, n_params, 1)


def pairs(precisions: Iterable[Precision], mixed: Iterable[tuple[str, str]] = ()) -> tuple[Scheme, ...]:
    """A scheme of each format alone, then the `mixed` ones by name (forward, backward)."""
    by_name = {own.name: own for own in precisions}
    return tuple(Scheme(by_name[f], by_name[b]) for f, b in [*((name, name) for name in by_name), *mixed])


def changed(scheme: Scheme, name: str, **facts: Any) -> Scheme:
    """The scheme with other facts of the format of that name, in either pass."""
    sides = (replace(own, **facts) if own.name == name else own for own in (scheme.forward, scheme.backward))
    return Scheme(*sides)


def every_pair(precisions: Iterable[Precision]) -> tuple[Scheme, ...]:
    """A scheme of every two formats."""
    own = tuple(precisions)
    return tuple(Scheme(forward, backward) for forward, backward in product(own, own))


def without_factors(values: Mapping[str, Any]) -> dict[str, Any]:
    """The law's values without its efficiency factors, which a scheme applies to N and D itself."""
    return {name: value for name, value in values.items() if not name.startswith("eff_")}


def draw_speeds(schemes: Iterable[Scheme], draws: int, rng: np.random.Generator) -> dict[str, Speeds]:
    """For every format of the schemes, `draws` draws of its speed: a table at random, times a log-normal factor.

    A format has one speed per draw, whatever schemes it is part of.
    """
    formats = {own.name: own for scheme in schemes for own in (scheme.forward, scheme.backward)}
    return {
        name: Speeds(
            rng.integers(len(own.speeds), size=draws),
            np.exp(np.sqrt(np.log1p(own.spread**2)) * rng.standard_normal(draws)),
        )
        for name, own in formats.items()
    }


def _drawn(own: Precision, drawn: Mapping[str, Speeds], n_params: np.ndarray, side: int) -> np.ndarray:
    speeds = drawn[own.name]
    tables = np.array([table.side(n_params, side) for table in own.speeds])
    chosen = tables[speeds.table] if tables.ndim == 2 else tables[speeds.table, np.arange(len(speeds.table))]
    return chosen * speeds.factor[:, None]


def _factor(values: Mapping[str, Any], symbol: str | None) -> Any:
    if symbol is None:
        return 1.0
    if symbol not in values:
        known = ", ".join(name for name in values if name.startswith("eff_")) or "none"
        raise ValueError(f"no value for {symbol}; the factors at hand are {known}")
    return values[symbol]
