"""Claims that rows of the store give: measurements of the same source, else those of others."""

from __future__ import annotations

import re
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


def table_lookup_gain(facts: Facts) -> float:
    """The largest ratio of T-MAC's to llama.cpp's rate in rows of one device, model and number of threads."""
    rows = facts.rows("throughput", source_id="tmac_2024", phase="decode", metric="tokens_per_s")
    setting = rows["kernel"].str.extract(r"^(T-MAC|llama\.cpp) CPU, (.*)$")
    rows = rows.assign(system=setting[0], setting=setting[1]).dropna(subset="system")
    wide = rows.pivot_table(index=["device", "setting"], columns="system", values="value")
    return float((wide["T-MAC"] / wide["llama.cpp"]).max())


def table_lookup_rate(device: str, threads: int, facts: Facts) -> float:
    """T-MAC's rate for BitNet 3B with so many threads [tokens/s]."""
    kernel = f"T-MAC CPU, BitNet-3B, {threads} threads"
    return float(facts.rows("throughput", source_id="tmac_2024", device=device, kernel=kernel)["value"].iloc[0])


def table_lookup_energy(facts: Facts) -> float:
    """Energy a token that T-MAC saves over llama.cpp, both on the CPU of a Jetson [%]."""
    rows = facts.rows("throughput", source_id="tmac_2024", device="Jetson AGX Orin")
    joules = {str(row["kernel"]): float(re.findall(r"([\d.]+) J per token", row["note"])[0]) for _, row in
              rows.iterrows()}  # fmt: skip
    own, other = (next(value for name, value in joules.items() if name.startswith(key)) for key in
                  ("T-MAC (CPU)", "llama.cpp (CPU)"))  # fmt: skip
    return 100 * (1 - own / other)


def largest(column: str, source_id: str, forward_format: str, facts: Facts) -> float:
    """The largest value of a column among a source's runs in a forward format."""
    return float(facts.rows("runs", source_id=source_id, forward_format=forward_format)[column].max())


def coverages(facts: Facts) -> pd.DataFrame:
    """The coverages of repeated sampling that its source prints."""
    return facts.rows("coverage", source_id="llm_monkeys_2024", metric="coverage")


def worst_llama_coverage(facts: Facts) -> float:
    """The lowest coverage of a Llama-3 model with 10,000 samples of GSM8K or MATH [%]."""
    rows = coverages(facts)
    own = rows["model"].str.startswith("Llama-3") & rows["task"].str.match("(GSM8K|MATH) ") & (rows["k"] == 1e4)
    return 100 * float(rows.loc[own, "value"].min())


def decades(facts: Facts) -> float:
    """Powers of ten between the fewest and the most samples."""
    drawn = coverages(facts)["k"]
    return float(np.log10(drawn.max() / drawn.min()))


def samples_to_pass(facts: Facts) -> float:
    """The fewest samples of the cheap model that solve more than one sample of GPT-4o or Claude 3.5 Sonnet."""
    rows = coverages(facts)
    rows = rows[rows["task"] == "SWE-bench Lite"]
    rival = rows.loc[rows["model"].str.contains("GPT-4o|Claude"), "value"].max()
    own = rows[rows["model"].str.startswith("DeepSeek")]
    return float(own.loc[own["value"] > rival, "k"].min())


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
    Check("tmac_2024-01", "own rows", "The largest ratio to llama.cpp of rows with equal device, model and threads.",
          table_lookup_gain, "at least"),
    Check("tmac_2024-02", "own rows", "Joules a token against llama.cpp on the CPU of a Jetson AGX Orin.",
          table_lookup_energy, "near"),
    Check("tmac_2024-03", "own rows", "BitNet 3B on one core of an M2 Ultra in the repository's profile.",
          partial(table_lookup_rate, "M2-Ultra", 1),
          why="The profile is made without fast aggregation, and the abstract does not say which it has."),
    Check("tmac_2024-05", "own rows", "BitNet 3B on two cores of a Raspberry Pi 5 in the repository's profile.",
          partial(table_lookup_rate, "Raspberry Pi 5", 2)),
    Check("fp4_llm_training_2025-01", "own rows", "The largest model trained in FP4.",
          partial(largest, "n_params", "fp4_llm_training_2025", "fp4")),
    Check("fp4_llm_training_2025-02", "own rows", "The most tokens trained in FP4.",
          partial(largest, "n_tokens", "fp4_llm_training_2025", "fp4")),
    Check("llm_monkeys_2024-04", "own rows", "The lowest coverage of a Llama-3 model with 10,000 samples.",
          worst_llama_coverage, "at least"),
    Check("llm_monkeys_2024-05", "own rows", "Powers of ten from the fewest samples to the most.", decades),
    Check("llm_monkeys_2024-06", "own rows", "The fewest samples whose coverage passes one sample of either rival.",
          samples_to_pass),
)  # fmt: skip
