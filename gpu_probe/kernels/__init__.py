"""Every kernel, found by its module's KERNEL or KERNELS (a family's): adding a kernel is adding a file."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable

from gpu_probe.kernels.kernel import Kernel

__all__ = ["KERNELS", "Kernel", "get_kernels"]

_modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
_found = [module.KERNEL for module in _modules if hasattr(module, "KERNEL")]
_found += [kernel for module in _modules for kernel in getattr(module, "KERNELS", ())]
# The baseline of every ratio runs first, so that a run that is cut short can still be read.
KERNELS: dict[str, Kernel] = {
    kernel.name: kernel for kernel in sorted(_found, key=lambda kernel: kernel.name != "mm_bf16")
}


def get_kernels(names: Iterable[str]) -> list[Kernel]:
    """The kernels of those names; raises ValueError with the nearest known names."""
    chosen = []
    for name in names:
        if name not in KERNELS:
            near = difflib.get_close_matches(name, KERNELS, n=3, cutoff=0.5)
            advice = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(KERNELS)}"
            raise ValueError(f"unknown kernel '{name}'; {advice}")
        chosen.append(KERNELS[name])
    return chosen
