"""Published fits whose runs are public: which runs, and which objective, their sources used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Case:
    """Published sets of a law (`variants` of `source_id`), the runs of `runs_source` that they were fitted on.

    `keep` selects those runs, `said` names them; `loss`, `delta` and the symbols held at their published values
    (`held`) are the objective of the source. `methods` are the forward and backward methods of its optimality map.
    """

    law: str
    source_id: str
    variants: tuple[str, ...]
    runs_source: str
    keep: Callable[[pd.DataFrame], pd.DataFrame]
    said: str
    loss: str
    delta: float | None
    held: tuple[str, ...] = ()
    methods: tuple[str, str] | None = None
    note: str = ""


def _bf16(runs: pd.DataFrame, largest: float) -> pd.DataFrame:
    plain = (runs["forward_format"] == "bf16") & (runs["backward_format"] == "bf16")
    return runs[plain & (runs["n_params"] <= largest)]


def quartet_authors(runs: pd.DataFrame) -> pd.DataFrame:
    """The 24 BF16 runs of the notebook: 22 up to 203M parameters, one of 443M, one of 822M."""
    plain = _bf16(runs, 1e9)
    return plain[plain["family"] != "quartet-excluded"]


def quartet_small(runs: pd.DataFrame) -> pd.DataFrame:
    """The 24 BF16 runs up to 203M parameters, two of them commented out in the notebook."""
    return _bf16(runs, 2.1e8)


def _kept(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[~runs["outlier"].astype(bool)]


def _group(name: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda runs: runs[runs["fit_group"] == name]


def _curves(size: str, *schedules: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda points: points[points["curve_id"].isin([f"mpl-{size}-{name}" for name in schedules])]


def _gadre(data: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Four sizes at 20 tokens per parameter, and the smallest at 320."""

    def keep(runs: pd.DataFrame) -> pd.DataFrame:
        own = runs[runs["fit_group"] == f"trained on {data}, C4 val loss"]
        ratio, small = own["n_tokens"] / own["n_params"], own["n_params"] < 5e8
        smallest = own["n_params"] == own["n_params"].min()
        return own[(small & ratio.between(15, 25)) | (smallest & ratio.between(280, 360))]

    return keep


def _gadre_errors(data: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The five runs of `_gadre` and the one of 1.4B parameters at 20 tokens per parameter."""

    def keep(runs: pd.DataFrame) -> pd.DataFrame:
        own = runs[runs["fit_group"] == f"trained on {data}, C4 val loss"]
        larger = own["n_params"].between(1e9, 2e9) & (own["n_tokens"] / own["n_params"]).between(15, 25)
        return pd.concat([_gadre(data)(runs), own[larger]])

    return keep


FREE_SCALE = 1e-7  # a delta far below every residual
MAP = ("QuEST", "AlbertTsengQuantizer")
EPOCH, QUARTET, GADRE = "chinchilla_replication_2024", "quartet_2025", "overtraining_scaling_2024"
DENSITY = (
    "The source maximizes a Huber density with a free scale: at its optimum the scale shrinks until nearly every "
    "residual lies beyond delta, so its estimate is that of least absolute deviations (log-Huber with a tiny delta)."
)
COMPUTED = "The values were not printed: they were computed for this program with the source's data and objective."
POWERS = "multi_power_law_2025"
CASES = (
    Case("chinchilla", EPOCH, ("notebook_240pts", "refit_240pts"), EPOCH, _kept,
         "the 240 runs that the replication keeps", "log-huber", FREE_SCALE, note=DENSITY),
    Case("chinchilla", EPOCH, ("exact_replication_240pts",), EPOCH, _kept,
         "the 240 runs that the replication keeps", "log-huber", 1e-3),
    Case("chinchilla", EPOCH, ("notebook_245pts_with_outliers", "refit_245pts_with_outliers"), EPOCH, lambda runs: runs,
         "all 245 runs, the five outliers among them", "log-huber", FREE_SCALE, note=DENSITY),
    Case("chinchilla", "chinchilla_2022", ("approach3_printed", "approach3_tex_source", "approach3_unrounded"), EPOCH,
         _kept, "the 240 runs reconstructed from the paper's figure", "log-huber", 1e-3,
         note="The paper's own table of runs is not public; these were read off its figure."),
    Case("quartet", QUARTET, ("newest",), QUARTET, quartet_authors,
         "the authors' 24 BF16 runs, up to 822M parameters", "log-huber", 1e-4, methods=MAP),
    Case("quartet", QUARTET, ("newest",), QUARTET, quartet_small,
         "the 24 BF16 runs up to 203M parameters, two that the authors left out among them", "log-huber", 1e-4,
         methods=MAP, note="Not the authors' choice of runs: it shows what two runs of 24 decide."),
    Case("quartet", QUARTET, ("kaplan_form_bf16",), QUARTET, quartet_authors,
         "the authors' 24 BF16 runs, up to 822M parameters", "log-huber", 1e-4, held=("beta",)),
    Case("chinchilla", QUARTET, ("hoffmann_form_bf16",), QUARTET, quartet_authors,
         "the authors' 24 BF16 runs, up to 822M parameters", "log-huber", 1e-4),
    Case("parscale", "parscale_2025", ("stack_v2_python",), "parscale_2025", _group("Stack-V2 Python"),
         "the 24 runs on Stack-V2 Python", "log-huber", 1e-3, note=COMPUTED),
    Case("parscale", "parscale_2025", ("pile",), "parscale_2025", _group("Pile"),
         "the 24 runs on the Pile", "log-huber", 1e-3, note=COMPUTED),
    *(Case("overtraining", GADRE, (data.lower(),), GADRE, _gadre(data),
           f"five small runs on {data}: four sizes at 20 tokens per parameter, one at 320", "least-squares", None,
           note=COMPUTED)
      for data in ("C4", "RedPajama", "RefinedWeb")),
    *(Case("loss_to_error", GADRE, (f"{data.lower()}_17_tasks",), GADRE, _gadre_errors(data),
           f"six runs on {data}: five sizes at 20 tokens per parameter, one at 320", "least-squares", None,
           note=COMPUTED)
      for data in ("C4", "RedPajama", "RefinedWeb")),
    *(Case("multi_power_law", POWERS, (size,), POWERS, _curves(size, "cosine_24000", "constant_24000", "wsdcon_9"),
           f"the three curves of the {size} model that its authors fitted", "log-huber", 1e-3)
      for size in ("25M", "100M", "400M")),
)  # fmt: skip
