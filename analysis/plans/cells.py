"""The cells of an optimality map: what its rows and columns stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN


@dataclass(frozen=True)
class Cells:
    """The cells of a map: rows are N_max (r,), columns tokens per parameter (c,), or training FLOPs where `compute`."""

    n_max: np.ndarray
    columns: np.ndarray
    compute: bool = False

    @property
    def log_d_over_n(self) -> tuple[np.ndarray, np.ndarray]:
        """The log of D/N as a part of the row (r,) and one of the column (c,), which add up."""
        if self.compute:
            return -np.log(TRAINING_FLOPS_PER_PARAM_TOKEN * self.n_max**2), np.log(self.columns)
        return np.zeros(len(self.n_max)), np.log(self.columns)

    @property
    def d_over_n(self) -> np.ndarray:
        """Tokens per parameter of every cell (r, c)."""
        if self.compute:
            return self.columns / (TRAINING_FLOPS_PER_PARAM_TOKEN * self.n_max[:, None] ** 2)
        return np.broadcast_to(self.columns, (len(self.n_max), len(self.columns)))
