"""Bytes of training against what ZeRO, Korthikanti et al., FP8-LM and SGD-SaI print."""

import pandas as pd
import pytest

from analysis.serving.architecture import Architecture, of_row
from analysis.serving.memory_savings import changes, savings
from analysis.serving.training_memory import (
    COLUMNS,
    RECIPES,
    RECOMPUTED,
    STAGES,
    Batch,
    Cluster,
    activation_bytes,
    by_recipe,
    by_stage,
    footprint,
    least_data,
    model_states,
)

ADAM = RECIPES["Adam, bf16 with fp32 master"]


def gpt(name: str, layers: int, h: int, a: int) -> Architecture:
    """A model of Korthikanti et al., table 3: plain feed-forward of 4 h, vocabulary of 51,200."""
    return Architecture(name, layers, h, a, a, h // a, 4 * h, 51_200, mlp_matrices=2, tied_embeddings=True)


GPT3, MT_NLG = gpt("175B", 96, 12_288, 96), gpt("530B", 105, 20_480, 128)


@pytest.fixture(scope="module")
def models(data_folder) -> dict[str, Architecture]:
    table = pd.read_csv(data_folder / "models.csv")
    return {row["model"]: of_row(row) for row in table.to_dict("records")}


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_a_7_5b_model_on_64_devices_takes_what_the_zero_paper_prints(stage, gigabytes):
    """Source: Rajbhandari et al. 2020, figure 1 (K = 12)."""
    states = model_states(7.5e9, ADAM, Cluster(data=64, stage=stage))
    assert round(sum(states.values()) / 1e9, 1) == gigabytes


def test_adam_of_mixed_precision_keeps_16_bytes_a_parameter_12_of_them_in_the_optimizer():
    assert (ADAM.bytes_per_param, ADAM.optimizer_bytes) == (16, 12)


def test_a_1_5b_model_needs_at_least_24_gb():
    """Source: Rajbhandari et al. 2020, section 3.1."""
    assert sum(model_states(1.5e9, ADAM, Cluster()).values()) == 24e9


@pytest.mark.row("R37")
def test_one_fp32_moment_less_of_a_6_74b_model_saves_25_gib(models):
    """Source: SGD-SaI, claim sgd_sai_2024-03: 25.15 GB of GiB."""
    sgd = RECIPES["SGD with momentum"]
    saved = [sum(model_states(models["Llama 2 7B"].n_params, r, Cluster()).values()) for r in (ADAM, sgd)]
    assert (saved[0] - saved[1]) / 2**30 == pytest.approx(25.15, rel=0.005)


@pytest.mark.row("R37")
def test_dropping_a_moment_is_one_of_the_ways_to_save(models):
    """By hand: 6.74e9 x 4 bytes = 25.1 GiB (claim sgd_sai_2024-03 prints 25.15)."""
    model = models["Llama 2 7B"]
    table = savings(model, ADAM, Batch(recomputed="everything"), Cluster(), 80).set_index("method")
    assert table.at["one moment less", "saved"] == pytest.approx(6.74e9 * 4 / 1e9)
    assert table.at["one moment less", "saved"] * 1e9 / 2**30 == pytest.approx(25.1, abs=0.01)


@pytest.mark.row("R37")
def test_a_trillion_parameters_fit_on_the_800_v100_that_zero_infinity_says(models):
    """Source: claim zero_infinity_2021-03: 800 V100 of 32 GB; 16 to 20 bytes a parameter are 500 to 625 of them, and
    activations and buffers come on top."""
    states = sum(model_states(1e12, RECIPES["Adam, bf16, fp32 gradients"], Cluster(data=800, stage=3)).values())
    assert states < 32e9
    assert sum(model_states(1e12, ADAM, Cluster(data=400, stage=3)).values()) > 32e9


@pytest.mark.parametrize("recompute", RECOMPUTED)
@pytest.mark.parametrize("stage", STAGES)
def test_every_way_to_save_is_the_difference_of_two_footprints_and_none_costs(models, recompute, stage):
    model, batch, cluster = models["Llama 3.1 8B"], Batch(fused=False, recomputed=recompute), Cluster(8, stage=stage)
    now = sum(footprint(model, ADAM, batch, cluster).values())
    table = savings(model, ADAM, batch, cluster, 80)
    ways = {own.method: own for own in changes(ADAM, batch, cluster)}
    assert (table["saved"] > 0).all()
    assert table["saved"].is_monotonic_decreasing
    for row in table.to_dict("records"):
        own = ways[row["method"]]
        left = sum(footprint(model, own.recipe, own.batch, own.cluster).values())
        assert (row["saved"], row["left"]) == pytest.approx(((now - left) / 1e9, left / 1e9))
    assert ("ZeRO 3" in set(table["method"])) is (stage < 3)
    assert ("recompute everything" in set(table["method"])) is (recompute != "everything")


def test_fp8_lm_keeps_6_bytes_where_adam_keeps_16():
    """Source: FP8-LM, section 2.2: 1 byte of gradient and of first moment, 2 of master and second moment, not 4 each.

    The weight that is multiplied comes on top of both.
    """
    own, fp32 = RECIPES["FP8-LM"], RECIPES["Adam, bf16, fp32 gradients"]
    assert own.bytes_per_param - 1 == 6
    assert fp32.bytes_per_param - 2 == 16


@pytest.mark.parametrize("model", [GPT3, MT_NLG], ids=lambda model: model.name)
@pytest.mark.parametrize("tensor", [1, 8])
def test_a_layer_keeps_sbh_34_plus_5as_over_h_bytes(model, tensor):
    """Source: Korthikanti et al. 2022, equations 1 and 4."""
    s, b, h, a = 2048, 2, model.d_model, model.n_heads
    own = activation_bytes(model, ADAM, Batch(b, s, dropout=True, fused=False), Cluster(tensor=tensor, pipeline=4))
    assert own == pytest.approx(model.layers * s * b * h / tensor * (34 + 5 * a * s / h))


@pytest.mark.parametrize(("model", "share"), [(GPT3, 0.70), (MT_NLG, 0.65)], ids=["175B", "530B"])
def test_recomputing_attention_saves_what_the_paper_prints(model, share):
    """Source: Korthikanti et al. 2022, section 5: 70% for GPT-3 and 65% for MT-NLG at s = 2048."""
    kept = {
        mode: activation_bytes(model, ADAM, Batch(1, 2048, True, False, mode), Cluster(pipeline=2))
        for mode in RECOMPUTED
    }
    assert 1 - kept["attention"] / kept["nothing"] == pytest.approx(share, abs=0.005)
    inputs = kept["everything"] - kept["nothing"] / model.layers  # beside the one layer in work
    assert inputs == pytest.approx(model.layers * 2048 * 2 * model.d_model)


def test_the_output_layer_comes_on_top_without_a_pipeline():
    """Source: Korthikanti et al. 2022, section 4.3: 4 s b h / t (1 + v / h)."""
    batch = Batch(1, 2048, dropout=True, fused=False)
    alone, piped = (activation_bytes(GPT3, ADAM, batch, Cluster(tensor=8, pipeline=p)) for p in (1, 8))
    assert alone - piped == pytest.approx(4 * 2048 * 12_288 / 8 * (1 + 51_200 / 12_288))


def test_products_of_fewer_bits_keep_smaller_inputs(models):
    model = models["Llama 3.1 8B"]
    names = ("Adam, bf16 with fp32 master", "Adam, fp8 products", "Adam, nvfp4 products")
    kept = [activation_bytes(model, RECIPES[name], Batch(), Cluster()) for name in names]
    assert kept[0] > kept[1] > kept[2]
    narrow = 3 * model.d_model + model.d_ff  # inputs of query/key/value, of the attention's output, of both layers
    per_token = model.layers * 4096
    assert (kept[0] - kept[1]) == pytest.approx(per_token * narrow * 1.0)
    assert (kept[1] - kept[2]) == pytest.approx(per_token * narrow * (8 - 4.5) / 8)


def test_zero_only_ever_takes_bytes_away_and_a_second_device_none_without_it(models):
    model = models["Llama 3.1 70B"]
    table = by_stage(model, ADAM, Batch(), Cluster(data=64), 80)
    assert list(table["stage"]) == list(STAGES)
    assert table["total"].is_monotonic_decreasing
    assert table["total"].to_numpy() == pytest.approx(table[list(COLUMNS)].sum(axis=1).to_numpy())
    one, two = (footprint(model, ADAM, Batch(), Cluster(data=n)) for n in (1, 2))
    assert one == two


def test_the_fewest_copies_are_the_first_that_fit(models):
    model, batch = models["Llama 3.1 70B"], Batch(recomputed="everything")
    data = least_data(model, ADAM, batch, Cluster(tensor=8, stage=3), 80)
    assert data is not None
    assert data > 1
    for n, expected in ((data, True), (data // 2, False)):
        total = sum(footprint(model, ADAM, batch, Cluster(n, 8, 1, 3)).values())
        assert (total <= 80e9) is expected, n
    assert least_data(model, ADAM, batch, Cluster(), 80) is None


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_names_formats_that_exist_and_its_source(name):
    recipe = RECIPES[name]
    assert recipe.bytes_per_param > 0
    assert recipe.source


def test_every_architecture_of_the_store_can_be_sized_for_training(models):
    for model in models.values():
        table = by_recipe(model, Batch(), Cluster(data=8, stage=3), 80)
        assert (table["total"] > 0).all(), model.name
        assert len(table) == len(RECIPES)
