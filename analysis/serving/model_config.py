"""A model of one's own: its architecture from the text of a config.json, which nobody vouches for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from analysis.serving.architecture import Architecture

MOST_CHARACTERS = 1_000_000
MOST = 10**8  # no count in a config is larger
MOST_LAYERS = 10_000

# Our name -> what families of configurations call it, the first that is there counts.
_NAMES = {
    "layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "d_model": ("hidden_size", "n_embd", "d_model"),
    "n_heads": ("num_attention_heads", "n_head", "n_heads"),
    "vocab": ("vocab_size",),
    "n_kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"),
    "head_dim": ("head_dim",),
    "d_ff": ("intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"),
    "n_experts": ("n_routed_experts", "num_local_experts", "num_experts"),
    "n_experts_active": ("num_experts_per_tok", "num_experts_per_token", "top_k"),
    "d_ff_expert": ("moe_intermediate_size",),
    "n_shared_experts": ("n_shared_experts",),
    "n_dense_layers": ("first_k_dense_replace",),
    "kv_lora_rank": ("kv_lora_rank",),
    "qk_rope_head_dim": ("qk_rope_head_dim",),
    "qk_nope_head_dim": ("qk_nope_head_dim",),
    "v_head_dim": ("v_head_dim",),
    "q_lora_rank": ("q_lora_rank",),
    "sliding_window": ("sliding_window", "attention_chunk_size"),
    "max_context": ("max_position_embeddings", "n_positions", "n_ctx", "seq_length"),
    "window_pattern": ("sliding_window_pattern", "_sliding_window_pattern"),
    "experts_every": ("interleave_moe_layer_step", "decoder_sparse_step"),
}
_REQUIRED = ("layers", "d_model", "n_heads", "vocab")
_MAY_BE_ZERO = ("n_shared_experts", "n_dense_layers", "q_lora_rank", "n_experts", "sliding_window")
# Families whose feed-forward block has no gate: two matrices.
_PLAIN = {"gpt2", "gpt_neox", "gptj", "opt", "bloom", "falcon", "phi", "starcoder2", "gpt_bigcode", "mpt", "nemotron"}
_LEARNED_POSITIONS = {"gpt2", "opt", "gpt_bigcode"}
_ONE_SHARED_EXPERT = {"llama4", "llama4_text"}  # which their configurations do not state
_TIED = {"gpt2", "opt", "bloom", "falcon", "gpt_bigcode", "gemma", "gemma2", "gemma3", "gemma3_text"}


def read_config(text: str, name: str = "your model") -> Architecture:
    """The architecture that a config.json of Hugging Face's kind describes; what it leaves out is as its family has it.

    Raises ValueError with a sentence for every value that is missing or impossible.
    """
    config = _document(text)
    found, problems = _counts(config)
    problems += [f"{_NAMES[n][0]} is missing; write the model's own count" for n in _REQUIRED if n not in found]
    if problems:
        raise ValueError(f"{name}: " + "; ".join(problems))
    kind = str(config.get("model_type", "")).lower()
    model = Architecture(
        name=name,
        layers=found["layers"],
        d_model=found["d_model"],
        n_heads=found["n_heads"],
        vocab=found["vocab"],
        mlp_matrices=2 if kind in _PLAIN else 3,
        tied_embeddings=bool(config.get("tie_word_embeddings", kind in _TIED)),
        learned_positions=found.get("max_context", 0) if kind in _LEARNED_POSITIONS else 0,
        max_context=found.get("max_context"),
        **_attention(config, found),
        **_feed_forward(kind, found),
        **_window(config, found),
    )
    _check(model, name)
    return model


def _document(text: str) -> Mapping[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"the file has {len(text):,} characters; a config.json has at most {MOST_CHARACTERS:,}")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"the file is no JSON ({problem}); choose the config.json of a model") from problem
    if not isinstance(config, dict):
        raise ValueError("the file is no JSON object; choose the config.json of a model")
    inner = config.get("text_config")  # models that also see or hear
    return {**config, **inner} if isinstance(inner, dict) else config


def _counts(config: Mapping[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Every count that the config states, by our name, and what is wrong with others."""
    found, problems = {}, []
    for ours, names in _NAMES.items():
        stated = next((n for n in names if config.get(n) is not None), None)
        if stated is None:
            continue
        value = config[stated]
        whole = isinstance(value, int) and not isinstance(value, bool)
        least = 0 if ours in _MAY_BE_ZERO else 1
        most = MOST_LAYERS if ours == "layers" else MOST
        if whole and least <= value <= most:
            found[ours] = value
        else:
            shown = repr(value)[:40]
            problems.append(f"{stated} is {shown}; a whole number from {least} to {most:,} is needed")
    return found, problems


def _attention(config: Mapping[str, Any], found: dict[str, int]) -> dict[str, Any]:
    heads = found["n_heads"]
    kv_heads = found.get("n_kv_heads", 1 if config.get("multi_query") is True else heads)
    head_dim = found.get("head_dim", max(1, found["d_model"] // heads))
    common = {"n_kv_heads": kv_heads, "head_dim": head_dim}
    if "kv_lora_rank" not in found:
        return common | {"attention": "gqa"}
    sizes = ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "q_lora_rank")
    return common | {"attention": "mla"} | {name: found.get(name, 0) for name in sizes}


def _feed_forward(kind: str, found: dict[str, int]) -> dict[str, int]:
    d_ff = found.get("d_ff", 4 * found["d_model"])
    experts = found.get("n_experts", 0)
    if experts < 2:
        return {"d_ff": d_ff}
    every = found.get("experts_every", 1)
    dense = found.get("n_dense_layers", found["layers"] - found["layers"] // every)
    return {
        "d_ff": d_ff,
        "n_experts": experts,
        "n_experts_active": found.get("n_experts_active", 1),
        "d_ff_expert": found.get("d_ff_expert", d_ff),
        "n_shared_experts": found.get("n_shared_experts", int(kind in _ONE_SHARED_EXPERT)),
        "n_dense_layers": dense,
    }


def _window(config: Mapping[str, Any], found: dict[str, int]) -> dict[str, Any]:
    """The window and how many layers have none: from layer_types, else a pattern, else every layer has it."""
    window = found.get("sliding_window", 0)
    if not window or config.get("use_sliding_window") is False:
        return {}
    types, layers = config.get("layer_types"), found["layers"]
    if isinstance(types, list):
        full = sum(kind == "full_attention" for kind in types[:layers])
    else:
        full = layers // found["window_pattern"] if "window_pattern" in found else 0
    return {"sliding_window": window, "full_attention_layers": full}


def _check(model: Architecture, name: str) -> None:
    """Raises ValueError for counts that contradict one another."""
    if model.n_kv_heads > model.n_heads or model.n_heads % model.n_kv_heads:
        raise ValueError(
            f"{name}: {model.n_heads} attention heads cannot share {model.n_kv_heads} key/value heads; the first is a "
            "multiple of the second"
        )
    if model.n_experts and model.n_experts_active > model.n_experts:
        raise ValueError(f"{name}: {model.n_experts_active} experts a token, but there are only {model.n_experts}")
    if model.n_dense_layers > model.layers:
        raise ValueError(f"{name}: {model.n_dense_layers} dense layers, but there are only {model.layers} layers")
    if model.attention == "mla" and not (model.mla_key_dim and model.v_head_dim):
        raise ValueError(
            f"{name}: kv_lora_rank is stated, so qk_nope_head_dim, qk_rope_head_dim and v_head_dim must be"
        )
