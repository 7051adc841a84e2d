"""What each column of an uploaded table of runs may hold: one rule per column, from the cell's text to its value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from results_db.importers.format_names import canonical_format, squeezed
from results_db.importers.units import advice_for_number, parse_count, parse_number

REQUIRED = ("n_params", "n_tokens", "loss")
HIGHEST_LOSS = 20.0  # a loss of ln(vocabulary) is at most 13; beyond this it is a perplexity or another unit
MISSING = {"", "-", "na", "n/a", "null", "none", "nan"}
_YES, _NO = {"true", "yes", "1", "y", "t"}, {"false", "no", "0", "n", "f"}
# The parts of a model whose parameters some laws count.
PARTS = ("average_params", "vocab_params", "non_vocab_params", "encoder_params", "decoder_params")
# Column -> the least and the most that it may say.
RANGES = {
    "n_params": (100, 1e16),
    "n_tokens": (1000, 1e19),
    "flops": (1e6, 1e35),
    "loss": (math.ulp(0), HIGHEST_LOSS),
    **dict.fromkeys(("weight_bits", "activation_bits", "kv_bits", "gradient_bits"), (0, 64)),
    **dict.fromkeys(("exponent_bits", "mantissa_bits"), (0, 64)),
    "block_size": (1, 1e9),
    "streams": (1, 1e6),
    "learning_rate": (1e-12, 1e3),
    **dict.fromkeys(("batch_tokens", "steps", "critical_batch"), (1, 1e15)),
    "unique_tokens": (1000, 1e19),
    **dict.fromkeys(PARTS, (1, 1e16)),
    "granularity": (1e-3, 1e6),
    **dict.fromkeys(("loss_increase", "unigram_gain"), (math.ulp(0), HIGHEST_LOSS)),
    **dict.fromkeys(("error_rate", "low_precision_share", "sparsity", "activation_ratio"), (0, 1)),
    "post_bits": (0, 64),
    "weight": (0, 1e12),
}
# Columns whose numbers may have a suffix, such as 20B, and how to write one.
EXAMPLES = {
    "n_params": "1.3e9 or 1.3B",
    "n_tokens": "2e10 or 20B",
    "flops": "6e21",
    "batch_tokens": "500k",
    "steps": "10k",
    "critical_batch": "2M",
    "unique_tokens": "2e10 or 20B",
    **dict.fromkeys(PARTS, "1.3e9 or 1.3B"),
}
COUNTS = tuple(EXAMPLES)
# Column -> the most characters of its text.
LENGTHS = {
    **dict.fromkeys(("run_id", "family", "method", "loss_name", "fit_group", "caution"), 200),
    "note": 2000,
    "locator": 500,
}
_COUNTED = {"total": "total", "all": "total", "non embedding": "non_embedding", "nonembedding": "non_embedding"}

Rule = Callable[[str, float], Any]


def is_missing(text: str) -> bool:
    """True for a cell that says it has no value."""
    return text.strip().lower() in MISSING


def count(least: float, most: float, example: str) -> Rule:
    """A rule for counts with suffixes (20B), in the header's unit, from `least` to `most`."""

    def rule(text: str, scale: float) -> float:
        value = parse_count(text)
        if value is None:
            raise ValueError(advice_for_number(text, count=True))
        if scale != 1.0 and value == parse_number(text):
            value = float(f"{value * scale:.15g}")
        if not math.isfinite(value):
            raise ValueError(f"write a finite count such as {example}, or delete the row")
        if value <= 0:
            raise ValueError(f"write a count above 0, such as {example}")
        if not least <= value <= most:
            meant = "" if value == parse_number(text) else f"that means {value:g}; "
            raise ValueError(f"{meant}write a count from {least:g} to {most:g} with its unit, such as {example}")
        return value

    return rule


def loss(text: str, scale: float) -> float:
    """The final loss [nats per token]."""
    value = parse_number(text)
    if value is None:
        raise ValueError(advice_for_number(text, count=False))
    if not math.isfinite(value):
        raise ValueError("write the finite final loss of the run, such as 2.91, or delete the row")
    if value <= 0:
        raise ValueError("write the final loss in nats per token, a number above 0 such as 2.91")
    if value > HIGHEST_LOSS:
        raise ValueError(
            f"losses are in nats per token, up to {HIGHEST_LOSS:g}; if this is a perplexity, write its logarithm, "
            f"{math.log(value):.4g}"
        )
    return value


def number(least: float, most: float) -> Rule:
    """A rule for plain numbers from `least` to `most`."""

    def rule(text: str, scale: float) -> float:
        value = parse_number(text)
        if value is None:
            raise ValueError(f"write a plain number from {least:g} to {most:g}")
        if not least <= value <= most:
            raise ValueError(f"write a number from {least:g} to {most:g}")
        return value

    return rule


def words(longest: int, lines: bool = False) -> Rule:
    """A rule for text of at most `longest` characters, on one line unless `lines`."""

    def rule(text: str, scale: float) -> str:
        text = re.sub(r"\r\n?", "\n", text.strip()) if lines else " ".join(text.split())
        if len(text) > longest:
            raise ValueError(f"the text has {len(text)} characters; at most {longest} are kept, shorten it")
        hidden = next((c for c in text if not c.isprintable() and c not in "\n\t"), None)
        if hidden:
            raise ValueError(f"remove the invisible character U+{ord(hidden):04X}")
        return text

    return rule


def format_rule(meant: Mapping[str, str]) -> Rule:
    """A rule for names of number formats and methods; known aliases become our name (BFloat16 -> bf16).

    `meant` says what a name stands for where it may be several formats, by the name as `squeezed` gives it.
    """

    def rule(text: str, scale: float) -> str:
        name = words(60)(text, scale)
        return meant.get(squeezed(name)) or canonical_format(name)

    return rule


def counted(text: str, scale: float) -> str:
    """total or non_embedding."""
    if squeezed(text) not in _COUNTED:
        raise ValueError("write total or non_embedding")
    return _COUNTED[squeezed(text)]


def yes_or_no(text: str, scale: float) -> bool:
    """True or False."""
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError("write true or false")
    return word in _YES


RULES: dict[str, Rule] = {
    "run_id": words(LENGTHS["run_id"]),
    "family": words(LENGTHS["family"]),
    "method": words(LENGTHS["method"]),
    **{name: count(*RANGES[name], example) for name, example in EXAMPLES.items()},
    "params_counted": counted,
    "loss": loss,
    "loss_name": words(LENGTHS["loss_name"]),
    "forward_format": format_rule({}),
    "backward_format": format_rule({}),
    **{name: number(*ends) for name, ends in RANGES.items() if name not in (*EXAMPLES, "loss")},
    "outlier": yes_or_no,
    "fit_group": words(LENGTHS["fit_group"]),
    "caution": words(LENGTHS["caution"]),
    "note": words(LENGTHS["note"], lines=True),
    "locator": words(LENGTHS["locator"]),
}
TYPES: dict[str, str] = dict.fromkeys(RULES, "str") | {"outlier": "bool"} | dict.fromkeys(RANGES, "float64")
