"""What version 8 adds to runs: the numbers that laws read or predict of a run besides its size, tokens and loss."""

from __future__ import annotations

from dataclasses import replace

from results_db.schema import RUNS, positive
from results_db.schema_cautions import RUN_COLUMNS

_POSITIVE = (
    ("learning_rate", "peak learning rate [1]"),
    ("batch_tokens", "tokens per step [count]"),
    ("steps", "optimizer steps [count]"),
    ("critical_batch", "critical batch size at this loss [tokens]"),
    ("unique_tokens", "different tokens among n_tokens [count]; NULL: all"),
    ("average_params", "parameters on average over training, for models pruned meanwhile [count]"),
    ("vocab_params", "parameters of the vocabulary [count]"),
    ("non_vocab_params", "parameters outside the vocabulary [count]"),
    ("encoder_params", "parameters of the encoder [count]"),
    ("decoder_params", "parameters of the decoder [count]"),
    ("granularity", "granularity of the experts G [1]"),
    ("loss_increase", "what quantization adds to the loss [nats per token]"),
    ("unigram_gain", "gain of the loss over single token frequencies [nats per token]"),
)
_SHARES = (
    ("error_rate", "average error on a suite of tasks [1]; which suite: caution or note"),
    ("low_precision_share", "share of the parameters in low precision [1]"),
    ("sparsity", "share of the experts that sleep [1]"),
    ("activation_ratio", "share of the neurons that are active [1]"),
)
_WEIGHT = (("weight", "how often the run counts in a fit that takes weights [1]"),)
_BITS = (("post_bits", "bits per weight after quantization that follows training [bit]"),)
LAW_COLUMNS = tuple((name, "DOUBLE", comment) for name, comment in (*_POSITIVE, *_SHARES, *_BITS, *_WEIGHT))

RUNS_V8 = replace(
    RUNS,
    columns=(*RUNS.columns, *RUN_COLUMNS, *LAW_COLUMNS),
    constraints=(
        *RUNS.constraints,
        *positive(*(name for name, _ in _POSITIVE)),
        *(f"CHECK ({name} BETWEEN 0 AND 1)" for name, _ in _SHARES),
        *(f"CHECK ({name} BETWEEN 0 AND 64)" for name, _ in _BITS),
        *(f"CHECK (isfinite({name}) AND {name} >= 0)" for name, _ in _WEIGHT),
    ),
)
