"""The store without a browser: data on stdout, messages on stderr, exit code 0, 1 (did not work) or 2 (bad call)."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from results_db import asking_commands, commands, dataset_commands
from results_db.errors import StoreError
from results_db.importers.columns import file_columns


def main(arguments: list[str] | None = None) -> int:
    """Exit code of `python -m results_db` with those arguments."""
    asked = _parser().parse_args(arguments)
    try:
        return asked.verb(asked)
    except ValueError as problem:
        return _say(problem, 2)
    except StoreError as problem:
        return _say(problem, 1)
    except KeyboardInterrupt:
        return _say("interrupted; nothing was changed", 1)
    except BrokenPipeError:  # the reader of the pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m results_db", description=__doc__)
    parser.add_argument(
        "--db", metavar="PLACE", help="path or URL of the store; default PRECISION_ATLAS_DB, else yours"
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run, about: str, json_option: bool = True) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=about, description=about)
        made.set_defaults(verb=run)
        if json_option:
            made.add_argument("--json", action="store_true", help="one JSON document on stdout")
        return made

    verb("status", commands.status, "path, schema version and rows per table; makes the store on first use")
    verb("sources", commands.sources, "the papers and software that published rows come from")
    verb("check", commands.check, "read every value and say what is wrong; exit code 1 when something is")
    _add_import(verb("import", commands.import_file, "import a file of runs, curves, evaluations or the probe"))
    dataset_commands.add(verb("datasets", dataset_commands.datasets, "your own datasets: list, rename, share, delete"))
    _add_export(verb("export", commands.export, "write a table to stdout", json_option=False))
    asking_commands.add(verb)
    wanted = verb("coefficients", commands.coefficients, "a published coefficient set as {symbol: value}")
    wanted.add_argument("law", metavar="LAW")
    wanted.add_argument("--source", metavar="KEY")
    wanted.add_argument("--variant", metavar="V")
    for name, run, about in (
        ("backup", commands.backup, "write a consistent copy and its checksum (FILE.sha256); FILE must be free"),
        ("restore", commands.restore, "put a backup in the store's place, which must be free"),
    ):
        verb(name, run, about).add_argument("file", type=Path, metavar="FILE")
    to = verb("copy-to", commands.copy_to, "copy the whole store, verified, to a server's database or to a new file")
    to.add_argument("place", metavar="PLACE", help="postgresql://user:password@host:5432/database, or a path")
    return parser


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="- reads standard input")
    parser.add_argument("--name", help="name of the dataset; default the file's")
    parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows although others are bad")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help=f"read a column as one of {', '.join(file_columns())}; THEIRS= ignores it",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FACT=VALUE",
        help="say what the file does not, such as n_params=1.3B or loss_unit=perplexity; --dry-run lists what is asked",
    )


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("--source", metavar="KEY", help="only the rows of this source or dataset")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument(
        "--zip", type=Path, metavar="FILE", help="instead write the rows with their sources to this new zip file"
    )


def _say(problem: object, code: int) -> int:
    print(problem, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
