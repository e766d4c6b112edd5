"""The servers under measurement: one PostgreSQL of our own, and for each size and variant a WSGI server on 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from backend.lib import database_roles
from backend.lib.child_processes import end, signalled_when_parent_dies
from backend.lib.database_roles import connection_to, url_for
from backend.lib.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60.0
STOP_STEPS = ((signal.SIGTERM, 6.0),)
DATABASE_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


@dataclass(frozen=True)
class Database:
    """One filled database and who connects to it."""

    rows: int
    app: str
    superuser: str


def start_postgres(folder: Path) -> EmbeddedPostgres:
    """A durable server with memory for the largest size; it stops with ``stop``."""
    server = EmbeddedPostgres(folder)
    server.start()
    with connection_to(server.url()) as cursor:
        for name, value in DATABASE_SETTINGS.items():
            cursor.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    server.stop()
    server.start()
    return server


def make_database(server: EmbeddedPostgres, rows: int) -> Database:
    """Roles, migrations and so many referrals."""
    name = f"bench_{rows}"
    urls = database_roles.prepare(server.url(), database=name)
    superuser = url_for(server.url(), database=name)
    _run("backend/manage.py", "migrate", "--verbosity", "0", environment={"DATABASE_URL": urls.owner})
    _run("-m", "backend.bench.data", str(rows), environment={"DATABASE_URL": superuser})
    return Database(rows=rows, app=urls.app, superuser=superuser)


class WebServer:
    """Granian as the service runs it: two workers with one blocking thread each."""

    def __init__(self, application: str, environment: Mapping[str, str], log: Path) -> None:
        self.port = _free_port()
        with log.open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [
                    *(sys.executable, "-m", "granian", "--interface", "wsgi", application, "--host", "127.0.0.1"),
                    *("--port", str(self.port), "--workers", "2", "--blocking-threads", "1", "--no-ws"),
                    *("--log-level", "warning"),
                ],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=signalled_when_parent_dies(signal.SIGTERM),
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"A web server on port {self.port} did not start; its log is in var/bench.")

    def stop(self) -> None:
        end(self.process, steps=STOP_STEPS)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, also of those that ended."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return float(total)


def postgres_pid(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(*arguments: str, environment: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, check=True)  # noqa: S603 - our own commands
