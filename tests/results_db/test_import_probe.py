"""Rows of the kernel probe: checked one by one, stored once, whatever way they come."""

from __future__ import annotations

import io
import json
import math
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from gpu_probe.result import ProbeResult, Status
from results_db import Store
from results_db.importers.probe_rows import FIELDS, STATUSES
from results_db.importers.reader import read

OK = {
    "kernel": "mm_bf16", "format": "bf16", "m": 512, "n": 512, "k": 512, "device": "A card", "status": "OK",
    "detail": "", "native": True, "p20_us": 9.0, "p50_us": 10.0, "p80_us": 12.0, "relative_error": 0.0,
    "versions": {"torch": "2.13.0"}, "run_id": "r1", "utc": "2026-11-24T16:15:48Z", "samples": 30,
}  # fmt: skip
REFUSED = OK | {"status": "UNSUPPORTED", "detail": "no tensor cores", "p20_us": None, "p50_us": None, "p80_us": None}


def lines(*rows: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_a_probe_file_is_recognised_and_every_field_arrives(empty_store: Store) -> None:
    preview = empty_store.preview("probe.jsonl", lines(OK, REFUSED))
    assert (preview.kind, preview.blocking, preview.sentences()) == ("probe_results", "", [])
    assert preview.message == "probe.jsonl: 2 probe results, all good."
    dataset = empty_store.commit(preview)
    kept = empty_store.table("probe_results")
    assert list(kept["status"]) == ["OK", "UNSUPPORTED"]
    assert list(kept["p50_us"].astype(object).where(kept["p50_us"].notna(), None)) == [10.0, None]
    assert list(kept["utc"]) == [datetime(2026, 11, 24, 16, 15, 48)] * 2
    assert [json.loads(text) for text in kept["versions"]] == [{"torch": "2.13.0"}] * 2
    assert [json.loads(text) for text in kept["extra"]] == [{"samples": 30}] * 2
    assert set(kept["run_id"]) == {"r1"}
    assert set(kept["origin"]) == {"uploaded"}
    assert list(empty_store.datasets()["n_rows"]) == [2]
    assert empty_store.undo(dataset) == 2
    assert empty_store.table("probe_results").empty


def test_rows_that_the_probe_itself_writes_are_good() -> None:
    written = ProbeResult(
        "mm_fp8", "e4m3", 16, 32, 64, "A card", "OK", "ran native", True, 1.0, 2.0, 3.0, 1e-3, {"torch": "2.13.0"}
    )
    found = read("x.jsonl", written.to_json().encode())
    assert (found.kind, found.sentences(), len(found.rows)) == ("probe_results", [], 1)


def test_a_file_of_one_list_is_read_too() -> None:
    found = read("x.json", json.dumps([OK, REFUSED]).encode())
    assert (found.kind, len(found.rows)) == ("probe_results", 2)


def test_rows_measured_here_and_the_same_rows_in_a_file_are_stored_once(empty_store: Store) -> None:
    assert empty_store.add_probe_results([OK, REFUSED]) == 2
    assert empty_store.add_probe_results([OK]) == 0
    preview = empty_store.preview("probe.jsonl", lines(OK, REFUSED))
    assert preview.existing == "measured"
    assert preview.message == "probe.jsonl: all 2 rows are in the store already; importing adds nothing."
    assert empty_store.commit(preview) == "measured"
    assert empty_store.datasets().empty
    assert set(empty_store.table("probe_results")["origin"]) == {"measured"}


def test_only_the_new_rows_of_a_longer_file_are_added(empty_store: Store) -> None:
    empty_store.commit(empty_store.preview("a.jsonl", lines(OK)))
    preview = empty_store.preview("b.jsonl", lines(OK, REFUSED))
    assert preview.message.endswith("1 of these rows are in the store already and are not added again.")
    second = empty_store.commit(preview)
    assert len(empty_store.table("probe_results")) == 2
    assert list(empty_store.table("probe_results", dataset_id=second)["status"]) == ["UNSUPPORTED"]
    assert empty_store.check() == []
    assert empty_store.undo(second) == 1


def test_a_row_that_is_twice_in_a_file_is_stored_once() -> None:
    assert len(read("x.jsonl", lines(OK, OK)).rows) == 1


def test_a_measured_row_that_is_wrong_stores_none(empty_store: Store) -> None:
    with pytest.raises(ValueError, match="probe row 2: kernel: write a text, it must not be empty"):
        empty_store.add_probe_results([OK, OK | {"kernel": ""}])
    assert empty_store.table("probe_results").empty
    assert empty_store.add_probe_results([]) == 0


WRONG = [
    ({"status": "FINE"}, "status is 'FINE'; write one of OK, UNSUPPORTED, WRONG, FAILED, TIMEOUT, CANCELLED"),
    ({"status": ["OK"]}, "write one of OK, UNSUPPORTED"),
    ({"kernel": ""}, "kernel: write a text, it must not be empty"),
    ({"kernel": None}, "write a text, it must not be empty"),
    ({"kernel": 7}, "kernel is '7'; write a text in double quotes"),
    ({"detail": "x" * 10_001}, "the text has 10001 characters; at most 10000 are kept"),
    ({"device": "a\x00b"}, "remove the characters that are no text"),
    ({"device": "\ud800"}, "remove the characters that are no text"),
    ({"m": 0}, "m is '0'; write a positive whole number, or null"),
    ({"m": -4}, "write a positive whole number, or null"),
    ({"m": 1.5}, "m is '1.5'; write a whole number"),
    ({"m": "512"}, "m is '512'; write a positive whole number, or null"),
    ({"m": 10**30}, "write a positive whole number, or null"),
    ({"m": True}, "m is 'True'; write a positive whole number, or null"),
    ({"p50_us": -1.0}, "p50_us is '-1.0'; write a number above zero, or null where there is none"),
    ({"p50_us": 0}, "write a number above zero, or null where there is none"),
    ({"p50_us": "10"}, "p50_us is '10'; write a finite number, or null where there is none"),
    ({"p50_us": 10**400}, "write a finite number, or null where there is none"),
    ({"relative_error": -0.1}, "write 0 or a number above, or null where there is none"),
    ({"native": "yes"}, "native is 'yes'; write true, false or null"),
    ({"versions": "2.13"}, 'write an object such as {"torch": "2.13.0"}'),
    ({"utc": "yesterday"}, "utc is 'yesterday'; write a time such as 2026-11-24T16:15:48Z"),
    ({"utc": 1764000000}, "write a time such as 2026-11-24T16:15:48Z"),
    ({"utc": "0001-01-01T00:00:00+14:00"}, "write a time such as 2026-11-24T16:15:48Z"),
    ({"p50_us": None}, "p50_us: status OK needs p20_us, p50_us and p80_us in microseconds"),
    ({"p50_us": 99.0}, "p50_us is '99.0'; p20_us <= p50_us <= p80_us must hold"),
    ({"status": "TIMEOUT"}, "p20_us is '9.0'; only status OK carries times, this row says TIMEOUT"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_a_wrong_field_is_named_and_the_other_rows_are_kept(change: dict, said: str) -> None:
    found = read("x.jsonl", lines(REFUSED, OK | change))
    (sentence,) = found.sentences()
    assert sentence.startswith("row 2: ")
    assert said in sentence
    assert len(found.rows) == 1
    assert found.message == "x.jsonl: 2 probe results, 1 good and 1 with problems."


def test_numbers_that_json_does_not_know_are_refused() -> None:
    text = json.dumps(OK).replace("10.0", "NaN")
    assert "NaN is not JSON; write null where there is no number" in read("x.jsonl", text.encode()).blocking
    found = read("x.jsonl", json.dumps(OK).replace("10.0", "1e999").encode())
    assert "write a finite number" in found.sentences()[0]
    assert found.blocking == "no line of this file is a probe result that can be imported"


def test_a_line_of_something_else_among_probe_rows_is_named() -> None:
    found = read("x.jsonl", lines(OK, {"loss": 2.9}))
    assert found.kind == "probe_results"
    assert [sentence.split(";")[0] for sentence in found.sentences()] == [
        "row 2: kernel is 'None'",
        "row 2: status is 'None'",
    ]


ODD = [
    {"extra_field": "\ud800"},
    {"versions": {"torch": "\ud83d", "語": "é"}},
    {"detail": "two\r\nlines\rthree"},
    {"detail": "=1+1", "device": "@x", "format": "-1"},
    {"m": 2.0, "n": 2**40, "k": None},
    {"relative_error": 1e308, "p20_us": 5e-324, "p50_us": 1.0, "p80_us": 1.7e308},
    {"utc": "9999-12-31T23:59:59"},
    {"utc": "0001-01-01"},
    {"utc": "2026-11-24T17:15:48+01:00"},
    {"utc": None, "native": None, "versions": None, "device": ""},
    {"nested": {"a": [1, {"b": None}]}, "result_id": "mine", "origin": "published", "dataset_id": "x"},
]


@pytest.mark.parametrize("change", ODD)
def test_odd_but_right_rows_are_stored_and_exported(change: dict, empty_store: Store) -> None:
    preview = empty_store.preview("x.jsonl", lines(OK | change))
    assert (preview.blocking, preview.sentences()) == ("", [])
    empty_store.commit(preview)
    kept = empty_store.table("probe_results")
    assert list(kept["origin"]) == ["uploaded"]
    exported = pd.read_csv(io.BytesIO(empty_store.export("probe_results")))
    assert len(exported) == 1
    assert empty_store.export("probe_results", "parquet")[:4] == b"PAR1"


def test_a_time_of_another_zone_is_kept_in_utc(empty_store: Store) -> None:
    empty_store.add_probe_results([OK | {"utc": "2026-11-24T17:15:48+01:00"}])
    assert list(empty_store.table("probe_results")["utc"]) == [datetime(2026, 11, 24, 16, 15, 48)]


def test_every_field_of_the_probe_has_a_rule_that_accepts_none_where_it_is_optional() -> None:
    for column, rule in FIELDS.items():
        if column not in ("kernel", "status"):
            assert rule(None) is None, column
    assert set(STATUSES) == set(Status)


def test_the_percentiles_are_stored_to_the_last_bit(empty_store: Store) -> None:
    times = {"p20_us": math.nextafter(1, 2), "p50_us": math.pi, "p80_us": 1e7 / 3}
    empty_store.add_probe_results([OK | times])
    kept = empty_store.table("probe_results")
    assert {name: kept[name][0] for name in times} == times
