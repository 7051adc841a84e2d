"""A device's probe gives the planner its speeds: from stored rows to the page's figure and the planner's choices."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from gpu_probe.kernels import KERNELS
from gpu_probe.recorded import recorded
from gpu_probe.result import ProbeResult, Status, about
from gpu_probe.shapes import SHAPE_SETS, Shape
from pages.ui.calibrating import speedups, throughput
from pages.ui.probe_tables import run_words, timed_runs
from results_db import Store

ROOT = Path(__file__).resolve().parents[2]
B200 = recorded("sm_100")
SECONDS_PER_OPERATION = {"mm_bf16": 4e-16, "mm_fp8": 2e-16, "mm_nvfp4": 1e-16, "triton_mxfp4": 1.5e-16}


def result(kernel: str, shape: Shape, p50_us: float, native: bool | None) -> dict:
    times = {"p20_us": 0.99 * p50_us, "p50_us": p50_us, "p80_us": 1.01 * p50_us, "relative_error": 1e-3}
    conditions = {
        "power_w": 900.0,
        "sm_mhz": 1700,
        "slowed_by": ["power cap"],
        "sustained_us": 1.25 * p50_us,
        "burst_us": p50_us / 1.1,
    }
    facts = {"native": native, "run_id": "run", "utc": "2026-11-25T00:00:00Z", **times, **about(B200)}
    facts["conditions"] = conditions | {"zeros_us": 0.8 * p50_us}
    return ProbeResult(kernel, KERNELS[kernel].format, *shape, status=Status.OK, detail="", **facts).to_dict()


def passes() -> list[dict]:
    """Each pass through a layer on that B200 as one call: a product's operations, twice them backward, and a tenth."""
    return [
        result(
            f"{phase}_{way.removeprefix('mm_')}",
            shape,
            1.1e6 * factor * seconds * 2 * shape.m * shape.n * shape.k,
            True,
        )
        for way, seconds in SECONDS_PER_OPERATION.items()
        for phase, factor in (("forward", 1), ("backward", 2))
        for shape in KERNELS["forward_bf16"].shapes((), "cuda")
    ]


def rows() -> list[dict]:
    """A B200 on which products run at the rates above and a number is quantized in a picosecond."""
    shapes = SHAPE_SETS["planner"].accelerator
    products = [
        result(kernel, shape, 1e6 * seconds * 2 * shape.m * shape.n * shape.k, True)
        for kernel, seconds in SECONDS_PER_OPERATION.items()
        for shape in shapes
    ]
    numbers = Shape(16384, 1, 4096)
    quantized = ("quantize_fp8", "quantize_nvfp4", "quantize_mxfp4")
    return [*products, *(result(name, numbers, 1e-6 * numbers.m * numbers.k, None) for name in quantized)]


@pytest.fixture
def probed(own_store_path: Path, shipped_file: Path) -> Path:
    """A shipped store that also holds the rows of such a probe."""
    shutil.copyfile(shipped_file, own_store_path)
    with Store.open(own_store_path) as store:
        store.add_probe_results(rows())
    return own_store_path


def opened(page: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("pages.ui.probe_runs._devices", lambda: [B200])
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).switch_page(f"pages/{page}.py").run()
    assert not at.exception, at.exception
    return at


def test_a_probe_of_the_planners_shapes_is_shown_beside_the_published_speeds(probed, monkeypatch):
    at = opened("probe", monkeypatch)
    assert "Calibrate the planner" in [heading.value for heading in at.subheader]
    step = next(table.value for table in at.dataframe if "over_bf16" in table.value)
    assert set(step["format"]) == {"bf16", "FP8", "MXFP4", "NVFP4"}
    assert len(step) == 4 * 3 * 2
    forward = step[(step["format"] == "NVFP4") & (step["phase"] == "forward")]
    gains = list(forward["over_bf16"])  # four times, but for quantizing, which weighs less the larger the model
    assert 1 < gains[0] < gains[1] < gains[2] < 4
    assert list(forward["quantizing"]) == sorted(forward["quantizing"], reverse=True)
    assert any("planner and the overview offer these speeds" in caption.value for caption in at.caption)


def test_passes_measured_as_one_call_stand_beside_the_sums_of_their_parts_and_are_what_the_planner_takes(
    probed, monkeypatch
):
    with Store.open(probed) as store:
        store.add_probe_results(passes())
        (own,) = {row["value"] for row in speedups(store.table("probe_results")).round(6).to_dict("records")
                  if row["format"] == "NVFP4"}  # fmt: skip
    assert own == pytest.approx(2.0)  # quantizing costs each format the same tenth here
    at = opened("probe", monkeypatch)
    step = next(table.value for table in at.dataframe if "over_bf16" in table.value)
    assert step.groupby("how").size().to_dict() == {"one call": 24, "sum of parts": 24}
    assert any("each pass through them timed as one call" in caption.value for caption in at.caption)
    products = next(table.value for table in at.dataframe if "picojoules" in table.value)
    assert not products["kernel"].str.startswith(("forward", "backward")).any()


@pytest.mark.parametrize(
    ("threads", "words"), [(1, ", 1 thread, 1 timed"), (2, ", 2 threads, 1 timed"), (0, "measured, 1")]
)
def test_a_run_on_a_cpu_is_chosen_by_its_threads(threads, words, empty_store: Store):
    row = result("mm_bf16", Shape(8, 8, 8), 1.0, True) | about(recorded("cpu")) | {"conditions": {"threads": threads}}
    empty_store.add_probe_results([row])
    (run,) = timed_runs(empty_store.table("probe_results")).to_dict("records")
    (same,) = (run_words(one) for _, one in timed_runs(empty_store.table("probe_results")).iterrows())
    assert run["threads"] == threads
    assert words in same


