"""The step tables of formats and of block scales, read off the generic path, so that a format has one definition."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.formats.by_addition import codes_by_addition, values_by_addition
from analysis.formats.scaling import SCALE_RULES, SIXTH
from analysis.formats.steps import Steps, tabulated

if TYPE_CHECKING:
    import torch

    from analysis.formats.block import BlockFormat
    from analysis.formats.format import Format

WIDEST = 16  # bits of a format; more steps take long to find
ROUNDINGS = ("nearest", "toward-zero")  # whose result hangs on the number alone
# Scale rules that are a quotient and a product, (divisor, factor); the others are step functions of the maximum.
LINEAR_RULES: dict[str, Callable[[Format, torch.Tensor], tuple]] = {
    "amax": lambda element, factor: (element.reach, factor),
    "nvfp4": lambda element, factor: (1, factor * SIXTH),
}


class Scaling(NamedTuple):
    """A block's scale from its largest magnitude: amax / rule[0] x rule[1] x rule[2], in this order, becomes a code
    by the steps, and the code a scale by the values. Without steps the product itself is the scale.
    """

    rule: tuple[np.float32, np.float32, np.float32]
    steps: Steps | None
    values: np.ndarray | None


@lru_cache(maxsize=256)
def code_steps(fmt: Format, rounding: str, saturate: bool, reach: float = np.inf) -> Steps | None:
    """The codes of float32 numbers after clipping to ±reach; None for formats that have no table."""
    import torch

    def codes(x: np.ndarray) -> np.ndarray:
        return fmt.search(torch.from_numpy(x).clamp(-reach, reach), rounding, saturate, None).numpy()

    steps = tabulated(codes) if rounding in ROUNDINGS and fmt.bits <= WIDEST else None
    return codes_by_addition(fmt, saturate, reach, steps) if steps and rounding == "nearest" else steps


@lru_cache(maxsize=256)
def value_steps(fmt: Format, rounding: str, reach: float = np.inf) -> Steps | None:
    """The values of the saturated codes, float32."""
    steps = code_steps(fmt, rounding, True, reach)
    if steps is None:
        return None
    steps = steps._replace(results=fmt.values.astype(np.float32)[steps.results])
    return values_by_addition(fmt, reach, steps) if rounding == "nearest" else steps


def block_scaling(fmt: BlockFormat, element: Format, choice: float, factor: torch.Tensor) -> Scaling | None:
    """The scale of blocks of `element` times `choice`; None for rules that have no table."""
    linear = LINEAR_RULES.get(fmt.scale_rule)
    if linear is None and (fmt.scale is None or fmt.tensor_scale):
        return None
    over, times, last = (*linear(element, factor), choice) if linear else (1, 1, 1)
    rule = (np.float32(over), np.float32(times), np.float32(last))
    if fmt.scale is None:
        return Scaling(rule, None, None)
    steps = code_steps(fmt.scale, "nearest", True) if linear else _scale_steps(fmt, element, choice)
    return Scaling(rule, steps, fmt.scale.values.astype(np.float32)) if steps else None


@lru_cache(maxsize=64)
def _scale_steps(fmt: BlockFormat, element: Format, choice: float) -> Steps | None:
    """The scale code of every largest magnitude; that of NaN where it is not finite."""
    import torch

    scale = fmt.scale
    if scale is None:
        return None

    def codes(x: np.ndarray) -> np.ndarray:
        amax = torch.from_numpy(x).abs()
        wanted = SCALE_RULES[fmt.scale_rule](amax, element, torch.ones(())) * choice
        return scale.search(torch.where(torch.isfinite(amax), wanted, torch.nan), "nearest", True, None).numpy()

    return tabulated(codes)
