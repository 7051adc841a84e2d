"""Claims about speed: what bytes and peak rates allow at most."""

from __future__ import annotations

from functools import partial

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.evidence.memory import ratio
from analysis.serving.memory import ServingFormats, bits_per_element
from analysis.serving.roofline import Step, operations
from analysis.serving.weight_only import fades_at

WEIGHTS = "int4_g128"  # MARLIN's: groups of 128 with a 16-bit scale
LONG = 100_000  # tokens in the cache, so that nothing but the cache counts


def faster_percent(device: str, fast: str, slow: str, facts: Facts) -> float:
    """How much faster one arithmetic's dense peak is than another's [%]."""
    return 100 * (rate_ratio(device, fast, slow, facts) - 1)


def rate_ratio(device: str, fast: str, slow: str, facts: Facts) -> float:
    """A device's dense peak of one arithmetic over that of another; both are columns of devices."""
    sheet = facts.device(device)
    return float(sheet[fast]) / float(sheet[slow])


def fading(facts: Facts) -> tuple[float, float]:
    """Tokens at once from which int4 weights gain less on an A10, and from which they gain nothing."""
    sheet = facts.device("A10")
    return fades_at(bits_per_element(WEIGHTS), float(sheet["fp16_tflops"]), float(sheet["bandwidth_gb_s"]))


def full_gain(facts: Facts) -> tuple[float, float]:
    """Tokens at once up to which int4 weights gain their full factor."""
    return 1.0, fading(facts)[0]


def intensity(model: str, part: str, step: Step, facts: Facts) -> float:
    """FLOPs a byte of one kind of operation in bf16."""
    parts = {own.name: own for own in operations(facts.model(model), ServingFormats(), step)}
    return parts[part].flops / parts[part].bytes


def grouped_attention(facts: Facts) -> tuple[float, float]:
    """FLOPs a byte of attention over a long cache, for models with groups of 4 and of 8 heads."""
    step = Step(16.0, before=LONG)
    low, high = (intensity(name, "attention", step, facts) for name in ("Mixtral 8x7B", "Llama 3.1 70B"))
    return low, high


FP8 = ("H100 SXM", "fp8_tflops", "bf16_tflops")
CHECKS = (
    Check("marlin_2024-01", "ceiling", "Bits of fp16 over those of int4 in groups of 128 with fp16 scales.",
          partial(ratio, "fp16", WEIGHTS), "near"),
    Check("marlin_2024-02", "ceiling", "Tokens up to which memory bounds a product with int4 weights on an A10.",
          full_gain, "covers"),
    Check("marlin_2024-03", "ceiling", "Tokens from which int4 weights gain less on an A10, and from which nothing.",
          fading, "covers"),
    Check("marlin_2024-04", "ceiling", "Bits of fp16 over those of int4 in groups of 128: no model gains more than its "
          "products.", partial(ratio, "fp16", WEIGHTS), "at least"),
    Check("fp8_lm_2023-02", "ceiling", "Dense FP8 peak of an H100 over its bf16 peak.",
          partial(faster_percent, *FP8), "at least"),
    Check("mus_fp8_2025-02", "ceiling", "Dense FP8 peak of an H100 over its bf16 peak.",
          partial(faster_percent, *FP8), "at least"),
    Check("hawq_v3_2020-01", "ceiling", "INT4 peak of a T4 over its INT8 peak.",
          partial(rate_ratio, "T4", "int4_tops", "int8_tops"), "at least"),
    Check("mixdq_2024-02", "ceiling", "Bits of fp16 over those of int8.", partial(ratio, "fp16", "int8"), "at least"),
    Check("int16_dfp_cnn_2018-01", "ceiling", "Numbers of 16 bits in a vector register against fp32.",
          partial(ratio, "fp32", "fp16"), "at least"),
    Check("resq_2024-03", "ceiling", "Bits of fp16 over those of int4.", partial(ratio, "fp16", "int4"), "at least"),
    Check("squeezellm_2023-02", "ceiling", "Bits of fp16 over those of int3.", partial(ratio, "fp16", "int3"),
          "at least"),
    Check("vidit_q_2024-02", "ceiling", "Bits of fp16 over those of int4 weights.", partial(ratio, "fp16", "int4"),
          "at least"),
    Check("abq_llm_2024-03", "ceiling", "Bits of int8, SmoothQuant's weights, over the 2 of the narrowest setting.",
          partial(ratio, "int8", "int2"), "at least"),
    Check("duplex_2024-01", "count", "FLOPs a byte of an expert of Mixtral 8x7B that one token meets, in bf16.",
          partial(intensity, "Mixtral 8x7B", "experts", Step(1.0)), "near"),
    Check("duplex_2024-02", "count", "FLOPs a byte of attention over 100,000 tokens: groups of 4 (Mixtral 8x7B) and of "
          "8 heads (Llama 3.1 70B).", grouped_attention, "near"),
)  # fmt: skip
