"""The tensors of safetensors files, packed ones decoded, read some rows at a time whatever the size of the file."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.commands.safetensors_header import Stored
from analysis.formats.arrays import as_tensor
from analysis.formats.packed import Packed, find_packed, unpacked

if TYPE_CHECKING:
    import torch

# Types of the header that hold real numbers of their own, against codes, flags and complex numbers.
FLOATS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")


@dataclass(frozen=True)
class Tensor:
    """One tensor of a checkpoint: its parts by suffix ("" for a plain one), and the layout that they follow, if any."""

    shape: tuple[int, ...]
    parts: dict[str, Stored]
    packed: Packed | None = None

    @property
    def columns(self) -> int:
        """Values along the last axis."""
        return self.shape[-1] if self.shape else 1

    @property
    def n_rows(self) -> int:
        """Vectors along the last axis."""
        return math.prod(self.shape[:-1]) if self.shape else 1

    @property
    def dtype(self) -> str:
        """The type of the header, or the format of a packed one."""
        return self.packed.layout.format if self.packed else self.parts[""].dtype

    @property
    def words(self) -> str:
        """Type and shape as people read them."""
        if self.packed is None:
            return self.parts[""].words
        return f"{self.dtype} [{', '.join(str(n) for n in self.shape)}], packed as {self.packed.layout.tool} does"

    @property
    def n_bytes(self) -> int:
        """Bytes that it takes in its files."""
        return sum(part.stop - part.start for part in self.parts.values())

    @property
    def is_float(self) -> bool:
        """True for real numbers, packed ones among them."""
        return self.packed is not None or self.dtype in FLOATS

    def alone(self) -> Tensor:
        """The same tensor without the bytes of others, to be sent somewhere."""
        return replace(self, parts={suffix: part.alone() for suffix, part in self.parts.items()})

    def rows(self, first: int = 0, count: int | None = None) -> torch.Tensor:
        """(count, columns) of its rows from number `first` on, in the stored type; float32 for a packed one.

        Raises ValueError for packed parts that do not fit together.
        """
        count = self.n_rows - first if count is None else count
        if self.packed is None:
            return self._part("", first, count).reshape(count, self.columns)
        if self.packed.problem:
            raise ValueError(f"{self.packed.problem}; export the tensor again")
        layout = self.packed.layout
        parts = {suffix: self._part(suffix, first, count) for suffix in (layout.codes, layout.scales)}
        if layout.tensor_scale is not None:
            parts[layout.tensor_scale] = self.parts[layout.tensor_scale].values()
        return as_tensor(layout.fmt.dequantize(unpacked(layout, parts)))[0].reshape(count, self.columns)

    def _part(self, suffix: str, first: int, count: int) -> torch.Tensor:
        """(count, ...) of the rows of a part; the codes of a blocked layout keep their axis of blocks."""
        stored = self.parts[suffix]
        if not stored.shape:
            return stored.values().reshape(1, 1)
        inner = stored.shape[len(self.shape) - 1 :]
        size = math.prod(inner)
        return stored.values(first * size, count * size).reshape(count, *inner)


def tensors_of(stored: dict[str, Stored]) -> dict[str, Tensor]:
    """Every tensor by name, in the order of the files; the parts of a packed one appear as the tensor they make."""
    packed = find_packed({name: (one.dtype, one.shape) for name, one in stored.items()})
    owners = {part: name for name, one in packed.items() for part in one.parts.values()}
    found: dict[str, Tensor] = {}
    for name, one in stored.items():
        if name not in owners:
            found[name] = Tensor(one.shape, {"": one})
        elif owners[name] not in found:
            group = packed[owners[name]]
            parts = {suffix: stored[part] for suffix, part in group.parts.items()}
            found[owners[name]] = Tensor(group.shape, parts, group)
    return found
