"""What PostgreSQL says in codes, said in words; no sentence shows a password."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import duckdb

from results_db.errors import StoreError
from results_db.shared.address import Address

LOCK_TIMEOUT_S = 60


@contextmanager
def explained_server(address: Address) -> Generator[None]:
    """Turns what DuckDB raises about a shared store into a StoreError with advice.

    A row against the rules is a ConstraintException, as it is in a file.
    """
    try:
        yield
    except (duckdb.ConstraintException, duckdb.ConversionException):
        raise
    except duckdb.Error as problem:
        message = address.masked(str(problem))
        if re.search(r"violates (check|not-null|unique|foreign key|exclusion) constraint", message):
            raise duckdb.ConstraintException(message) from problem
        raise StoreError(_sentence(address, message)) from problem


def _sentence(address: Address, message: str) -> str:
    for pattern, words in _SENTENCES:
        found = re.search(pattern, message, re.IGNORECASE | re.DOTALL)
        if found:
            return words.format(place=address, seconds=LOCK_TIMEOUT_S, **found.groupdict())
    lines = [line for line in message.splitlines() if line.strip()] or ["no message"]
    return f"the shared store {address} cannot be used ({lines[0].strip()}); nothing was changed"


_SENTENCES = (
    (
        r'could not translate host name "(?P<host>[^"]*)"',
        "the host {host} of the shared store {place} is not known; correct PRECISION_ATLAS_DB",
    ),
    (
        r"password authentication failed|no password supplied|role \"[^\"]*\" does not exist",
        "the shared store {place} does not accept this user and password; correct them in PRECISION_ATLAS_DB",
    ),
    (
        r'database "(?P<name>[^"]*)" does not exist',
        "the server of the shared store {place} has no database {name}; create it (createdb {name}), or correct "
        "PRECISION_ATLAS_DB",
    ),
    (
        r"no pg_hba\.conf entry|(authentication method|authentication type) .* not supported",
        "the server of the shared store {place} does not admit this machine, user or database; ask its administrator "
        "for an entry in pg_hba.conf",
    ),
    (
        r"server does not support SSL|SSL error|certificate verify failed|root certificate file",
        "no encrypted connection to the shared store {place} can be made; set sslmode in PRECISION_ATLAS_DB "
        "to what its server offers",
    ),
    (
        r"too many clients|remaining connection slots|too many connections",
        "the server of the shared store {place} has no free connection; close other programs or raise max_connections",
    ),
    (
        r"the database system is (?P<what>starting up|shutting down|in recovery mode)",
        "the server of the shared store {place} is {what}; try again in a moment",
    ),
    (
        r"server closed the connection|terminating connection|connection not open|no connection to the server"
        r"|could not receive data|could not send data|broken pipe|SSL connection has been closed",
        "the connection to the shared store {place} was lost; what was not finished was not stored. Try again",
    ),
    (
        r"connection refused|timeout expired|timed out|unreachable|no route to host|no such file or directory"
        r"|could not connect",
        "no server answers at the address of the shared store {place}; start it, or correct PRECISION_ATLAS_DB",
    ),
    (
        r"lock timeout",
        "another program has been writing to the shared store {place} for more than {seconds} s; nothing was changed, "
        "try again",
    ),
    (
        r"permission denied|must be owner",
        "this user may not do that in the shared store {place}; ask its administrator for the right to create and "
        "change the tables in the schema precision_atlas",
    ),
    (
        r"read-only transaction|recovery is in progress",
        "the shared store {place} is a read-only copy; set PRECISION_ATLAS_DB to its primary server",
    ),
    (
        r"no space left|disk full|could not extend file",
        "there is no space left on the server of the shared store {place}; nothing was changed",
    ),
    (
        r"NULL-byte",
        "a text holds the character NUL, which the shared store {place} cannot keep; remove it. Nothing was changed",
    ),
    (
        r"could not serialize access|deadlock detected",
        "another program changed the same rows of the shared store {place}; nothing was changed, try again",
    ),
    (r"connection (already|has been) closed", "the store {place} was closed; reload the page"),
)
