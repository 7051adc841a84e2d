"""Rows of the kernel probe, checked one by one: from a file of JSON lines or straight from a probe."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from results_db.importers.problems import Problem, shown

STATUSES = ("OK", "UNSUPPORTED", "WRONG", "FAILED", "TIMEOUT", "CANCELLED")
REQUIRED = ("kernel", "status")
LARGEST_SIDE = 2**40
LARGEST_NUMBER = sys.float_info.max
LONGEST_TEXT = 10_000
TIMES = ("p20_us", "p50_us", "p80_us")
_EMPTY = {"native": "boolean", "m": "Int64", "n": "Int64", "k": "Int64"} | dict.fromkeys(
    (*TIMES, "relative_error"), "float64"
)


def is_probe_row(record: Mapping[str, Any]) -> bool:
    """True for an object that a kernel probe may have written."""
    return all(key in record for key in REQUIRED)


def check_row(record: Mapping[str, Any], row: int | None = None) -> tuple[dict[str, Any], list[Problem]]:
    """The record as a row of probe_results, and what is wrong with it; the row is usable when nothing is."""
    values: dict[str, Any] = {}
    problems = []
    for column, rule in FIELDS.items():
        try:
            values[column] = rule(record.get(column))
        except ValueError as advice:
            problems.append(Problem(row, column, shown(record.get(column)), str(advice)))
    if not problems:
        problems += [Problem(row, column, value, advice) for column, value, advice in _contradictions(values)]
    rest = {key: value for key, value in record.items() if key not in FIELDS}
    values["extra"] = json.dumps(rest, sort_keys=True) if rest else None
    values["result_id"] = result_id(record)
    return values, problems


def result_id(record: Mapping[str, Any]) -> str:
    """The key of a probe row: the same row has the same key wherever it comes from."""
    text = json.dumps(dict(record), sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def as_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Checked rows as a frame with the column types of probe_results; a key appears once."""
    columns = ["result_id", *FIELDS, "extra"]
    frame = pd.DataFrame(rows, columns=columns).drop_duplicates("result_id", ignore_index=True)
    types = {column: _EMPTY.get(column, "object") for column in columns if column != "utc"}
    return frame.astype(types).assign(utc=pd.to_datetime(frame["utc"]).astype("datetime64[us]"))


def _contradictions(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    times = [values[name] for name in TIMES]
    if values["status"] != "OK":
        given = next((name for name in TIMES if values[name] is not None), None)
        advice = f"only status OK carries times, this row says {values['status']}"
        return [(given, str(values[given]), advice)] if given else []
    missing = next((name for name in TIMES if values[name] is None), None)
    if missing:
        return [(missing, "", "status OK needs p20_us, p50_us and p80_us in microseconds")]
    if times != sorted(times):
        return [("p50_us", str(values["p50_us"]), "p20_us <= p50_us <= p80_us must hold")]
    return []


def _text(required: bool = False) -> Callable[[Any], str | None]:
    def rule(value: Any) -> str | None:
        if value is None or value == "":
            if required:
                raise ValueError("write a text, it must not be empty")
            return None
        if not isinstance(value, str):
            raise ValueError("write a text in double quotes")
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"the text has {len(value)} characters; at most {LONGEST_TEXT} are kept")
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("remove the characters that are no text")
        return re.sub(r"\r\n?", "\n", value)

    return rule


def _status(value: Any) -> str:
    if value not in STATUSES:
        raise ValueError(f"write one of {', '.join(STATUSES)}")
    return value


def _side(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= LARGEST_SIDE:
        raise ValueError("write a positive whole number, or null")
    if value != int(value):
        raise ValueError("write a whole number")
    return int(value)


def _number(zero_counts: bool) -> Callable[[Any], float | None]:
    def rule(value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= LARGEST_NUMBER:
            raise ValueError("write a finite number, or null where there is none")
        if value < 0 or (value == 0 and not zero_counts):
            least = "0 or a number above" if zero_counts else "a number above zero"
            raise ValueError(f"write {least}, or null where there is none")
        return float(value)

    return rule


def _boolean(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError("write true, false or null")
    return value


def _versions(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError('write an object such as {"torch": "2.13.0"}')
    return json.dumps(dict(value), sort_keys=True)


def _utc(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (TypeError, ValueError, OverflowError):
        raise ValueError("write a time such as 2026-11-24T16:15:48Z") from None


FIELDS: dict[str, Callable[[Any], Any]] = {
    "kernel": _text(required=True),
    "format": _text(),
    "m": _side,
    "n": _side,
    "k": _side,
    "device": _text(),
    "status": _status,
    "detail": _text(),
    "native": _boolean,
    "p20_us": _number(zero_counts=False),
    "p50_us": _number(zero_counts=False),
    "p80_us": _number(zero_counts=False),
    "relative_error": _number(zero_counts=True),
    "versions": _versions,
    "device_id": _text(),
    "device_kind": _text(),
    "capability": _text(),
    "run_id": _text(),
    "utc": _utc,
}
