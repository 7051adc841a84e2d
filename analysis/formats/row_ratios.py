"""Group scales that are the row's largest scale divided by powers of two, so that casts to FP8 become shifts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.formats.arrays import as_tensor, float32_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.blocking import to_blocks
from analysis.formats.format import Format, Quantized
from analysis.formats.scaling import floor_exponent, power_of_two

if TYPE_CHECKING:
    import torch

    from analysis.formats.arrays import Array


@dataclass(frozen=True, eq=False)
class RowRatioFormat(BlockFormat):
    """scale = S_max / 2^ceil(log2(S_max / S)), S = amax / (element maximum) of the group and S_max its row's largest.

    The scale codes are the ratios to S_max, which stays float32. A group's top may lie above the element's maximum
    and saturate. Source: ZeroQuant-FP, arXiv 2307.09782, constraint M2, with a row as the compute group.
    """

    def quantize(
        self, x: Array, axis: int = -1, rounding: str = "nearest", seed: int = 0, offset: int = 0
    ) -> Quantized:
        """As BlockFormat.quantize; second_scales has S_max of each row, (..., 1) along `axis`."""
        quantized = super().quantize(x, axis, rounding, seed, offset)
        tensor, back = float32_tensor(x)
        _, largest = self._wanted(to_blocks(tensor, self.block_size, axis))
        return replace(quantized, second_scales=back(self._along(largest, tensor, axis)))

    def _wanted(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """S (..., n_blocks) and S_max (..., 1), which ignores groups that are not finite."""
        import torch

        wanted = blocks.abs().amax(dim=-1) / self.element.reach
        return wanted, torch.where(torch.isfinite(wanted), wanted, 0).amax(dim=-1, keepdim=True)

    def _scales(
        self, blocks: torch.Tensor, element: Format, choice: float, factor: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        wanted, largest = self._wanted(blocks)
        finite = torch.isfinite(wanted)
        ratios = torch.where((largest > 0) & finite, wanted / largest, 0)
        codes, ratios = self._rounded(power_of_two(floor_exponent(ratios), ratios), finite)
        return codes, ratios * largest

    def _decoded_scales(self, quantized: Quantized, codes: torch.Tensor) -> torch.Tensor:
        largest = self._per_block(as_tensor(quantized.second_scales)[0], codes, quantized.axis)
        return super()._decoded_scales(quantized, codes) * largest
