"""Accelerators and processing elements over their own baselines, and the energy of two formats."""

import numpy as np
import pandas as pd
import pytest

from analysis.plans.energy_meter import readings, saving
from analysis.serving.accelerators import COLUMNS, absolute, designs, kind, needed, period_ns


@pytest.fixture(scope="module")
def claims(data_folder) -> pd.DataFrame:
    return pd.read_csv(data_folder / "claims.csv")


@pytest.mark.row("R29")
@pytest.mark.parametrize(
    ("design", "baseline", "gains"),
    [
        ("FlightLLM", "V100S with vLLM and SmoothQuant", {"energy": 6.0, "cost": 1.8}),
        ("FlightLLM", "A100", {"time": 1.2}),
        ("MixPE", "best quantization accelerators", {"time": 2.6, "energy": 1.4}),
        ("SOT-MRAM PIM trainer", "best PIM trainer", {"energy": 3.3, "time": 1.8, "area": 2.5}),
        ("LUT Tensor Core", "conventional design", {"speed per area": 10.0, "energy": 10.0}),
    ],
)
def test_a_design_has_the_gains_that_its_source_prints_over_that_baseline_only(claims, design, baseline, gains):
    own = designs(claims).query("design == @design and baseline == @baseline")
    assert dict(zip(own["quantity"], own["gain"], strict=True)) == gains
    for row in own.itertuples():
        assert row.share == pytest.approx(row.gain if row.quantity == "speed per area" else 1 / row.gain)


@pytest.mark.row("R29")
def test_a_trigger_of_40_mhz_leaves_25_ns_an_inference(claims):
    assert period_ns(40e6) == 25
    found = absolute(claims).set_index("claim_id")
    assert found.at["hawq_fpga_asic_2023-01", "printed"] == "40 MHz"
    assert found.at["hawq_fpga_asic_2023-01", "means"] == "25 ns an inference"
    assert found.at["matmul_free_2024-04", "means"] == "0.312 kWh a day"  # 13 W


def test_a_printed_percentage_is_the_share_that_stays(claims):
    """Source: claims approx_norm_fma_2024-01, -02: 16% less area and 13% less power."""
    own = designs(claims).query("design == 'approximate-normalization FMA'").set_index("quantity")["share"]
    assert own.to_dict() == pytest.approx({"area": 0.84, "power": 0.87}, rel=1e-6)


def test_a_baseline_of_ones_own_scales_what_the_design_needs_and_others_stay(claims):
    own = designs(claims).query("design == 'FlightLLM' and baseline != 'A100'")
    shown = needed(own, {"energy": 300.0}).set_index("quantity")["needs"]
    assert shown.to_dict() == pytest.approx({"energy": 50.0, "cost": 1 / 1.8})


def test_gains_over_different_baselines_are_never_joined(claims):
    with pytest.raises(ValueError, match=r"several baselines \(A100, V100S with vLLM and SmoothQuant\)"):
        needed(designs(claims).query("design == 'FlightLLM'"), {})


@pytest.mark.parametrize(
    ("hardware", "found"),
    [
        ("Alveo U280 FPGA", "FPGA"), ("FPGA, ASIC", "FPGA"), ("SOT-MRAM PIM", "processing in memory"),
        ("custom tensor core", "processing element"), ("accelerator", "accelerator"), ("A100-80G", None), ("", None),
        ("CPU", None),
    ],
)  # fmt: skip
def test_only_designs_count_not_kernels_on_processors(hardware, found):
    assert kind(hardware) == found


def test_no_claims_give_empty_tables_with_their_columns(claims):
    assert list(designs(claims.head(0)).columns) == COLUMNS
    assert absolute(claims.head(0)).empty


@pytest.mark.row("R30")
def test_7_to_11_watts_over_24_hours_are_0_168_to_0_264_kwh():
    """Source: claim amp_carbon_2024-01."""
    for watts, energy in ((7, 0.168), (11, 0.264)):
        found = saving([200.0 + watts], [200.0], 24, g_per_kwh=475)
        assert found.energy(found.watts) == pytest.approx(energy)
        assert found.carbon(found.watts) == pytest.approx(0.475 * energy)
        assert not found.significant  # one reading of each says nothing
    assert saving([207.0], [200.0], 24, pue=1.5).energy(7) == pytest.approx(0.252)


@pytest.mark.row("R30")
def test_repeats_tell_formats_apart_at_the_rate_that_the_level_promises():
    """Of equal formats one comparison in twenty is called significant; of clearly different ones almost all."""
    rng = np.random.default_rng(0)

    def called(difference):
        draws = rng.normal(0, 5, (400, 2, 6)) + 200
        return np.mean([saving(a, b - difference, 1).significant for a, b in draws])

    assert called(0.0) == pytest.approx(0.05, abs=0.03)
    assert called(30.0) > 0.99


def test_readings_that_never_differ_are_told_apart_by_any_difference():
    assert saving([200, 200], [190, 190], 1).significant
    assert not saving([200, 200], [200, 200], 1).significant
    assert saving([200, 200], [190, 190], 1).low == 10


@pytest.mark.parametrize(
    ("text", "watts"), [("212 215.5", [212, 215.5]), ("212; 215,\n3e2", [212, 215, 300]), ("", [])]
)
def test_watts_are_read_as_typed(text, watts):
    assert readings(text) == watts


@pytest.mark.parametrize("text", ["212 W", "-3", "nan", "inf", "1e9"])
def test_what_is_no_power_is_named(text):
    with pytest.raises(ValueError, match="is no power; write watts such as"):
        readings(text)


def test_a_format_without_a_reading_is_said():
    with pytest.raises(ValueError, match="a format has no reading"):
        saving([], [200.0], 1)
