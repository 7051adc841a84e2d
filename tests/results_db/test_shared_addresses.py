"""Whatever is wrong with the address of a shared store or with its server: a sentence, and never the password."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable
from urllib.parse import quote

import duckdb
import pytest
from postgres_servers import PASSWORD, USER, PostgresServer, binaries, free_port

from results_db import Store, StoreError
from results_db.location import place_of
from results_db.shared.address import Address, address_of, is_url
from results_db.shared.sentences import explained_server

READ = [
    "postgresql://u:p%40s5w@db.lab:5433/atlas",
    "postgres://u@db.lab/atlas",
    "postgresql:///atlas?host=/run/postgresql",
    "postgresql://%2Frun%2Fpostgresql/atlas",
    "postgresql://[::1]:5432/atlas",
    "postgresql://a:1,b:2,c/atlas?target_session_attrs=read-write",
    "postgresql://db.lab/atlas?user=u%40lab&password=s5w&sslmode=require",
    "postgresql://u%27s:s5w@db.lab/a%5Cb%20c",
    "postgresql://u:s5%25w%2B+@db.lab/atlas?connect_timeout=3&options=-c%20work_mem%3D8MB",
    "postgresql://db.lab/atlas?application_name=a+b%20c&keepalives=",
    "postgresql://",
]


class Option(ctypes.Structure):
    """libpq's PQconninfoOption."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "value", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    ]


def read_by_libpq(text: str) -> dict[str, str]:
    """What PostgreSQL's own library reads from a URL or a connection string."""
    binaries()  # skips without PostgreSQL, which brings the library
    parse = ctypes.CDLL("libpq.so.5").PQconninfoParse
    parse.restype = ctypes.POINTER(Option)
    options = parse(text.encode(), None)
    assert options, text
    found = {}
    for option in options:
        if option.keyword is None:
            return found
        if option.value:
            found[option.keyword.decode()] = option.value.decode()
    return found


@pytest.mark.parametrize("url", READ)
def test_an_address_is_read_as_postgresqls_own_library_reads_it(url: str) -> None:
    address = address_of(url)
    expected = read_by_libpq(url)
    assert address.password == expected.pop("password", None)
    added = {"connect_timeout": "10", "application_name": "precision-atlas"}
    assert read_by_libpq(address.conninfo) == added | expected
    assert "s5w" not in f"{address} {address!r} {address.conninfo}"


SHOWN = [
    ("postgresql://u:secret@db.lab:5433/atlas", "postgresql://u:***@db.lab:5433/atlas"),
    ("postgres://db.lab/atlas?user=u&password=secret", "postgresql://u:***@db.lab/atlas"),
    ("postgresql://a:1,b/atlas", "postgresql://a:1,b/atlas"),
    ("postgresql:///atlas", "postgresql:///atlas"),
]


@pytest.mark.parametrize(("url", "shown"), SHOWN)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert str(place_of(url)) == shown


REFUSED = [
    ("postgresql://u:s3cr@t@db.lab/atlas", "write it as %40, %2F or %3F"),
    ("postgresql://u:s3cr/t@db.lab/atlas", "write it as %40, %2F or %3F"),
    ("postgresql://u:s3cr?t@db.lab/atlas", "write it as %40, %2F or %3F"),
    ("postgresql://u:s3cr#t@db.lab/atlas", None),
    ("postgresql://u:s3cr t@db.lab/atlas", None),
    ("postgresql://db.lab:s3cret/atlas", "the host or port in the address of the shared store cannot be read"),
    ("postgresql://[::1/atlas", "the host or port in the address of the shared store cannot be read"),
    ("postgresql:/s3cret@db.lab/atlas", "lacks the // after postgresql:"),
    ("mysql://u:s3cret@db.lab/atlas", "a store cannot be reached by mysql://; write a path, or postgresql://user"),
    ("http://db.lab/s3cret", "a store cannot be reached by http://"),
]


@pytest.mark.parametrize(("url", "said"), REFUSED)
def test_an_address_that_cannot_be_read_is_said_without_showing_it(
    url: str, said: str | None, command: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is None:
        assert address_of(url).password in ("s3cr#t", "s3cr t")
        return
    monkeypatch.setenv("PRECISION_ATLAS_DB", url)
    answer = command("status")
    assert (answer.code, answer.data, answer.err.count("\n")) == (1, b"", 1)
    assert said in answer.err
    assert "s3cr" not in answer.err


@pytest.mark.parametrize("path", ["atlas.duckdb", "/tmp/x:y/atlas.duckdb", "C:atlas.duckdb", "a:b", "~/atlas", ""])
def test_a_path_is_not_taken_for_an_address(path: str) -> None:
    assert not is_url(path)


def refused(url: str) -> str:
    """What opening the store at a URL says; the password is never in it."""
    with pytest.raises(StoreError) as problem:
        Store.open(url)
    said = str(problem.value)
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "wr0ng"):
        assert secret not in said
    assert "\n" not in said
    return said


def test_a_wrong_user_password_or_database_is_said(postgres: PostgresServer) -> None:
    accepted = "does not accept this user and password; correct them in PRECISION_ATLAS_DB"
    assert accepted in refused(postgres.url("empty", password="wr0ng"))
    assert accepted in refused(postgres.url("empty", user="nobody_here"))
    assert accepted in refused(f"postgresql://{USER}@127.0.0.1:{postgres.port}/empty")
    assert "has no database atlas_2; create it (createdb atlas_2), or correct" in refused(postgres.url("atlas_2"))


