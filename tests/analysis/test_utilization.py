"""Utilization of clusters: published figures, and the published range that stands as default."""

import numpy as np
import pandas as pd
import pytest

from analysis.laws.flops import training_flops
from analysis.plans.chips import chip, same_device
from analysis.plans.scaling_efficiency import scaling
from analysis.plans.utilization import precision_class, published_utilization, systems, tflops_per_gpu, training_days


@pytest.fixture(scope="module")
def efficiency(data_folder) -> pd.DataFrame:
    """The shipped table of training efficiency, numbers as numbers."""
    table = pd.read_parquet(data_folder / "training_efficiency.parquet")
    return table.assign(value=pd.to_numeric(table["value"]))


@pytest.fixture(scope="module")
def devices(data_folder) -> pd.DataFrame:
    return pd.read_csv(data_folder / "devices.csv")


@pytest.mark.row("R38")
def test_502_pflops_on_3072_a100_are_163_tflops_each_and_52_percent():
    """Source: Narayanan et al. 2021, table 1 (claims megatron_2021-02, -03)."""
    rate = tflops_per_gpu(502, 3072)
    assert round(rate) == 163
    assert round(100 * rate / 312) == 52


@pytest.mark.row("R38")
def test_1t_parameters_on_20t_tokens_take_1_2e26_flops():
    """Source: claim frontier_llm_2023-01."""
    assert training_flops(np.array(1e12), np.array(2e13)) == pytest.approx(1.2e26)


def test_a_1t_model_on_450b_tokens_takes_3072_a100_about_three_months():
    """Source: Narayanan et al. 2021, section 5.1: 450B tokens at 163 TFLOP/s take 84 days by 8 T P / (n X), which
    counts recomputation; without it a quarter less."""
    days = training_days(1e12, 450e9, 3072, 312, 163 / 312)
    assert days == pytest.approx(84 * 6 / 8, rel=0.02)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("H100 80GB", "H100"),
        ("H100 96GB HBM2e, 500 W", "H100"),
        ("GB200 (per GPU)", "GB200"),
        ("B200 SXM", "B200"),
        ("TPU v6e (Trillium)", "TPU V6E"),
        ("L40S", "L40S"),
        ("L4", "L4"),
        ("A100-80GB SXM", "A100"),
        ("A10", "A10"),
        ("a toaster", None),
    ],
)
def test_a_name_means_one_chip(name, found):
    assert chip(name) == found


def test_every_device_of_the_store_is_a_chip_of_its_own_or_another_make_of_one(devices):
    found = {name: chip(name) for name in devices["device"]}
    assert None not in found.values(), found
    shared = devices.assign(chip=found.values()).groupby("chip")["device"].apply(list)
    assert {c: names for c, names in shared.items() if len(names) > 1} == {
        "A100": ["A100-40GB SXM", "A100-80GB SXM"],
        "H100": ["H100 SXM", "H100 PCIe"],
    }


def test_another_memory_size_is_another_device():
    names = pd.Series(["A100 40GB", "A100 80GB", "A100", "H100 80GB"])
    assert list(same_device(names, "A100-80GB SXM")) == [False, True, True, False]


@pytest.mark.parametrize(
    ("printed", "found"),
    [("FP8-MX", "fp8"), ("NVFP4", "fp4"), ("MXFP8", "fp8"), ("BF16/FP16", "bf16"), ("FP16", "bf16"), ("TF32", None)],
)
def test_a_printed_precision_is_told_by_its_peak(printed, found):
    assert precision_class(printed) == found


@pytest.mark.parametrize("device", ["A100-80GB SXM", "H100 SXM", "B200 SXM", "GB200 (per GPU)", "TPU v5p"])
def test_the_published_range_in_bf16_is_plausible(device, efficiency, devices):
    peak = float(devices.set_index("device").at[device, "bf16_tflops"])
    found = published_utilization(efficiency, device, "bf16", peak)
    assert found is not None
    assert 0.05 < found.low <= found.middle <= found.high < 0.8, found
    assert found.n_models >= 2
    assert found.sources


def test_the_range_on_h100_holds_what_llama_3_and_megatron_core_print(efficiency):
    """Sources: Llama 3 report, 38 to 43%; Megatron-Core, 41 to 47% (rows llama3_herd_2024, megatron_lm)."""
    found = published_utilization(efficiency, "H100 SXM", "bf16", 989.4)
    assert found is not None
    assert found.low < 0.405 < found.high, found
    assert {"llama3_herd_2024", "megatron_lm"} <= set(found.sources)


def test_a_frameworks_own_range_lies_within_its_rows(efficiency):
    names = systems(efficiency, "H100 SXM", "bf16")
    assert {"LLM Foundry / Composer FSDP", "Megatron-Core"} <= set(names)
    own = published_utilization(efficiency, "H100 SXM", "bf16", 989.4, "Megatron-Core")
    assert own is not None
    assert own.sources == ("megatron_lm",)
    assert 0.41 <= own.low <= own.high <= 0.47  # Megatron-Core prints 41 to 47%
    for name in names:
        assert published_utilization(efficiency, "H100 SXM", "bf16", 989.4, name) is not None, name


def test_recomputed_flops_are_no_model_flops(efficiency):
    rows = efficiency[efficiency["flops_counted"] == "hardware"]
    assert published_utilization(rows, "A100-80GB SXM", "bf16", 312) is None


@pytest.mark.row("R38")
def test_the_rate_of_a_device_is_compared_with_that_at_the_fewest_devices(efficiency):
    """By hand from the rows of MaxText's Llama 2 7B on H100, one for each of five numbers of devices."""
    efficiency = efficiency.assign(n_devices=pd.to_numeric(efficiency["n_devices"]))
    table = scaling(efficiency, "H100 SXM", "bf16")
    own = table[table["series"].str.contains("Llama 2 7B")].set_index("n_devices")
    rows = efficiency[(efficiency["source_id"] == "maxtext") & (efficiency["model"] == "Llama 2 7B")]
    rates = {
        float(row["n_devices"]): row["value"] for row in rows.query("metric == 'tflops_per_gpu'").to_dict("records")
    }
    assert own["tflops"].to_dict() == rates
    for count, rate in rates.items():
        assert own.at[count, "efficiency"] == pytest.approx(rate / rates[min(rates)]), count
    for name, series in table.groupby("series"):
        assert series["efficiency"].iloc[0] == 1, name
        assert series["n_devices"].is_monotonic_increasing, name
        assert 0.2 < series["efficiency"].min() <= series["efficiency"].max() < 1.5, name
    assert scaling(efficiency, "T4", "bf16").empty


def test_without_rows_there_is_no_range(efficiency):
    assert published_utilization(efficiency, "T4", "bf16", 65) is None
    assert published_utilization(efficiency, "a toaster", "bf16", 65) is None