def test_a_row_tells_its_sustained_rate_power_energy_and_what_slowed_it(probed, monkeypatch):
    at = opened("probe", monkeypatch)
    products = next(table.value for table in at.dataframe if "picojoules" in table.value)
    bf16 = products[products["kernel"] == "mm_bf16"].iloc[0]
    assert bf16["tflops"] == pytest.approx(2500)
    assert bf16["tflops_sustained"] == pytest.approx(2000)
    assert bf16["tflops_burst"] == pytest.approx(2750)
    assert bf16["tflops_zeros"] == pytest.approx(3125)
    assert bf16["picojoules"] == pytest.approx(900 / 2000)  # W over TFLOP/s
    assert (bf16["power_w"], bf16["sm_mhz"], bf16["slowed_by"]) == (900, 1700, "power cap")


def few_bits() -> list[dict]:
    """int4 weights that gain 3.5 times to 32 tokens and less beyond, and times by the bits of a weight in a line."""
    layers = [Shape(batch, 8192, 8192) for batch in (1, 16, 32, 64, 256)]
    gains = (3.5, 3.5, 3.5, 2.0, 0.8)
    wide = [result("mm_bf16", shape, 100.0, True) for shape in layers]
    narrow = [result("mm_int4_weight", shape, 100.0 / gain, True) for shape, gain in zip(layers, gains, strict=True)]
    one = Shape(1, 4096, 4096)
    ways = (("lookup", 100.0), ("widened", 300.0))
    return [
        *wide,
        *narrow,
        *(result(f"{way}_int{b}_weight", one, 50 + us * b, True) for way, us in ways for b in (1, 2, 4)),
    ]


# Every published figure of rows R23 to R26 of the capability table.
PUBLISHED = {
    "marlin_2024-01": 4, "marlin_2024-04": 2.8, "quick_2024-01": 1.91, "tilus_2025-01": 1.75, "tilus_2025-02": 2.61,
    "tilus_2025-03": 1.29, "tilus_2025-04": 1.03, "comet_2024-01": 2.88, "comet_2024-02": 2.02, "atom_2023-01": 7.73,
    "atom_2023-02": 2.53, "fireq_2025-01": 1.68, "fireq_2025-02": 1.26, "fp8_lm_2023-02": 64, "mus_fp8_2025-02": 33,
    "tmac_2024-01": 4, "tmac_2024-02": 70, "tmac_2024-03": 30, "tmac_2024-04": 71, "tmac_2024-05": 11,
    "lut_tensor_core_2024-01": 10, "lut_tensor_core_2024-02": 10,
}  # fmt: skip


@pytest.mark.row("R23", "R24", "R25", "R26")
def test_published_kernels_of_few_bits_stand_beside_what_the_run_measured(probed, monkeypatch):
    with Store.open(probed) as store:
        store.add_probe_results(few_bits())
    at = opened("probe", monkeypatch)
    tables = [table.value for table in at.dataframe]
    claims = pd.concat([table for table in tables if "claim_id" in table]).set_index("claim_id")["printed"]
    for claim, printed in PUBLISHED.items():
        assert float(re.findall(r"[\d.]+", claims[claim])[0]) == printed, (claim, claims[claim])
    (binary,) = (table for table in tables if "matches" in table)
    assert len(binary) == 16
    (split,) = (caption.value for caption in at.caption if caption.value.startswith("W2A8 is 16 binary products"))
    summed, exact = (int(word.rstrip(".")) for word in re.findall(r"-?\d+", split)[-2:])
    assert summed == exact
    drawn = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    traces = {trace.get("name"): trace for figure in drawn for trace in figure["data"]}
    assert {"measured: mm_int4_weight", "MARLIN, published", "roofline of A10", "tables of sums"} <= set(traces)
    assert "4-bit weights gain up to 54 tokens on A10, and nothing from 208 on" in [title(figure) for figure in drawn]
    assert "Tables are 2.3 to 2.8 times as fast; 4 bits take 1.8 times 2 bits" in [title(figure) for figure in drawn]


def title(figure: dict) -> str:
    """The title of a figure in one line, its breaks undone."""
    return figure["layout"]["title"].get("text", "").replace("<br>", " ")


def test_the_planner_offers_the_speeds_of_the_probe_and_takes_them_for_its_device(probed, monkeypatch):
    at = opened("planner", monkeypatch)
    choice = at.selectbox(key="planner.speed")
    own = "B200 SXM, NVFP4 linear layers measured here, 16384 tokens, batch 32"
    assert own in choice.options
    choice.set_value(own).run()
    assert not at.exception
    assert any("your probe, B200 SXM, NVFP4" in caption.value for caption in at.caption)


def test_a_probe_of_other_shapes_or_without_fp4_leaves_the_published_speeds_as_they_are(shipped_store: Store):
    published = shipped_store.table("throughput")
    shipped_store.add_probe_results([row for row in rows() if row["kernel"] in ("mm_bf16", "mm_fp8", "quantize_fp8")])
    assert len(throughput(shipped_store)) == len(published)
    assert speedups(shipped_store.table("probe_results")).empty
