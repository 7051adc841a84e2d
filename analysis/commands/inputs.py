"""Files that the verbs read, the parameter values in them, and the JSON they print."""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from analysis.commands.options import assignments, said_in_the_call
from analysis.fits.bootstrap import Draws
from analysis.fits.checks import check_values
from analysis.laws.law import Law


def read_params(text: str, law: Law) -> tuple[dict[str, float], Draws | None]:
    """A law's values by symbol from SYMBOL=VALUE,... or a JSON file, and the bootstrap draws that the file holds.

    The output of `fit --json` is accepted as it is. Raises BadCall for wrong words in the call, ValueError with a
    sentence for a file that cannot be used.
    """
    if "=" in text and not os.path.exists(text):
        with said_in_the_call():
            values = assignments(text)
            check_values(law, values)
        return values, None
    document = read_json(text)
    recorded = document.get("draws")
    try:
        values = _values(document.get("params", document))
        check_values(law, values)
        return values, _draws(recorded, law) if recorded else None
    except ValueError as problem:
        raise ValueError(f"{text}: {problem}") from None


def _values(document: Any) -> dict[str, float]:
    advice = "write {'symbol': number, ...}"
    if not isinstance(document, dict):
        raise ValueError(f"the parameters are of type {type(document).__name__}; {advice}")
    values = {}
    for name, value in document.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{name} is {str(value)[:40]!r}, not a number; {advice}")
        try:
            values[name] = float(value)
        except OverflowError:
            raise ValueError(f"{name} is a number of {len(str(value))} digits; {advice}") from None
    return values


def _draws(recorded: Any, law: Law) -> Draws:
    advice = "keep them as fit --draws --json wrote them, or leave them out"
    try:
        values = {name: np.array(numbers, dtype=float) for name, numbers in recorded.items()}
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise ValueError(f"the draws are not lists of numbers by symbol; {advice}") from None
    if {numbers.ndim for numbers in values.values()} != {1} or len({len(numbers) for numbers in values.values()}) != 1:
        raise ValueError(f"the draws are not one list of the same length per symbol; {advice}")
    for end in (np.min, np.max):
        check_values(law, {name: float(end(numbers)) for name, numbers in values.items() if len(numbers)})
    return Draws(law, values)


def read_json(path: str) -> dict[str, Any]:
    """The JSON object in a file ('-' is standard input)."""
    content = content_of(path)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"{path} is not JSON ({problem})") from None
    if not isinstance(document, dict):
        raise ValueError(
            f"{path} holds JSON of type {type(document).__name__}; a JSON object of symbol: number is needed"
        )
    return document


def content_of(path: str) -> bytes:
    """The bytes of a file, or of standard input for '-'; ValueError with the reason when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as problem:
        raise ValueError(f"{path} cannot be read ({problem.strerror}); give the path of a file, or -") from None


def print_json(document: Any) -> None:
    """Prints one JSON document; numbers that are not finite become null."""
    print(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
