"""The real dashboard in the system's Chromium, for the browser tests, the pictures and the benchmark of the pages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
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


@dataclass(frozen=True)
class Server:
    """A running dashboard."""

    address: str
    pid: int


def chromium() -> str | None:
    """Where the system's Chromium is, if it has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def browsing() -> Generator[Browser]:
    """A running browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def dashboard(folder: Path, secrets: Callable[[str], str] | None = None) -> Generator[Server]:
    """A dashboard started as a stranger would, as long as it is used; its store in `folder` is made if it has none.

    It may be given secrets, which are written from its address.
    """
    port = _free_port()
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
            yield Server(address, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=20)


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

    def __init__(self, page: Page, address: str) -> None:
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
        width = self.page.evaluate("window.innerWidth")
        height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        self.page.set_viewport_size({"width": width, "height": max(800, min(int(height) + 40, 6000))})
        self.page.wait_for_timeout(700)
        self.page.screenshot(path=str(ARTIFACTS / f"{name}.png"))
        self.page.set_viewport_size({"width": width, "height": 800})
