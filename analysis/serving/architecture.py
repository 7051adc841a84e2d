"""What a transformer is made of: parameters by part, and what its cache holds for a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

KEY_AND_VALUE = 2
PARTS = ("embeddings", "attention", "dense feed-forward", "experts", "shared experts", "routers", "norms")


@dataclass(frozen=True)
class Architecture:
    """The shape of a decoder-only transformer; the names are those of the store's table `models`.

    `n_experts` routed experts in all layers but the first `n_dense_layers`; 0 experts: every layer is dense.
    `attention` mla caches a latent of kv_lora_rank and a rotary key of qk_rope_head_dim. Layers beyond
    `full_attention_layers` see only `sliding_window` tokens. `stated_params` is the count its source prints.
    """

    name: str
    layers: int
    d_model: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    d_ff: int
    vocab: int
    mlp_matrices: int = 3
    tied_embeddings: bool = False
    learned_positions: int = 0
    attention: str = "gqa"
    n_experts: int = 0
    n_experts_active: int = 0
    d_ff_expert: int = 0
    n_shared_experts: int = 0
    n_dense_layers: int = 0
    kv_lora_rank: int = 0
    qk_rope_head_dim: int = 0
    qk_nope_head_dim: int = 0
    v_head_dim: int = 0
    q_lora_rank: int = 0
    sliding_window: int = 0
    full_attention_layers: int | None = None
    max_context: int | None = None
    stated_params: int | None = None

    @property
    def moe_layers(self) -> int:
        """Layers with routed experts."""
        return self.layers - self.n_dense_layers if self.n_experts else 0

    @property
    def global_layers(self) -> int:
        """Layers that attend to the whole context."""
        return self.layers if self.full_attention_layers is None else self.full_attention_layers

    @property
    def query_width(self) -> int:
        """Elements of a token's queries, all heads."""
        return self.n_heads * (self.head_dim if self.attention != "mla" else self.mla_key_dim)

    @property
    def value_width(self) -> int:
        """Elements that the attention of a token returns, all heads."""
        return self.n_heads * (self.head_dim if self.attention != "mla" else self.v_head_dim)

    @property
    def mla_key_dim(self) -> int:
        """Size of a head's key under MLA."""
        return self.qk_nope_head_dim + self.qk_rope_head_dim

    @property
    def params(self) -> dict[str, int]:
        """Parameters by part [count] (PARTS)."""
        d = self.d_model
        dense = self.layers - self.moe_layers
        shared = self.n_shared_experts * self.d_ff_expert
        return dict(
            zip(
                PARTS,
                (
                    self.vocab * d * (1 if self.tied_embeddings else 2) + self.learned_positions * d,
                    self.layers * self.attention_params,
                    dense * self.mlp_matrices * d * self.d_ff,
                    self.moe_layers * self.n_experts * self.expert_params,
                    self.moe_layers * self.mlp_matrices * d * shared,
                    self.moe_layers * d * self.n_experts,
                    (2 * self.layers + 1) * d,
                ),
                strict=True,
            )
        )

    @property
    def expert_params(self) -> int:
        """Parameters of one routed expert of one layer."""
        return self.mlp_matrices * self.d_model * self.d_ff_expert

    @property
    def attention_params(self) -> int:
        """Parameters of one layer's attention."""
        return sum(rows * columns for _, rows, columns in self.attention_matrices)

    @property
    def attention_matrices(self) -> tuple[tuple[str, int, int], ...]:
        """The weight matrices of one layer's attention: name, inputs, outputs.

        MLA: DeepSeek-V2, arXiv 2405.04434, equations 9 to 19.
        """
        d = self.d_model
        if self.attention != "mla":
            kv = KEY_AND_VALUE * self.n_kv_heads * self.head_dim
            return (("query", d, self.query_width), ("key and value", d, kv), ("attention output", self.value_width, d))
        rank = self.q_lora_rank
        down = (("query down", d, rank), ("query up", rank, self.query_width))
        return (
            *(down if rank else (("query", d, self.query_width),)),
            ("latent", d, self.kv_lora_rank + self.qk_rope_head_dim),
            ("key and value up", self.kv_lora_rank, self.n_heads * (self.qk_nope_head_dim + self.v_head_dim)),
            ("attention output", self.value_width, d),
        )

    @property
    def n_params(self) -> float:
        """All parameters: as its source prints them, else the sum of the parts."""
        return float(self.stated_params or sum(self.params.values()))

    @property
    def active_params(self) -> float:
        """Parameters that a token passes through: all but the routed experts that it is not sent to."""
        idle = self.moe_layers * (self.n_experts - self.n_experts_active) * self.expert_params
        return self.n_params * (1 - idle / sum(self.params.values()))

    @property
    def cached_per_token(self) -> int:
        """Elements that one layer's cache holds for a token: keys and values, or under MLA the latent.

        MHA, GQA, MQA: 2 x KV heads x head size (Ainslie et al. 2023, arXiv 2305.13245). MLA: kv_lora_rank +
        qk_rope_head_dim (DeepSeek-V2, arXiv 2405.04434, section 2.1.4).
        """
        if self.attention == "mla":
            return self.kv_lora_rank + self.qk_rope_head_dim
        return KEY_AND_VALUE * self.n_kv_heads * self.head_dim

    def cached_elements(self, context: np.ndarray | float) -> np.ndarray:
        """Elements in the cache of one sequence of `context` tokens: layers with a window stop at it."""
        tokens = np.asarray(context, float)
        windowed = (self.layers - self.global_layers) * np.minimum(tokens, self.sliding_window or np.inf)
        return self.cached_per_token * (self.global_layers * tokens + windowed)


_REQUIRED = ("layers", "d_model", "n_heads", "n_kv_heads", "head_dim", "vocab")
_OPTIONAL = (
    *("d_ff", "n_experts", "n_experts_active", "d_ff_expert", "n_shared_experts", "n_dense_layers"),
    *("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "q_lora_rank", "learned_positions"),
    "sliding_window",
)


def of_row(row: Mapping[str, Any]) -> Architecture:
    """The architecture in a row of the table `models`. Raises ValueError naming a cell that is needed and empty."""
    known = {name: value for name, value in row.items() if not pd.isna(value)}
    for name in _REQUIRED:
        if name not in known:
            raise ValueError(f"model {row.get('model', '?')}: {name} is empty; a count is needed to size it")
    full = known.get("full_attention_layers")
    longest = known.get("max_context")
    return Architecture(
        name=str(row["model"]),
        **{name: int(known[name]) for name in _REQUIRED},
        **{"d_ff": 0} | {name: int(known[name]) for name in _OPTIONAL if name in known},
        mlp_matrices=int(known.get("mlp_matrices", 3)),
        tied_embeddings=bool(known.get("tied_embeddings", False)),
        attention=str(known.get("attention", "gqa")),
        full_attention_layers=None if full is None else int(full),
        max_context=None if longest is None else int(longest),
        stated_params=round(float(known["params_total_b"]) * 1e9) if "params_total_b" in known else None,
    )
