"""Bytes of serving: published sizes of weights and caches, every architecture of the store, and what fits where."""

import numpy as np
import pandas as pd
import pytest

from analysis.formats import FORMATS
from analysis.serving.architecture import PARTS, Architecture, of_row
from analysis.serving.memory import (
    Devices,
    ServingFormats,
    bits_per_element,
    by_format,
    cache_bytes,
    cache_copies,
    demand,
    fits,
    least_devices,
    longest_context,
    most_sequences,
    weight_bytes,
)

MIB, KIB = 2**20, 2**10


@pytest.fixture(scope="module")
def table(data_folder) -> pd.DataFrame:
    return pd.read_csv(data_folder / "models.csv")


@pytest.fixture(scope="module")
def models(table) -> dict[str, Architecture]:
    """Every architecture of the store by name."""
    return {row["model"]: of_row(row) for row in table.to_dict("records")}


def test_every_architecture_of_the_store_has_the_parameters_of_the_tables_own_formula(models, table):
    """The column params_formula_b was computed by another program from the same columns, without norms, to 1e5."""
    assert len(models) == 110
    computed = np.array([sum(m.params.values()) - m.params["norms"] for m in models.values()]) / 1e9
    stated = table["params_formula_b"].to_numpy()
    off = np.abs(computed - stated) > 6e-5
    assert not off.any(), list(zip(table["model"][off], computed[off], stated[off], strict=True))


def test_a_token_passes_through_the_parameters_that_the_sources_of_experts_print(models, table):
    """Printed counts of active parameters differ in whether both embeddings count: at most 0.9B of 128 experts."""
    experts = table[table["n_experts"].notna()]
    assert len(experts) >= 10
    for row in experts.to_dict("records"):
        own = models[row["model"]].active_params / 1e9
        assert own == pytest.approx(row["params_active_b"], rel=0.2, abs=0.1), (row["model"], own)
    assert models["DeepSeek-V3"].active_params == pytest.approx(37.55e9, rel=1e-3)
    assert models["Mixtral 8x7B"].active_params == pytest.approx(12.88e9, rel=1e-3)


def test_a_dense_model_uses_all_its_parameters(models):
    assert models["Llama 3 8B"].active_params == models["Llama 3 8B"].n_params == 8.03e9


@pytest.mark.parametrize(
    ("model", "size", "unit", "source"),
    [
        ("Llama 3 8B", 128, KIB, "The weight of remembering, 2026: 128 KiB"),
        ("GPT-2 XL", 300, KIB, "The weight of remembering, 2026: 300 KiB"),
        ("DeepSeek-V3", 68.6, KIB, "The weight of remembering, 2026: 68.6 KiB"),
        ("DeepSeek-V3", 70, 1e3, "Zhao et al. 2025, arXiv 2505.09343: 70 KB"),
        ("Llama 3.1 405B", 516, 1e3, "Zhao et al. 2025, arXiv 2505.09343: 516 KB"),
    ],
)
def test_the_cache_of_a_token_has_its_published_size_in_16_bits(models, model, size, unit, source):
    assert float(cache_bytes(models[model], "bf16", 1)) / unit == pytest.approx(size, rel=0.005), source


@pytest.mark.parametrize(
    ("model", "size"), [("Mixtral 8x7B", 256), ("Llama 3 8B", 256), ("Llama 3.1 70B", 640), ("Yi-34B", 480)]
)
def test_the_cache_of_2048_tokens_has_the_size_that_llama_cpp_allocates(models, model, size):
    """Source: allocations of llama.cpp in MiB, c4ai-command-r-v01-iMat.GGUF, discussion 6."""
    assert float(cache_bytes(models[model], "fp16", 2048)) / MIB == pytest.approx(size)


def test_layers_with_a_window_stop_caching_at_it(models, table):
    gemma, oss = models["Gemma 3 27B (text)"], models["gpt-oss-120b"]
    assert (gemma.sliding_window, gemma.global_layers) == (1024, 10)
    assert (oss.sliding_window, oss.global_layers) == (128, 18)
    short, long = (gemma.cached_elements(context) for context in (1024, 131_072))
    assert short == 62 * 2 * 16 * 128 * 1024  # below the window all layers are alike
    assert long == 2 * 16 * 128 * (10 * 131_072 + 52 * 1024)
    windowed = table[table["sliding_window"].notna()]
    assert len(windowed) == 11
    assert (windowed["full_attention_layers"] < windowed["layers"]).all()


