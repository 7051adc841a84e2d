"""What people call the columns of a table of runs, and what they call the formats in it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from results_db.importers.units import SUFFIXES

COLUMNS = {
    "run_id": "run id, run, run name, name, id, experiment",
    "family": "family, model family, sweep, series",
    "method": "method, recipe, algorithm, quantizer",
    "n_params": "n params, n, params, parameters, num params, num parameters, model size, size, model params, "
    "parameter count, params n, non embedding params, total params",
    "params_counted": "params counted, counted, params kind",
    "n_tokens": "n tokens, d, tokens, num tokens, training tokens, train tokens, tokens seen, dataset size, "
    "data size, token count, tokens d, tokens trained",
    "flops": "flops, c, compute, training flops, train flops, total flops, compute c, training compute",
    "loss": "loss, l, val loss, validation loss, eval loss, final loss, test loss, valid loss, final val loss, "
    "eval/loss, val/loss, validation/loss, cross entropy, nll",
    "loss_name": "loss name, loss kind, metric, eval set, loss dataset",
    "forward_format": "forward format, forward, fwd, fwd format, forward precision, precision, format, dtype, "
    "number format, fmt",
    "backward_format": "backward format, backward, bwd, bwd format, backward precision, gradient format",
    "weight_bits": "weight bits, w bits, wbits, bits w, weights bits",
    "activation_bits": "activation bits, a bits, abits, act bits, bits a, activations bits",
    "kv_bits": "kv bits, kv cache bits, bits kv",
    "gradient_bits": "gradient bits, grad bits, g bits, bits g",
    "exponent_bits": "exponent bits, e bits, exp bits",
    "mantissa_bits": "mantissa bits, m bits, man bits",
    "block_size": "block size, group size, block, groupsize, blocksize",
    "streams": "streams, p, parallel streams, n streams",
    "outlier": "outlier, excluded, is outlier",
    "note": "note, notes, comment, comments, remark, remarks",
    "locator": "locator, where, reference",
}
# Columns of the table that the store sets itself: an upload cannot claim to be published.
SET_BY_STORE = ("source_id", "dataset_id", "origin")
IGNORE = ""

FORMATS = {
    "bf16": "bf16, bfloat16, torch.bfloat16, brain float 16",
    "fp16": "fp16, float16, half, torch.float16, f16",
    "fp32": "fp32, float32, float, torch.float32, f32, single",
    "tf32": "tf32, tensorfloat32",
    "fp8": "fp8, float8",
    "e4m3": "e4m3, e4m3fn, float8 e4m3fn, torch.float8 e4m3fn, fp8 e4m3, float8 e4m3",
    "e5m2": "e5m2, float8 e5m2, torch.float8 e5m2, fp8 e5m2",
    "mxfp8": "mxfp8, mx fp8",
    "mxfp6": "mxfp6, mx fp6",
    "mxfp4": "mxfp4, mx fp4",
    "nvfp4": "nvfp4, nv fp4",
    "fp4": "fp4, float4",
    "e2m1": "e2m1, float4 e2m1fn, fp4 e2m1",
    "int8": "int8, i8, torch.int8",
    "int4": "int4, i4",
    "nf4": "nf4, normalfloat4",
}


@dataclass(frozen=True)
class Match:
    """One uploaded column: which of our columns it is ("" for none), how sure [0..1] and why, and its unit."""

    uploaded: str
    column: str
    confidence: float
    reason: str
    scale: float = 1.0


def squeezed(name: str) -> str:
    """A name as it is compared: lower case, words separated by one blank."""
    return re.sub(r"[\s_\-]+", " ", name.strip().lower()).strip()


def _table(entries: dict[str, str]) -> dict[str, str]:
    return {squeezed(alias): name for name, aliases in entries.items() for alias in aliases.split(",")}


_COLUMN_OF = _table(COLUMNS)
_FORMAT_OF = _table(FORMATS)


def match_column(uploaded: str) -> Match:
    """Which of our columns an uploaded header means."""
    word = squeezed(uploaded)
    if uploaded.strip() in COLUMNS:
        return Match(uploaded, uploaded.strip(), 1.0, "same name")
    if uploaded.strip() in SET_BY_STORE:
        return Match(uploaded, IGNORE, 1.0, "set by the store")
    if word in _COLUMN_OF:
        return Match(uploaded, _COLUMN_OF[word], 0.9, "known name")
    stem, unit = _with_unit(word)
    column = _COLUMN_OF.get(stem, "")
    if unit in SUFFIXES and column in ("n_params", "n_tokens"):
        return Match(uploaded, column, 0.7, f"known name, in {SUFFIXES[unit]:.0e}", SUFFIXES[unit])
    near = difflib.get_close_matches(word, [alias for alias in _COLUMN_OF if len(alias) > 3], n=1, cutoff=0.8)
    if near:
        return Match(uploaded, _COLUMN_OF[near[0]], 0.5, f"similar to {near[0]}")
    return Match(uploaded, IGNORE, 0.0, "not known")


def _with_unit(word: str) -> tuple[str, str]:
    """A header and the unit at its end: 'params (b)', 'tokens [t]', 'params b', 'tokens in billions'."""
    found = re.fullmatch(r"(.+?)\s*(?:[(\[]\s*(\w+)\s*[)\]]|\s(?:in )?(\w+))", word)
    return (found[1].strip(), found[2] or found[3]) if found else (word, "")


def canonical_format(name: str) -> str:
    """Our name of a number format when it is a known alias (BFloat16 -> bf16), else the name as written."""
    return _FORMAT_OF.get(squeezed(name), name.strip())
