"""A number format is its value table; encode, decode and quantize are generic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis.formats import fast
from analysis.formats.arrays import as_codes, as_tensor
from analysis.formats.counter import uniform
from analysis.formats.grid import finite_values, grid
from analysis.formats.rounding import get_rounding

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array

Ties = Literal["even", "away", "zero", "down"]


@dataclass(frozen=True)
class Quantized:
    """A tensor as codes. codes has the tensor's shape; scales (codes of the scale format, or float32 when the scale
    is not rounded) has one entry a block along `axis`; tensor_scale is the one float32 factor of the whole tensor.
    selected: which of its elements each block chose, where there is a choice; zero_points: the codes of zero.
    second_scales: what else scales hang on, of which the format tells; scale_mean: what was taken off the scales.
    """

    codes: Any
    scales: Any = None
    tensor_scale: Any = None
    axis: int = -1
    selected: Any = None
    zero_points: Any = None
    second_scales: Any = None
    scale_mean: Any = None


@dataclass(frozen=True, eq=False)
class Format:
    """values: (2**bits,) float64, indexed by code. fields: names and widths of the bit groups, high bits first.
    nan: the codes that a NaN of either sign becomes. next_value: the value that would follow the largest one;
    inputs nearer to it overflow to infinity or NaN; None means that the format saturates. ties: where an input in
    the middle of two values goes: the even code, away from zero, toward zero or down. middles: the points between
    the rising finite values where they are not the arithmetic means. scaled_to: the magnitude that scales bring a
    block's largest one to; None for the largest of the table.
    """

    name: str
    bits: int
    values: np.ndarray
    source: str
    fields: tuple[tuple[str, int], ...]
    nan: tuple[int, int] = (0, 0)
    next_value: float | None = None
    ties: Ties = "even"
    title: str = ""
    middles: np.ndarray | None = None
    scaled_to: float | None = None

    @property
    def bits_per_element(self) -> float:
        return float(self.bits)

    @cached_property
    def finite(self) -> np.ndarray:
        """The distinct finite values, rising."""
        return finite_values(self)[0]

    @property
    def max(self) -> float:
        return float(self.finite[-1])

    @property
    def min(self) -> float:
        return float(self.finite[0])

    @property
    def largest(self) -> float:
        """The largest magnitude."""
        return max(self.max, -self.min)

    @cached_property
    def reach(self) -> float:
        """The magnitude that a block's largest one is scaled to."""
        return self.largest if self.scaled_to is None else self.scaled_to

    @property
    def signed(self) -> bool:
        return self.min < 0

    @property
    def mantissa_bits(self) -> int:
        """Bits of the mantissa field (0 for formats without one)."""
        return dict(self.fields).get("mantissa", 0)

    @cached_property
    def negative_zero(self) -> int | None:
        """The code of -0, None when the format has one zero or none."""
        codes = np.flatnonzero((self.values == 0) & np.signbit(self.values))
        return int(codes[0]) if codes.size else None

    def encode(
        self, x: Array, rounding: str = "nearest", *, saturate: bool = False, seed: int = 0, offset: int = 0
    ) -> Array:
        """The codes of `x`, same shape; uint8 for formats up to 8 bits, int32 above.

        Overflow gives infinity, else NaN, else the largest value; `saturate` gives the largest value always. NaN
        gives the format's NaN with its sign, and where the format has none, zero. Zero and negatives become NaN in
        a format that cannot hold them. float64 inputs round once, from float64. Stochastic rounding draws by
        position: element i of `x` uses number offset + i of the seed's sequence.
        """
        tensor, back = as_tensor(x)
        draws = uniform_like(tensor, rounding, seed, offset)
        return back(self.round_tensor(tensor, rounding, saturate, draws))

    def round_tensor(
        self, x: torch.Tensor, rounding: str, saturate: bool = False, uniform: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The codes of a floating-point tensor; `uniform` in [0, 1) has its shape and serves stochastic rounding."""
        import torch

        x = x if x.dtype is torch.float64 else x.float()
        codes = fast.encode(self, x, rounding, saturate) if uniform is None else None
        return self.search(x, rounding, saturate, uniform) if codes is None else codes

    def search(self, x: torch.Tensor, rounding: str, saturate: bool, uniform: torch.Tensor | None) -> torch.Tensor:
        """As round_tensor, found among the decision points; `x` in float32 or float64."""
        import torch

        table = grid(self, x.dtype, x.device)
        codes = (table.saturated if saturate else table.codes)[get_rounding(rounding)(x.contiguous(), table, uniform)]
        if self.negative_zero is not None:
            plus_zero = int(np.flatnonzero((self.values == 0) & ~np.signbit(self.values))[0])
            codes = torch.where((codes == plus_zero) & torch.signbit(x), self.negative_zero, codes)
        not_a_number = torch.where(torch.signbit(x), self.nan[1], self.nan[0])
        codes = torch.where(torch.isnan(x), not_a_number, codes)
        return codes.to(torch.uint8 if self.bits <= 8 else torch.int32)

    def decode(self, codes: Array) -> Array:
        """The values of `codes`, float32, same shape."""
        tensor, back = as_codes(codes)
        return back(values_tensor(self, tensor.device)[tensor])

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """The codes of a tensor as training code casts it: unscaled and saturating."""
        return Quantized(self.encode(x, rounding, saturate=True, seed=seed, offset=offset), axis=axis)

    def dequantize(self, quantized: Quantized) -> Array:
        """The tensor, float32."""
        return self.decode(quantized.codes)

    def limits(self, quantized: Quantized) -> tuple[float, float]:
        """The smallest and the largest value that the elements could have taken."""
        return self.min, self.max


def frozen(values: np.ndarray) -> np.ndarray:
    """The values as float64 that nobody can write to."""
    values = np.array(values, dtype=np.float64)
    values.setflags(write=False)
    return values


def uniform_like(x: torch.Tensor, rounding: str, seed: int, offset: int) -> torch.Tensor | None:
    """Random numbers in [0, 1) by position in `x` when the rounding needs them, else None."""
    import torch

    if rounding != "stochastic":
        return None
    dtype = torch.float64 if x.dtype is torch.float64 else torch.float32
    return uniform(seed, offset, x.numel(), dtype, x.device).reshape(x.shape)


@lru_cache(maxsize=256)
def values_tensor(fmt: Format, device: torch.device) -> torch.Tensor:
    """(2**bits,) float32 value table on a device."""
    import torch

    return torch.tensor(fmt.values, dtype=torch.float32, device=device)
