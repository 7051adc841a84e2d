"""Numbers as people write them in tables: 20B, 1.3e9, 1.3 billion, 4.2T, 350M."""

from __future__ import annotations

import math
import re

SUFFIXES = {
    "k": 1e3, "thousand": 1e3,
    "m": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6,
    "b": 1e9, "bn": 1e9, "billion": 1e9, "billions": 1e9,
    "t": 1e12, "tn": 1e12, "trillion": 1e12, "trillions": 1e12,
}  # fmt: skip
SCALES = {1e3: "thousands", 1e6: "millions", 1e9: "billions", 1e12: "trillions"}
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"  # not \d: digits of other scripts look alike
_PLAIN = re.compile(rf"{_NUMBER}|[+-]?(?i:nan|inf|infinity)")
_COUNT = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<suffix>[A-Za-z]+)?")
_GROUPED = re.compile("[+-]?\\d{1,3}(?:[,_' \u00a0\u2009\u202f]\\d{3})+(?:\\.\\d+)?")
_POWER = re.compile(rf"(?P<number>{_NUMBER})\s*[x×·*]\s*10\s*(?:\^|\*\*)?\s*(?P<power>[0-9]{{1,2}})")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


def parse_number(text: str) -> float | None:
    """The number a cell says, None when it says none; NaN and inf are numbers here, and refused later."""
    word = text.strip()
    return float(word) if _PLAIN.fullmatch(word) else None


def parse_count(text: str) -> float | None:
    """The count a cell says, with or without a suffix (20B, 1.3 billion, 4.2T); None when it says none."""
    plain = parse_number(text)
    if plain is not None:
        return plain
    found = _COUNT.fullmatch(text.strip())
    if found is None or (found["suffix"] or "").lower() not in SUFFIXES:
        return None
    return float(f"{float(found['number']) * SUFFIXES[found['suffix'].lower()]:.15g}")


def advice_for_number(text: str, count: bool) -> str:
    """What to write instead of a cell that is no number, in terms of that cell where it can be guessed."""
    word = text.strip()
    if _GROUPED.fullmatch(word) and count:
        return f"write {re.sub('[^0-9.+-]', '', word)}, without separators between thousands"
    if _DECIMAL_COMMA.fullmatch(word):
        return f"write {word.replace(',', '.')}, with a decimal point"
    if not count:
        return "write a number such as 2.91"
    power = _POWER.fullmatch(word.translate(_RAISED))
    if power:
        return f"write {power['number']}e{power['power']}"
    found = _COUNT.match(word)
    guess = parse_count(found[0]) if found and not re.search(r"\d", word[found.end() :]) else None
    if guess is None or not math.isfinite(guess) or guess <= 0:
        return "write a count such as 2e10, 20B or 20000000000"
    return f"write {_scientific(guess)}, {_suffixed(guess)} or {guess:.0f}"


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.6e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _suffixed(value: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.10g}{letter}"
    return f"{value:.10g}"
