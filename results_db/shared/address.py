"""The address of a shared database: read from a URL, and shown to people without its password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from results_db.errors import StoreError

EXAMPLE = "postgresql://user:password@host:5432/database"
_SCHEMES = ("postgresql", "postgres")
# What a connection is given unless the URL says otherwise.
_DEFAULTS = {"connect_timeout": "10", "application_name": "precision-atlas"}


@dataclass(frozen=True)
class Address:
    """Where a PostgreSQL database is; str() is the URL without its password."""

    options: tuple[tuple[str, str], ...]  # libpq's keywords and their values, without the password
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        said = dict(self.options)
        user = said.get("user", "") + (":***" if self.password is not None else "")
        hosts = said.get("host", "").split(",")
        ports = (said.get("port", "").split(",") * len(hosts))[: len(hosts)]
        places = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=True))
        return f"postgresql://{user}{'@' if user else ''}{places}/{said.get('dbname', '')}"

    @property
    def conninfo(self) -> str:
        """libpq's connection string, without the password."""
        return " ".join(f"{key}={_quoted(value)}" for key, value in (_DEFAULTS | dict(self.options)).items())

    def masked(self, text: str) -> str:
        """The text without the password, should it stand there."""
        return text.replace(self.password, "***") if self.password else text


def is_url(text: str) -> bool:
    """Whether a store's place is written as a URL rather than as a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text) is not None


def address_of(url: str) -> Address:
    """The address that a URL names; StoreError, which never shows the password, says what is wrong with it."""
    scheme, _, rest = url.partition(":")
    if scheme.lower() not in _SCHEMES:
        raise StoreError(f"a store cannot be reached by {scheme}://; write a path, or {EXAMPLE}")
    if not rest.startswith("//"):
        raise StoreError(f"the address of the shared store lacks the // after {scheme}:; write {EXAMPLE}")
    before, _, query = rest.removeprefix("//").partition("?")
    authority, _, path = before.partition("/")
    login, at, places = authority.rpartition("@")
    if "@" in login or "@" in path or (not at and "@" in query and ":" in authority):
        raise StoreError(
            "the password in the address of the shared store holds one of @ / ?; write it as %40, %2F or %3F"
        )
    user, colon, password = login.partition(":")
    options = {"user": unquote(user), **_hosts(places), "dbname": unquote(path)}
    options |= {unquote(key): unquote(value) for key, _, value in (pair.partition("=") for pair in query.split("&"))}
    secret = options.pop("password", unquote(password) if colon else None)
    return Address(tuple((key, value) for key, value in options.items() if value), secret)


def _hosts(places: str) -> dict[str, str]:
    found = [re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", place) for place in places.split(",")]
    ports = ["" if match is None else match[2] or "" for match in found]
    if None in found or any(port and not re.fullmatch(r"[0-9]{1,5}", port) for port in ports):
        raise StoreError(
            f"the host or port in the address of the shared store cannot be read; write {EXAMPLE}, "
            "and : @ / ? inside a password as %3A, %40, %2F, %3F"
        )
    hosts = [unquote(match[1].strip("[]")) for match in found if match is not None]
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
