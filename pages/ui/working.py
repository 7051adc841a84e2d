"""A long computation on a page: its result when there, else how far it is and a button that ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from pages.ui.jobs import CANCELLED, FAILED, RUNNING, Board, Job, digest

Result = TypeVar("Result")
PATIENCE_S = 1.0  # a shorter computation appears without a progress bar in between
POLL_S = 0.5
RUNNING_KEY = "working"  # of the container that is there as long as a computation runs


@st.cache_resource(show_spinner=False, on_release=lambda board: board.close())
def board() -> Board:
    """This server's jobs, shared by all sessions."""
    return Board()


def computed(name: str, title: str, function: Callable[..., Result], *arguments, **options) -> Result | None:
    """What `function(*arguments, **options)` returns, once computed in a process of its own; until then None.

    Meanwhile draws its progress with a cancel button; the page runs again when it ends. After a cancel, or a problem,
    draws what happened and a button that starts it again. `name` is the widgets' key on this page.
    """
    key = digest(function, arguments, options)
    stopped = st.session_state.get(f"{name}.stopped") == key
    job = board().start(title, function, *arguments, **options) if not stopped else None
    if job and not job.wait(PATIENCE_S):
        _live(name, job.key)
        return None
    if job and job.state not in (FAILED, CANCELLED):
        return job.result
    row = st.container(horizontal=True, vertical_alignment="center")
    if job and job.state == FAILED:
        row.warning(job.problem, icon=":material/error:")
    else:
        row.info(f"{title}: cancelled.", icon=":material/cancel:")
    if row.button("Compute again", key=f"{name}.again", icon=":material/refresh:"):
        st.session_state.pop(f"{name}.stopped", None)
        if job:
            board().forget(job)
        st.rerun()
    return None


def wanted(name: str, label: str, what: str) -> bool:
    """Whether this session has asked for something that takes long; until then says `what` it is, with a button."""
    if st.session_state.get(f"{name}.wanted"):
        return True
    st.caption(what)
    if st.button(label, key=f"{name}.start", icon=":material/play_arrow:"):
        st.session_state[f"{name}.wanted"] = True
        st.rerun()
    return False


@st.fragment(run_every=POLL_S)
def _live(name: str, key: str) -> None:
    """The progress of a job, redrawn while it lasts; the whole page follows when it ends."""
    job = board().find(key)
    if job is None or not job.running:
        st.rerun()
        return
    with st.container(key=f"{RUNNING_KEY}.{name}"):
        left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.progress(min(max(job.share, 0.0), 1.0), _words(job))
    if right.button("Cancel", key=f"{name}.cancel", icon=":material/cancel:", width="stretch"):
        st.session_state[f"{name}.stopped"] = key
        job.cancel()
        st.rerun()


def _words(job: Job) -> str:
    if job.state != RUNNING:
        return f"{job.title}: waiting for another computation to end"
    return f"{job.title}: {job.stage}" if job.stage else f"{job.title} …"
