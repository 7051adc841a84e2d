"""Claims about bytes: of weights, of training, of caches, and how many devices they need."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts, number
from analysis.plans.kbit_frontier import total_bits
from analysis.serving.memory import ServingFormats, bits_per_element, least_devices, weight_bytes
from analysis.serving.training_memory import RECIPES, Cluster, Recipe, model_states

ADAM, ADAM_FP32_GRADIENTS = RECIPES["Adam, bf16 with fp32 master"], RECIPES["Adam, bf16, fp32 gradients"]
SGD, FP8_LM = RECIPES["SGD with momentum"], RECIPES["FP8-LM"]
V100_GB = 32.0  # the larger of its two memories
TERNARY_BITS = math.log2(3)
GIB = 2.0**30


def ratio(before: str, after: str, facts: Facts) -> float:
    """How many times fewer bits an element takes."""
    return bits_per_element(before) / bits_per_element(after)


def ratios(pairs: tuple[tuple[str, str], ...], facts: Facts) -> tuple[float, float]:
    """The smallest and the largest of several ratios."""
    found = [ratio(before, after, facts) for before, after in pairs]
    return min(found), max(found)


def bits_ratio(before: float, after: Callable[[Facts], float], facts: Facts) -> float:
    """How many times fewer bits an element of `after(facts)` bits takes."""
    return before / after(facts)


def saved_percent(before: float, after: Callable[[Facts], float], facts: Facts) -> float:
    """Share of the bits that is saved [%]."""
    return 100 * (1 - after(facts) / before)


def bits_of(name: str, facts: Facts) -> float:
    """Bits of an element of a format, with its share of a scale."""
    return bits_per_element(name)


def states_saved(before: Recipe, after: Recipe, facts: Facts) -> float:
    """Share of the bytes of weights, gradients and optimizer that is saved [%]."""
    return 100 * (1 - after.bytes_per_param / before.bytes_per_param)


def moments_saved(facts: Facts) -> float:
    """Share of the bytes of Adam's moments that one moment of them saves [%]."""
    return 100 * (1 - len(SGD.moments) / len(ADAM.moments))


def without_a_moment(model: str, facts: Facts) -> float:
    """GiB that training a model takes less with one fp32 moment than with two."""
    n = facts.model(model).n_params
    before, after = (sum(model_states(n, recipe, Cluster()).values()) for recipe in (ADAM, SGD))
    return (before - after) / GIB


def cards_for_states(claim_id: str, facts: Facts) -> float:
    """V100 of 32 GB that weights, gradients and Adam's states of the claim's model fill."""
    n = number(facts.claim(claim_id)["model"])
    return sum(model_states(n, ADAM_FP32_GRADIENTS, Cluster()).values()) / (V100_GB * 1e9)


def cards_for_weights(claim_id: str, facts: Facts) -> float:
    """The fewest cards (a power of two) of the claim's memory that hold the model in int4 and 2048 tokens."""
    claim = facts.claim(claim_id)
    needed = least_devices(
        facts.model(claim["model"]), ServingFormats("int4", "fp16", "fp16"), 2048, 1, number(claim["hardware"], "GB")
    )
    return float(needed or math.nan)


def params_of_shape(name: str, facts: Facts) -> float:
    """Parameters counted from a model's shape."""
    return float(sum(facts.model(name).params.values()))


def size_gb(model: str, name: str, facts: Facts) -> float:
    """GB of all weights of a model in a format."""
    return facts.model(model).n_params * bits_per_element(name) / 8e9


def whole_model_ratio(model: str, weights: str, facts: Facts) -> float:
    """How many times smaller a model is in `weights`, its embeddings left in bf16."""
    shape = facts.model(model)
    before, after = (
        sum(weight_bytes(shape, ServingFormats(weights=name, embeddings="bf16")).values()) for name in ("bf16", weights)
    )
    return before / after


def equal_sizes(facts: Facts) -> float:
    """Total bits of the smaller model at its width over those of the larger one at its own."""
    claim = facts.claim("kbit_laws_2022-05")
    ours = total_bits(number(claim["model"]), number(claim["format"], "-bit"))  # ty: ignore[invalid-argument-type]
    other = total_bits(number(claim["baseline"]), number(claim["baseline"], "bits"))  # ty: ignore[invalid-argument-type]
    return float(ours / other)


def cached_over_inputs(model: str, facts: Facts) -> float:
    """Elements that a layer caches for a token as keys and values, over those of its input."""
    shape = facts.model(model)
    return shape.cached_per_token / shape.d_model


def _value(claim_id: str, facts: Facts) -> float:
    return facts.value(claim_id)


