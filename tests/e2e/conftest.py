"""The real dashboard in the system's Chromium: a server of its own on a free port, a browser, a page per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from benchmarks.driving import Visitor, browsing, chromium, dashboard


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.flaky(reruns=1))  # a starved browser is no fault of the page; a rerun is shown


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium; without one the tests are skipped, except in continuous integration."""
    if chromium() is None:
        reason = "no Chromium on this machine: install it (Debian: apt install chromium) to run the browser tests"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with browsing() as launched:
        yield launched


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of a dashboard that most tests share."""
    with dashboard(tmp_path_factory.mktemp("server")) as running:
        yield running.address


@pytest.fixture
def arrive(browser):
    """A maker of visitors at an address, with a theme and a window width; each has a browser profile of its own."""
    contexts = []

    def make(address: str, theme: str = "light", width: int = 1366) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, accept_downloads=True
        )
        contexts.append(context)
        return Visitor(context.new_page(), address)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def visit(arrive, server):
    """A maker of visitors at the dashboard that most tests share."""
    return partial(arrive, server)
