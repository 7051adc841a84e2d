"""Values of options: what a call can get wrong whatever its files hold (exit code 2)."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from analysis.formats import get_format
from analysis.formats.error import fmt_signed

Value = TypeVar("Value")


class BadCall(ValueError):
    """Options that do not go together or do not exist; the sentence says what to write."""


@contextmanager
def said_in_the_call() -> Generator[None]:
    """Inside, a ValueError is about the words of the call, not about a file: it becomes a BadCall."""
    try:
        yield
    except ValueError as problem:
        raise BadCall(str(problem)) from None


def option(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """`read` as an argparse type, whose ValueError is the message of the bad call."""

    def checked(text: str) -> Value:
        try:
            return read(text)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return checked


def above_zero(text: str) -> float:
    """A finite number above 0."""
    value = _number(text)
    if not value > 0:
        raise ValueError(f"'{text}' is not a finite number above 0; write for example 1e9")
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        value = _number(text)
        if not (low <= value <= high and value == int(value)):
            raise ValueError(f"'{text}' is not a whole number from {low} to {high}")
        return int(value)

    return read


def assignment(text: str) -> tuple[str, float]:
    """('A', 482.0) from 'A=482'; raises ValueError with what to write."""
    name, _, number = text.partition("=")
    value = _number(number)
    if not name.strip() or not math.isfinite(value):
        raise ValueError(f"'{text}' is not SYMBOL=NUMBER; write for example A=482.0")
    return name.strip(), value


def assignments(text: str) -> dict[str, float]:
    """{'A': 482.0, 'E': 1.8} from 'A=482,E=1.8'."""
    return dict(assignment(part) for part in text.split(",") if part.strip())


def tensor_formats(text: str) -> tuple[str, ...]:
    """('mxfp4', 'nvfp4') from 'mxfp4,nvfp4': names of formats that hold tensors."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ValueError("name at least one format, such as mxfp4")
    for name in names:
        if not fmt_signed(get_format(name)):
            raise ValueError(f"{name} is a scale format without sign; choose formats for tensors, such as mxfp4")
    return names


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
