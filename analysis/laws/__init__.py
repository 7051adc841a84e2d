"""Every scaling law, found by its module's LAW: adding a law is adding a file."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from analysis.laws import power_law
from analysis.laws.law import Law
from analysis.laws.param import Param

__all__ = ["LAWS", "Law", "Param", "get_law"]

_modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
LAWS: dict[str, Law] = {module.LAW.name: module.LAW for module in _modules if hasattr(module, "LAW")}


def get_law(name: str) -> Law:
    """The law of that name, power_law:COLUMN included; raises ValueError with the nearest known names."""
    if name in LAWS:
        return LAWS[name]
    general, _, column = name.partition(":")
    if column and general == power_law.LAW.name:
        return power_law.over(column)
    near = difflib.get_close_matches(name, LAWS, n=3, cutoff=0.3) or list(LAWS)
    raise ValueError(f"unknown law '{name}'; did you mean {' or '.join(near)}?")