def test_a_server_that_is_not_there_is_said(postgres: PostgresServer) -> None:
    nobody = "no server answers at the address of the shared store"
    assert nobody in refused(f"postgresql://u:wr0ng@127.0.0.1:{free_port()}/atlas")
    assert nobody in refused(f"postgresql://u:wr0ng@/atlas?host={postgres.folder}/nowhere")
    assert "is not known; correct PRECISION_ATLAS_DB" in refused("postgresql://u:wr0ng@no.such.host.invalid/atlas")


def test_something_else_that_listens_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"postgresql://u:wr0ng@127.0.0.1:{other.getsockname()[1]}/atlas?connect_timeout=2"
        assert "no server answers at the address of the shared store" in refused(url)


def test_a_server_that_offers_no_encryption_is_said(postgres: PostgresServer) -> None:
    assert "set sslmode in PRECISION_ATLAS_DB" in refused(postgres.url("empty") + "?sslmode=require")


def test_an_option_that_does_not_exist_is_said(postgres: PostgresServer) -> None:
    assert "colour" in refused(postgres.url("empty") + "?colour=red")


def test_a_server_that_is_too_old_is_said(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results_db.shared.server_engine.OLDEST_SERVER", 99)
    assert "; a shared store needs 99 or newer" in refused(postgres.url("empty"))


def test_a_database_that_keeps_no_unicode_is_said(postgres: PostgresServer) -> None:
    latin = postgres.database("template0", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    assert "keeps text in LATIN1; create one with `createdb --encoding=UTF8" in refused(postgres.url(latin))


def test_a_schema_of_someone_else_is_said_and_left_as_it_is(postgres: PostgresServer) -> None:
    for statement in (
        "CREATE TABLE precision_atlas.mine (x INTEGER)",
        "CREATE TABLE precision_atlas.schema_version (major VARCHAR); "
        "INSERT INTO precision_atlas.schema_version VALUES ('7')",
    ):
        database = postgres.database()
        postgres.sql(f"CREATE SCHEMA precision_atlas; {statement}", database)
        assert "has a schema precision_atlas that is not a store; use another database" in refused(
            postgres.url(database)
        )
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'precision_atlas'"
        assert int(postgres.sql(tables, database)) <= 2


def test_a_user_without_rights_is_said(postgres: PostgresServer) -> None:
    database = postgres.database("empty")
    new = postgres.database()
    postgres.sql("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'wr0ng'")
    rights = "ask its administrator for the right to create and change the tables in the schema precision_atlas"
    assert rights in refused(postgres.url(new, "wr0ng", "guest"))
    assert rights in refused(postgres.url(database, "wr0ng", "guest"))
    postgres.sql(
        "GRANT USAGE ON SCHEMA precision_atlas TO guest; GRANT SELECT ON ALL TABLES IN SCHEMA precision_atlas TO guest",
        database,
    )
    with Store.open(postgres.url(database, "wr0ng", "guest")) as store:  # may read and not write
        assert store.table("runs").empty
        preview = store.preview("mine.csv", b"n_params,n_tokens,loss\n1e9,2e10,2.9\n")
        with pytest.raises(StoreError) as problem:
            store.commit(preview)
        assert rights in str(problem.value)


def test_a_read_only_copy_of_a_server_is_said(postgres: PostgresServer) -> None:
    database = postgres.database("empty")
    postgres.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with Store.open(postgres.url(database)) as store:
        preview = store.preview("mine.csv", b"n_params,n_tokens,loss\n1e9,2e10,2.9\n")
        with pytest.raises(StoreError, match=r"is a read-only copy; set PRECISION_ATLAS_DB to its primary server"):
            store.commit(preview)


def test_a_missing_extension_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results_db.shared.extension.PACKAGE", "no_such_package")
    monkeypatch.setenv("HOME", "/nonexistent")  # where DuckDB keeps what it installed itself
    said = refused("postgresql://u:wr0ng@127.0.0.1/atlas")
    assert "install it with `make team` or `pip install no-such-package==1.5.5`" in said


def test_a_new_store_is_not_made_where_one_is(postgres: PostgresServer) -> None:
    with pytest.raises(StoreError, match="holds a store already; open it as it is, or choose another database"):
        Store.create(postgres.url("shipped"))


# What PostgreSQL 15 says where a test cannot bring it about without harm; taken from its message catalogue.
SAID_BY_SERVERS = [
    ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "u", database "atlas", no encryption', "pg_hba.conf"),
    ("FATAL:  sorry, too many clients already", "has no free connection"),
    ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", "no free connection"),
    ("FATAL:  the database system is starting up", "is starting up; try again in a moment"),
    ('ERROR:  could not extend file "base/16384/16397": No space left on device', "no space left on the server"),
    ("SSL error: certificate verify failed", "set sslmode in PRECISION_ATLAS_DB"),
    ("ERROR:  could not serialize access due to concurrent update", "changed the same rows"),
    ("ERROR:  never seen before, s5w!\nDETAIL:  more", "cannot be used (IO Error: ERROR:  never seen before, ***!)"),
]


@pytest.mark.parametrize(("message", "said"), SAID_BY_SERVERS)
def test_what_servers_say_is_said_in_a_sentence(message: str, said: str) -> None:
    with pytest.raises(StoreError) as problem, explained_server(address_of("postgresql://u:s5w@db.lab/atlas")):
        raise duckdb.IOException(f"IO Error: {message}")
    assert said in str(problem.value)
    assert "postgresql://u:***@db.lab/atlas" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_an_address_without_a_password_leaves_it_to_the_environment(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with Store.open(f"postgresql://{USER}@127.0.0.1:{postgres.port}/{postgres.database('empty')}") as store:
        assert isinstance(store.path, Address)
        assert store.check() == []


def test_a_closed_store_on_a_server_is_said(postgres: PostgresServer) -> None:
    with Store.open(postgres.url("empty")) as store:
        pass
    with pytest.raises(StoreError, match="was closed; reload the page"):
        store.table("runs")
