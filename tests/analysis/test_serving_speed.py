"""Speed and cost of serving: the roofline against a count by hand, published intensities and measured systems."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.laws.flops import inference_flops
from analysis.plans.costs import carbon_kg, kwh, kwh_per_million, published_price, usd_per_million
from analysis.serving.architecture import Architecture, of_row
from analysis.serving.attention_io import by_cache, traffic
from analysis.serving.ceilings import RATE_COLUMNS, Ceilings, arithmetic, datasheet, measured, published_rates
from analysis.serving.memory import Devices, ServingFormats, fits
from analysis.serving.roofline import Step, experts_met, operations, placed
from analysis.serving.serving import (
    Load,
    Server,
    batches,
    compared,
    decode,
    largest_batch,
    prefill,
    sweep,
    tokens_per_s,
)
from analysis.serving.serving_published import FORMATS, published_reach, reach_range

H100 = Ceilings({"bf16": 989.4, "fp8": 1978.9, "int8": 1978.9}, 3350)
BF16 = ServingFormats()
TABLES = ("models", "devices", "throughput", "gemm_measured", "prices_energy")


@pytest.fixture(scope="module")
def tables(data_folder) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(data_folder / f"{name}.csv") for name in TABLES}


@pytest.fixture(scope="module")
def models(tables) -> dict[str, Architecture]:
    return {row["model"]: of_row(row) for row in tables["models"].to_dict("records")}


@pytest.fixture(scope="module")
def reached(tables) -> pd.DataFrame:
    return published_reach(tables["throughput"], tables["models"], tables["devices"])


def by_name(parts):
    return {part.name: part for part in parts}


def test_a_decode_step_computes_two_flops_per_active_parameter_and_the_attention(models):
    """Embeddings are looked up, not multiplied: of both embedding matrices one counts."""
    for name in ("Llama 3.1 8B", "Mixtral 8x7B", "DeepSeek-V3", "GPT-2 small"):
        model = models[name]
        parts = by_name(operations(model, BF16, Step(1.0)))
        own = sum(part.flops for key, part in parts.items() if key != "attention")
        idle = sum(model.params.values()) - model.active_params * sum(model.params.values()) / model.n_params
        looked_up = model.params["embeddings"] - model.vocab * model.d_model
        counted = sum(model.params.values()) - idle - looked_up - model.params["norms"]
        assert own == pytest.approx(float(inference_flops(np.array(counted), np.array(1.0))), rel=1e-9), name


def test_a_decode_step_of_one_sequence_reads_every_dense_weight_once(models):
    model = models["Llama 3.1 70B"]
    parts = operations(model, BF16, Step(1.0))
    weights = sum(model.params.values()) - model.params["norms"] - model.vocab * model.d_model
    assert sum(part.bytes for part in parts) == pytest.approx(2 * weights, rel=2e-3)


def test_one_h100_decodes_an_8b_model_at_its_bandwidth(models):
    """By hand: 2 bytes for each of 7.5B parameters behind 3.35 TB/s."""
    server = Server(models["Llama 3.1 8B"], BF16, Devices(1, 80), H100)
    seconds = server.seconds(Step(1.0, before=1))
    assert seconds == pytest.approx(2 * 7.505e9 / 3.35e12, rel=0.01)


@pytest.mark.row("R27")
@pytest.mark.parametrize(("name", "group"), [("Mixtral 8x7B", 4), ("Llama 3.1 70B", 8), ("Llama 2 7B", 1)])
def test_attention_over_a_long_cache_does_a_flop_a_byte_for_each_head_of_a_group(models, name, group):
    """Source: Duplex, arXiv 2409.01141: grouped-query attention has 4 to 8 operations a byte (claim duplex_2024-02)."""
    part = by_name(operations(models[name], BF16, Step(16.0, before=100_000)))["attention"]
    assert part.flops / part.bytes == pytest.approx(group, rel=0.01)


@pytest.mark.row("R27")
def test_an_expert_with_one_token_does_one_flop_a_byte(models):
    """Source: claim duplex_2024-01."""
    part = by_name(operations(models["Mixtral 8x7B"], BF16, Step(1.0)))["experts"]
    assert part.flops / part.bytes == pytest.approx(1, rel=0.01)


def test_the_experts_that_tokens_meet_are_those_of_a_simulation(models):
    rng = np.random.default_rng(0)
    model = models["Qwen3-30B-A3B"]
    for tokens in (1, 16, 64):
        met = [
            len(np.unique([rng.permutation(model.n_experts)[: model.n_experts_active] for _ in range(tokens)]))
            for _ in range(200)
        ]
        assert experts_met(model, tokens) == pytest.approx(np.mean(met), rel=0.02), tokens


@pytest.mark.parametrize(("new", "before"), [(1, 0), (1, 50), (7, 0), (7, 3), (40, 2), (40, 100)])
def test_pairs_of_positions_are_those_counted_one_by_one(models, new, before):
    model = models["gpt-oss-20b"]  # 12 layers with a window of 128, 12 without
    width = model.query_width + model.value_width
    small = replace(model, sliding_window=16)
    counted = sum(12 * (before + i) + 12 * min(before + i, 16) for i in range(1, new + 1))
    part = by_name(operations(small, BF16, Step(3.0, new=new, before=before)))["attention"]
    assert part.flops == pytest.approx(3 * 2 * width * counted)


def test_a_latent_cache_makes_decoding_compute_bound_sooner_than_grouped_heads(models):
    step = Step(32.0, before=32_768)
    intensity = {n: by_name(operations(models[n], BF16, step))["attention"] for n in ("DeepSeek-V3", "Llama 3.1 70B")}
    ratio = {name: part.flops / part.bytes for name, part in intensity.items()}
    assert ratio["DeepSeek-V3"] > 20 * ratio["Llama 3.1 70B"], ratio


def test_layers_on_the_roofline_are_bound_by_what_their_intensity_says(models):
    for step in (Step(1.0, before=1000), Step(512.0, before=1000), Step(1.0, new=8192)):
        table = placed(operations(models["Llama 3.1 70B"], BF16, step), H100)
        expected = np.where(table["intensity"] >= H100.ridge(("bf16",)), "compute", "memory")
        assert list(table["bound"]) == list(expected)
        reached = np.minimum(table["intensity"] * H100.bandwidth_gb_s / 1e3, 989.4)
        np.testing.assert_allclose(table["tflops"], reached, rtol=1e-9)


def test_reading_a_long_prompt_is_bound_by_compute_and_a_lone_answer_by_memory(models):
    server = Server(models["Llama 3.1 70B"], BF16, Devices(4, 80), H100)
    load = Load(4096, 256)
    for step, bound in ((prefill(load), "compute"), (decode(load, 1), "memory")):
        table = server.placed(step)
        share = table.loc[table["bound"] == bound, "seconds"].sum() / table["seconds"].sum()
        assert share > 0.9, (bound, share)


@pytest.mark.parametrize(
    ("weights", "activations", "rate"),
    [
        ("bf16", "bf16", "bf16"),
        ("int4_g128", "fp16", "bf16"),
        ("nf4_b64", "bf16", "bf16"),
        ("int8_row", "int8_row", "int8"),
        ("int4_g128", "int8_row", "int8"),
        ("int4_g128", "int4_g128", "int4"),
        ("e4m3", "e4m3", "fp8"),
        ("mxfp4", "mxfp8", "fp8"),
        ("nvfp4", "nvfp4", "fp4"),
        ("mxfp6_e2m3", "mxfp6_e2m3", "fp6"),
    ],
)
def test_the_wider_operand_decides_the_arithmetic(weights, activations, rate):
    assert arithmetic(weights, activations)[0] == rate


def test_a_device_without_an_arithmetic_takes_the_next_wider_one():
    assert H100.rate(arithmetic("nvfp4", "nvfp4")) == ("fp8", 1978.9e12)
    with pytest.raises(ValueError, match="no rate of fp8, bf16, fp16 is known for this device"):
        Ceilings({"fp32": 10.0}, 100).rate(arithmetic("e4m3", "e4m3"))


@pytest.mark.row("R28")
def test_weights_of_four_bits_help_a_lone_user_and_eight_bit_products_a_full_server(models):
    """Source: 'Give me BF16 or give me death', arXiv 2411.02355: W4A16 for synchronous use, W8A8 for full servers."""
    server = Server(models["Llama 3.1 8B"], BF16, Devices(1, 80), H100)
    choices = {"bf16": BF16, "W4A16": FORMATS["W4A16"], "W8A8": FORMATS["W8A8"]}
    load = Load(2048, 256)
    alone = compared(server, load, choices, 1).set_index("formats")
    assert alone["step_s"].idxmin() == "W4A16"
    full = compared(server, load, choices).set_index("formats")
    assert full["tokens_per_s"].idxmax() == "W8A8"


def test_more_requests_at_once_give_more_tokens_and_each_waits_longer(models):
    server = Server(models["Llama 3.1 8B"], BF16, Devices(1, 80), H100)
    load = Load(1024, 512)
    most = largest_batch(server, load)
    table = sweep(server, load, batches(most))
    assert table["fits"].all()
    assert (np.diff(table["tokens_per_s"]) > 0).all()
    assert (np.diff(table["step_s"]) >= 0).all()
    assert not fits(server.model, BF16, load.context, most + 1, server.devices)
    for row in table.to_dict("records"):
        assert row["tokens_per_s"] == pytest.approx(tokens_per_s(server, load, row["sequences"]))


def test_half_the_reach_takes_twice_as_long(models):
    full = Server(models["Llama 3.1 8B"], BF16, Devices(1, 80), H100)
    half = Server(models["Llama 3.1 8B"], BF16, Devices(1, 80), H100, reach=0.5)
    load = Load(100, 100)
    assert tokens_per_s(half, load, 8) == pytest.approx(tokens_per_s(full, load, 8) / 2)


@pytest.mark.row("R27")
def test_launches_bound_small_batches_and_four_times_the_launch_time_four_times_the_batch(models):
    """Source: claim skip_gh200_2025-02: a slower host stays CPU-bound to four times the batch.

    Long answers without a prompt, so that a step grows with its batch: by hand, cache bytes over bandwidth.
    """
    model, load = models["Llama 3.1 8B"], Load(32_000, 2)
    ends = []
    for launch_s in (0.02, 0.08):
        server = Server(model, BF16, Devices(1, 80), H100, launch_s=launch_s)
        table = sweep(server, load, range(1, 100)).set_index("sequences")
        bound = table.index[table["bound"] == "launches"]
        assert list(bound) == list(range(1, bound[-1] + 1))
        assert (table.loc[bound, "step_s"] == launch_s).all()
        cache = 2 * 32_001 * 65_536 / 3.35e12  # a sequence of half-way length: 32 layers x 2 x 8 x 128 elements
        assert bound[-1] == pytest.approx((launch_s - 2 * 7.505e9 / 3.35e12) / cache, rel=0.05)
        ends.append(bound[-1])
    assert ends[1] / ends[0] >= 4, ends


@pytest.mark.row("R27")
def test_twice_the_on_chip_memory_halves_what_attention_moves_until_everything_moves_once(models):
    """Source: claim attention_io_2024-01: N^2 d^2 / M. By hand, 8,192 tokens of head size 128, M of 24,576 elements."""
    assert traffic(8192, 128, 24_576) == pytest.approx(8192**2 * 128**2 / 24_576)
    assert traffic(8192, 128, 24_576) == 2 * traffic(8192, 128, 49_152)
    assert traffic(8192, 128, 1e9) == 4 * 8192 * 128
    with pytest.raises(ValueError, match="16,000 elements are fewer than the head size squared, 16,384"):
        traffic(8192, 128, 16_000)
    table = by_cache(models["Llama 3.1 8B"], 8192, [48, 96], H100)
    assert table["gigabytes"][0] == 2 * table["gigabytes"][1]
    assert table["gigabytes"][0] == pytest.approx(32 * 32 * 2 * 8192**2 * 128**2 / 24_576 / 1e9)
    assert table["flops_per_byte"].to_numpy() == pytest.approx([2 * 24_576 / 128, 2 * 49_152 / 128])


def test_no_published_system_beats_its_roofline(reached):
    """Source: QServe's README: 66 measurements of four systems; by our count one needs more than 95% of the memory."""
    assert len(reached) == 65
    worst = reached.loc[reached["reach"].idxmax()]
    assert worst["reach"] < 1, worst.to_dict()
    assert reached["reach"].min() > 0.05
    low, middle, high = reach_range(reached)
    assert 0.1 < low < middle < high < 0.9, (low, middle, high)


