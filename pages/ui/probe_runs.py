"""The probe page's machine: which devices there are, the one run at a time that all sessions see, its progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from gpu_probe.device import KIND_WORDS, DeviceInfo
from gpu_probe.events import Case
from gpu_probe.job import DONE, Job, start_job
from gpu_probe.kernels import KERNELS, get_kernels
from gpu_probe.result import ProbeResult, Status
from gpu_probe.runner import Settings, estimate_s, find_devices, plan
from gpu_probe.shapes import SHAPE_SETS, kernels_for, parse_shapes, why_too_big
from pages.ui import people
from pages.ui.probe_columns import full_height
from pages.ui.probe_tables import progress, tally
from results_db import Store

OWN_SHAPE = "own"
SHAPE_CHOICES = {name: f"{known.name}: {known.about}" for name, known in SHAPE_SETS.items()}
POLL_S = 0.5


@dataclass
class Slot:
    """The run of this process, shared by all sessions."""

    job: Job | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, cases: list[Case], settings: Settings, keep: Callable[[ProbeResult], None]) -> Job:
        """A new run, or the one that another session began a moment ago."""
        with self.lock:
            if self.job is None or not self.job.running:
                self.job = start_job(cases, settings, keep)
            return self.job


@st.cache_resource(show_spinner=False)
def slot() -> Slot:
    """This process's slot for a run."""
    return Slot()


@st.cache_resource(show_spinner="Looking for devices")
def _devices() -> list[DeviceInfo]:
    return find_devices()


def choose_device() -> DeviceInfo | None:
    """Draws the card of the device to probe; None, with the reason said, when no device can be listed."""
    try:
        found = _devices()
    except RuntimeError as problem:
        st.error(f"No device can be probed here: {problem}", icon=":material/memory:")
        if st.button("Look again", key="probe.look"):
            st.rerun()
        return None
    device = found[0]
    if len(found) > 1:
        names = {device.id: f"{device.name} ({device.id})" for device in found}
        wanted = st.selectbox(
            "Device", list(names), format_func=names.__getitem__, key="probe.device", bind="query-params"
        )
        device = next(device for device in found if device.id == wanted)
    with st.container(border=True):
        st.markdown(f"**{device.name}**")
        st.caption(" · ".join(_facts(device)))
    return device


def _facts(device: DeviceInfo) -> list[str]:
    units = {"cpu": "threads", "mps": "cores"}.get(device.kind, "multiprocessors")
    instructions = [flag for flag in device.features if flag.startswith(("avx512_", "avx_", "amx_", "avx10", "i8mm"))]
    facts = [
        KIND_WORDS[device.kind].removeprefix("a ").removeprefix("an "),
        f"{device.capability} {' '.join(instructions)}".strip() if device.kind == "cpu" else device.words,
        f"{device.units} {units}" if device.units else "",
        f"{device.memory_bytes / 1e9:.3g} GB memory{' free' if device.kind == 'cpu' else ''}",
        f"{device.cache_bytes / 1e6:.3g} MB last-level cache" if device.cache_bytes else "",
        *(f"{name} {version}" for name, version in device.versions.items() if name != "os"),
    ]
    return [fact for fact in facts if fact]


def run_panel(device: DeviceInfo, store: Store) -> None:
    """Draws the choice of shapes and the run button, or the run in progress with its cancel button."""
    job = slot().job
    if job is not None and job.running:
        if st.session_state.get("probe.watched") is not job:
            st.info("A probe is running on this machine; its rows appear here as they come.", icon=":material/timer:")
            st.session_state["probe.watched"] = job
        _live(job)
        return
    _start_form(device, store)
    if job is not None and st.session_state.get("probe.watched") is job:
        st.session_state["probe.show_newest"] = st.session_state.get("probe.ended") is not job
        st.session_state["probe.ended"] = job
        _ended(job)


def _start_form(device: DeviceInfo, store: Store) -> None:
    several = device.kind == "cpu" and device.units > 1
    left, *middle, right = st.columns([4, 1, 3] if several else [3, 2], vertical_alignment="bottom")
    choices = SHAPE_CHOICES | {OWN_SHAPE: "one shape of mine: M,N,K"}
    chosen = left.selectbox(
        "Matrix shapes",
        list(choices),
        format_func=choices.__getitem__,
        key="probe.shapes",
        bind="query-params",
        help="A linear layer of n outputs and k inputs on m tokens. Few tokens are bound by memory, many by "
        "arithmetic, so a format can win one and lose the other.",
    )
    if chosen == OWN_SHAPE:
        chosen = left.text_input("M,N,K", "2048,4096,4096", key="probe.own_shape")
    threads = [column.number_input("Threads", 1, device.units, device.units, key="probe.threads") for column in middle]
    settings = Settings(device=device.id, threads=int(sum(threads)))
    try:
        shapes = parse_shapes(str(chosen), device.kind)
        wrong = next((reason for shape in shapes if (reason := why_too_big(shape, device.memory_bytes))), None)
    except ValueError as problem:
        shapes, wrong = (), str(problem)
    cases = plan(get_kernels(kernels_for(str(chosen), KERNELS)), shapes, device.kind)
    label = f"Run the probe (about {_duration(estimate_s(cases, device, settings))})" if not wrong else "Run the probe"
    with right:
        look = {"type": "primary", "icon": ":material/speed:", "width": "stretch"}
        clicked = people.button("probe", label, key="probe.run", disabled=bool(wrong), **look)
    if clicked:
        st.session_state["probe.watched"] = slot().start(cases, settings, _keeper(store))
        st.rerun()
    if wrong:
        st.error(wrong, icon=":material/error:")


def _keeper(store: Store) -> Callable[[ProbeResult], None]:
    """Stores each result as it comes; a case that was cancelled has nothing to keep."""

    def keep(result: ProbeResult) -> None:
        if result.status is not Status.CANCELLED:
            store.add_probe_results([result.to_dict()])

    return keep


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@st.fragment(run_every=POLL_S)
def _live(job: Job) -> None:
    """The run in progress, redrawn while it lasts; the whole page follows when it ends."""
    if not job.running:
        st.rerun()
    done = job.phases.count(DONE)
    at_work = next(
        (case for case, phase in zip(job.cases, job.phases, strict=True) if phase not in (DONE, "waiting")), None
    )
    words = f"{at_work.kernel}, {at_work.shape}" if at_work else "starting the worker process"
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.progress(done / len(job.cases), f"{done} of {len(job.cases)} cases: {words}")
    with right:
        if people.button(
            "probe", "Cancel", key="probe.cancel", icon=":material/cancel:", disabled=job.cancelled, width="stretch"
        ):
            job.cancel()
    _cases(job)


def _ended(job: Job) -> None:
    """How the last run went, case by case."""
    if job.problem:
        st.error(job.problem, icon=":material/error:")
    words = tally([result.status for result in job.results])
    if words:
        with st.expander(f"The run has ended: {words}. Its rows are in the store.", icon=":material/task_alt:"):
            _cases(job)


def _cases(job: Job) -> None:
    frame = progress(job)
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="",
        height=full_height(frame),
        column_config={"median [µs]": st.column_config.NumberColumn(format="%.4g")},
        alt="Every case of the run with its state",
    )
