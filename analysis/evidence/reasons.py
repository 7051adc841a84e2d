"""Why a claim cannot be checked here, where no check is registered for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXPERIMENT = "Needs the source's models and data: a training or an evaluation of its own."
HARDWARE = "Needs the source's device, kernel or system."
CIRCUIT = "Needs the source's circuit and its synthesis."
RECORD = "Says how much the source did or how large its objects are; no record of that is in the store."
SETTING = "Says which setting the source chose or recommends; only its experiments can tell whether it is right."
SERVICE = "Needs a running service and its users."
SEARCH = "Needs the source's search or calibration program."

# Metric of a claim -> the reason.
REASONS = {
    **dict.fromkeys(
        (
            *("accuracy", "accuracy_delta", "accuracy_recovery", "accuracy_variation", "length_variation", "coverage"),
            *("pass_at_k", "perplexity", "perplexity_delta", "perplexity_reduction", "perplexity_ratio"),
            *("perplexity_gap_reduction", "fid", "score", "score_gain", "relative_gain", "error", "error_increase"),
            *("error_reduction", "error_per_compute_gain", "deviation", "ndcg_gain", "benefit_retained"),
            *("data_efficiency", "step_equivalent", "compute_efficiency", "compute_ratio", "params_equivalent"),
            *("params_ratio", "params_reduction", "fit_compute_reduction", "fit_compute_fraction", "compute_fraction"),
            *("scaling_rate_gain", "crossover_compute", "overtraining_ratio", "optimal_samples", "optimal_bits"),
            *("samples", "rollouts", "transition_bits", "weight_decay_ratio", "exponent", "temperature"),
            *("compression_delta", "layer_fraction", "low_precision_fraction"),
        ),
        EXPERIMENT,
    ),
    **dict.fromkeys(
        (
            *("speedup", "throughput", "throughput_gain", "latency_reduction", "latency_overhead", "batch_gain"),
            *("batch_ratio", "batch_size", "utilization", "scaling_efficiency", "energy_reduction", "power_reduction"),
            *("energy_efficiency_gain", "cost_efficiency_gain", "cost_reduction", "cost", "efficiency_gain", "power"),
            *("memory_reduction", "memory_increase_ratio", "latency_increase_ratio", "kv_cache_reduction"),
            *("kv_cache_fraction", "compute_reduction", "wasted_compute", "gpu_reduction", "arithmetic_intensity"),
            *("active_params_reduction", "optimizer_memory_reduction", "training_time"),
        ),
        HARDWARE,
    ),
    **dict.fromkeys(("area_reduction", "compute_density_gain", "compute_inefficiency", "trigger_rate"), CIRCUIT),
    **dict.fromkeys(
        (
            *("params", "params_range", "tokens", "model_count", "run_count", "checkpoint_count", "eval_count"),
            *("gpu_hours", "gpu_count", "dataset_size", "dataset_count", "benchmark_count", "domain_count"),
            *("configuration_count", "compute_budget", "compute_range_decades", "sample_range_decades", "flops"),
            *("growth", "regime_count", "sequence_length", "data_retained", "model_size"),
        ),
        RECORD,
    ),
    **dict.fromkeys(
        (
            *("bits", "exponent_bits", "mantissa_bits", "group_size", "rounds", "steps", "prune_window"),
            *("high_precision_fraction", "bits_overhead", "model_size_overhead", "model_size_reduction", "compression"),
            *("size_ratio", "total_bits_ratio"),
        ),
        SETTING,
    ),
    **dict.fromkeys(("quant_time", "quant_time_fraction", "search_time_reduction"), SEARCH),
    "online_gain": SERVICE,
}


def why_not(claim: Mapping[str, Any]) -> str:
    """Why nothing here checks a claim, in a sentence. Raises KeyError for a metric that has no reason yet."""
    return REASONS[claim["metric"]]
