"""The real dashboard in the system's Chromium: a server of its own on a free port, a browser, a page per test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts"
# Chromium speaks to nobody but the dashboard.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.flaky(reruns=1))  # a starved browser is no fault of the page; a rerun is shown


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium; without one the tests are skipped, except in continuous integration."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        reason = "no Chromium on this machine: install it (Debian: apt install chromium) to run the browser tests"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory) -> Callable[..., AbstractContextManager[str]]:
    """Starts a dashboard as a stranger would, with a store that it makes itself: its address, as long as it is used.

    It may be given secrets, which are written from its address.
    """

    @contextmanager
    def start(secrets: Callable[[str], str] | None = None) -> Iterator[str]:
        folder, port = tmp_path_factory.mktemp("server"), _free_port()
        address = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "PRECISION_ATLAS_DB": str(folder / "atlas.duckdb"),
            "STREAMLIT_SERVER_PORT": str(port),
            "STREAMLIT_SERVER_HEADLESS": "true",
        }
        if secrets is not None:
            (folder / "secrets.toml").write_text(secrets(address), encoding="utf-8")
            environment["STREAMLIT_SECRETS_FILES"] = str(folder / "secrets.toml")
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        with (folder / "server.log").open("w+") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            try:
                _wait_until_healthy(f"{address}/_stcore/health", process)
                yield address
            finally:
                process.terminate()
                process.wait(timeout=20)

    return start


@pytest.fixture(scope="session")
def server(dashboard) -> Iterator[str]:
    """The address of a dashboard that most tests share."""
    with dashboard() as address:
        yield address


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_healthy(address: str, process: subprocess.Popen, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with exit code {process.returncode}"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer at {address} within {seconds:g} s")


class Visitor:
    """One person at the dashboard: opens pages, waits until they stand still, keeps what the browser complains of."""

    def __init__(self, page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, message) -> None:
        # Streamlit asks for its own endpoints below a page's path first; those answers are harmless.
        if message.type == "error" and "/_stcore/" not in str(message.location.get("url", "")):
            self.complaints.append(message.text)

    def _request(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws", 1), "data:", "blob:")):
            self.strangers.append(url)

    def open(self, path: str) -> None:
        """Opens a page and waits until it is drawn."""
        self.page.goto(f"{self.address}/{path}")
        self.page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
        self.settle()

    def settle(self, timeout_s: float = 90) -> None:
        """Waits until no script runs, no spinner turns and no computation of the page runs, three times in a row."""
        deadline, calm = time.monotonic() + timeout_s, 0
        busy = (
            '[data-testid="stApp"][data-test-script-state="running"], [data-testid="stSpinner"], '
            '[class*="st-key-working-"]'
        )
        while calm < 3:
            assert time.monotonic() < deadline, "the page did not come to rest"
            self.page.wait_for_timeout(150)
            calm = 0 if self.page.locator(busy).count() else calm + 1

    def picture(self, name: str) -> None:
        """Keeps a picture of the whole page in artifacts/."""
        ARTIFACTS.mkdir(exist_ok=True)
        width = self.page.viewport_size["width"]
        height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        self.page.set_viewport_size({"width": width, "height": max(800, min(int(height) + 40, 6000))})
        self.page.wait_for_timeout(700)
        self.page.screenshot(path=str(ARTIFACTS / f"{name}.png"))
        self.page.set_viewport_size({"width": width, "height": 800})


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
