"""What a user asks of a fit beyond the plain one, in words: the same words on the command line and on pages."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.commands.options import BadCall, option, said_in_the_call
from analysis.laws import Law
from analysis.laws.terms import Terms, on_terms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options; each may be given several times."""
    parser.add_argument("--weights", metavar="COLUMN", help="how much each run counts")
    many: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    for name, term in TERMS.items():
        parser.add_argument(f"--{name}", **many, type=option(term.read), metavar=term.form, help=term.does)
    parser.add_argument("--shared", **many, metavar="SYMBOL", help="one value for all formats but the baseline")
    parser.add_argument(
        "--grid", nargs="*", type=option(_grid), metavar="SYMBOL=V,V", help="start at all combinations (law's own else)"
    )


def law_of(args: argparse.Namespace) -> Law:
    """The law of the call on its terms; raises BadCall where they make no sense."""
    with said_in_the_call():
        return on_terms(args.law, Terms(dict(args.bounds), dict(args.per), tuple(args.shared), dict(args.tie)))


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """The weights and the grid of the call, as options of `fit`."""
    if args.grid is None:
        return {"weights": args.weights}
    unknown = [symbol for symbol, _ in args.grid if symbol not in {param.symbol for param in args.law.params}]
    if unknown:
        symbols = ", ".join(param.symbol for param in args.law.params)
        raise BadCall(f"law {args.law.name} has no parameter '{unknown[0]}'; it has {symbols}")
    return {"weights": args.weights, "grid": dict(args.grid)}


def listed(name: str, text: str) -> dict[str, Any]:
    """What 'alpha=0.1:0.9, E=1:2' asks of each symbol, for the term of that name; ValueError with what to write."""
    return dict(TERMS[name].read(part.strip()) for part in text.split(",") if part.strip())


def held_and_tied(text: str) -> tuple[dict[str, float], dict[str, str]]:
    """The values held and the symbols tied to others in 'alpha=beta, E=1.69'; ValueError with what to write."""
    fixed: dict[str, float] = {}
    tied: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        if not name or not value:
            raise ValueError(f"'{part}' is not SYMBOL=NUMBER or SYMBOL=SYMBOL; write for example E=1.69")
        numbers = _numbers([value])
        if numbers:
            fixed[name] = numbers[0]
        else:
            tied[name] = value
    return fixed, tied


def _bounds(text: str) -> tuple[str, tuple[float, float]]:
    """('alpha', (0.1, 0.9)) from 'alpha=0.1:0.9'."""
    symbol, _, ends = text.partition("=")
    low, _, high = ends.partition(":")
    numbers = _numbers([low, high])
    if not symbol or numbers is None:
        raise ValueError(f"'{text}' is not SYMBOL=LOW:HIGH; write for example alpha=0.1:0.9")
    return symbol.strip(), (numbers[0], numbers[1])


def _per(text: str) -> tuple[str, str]:
    """('E', 'family') from 'E=family'."""
    return _pair(text, "SYMBOL=COLUMN; write for example E=family")


def _tie(text: str) -> tuple[str, str]:
    """('alpha', 'beta') from 'alpha=beta'."""
    return _pair(text, "SYMBOL=SYMBOL; write for example alpha=beta")


def _pair(text: str, wanted: str) -> tuple[str, str]:
    symbol, _, other = (word.strip() for word in text.partition("="))
    if not symbol or not other:
        raise ValueError(f"'{text}' is not {wanted}")
    return symbol, other


def _grid(text: str) -> tuple[str, list[float]]:
    """('alpha', [0.0, 0.5]) from 'alpha=0,0.5'."""
    symbol, _, values = text.partition("=")
    numbers = _numbers(values.split(","))
    if not symbol or numbers is None:
        raise ValueError(f"'{text}' is not SYMBOL=VALUE,VALUE,...; write for example alpha=0.2,0.4,0.8")
    return symbol, numbers


def _numbers(words: list[str]) -> list[float] | None:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None


@dataclass(frozen=True)
class Term:
    """Words about one parameter: how they are read, their form, and what they ask for."""

    read: Callable[[str], tuple[str, Any]]
    form: str
    does: str


TERMS = {
    "bounds": Term(_bounds, "SYMBOL=LOW:HIGH", "search within"),
    "per": Term(_per, "SYMBOL=COLUMN", "one value for each of its"),
    "tie": Term(_tie, "SYMBOL=SYMBOL", "the first equals the second"),
}
