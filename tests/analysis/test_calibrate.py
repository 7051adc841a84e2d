"""Speed-ups put together from a probe's rows: worked out by hand, and over the sizes of the published tables."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from analysis.plans.calibrate import SOURCE, SUM, WHOLE, layer_times, preferred, throughput_rows
from analysis.plans.speed import measured_tables
from gpu_probe.layers import Models, n_params, sizes, step_work

THROUGHPUT = Path(__file__).parents[2] / "results_db" / "data" / "throughput.csv"
WORK = pd.DataFrame(
    [
        (100, "forward", 10, 4, 6, 2),
        (100, "backward", 10, 6, 4, 2),
        (100, "backward", 4, 6, 10, 2),
        (200, "forward", 10, 8, 6, 3),
        (200, "backward", 10, 6, 8, 3),
    ],
    columns=["n_params", "phase", "m", "n", "k", "count"],
)


def row(format, m, n, k, p50, native=True, quantizes=False, phase=""):
    times = {"p20_us": 0.9 * p50, "p50_us": p50, "p80_us": 1.2 * p50}
    kind = {"native": native, "quantizes": quantizes, "pass": phase}
    return {"format": format, "m": m, "n": n, "k": k, **kind, **times}


def measured(format, p50, quantize_us=None):
    """A row for every product of WORK at that time, and one that quantizes 10 x 10 numbers."""
    shapes = WORK[["m", "n", "k"]].drop_duplicates().itertuples(index=False)
    rows = [row(format, *shape, p50) for shape in shapes]
    return rows if quantize_us is None else [*rows, row(format, 10, 1, 10, quantize_us, None, True)]


def test_a_step_adds_up_its_products_and_quantizes_both_operands_of_each():
    times = layer_times(WORK, pd.DataFrame(measured("mxfp4", 5.0, quantize_us=100.0)))
    found = times.set_index(["n_params", "phase"])["p50_us"]
    # 1 us a number: forward of the small model 2 layers x (5 + 10 x 6 + 4 x 6); backward (5 + 64) + (5 + 100).
    assert found[100, "forward"] == pytest.approx(2 * (5 + 60 + 24))
    assert found[100, "backward"] == pytest.approx(2 * (5 + 40 + 24 + 5 + 40 + 60))
    assert found[200, "forward"] == pytest.approx(3 * (5 + 60 + 48))
    share = times.set_index(["n_params", "phase"])["quantizing"]
    assert share[100, "forward"] == pytest.approx(84 / 89)
    assert (times["p20_us"] < times["p50_us"]).all()
    assert (times["p50_us"] < times["p80_us"]).all()


def test_bf16_quantizes_nothing_and_other_formats_have_no_time_without_their_quantizing_row():
    rows = pd.DataFrame(measured("bf16", 8.0) + measured("fp8", 4.0))
    times = layer_times(WORK, rows)
    assert set(times["format"]) == {"bf16"}
    assert times.set_index(["n_params", "phase"])["p50_us"][100, "backward"] == pytest.approx(2 * 16.0)


def test_emulated_rows_and_models_with_a_product_missing_have_no_time():
    emulated = [one | {"native": False} if not one["quantizes"] else one for one in measured("nvfp4", 1.0, 1.0)]
    assert layer_times(WORK, pd.DataFrame(emulated)).empty
    some = [one for one in measured("bf16", 8.0) if one["n"] != 8]
    assert set(layer_times(WORK, pd.DataFrame(some))["n_params"]) == {100}


def test_the_fastest_kernel_of_a_product_and_the_fastest_fp8_count():
    slow, fast = measured("fp8", 9.0, 10.0), measured("mxfp8", 3.0, 10.0)
    times = layer_times(WORK, pd.DataFrame([*slow, *fast, *measured("mxfp8", 30.0)]))
    alone = layer_times(WORK, pd.DataFrame(fast))
    assert set(times["format"]) == {"FP8"}
    pd.testing.assert_frame_equal(times, alone)


def passes(format, forward, backward, native=True):
    """A row for each layer of WORK and each of its passes as one call."""
    layers = ((10, 4, 6), (10, 8, 6))
    pairs = (("forward", forward), ("backward", backward))
    return [row(format, *layer, p50, native, phase=phase) for layer in layers for phase, p50 in pairs]


@pytest.mark.row("R25")
def test_a_pass_measured_as_one_call_goes_before_the_sum_of_its_parts():
    parts = measured("fp8", 8.0, 10.0) + measured("nvfp4", 4.0, 10.0) + measured("bf16", 16.0)
    whole = passes("fp8", 30.0, 50.0) + passes("nvfp4", 20.0, 25.0)
    times = layer_times(WORK, pd.DataFrame(parts + whole))
    found = times[times["how"] == WHOLE].set_index(["n_params", "phase", "format"])["p50_us"]
    assert found[100, "forward", "FP8"] == pytest.approx(2 * 30.0)
    assert found[200, "backward", "NVFP4"] == pytest.approx(3 * 25.0)
    assert set(times.loc[times["how"] == SUM, "format"]) == {"bf16", "FP8", "NVFP4"}
    assert set(preferred(times)["how"]) == {WHOLE}
    (speed,) = measured_tables(throughput_rows(times, "B200 SXM", 16384, 32))
    assert list(speed.forward) == pytest.approx([1.5, 1.5])
    assert list(speed.backward) == pytest.approx([2.0, 2.0])


def test_formats_are_compared_within_one_way_of_measuring():
    """Where FP8 was not measured as one call, or emulated, a whole pass in FP4 is compared with nothing."""
    parts = measured("fp8", 8.0, 10.0) + measured("nvfp4", 4.0, 10.0)
    for whole in ([], passes("fp8", 1.0, 1.0, native=False)):
        times = layer_times(WORK, pd.DataFrame(parts + whole + passes("nvfp4", 1.0, 1.0)))
        assert set(preferred(times)["how"]) == {SUM}


def test_the_planner_reads_the_speed_ups_as_it_reads_published_ones():
    rows = measured("fp8", 8.0, 10.0) + measured("mxfp4", 4.0, 20.0) + measured("bf16", 16.0)
    times = layer_times(WORK, pd.DataFrame(rows))
    table = throughput_rows(times, "B200 SXM", 16384, 32)
    (speed,) = measured_tables(table)
    assert (speed.name, speed.reference, speed.source_id) == (
        "B200 SXM, MXFP4 linear layers measured here, 16384 tokens, batch 32", "fp8", SOURCE,
    )  # fmt: skip
    assert list(speed.n_params) == [100, 200]
    assert speed.forward[0] == pytest.approx((8 + 84 * 0.1) / (4 + 84 * 0.2))
    assert throughput_rows(layer_times(WORK, pd.DataFrame(measured("bf16", 1.0))), "A100", 1, 1).empty


def test_every_size_of_the_published_tables_is_a_model_of_the_family():
    with THROUGHPUT.open(encoding="utf-8", newline="") as file:
        published = {int(row["n_params"]) for row in csv.DictReader(file) if row["n_params"]}
    family = {n_params(layers): layers for layers in range(1, 129)}
    assert published - set(family) == set()
    assert {8, 16, 24, 32} <= {family[size] for size in published}


def test_the_products_of_a_step_make_two_operations_a_parameter_forward_and_four_backward():
    models = Models((8, 24), 2)
    for size, rows in pd.DataFrame(step_work(models)).groupby("n_params"):
        operations = (2 * rows["m"] * rows["n"] * rows["k"] * rows["count"]).groupby(rows["phase"]).sum()
        assert operations["forward"] == 2 * size * models.tokens
        assert operations["backward"] == 4 * size * models.tokens
    assert sizes(8) == (1024, 2816)
