"""NVFP4 by the recipe of torchao: block scales that never fall below the smallest normal one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.formats.block import BlockFormat
from analysis.formats.format import Format
from analysis.formats.scaling import FLOAT32_MAX

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class ClampedScalesFormat(BlockFormat):
    """scale = clamp(amax / (element maximum) / g, `smallest_scale`, largest scale), g = the tensor's scale or 1;
    elements are x times ((1 / g) / scale), in this order. Source: torchao nvfp4_quantize.
    """

    smallest_scale: float = 2.0**-6

    def _tensor_scale(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        import torch

        if not self.tensor_scale or self.scale is None:
            return torch.ones((), device=blocks.device), None
        largest = torch.where(torch.isfinite(blocks), blocks, 0).abs().max()
        shared = largest / (self.scale.max * self.element.reach)
        shared = torch.where(shared > 0, shared, 1)
        return (1 / shared).clamp(max=FLOAT32_MAX), shared

    def _scales(
        self, blocks: torch.Tensor, element: Format, choice: float, factor: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        amax = blocks.abs().amax(dim=-1)
        shared = self._tensor_scale(blocks)[1]
        wanted = amax / element.reach / (1 if shared is None else shared)
        return self._rounded(wanted.clamp(min=self.smallest_scale), torch.isfinite(amax))

    def _scaled(self, blocks: torch.Tensor, scales: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        import torch

        scales = scales.unsqueeze(-1)
        return torch.where(scales > 0, blocks * (factor / scales), 0)
