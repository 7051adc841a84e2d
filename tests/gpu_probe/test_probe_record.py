"""The document of probe results is written from what runs printed, and says what was never run."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_probe.__main__ import main
from gpu_probe.record import CPUS, GPUS, NONE_YET, read, recorded_in
from gpu_probe.recorded import recorded
from gpu_probe.result import ProbeResult, Status, about

DOCUMENT = Path(__file__).parents[2] / "docs" / "probe-results.md"
EMPTY = f"# Probe results\n\n{GPUS}\n\n{NONE_YET}\n\n{CPUS}\n\n{NONE_YET}\n"


def row(arch: str, day: str = "2026-11-25", **facts) -> ProbeResult:
    times = {"p20_us": 90.0, "p50_us": 100.0, "p80_us": 120.0, "relative_error": 1.7e-3}
    told = {"status": Status.OK, "detail": "", "native": True, **times, **about(recorded(arch))} | facts
    return ProbeResult("mm_bf16", "bf16", 1000, 1000, 1000, utc=f"{day}T10:00:00Z", **told)


def test_an_entry_goes_under_its_kind_of_device_the_newest_first_and_takes_the_place_of_none_yet():
    text = recorded_in(EMPTY, [row("sm_90", conditions={"sustained_us": 125.0})])
    gpus, cpus = text.split(f"{CPUS}\n")
    assert NONE_YET not in gpus
    assert NONE_YET in cpus
    assert "### 2026-11-25, NVIDIA H100 80GB HBM3 (an NVIDIA GPU, 9.0)" in gpus
    assert "| mm_bf16 | 1000 x 1000 x 1000 | native | 100 | 90 to 120 | 20 | 16 | 0.0017 |" in gpus
    later = recorded_in(text, [row("sm_100", "2026-12-01"), row("cpu")])
    assert later.index("NVIDIA B200") < later.index("NVIDIA H100") < later.index("i7-8700")
    assert NONE_YET not in later


def test_recording_the_same_day_again_replaces_the_entry_and_leaves_the_others():
    text = recorded_in(recorded_in(EMPTY, [row("sm_90"), row("cpu")]), [row("sm_90", status=Status.FAILED, **NO_TIME)])
    assert text.count("NVIDIA H100") == 1
    assert "mm_bf16, 1000 x 1000 x 1000: FAILED" in text
    assert text.count("i7-8700") == 1


NO_TIME = {"p20_us": None, "p50_us": None, "p80_us": None, "relative_error": None, "native": None}


def test_lines_that_are_no_results_are_passed_over_and_none_at_all_is_a_sentence(tmp_path, capsys):
    printed = tmp_path / "tests.txt"
    printed.write_text(f"collected 3 items\n{row('sm_90').to_json()}\n.. passed\n")
    document = tmp_path / "results.md"
    document.write_text(EMPTY)
    assert main(["record", str(printed), "--write", str(document), "--note", "On a quiet host."]) == 0
    assert capsys.readouterr().err == f"1 cases recorded in {document}\n"
    assert "NVIDIA H100" in document.read_text()
    assert "Cases: 1 OK. On a quiet host." in document.read_text()
    printed.write_text("nothing\n")
    assert main(["record", str(printed), "--write", str(document)]) == 2
    assert "no line is a result of the probe; give what python -m gpu_probe run printed" in capsys.readouterr().err
    assert main(["record", str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/missing cannot be read: No such file or directory\n"


def test_the_document_states_a_date_a_device_and_versions_of_every_entry_and_none_yet_where_there_is_none():
    text = DOCUMENT.read_text(encoding="utf-8")
    gpus, cpus = text.split(f"{GPUS}\n")[1].split(f"{CPUS}\n")
    for section in (gpus, cpus):
        found = section.split("### ")[1:]
        assert found or NONE_YET in section
        for entry in found:
            assert entry[:10].count("-") == 2
            assert "Versions: torch " in entry
            assert "| kernel |" in entry


def test_a_document_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="has no section '## On GPUs'"):
        recorded_in("# Something else\n", read([row("sm_90").to_json()]))
