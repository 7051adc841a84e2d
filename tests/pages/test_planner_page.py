"""The planner as a person uses it: budgets in several units, limits, further formats, what-ifs, a report to hand on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import more_formats, planner_report
from results_db import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def planner(own_store_path: Path, shipped_file: Path) -> Callable[..., AppTest]:
    """planner(name=value, ...) opens the planner with planner.name=value in its address."""

    def open_page(**query: object) -> AppTest:
        shutil.copyfile(shipped_file, own_store_path)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in query.items():
            at.query_params[f"planner.{name}"] = str(value)
        at = at.switch_page("pages/planner.py").run()
        assert not at.exception
        return at

    return open_page


def words(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.success, at.info, at.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def table(at: AppTest, column: str) -> pd.DataFrame:
    return next(own.value for own in at.dataframe if column in own.value)


def budget(at: AppTest) -> pd.DataFrame:
    return table(at, "days to the best loss").set_index("scheme")


def test_days_dollars_and_flops_of_the_same_budget_give_the_same_plan(planner):
    days = planner(days=10, price=4)
    dollars = planner(budget="dollars", dollars=64 * 24 * 10 * 4, price=4)
    rate = 4500e12 * 0.358 * 64 * 86400 * 10
    flops = planner(budget="FLOPs", FLOPs=rate, price=4, mfu=35.8)
    expected = budget(days)["loss [nats/token]"]
    for other in (dollars, flops):
        np.testing.assert_allclose(budget(other)["loss [nats/token]"], expected, atol=2e-4)
    assert "61.4k USD at 4 USD per GPU hour" in words(days)


def test_energy_is_gpu_hours_at_the_rated_power_times_pue(planner):
    at = planner(gpus=8, days=1, pue=1.2)
    assert f"{8 * 24 * 1000 * 1.2 / 1e6:.3g} MWh at 1000 W per GPU and PUE 1.2" in words(at)


def test_published_coefficients_offer_a_refit_that_gives_chances(planner):
    at = planner(coefficients="published, newest snapshot")
    assert "no P(win) and no interval of the loss" in words(at)
    assert budget(at)["P(win)"].isna().all()
    at.button(key="planner.refit").click().run()
    assert not at.exception
    assert budget(at)["P(win)"].sum() == pytest.approx(1.0, abs=0.01)
    assert "1000 bootstrap resamples" in words(at)
    assert not [button for button in at.button if button.key == "planner.refit"]


def test_a_memory_limit_and_a_fixed_size_are_kept(planner):
    limited = budget(planner(memory=2))
    assert (limited["served weights [GB]"] <= 2.001).all()
    assert (limited["devices to hold them"] == 1).all()
    large = budget(planner(device="RTX 5090", fixed_n=100, gpus=4096, coefficients="published, newest snapshot"))
    assert large.loc["fp8:fp8", "devices to hold them"] == np.ceil(100 / (0.9 * 32))
    fixed = budget(planner(fixed_n=1.5))
    assert set(fixed["parameters"]) == {"1.5B"}
    assert "No scheme can be trained here" in words(planner(fixed_n=1e6, fixed_d=1e6))


def test_utilization_defaults_to_what_was_published_on_the_chip_with_its_spread(planner):
    said = words(planner(device="H100 SXM"))
    found = re.search(r"Utilization ([\d.]+)% of the dense peak; published on this chip in BF16: median (\d+)%", said)
    assert found, said
    assert float(found[1]) == pytest.approx(float(found[2]), abs=0.51)
    assert "it is a guess" in words(planner(device="RTX 3090", coefficients="published, newest snapshot"))


def test_a_format_that_counts_in_full_at_twice_the_speed_wins_everywhere(planner):
    at = planner(formats="dream 1 1 4 4 4")
    assert "**DREAM forward, DREAM backward**" in at.success[0].value
    assert budget(at).loc["dream:dream", "P(win)"] == pytest.approx(1.0)
    assert "**dream:dream** wins" in words(at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nvfp4 0.7", "'nvfp4 0.7' has 1 numbers; write name eff_N eff_D"),
        ("a 0.5 zero", "eff_D is 'zero'; write a number above 0"),
        ("a 0.5 -1", "eff_D is '-1'"),
        ("a 0.5 nan", "eff_D is 'nan'"),
    ],
)
def test_a_format_entered_wrongly_is_said(planner, text, said):
    at = planner(formats=text, coefficients="published, newest snapshot")
    assert said in words(at)


def test_published_methods_compete_with_their_own_factors(shipped_store: Store):
    known = more_formats.methods(shipped_store.coefficient_sets("quartet"))
    assert (known["Quartet newest"].eff_n, known["Quartet newest"].eff_d) == pytest.approx((0.658, 0.822), abs=1e-3)
    assert known["paper v4 method Quartet"].eff_d == pytest.approx(0.95)


def test_the_what_ifs_are_what_the_changed_page_says(planner):
    at = planner()
    changes = table(at, "if").set_index("if")
    assert changes.loc["nothing changes", "wins"] == budget(at)["loss [nats/token]"].idxmin()
    elsewhere = planner(device="H200 SXM", mfu=budgeted(at))
    assert changes.loc["the GPUs are H200 SXM", "wins"] == budget(elsewhere)["loss [nats/token]"].idxmin()
    assert changes.loc["the GPUs are H200 SXM", "loss [nats/token]"] == pytest.approx(
        budget(elsewhere)["loss [nats/token]"].min(), abs=2e-4
    )


def budgeted(at: AppTest) -> float:
    return float(re.search(r"Utilization ([\d.]+)%", words(at))[1])


def test_the_map_over_compute_has_an_axis_of_flops(planner):
    at = planner(axes="training compute", coefficients="published, newest snapshot")
    assert "training compute" in at.get("plotly_chart")[0].proto.spec


def test_other_laws_mark_their_disagreement_and_their_ranges(planner):
    at = planner(tab="Other laws", laws_n=1, laws_d=100)
    assert re.search(r"They disagree: .* trains in the fewest bits", words(at))
    shown = table(at, "trains in")
    assert shown["disagrees"].str.contains("from the median of the laws").any()
    assert shown["validity"].str.contains("extrapolation").any()
    assert len(at.get("plotly_chart")) == 3


def test_the_report_holds_figures_numbers_and_sources_and_asks_nobody(planner, monkeypatch):
    kept = []

    def keep(*plan: object) -> None:
        kept.append(planner_report.report(planner_report.sections(*plan), "here"))

    monkeypatch.setattr(planner_report, "offer", keep)
    at = planner(gpus=16, formats="<b>x</b> 0.9 0.9")
    (page,) = kept
    without_script = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert page.count("plotly-graph-div") == 2
    assert "quartet_2025" in without_script
    assert "<b>x</b>" not in without_script
    for scheme, row in budget(at).iterrows():
        if not str(scheme).startswith("<"):
            assert str(scheme) in without_script
            assert f"{row['loss [nats/token]']:.4f}".rstrip("0") in without_script
    for fact in ("95% from", "eff_n[QuEST]", "rows of runs", "Python", "2505.14669", "Utilization"):
        assert fact in without_script, fact


def test_another_law_gives_the_losses_with_the_same_factors(planner):
    at = planner(base="Chinchilla, Epoch's refit", coefficients="published, newest snapshot", days=7)
    found = budget(at).loc["bf16:bf16"]
    n, d = (float(found[name][:-1]) * {"B": 1e9, "T": 1e12}[found[name][-1]] for name in ("parameters", "tokens"))
    loss = 1.81686 + 482.00572 / n**0.34781 + 2085.4342 / d**0.36585
    assert found["loss [nats/token]"] == pytest.approx(loss, abs=3e-3)  # the size is shown with three digits
    assert "carried over from Quartet" in words(at)
    assert "70M to 16B parameters on 5B to 500B tokens" in words(at)


def test_a_persons_own_runs_carry_the_plan(planner, own_store_path):
    planner(coefficients="published, newest snapshot")  # makes the store
    lines = ["params,tokens,val_loss"]
    for n in (7e7, 1.5e8, 4e8, 1e9):
        lines += [f"{n:g},{d:g},{1.8 + 400 / n**0.34 + 1800 / d**0.36:.8f}" for d in (2e9, 5e9, 2e10, 6e10)]
    from pages.ui import session

    session._opened_store.clear()
    with Store.open(own_store_path) as opened:
        opened.commit(opened.preview("mine.csv", "\n".join(lines).encode()))
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.query_params |= {"planner.base": "my runs: mine", "planner.coefficients": "published, newest snapshot"}
    at = at.switch_page("pages/planner.py").run()
    assert not at.exception
    said = words(at)
    assert "fitted on 16 of my runs: mine" in said
    assert "fitted on your runs of 7e+07 to 1e+09 parameters" in said
    rows = budget(at)
    assert (rows["95% from"] <= rows["loss [nats/token]"]).all()


def test_a_probed_device_is_planned_for_at_its_highest_measured_rates(planner, own_store_path):
    planner(coefficients="published, newest snapshot")  # makes the store
    from pages.ui import session

    session._opened_store.clear()
    cases = [("mm_bf16", "bf16", 260.0), ("mm_bf16", "bf16", 200.0), ("mm_fp8", "fp8", 110.0), ("copy", "bf16", 1.0)]
    lines = [
        {"kernel": kernel, "format": form, "m": 4096, "n": 4096, "k": 4096, "device": "NVIDIA H100 80GB HBM3",
         "status": "OK", "detail": "made up", "native": True, "p20_us": time, "p50_us": time, "p80_us": time,
         "device_kind": "cuda", "device_id": "cuda:0", "relative_error": 1e-3, "utc": f"2026-11-01T00:00:0{second}Z"}
        for second, (kernel, form, time) in enumerate(cases)
    ]  # fmt: skip
    with Store.open(own_store_path) as opened:
        opened.commit(opened.preview("probe.jsonl", "\n".join(map(json.dumps, lines)).encode()))
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    name = "NVIDIA H100 80GB HBM3 (probed)"
    at.query_params |= {"planner.device": name, "planner.coefficients": "published, newest snapshot"}
    at = at.switch_page("pages/planner.py").run()
    assert not at.exception
    bf16, fp8 = (2 * 4096**3 / time / 1e6 for time in (200.0, 110.0))
    assert f"dense peaks of {name}: BF16 {bf16:g} TFLOP/s, FP8 {fp8:g} TFLOP/s, no FP4" in words(at)
    published = planner(device="H100 SXM", coefficients="published, newest snapshot")
    share, measured = budgeted(published), budgeted(at)
    assert measured == pytest.approx(share * 989.4 / bf16, abs=0.2)  # the same rate, over a lower peak
