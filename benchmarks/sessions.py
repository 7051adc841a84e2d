"""Many people at one server: each uploads runs, fits a law to them, plans, deletes them, and begins again."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.driving import dashboard
from benchmarks.report import machine, table
from benchmarks.ui import resident_megabytes
from benchmarks.visitors import Person, arrive

TITLE = "Many people at once"
PEOPLE, MINUTES, THINKING_S = 25, 5.0, (5.0, 15.0)
TARGET_S = 3.0


def sections(quick: bool) -> Iterator[str]:
    """Paragraphs and tables of Markdown, as they are ready."""
    minutes = 0.5 if quick else MINUTES
    yield machine(("streamlit", "websockets"))
    with tempfile.TemporaryDirectory() as folder, dashboard(Path(folder)) as running:
        waits, problems, megabytes = asyncio.run(_crowd(running.address, running.pid, minutes * 60))
    everything = [wait for found in waits.values() for wait in found]
    rows = [
        (what, len(found), f"{np.percentile(found, 50):.2f}", f"{np.percentile(found, 95):.2f}")
        for what, found in (*waits.items(), ("all of these", everything))
    ]
    yield table(("what", "times", "p50 [s]", "p95 [s]"), rows)
    yield (
        f"{PEOPLE} sessions for {minutes:g} minutes, each thinking {THINKING_S[0]:g} to {THINKING_S[1]:g} s before the "
        f"next step: {len(problems)} errors; p95 {np.percentile(everything, 95):.2f} s (target {TARGET_S:g}). Memory "
        f"of the server and its workers: {megabytes[0]:.0f} MB with everybody there, {max(megabytes):.0f} MB at most, "
        f"{megabytes[-1]:.0f} MB at the end."
    )
    yield from problems[:5]


async def _crowd(address: str, pid: int, seconds: float) -> tuple[dict[str, list[float]], list[str], list[float]]:
    """How long each kind of step took [s], what went wrong, and the memory over time [MB]."""
    people = [await arrive(address) for _ in range(PEOPLE)]
    end, problems, megabytes = time.monotonic() + seconds, [], []
    work = [asyncio.create_task(_days(person, number, end, problems)) for number, person in enumerate(people)]
    while time.monotonic() < end:
        await asyncio.sleep(5)
        megabytes.append(resident_megabytes(pid))
    await asyncio.gather(*work)
    megabytes.append(resident_megabytes(pid))
    waits: dict[str, list[float]] = {}
    for person in people:
        for what, found in person.waits.items():
            waits.setdefault(what, []).extend(found)
        await person.stream.close()
    return waits, problems, megabytes


async def _days(person: Person, number: int, end: float, problems: list[str]) -> None:
    rng = random.Random(number)
    turn = 0
    while time.monotonic() < end:
        turn += 1
        try:
            await _once(person, f"mine-{number}-{turn}", rng)
        except Exception as problem:  # whatever a visitor meets is what this measures
            problems.append(f"{type(problem).__name__}: {problem}")


async def _once(person: Person, name: str, rng: random.Random) -> None:
    async def think() -> None:
        await asyncio.sleep(rng.uniform(*THINKING_S))

    await think()
    await person.open("open results", "results")
    await think()
    await person.upload("drop a file of runs", "results.file.", f"{name}.csv", _runs(rng))
    await think()
    await person.press("import it", "results.import")
    undo = next(key for key in person.widgets if key.startswith("results.undo."))
    await think()
    await person.open("open scaling laws on it", "scaling_laws", **{"scaling_laws.source": name})
    await person.wait("until its law is fitted")
    await think()
    await person.open("open the planner", "planner")
    await think()
    await person.type("another number of days", "planner.days", rng.uniform(3, 30))
    await think()
    await person.open("open results", "results")
    dataset = undo.rsplit(".", 1)[1]
    await person.press("delete it", f"results.delete.{dataset}" if person.drawn(f"results.delete.{dataset}") else undo)


def _runs(rng: random.Random) -> bytes:
    """A CSV of 16 runs of a law of its own, with noise."""
    lines = ["params,tokens,val_loss"]
    e, a, b = rng.uniform(1.5, 2.0), rng.uniform(300, 500), rng.uniform(1500, 2000)
    for n in (70e6, 150e6, 400e6, 1e9):
        for d in (2e9, 5e9, 20e9, 60e9):
            loss = (e + a / n**0.34 + b / d**0.36) * rng.gauss(1, 0.002)
            lines.append(f"{n:.0f},{d:.0f},{loss:.6f}")
    return "\n".join(lines).encode()
