"""How fast a model answers: seconds to the first token, and tokens per second by the number of requests at once.

All from the roofline (analysis.serving.roofline), so the best that the hardware allows; `reach` is the share of both
ceilings that the software gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.serving.architecture import Architecture
from analysis.serving.ceilings import Ceilings
from analysis.serving.links import Links, sending_s
from analysis.serving.memory import Devices, ServingFormats, demand, most_sequences
from analysis.serving.roofline import Operation, Step, operations, placed

SWEEP_COLUMNS = [
    "sequences",
    "memory_gb",
    "fits",
    "first_token_s",
    "step_s",
    "tokens_per_s",
    "tokens_per_s_per_sequence",
    "compute_share",
    "bound",
]


@dataclass(frozen=True)
class Load:
    """Requests: each reads a prompt of `prompt` tokens and writes `output` tokens."""

    prompt: int
    output: int

    @property
    def context(self) -> int:
        """Tokens in the cache when a request ends."""
        return self.prompt + self.output


@dataclass(frozen=True)
class Server:
    """A model in its formats on a set of devices; it reaches the share `reach` of their ceilings.

    No step is shorter than `launch_s`, what the host needs to launch its kernels [s]: below some batch a server is
    bound by its CPU (SKIP, source skip_gh200_2025). Devices send each other sums over `links`; None counts nothing.
    """

    model: Architecture
    formats: ServingFormats
    devices: Devices
    ceilings: Ceilings
    reach: float = 1.0
    launch_s: float = 0.0
    links: Links | None = None

    def operations(self, step: Step) -> tuple[Operation, ...]:
        """What a step computes and moves (analysis.serving.roofline.operations)."""
        return operations(self.model, self.formats, step, self.devices.count)

    def placed(self, step: Step) -> pd.DataFrame:
        """The operations of a step on the roofline (analysis.serving.roofline.placed), at full reach."""
        return placed(self.operations(step), self.ceilings, self.devices.count)

    def seconds(self, step: Step) -> float:
        """The time of a step [s]."""
        return max(self.device_seconds(step), self.launch_s)

    def device_seconds(self, step: Step) -> float:
        """The time that the devices work on a step [s]."""
        return sum(self.times(step).values()) / self.reach

    def times(self, step: Step) -> dict[str, float]:
        """The seconds of a step by what bounds them, compute, memory or links, at full reach."""
        devices = self.devices.count
        found = dict.fromkeys(("compute", "memory"), 0.0)
        for part in self.operations(step):
            found[part.bound(self.ceilings)] += part.seconds(self.ceilings, devices)
        return found | {"links": sending_s(self.model, step.tokens, devices, self.links)}

    def bound(self, step: Step) -> str:
        """What bounds the largest part of a step: compute, memory, links or launches."""
        times = self.times(step)
        return "launches" if sum(times.values()) / self.reach < self.launch_s else max(times, key=times.__getitem__)

    def share(self, step: Step, bound: str) -> float:
        """The share of a step's time that compute, memory or links bound."""
        times = self.times(step)
        return times[bound] / sum(times.values())


def prefill(load: Load, sequences: float = 1.0) -> Step:
    """The step that reads the prompts of `sequences` requests at once."""
    return Step(sequences, new=load.prompt)


def decode(load: Load, sequences: float) -> Step:
    """The step that gives each of `sequences` requests a token, half-way through its answer."""
    return Step(sequences, before=load.prompt + load.output / 2)


def tokens_per_s(server: Server, load: Load, sequences: float) -> float:
    """Generated tokens per second of all requests when `sequences` are always in progress (continuous batching).

    Per request one prompt is read by itself, and its share of every decode step: output / (T_prefill + output
    T_step / sequences).
    """
    return _rate(load, server.seconds(prefill(load)), server.seconds(decode(load, sequences)), sequences)


def _rate(load: Load, first: float, step: float, sequences: float) -> float:
    return load.output / (first + load.output * step / sequences)


def sweep(server: Server, load: Load, sequences: Sequence[int]) -> pd.DataFrame:
    """One row per number of concurrent requests (SWEEP_COLUMNS).

    first_token_s: reading a prompt alone; step_s: between two tokens of a request; compute_share: share of the step
    in operations that compute bounds, and `bound` as Server.bound has it.
    """
    first = server.seconds(prefill(load))
    rows = []
    for count in sequences:
        step = decode(load, count)
        seconds, compute = server.seconds(step), server.share(step, "compute")
        needed = sum(demand(server.model, server.formats, load.context, count, server.devices.count).values())
        rate = _rate(load, first, seconds, count)
        memory = (needed / 1e9, needed <= server.devices.bytes)
        rows.append((count, *memory, first, seconds, rate, 1 / seconds, compute, server.bound(step)))
    return pd.DataFrame(rows, columns=SWEEP_COLUMNS)


def batches(most: int) -> list[int]:
    """Numbers of concurrent requests to look at: powers of two up to `most`, and `most`."""
    powers = [2**i for i in range(int(np.log2(most)) + 1)] if most >= 1 else []
    return sorted({*powers, most} - {0})


def largest_batch(server: Server, load: Load) -> int:
    """The most requests that fit at once."""
    return most_sequences(server.model, server.formats, load.context, server.devices)


def compared(
    server: Server, load: Load, choices: dict[str, ServingFormats], sequences: int | None = None
) -> pd.DataFrame:
    """One row per choice of formats: what sweep says at `sequences`, or at the most that fit of each; NaN where even
    one request does not fit."""
    rows = []
    for name, formats in choices.items():
        own = replace(server, formats=formats)
        count = sequences or largest_batch(own, load)
        row = sweep(own, load, [count or 1]).iloc[0].to_dict()
        if not row["fits"]:
            row |= dict.fromkeys(("first_token_s", "step_s", "tokens_per_s", "tokens_per_s_per_sequence"), np.nan)
        rows.append({"formats": name} | row)
    return pd.DataFrame(rows)
