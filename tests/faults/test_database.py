"""The database goes away: callers hear so, and nothing that was acknowledged is lost."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import dj_database_url
import pytest
from django.conf import settings
from django.db import connections

from backend.lib import database_roles
from backend.lib.embedded_postgres import EmbeddedPostgres
from tests import make

ROOT = Path(__file__).resolve().parents[2]


def point_django_at(url: str) -> None:
    """From their next connection on, all threads of this process use this database."""
    found = dj_database_url.parse(url)
    settings.DATABASES["default"].update({key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
    connections.close_all()


@pytest.fixture
def elsewhere(app_url: str) -> Iterator[None]:
    """Puts Django's database back where it was."""
    yield
    point_django_at(app_url)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_down_is_503_with_a_time_to_come_back(north: make.Clinic, elsewhere: None) -> None:
    point_django_at("postgresql://trialogue_app@%2Fnowhere-at-all/trialogue")

    for path, method in (("referrals", "GET"), ("clients", "POST"), ("me", "GET")):
        answer = north.http.send(method, path, {"family_name": "Doe"} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), path
        assert int(answer["Retry-After"]) > 0
        assert answer["Content-Type"] == "application/problem+json"
    assert make.Api().send("GET", "/health/live").status_code == 200
    assert make.Api().send("GET", "/health/ready").status_code == 503


@pytest.fixture
def server(transactional_db: None, elsewhere: None) -> Iterator[EmbeddedPostgres]:
    """A durable server of its own, migrated, that may be killed.

    Not in pytest's folder, which every new run closes to the account that the server has when root starts it.
    """
    folder = ROOT / "var" / f"killed-postgres-{os.getpid()}"
    try:
        yield from serving(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serving(folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(folder) as own:
        urls = database_roles.prepare(own.url(), database="killed")
        subprocess.run(
            [sys.executable, str(ROOT / "backend" / "manage.py"), "migrate", "--verbosity", "0"],
            env={**os.environ, "DATABASE_URL": urls.owner},
            cwd=ROOT,
            check=True,
        )
        point_django_at(urls.app)
        yield own
        connections.close_all()


def crash(server: EmbeddedPostgres) -> None:
    """Ends the server at once, without a checkpoint, and starts it again; its address changes."""
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    server.stop()
    server.start()
    point_django_at(server.url(database="killed", user=database_roles.APP))


@pytest.mark.slow
def test_a_server_that_crashes_under_load_loses_no_acknowledged_write(server: EmbeddedPostgres) -> None:
    north, south = make.clinic("North", "massage_therapy"), make.clinic("South", "physical_therapy")
    sent = make.sent(north, south)
    acknowledged: set[str] = set()
    statuses: set[int] = set()
    enough = Event()

    def write() -> None:
        http = make.Api(north.practitioner.token)
        while not enough.is_set():
            answer: Any = http.send("POST", f"referrals/{sent['id']}/messages", {"text": "A line."})
            statuses.add(answer.status_code)
            if answer.status_code == 201:
                acknowledged.add(answer.json()["id"])
        connections.close_all()

    writers = [Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    for round in range(1, 4):
        wait_for(lambda: len(acknowledged) >= 15 * round, enough)  # noqa: B023 - called before the next round
        crash(server)
    wait_for(lambda: len(acknowledged) >= 60, enough)
    enough.set()
    for writer in writers:
        writer.join(timeout=60)

    kept = {m["id"] for m in all_messages(north, sent["id"])}
    assert acknowledged <= kept, f"{len(acknowledged - kept)} acknowledged writes are gone"
    assert statuses <= {201, 409, 503}, statuses


def wait_for(question: Any, stop: Event) -> None:
    for _ in range(1_200):
        if question():
            return
        stop.wait(0.05)
    stop.set()
    raise AssertionError("the writers write no more")


def all_messages(clinic: make.Clinic, referral_id: str) -> list[Any]:
    found: list[Any] = []
    path: str | None = f"referrals/{referral_id}/messages?limit=100"
    while path:
        body = clinic.http.send("GET", path).json()
        found += body["results"]
        path = body["next"].removeprefix("http://testserver") if body["next"] else None
    return found
