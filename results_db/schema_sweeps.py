"""Tables of published sweeps, version 9: learning rate and batch size, and mixtures of data."""

from __future__ import annotations

from results_db.schema import Table, positive
from results_db.schema_facts import LOCATOR, SOURCE

LR_BATCH_RUNS = Table(
    "lr_batch_runs",
    "training runs that differ in learning rate and batch size only, at each size and amount of data",
    (
        SOURCE,
        ("model", "VARCHAR NOT NULL", "shape of the model; runs of one shape and n_tokens are one grid"),
        ("n_params", "DOUBLE NOT NULL", "model parameters N without embeddings [count]"),
        ("n_tokens", "DOUBLE NOT NULL", "training tokens D [count]"),
        ("learning_rate", "DOUBLE NOT NULL", "peak learning rate [1]"),
        ("batch_tokens", "DOUBLE NOT NULL", "tokens per step [count]"),
        ("loss", "DOUBLE NOT NULL", "final training loss, smoothed by the source [nats per token]"),
        LOCATOR,
    ),
    (
        "PRIMARY KEY (source_id, model, n_tokens, learning_rate, batch_tokens)",
        *positive("n_params", "n_tokens", "learning_rate", "batch_tokens", "loss"),
    ),
)

MIXTURE_RUNS = Table(
    "mixture_runs",
    "training runs that differ in the mixture of their data only, one domain a row",
    (
        SOURCE,
        ("series", "VARCHAR NOT NULL", "runs of one size and one amount of data"),
        ("run_id", "VARCHAR NOT NULL", "name of the run, unique within its series"),
        ("n_params", "DOUBLE NOT NULL", "model parameters N as the source names them [count]"),
        ("n_tokens", "DOUBLE", "training tokens D [count]; NULL: not stated in the text read"),
        ("domain", "VARCHAR NOT NULL", "domain of data"),
        (
            "share",
            "DOUBLE NOT NULL",
            "share of the domain in the training tokens [1]; those of a run add up to 1 within rounding",
        ),
        ("loss", "DOUBLE", "validation loss on the domain [nats per token]; NULL: not measured"),
        LOCATOR,
    ),
    (
        "PRIMARY KEY (source_id, series, run_id, domain)",
        *positive("n_params", "n_tokens", "loss"),
        "CHECK (share BETWEEN 0 AND 1)",
    ),
)
