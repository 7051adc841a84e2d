"""What outlives a rerun: the store and the pool of worker processes."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from results_db import Store, StoreError

Result = TypeVar("Result")


@st.cache_resource(show_spinner="Opening the results store", on_release=lambda store: store.close())
def _opened_store() -> Store:
    return Store.open()


def store() -> Store:
    """This process's store; a broken or vanished store is said in a sentence and ends the page."""
    try:
        opened = _opened_store()
        opened.require_there()
    except StoreError as problem:
        st.error(str(problem), icon=":material/database_off:")
        if st.button("Try again", key="session.retry"):
            _opened_store.clear()
            st.rerun()
        st.stop()
    return opened


def facts(opened: Store, table: str, **equals: Any) -> pd.DataFrame:
    """The rows of a table of published facts, which nothing that a page does changes: read once for each store."""
    return _rows(opened, str(opened.path), None, table, tuple(equals.items())).copy(deep=False)


def current(opened: Store, table: str, **equals: Any) -> pd.DataFrame:
    """The rows of a table as they are now: read again after a change only."""
    return _rows(opened, str(opened.path), opened.state, table, tuple(equals.items())).copy(deep=False)


@st.cache_resource(show_spinner=False, max_entries=128)
def _rows(
    _opened: Store, place: str, state: tuple[int, int] | None, table: str, equals: tuple[tuple[str, Any], ...]
) -> pd.DataFrame:
    return _opened.table(table, **dict(equals))


def fingerprint(*values: object) -> str:
    """The same text for the same values, of plain data, arrays and dataclasses: a key for what takes long.

    Streamlit's own keys take each number apart, which costs more than some of the computations.
    """
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True  # without a memo, in which equal values would differ from one value twice
    pickler.dump(values)
    return hashlib.blake2b(written.getbuffer()).hexdigest()


@st.cache_resource(show_spinner=False, on_release=lambda pool: pool.shutdown(wait=False, cancel_futures=True))
def _pool() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max(1, (os.cpu_count() or 2) - 1), context, initializer=_one_thread)


def _one_thread() -> None:
    """Keeps a worker's torch, loaded later, to one thread: the pool already has a process per core."""
    os.environ["OMP_NUM_THREADS"] = "1"


def in_worker(function: Callable[..., Result], *arguments, **options) -> Result:
    """What `function(*arguments, **options)` returns, computed in another process: no other session waits."""
    try:
        return _pool().submit(function, *arguments, **options).result()
    except BrokenProcessPool:
        _pool.clear()
        return _pool().submit(function, *arguments, **options).result()
