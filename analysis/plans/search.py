"""The model of lowest loss that one scheme can train within a budget and the wishes, once or under every draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.laws.flops import INFERENCE_FLOPS_PER_PARAM_TOKEN, TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Law
from analysis.plans.frontier import HIGHEST, LOWEST, least
from analysis.plans.hardware import Hardware, Wishes
from analysis.plans.planner import scheme_loss
from analysis.plans.schemes import Scheme, Speeds
from analysis.plans.speed import training_speedup

HALVINGS = 60  # of an interval of log N: to the last digit


@dataclass(frozen=True)
class Search:
    """The search of a scheme's best model, once per draw: `values` are numbers, or arrays (B, 1) with `speeds`."""

    law: Law
    values: Mapping[str, Any]
    scheme: Scheme
    hardware: Hardware
    wishes: Wishes
    speeds: Mapping[str, Speeds] | None = None
    scale: np.ndarray | None = None  # (B,) on the FLOPs

    def best(self) -> dict[str, np.ndarray]:
        """n, d and loss of lowest loss, (B,) each; infinite losses where nothing is possible."""
        count = 1 if self.scale is None else len(self.scale)
        n_fixed, d_fixed = self.wishes.n_params, self.wishes.n_tokens
        high = HIGHEST
        if self.wishes.memory_gb is not None:
            high = min(high, float(np.log(self.wishes.memory_gb * 8e9 / self.scheme.forward.bits)))
        if n_fixed is not None:
            log_n = np.full(count, np.log(n_fixed))
        elif d_fixed is not None:
            log_n = self._largest(count, d_fixed, high)
        else:
            log_n, _ = least(self.cost, count, high)
        n = np.exp(log_n)
        d = self.tokens(n[:, None])[:, 0]
        d = d if d_fixed is None else np.where(d >= d_fixed * (1 - 1e-9), d_fixed, np.nan)
        loss = np.where(log_n <= high + 1e-12, self._loss(n[:, None], d[:, None])[:, 0], np.inf)
        return {"n": n, "d": d, "loss": loss}

    def cost(self, log_n: np.ndarray) -> np.ndarray:
        """The loss of each size (B or 1, k) with all the tokens that the budget then buys."""
        n = np.exp(log_n)
        return self._loss(n, self.tokens(n))

    def tokens(self, n: np.ndarray) -> np.ndarray:
        """The tokens that the budget buys at each size: less where it must also pay for serving."""
        forward, backward = self._speed(n)
        budget = np.array([self.hardware.flops]) if self.scale is None else self.hardware.flops * self.scale
        served = self.wishes.serve_tokens if self.wishes.serving_paid else 0.0
        spare = budget[:, None] - INFERENCE_FLOPS_PER_PARAM_TOKEN * n * served / forward
        return spare * training_speedup(forward, backward) / (TRAINING_FLOPS_PER_PARAM_TOKEN * n)

    def _speed(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.speeds is None:
            return self.scheme.speed(n)
        return self.scheme.drawn_speed(self.speeds, n if len(n) > 1 else n[0])

    def _loss(self, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        possible = d > 0
        loss = scheme_loss(self.law, self.values, self.scheme, n, np.where(possible, d, 1.0))
        return np.where(possible & ~np.isnan(loss), loss, np.inf)

    def _largest(self, count: int, n_tokens: float, high: float) -> np.ndarray:
        """The log of the largest size at which the budget buys so many tokens, (B,), by halving."""
        below, above = np.full(count, LOWEST), np.full(count, high)
        for _ in range(HALVINGS):
            middle = (below + above) / 2
            enough = self.tokens(np.exp(middle)[:, None])[:, 0] >= n_tokens
            below, above = np.where(enough, middle, below), np.where(enough, above, middle)
        return below
