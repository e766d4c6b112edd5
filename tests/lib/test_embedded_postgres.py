"""The embedded server starts, stops, recovers and lets nobody else in; the roles on it may do their part only."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from backend.lib import database_roles
from backend.lib.database_roles import APP, GUARD, OWNER, Passwords, RolesProblem, Urls, connection_to, url_for
from backend.lib.embedded_postgres import EmbeddedPostgres, FolderInUse, ServerProblem

# A server is forked from a test process that xdist gave threads, which newer Pythons warn about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as started:
        yield started


@pytest.fixture
def urls(server: EmbeddedPostgres) -> Urls:
    return database_roles.prepare(server.url(), database="clinic")


def ask(url: str, statement: str) -> object:
    with connection_to(url) as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def postmaster_of(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))


def test_what_was_written_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres") as first:
        ask(first.url(), "CREATE TABLE kept AS SELECT 7 AS number")

    with EmbeddedPostgres(tmp_path / "postgres") as second:
        assert ask(second.url(), "SELECT number FROM kept") == 7


def test_a_stopped_server_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    server.start()
    postmaster, socket_folder = (
        postmaster_of(server),
        Path(server.url().split("@")[1].split("/")[0].replace("%2F", "/")),
    )

    server.stop()
    server.stop()

    assert not postmaster.is_running()
    assert not socket_folder.exists()
    assert not (server.data / "postmaster.pid").exists()


def test_it_starts_again_after_the_server_was_killed(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path / "postgres")
    first.start()
    ask(first.url(), "CREATE TABLE kept AS SELECT 7 AS number")
    postmaster_of(first).kill()
    first.stop()
    assert (first.data / "postmaster.pid").exists()

    with EmbeddedPostgres(tmp_path / "postgres") as second:
        assert ask(second.url(), "SELECT number FROM kept") == 7


def test_a_stale_pid_file_that_names_a_foreign_process_is_forgotten(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as first:
        lines = (first.data / "postmaster.pid").read_text().splitlines()
    (first.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    os.chown(first.data / "postmaster.pid", first.data.stat().st_uid, first.data.stat().st_gid)

    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as second:
        assert ask(second.url(), "SELECT 1") == 1


def test_a_server_that_outlived_its_starter_is_replaced(tmp_path: Path) -> None:
    leftover = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    leftover.start()
    postmaster = postmaster_of(leftover)
    assert leftover._lock is not None
    leftover._lock.close()  # as if the starter were gone
    said: list[str] = []

    with EmbeddedPostgres(tmp_path / "postgres", durable=False, say=said.append) as server:
        assert ask(server.url(), "SELECT 1") == 1

    assert "Stopping a database server that an earlier run left behind." in said
    leftover.stop()
    assert not postmaster.is_running()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's death signal is Linux's")
def test_the_server_stops_in_order_when_its_starter_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from backend.lib.embedded_postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start(); print('started', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "postgres")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        postmaster = postmaster_of(EmbeddedPostgres(tmp_path / "postgres"))

        starter.send_signal(signal.SIGKILL)

        postmaster.wait(20)
    assert not (tmp_path / "postgres" / "data" / "postmaster.pid").exists()
    abandoned = Path((tmp_path / "postgres" / "socket").read_text())
    with EmbeddedPostgres(tmp_path / "postgres") as again:
        assert ask(again.url(), "SELECT 1") == 1
    assert not abandoned.exists()


def test_a_folder_is_opened_once(server: EmbeddedPostgres) -> None:
    with pytest.raises(FolderInUse, match="in use by another process"):
        EmbeddedPostgres(server.folder).start()

    assert ask(server.url(), "SELECT 1") == 1


def test_a_deep_folder_does_not_make_the_socket_path_too_long(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)

    with EmbeddedPostgres(deep, durable=False) as server:
        assert ask(server.url(), "SELECT 1") == 1


def test_only_the_user_who_started_it_may_enter(server: EmbeddedPostgres) -> None:
    socket_folder = Path(str(ask(server.url(), "SHOW unix_socket_directories")))

    assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert ask(server.url(), "SHOW listen_addresses") == ""


def test_data_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as server:
        pass
    (server.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(ServerProblem, match="was made by PostgreSQL 9"):
        server.start()


def test_preparing_twice_changes_nothing(server: EmbeddedPostgres, urls: Urls) -> None:
    ask(urls.owner, "CREATE TABLE kept AS SELECT 7 AS number")

    again = database_roles.prepare(server.url(), database="clinic")

    assert again == urls
    assert ask(urls.app, "SELECT number FROM kept") == 7


def test_the_app_changes_rows_but_makes_nothing(urls: Urls) -> None:
    ask(urls.owner, "CREATE TABLE visits (id bigserial PRIMARY KEY, number int)")

    ask(urls.app, "INSERT INTO visits (number) VALUES (1)")

    assert ask(urls.app, "SELECT count(*) FROM visits") == 1
    for statement in (
        "CREATE TABLE more (id int)",
        "CREATE TEMPORARY TABLE more (id int)",
        "CREATE SCHEMA more",
        "ALTER TABLE visits DISABLE ROW LEVEL SECURITY",
        "TRUNCATE visits",
        "DROP TABLE visits",
        "SET session_replication_role = replica",
        f"SET ROLE {OWNER}",
        f"SET ROLE {GUARD}",
        f"ALTER ROLE {APP} BYPASSRLS",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(urls.app, statement)


def test_row_security_holds_for_the_app_and_for_a_forced_owner(urls: Urls) -> None:
    ask(urls.owner, "CREATE TABLE visits AS SELECT 1 AS number")

    ask(urls.owner, "ALTER TABLE visits ENABLE ROW LEVEL SECURITY; ALTER TABLE visits FORCE ROW LEVEL SECURITY")

    assert ask(urls.app, "SELECT count(*) FROM visits") == 0
    assert ask(urls.owner, "SELECT count(*) FROM visits") == 0


def test_a_function_given_to_the_guard_writes_what_the_app_may_not(urls: Urls) -> None:
    ask(urls.owner, f"CREATE TABLE access (number int); REVOKE INSERT ON access FROM {APP}")
    ask(
        urls.owner,
        "CREATE FUNCTION open_access() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS "
        f"'INSERT INTO access VALUES (1)'; ALTER FUNCTION open_access() OWNER TO {GUARD}",
    )
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(urls.app, "INSERT INTO access VALUES (1)")

    ask(urls.app, "SELECT open_access()")

    assert ask(urls.app, "SELECT count(*) FROM access") == 1


def test_an_app_role_that_passes_row_security_is_refused(server: EmbeddedPostgres, urls: Urls) -> None:
    ask(server.url(), f"ALTER ROLE {APP} BYPASSRLS")

    with pytest.raises(RolesProblem, match="passes row security"):
        database_roles.prepare(server.url(), database="clinic")


def test_an_app_role_that_belongs_to_another_is_refused(server: EmbeddedPostgres, urls: Urls) -> None:
    ask(server.url(), f"GRANT {OWNER} TO {APP}")

    with pytest.raises(RolesProblem, match="member of other roles"):
        database_roles.prepare(server.url(), database="clinic")


def test_a_role_without_rights_is_told_which_it_needs(server: EmbeddedPostgres) -> None:
    ask(server.url(), "CREATE ROLE visitor LOGIN")

    with pytest.raises(RolesProblem, match="allowed to create roles and databases"):
        database_roles.prepare(url_for(server.url(), user="visitor"), database="clinic")


def test_an_administrator_without_superuser_can_prepare(server: EmbeddedPostgres) -> None:
    ask(server.url(), "CREATE ROLE hoster LOGIN CREATEROLE CREATEDB")

    urls = database_roles.prepare(
        url_for(server.url(), user="hoster"), database="clinic", passwords=Passwords(owner="o/1", app="a@1")
    )

    assert ask(urls.owner, "SELECT current_user") == OWNER
    assert ask(urls.app, "SELECT current_user") == APP


def test_kept_passwords_are_made_once_and_private(server: EmbeddedPostgres, tmp_path: Path) -> None:
    path = tmp_path / "var" / "database.json"

    first = database_roles.passwords_kept_in(path, server.url())

    assert database_roles.passwords_kept_in(path, server.url()) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_roles_that_somebody_else_made_keep_their_passwords(
    server: EmbeddedPostgres, urls: Urls, tmp_path: Path
) -> None:
    with pytest.raises(RolesProblem, match="set DATABASE_OWNER_URL and DATABASE_URL"):
        database_roles.passwords_kept_in(tmp_path / "database.json", server.url())

    assert not (tmp_path / "database.json").exists()


def test_a_server_that_does_not_answer_is_a_sentence() -> None:
    with pytest.raises(RolesProblem, match="does not answer"):
        database_roles.prepare("postgresql://postgres@127.0.0.1:1/postgres", database="clinic")
