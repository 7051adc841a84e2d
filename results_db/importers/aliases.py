"""What people call the columns of a table of runs."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from results_db.importers.format_names import squeezed
from results_db.importers.units import SCALES, SUFFIXES

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
    "eval/loss, val/loss, validation/loss, cross entropy, nll, train loss, training loss, train/loss, ppl, perplexity, "
    "val ppl, val perplexity, validation perplexity, eval perplexity, val/ppl, val/perplexity, eval/perplexity, bpb, "
    "val bpb, val/bpb, bits per byte, bits per token",
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
    "learning_rate": "learning rate, lr, peak learning rate, peak lr, max lr, max learning rate",
    "batch_tokens": "batch tokens, tokens per step, tokens per batch, batch size tokens, batch in tokens, "
    "global batch tokens",
    "steps": "steps, n steps, num steps, training steps, train steps, optimizer steps",
    "critical_batch": "critical batch, critical batch size",
    "unique_tokens": "unique tokens, distinct tokens, different tokens",
    "average_params": "average params, average parameters, mean params",
    "vocab_params": "vocab params, vocabulary parameters, embedding params",
    "non_vocab_params": "non vocab params, non vocabulary parameters",
    "encoder_params": "encoder params, encoder parameters",
    "decoder_params": "decoder params, decoder parameters",
    "granularity": "granularity, expert granularity",
    "loss_increase": "loss increase, added loss, loss degradation, delta loss, quantization loss increase",
    "unigram_gain": "unigram gain",
    "error_rate": "error rate, error, average error, avg error, mean error, task error, downstream error, top 1 error",
    "low_precision_share": "low precision share, low precision ratio, quantization ratio, quantized share",
    "sparsity": "sparsity, expert sparsity",
    "activation_ratio": "activation ratio, active neurons",
    "post_bits": "post bits, ptq bits, bits after training, post training bits",
    "weight": "weight, run weight, fit weight",
    "outlier": "outlier, excluded, is outlier",
    "fit_group": "fit group, fitted with",
    "caution": "caution, cautions",
    "note": "note, notes, comment, comments, remark, remarks",
    "locator": "locator, where, reference",
}
# Names of losses that stand back where the table has a validation loss in our unit too.
_SECOND_CHOICE = re.compile(r"train(ing)?[ /]loss|ppl|perplexity|bpb|bits per (byte|token)")
# Names whose unit the user must confirm: a batch may be counted in sequences.
_UNIT_UNSAID = dict.fromkeys(
    ("batch", "batch size", "global batch", "global batch size"), ("batch_tokens", "in tokens")
)
# Columns of the table that the store sets itself: an upload cannot claim to be published.
SET_BY_STORE = ("source_id", "dataset_id", "origin")
IGNORE = ""


@dataclass(frozen=True)
class Match:
    """One uploaded column: which of our columns it is ("" for none), how sure [0..1] and why, and its unit."""

    uploaded: str
    column: str
    confidence: float
    reason: str
    scale: float = 1.0


def _table(entries: dict[str, str]) -> dict[str, str]:
    return {squeezed(alias): name for name, aliases in entries.items() for alias in aliases.split(",")}


_COLUMN_OF = _table(COLUMNS)


def match_column(uploaded: str) -> Match:
    """Which of our columns an uploaded header means."""
    word = squeezed(uploaded)
    if uploaded.strip() in COLUMNS:
        return Match(uploaded, uploaded.strip(), 1.0, "same name")
    if uploaded.strip() in SET_BY_STORE:
        return Match(uploaded, IGNORE, 1.0, "set by the store")
    if word in _COLUMN_OF:
        return Match(uploaded, _COLUMN_OF[word], 0.8 if _SECOND_CHOICE.search(word) else 0.9, "known name")
    if word in _UNIT_UNSAID:
        return Match(uploaded, _UNIT_UNSAID[word][0], 0.5, _UNIT_UNSAID[word][1])
    stem, unit = _with_unit(word)
    column = _COLUMN_OF.get(stem, "")
    if unit in SUFFIXES and column in ("n_params", "n_tokens"):
        return Match(uploaded, column, 0.7, f"known name, in {SCALES[SUFFIXES[unit]]}", SUFFIXES[unit])
    near = difflib.get_close_matches(word, [alias for alias in _COLUMN_OF if len(alias) > 3], n=1, cutoff=0.8)
    if near:
        return Match(uploaded, _COLUMN_OF[near[0]], 0.5, f"similar to {near[0]}")
    return Match(uploaded, IGNORE, 0.0, "not known")


def _with_unit(word: str) -> tuple[str, str]:
    """A header and the unit at its end: 'params (b)', 'tokens [t]', 'params b', 'tokens in billions'."""
    found = re.fullmatch(r"(.+?)\s*(?:[(\[]\s*(\w+)\s*[)\]]|\s(?:in )?(\w+))", word)
    return (found[1].strip(), found[2] or found[3]) if found else (word, "")
