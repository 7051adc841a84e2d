"""The columns that laws read or predict: words and unit for an axis, and where their values usually lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column of runs: `usual` spans the values that forms offer and samples take, None where values are names.

    `whole` values are counts or bits; `zero` columns may hold 0, all others only numbers above it; what is beyond the
    rows lies below them where a column `falls` as models get better.
    """

    words: str
    unit: str = ""
    usual: tuple[float, float] | None = None
    whole: bool = False
    zero: bool = False
    falls: bool = False

    @property
    def label(self) -> str:
        """The words with the unit, as an axis title has them."""
        return f"{self.words} [{self.unit}]" if self.unit else self.words

    def read(self, values: Any, absent: float | None = None) -> np.ndarray:
        """The values as an array: numbers as floats, `absent` in place of missing ones where it is given."""
        if not self.usual:
            return np.asarray(values)
        numbers = (
            values.to_numpy(float, na_value=np.nan) if isinstance(values, pd.Series) else np.asarray(values, float)
        )
        return numbers if absent is None else np.where(np.isnan(numbers), absent, numbers)


def column_of(name: str) -> Column:
    """The column of that name; one that is not listed holds names."""
    return COLUMNS.get(name, Column(name))


COLUMNS = {
    # what runs are
    "n_params": Column("model parameters N", usual=(1e7, 1e10)),
    "n_tokens": Column("training tokens D", usual=(10**8.5, 10**11.5)),
    "flops": Column("training compute C", "FLOPs", (1e17, 1e22)),
    "forward_format": Column("forward format"),
    "backward_format": Column("backward format"),
    "weight_bits": Column("weight bits in training", usual=(3, 16), whole=True),
    "activation_bits": Column("activation bits in training", usual=(3, 16), whole=True),
    "kv_bits": Column("KV-cache bits in training", usual=(3, 16), whole=True),
    "post_bits": Column("weight bits after training", usual=(2, 16), whole=True),
    "exponent_bits": Column("exponent bits", usual=(1, 5), whole=True, zero=True),
    "mantissa_bits": Column("mantissa bits", usual=(1, 7), whole=True, zero=True),
    "block_size": Column("elements per scale", usual=(16, 256), whole=True),
    "steps": Column("optimizer steps S", usual=(1e3, 1e6)),
    "batch_tokens": Column("tokens per step", usual=(1e4, 1e7)),
    "bits": Column("bits per value", usual=(2, 16), whole=True),
    "low_precision_share": Column("share of the parameters in low precision Q_r", usual=(0.05, 1), zero=True),
    # points of loss curves
    "curve_id": Column("curve"),
    "step": Column("step", usual=(1, 1e5), whole=True, zero=True),
    "learning_rate": Column("learning rate", usual=(1e-5, 1e-3), zero=True),
    "warmup_steps": Column("warm-up steps", usual=(1, 5e3), whole=True, zero=True),
    # size and data of particular designs
    "unique_tokens": Column("unique tokens U", usual=(1e9, 1e11)),
    "streams": Column("parallel streams P", usual=(1, 16), whole=True),
    "average_params": Column("parameters on average over training", usual=(1e7, 1e10)),
    "granularity": Column("granularity of the experts G", usual=(1, 32), whole=True),
    "sparsity": Column("share of the experts that sleep S", usual=(0.3, 0.97), zero=True),
    "non_vocab_params": Column("parameters outside the vocabulary", usual=(1e7, 1e10)),
    "vocab_params": Column("parameters of the vocabulary", usual=(1e6, 1e9)),
    "encoder_params": Column("parameters of the encoder", usual=(1e7, 1e10)),
    "decoder_params": Column("parameters of the decoder", usual=(1e7, 1e10)),
    "image_tokens": Column("tokens of an image or a video", usual=(49, 5e4), whole=True),
    "method": Column("method, or mixture of the data"),
    "amount": Column("amount of what is scaled", usual=(1e7, 1e11)),
    # answering and reinforcement learning
    "samples": Column("samples per problem", usual=(1, 1e4), whole=True),
    "prompt_tokens": Column("tokens of the prompt", usual=(1e2, 1e5), whole=True),
    "generated_tokens": Column("tokens of an answer", usual=(1e2, 1e5), whole=True),
    "query_heads": Column("heads of queries", usual=(16, 64), whole=True),
    "kv_heads": Column("heads of keys and values", usual=(2, 16), whole=True),
    "head_size": Column("size of a head", usual=(64, 256), whole=True),
    "layers": Column("layers", usual=(12, 96), whole=True),
    "cache_bits": Column("bits per element of the KV cache", usual=(2, 16), whole=True),
    "gpu_hours": Column("compute of reinforcement learning", "GPU-hours", (1e2, 1e5)),
    "start_pass_rate": Column("pass rate before training", usual=(0.05, 0.35), zero=True),
    "rl_resource": Column("compute or samples of reinforcement learning X", usual=(1e2, 1e6)),
    "model": Column("model"),
    # what laws predict
    "loss": Column("loss", "nats/token", (1.0, 6.0), falls=True),
    "loss_increase": Column("loss increase", "nats/token", (1e-3, 1.0)),
    "critical_batch": Column("critical batch size", "tokens", (1e5, 1e8)),
    "error_rate": Column("average error on tasks", usual=(0.2, 0.9)),
    "activation_ratio": Column("share of neurons that are active", usual=(0.03, 0.6)),
    "unigram_gain": Column("gain over single token frequencies", "nats/token", (1.0, 5.5)),
    "coverage": Column("coverage: share of problems with a right sample", usual=(0.01, 1)),
    "accuracy": Column("share of accepted answers that are right", usual=(0.05, 1)),
    "eflops": Column("cost of an answer", "eFLOPs", (1e12, 1e18)),
    "score": Column("score", usual=(0.05, 1)),
    "translation_score": Column("quality of a translation", "BLEU", (5, 50)),
    "pass_rate": Column("pass rate of single samples", usual=(0.05, 0.9)),
    "failure_rate": Column("failure rate: 1 - pass rate", usual=(0.05, 1)),
}
