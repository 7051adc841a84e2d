"""Claims that measurements of quality in the store give: those of the same source, else those of others."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.plans.kbit_frontier import best_at_budgets, series

MEASURED = ("source_id", "axis", "model", "n_params", "weight_bits", "value", "higher_is_better")
BUDGETS = 12  # per series of measurements
LITTLE = 0.01  # of the score: what counts as almost no loss
EARLIER = ("MinMax INT Quant", "MinMax FP Quant", "SmoothQuant", "LLM-QAT")  # LLM-FP4's table beside its own methods


def weight_widths(source_id: str, facts: Facts, method: str = "") -> tuple[float, float]:
    """The narrowest and the widest quantized weights that a source measured [bits]."""
    rows = facts.rows("quality", source_id=source_id)
    rows = rows[rows["method"].str.contains(method, regex=False) & (rows["weight_bits"] < 16)]
    return float(rows["weight_bits"].min()), float(rows["weight_bits"].max())


def mean_score(source_id: str, model: str, method: str, facts: Facts) -> float:
    """The mean accuracy over the single tasks of a method [%]."""
    rows = facts.rows("quality", source_id=source_id, model=model, method=method, metric="accuracy")
    return float(rows["value"].mean())


def fp4_over(others: tuple[str, ...], facts: Facts) -> float:
    """LLM-FP4's printed average less the best of the others that have one [points]."""
    rows = facts.rows("quality", source_id="llm_fp4_2023", model="Llama-1-13B", metric="accuracy_avg")
    score = rows.set_index("method")["value"]
    return float(score["FPQ"] - score[score.index.isin(others)].max())


def smaller_and_better(facts: Facts) -> float:
    """Parameters of ParetoQ's smallest ternary model that beats every earlier one, over those of the largest."""
    rows = facts.rows("quality", source_id="paretoq_2025", weight_format="ternary", metric="accuracy_avg")
    own = rows["method"] == "ParetoQ"
    earlier = rows[rows["method"] == "1-bit era"]
    better = rows[own & (rows["value"] > earlier["value"].max())]
    return float(better["n_params"].min() / earlier["n_params"].max())


def least_lossless(facts: Facts) -> float:
    """The narrowest weights of GLM-130B whose accuracies lose less than 1% of the 16-bit ones."""
    rows = facts.rows("quality", source_id="glm130b_2022", metric="accuracy")
    kept = (rows["value"] / rows["baseline_value"]).groupby(rows["weight_bits"]).min()
    return float(kept.index[kept > 1 - LITTLE].min())


def accuracy(source_id: str, model: str, method: str, facts: Facts) -> float:
    """One accuracy as a source's table has it [%]."""
    return float(facts.rows("quality", source_id=source_id, model=model, method=method)["value"].iloc[0])


def above_fp16(facts: Facts) -> float:
    """AQLM's printed perplexity of Llama 2 7B less the 16-bit one at the same context, which Marlin's authors print."""
    rows = facts.rows("quality", source_id="marlin_2024", model="Llama-2-7B", task="wikitext2", method="baseline")
    return facts.value("aqlm_2024-01") - float(rows["value"].iloc[0])


def mean_change(weight_format: str, facts: Facts) -> float:
    """Accuracy of Llama 3.1 with weights and activations in a format, in % of the same table's 16-bit row, less 100.

    The mean over all rows of other sources.
    """
    rows = facts.rows("quality", weight_format=weight_format, activation_format=weight_format, metric="accuracy")
    rows = rows[rows["model"].str.startswith("Llama-3.1")]
    return float(100 * (rows["value"] / rows["baseline_value"] - 1).mean())


def best_width(facts: Facts) -> float:
    """The width that is best most often for equal total bits, over all series of measurements of the store."""
    wins: list[float] = []
    for rows in series(facts.rows("quality")[list(MEASURED)]).values():
        bits = rows["n_params"] * rows["weight_bits"]
        best = best_at_budgets(rows, np.geomspace(bits.min(), bits.max(), BUDGETS))
        wins += list(best["weight_bits"].round())
    return float(pd.Series(wins).mode().iloc[0])


CHECKS = (
    Check("llm_fp4_2023-01", "own rows", "Mean of its six tasks.",
          partial(mean_score, "llm_fp4_2023", "Llama-1-13B", "FPQ")),
    Check("llm_fp4_2023-02", "own rows", "Its printed average of six tasks less that of the 16-bit model.",
          partial(fp4_over, ("baseline",))),
    Check("llm_fp4_2023-03", "own rows", "Its average of six tasks less the best of the earlier methods in its table.",
          partial(fp4_over, EARLIER)),
    Check("paretoq_2025-02", "own rows", "Its smallest ternary model that beats every earlier ternary one on the mean "
          "of eight tasks, over the largest of those.", smaller_and_better),
    Check("paretoq_2025-03", "own rows", "Narrowest and widest weights measured.",
          partial(weight_widths, "paretoq_2025")),
    Check("pv_tuning_2024-02", "own rows", "Narrowest and widest weights measured.",
          partial(weight_widths, "pv_tuning_2024")),
    Check("loftq_2023-01", "own rows", "Narrowest and widest weights measured.",
          partial(weight_widths, "loftq_2023", method="LoftQ")),
    Check("signround_2023-02", "own rows", "Narrowest and widest weights measured; the repository adds 2 bits.",
          partial(weight_widths, "signround_2023"), "covers"),
    Check("glm130b_2022-01", "own rows", "The narrowest weights that lose less than 1% of any accuracy.",
          least_lossless),
    Check("hawq_v3_2020-02", "own rows", "INT8 ResNet50 in the repository's table.",
          partial(accuracy, "hawq_v3_2020", "ResNet50", "HAWQ-V3")),
    Check("hawq_v3_2020-05", "own rows", "The most accurate INT4/INT8 ResNet50 under a latency limit in the "
          "repository's table.", partial(accuracy, "hawq_v3_2020", "ResNet50", "HAWQ-V3 mixed precision high latency"),
          why="The repository's checkpoints may be later ones than the paper's; the difference is 0.1 points."),
    Check("aqlm_2024-03", "other rows", "6.93 less the 16-bit perplexity at 4,096 tokens that Marlin's authors print.",
          above_fp16),
    Check("give_me_bf16_2024-02", "other rows", "Change of accuracy of Llama 3.1 with E4M3 weights and activations: "
          "torchao prints Winogrande.", partial(mean_change, "e4m3"), "near"),
    Check("give_me_bf16_2024-03", "other rows", "Change of accuracy of Llama 3.1 with INT8 weights and activations: "
          "torchao prints Winogrande.", partial(mean_change, "int8"), "within"),
    Check("kbit_laws_2022-04", "other rows", "The width that is best most often at equal total bits, over all series "
          "of the store.", best_width),
)  # fmt: skip
