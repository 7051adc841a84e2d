"""A real PostgreSQL server for tests: its own folder, its own port on loopback, gone when the tests are."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pytest

USER = "atlas"
PASSWORD = "p@ss:w/o?r'd\\ 100%"  # every character that a URL or a connection string could trip over
SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "log_min_messages=log",
)
# The shell ends the server when the tests' end of the pipe is closed, however they end.
RUN_WHILE_WANTED = '"$@" & read _; kill -QUIT $!; wait'


class PostgresServer:
    """A server that answers at 127.0.0.1:port until `stop`; `start` brings it back with all its databases."""

    def __init__(self) -> None:
        self.binaries = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="atlas-pg-"))
        self.port = free_port()
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("nobody")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "-D", self.data, "-U", USER, f"--pwfile={password}", "--auth=scram-sha-256",
                  "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip
        password.unlink()

    @property
    def data(self) -> Path:
        """The server's own folder."""
        return self.folder / "data"

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = (
            *SETTINGS,
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
        )
        self._process = subprocess.Popen(
            ["sh", "-c", RUN_WHILE_WANTED, "sh", self.binaries / "postgres", "-D", self.data]
            + [word for setting in settings for word in ("-c", setting)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"),
            cwd=self.folder, **self._owner,
        )  # fmt: skip
        for _ in range(300):
            if self._ready():
                return
            time.sleep(0.03)
        raise AssertionError(f"the server does not start: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """Stops the server at once: every connection is cut."""
        if self._process is not None:
            self._process.communicate(b"")
            self._process = None

    def remove(self) -> None:
        """Stops the server and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str, password: str = PASSWORD, user: str = USER) -> str:
        """The address of one of its databases, as a person would write it."""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template1", options: str = "") -> str:
        """The name of a new database, a copy of `template`."""
        self._made += 1
        name = f"d{self._made}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        return name

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints for a statement, unaligned and without headings."""
        return self._run(
            "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", self.port, "-U", USER,
            "-c", statement, database,
        ).strip()  # fmt: skip

    def _ready(self) -> bool:
        asked = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def _run(self, program: str, *arguments: object) -> str:
        done = subprocess.run(
            [self.binaries / program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
            env=os.environ | {"PGPASSWORD": PASSWORD}, check=False, **self._owner,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return done.stdout


def binaries() -> Path:
    """The folder of PostgreSQL's programs; without them the test is skipped, in continuous integration it fails."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    message = "PostgreSQL is not installed (apt-get install postgresql): stores on a server are not tested"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """A port on loopback that nobody listens to now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
