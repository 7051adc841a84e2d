"""Several devices that send each other sums, and which format serves which pattern of requests."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.serving.architecture import of_row
from analysis.serving.ceilings import datasheet
from analysis.serving.links import Links, links_of, sending_s, sent_bytes
from analysis.serving.load_patterns import PATTERNS, SCHEMES, by_pattern
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server, decode, prefill

ALONE, MANY = (pattern.name for pattern in PATTERNS)


@pytest.fixture(scope="module")
def devices(data_folder) -> pd.DataFrame:
    return pd.read_csv(data_folder / "devices.csv").set_index("device", drop=False)


@pytest.fixture(scope="module")
def models(data_folder):
    table = pd.read_csv(data_folder / "models.csv")
    return {row["model"]: of_row(row) for row in table.to_dict("records")}


def server(models, devices, model: str, device: str, count: int) -> Server:
    row = devices.loc[device].to_dict()
    own = Devices(count, float(row["memory_gb"]))
    return Server(models[model], ServingFormats(), own, datasheet(row), 0.45, links=links_of(row))


def test_a_layer_sends_half_of_the_8bsh_that_training_sends(models):
    """Source: Narayanan et al. 2021, section 3.2: 8 b s h (t - 1) / t elements a layer, forward and backward."""
    model = models["Llama 3.1 70B"]
    for t in (1, 2, 8):
        elements = 8 * 3 * 1000 * model.d_model * (t - 1) / t
        assert sent_bytes(model, 3000, t) == pytest.approx(model.layers * 2 * elements / 2)


def test_the_sums_of_a_step_are_those_of_a_ring_counted_message_by_message(models):
    """A ring: every device sends its part of the sum t - 1 times, and the finished part t - 1 times."""
    model, tokens, t = models["Llama 3.1 8B"], 64, 4
    sent = 0.0
    for _ in range(model.layers):
        for _ in ("attention", "feed-forward"):
            sent += sum(tokens * model.d_model * 2 / t for _ in ("reduce", "gather") for _ in range(t - 1))
    assert sent_bytes(model, tokens, t) == pytest.approx(sent)
    assert sending_s(model, tokens, t, Links(450, 450)) == pytest.approx(sent / 450e9)


def test_devices_in_pairs_wire_send_at_the_rate_of_the_wires_they_use(devices):
    """Source: ml-engineering, network: 2 MI300X reach 64 GB/s, 8 of them 448; of an H100 450 whatever the number."""
    amd, nvidia = (links_of(devices.loc[name].to_dict()) for name in ("MI300X", "H100 SXM"))
    assert [links.rate(n) / 1e9 for links in (amd, nvidia) for n in (2, 4, 8)] == [64, 192, 448, 450, 450, 450]


def test_links_without_a_text_are_none_and_count_nothing(models, devices):
    assert links_of(devices.loc["RTX 4090"].to_dict()) is None
    assert links_of({}) is None
    own = server(models, devices, "Llama 3.1 8B", "RTX 4090", 2)
    assert own.times(decode(Load(100, 100), 4))["links"] == 0.0


def test_a_slow_link_bounds_a_step_and_a_single_device_has_none(models, devices):
    own = server(models, devices, "Llama 3.1 70B", "H100 SXM", 8)
    load = Load(4096, 256)
    for step in (prefill(load), decode(load, 32)):
        times = own.times(step)
        assert own.seconds(step) == pytest.approx(sum(times.values()) / 0.45)
        assert 0 < own.share(step, "links") < 0.5
        assert replace(own, links=Links(1.0, 1.0)).bound(step) == "links"
        assert replace(own, devices=Devices(1, 800)).times(step)["links"] == 0.0


@pytest.mark.row("R28")
@pytest.mark.parametrize(
    ("model", "device", "count"),
    [("Llama 3.1 8B", "A10", 1), ("Llama 3.1 8B", "H100 SXM", 1), ("Llama 3.1 70B", "L40S", 4),
     ("Llama 3.1 70B", "A100-80GB SXM", 4), ("Llama 3.1 70B", "H100 SXM", 4)],
)  # fmt: skip
def test_one_request_at_a_time_is_served_best_with_weights_of_four_bits(models, devices, model, device, count):
    """Source: Kurtic et al., arXiv 2411.02355 (give_me_bf16_2024): W4A16 for synchronous deployments."""
    table = by_pattern(server(models, devices, model, device, count), Load(1024, 512))
    assert list(table.query("wins and pattern == @ALONE")["scheme"]) == ["W4A16"]


@pytest.mark.row("R28")
@pytest.mark.parametrize(
    ("model", "device", "count", "winner"),
    [
        ("Llama 3.1 8B", "A10", 1, "W4A16"),  # the middle tier: memory holds few requests
        ("Llama 3.1 70B", "A10", 4, "W4A16"),
        ("Llama 3.1 70B", "L40S", 2, "W4A16"),
        ("Llama 3.1 70B", "H100 SXM", 4, "W8A8 (fp8)"),  # the high end: arithmetic bounds
        ("Llama 3.1 70B", "H200 SXM", 2, "W8A8 (fp8)"),
        ("Llama 3.1 70B", "A100-80GB SXM", 4, "W8A8 (int8)"),  # has no FP8
    ],
)
def test_many_requests_are_served_best_in_8_bits_where_memory_holds_many(models, devices, model, device, count, winner):
    """Source: Kurtic et al.: asynchronous on the middle tier W4A16, mid and large models on the high end W8A8."""
    table = by_pattern(server(models, devices, model, device, count), Load(1024, 512))
    assert list(table.query("wins and pattern == @MANY")["scheme"]) == [winner], table


def test_gains_are_over_bf16_of_the_same_pattern(models, devices):
    table = by_pattern(server(models, devices, "Llama 3.1 8B", "H100 SXM", 1), Load(1024, 512))
    assert len(table) == len(SCHEMES) * len(PATTERNS)
    wide = table.pivot_table(index="scheme", columns="pattern", values="tokens_per_s")
    for row in table.to_dict("records"):
        expected = wide.at[row["scheme"], row["pattern"]] / wide.at["bf16", row["pattern"]]
        assert row["over_base"] == pytest.approx(expected)
    assert by_pattern(server(models, devices, "Llama 3.1 405B", "A10", 1), Load(1024, 512)).empty
    tight = by_pattern(server(models, devices, "Llama 3.1 70B", "A10", 4), Load(1024, 512))
    assert tight["over_base"].isna().all()  # bf16 does not fit
