"""Block formats: elements that share a scale, with an optional scale of the whole tensor on top."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from analysis.formats import fast
from analysis.formats.arrays import as_codes, as_tensor, float32_tensor
from analysis.formats.blocking import BlockSize, from_blocks, to_blocks
from analysis.formats.choosing import best_try
from analysis.formats.format import Format, Quantized, uniform_like, values_tensor
from analysis.formats.scaling import SCALE_RULES, in_units, tensor_factor

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array
    from analysis.formats.choosing import Try


class Way(NamedTuple):
    """One way to encode blocks: the element, a factor on the scale, the tensor's factor, and how to round."""

    element: Format
    choice: float
    factor: torch.Tensor
    rounding: str
    draws: torch.Tensor | None


@dataclass(frozen=True, eq=False)
class BlockFormat:
    """value = element x block scale (x tensor scale). block_size counts elements along the quantized axis, is a pair
    (rows, columns) for tiles, "row" (one scale a vector) or "tensor". scale None keeps the scale in float32,
    unrounded. All arithmetic is float32, so float64 tensors are rounded to float32 first.

    Each block takes, by its squared error, one of `scale_choices` (factors on the scale before it is rounded) and
    one of the element and its `variants`. scale_top: what the largest block scale becomes under a tensor scale,
    unless it is the largest scale there is.
    """

    name: str
    element: Format
    block_size: BlockSize
    scale: Format | None
    scale_rule: str
    source: str
    tensor_scale: bool = False
    title: str = ""
    scale_choices: tuple[float, ...] = (1.0,)
    variants: tuple[Format, ...] = ()
    scale_top: float | None = None

    @property
    def bits(self) -> int:
        return self.element.bits

    @property
    def elements(self) -> tuple[Format, ...]:
        return (self.element, *self.variants)

    @property
    def bits_per_element(self) -> float:
        """Bits stored for an element with its share of what a block stores; a scale a row or tensor counts nothing."""
        if isinstance(self.block_size, str):
            return float(self.bits)
        size = math.prod(self.block_size) if isinstance(self.block_size, tuple) else self.block_size
        return self.bits + self._bits_per_block() / size

    def _bits_per_block(self) -> float:
        return (32 if self.scale is None else self.scale.bits) + math.log2(len(self.elements))

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """The codes and scales of a tensor, blocks along `axis`.

        Elements saturate, on both sides at the largest positive value. A block that holds NaN or infinity gets a
        NaN scale and decodes to NaN; other blocks do not notice, and the tensor scale ignores it. Raises ValueError
        for an empty tensor. Stochastic rounding draws by position in `x`, as in Format.encode.
        """
        tensor, back = float32_tensor(x)
        blocks = to_blocks(tensor, self.block_size, axis)
        draws = uniform_like(tensor, rounding, seed, offset)
        draws = None if draws is None else to_blocks(draws, self.block_size, axis)
        factor, tensor_scale = self._tensor_scale(blocks)
        codes, scale_codes, chosen = best_try(
            partial(self._encoded, blocks, Way(element, choice, factor, rounding, draws))
            for element in self.elements
            for choice in self.scale_choices
        )
        selected = chosen // len(self.scale_choices) if self.variants else None
        return Quantized(
            back(from_blocks(codes, tensor.shape, self.block_size, axis)),
            back(self._along(scale_codes, tensor, axis)),
            None if tensor_scale is None else back(tensor_scale),
            axis,
            None if selected is None else back(self._along(selected, tensor, axis)),
        )

    def dequantize(self, quantized: Quantized) -> Array:
        """The tensor, float32."""
        import torch

        codes, back = as_codes(quantized.codes)
        blocks = to_blocks(codes, self.block_size, quantized.axis)
        tables = torch.stack([values_tensor(element, codes.device) for element in self.elements])
        values = tables[self._selected(quantized, codes), blocks] * self._decoded_scales(quantized, codes)
        if quantized.tensor_scale is not None:
            values = values * as_tensor(quantized.tensor_scale)[0]
        return back(from_blocks(values, codes.shape, self.block_size, quantized.axis))

    def limits(self, quantized: Quantized) -> tuple[Array, Array]:
        """The smallest and the largest value that each element could have taken, in the tensor's shape."""
        import torch

        codes, back = as_codes(quantized.codes)
        reaches = torch.tensor([min(e.reach, e.largest) for e in self.elements], device=codes.device)
        top = reaches[self._selected(quantized, codes)] * self._decoded_scales(quantized, codes).abs()
        if quantized.tensor_scale is not None:
            top = top * as_tensor(quantized.tensor_scale)[0]
        blocks = to_blocks(torch.zeros(codes.shape, device=codes.device), self.block_size, quantized.axis)
        top = from_blocks(top.expand_as(blocks), codes.shape, self.block_size, quantized.axis)
        return back(-top), back(top)

    def _encoded(self, blocks: torch.Tensor, way: Way) -> Try:
        """Codes, scale codes and, when asked for, each block's squared error."""
        compiled = type(self) is BlockFormat and way.draws is None
        found = fast.quantize_blocks(self, blocks, *way[:-1]) if compiled else None
        codes, scale_codes = found or self._searched(blocks, way)

        def error() -> torch.Tensor:
            scales = self._scale_values(scale_codes)
            values = values_tensor(way.element, codes.device)[codes.long()] * (scales / way.factor).unsqueeze(-1)
            return (values - blocks).square().sum(dim=-1)

        return codes, scale_codes, error

    def _searched(self, blocks: torch.Tensor, way: Way) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes and scale codes, step by step; subclasses may have steps of their own."""
        scale_codes, scales = self._scales(blocks, way.element, way.choice, way.factor)
        scaled = self._scaled(blocks, scales, way.factor).clamp(-way.element.reach, way.element.reach)
        return way.element.round_tensor(scaled, way.rounding, saturate=True, uniform=way.draws), scale_codes

    def _along(self, per_block: torch.Tensor, tensor: torch.Tensor, axis: int) -> torch.Tensor:
        """One entry a block, with the axis of blocks where the tensor has the axis that they cut."""
        return per_block.movedim(-1, axis) if tensor.ndim and self.block_size != "tensor" else per_block

    def _per_block(self, stored: torch.Tensor, codes: torch.Tensor, axis: int) -> torch.Tensor:
        """(..., n_blocks, 1): the opposite of _along."""
        moved = stored.movedim(axis, -1) if codes.ndim and self.block_size != "tensor" else stored
        return moved.unsqueeze(-1)

    def _selected(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor | int:
        if quantized.selected is None:
            return 0
        return self._per_block(as_codes(quantized.selected)[0], codes, quantized.axis)

    def _tensor_scale(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The factor applied while encoding, and the tensor's scale kept for decoding (None without one)."""
        import torch

        if not self.tensor_scale or self.scale is None:
            return torch.ones((), device=blocks.device), None
        amax = fast.largest_finite(blocks)
        amax = torch.where(torch.isfinite(blocks), blocks, 0).abs().max() if amax is None else amax
        top = (self.scale_top or self.scale.max) * self.element.reach
        return tensor_factor(amax, top), amax / top

    def _scales(
        self, blocks: torch.Tensor, element: Format, choice: float, factor: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The scale codes and the decoded scales, both (..., n_blocks)."""
        import torch

        amax = blocks.abs().amax(dim=-1)
        wanted = SCALE_RULES[self.scale_rule](amax, element, factor)
        return self._rounded(wanted * choice, torch.isfinite(amax))

    def _rounded(self, wanted: torch.Tensor, finite: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The codes and values of the wanted scales, NaN for blocks that are not `finite`."""
        import torch

        wanted = torch.where(finite, wanted, torch.nan)
        codes = wanted if self.scale is None else self.scale.round_tensor(wanted, "nearest", saturate=True)
        return codes, self._scale_values(codes)

    def _scale_values(self, scale_codes: torch.Tensor) -> torch.Tensor:
        return scale_codes if self.scale is None else values_tensor(self.scale, scale_codes.device)[scale_codes.long()]

    def _scaled(self, blocks: torch.Tensor, scales: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """The blocks in units of their scale; zeros where the scale is zero or NaN."""
        return in_units(blocks, scales.unsqueeze(-1), factor if self.tensor_scale else None)

    def _decoded_scales(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        """(..., n_blocks, 1) float32."""
        stored = quantized.scales
        scales = self._scale_values(as_tensor(stored)[0] if self.scale is None else as_codes(stored)[0])
        return self._per_block(scales, codes, quantized.axis)
