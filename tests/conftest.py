"""Fixtures every test may use, and the hooks that give each process a database of its own."""

import os
from collections.abc import Iterator
from typing import Any

import dj_database_url
import psycopg2
import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase

from backend.lib.database_roles import APP
from tests import make
from tests.database import Addresses, TestServer, copy_template, live_app_settings

SERVER = pytest.StashKey[TestServer]()
ADDRESSES = pytest.StashKey[Addresses]()
USES_DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-db", action="store_true", help="start no database server: tests that need one fail")


def pytest_configure(config: pytest.Config) -> None:
    if handed_over := getattr(config, "workerinput", {}).get("addresses"):
        use_database(config, Addresses.from_json(handed_over))
    elif is_controller(config) and needs_database(config):
        config.stash[SERVER] = server = TestServer(os.environ.get("TEST_DATABASE_URL"))
        server.start()
        if not config.getoption("numprocesses", None):
            use_database(config, server.copy_for("main"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called in the controller before an xdist worker starts."""
    if SERVER in node.config.stash:
        node.workerinput["addresses"] = node.config.stash[SERVER].copy_for(node.workerinput["workerid"]).to_json()


def pytest_unconfigure(config: pytest.Config) -> None:
    if ADDRESSES in config.stash:
        connections.close_all()
    if SERVER in config.stash:
        config.stash[SERVER].stop()


def is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def needs_database(config: pytest.Config) -> bool:
    return config.pluginmanager.hasplugin("django") and not (config.option.collectonly or config.getoption("--no-db"))


def use_database(config: pytest.Config, addresses: Addresses) -> None:
    """Points Django, and the processes that tests start, at this process's copy."""
    config.stash[ADDRESSES] = addresses
    os.environ["DATABASE_URL"] = addresses.app
    found = dj_database_url.parse(addresses.app)
    settings.DATABASES["default"].update({key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})

    def start_afresh(case: TransactionTestCase) -> None:
        connections.close_all()
        copy_template(addresses)

    # Instead of TRUNCATE, which tables that only grow refuse; tests inside a transaction never come here.
    TransactionTestCase._fixture_teardown = start_afresh  # type: ignore[attr-defined]  # private: no hook exists


def uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or not USES_DATABASE.isdisjoint(
        getattr(item, "fixturenames", ())
    )


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest) -> None:
    """Django makes and destroys no database: the process's copy is there already."""
    if ADDRESSES not in request.config.stash:
        pytest.fail("This test needs the database; run it without --no-db.")


@pytest.fixture(autouse=True)
def _tests_act_as_the_app(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever bypasses row security passes every test of it, and who acts is forgotten with the transaction."""
    if not uses_database(request.node):
        yield
        return
    request.getfixturevalue("db")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (APP,)
    yield
    if connection.connection is not None and not connection.in_atomic_block and connection.is_usable():
        with connection.cursor() as cursor:
            left = live_app_settings(cursor)
        assert not left, f"settings outlived their transaction: {left}"


@pytest.fixture
def app_url(request: pytest.FixtureRequest) -> str:
    """DATABASE_URL of this process's database, as web and worker have it."""
    return request.config.stash[ADDRESSES].app


@pytest.fixture
def owner_url(request: pytest.FixtureRequest) -> str:
    """The role that migrates, on this process's database."""
    return request.config.stash[ADDRESSES].owner


@pytest.fixture
def superuser_url(request: pytest.FixtureRequest) -> str:
    """The server's superuser, on the database postgres."""
    return request.config.stash[ADDRESSES].superuser


@pytest.fixture
def owner_connection(owner_url: str) -> Iterator["psycopg2.extensions.connection"]:
    """A second connection to this process's database, as the owner; what is not committed is rolled back.

    Commit only in tests with transaction=True: other tests keep the database, and what you wrote.
    """
    opened = psycopg2.connect(owner_url)
    yield opened
    opened.rollback()
    opened.close()


@pytest.fixture
def north(db: None) -> make.Clinic:
    """A massage clinic; in most stories the sender or the home of the client."""
    return make.clinic("North Massage", "massage_therapy")


@pytest.fixture
def south(db: None) -> make.Clinic:
    """A physical therapy clinic; in most stories the invited."""
    return make.clinic("South Physio", "physical_therapy")


@pytest.fixture
def east(db: None) -> make.Clinic:
    """A chiropractic clinic; the second recipient, or the third of a circle."""
    return make.clinic("East Chiropractic", "chiropractic")


@pytest.fixture
def outsider(db: None) -> make.Clinic:
    """A clinic that must never get in."""
    return make.clinic("Outsider Clinic", "physical_therapy")
