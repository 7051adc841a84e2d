"""Claims that the other numbers of the same abstract give by arithmetic."""

from __future__ import annotations

from functools import partial

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts, number


def above_baseline(claim_id: str, unit: str, facts: Facts) -> float:
    """A claim's number less the one that its baseline names before `unit`."""
    return facts.value(claim_id) - number(facts.claim(claim_id)["baseline"], unit)


def raised(claim_id: str, facts: Facts) -> float:
    """The number that the baseline names, raised by the claim's difference."""
    return number(facts.claim(claim_id)["baseline"], "%") + facts.value(claim_id)


def gain_percent(claim_id: str, facts: Facts) -> float:
    """How much the score that the condition names lies above that of the baseline [%]."""
    claim = facts.claim(claim_id)
    return 100 * (number(claim["condition"]) / number(claim["baseline"]) - 1)


def widened(facts: Facts) -> float:
    """2 bits a weight times the overhead of the low-rank correction."""
    return 2 * facts.value("int2_1_2023-02")


def memory_growth(facts: Facts) -> float:
    """GB of the later GPU over those of the earlier one."""
    claim = facts.claim("zero_infinity_2021-02")
    return number(claim["hardware"], "GB") / number(claim["baseline"], "GB")


CHECKS = (
    Check("affinequant_2024-02", "same abstract", "15.76 less OmniQuant's 18.02.",
          partial(above_baseline, "affinequant_2024-01", "with OmniQuant")),
    Check("affinequant_2024-04", "same abstract", "58.61 less OmniQuant's 56.63.",
          partial(above_baseline, "affinequant_2024-03", "with OmniQuant")),
    Check("abq_llm_2024-02", "same abstract", "7.59 less AffineQuant's 9.76.",
          partial(above_baseline, "abq_llm_2024-01", "with AffineQuant")),
    Check("scale_selective_2025-02", "same abstract", "57.50 raised by 13.75.",
          partial(raised, "scale_selective_2025-01")),
    Check("tts_var_2025-01", "same abstract", "0.75 over 0.69.", partial(gain_percent, "tts_var_2025-01")),
    Check("int2_1_2023-03", "same abstract", "2 bits times 1.05.", widened),
    Check("zero_infinity_2021-02", "same abstract", "80 GB over 16 GB.", memory_growth),
)  # fmt: skip
