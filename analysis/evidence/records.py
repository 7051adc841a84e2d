"""Claims that rates, runs and coverages of the store give: those of the same source, else those of others."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pandas as pd

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts


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


def gain_over_fp8(facts: Facts) -> tuple[float, float]:
    """FP8-LM's printed speed over bf16 against what the best FP8 recipe of others on H100 gains over theirs [%].

    One gain per source, system, model and number of GPUs that has rows of both.
    """
    rows = facts.rows("training_efficiency", metric="tokens_per_s_per_gpu")
    rows = rows[rows["device"].str.contains("H100")]
    setting = ["source_id", "system", "model", "n_devices"]
    fp8, bf16 = (
        rows[rows["precision"].str.startswith(name, na=False)].groupby(setting)["value"].max()
        for name in ("FP8", "BF16")
    )
    over_bf16 = (fp8 / bf16).dropna()
    own = 1 + facts.value("fp8_lm_2023-02") / 100
    return 100 * (own / float(over_bf16.max()) - 1), 100 * (own / float(over_bf16.min()) - 1)


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
    Check("fp8_lm_2023-03", "other rows", "1.64 over what the best FP8 recipe of other systems gains over bf16 on "
          "H100, each with equal model and GPUs.", gain_over_fp8, "covers"),
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
