"""docs/probe-results.md: which probes were run on which device, written from the lines that they printed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from gpu_probe.device import KIND_WORDS
from gpu_probe.kernels import KERNELS
from gpu_probe.rates import tflops
from gpu_probe.result import ProbeResult, Status

GPUS, CPUS = "## On GPUs", "## On CPUs"
NONE_YET = "None yet."
SAYS = {True: "native", False: "emulated", None: "–"}
HEAD = "| kernel | m x n x k | arithmetic | median [µs] | p20 to p80 [µs] | TFLOP/s | sustained | relative error |"


def read(lines: Iterable[str]) -> list[ProbeResult]:
    """The results among those lines, whatever stands between them; ValueError when there are none."""
    found = []
    for line in lines:
        try:
            found.append(ProbeResult.from_json(line))
        except ValueError:  # what a test runner or a library printed
            continue
    if not found:
        raise ValueError("no line is a result of the probe; give what python -m gpu_probe run printed")
    return found


def entries(results: list[ProbeResult], note: str = "") -> dict[str, str]:
    """An entry in Markdown for each device and day of the results, by its heading; `note` is said in each."""
    groups: dict[str, list[ProbeResult]] = {}
    for result in results:
        kind = KIND_WORDS.get(result.device_kind, "a device")
        place = f"{result.utc[:10]}, {result.device} ({kind}, {result.capability})"
        groups.setdefault(f"### {place}", []).append(result)
    return {heading: f"{heading}\n\n{_body(group, note)}\n" for heading, group in groups.items()}


def recorded_in(text: str, results: list[ProbeResult], note: str = "") -> str:
    """The document with an entry for each device and day, the newest first; one that is there already is replaced."""
    kinds = {result.device: result.device_kind for result in results}
    for heading, entry in entries(results, note).items():
        text = re.sub(rf"{re.escape(heading)}\n.*?(?=^##|\Z)", "", text, flags=re.DOTALL | re.MULTILINE)
        on_cpu = next(kind for device, kind in kinds.items() if device in heading) == "cpu"
        section = CPUS if on_cpu else GPUS
        if section not in text:
            raise ValueError(f"the document has no section '{section}'; it must be that of docs/probe-results.md")
        before, after = text.split(section, 1)
        text = f"{before}{section}\n\n{entry}\n{after.lstrip().removeprefix(NONE_YET).lstrip()}"
    return text.rstrip() + "\n"


def write(path: str, results: list[ProbeResult], note: str) -> None:
    """Records the results in the document at that path."""
    text = "\n".join(lines_of(path))
    Path(path).write_text(recorded_in(text, results, note), encoding="utf-8")


def _body(results: list[ProbeResult], note: str) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results[0].versions.items() if name != "os")
    counts = Counter(str(result.status) for result in results)
    ended = ", ".join(f"{number} {status}" for status, number in counts.items())
    timed = [_line(result) for result in results if result.status is Status.OK]
    bad = [result for result in results if result.status not in (Status.OK, Status.UNSUPPORTED)]
    ran = {result.kernel for result in results if result.status is not Status.UNSUPPORTED}
    refused = dict.fromkeys(result.kernel for result in results if result.kernel not in ran)
    parts = [
        " ".join(filter(None, (f"Versions: {versions}. Cases: {ended}.", note))),
        "\n".join([HEAD, "|" + " --- |" * 8, *timed]) if timed else "",
        f"Could not run here: {', '.join(refused)}." if refused else "",
        *(f"{result.kernel}, {result.m} x {result.n} x {result.k}: {result.status}, {result.detail}" for result in bad),
    ]
    return "\n\n".join(filter(None, parts))


def _line(result: ProbeResult) -> str:
    m, n, k, p50 = result.m, result.n, result.k, result.p50_us
    kernel = KERNELS.get(result.kernel)
    product = kernel is None or kernel.is_product
    sustained = result.conditions.get("sustained_us")
    cells = (
        result.kernel,
        f"{m} x {n} x {k}",
        SAYS[result.native],
        _digits(p50),
        f"{_digits(result.p20_us)} to {_digits(result.p80_us)}",
        f"{tflops(m, n, k, p50):.3g}" if product and p50 else "–",
        f"{tflops(m, n, k, sustained):.3g}" if product and sustained else "–",
        f"{result.relative_error:.2g}",
    )
    return f"| {' | '.join(cells)} |"


def _digits(time_us: float | None) -> str:
    """A time in four digits, in full from a thousand on."""
    return "" if time_us is None else f"{time_us:,.0f}" if time_us >= 1000 else f"{time_us:.4g}"


def lines_of(path: str) -> list[str]:
    """The lines of a file; ValueError says why it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as problem:
        raise ValueError(f"{path} cannot be read: {problem.strerror}") from None
