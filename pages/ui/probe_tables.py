"""Frames of the probe page: stored rows with the ratios that are derived on read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from gpu_probe.device import DeviceInfo
from gpu_probe.job import DONE, Job
from gpu_probe.kernels import KERNELS
from gpu_probe.rates import (
    OPERAND_BITS,
    PEAK_COLUMNS,
    copy_gb_per_s,
    datasheet_name,
    intensity,
    peak_format,
    speedup,
    tflops,
)
from gpu_probe.result import Status
from pages.ui.probe_conditions import COLUMNS, conditions_of, threads_of

BASELINE = "mm_bf16"
SAYS = {True: "native", False: "emulated", None: "not known"}
TIMES = ("p20_us", "p50_us", "p80_us")
TABLE_COLUMNS = (
    "format", "kernel", "shape", "arithmetic", "p50_us", "p20_us", "p80_us", "tflops",
    "speedup", "speedup_low", "speedup_high", "peak_share", *COLUMNS, "relative_error", "detail",
)  # fmt: skip


def timed_runs(results: pd.DataFrame) -> pd.DataFrame:
    """Runs that hold a time, newest first: key, device, utc, origin, torch, threads and how many cases were timed."""
    timed = results[results["status"] == Status.OK]
    timed = timed.assign(key=timed["run_id"].fillna(timed["dataset_id"]).fillna("without run_id"))
    runs = timed.groupby(["key", "device"], dropna=False, sort=False).agg(
        utc=("utc", "max"), origin=("origin", "first"), versions=("versions", "first"), cases=("kernel", "size"),
        extra=("extra", "first"),
    )  # fmt: skip
    runs = runs.reset_index().assign(
        torch=[_torch(text) for text in runs["versions"]], threads=[threads_of(text) for text in runs["extra"]]
    )
    return runs.sort_values("utc", ascending=False, na_position="last", kind="stable", ignore_index=True)


def _torch(versions: object) -> str:
    known = json.loads(versions) if isinstance(versions, str) else {}
    return str(known.get("torch", "")) if isinstance(known, dict) else ""


def run_words(run: pd.Series) -> str:
    """A run as its choice reads: 'AMD EPYC, 2026-11-24 17:10 UTC, measured, torch 2.13.0, 2 threads, 13 timed'."""
    when = f"{run['utc']:%Y-%m-%d %H:%M} UTC" if pd.notna(run["utc"]) else "time not stated"
    device = run["device"] if pd.notna(run["device"]) else "device not stated"
    torch = f", torch {run['torch']}" if run["torch"] else ""
    threads = f", {run['threads']} thread{'s' if run['threads'] > 1 else ''}" if run["threads"] else ""
    return f"{device}, {when}, {run['origin']}{torch}{threads}, {run['cases']} timed"


def rows_of(results: pd.DataFrame, run: pd.Series) -> pd.DataFrame:
    """Every row of a run, refused ones too."""
    key = results["run_id"].fillna(results["dataset_id"]).fillna("without run_id")
    same = results["device"].isna() if pd.isna(run["device"]) else results["device"] == run["device"]
    return results[(key == run["key"]) & same]


def with_ratios(rows: pd.DataFrame, devices: pd.DataFrame) -> pd.DataFrame:
    """The timed products of one run with TFLOP/s, speed-up over bf16 on the same shape and share of the peak.

    `arithmetic` is native, emulated or not known. Ratios are missing where their other side is.
    """
    timed = rows[(rows["status"] == Status.OK) & ~rows["kernel"].isin(_others())].dropna(subset=["m", "n", "k"])
    peaks = peaks_of(timed["device"].iloc[0], devices) if len(timed) else {}
    bf16 = timed[timed["kernel"] == BASELINE].drop_duplicates(["m", "n", "k"])
    baseline = {_shape(row): _times(row) for row in bf16.to_dict("records")}
    ratios = [_ratios(row, baseline.get(_shape(row)), peaks) for row in timed.to_dict("records")]
    return pd.DataFrame(ratios, columns=[*TABLE_COLUMNS, "intensity", "m", "n", "k"])


def _ratios(row: dict, baseline: tuple[float, float, float] | None, peaks: dict[str, float]) -> dict:
    m, n, k = _shape(row)
    rate = tflops(m, n, k, row["p50_us"])
    low, middle, high = speedup(_times(row), baseline) if baseline else (None, None, None)
    native = None if pd.isna(row["native"]) else bool(row["native"])
    dense = native and not row["kernel"].endswith("_sparse")
    peak = peaks.get(peak_format(row["kernel"], row["format"])) if dense else None
    return {name: row[name] for name in ("kernel", "format", "relative_error", "detail", *TIMES)} | {
        "shape": f"{m} x {n} x {k}",
        "arithmetic": SAYS[native],
        "tflops": rate,
        "intensity": intensity(row["kernel"], row["format"], m, n, k) if row["format"] in OPERAND_BITS else None,
        "speedup": middle,
        "speedup_low": low,
        "speedup_high": high,
        "peak_share": rate / peak if peak else None,
        **conditions_of(row),
        "m": m,
        "n": n,
        "k": k,
    }


def _shape(row: dict) -> tuple[int, int, int]:
    return int(row["m"]), int(row["n"]), int(row["k"])


def _times(row: dict) -> tuple[float, float, float]:
    return row["p20_us"], row["p50_us"], row["p80_us"]


def _copies() -> list[str]:
    return [name for name, kernel in KERNELS.items() if kernel.is_copy]


def _others() -> list[str]:
    """Kernels that multiply nothing: copies and quantizations."""
    return [name for name, kernel in KERNELS.items() if not kernel.is_product]


def peaks_of(device: object, devices: pd.DataFrame) -> dict[str, float]:
    """Dense datasheet peaks [TFLOP/s] by format; empty when the datasheet table does not surely hold the device."""
    name = datasheet_name(device) if isinstance(device, str) else None
    found = devices[devices["device"] == name]
    if found.empty:
        return {}
    row = found.iloc[0]
    return {fmt: float(row[column]) for fmt, column in PEAK_COLUMNS.items() if pd.notna(row[column])}


def copy_rate(rows: pd.DataFrame) -> float | None:
    """Memory bandwidth that the copy of a run reached [GB/s], None without one."""
    copies = rows[(rows["status"] == Status.OK) & rows["kernel"].isin(_copies())].dropna(subset=["m", "k"])
    rates = [copy_gb_per_s(int(row["m"]), int(row["k"]), row["p50_us"]) for row in copies.to_dict("records")]
    return max(rates, default=None)


def progress(job: Job) -> pd.DataFrame:
    """One line per case of a run in progress: what it is, how far it is, and its time or its reason."""
    lines = []
    for index, (case, phase) in enumerate(zip(job.cases, job.phases, strict=True)):
        result = job.results[index] if phase == DONE and index < len(job.results) else None
        state = phase if result is None else "done" if result.status is Status.OK else result.status.lower()
        lines.append(
            {
                "kernel": case.kernel,
                "format": KERNELS[case.kernel].format,
                "m x n x k": str(case.shape),
                "state": state,
                "median [µs]": result.p50_us if result else None,
                "what ran, or why not": result.detail if result else "",
            }
        )
    return pd.DataFrame(lines)


def tally(statuses: Sequence[str]) -> str:
    """How a run ended, in words: '13 timed, 4 unsupported'."""
    counts = Counter(Status(status) for status in statuses)
    names = {Status.OK: "timed"}
    return ", ".join(f"{counts[status]} {names.get(status, status.lower())}" for status in Status if counts[status])


def refusals(device: DeviceInfo) -> pd.DataFrame:
    """Kernels that cannot run on a device: kernel, format, why not, what it is."""
    reasons = [(kernel, kernel.why_not(device)) for kernel in KERNELS.values()]
    rows = [(kernel.name, kernel.format, reason, kernel.about) for kernel, reason in reasons if reason]
    return pd.DataFrame(rows, columns=["kernel", "format", "why it cannot run here", "what it is"])


def failures(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a run that were not timed and were not refused as unsupported: what went wrong."""
    bad = rows[~rows["status"].isin([Status.OK, Status.UNSUPPORTED])]
    return bad[["kernel", "format", "m", "n", "k", "status", "detail"]]
