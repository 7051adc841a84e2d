"""A user's own config.json: the same numbers as the store's row of that model, and a sentence for what is wrong."""

import json

import pandas as pd
import pytest

from analysis.serving.architecture import Architecture, of_row
from analysis.serving.model_config import read_config

LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 131072,
}  # fmt: skip
# What the published configurations of these models hold, by the names of their families.
CONFIGS = {
    "Llama 3.1 8B": LLAMA,
    "GPT-2 small": {
        "model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024,
    },
    "Mixtral 8x7B": LLAMA | {
        "model_type": "mixtral", "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2,
    },
    "Qwen3-30B-A3B": {
        "model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32,
        "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144, "moe_intermediate_size": 768,
        "num_experts": 128, "num_experts_per_tok": 8, "decoder_sparse_step": 1, "vocab_size": 151936,
    },
    "DeepSeek-V3": {
        "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128,
        "num_key_value_heads": 128, "intermediate_size": 18432, "moe_intermediate_size": 2048,
        "n_routed_experts": 256, "num_experts_per_tok": 8, "n_shared_experts": 1, "first_k_dense_replace": 3,
        "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
        "v_head_dim": 128, "vocab_size": 129280,
    },
    "Gemma 3 27B (text)": {
        "model_type": "gemma3", "vocab_size": 7,
        "text_config": {
            "model_type": "gemma3_text", "hidden_size": 5376, "num_hidden_layers": 62, "num_attention_heads": 32,
            "num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 21504, "vocab_size": 262144,
            "sliding_window": 1024, "sliding_window_pattern": 6,
        },
    },
    "gpt-oss-20b": {
        "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 24, "num_attention_heads": 64,
        "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "num_local_experts": 32,
        "num_experts_per_tok": 4, "vocab_size": 201088, "sliding_window": 128,
        "layer_types": ["sliding_attention", "full_attention"] * 12,
    },
    "Llama 4 Maverick": {
        "text_config": {
            "model_type": "llama4_text", "hidden_size": 5120, "num_hidden_layers": 48, "num_attention_heads": 40,
            "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
            "moe_intermediate_size": 8192, "num_local_experts": 128, "num_experts_per_tok": 1,
            "interleave_moe_layer_step": 2, "vocab_size": 202048,
            "attention_chunk_size": 8192, "layer_types": (["chunked_attention"] * 3 + ["full_attention"]) * 12,
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def models(data_folder) -> dict[str, Architecture]:
    table = pd.read_csv(data_folder / "models.csv")
    return {row["model"]: of_row(row) for row in table.to_dict("records")}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_gives_the_parameters_and_the_cache_of_the_stores_row(models, name):
    own, known = read_config(json.dumps(CONFIGS[name])), models[name]
    assert own.params == known.params
    assert own.active_params / sum(own.params.values()) == pytest.approx(known.active_params / known.n_params)
    for context in (1, 4096, 100_000):
        assert own.cached_elements(context) == known.cached_elements(context)


BAD = {
    "no JSON": ("{", "the file is no JSON"),
    "deep": ("[" * 100_000, "the file is no JSON"),
    "a list": ("[1]", "the file is no JSON object"),
    "large": ('{"a": "' + "x" * 1_000_001 + '"}', "the file has 1,000,010 characters"),
    "empty": ("{}", "num_hidden_layers is missing; write the model's own count; hidden_size is missing"),
    "text": (
        json.dumps(LLAMA | {"hidden_size": "4096"}),
        "hidden_size is '4096'; a whole number from 1 to 100,000,000",
    ),
    "true": (json.dumps(LLAMA | {"num_hidden_layers": True}), "num_hidden_layers is True; a whole number"),
    "negative": (json.dumps(LLAMA | {"vocab_size": -1}), "vocab_size is -1; a whole number"),
    "huge": (json.dumps(LLAMA | {"num_hidden_layers": 10**30}), "a whole number from 1 to 10,000 is needed"),
    "not a number": ('{"hidden_size": NaN, "vocab_size": Infinity}', "hidden_size is nan"),
    "heads": (json.dumps(LLAMA | {"num_key_value_heads": 5}), "32 attention heads cannot share 5 key/value heads"),
    "experts": (
        json.dumps(LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 8}),
        "8 experts a token, but there are only 4",
    ),
    "latent": (json.dumps(LLAMA | {"kv_lora_rank": 512}), "kv_lora_rank is stated, so qk_nope_head_dim"),
    "dense": (
        json.dumps(LLAMA | {"num_local_experts": 4, "first_k_dense_replace": 40}),
        "40 dense layers, but there are only 32 layers",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_config_is_told_in_a_sentence(name):
    text, sentence = BAD[name]
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        read_config(text)


def test_every_wrong_value_is_named_at_once():
    with pytest.raises(ValueError) as caught:
        read_config(json.dumps({"hidden_size": 0, "vocab_size": 1.5}), "mine.json")
    message = str(caught.value)
    assert message.startswith("mine.json: ")
    assert all(word in message for word in ("hidden_size is 0", "vocab_size is 1.5", "num_attention_heads is missing"))


def test_a_family_that_reads_without_a_window_has_none():
    model = read_config(json.dumps(LLAMA | {"sliding_window": 4096, "use_sliding_window": False}))
    assert model.global_layers == 32
    every = read_config(json.dumps(LLAMA | {"sliding_window": 4096}))
    assert every.cached_elements(100_000) == every.cached_elements(4096)
