"""Measures inbox, read, create-and-send and accept against a bare handler, in turns, and writes var/bench.json.

``python -m backend.bench [--rows 10000 100000 1000000] [--seconds 1] [--rounds 5] [--connections 8] [--quick]``
"""

import argparse
import itertools
import json
import platform
import random
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from backend.bench import data, figures, load
from backend.bench.figures import BARE, NO_WALLS, OPERATIONS, OURS, Turn
from backend.bench.servers import (
    ROOT,
    Database,
    WebServer,
    cpu_seconds,
    make_database,
    postgres_pid,
    start_postgres,
)
from backend.lib.database_roles import connection_to
from backend.lib.embedded_postgres import EmbeddedPostgres

VAR = ROOT / "var"
SAMPLE = 2_000
WARM_UP_REQUESTS = 150

# Pairs of a token's person and a row, drawn by the superuser: who received it, and who may send for whom.
READABLE = """
SELECT r.id, m.clinic, m.person FROM referrals_referral r JOIN bench_person m ON m.role_id = r.recipient_role_id
 WHERE r.sent_at IS NOT NULL ORDER BY hashtext(r.id::text) LIMIT %s
"""
SENDABLE = """
SELECT r.client_id, r.recipient_role_id, m.clinic, m.person FROM referrals_referral r JOIN bench_person m ON m.role_id = r.sender_role_id
 ORDER BY hashtext(r.id::text) LIMIT %s
"""


class Site:
    """One size and variant: a web server, the requests it gets, and what its slices saw."""

    def __init__(self, database: Database, variant: str, web: WebServer) -> None:
        self.database, self.variant, self.web = database, variant, web
        self.created: list[tuple[str, str]] = []  # what this site created and has not accepted: id, recipient's role
        with connection_to(database.superuser) as cursor:
            cursor.execute(READABLE, [SAMPLE])
            self.readable = [(str(pk), data.token_of(c, p)) for pk, c, p in cursor.fetchall()]
            cursor.execute(SENDABLE, [SAMPLE])
            self.sendable = [(str(c), str(r), data.token_of(clinic, p)) for c, r, clinic, p in cursor.fetchall()]
            cursor.execute("SELECT role_id::text, clinic, person FROM bench_person")
            self.token_of_role = {role: data.token_of(c, p) for role, c, p in cursor.fetchall()}
        self.random = random.Random(7)  # noqa: S311 - the same order for every variant

    def requests(self, operation: str) -> Iterator[bytes]:
        return {
            "inbox": self._inbox,
            "read": self._read,
            "create": self._create,
            "accept": self._accept,
        }[operation]()

    def _inbox(self) -> Iterator[bytes]:
        tokens = list(self.token_of_role.values())
        while True:
            yield load.request("GET", "/api/v1/referrals?box=ours", self.random.choice(tokens))

    def _read(self) -> Iterator[bytes]:
        while True:
            pk, token = self.random.choice(self.readable)
            yield load.request("GET", f"/api/v1/referrals/{pk}", token)

    def _create(self) -> Iterator[bytes]:
        while True:
            client, role, token = self.random.choice(self.sendable)
            body = {
                "client_id": client,
                "to": {"practitioner_role_id": role},
                "kind": "evaluate_and_treat",
                "priority": "routine",
                "reason": "Guarding limits exercise",
                "question": "Can soft-tissue work restore rotation?",
                "regions": [{"region": "cervical", "side": "left"}],
                "red_flags": {"asked": True, "positive": []},
                "send": True,
            }
            yield load.request("POST", "/api/v1/referrals", token, json.dumps(body).encode())

    def _accept(self) -> Iterator[bytes]:
        """Accepts what this site created, once each."""
        while self.created:
            pk, role = self.created.pop()
            path = f"/api/v1/referrals/{pk}/transitions"
            yield load.request("POST", path, self.token_of_role[role], b'{"name": "accept"}')

    def remember(self, bodies: list[bytes]) -> None:
        for body in bodies:
            made = json.loads(body)
            self.created.append((made["id"], made["recipient"]["practitioner_role"]["id"]))


