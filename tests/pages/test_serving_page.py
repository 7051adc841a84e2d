"""The planner's serving and footprint tabs: by default, for a model of one's own, and when nothing fits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.serving.architecture import of_row
from analysis.serving.ceilings import Ceilings
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server
from pages.ui.serving_answers import answer_costs
from results_db import Store

CEILINGS = Ceilings({"bf16": 989.4}, 3350)
ROOT = Path(__file__).resolve().parents[2]
LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
}  # fmt: skip


@pytest.fixture
def opened(own_store_path: Path, shipped_file: Path, empty_file: Path) -> Callable[..., AppTest]:
    """A maker of the planner at a tab, on a store of this test's own."""

    def open_tab(tab: str, store: str = "shipped", probed: tuple[dict, ...] = (), **query: str) -> AppTest:
        shutil.copyfile({"shipped": shipped_file, "empty": empty_file}[store], own_store_path)
        if probed:
            with Store.open(own_store_path) as own:
                own.add_probe_results(probed)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in ({"planner.tab": tab} | query).items():
            at.query_params[name] = value
        at = at.switch_page("pages/planner.py").run()
        assert not at.exception
        return at

    return open_tab


def figures(at: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def title(figure: dict) -> str:
    return figure["layout"]["title"]["text"].replace("<br>", " ")


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.success, at.warning, at.info, at.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.row("R05", "R28")
def test_serving_answers_by_default_in_one_sentence(opened):
    at = opened("Serving")
    sentence = at.success[0].value
    assert sentence.startswith("**Llama 3.1 70B** in **fp8 (W8A8)** fits on **4 x H100 SXM**")
    assert "tokens/s**" in sentence
    assert "USD per million tokens**" in sentence
    titles = [title(figure) for figure in figures(at)]
    assert any("choices hold 64 requests of 1,536 tokens" in t for t in titles), titles
    assert any("writes most" in t for t in titles), titles
    assert any(t.startswith("4 bits are best") for t in titles), titles
    assert "**One request at a time**: **W4A16**" in said(at)
    assert "**As many as fit**: **W8A8 (fp8)** or **W8A8 (int8)**" in said(at)
    assert "Devices send each other two sums a layer: " in said(at)
    published = next(table.value for table in at.dataframe if "over" in table.value).set_index(["system", "over"])
    assert published["gain"][("Atom", "FP16")] == 7.73
    assert set(published.loc["Flover", "gain"]) == {11, 16}
    moved = next(table.value for table in at.dataframe if "cache_kib" in table.value)["gigabytes"]
    assert moved[0] >= moved[1] == moved[2]  # 1,024 tokens: from 192 KiB on everything moves once


def test_a_device_without_the_arithmetic_of_a_format_is_said_to_use_a_wider_one(opened):
    at = opened("Serving", **{"planner.serving.formats": "nvfp4"})
    assert "H100 SXM has no fp4 rate, so products run in fp8." in said(at)
    at.selectbox(key="planner.serving.device").set_value("B200 SXM").run()
    assert not at.exception
    assert "so products run in" not in said(at)


@pytest.mark.row("R27")
def test_launches_bound_small_batches_whatever_the_software_reaches(opened):
    at = opened("Serving", **{"planner.serving.launch": "1000"})
    assert "A step is bound by **launches**" in at.success[0].value
    (line,) = [t for t in figures(at)[1]["data"] if t.get("name") == "fp8 (W8A8)"]
    assert line["marker"]["symbol"][0] == "x-thin-open"
    assert "each request a token every 1000 ms" in at.success[0].value
    lines = [t["name"] for t in figures(at)[2]["data"] if t["name"].startswith("above: bound by launches")]
    assert len(lines) == 2, lines
    assert "CPU-bound" in str(figures(at)[1]["layout"]["annotations"])


def test_the_table_of_costs_is_the_speed_times_the_price(opened):
    at = opened("Serving")
    (table,) = [t.value for t in at.dataframe if "USD per million" in t.value]
    price = next(n.value for n in at.number_input if n.label == "USD per GPU-hour")
    expected = price * 4 / (table["tokens/s"] * 3600) * 1e6
    assert table["USD per million"].to_numpy() == pytest.approx(expected.to_numpy())
    assert table["USD per million"].idxmin() == table["tokens/s"].idxmax()


@pytest.mark.row("R48")
def test_what_does_not_fit_says_how_many_devices_would_do(opened):
    at = opened(
        "Serving",
        **{
            "planner.serving.model": "GLM-130B",
            "planner.serving.device": "RTX 3090",
            "planner.serving.formats": "bf16",
        },
    )
    assert "does not fit on **4 x RTX 3090**: it needs 16 of them" in at.warning[0].value
    chosen = at.selectbox(key="planner.serving.formats")
    chosen.set_value("int4 weights (W4A16)").run()
    assert "**GLM-130B** in **int4 weights (W4A16)** fits on **4 x RTX 3090**" in at.success[0].value


@pytest.mark.parametrize("tab", ["Serving", "Footprint"])
def test_a_config_of_ones_own_is_sized_and_a_bad_one_is_told(opened, tab):
    key = f"planner.{tab.lower()}"
    at = opened(tab, **{f"{key}.model": "my own (config.json)"})
    assert "Drop the config.json of your model" in said(at)
    at.file_uploader(key=f"{key}.config").set_value(("mine.json", json.dumps(LLAMA).encode(), "application/json")).run()
    assert not at.exception
    assert "mine.json" in said(at)
    at.file_uploader(key=f"{key}.config").set_value(("bad.json", b'{"hidden_size": -1}', "application/json")).run()
    assert not at.exception
    assert "a whole number from 1 to" in at.error[0].value


@pytest.mark.row("R37", "R38")
def test_the_footprint_answers_by_default_with_days(opened):
    at = opened("Footprint")
    sentences = [element.value for element in at.success]
    assert sentences[0].startswith(
        "Training **Llama 3.1 70B** with **Adam, bf16 with fp32 master** on **64 x H100 SXM**"
    )
    assert "days** [" in sentences[1]
    assert "10th and 90th percentile" in said(at)
    titles = [title(figure) for figure in figures(at)]
    assert "Sharding everything over 64 copies saves" in titles[0]
    assert any("of its rate at the fewest" in t for t in titles), titles
    assert "Frontier strong scaling of 175B 89%" in said(at)
    ways = next(table.value for table in at.dataframe if "what it drops" in table.value).set_index("method")
    assert ways.at["one moment less", "saved"] == pytest.approx(70.55 * 4 / 64)  # sharded over 64 devices
    printed = next(table.value for table in at.dataframe if "printed" in table.value)["printed"]
    assert {"25.15 GB", "5.6 x", "2.7 x", "800 GPUs", "15 to 23 %"} <= set(printed)


def test_a_split_that_the_devices_do_not_allow_is_told(opened):
    at = opened("Footprint", **{"planner.footprint.tensor": "7"})
    assert "64 devices cannot be split into groups of 7 x 1" in at.error[0].value


def test_the_range_of_days_follows_the_framework_and_the_precision(opened):
    at = opened("Footprint")
    everyone = next(t.value for t in at.dataframe if "days" in t.value)
    at.selectbox(key="planner.footprint.system").set_value("Megatron-Core").run()
    own = next(t.value for t in at.dataframe if "days" in t.value)
    assert not at.exception
    assert own["days"].max() - own["days"].min() < everyone["days"].max() - everyone["days"].min()
    at.selectbox(key="planner.footprint.recipe").set_value("Adam, fp8 products").run()
    assert not at.exception
    assert "of 1,979 TFLOP/s (fp8)" in at.success[1].value


PROBE = {
    "device": "NVIDIA H100 80GB HBM3", "status": "OK", "native": True, "relative_error": 0.0, "run_id": "mine",
    "versions": {"torch": "2.13.0"}, "utc": "2026-11-24T16:15:48Z", "detail": "",
}  # fmt: skip
PRODUCT = PROBE | {"kernel": "mm_bf16", "format": "bf16", "m": 8192, "n": 8192, "k": 8192}
COPY = PROBE | {"kernel": "copy_bandwidth", "format": "bf16", "m": 16384, "n": 1, "k": 16384}


def test_a_probe_of_the_device_gives_the_ceilings(opened, own_store_path, shipped_file):
    """By hand: 2 x 8192^3 FLOPs in 1.6 ms are 687 TFLOP/s; 2 x 2 x 16384^2 bytes in 400 us are 2,684 GB/s."""
    times = {"p20_us": 1590.0, "p50_us": 1600.0, "p80_us": 1610.0}
    copied = {"p20_us": 399.0, "p50_us": 400.0, "p80_us": 401.0}
    at = opened("Serving", probed=(PRODUCT | times, COPY | copied), **{"planner.serving.formats": "bf16"})
    ceilings = at.selectbox(key="planner.serving.ceilings")
    (mine,) = [name for name in ceilings.options if name.startswith("my probe: NVIDIA H100 80GB HBM3")]
    ceilings.set_value(mine).run()
    assert not at.exception
    assert "2,684 GB/s" in said(at)
    names = [trace.get("name", "") for figure in figures(at) for trace in figure["data"]]
    assert "bf16 687 TFLOP/s" in names


@pytest.mark.row("R71")
def test_long_answers_cost_attention_sooner_in_small_models(own_store_path, shipped_file):
    """Source: Kinetics (claim kinetics_2025-01): models of 0.6B to 32B."""
    shutil.copyfile(shipped_file, own_store_path)
    with Store.open(own_store_path) as store:
        rows = store.table("models").set_index("model", drop=False)
    crossings = []
    for name in ("Qwen3-0.6B", "Qwen3-8B", "Qwen3-32B"):
        server = Server(of_row(rows.loc[name].to_dict()), ServingFormats(), Devices(1, 80), CEILINGS)
        table = answer_costs(server, Load(1, 512), CEILINGS.ridge(("bf16",)))
        costs = table.pivot_table(index="tokens", columns="part", values="eflops")
        passed = costs.index[costs["attention"] + costs["cache in bf16"] > costs["parameters"]]
        narrow = costs.index[costs["attention"] + costs["cache in int4"] > costs["parameters"]]
        assert narrow[0] > passed[0], name  # a narrower cache puts the crossing off
        crossings.append(passed[0])
    assert crossings == sorted(crossings), crossings
    assert crossings[0] < crossings[-1]


@pytest.mark.parametrize("tab", ["Serving", "Footprint"])
def test_an_empty_store_leaves_a_sentence(opened, tab):
    at = opened(tab, "empty")
    assert "The store holds no device" in said(at)


def test_every_model_of_the_store_can_be_placed(opened):
    at = opened("Footprint")
    for name in ("DeepSeek-V3", "gpt-oss-120b", "GPT-2 small", "Llama 4 Maverick"):
        at.selectbox(key="planner.footprint.model").set_value(name).run()
        assert not at.exception, name
        assert f"Training **{name}**" in said(at)
