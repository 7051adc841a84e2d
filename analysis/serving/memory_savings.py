"""What each way of saving memory removes from a training run's footprint, alone, everything else as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.serving.architecture import Architecture
from analysis.serving.training_memory import RECIPES, Batch, Cluster, Recipe, footprint

COLUMNS = ["method", "saved", "left", "times", "fits", "what it drops"]


@dataclass(frozen=True)
class Change:
    """A way to save: what it drops in words, and the recipe, batch and cluster of the run that uses it."""

    method: str
    drops: str
    recipe: Recipe
    batch: Batch
    cluster: Cluster


def changes(recipe: Recipe, batch: Batch, cluster: Cluster) -> list[Change]:
    """The ways to save that are open to a run, each alone; those that it uses already are left out."""
    found = [
        Change(name, f"the formats of {name}: {own.source}", own, batch, cluster)
        for name, own in RECIPES.items()
        if own.bytes_per_param < recipe.bytes_per_param
    ]
    if recipe.moments:
        fewer = replace(recipe, moments=recipe.moments[:-1])
        found.insert(0, Change("one moment less", f"one {recipe.moments[-1]} moment of the optimizer (SGD-SaI)", fewer,
                               batch, cluster))  # fmt: skip
    for mode, said in (("attention", "attention scores"), ("everything", "all but the layers' inputs")):
        if batch.recomputed == "nothing" or (batch.recomputed, mode) == ("attention", "everything"):
            own = replace(batch, recomputed=mode)
            found.append(Change(f"recompute {mode}", f"{said}, computed again backward", recipe, own, cluster))
    if not batch.fused and batch.recomputed == "nothing":
        found.append(Change("fused attention", "attention scores", recipe, replace(batch, fused=True), cluster))
    for stage, said in ((1, "optimizer"), (2, "optimizer and gradients"), (3, "optimizer, gradients and weights")):
        if stage > cluster.stage and cluster.data > 1:
            own = replace(cluster, stage=stage)
            found.append(Change(f"ZeRO {stage}", f"copies of {said} on the other devices", recipe, batch, own))
    return found


def savings(model: Architecture, recipe: Recipe, batch: Batch, cluster: Cluster, memory_gb: float) -> pd.DataFrame:
    """One row per way to save (COLUMNS), the largest saving first: GB of one device saved and left, how many times
    smaller the footprint becomes, and whether it then fits into `memory_gb`. Ways that save nothing are left out."""
    now = sum(footprint(model, recipe, batch, cluster).values())
    rows = []
    for own in changes(recipe, batch, cluster):
        left = sum(footprint(model, own.recipe, own.batch, own.cluster).values())
        if left < now:
            rows.append((own.method, (now - left) / 1e9, left / 1e9, now / left, left <= memory_gb * 1e9, own.drops))
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("saved", ascending=False, ignore_index=True)
