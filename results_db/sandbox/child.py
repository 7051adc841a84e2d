"""Run as a program of its own: answers one SELECT on one file, without any other file, the network or much memory.

Reads a JSON object (file, sql, rows, seconds) from standard input. Prints the answer as an Arrow stream whose schema
says under `cut` whether rows were left out; or, with exit code 2, the sentence why there is none. It imports nothing of
ours, so that it starts fast and has nothing to give away.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress

import duckdb

TYPE_CHECKING = False
if TYPE_CHECKING:  # pyarrow is imported where there is an answer: a refusal comes sooner without it
    import pyarrow as pa

MEMORY = "512MB"
MEMORY_BYTES = 2_500_000_000  # address space: what DuckDB's own limit does not count
ANSWER_BYTES = 30_000_000
CONFIG: dict[str, str | float | list[str]] = {
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0KB",
    "memory_limit": MEMORY,
    "threads": 1,
}
LOCKS = ("SET disabled_filesystems = 'LocalFileSystem'", "SET lock_configuration = true")


class Refused(Exception):
    """Why a text is not answered, in a sentence."""


def main() -> int:
    """Exit code: 0 with an answer on standard output, 2 with a sentence there."""
    asked = json.load(sys.stdin)
    _limit(asked["seconds"])
    try:
        with duckdb.connect(asked["file"], read_only=True, config=CONFIG) as connection:
            for statement in LOCKS:
                connection.execute(statement)
            _print(_found(connection, asked["sql"]), asked["rows"])
    except Refused as refused:
        return _say(str(refused))
    except duckdb.PermissionException:
        return _say("the query reaches for files or settings; only the tables of the store can be read here")
    except (duckdb.OutOfMemoryException, MemoryError):
        return _say(f"the query needs more than {MEMORY} of memory; ask for fewer rows or columns, or group them")
    except (duckdb.Error, UnicodeError) as problem:
        return _say(str(problem))
    return 0


def _say(sentence: str) -> int:
    sys.stdout.buffer.write(sentence.encode(errors="replace"))
    return 2


def _limit(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: its caller's clock and DuckDB's memory limit remain
        return
    for name, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, 2 * seconds + 1),  # should its caller be gone; the caller's clock comes first
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with suppress(ValueError, OSError):  # a system that does not know the limit, or has a lower one
            resource.setrlimit(name, (most, most))


def _found(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """The rows of the one SELECT in `sql`, not yet computed."""
    kinds = [statement.type.name for statement in connection.extract_statements(sql)]
    if not kinds:
        raise Refused("there is no statement; write a SELECT, such as SELECT * FROM runs")
    if (kinds[0], kinds[-1]) == ("CREATE", "SELECT"):
        raise Refused("write PIVOT with the values of its columns, such as ON forward_format IN ('bf16', 'mxfp4')")
    if len(kinds) > 1:
        raise Refused(f"these are {len(kinds)} statements; ask one SELECT at a time")
    if kinds != ["SELECT"]:
        raise Refused(f"this is a statement of the kind {kinds[0]}; only SELECT is answered, nothing can be changed")
    return connection.sql(sql)


def _print(found: duckdb.DuckDBPyRelation, rows: int) -> None:
    import pyarrow as pa

    table = found.limit(rows + 1).to_arrow_table()
    if table.nbytes > ANSWER_BYTES:
        size = f"{table.nbytes / 1e6:,.0f} MB"
        raise Refused(f"the answer has {size}, more than a page can show; ask for fewer columns or rows")
    plain = pa.table([_plain(column) for column in table.columns], names=_once_each(table.column_names))
    plain = plain.slice(0, rows).replace_schema_metadata({"cut": "yes" if table.num_rows > rows else ""})
    with pa.ipc.new_stream(sys.stdout.buffer, plain.schema) as stream:
        stream.write_table(plain)


def _once_each(names: list[str]) -> list[str]:
    """The names, a repeated one with a number behind it."""
    found: list[str] = []
    for name in names:
        options = (name if number == 1 else f"{name} ({number})" for number in range(1, len(names) + 1))
        found.append(next(option for option in options if option not in found))
    return found


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as numbers, texts, truth values or times; anything else as text."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    simple = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date, pa.types.is_timestamp,
              pa.types.is_string, pa.types.is_large_string)  # fmt: skip
    if any(is_kind(kind) for is_kind in simple):
        return column
    return pa.chunked_array([pa.array([_text(value) for value in column.to_pylist()], pa.string())])


def _text(value: object) -> str | None:
    import pyarrow as pa

    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, pa.MonthDayNano):
        return f"{value.months} months {value.days} days {value.nanoseconds / 1e9:g} s"
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


if __name__ == "__main__":
    sys.exit(main())