def test_wider_formats_reach_more_of_their_roofline_than_narrow_ones(reached):
    by_format = reached.groupby("formats")["reach"].median()
    assert by_format["FP16"] > by_format["W4A4"], by_format.to_dict()


def test_nothing_published_leaves_the_ceiling(tables):
    found = published_reach(tables["throughput"].head(0), tables["models"], tables["devices"])
    assert reach_range(found) == (1.0, 1.0, 1.0)


def test_every_device_of_the_store_has_ceilings(tables):
    for row in tables["devices"].to_dict("records"):
        own = datasheet(row)
        assert own.rates, row["device"]
        assert set(own.rates) <= set(RATE_COLUMNS)
        assert own.ridge(("bf16", "fp16")) > 1


@pytest.mark.parametrize(
    ("device", "name", "rate"),
    [("H100 SXM", "bf16", 855), ("H100 SXM", "fp8", 1402.6), ("B200 SXM", "fp8", 3432.5), ("H100 PCIe", "bf16", 855)],
)
def test_published_rates_are_the_best_measured_with_real_operands(tables, device, name, rate):
    """Rows of gemm_measured by hand; a name without its form (NVIDIA H100, 855) may be either."""
    assert published_rates(tables["gemm_measured"], device)[name] == rate


def test_measured_ceilings_keep_the_datasheet_where_nothing_was_measured(tables):
    sheet = datasheet(tables["devices"].set_index("device", drop=False).loc["B200 SXM"].to_dict())
    own = measured(sheet, published_rates(tables["gemm_measured"], "B200 SXM"), None, "measured by others")
    assert own.rates["fp4"] == 9000
    assert own.rates["fp8"] == 3432.5
    assert own.bandwidth_gb_s == 8000
    assert all(own.rates[name] <= rate * 1.001 for name, rate in sheet.rates.items()), own.rates


def test_a_gpu_hour_of_an_h100_costs_what_the_rows_say(tables):
    price = published_price(tables["prices_energy"], "H100 SXM")
    assert price is not None
    assert (price.low, price.high) == (1.99, 12.29)  # neither 1.25 preemptible nor 6.88 reserved
    assert price.low < price.middle < price.high
    assert published_price(tables["prices_energy"], "TPU v5e") is None


def test_two_dollars_an_hour_at_a_thousand_tokens_a_second_are_56_cents_a_million():
    assert usd_per_million(2.0, 1000.0) == pytest.approx(2 * 1e6 / 3.6e6)


@pytest.mark.row("R30")
def test_a_saving_of_7_to_11_watts_over_a_day_is_0_168_to_0_264_kwh():
    """Source: claim amp_carbon_2024-01."""
    assert kwh(7, 24) == pytest.approx(0.168)
    assert kwh(11, 24) == pytest.approx(0.264)
    assert float(carbon_kg(0.168, 475)) == pytest.approx(0.0798)
    assert float(kwh_per_million(700, 1000, 1.1)) == pytest.approx(700 * 1.1 * 1000 / 3.6e6)
