"""`python -m results_db`: data on stdout, messages on stderr, exit code 0, 1 (did not work) or 2 (bad call)."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from results_db import Store

ROOT = Path(__file__).parents[2]
RUNS = b"run_id,n_params,n_tokens,loss\na,1e9,2e10,2.9\nb,2e9,4e10,2.7\n"
BAD = RUNS + b"c,4e9,20B tok,-1\n"


@pytest.fixture
def in_place(shipped_file: Path, own_store_path: Path) -> Path:
    """A closed store with the shipped data at PRECISION_ATLAS_DB."""
    own_store_path.write_bytes(shipped_file.read_bytes())
    return own_store_path


@pytest.fixture
def uploads(in_place: Path, tmp_path: Path) -> Path:
    """The folder of a good and a bad file of runs."""
    (tmp_path / "runs.csv").write_bytes(RUNS)
    (tmp_path / "bad.csv").write_bytes(BAD)
    return tmp_path


def n_uploaded(path: Path) -> int:
    with Store.open(path) as store:
        return len(store.table("runs", origin="uploaded"))


def test_status_makes_the_store_on_first_use_and_counts_its_rows(command: Callable, own_store_path: Path) -> None:
    answer = command("status", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["path"] == str(own_store_path)
    assert answer.json["size_bytes"] == own_store_path.stat().st_size
    assert answer.json["rows"]["runs"] == 1683
    told = command("status").out
    assert str(own_store_path) in told
    assert "    1683 runs\n" in told


def test_another_store_may_be_named(command: Callable, in_place: Path, empty_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    other.write_bytes(empty_file.read_bytes())
    assert command("--db", other, "status", "--json").json["rows"]["runs"] == 0


def test_sources_are_csv_or_json_records(command: Callable, in_place: Path) -> None:
    table = pd.read_csv(io.BytesIO(command("sources").data))
    records = command("sources", "--json").json
    assert list(table["source_id"]) == [record["source_id"] for record in records]
    assert {"quartet_2025", "chinchilla_replication_2024"} <= set(table["source_id"])
    assert records[0].keys() == {
        "source_id",
        "title",
        "year",
        "arxiv_id",
        "link",
        "area",
        "relevance",
        "arxiv_verified",
        "license",
        "license_locator",
    }
    licenses = {record["source_id"]: record["license"] for record in records}
    assert licenses["llm_qat_2023"] == "CC-BY-NC-4.0"
    assert licenses["quartet_ii_2026"] == "none stated"
    assert licenses["kbit_laws_2022"] is None


def test_check_finds_nothing_in_a_good_store(command: Callable, in_place: Path) -> None:
    assert command("check").out == "no problem found\n"
    assert command("check", "--json").json == {"problems": []}


def test_check_says_what_is_wrong_and_ends_with_1(command: Callable, in_place: Path) -> None:
    with Store.open(in_place) as store, store._access.writing() as cursor:
        cursor.execute("UPDATE runs SET source_id = 'nobody' WHERE source_id = 'quartet_2025' AND run_id = '001'")
    answer = command("check")
    assert answer.code == 1
    assert answer.out == "1 rows of runs carry a source_id that is neither in sources nor in datasets\n"
    assert command("check", "--json").json["problems"] == [answer.out.strip()]


def test_exported_csv_holds_every_row_and_value(command: Callable, in_place: Path) -> None:
    answer = command("export", "runs", "--source", "chinchilla_replication_2024")
    assert (answer.code, answer.err) == (0, "")
    table = pd.read_csv(io.BytesIO(answer.data), dtype={"run_id": str})
    with Store.open(in_place) as store:
        kept = store.table("runs", source_id="chinchilla_replication_2024")
    assert list(table) == list(kept)
    for column in ("run_id", "n_params", "n_tokens", "flops", "loss", "outlier"):
        assert list(table[column]) == list(kept[column]), column


def test_exported_parquet_keeps_types_also_of_empty_columns(command: Callable, in_place: Path) -> None:
    answer = command("export", "runs", "--source", "quartet_2025", "--format", "parquet")
    assert answer.code == 0
    table = pd.read_parquet(io.BytesIO(answer.data))
    assert len(table) == 226
    with Store.open(in_place) as store:
        types = store.describe().query("table == 'runs'").set_index("column")["type"]
    expected = {"VARCHAR": ("str", "object", "string"), "DOUBLE": ("float64",), "BOOLEAN": ("bool",)}
    assert table["dataset_id"].isna().all()
    for column in table:
        assert str(table[column].dtype) in expected[types[column]], column


def test_every_table_can_be_exported_in_every_format(facts: Store) -> None:
    for table, rows in facts.status()["rows"].items():
        assert len(pd.read_csv(io.BytesIO(facts.export(table)), dtype=str)) == rows
        assert len(pd.read_parquet(io.BytesIO(facts.export(table, "parquet")))) == rows


BAD_CALLS = [
    ((), "the following arguments are required: VERB"),
    (("statos",), "invalid choice: 'statos'"),
    (("export",), "the following arguments are required: TABLE"),
    (("export", "rums"), "unknown table 'rums'; did you mean runs?"),
    (("export", "x; DROP TABLE runs"), "unknown table 'x; DROP TABLE runs'"),
    (
        ("export", "runs", "--source", "quartet_2052"),
        "unknown source of runs 'quartet_2052'; did you mean quartet_2025",
    ),
    (("export", "schema_version", "--source", "x"), "the rows of schema_version carry no source; export the whole"),
    (("export", "runs", "--format", "xlsx"), "invalid choice: 'xlsx'"),
    (("coefficients", "data_filtering"), "law data_filtering has no published coefficients; fit it on runs"),
    (("coefficients", "chinchila"), "unknown law 'chinchila'; did you mean chinchilla"),
    (("coefficients", "quartet", "--source", "quartet"), "unknown source_id 'quartet'; did you mean quartet_2025?"),
    (("coefficients", "quartet", "--variant", "newst"), "unknown variant 'newst'; did you mean newest?"),
    (("import", "{}/runs.csv", "--map", "loss"), "--map is 'loss'; write THEIRS=OURS, such as --map steps_loss=loss"),
    (("import", "{}/runs.csv", "--map", "los=loss"), "unknown column of the file 'los'; did you mean loss?"),
    (("import", "{}/runs.csv", "--map", "loss=lss"), "unknown column of runs 'lss'; did you mean loss"),
]


@pytest.mark.parametrize(("call", "said"), BAD_CALLS)
def test_a_bad_call_ends_with_2_and_says_what_is_known(
    call: tuple[str, ...], said: str, command: Callable, uploads: Path
) -> None:
    answer = command(*(word.format(uploads) if "{}" in word else word for word in call))
    assert (answer.code, answer.data) == (2, b"")
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_published_coefficients_are_one_json_object(command: Callable, in_place: Path) -> None:
    newest = command("coefficients", "quartet").json
    assert newest["A"] == 127444.68546799707
    assert newest["eff_n"] == 0.6451630916603083
    assert command("coefficients", "quartet", "--json").json == newest
    older = command("coefficients", "quartet", "--variant", "older_snapshot").json
    assert older["A"] == 152374.77876694422
    rounded = command("coefficients", "chinchilla", "--source", "chinchilla_2022").json
    assert rounded == {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    assert command("coefficients", "chinchilla").json["E"] == 1.81686


def test_import_prints_the_datasets_key_and_says_the_rest_on_stderr(command: Callable, uploads: Path) -> None:
    answer = command("import", uploads / "runs.csv", "--name", "My sweep")
    assert answer.code == 0
    assert answer.err == "runs.csv: a table of 2 runs, all good.\n"
    with Store.open() as store:
        (entry,) = store.datasets().to_dict("records")
    assert (answer.out, entry["name"]) == (f"{entry['dataset_id']}\n", "My sweep")
    again = command("import", uploads / "runs.csv", "--json")
    assert (again.code, again.json["dataset_id"], again.json["added"]) == (0, entry["dataset_id"], 0)
    assert n_uploaded(uploads / "atlas.duckdb") == 2


def test_import_reads_standard_input(command: Callable, uploads: Path) -> None:
    answer = command("import", "-", "--json", stdin=RUNS)
    assert answer.code == 0
    assert answer.json["added"] == 2
    assert answer.json["message"] == "standard input: a table of 2 runs, all good."
    with Store.open() as store:
        assert list(store.datasets()["name"]) == ["standard input"]


def test_a_bad_row_stops_an_import_until_it_is_to_be_skipped(command: Callable, uploads: Path) -> None:
    answer = command("import", uploads / "bad.csv")
    assert (answer.code, answer.data) == (1, b"")
    assert answer.err.splitlines() == [
        "bad.csv: a table of 3 runs, 2 good and 1 with problems.",
        "row 4: n_tokens is '20B tok'; write 2e10, 20B or 20000000000",
        "row 4: loss is '-1'; write the final loss in nats per token, a number above 0 such as 2.91",
        "nothing was imported; --skip-bad-rows imports the 2 good rows",
    ]
    assert n_uploaded(uploads / "atlas.duckdb") == 0
    answer = command("import", uploads / "bad.csv", "--skip-bad-rows", "--json")
    assert (answer.code, answer.json["added"], len(answer.json["problems"])) == (0, 2, 2)
    assert answer.json["problems"][0]["value"] == "20B tok"
    assert n_uploaded(uploads / "atlas.duckdb") == 2


def test_a_dry_run_changes_nothing(command: Callable, uploads: Path) -> None:
    answer = command("import", uploads / "runs.csv", "--dry-run", "--json")
    assert (answer.code, answer.json["dataset_id"], answer.json["rows"], answer.json["added"]) == (0, None, 2, 0)
    assert command("import", uploads / "bad.csv", "--dry-run").code == 1
    assert n_uploaded(uploads / "atlas.duckdb") == 0


def test_columns_are_named_and_ignored_on_the_command_line(command: Callable, uploads: Path) -> None:
    table = b"width,a=b,loss,who\n1e9,2e10,2.9,me\n"
    answer = command("import", "-", stdin=table)
    assert answer.code == 1
    assert "nothing was imported; settle what is said above (--map names or ignores columns, --set" in answer.err
    answer = command("import", "-", "--map", "width=n_params", "--map", "a=b=n_tokens", "--map", "who=", stdin=table)
    assert answer.code == 0
    with Store.open() as store:
        assert store.table("runs", origin="uploaded")[["n_params", "n_tokens"]].to_numpy().tolist() == [[1e9, 2e10]]


def test_a_file_that_is_not_there_or_no_table_ends_with_1(command: Callable, uploads: Path) -> None:
    for file, said in ((uploads / "gone.csv", "No such file"), (uploads, "this is a folder"), ("-", "file is empty")):
        answer = command("import", file)
        assert (answer.code, answer.data) == (1, b"")
        assert said in answer.err


def test_long_lists_of_problems_are_cut_on_stderr_and_whole_in_json(command: Callable, uploads: Path) -> None:
    table = b"n_params,n_tokens,loss\n" + b"1e9,2e10,-1\n" * 100 + b"1e9,2e10,2.9\n"
    answer = command("import", "-", stdin=table)
    assert answer.err.count("\n") == 23
    assert "… and 80 more problems; --json lists all" in answer.err
    assert len(command("import", "-", "--json", stdin=table).json["problems"]) == 100


def run(*arguments: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "results_db", *map(str, arguments)], cwd=ROOT, timeout=120, **options)


def test_the_probes_lines_come_in_by_a_pipe(in_place: Path) -> None:
    line = b'{"kernel": "mm", "status": "UNSUPPORTED", "detail": "no such unit", "m": 8}\n'
    done = run("import", "-", "--json", input=line, capture_output=True)
    assert (done.returncode, b'"added": 1' in done.stdout) == (0, True), done.stderr
    assert done.stderr == b"standard input: 1 probe result, all good.\n"


def test_a_reader_that_has_seen_enough_ends_the_export_quietly(in_place: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "results_db", "export", "throughput"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as export:  # fmt: skip
        assert export.stdout is not None
        assert export.stdout.readline().startswith(b"source_id,device,kernel")
        export.stdout.close()
        assert export.stderr is not None
        assert export.stderr.read() == b""
        assert export.wait(timeout=120) in (0, 1)


def test_help_names_every_verb_of_the_contract(command: Callable) -> None:
    told = command("--help").out
    for verb in ("status", "sources", "import", "export", "check", "backup", "restore", "coefficients"):
        assert re.search(rf"^    {verb}\s", told, re.MULTILINE), told
