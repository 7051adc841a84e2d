"""How much faster a format runs than the reference: by an operation count, or measured over model sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class SpeedTable:
    """Speed-up of one format over `reference`, forward and backward, at each of `n_params` (k,)."""

    name: str
    reference: str
    n_params: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    source_id: str
    measured: bool

    def at(self, n_params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward and backward speed-up at sizes `n_params`, linear in log size, flat beyond the table."""
        return self.side(n_params, 0), self.side(n_params, 1)

    def side(self, n_params: np.ndarray, which: int) -> np.ndarray:
        """One of them: 0 forward, 1 backward."""
        gains = (self.forward, self.backward)[which]
        if (gains == gains[0]).all():
            return np.full(np.shape(n_params), gains[0], float)
        return np.interp(np.log(np.maximum(n_params, 1.0)), np.log(self.n_params), gains)

    @property
    def span(self) -> tuple[float, float]:
        """The smallest and the largest model size of the table."""
        return float(self.n_params.min()), float(self.n_params.max())


def constant(forward: float, backward: float, name: str, reference: str = "fp8", source_id: str = "") -> SpeedTable:
    """A speed-up that does not depend on model size."""
    sizes = np.array([1.0, 1e15])
    return SpeedTable(name, reference, sizes, np.full(2, forward), np.full(2, backward), source_id, False)


# Half the bits, twice the speed: the bit-operations (BOPS) model of the Quartet paper.
BOPS = constant(2.0, 2.0, "BOPS model: FP4 at twice the speed of FP8", source_id="quartet_2025")


def training_speedup(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Speed-up of a whole step: a third of its FLOPs are forward, two thirds backward (Quartet, section 4.2)."""
    return 1.0 / ((1.0 / 3.0) / np.asarray(forward) + (2.0 / 3.0) / np.asarray(backward))


MEASURED_COLUMNS = (
    "source_id",
    "device",
    "kernel",
    "baseline_format",
    "n_params",
    "batch",
    "phase",
    "metric",
    "value",
)


def measured_tables(throughput: pd.DataFrame, reference: str = "FP8") -> list[SpeedTable]:
    """The speed-up tables over model size in rows of the `throughput` table: one per source, device, kernel, batch.

    Rows used: metric `speedup`, baseline_format `reference`, with a model size n_params and both phases.
    Raises ValueError naming a row whose size or value is not above 0.
    """
    speedups = throughput[(throughput["metric"] == "speedup") & (throughput["baseline_format"] == reference)]
    rows = speedups.dropna(subset=["n_params"])
    for name in ("n_params", "value"):
        bad = rows.index[~(rows[name].between(0, np.inf, inclusive="neither"))]
        if len(bad):
            raise ValueError(f"row {bad[0]}: {name} is {rows.at[bad[0], name]:g}; a finite number above 0 is needed")
    rows = rows.assign(kernel=rows["kernel"].astype(str).str.replace(r",?\s*params=\d+$", "", regex=True))
    groups = rows.groupby(["source_id", "device", "kernel", "batch"], sort=False, dropna=False)
    tables = [_table(reference.lower(), *key, group) for key, group in groups]
    return [table for table in tables if table is not None]


def _table(
    reference: str, source_id: str, device: str, kernel: str, batch: float, rows: pd.DataFrame
) -> SpeedTable | None:
    by_phase = rows.pivot_table(index="n_params", columns="phase", values="value").sort_index()
    if not {"forward", "backward"} <= set(by_phase.columns):
        return None
    both = by_phase.dropna(subset=["forward", "backward"])
    name = f"{device}, {kernel}" + (f", batch {batch:g}" if batch == batch else "")
    sizes = both.index.to_numpy(float)
    return SpeedTable(name, reference, sizes, both["forward"].to_numpy(), both["backward"].to_numpy(), source_id, True)
