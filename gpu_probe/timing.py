"""Times of a call: warmed up, in batches long enough for the clock, until the median is known or time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

BATCH_US = 1000.0  # a batch lasts at least this long, so that clock resolution and launch jitter do not matter
SUSTAINED_S, SUSTAINED_BATCH_US = 2.0, 20_000.0
SHORT_US = 20.0  # below this the host may not keep up with launches one by one
FEWEST_SAMPLES = 5
FEWEST_SLOW_SAMPLES = 3  # of a call so slow that five would take more than three budgets
MOST_SAMPLES = 400
SETTLED = 0.01  # half-width of the median's interval, relative
NORMAL_FROM_MAD, MEDIAN_FROM_MEAN, TWO_SIGMA = 1.4826, 1.2533, 2.0


@dataclass(frozen=True)
class Timing:
    """Percentiles over samples, each the mean of one batch, in microseconds per call."""

    p20_us: float
    p50_us: float
    p80_us: float
    samples: int
    calls: int


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies, interpolated linearly."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def settled(samples: Sequence[float]) -> bool:
    """True when the median is known to 1%: twice its standard error, estimated from the absolute deviations."""
    if len(samples) < FEWEST_SAMPLES:
        return False
    middle = median(samples)
    deviation = NORMAL_FROM_MAD * median(abs(sample - middle) for sample in samples)
    error = TWO_SIGMA * MEDIAN_FROM_MEAN * deviation / math.sqrt(len(samples))
    return error <= SETTLED * middle


def measure(
    batch_us: Callable[[int, int], float], budget_s: float, now: Callable[[], float] = time.perf_counter
) -> Timing:
    """Timing of a call; `batch_us(first, count)` runs calls first .. first+count-1 and returns their total in us.

    A quarter of the budget warms up and finds the batch size; sampling ends when the median is settled, the
    budget is spent (with at least five samples, three of a slow call) or 400 samples are in.
    """
    begin = now()
    calls, count, total = 1, 1, batch_us(0, 1)
    while total < BATCH_US and now() - begin < budget_s / 4:
        count = max(count + 1, min(count * 8, math.ceil(count * BATCH_US / max(total, 1e-3))))
        total = batch_us(calls, count)
        calls += count
    while now() - begin < budget_s / 4:
        batch_us(calls, count)
        calls += count
    samples: list[float] = []
    while len(samples) < MOST_SAMPLES and not settled(samples):
        spent = now() - begin
        if spent > budget_s and len(samples) >= (FEWEST_SAMPLES if spent <= 3 * budget_s else FEWEST_SLOW_SAMPLES):
            break
        samples.append(batch_us(calls, count) / count)
        calls += count
    p20, p50, p80 = (percentile(samples, share) for share in (0.2, 0.5, 0.8))
    return Timing(p20, p50, p80, len(samples), calls)


def sustained_us(
    batch_us: Callable[[int, int], float], p50_us: float, now: Callable[[], float] = time.perf_counter
) -> float:
    """Microseconds per call in the second half of two seconds without a pause, when the device is warm and capped."""
    count = max(1, math.ceil(SUSTAINED_BATCH_US / p50_us))
    begin, calls, late = now(), 0, []
    while (spent := now() - begin) < SUSTAINED_S or not late:
        took = batch_us(calls, count) / count
        calls += count
        if spent >= SUSTAINED_S / 2:
            late.append(took)
    return median(late)


def batch_timer(run: Callable[[int], object], kind: str) -> Callable[[int, int], float]:
    """The `batch_us` of a kind of device: device events on GPUs, the performance counter elsewhere.

    On a GPU the time includes gaps between launches when the host cannot keep up (calls below about 10 us): there,
    see `graph_timer`.
    """
    return _event_timer(run) if kind in ("cuda", "rocm") else _counter_timer(run, kind)


def graph_timer(run: Callable[[int], object], calls: int) -> Callable[[int, int], float]:
    """A `batch_us` that replays a CUDA graph of that many calls, so that launches cost the host nothing.

    Counts are rounded up to whole graphs and the time is scaled to the count asked for. Raises RuntimeError when the
    calls cannot be captured.
    """
    import torch

    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        for turn in range(calls):
            run(turn)
    replays = _event_timer(lambda turn: graph.replay())

    def batch_us(first: int, count: int) -> float:
        wanted = -(-count // calls)
        return replays(first, wanted) * count / (wanted * calls)

    return batch_us


def _event_timer(run: Callable[[int], object]) -> Callable[[int, int], float]:
    import torch

    def batch_us(first: int, count: int) -> float:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        for turn in range(first, first + count):
            run(turn)
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e3

    return batch_us


def _counter_timer(run: Callable[[int], object], kind: str) -> Callable[[int, int], float]:
    import torch

    wait = torch.mps.synchronize if kind == "mps" else lambda: None

    def batch_us(first: int, count: int) -> float:
        wait()
        begin = time.perf_counter_ns()
        for turn in range(first, first + count):
            run(turn)
        wait()
        return (time.perf_counter_ns() - begin) / 1e3

    return batch_us
