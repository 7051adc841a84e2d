"""How fast a call is in the first milliseconds after a rest, before power and heat lower the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from statistics import median

from gpu_probe.sensors import SLOWED_BY, Reading

BURST_US, BURSTS = 5000.0, 3
REST_S, MOST_REST_S, LOOK_S = 0.3, 1.0, 0.1
HELD_BACK = sum(SLOWED_BY)  # every bit that says a clock is lowered


def burst_us(
    batch_us: Callable[[int, int], float],
    p50_us: float,
    cool: Callable[[], bool],
    now: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Microseconds per call in the 5 ms after a rest, the median of three; `cool` says when a rest may end.

    A rest lasts from 0.3 to 1 s. `batch_us` as for `timing.measure`.
    """
    count = max(1, math.ceil(BURST_US / p50_us))
    samples = []
    for turn in range(BURSTS):
        _rest(cool, now, sleep)
        samples.append(batch_us(turn * count, count) / count)
    return median(samples)


def _rest(cool: Callable[[], bool], now: Callable[[], float], sleep: Callable[[float], None]) -> None:
    begin = now()
    sleep(REST_S)
    while not cool() and now() - begin < MOST_REST_S:
        sleep(LOOK_S)


def cooled(read: Callable[[], Reading] | None) -> Callable[[], bool]:
    """Whether a GPU has cooled: nothing lowers its clock and it is no longer getting colder; always without sensors."""
    if read is None:
        return lambda: True
    last = math.inf

    def cool() -> bool:
        nonlocal last
        reading = read()
        before, last = last, reading.temperature_c
        return not reading.reasons & HELD_BACK and reading.temperature_c >= before

    return cool