def main() -> None:
    options = _options()
    began = time.monotonic()
    folder = VAR / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _say("Starting a PostgreSQL of its own.")
        server = start_postgres(folder / "postgres")
        stack.callback(server.stop)
        sites = _sites(server, options.rows, folder, stack)
        seen = _measure(sites, server, options)
    rows = figures.report(seen, options.rows)
    grown = figures.growths(seen, options.rows)
    verdicts = figures.verdicts(rows, grown)
    found = {
        "machine": _machine(),
        "options": vars(options),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "rows": rows,
        "cpu_growth": grown,
        "verdicts": verdicts,
    }
    (VAR / "bench.json").write_text(json.dumps(found, indent=1))
    _say("\n".join(["", figures.table(rows), "", *verdicts, "", "Written to var/bench.json."]))


def _sites(server: EmbeddedPostgres, sizes: list[int], folder: Path, stack: ExitStack) -> list[Site]:
    sites = []
    for size in sizes:
        _say(f"Making a database with {size:,} referrals.")
        database = make_database(server, size)
        service = {
            "DATABASE_URL": database.app,
            "TRIALOGUE_MODE": "sandbox",
            "DEBUG": "false",
            "RATE_LIMIT_PER_MINUTE": "100000000",
        }
        for variant, application, environment in (
            (OURS, "backend.config.wsgi:application", service),
            (BARE, "backend.bench.bare:application", {"BENCH_DSN": database.app}),
            (NO_WALLS, "backend.bench.bare:application", {"BENCH_DSN": database.superuser}),
        ):
            web = WebServer(application, environment, folder / "web.log")
            stack.callback(web.stop)
            web.wait_until_ready()
            sites.append(Site(database, variant, web))
    return sites


def _measure(
    sites: list[Site], server: EmbeddedPostgres, options: argparse.Namespace
) -> dict[tuple[int, str, str], list[Turn]]:
    """Reads first, so that sizes are exact; every other round goes through the variants backwards."""
    seen: dict[tuple[int, str, str], list[Turn]] = defaultdict(list)
    postgres = postgres_pid(server)
    for operations in (("inbox",), ("read",), ("create", "accept")):
        for site in sites:
            for operation in operations:
                _slice(site, operation, postgres, options, most=WARM_UP_REQUESTS)
        for number in range(options.rounds):
            _say(f"Measuring {' and '.join(operations)}, round {number + 1} of {options.rounds}.")
            for site in sites if number % 2 == 0 else reversed(sites):
                for operation in operations:
                    turn = _slice(site, operation, postgres, options)
                    seen[site.database.rows, operation, site.variant].append(turn)
    assert {key[1] for key in seen} == set(OPERATIONS)
    return seen


def _slice(site: Site, operation: str, postgres: int, options: argparse.Namespace, *, most: int | None = None) -> Turn:
    app_before, postgres_before = cpu_seconds(site.web.process.pid), cpu_seconds(postgres)
    requests = itertools.islice(site.requests(operation), most)
    keeps = operation == "create"
    slice_ = load.drive(site.web.port, options.connections, options.seconds, requests, keep=lambda body: keeps)
    app, database = (
        cpu_seconds(site.web.process.pid) - app_before,
        cpu_seconds(postgres) - postgres_before,
    )
    site.remember(slice_.bodies)
    if slice_.errors:
        _say(f"{site.variant}, {operation}: {len(slice_.errors)} errors, the first: {slice_.errors[0]}")
    count = max(len(slice_.latencies), 1)
    return Turn(
        per_second=slice_.per_second,
        app_cpu=1000 * app / count,
        postgres_cpu=1000 * database / count,
        p50=1000 * figures.percentile(slice_.latencies, 0.5),
        p95=1000 * figures.percentile(slice_.latencies, 0.95),
        count=len(slice_.latencies),
        errors=len(slice_.errors),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="backend.bench", description="The hot paths against a bare handler.")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=1.0, help="of one slice")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="100,000 rows only, three rounds")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = [100_000], 3
    return options


def _machine() -> dict[str, Any]:
    return {
        "cpus": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": psutil.getloadavg(),
    }


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