INT4 = partial(bits_of, "int4")
CHECKS = (
    Check("mixed_precision_training_2017-01", "count", "Bits of fp32 over those of fp16.",
          partial(ratio, "fp32", "fp16"), "near"),
    Check("quant_survey_2021-01", "count", "Bits of fp32 over those of int2; over int4 it would be 8.",
          partial(ratio, "fp32", "int2")),
    Check("quant_survey_2021-02", "ceiling", "Bits of fp16 and of fp32 over those of int4.",
          partial(ratios, (("fp16", "int4"), ("fp32", "int4"))), "covers"),
    Check("llm_int8_2022-01", "count", "Bits of fp16 over those of int8.", partial(ratio, "fp16", "int8")),
    Check("xquant_2025-01", "count", "Keys and values of a token of Llama 2 7B over the input of its layer.",
          partial(cached_over_inputs, "Llama 2 7B")),
    Check("sgd_sai_2024-01", "count", "Moments that SGD keeps against those of Adam.", moments_saved),
    Check("sgd_sai_2024-02", "count", "One fp32 moment less of GPT-2 XL, in GiB.",
          partial(without_a_moment, "GPT-2 XL"), "near", "The printed figure is measured, with buffers."),
    Check("sgd_sai_2024-03", "count", "One fp32 moment less of Llama 2 7B, in GiB.",
          partial(without_a_moment, "Llama 2 7B"), "near", "The printed figure is measured, with buffers."),
    Check("zero_infinity_2021-03", "count", "Cards of 32 GB that 18 bytes a parameter fill: weights, gradients and "
          "Adam's states, no activations.", partial(cards_for_states, "zero_infinity_2021-03"), "at most"),
    Check("glm130b_2022-02", "count", "The fewest cards of 24 GB that hold its int4 weights and 2,048 tokens.",
          partial(cards_for_weights, "glm130b_2022-02")),
    Check("glm130b_2022-03", "count", "The fewest cards of 11 GB that hold its int4 weights and 2,048 tokens.",
          partial(cards_for_weights, "glm130b_2022-03")),
    Check("glm130b_2022-04", "count", "Parameters counted from its shape.", partial(params_of_shape, "GLM-130B")),
    Check("smollm2_2025-02", "count", "Parameters counted from its shape.", partial(params_of_shape, "SmolLM2-1.7B")),
    Check("jlcm_2023-01", "ceiling", "Llama 7B at 2 bits a weight, in GB.", partial(size_gb, "LLaMA-7B", "int2"),
          "at most"),
    Check("kbit_laws_2022-05", "count", "Parameters times bits of both models.", equal_sizes),
    Check("fp8_lm_2023-01", "ceiling", "Bytes a parameter of FP8-LM (7) against bf16 with fp32 gradients (18); "
          "activations come on top of both.", partial(states_saved, ADAM_FP32_GRADIENTS, FP8_LM), "at least"),
    Check("code_llm_quant_2025-01", "ceiling", "All weights from 16 bits to int4 in groups of 128.",
          partial(saved_percent, 16.0, partial(bits_of, "int4_g128")), "at least"),
    Check("ptq_qat_gamma_2024-01", "ceiling", "All weights from 16 bits to int4.", partial(saved_percent, 16.0, INT4),
          "at least"),
    Check("mc_moe_2024-02", "ceiling", "All weights from 16 bits to the 2.54 bits that the source prints.",
          partial(saved_percent, 16.0, partial(_value, "mc_moe_2024-01")), "at least"),
    Check("moqe_2023-01", "ceiling", "All weights from 16 bits to int2, as if there were nothing but experts.",
          partial(saved_percent, 16.0, partial(bits_of, "int2")), "at least"),
    Check("slim_llm_2024-01", "count", "LLaMA-7B at 2 bits in groups of 128, embeddings left in bf16.",
          partial(whole_model_ratio, "LLaMA-7B", "int2_g128"), "near",
          "The printed figure is measured on the device, with buffers."),
    Check("spectra_2024-05", "ceiling", "16 bits over log2 3, as if all weights were ternary; embeddings stay wider.",
          partial(bits_ratio, 16.0, lambda facts: TERNARY_BITS), "at least"),
    Check("cptquant_2024-01", "ceiling", "Bits of fp16 over those of int4.", partial(ratio, "fp16", "int4"),
          "at least"),
    Check("mixdq_2024-01", "ceiling", "Bits of fp16 over those of int4 weights.", partial(ratio, "fp16", "int4"),
          "at least"),
    Check("vidit_q_2024-01", "ceiling", "Bits of fp16 over those of int4 weights.", partial(ratio, "fp16", "int4"),
          "at least"),
    Check("abq_llm_2024-04", "ceiling", "Bits of int8, SmoothQuant's weights, over the 2 of the narrowest setting.",
          partial(ratio, "int8", "int2"), "at least"),
    Check("mqat_2023-02", "ceiling", "Bits of fp32 over those of int4.", partial(ratio, "fp32", "int4"), "at least"),
)  # fmt: skip