@pytest.mark.row("R48")
def test_glm_130b_fits_in_int4_where_its_authors_say_and_in_fp16_does_not(models):
    """Source: GLM-130B, arXiv 2210.02414, abstract: 4 x RTX 3090 (24 GB) or 8 x RTX 2080 Ti (11 GB) in INT4."""
    glm = models["GLM-130B"]
    int4 = ServingFormats("int4", "fp16", "fp16")
    fp16 = ServingFormats("fp16", "fp16", "fp16")
    assert sum(weight_bytes(glm, int4).values()) == pytest.approx(65e9)
    assert sum(weight_bytes(glm, fp16).values()) == pytest.approx(260e9)
    for devices in (Devices(4, 24), Devices(8, 11)):
        assert fits(glm, int4, 2048, 1, devices), devices
        assert not fits(glm, fp16, 1, 1, devices), devices


@pytest.mark.row("R48")
def test_opt_175b_in_int8_takes_half_of_its_350_gb(models):
    """Source: LLM.int8(), arXiv 2208.07339 (row llm_int8_2022)."""
    sizes = [sum(weight_bytes(models["OPT-175B"], ServingFormats(f)).values()) for f in ("fp16", "int8")]
    assert sizes == pytest.approx([350e9, 175e9])


@pytest.mark.row("R05")
def test_30b_at_8_bits_take_what_60b_take_at_4():
    """Source: k-bit inference scaling laws, arXiv 2212.09720, section 1."""
    assert 30e9 * bits_per_element("int8") / 8 == 60e9 * bits_per_element("int4") / 8 == 30e9


@pytest.mark.parametrize(("name", "bits"), [("nvfp4", 4.5), ("mxfp4", 4.25), ("int4_g128", 4.125), ("fp32", 32)])
def test_bits_of_an_element_hold_its_share_of_the_scales(name, bits):
    assert bits_per_element(name) == bits


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_in_any_format_takes_its_bits_times_its_parameters(models, name):
    model = models["Llama 3 8B"]
    size = sum(weight_bytes(model, ServingFormats(name)).values())
    assert size == pytest.approx(8.03e9 * bits_per_element(name) / 8)
    assert bits_per_element(name) >= FORMATS[name].bits


def test_embeddings_may_stay_in_16_bits(models):
    model = models["Llama 3 8B"]
    parts = weight_bytes(model, ServingFormats("nvfp4", embeddings="bf16"))
    assert set(parts) <= set(PARTS)
    assert parts["embeddings"] == pytest.approx(2 * 128_256 * 4096 * 2, rel=1e-4)


def test_more_devices_than_kv_heads_repeat_the_cache(models):
    llama, deepseek = models["Llama 3.1 70B"], models["DeepSeek-V3"]
    assert [cache_copies(llama, n) for n in (1, 8, 16)] == [1, 1, 2]
    assert cache_copies(deepseek, 64) == 1


def test_the_most_sequences_and_the_longest_context_are_the_last_that_fit(models):
    model, formats, devices = (
        models["Llama 3.1 70B"],
        ServingFormats("e4m3"),
        Devices(2, 80),
    )
    most = most_sequences(model, formats, 8192, devices)
    assert fits(model, formats, 8192, most, devices)
    assert not fits(model, formats, 8192, most + 1, devices)
    longest = longest_context(model, formats, 4, devices)
    assert fits(model, formats, longest, 4, devices)
    assert not fits(model, formats, longest + 1, 4, devices)


def test_what_does_not_fit_at_all_has_no_sequence_and_no_context(models):
    model, formats, devices = models["Llama 3.1 405B"], ServingFormats(), Devices(1, 80)
    assert most_sequences(model, formats, 1, devices) == 0
    assert longest_context(model, formats, 1, devices) == 0
    assert least_devices(model, formats, 8192, 1, 80) == 16


def test_the_table_of_choices_adds_up(models):
    choices = {"bf16": ServingFormats(), "nvfp4": ServingFormats("nvfp4", "nvfp4", "e4m3")}
    table = by_format(models["Llama 3.1 70B"], choices, 8192, 8, Devices(2, 80)).set_index("formats")
    np.testing.assert_allclose(table[["weights", "cache", "activations"]].sum(axis=1), table["total"])
    assert list(table["fits"]) == [False, True]
    assert table.at["nvfp4", "weights"] == pytest.approx(70.55 * 4.5 / 8)
    assert demand(models["Llama 3.1 70B"], choices["bf16"], 8192, 8)["cache"] == pytest.approx(8 * 8192 * 327_680)


def test_a_row_without_a_needed_count_says_which(table):
    row = table.iloc[0].to_dict() | {"layers": np.nan}
    with pytest.raises(ValueError, match="model GPT-2 small: layers is empty; a count is needed to size it"):
        of_row(row)
