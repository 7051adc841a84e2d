"""Run as a program of its own: prints a Parquet file as JSON lines, in memory and time that no file can exceed.

The first line is an object with the columns (name, type) and the number of rows; each line after it is a row of cells,
as texts or null, and comes only when the table is small enough and its columns are flat. DuckDB's own memory limit
does not count the texts of a dictionary, of which one of 1 MB may stand in every row: hence the operating system's.
"""

import json
import sys

import duckdb

MEMORY_BYTES = 1_500_000_000
CPU_SECONDS = 20


def main(path: str, most_rows: int, most_columns: int, most_text: int) -> None:
    """Prints the file at `path`; no cells when there are more rows, columns or characters than given."""
    _limit()
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 1}) as connection:
        connection.execute("SET enable_progress_bar = false")  # it would go to stdout
        rows = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [path]).fetchall()[0][0]
        columns = connection.execute("DESCRIBE FROM read_parquet(?)", [path]).fetchall()
        said = {"rows": rows, "columns": [[name, kind] for name, kind, *_ in columns], "text": 0}
        small = rows <= most_rows and len(columns) <= most_columns
        if small:
            cells = [f'CAST("{name.replace(chr(34), chr(34) * 2)}" AS VARCHAR)' for name, *_ in columns]
            lengths = " + ".join(f"coalesce(sum(strlen({cell})), 0)" for cell in cells)
            said["text"] = int(connection.execute(f"SELECT {lengths} FROM read_parquet(?)", [path]).fetchall()[0][0])
        print(json.dumps(said))
        if small and said["text"] <= most_text:
            for row in connection.execute(f"SELECT {', '.join(cells)} FROM read_parquet(?)", [path]).fetchall():
                print(json.dumps(row))


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


if __name__ == "__main__":
    try:
        main(sys.argv[1], *map(int, sys.argv[2:]))
    except (duckdb.Error, UnicodeDecodeError) as problem:
        sys.exit(str(problem))
    except MemoryError:
        sys.exit("Out of Memory Error")
