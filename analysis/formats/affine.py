"""Affine block formats: integers with a scale and a zero point, for blocks that are not centered on zero."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_codes, float32_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import from_blocks, to_blocks
from analysis.formats.format import Format, Quantized, uniform_like, values_tensor
from analysis.formats.minifloat import integer

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


@dataclass(frozen=True, eq=False)
class AffineFormat(BlockFormat):
    """value = (element - zero point) x block scale, with a two's complement element of b bits.

    scale = (max - min) / (2^b - 1) over the block and zero, rounded to the scale format; zero point =
    round(-min / scale), an element code; element = round(x / scale) + zero point, clipped.
    """

    def _bits_per_block(self) -> float:
        return super()._bits_per_block() + self.element.bits

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """As BlockFormat.quantize, with zero points."""
        import torch

        tensor, back = float32_tensor(x)
        blocks = to_blocks(tensor, self.block_size, axis)
        draws = uniform_like(tensor, rounding, seed, offset)
        low, high = blocks.amin(dim=-1).clamp(max=0), blocks.amax(dim=-1).clamp(min=0)
        levels = 2**self.bits - 1
        scale_codes, scales = self._rounded((high - low) / levels, torch.isfinite(blocks).all(dim=-1))
        holds = (scales > 0).unsqueeze(-1)
        zero = torch.where(scales > 0, (-low / scales).round(), 0).clamp(0, levels).unsqueeze(-1)
        draws = None if draws is None else to_blocks(draws, self.block_size, axis)
        steps = torch.where(holds, blocks / scales.unsqueeze(-1), 0)
        wide = _with_a_sign(self.bits)
        steps = values_tensor(wide, steps.device)[wide.round_tensor(steps, rounding, True, draws).long()]
        codes = self._codes((steps + zero).clamp(0, levels))
        return Quantized(
            back(from_blocks(codes, tensor.shape, self.block_size, axis)),
            back(self._along(scale_codes, tensor, axis)),
            axis=axis,
            zero_points=back(self._along(self._codes(zero.squeeze(-1)), tensor, axis)),
        )

    def dequantize(self, quantized: Quantized) -> Array:
        """The tensor, float32."""
        codes, back = as_codes(quantized.codes)
        values = values_tensor(self.element, codes.device)
        elements = values[to_blocks(codes, self.block_size, quantized.axis)]
        result = (elements - self._zero(quantized, codes)) * self._decoded_scales(quantized, codes)
        return back(from_blocks(result, codes.shape, self.block_size, quantized.axis))

    def limits(self, quantized: Quantized) -> tuple[Array, Array]:
        """The smallest and the largest value that each element could have taken, in the tensor's shape."""
        codes, back = as_codes(quantized.codes)
        zero, scales = self._zero(quantized, codes), self._decoded_scales(quantized, codes)
        blocks = to_blocks(codes, self.block_size, quantized.axis)
        low, high = (
            from_blocks(((end - zero) * scales).expand(blocks.shape), codes.shape, self.block_size, quantized.axis)
            for end in (self.element.min, self.element.max)
        )
        return back(low), back(high)

    def _zero(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        zero_codes = as_codes(quantized.zero_points)[0]
        return self._per_block(values_tensor(self.element, codes.device)[zero_codes], codes, quantized.axis)

    def _codes(self, levels: torch.Tensor) -> torch.Tensor:
        """The element codes of levels counted from the lowest value."""
        import torch

        return ((levels.int() + int(self.element.min)) & (2**self.bits - 1)).to(torch.uint8)


@lru_cache(maxsize=8)
def _with_a_sign(bits: int) -> Format:
    """Integers of one bit more, so that the range is cut only after the zero point is added."""
    return integer(f"int{bits + 1}", bits + 1, "", "")
