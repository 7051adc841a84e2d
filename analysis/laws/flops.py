"""Training and inference cost in FLOPs (counts, not rates)."""

from __future__ import annotations

from typing import Any

TRAINING_FLOPS_PER_PARAM_TOKEN = 6.0  # 2 forward, 4 backward; Kaplan et al. 2020, section 2.1
INFERENCE_FLOPS_PER_PARAM_TOKEN = 2.0


def training_flops(n_params: Any, n_tokens: Any) -> Any:
    """C = 6 N D [FLOPs]: dense training without attention terms (Kaplan et al. 2020)."""
    return TRAINING_FLOPS_PER_PARAM_TOKEN * n_params * n_tokens


def inference_flops(n_params: Any, n_tokens: Any) -> Any:
    """2 N per generated or read token [FLOPs]."""
    return INFERENCE_FLOPS_PER_PARAM_TOKEN * n_params * n_tokens
