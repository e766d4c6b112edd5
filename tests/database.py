"""The database of the tests: one migrated template, and a copy of it for each process that runs tests.

Only the pytest controller opens the server and prepares roles and template; workers get the addresses. Tests connect as
the app role, because a superuser or owner would pass every test of row security falsely.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db.backends.utils import CursorWrapper

from backend.lib import database_roles
from backend.lib.database_roles import APP, OWNER, connection_to, url_for
from backend.lib.embedded_postgres import EmbeddedPostgres, FolderInUse, ServerProblem

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ROOT / "var" / "test-postgres"
TEMPLATE_PREFIX = "trialogue_tests"


@dataclass(frozen=True)
class Addresses:
    """Where one process finds its copy, and the server for what only a superuser may do."""

    app: str
    owner: str
    superuser: str
    template: str

    @property
    def database(self) -> str:
        return database_roles.database_in(self.app)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Addresses":
        return cls(**json.loads(text))


class TestServer:
    """A server with the migrated template: TEST_DATABASE_URL's (an administrator's), or an embedded one."""

    __test__ = False

    def __init__(self, given_url: str | None) -> None:
        self._given_url = given_url
        self._embedded: EmbeddedPostgres | None = None
        self._made: list[str] = []
        self._run = os.getpid()

    def start(self) -> None:
        """Starts the server and migrates a template, or finds the one of an earlier run with the same migrations."""
        try:
            self.superuser = self._given_url or self._start_embedded()
            self._passwords = (
                database_roles.passwords_kept_in(ROOT / "var" / "test-database.json", self.superuser)
                if self._given_url
                else None
            )
            self._template = f"{TEMPLATE_PREFIX}_{_fingerprint_of_migrations()}"
            self._make_template()
        except BaseException:
            self.stop()
            raise

    def copy_for(self, process: str) -> Addresses:
        """A fresh copy of the template for the process of that name (gw0, main)."""
        addresses = self._addresses(f"{TEMPLATE_PREFIX}_run_{self._run}_{process}")
        copy_template(addresses)
        self._made.append(addresses.database)
        return addresses

    def stop(self) -> None:
        """Removes this run's copies and stops the server when it is ours; the template stays for the next run."""
        if self._embedded is not None:
            self._embedded.stop()
            self._embedded = None
        elif self._made:
            with connection_to(self.superuser) as cursor:
                for database in self._made:
                    cursor.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self._made = []

    def _start_embedded(self) -> str:
        """The first server folder that no other run is using, so that two runs in one checkout do not meet."""
        for number in range(1, 9):
            server = EmbeddedPostgres(SERVERS / str(number), durable=False)
            try:
                server.start()
            except FolderInUse:
                continue
            except ServerProblem:
                shutil.rmtree(server.folder)  # what a power cut may leave of a server without fsync
                server.start()
            self._embedded = server
            self._drop_leftovers(server.url())
            return server.url()
        raise RuntimeError(f"Eight test runs are using {SERVERS} already.")

    def _drop_leftovers(self, superuser: str) -> None:
        current = f"{TEMPLATE_PREFIX}_{_fingerprint_of_migrations()}"
        with connection_to(superuser) as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{TEMPLATE_PREFIX}%"])
            for (database,) in cursor.fetchall():
                if database != current:
                    cursor.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _make_template(self) -> None:
        with connection_to(self.superuser) as cursor:
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [self._template])
            if cursor.fetchone()[0]:
                return
        draft = f"{TEMPLATE_PREFIX}_draft_{self._run}"  # renamed when complete: an interrupted migration is no template
        urls = database_roles.prepare(self.superuser, database=draft, passwords=self._passwords)
        done = subprocess.run(
            [sys.executable, str(ROOT / "backend" / "manage.py"), "migrate", "--verbosity", "0"],
            env={**os.environ, "DATABASE_URL": urls.owner},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"The migrations of the test database failed:\n{done.stdout}{done.stderr}")
        with connection_to(self.superuser) as cursor:
            cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{self._template}"')

    def _addresses(self, database: str) -> Addresses:
        known = self._passwords
        owner = url_for(self.superuser, database=database, user=OWNER, password=known.owner if known else None)
        app = url_for(self.superuser, database=database, user=APP, password=known.app if known else None)
        return Addresses(app=app, owner=owner, superuser=self.superuser, template=self._template)


def copy_template(addresses: Addresses) -> None:
    """Puts a fresh copy of the template in the place of the process's database, whoever is connected to it."""
    with connection_to(addresses.superuser) as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{addresses.database}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{addresses.database}" TEMPLATE "{addresses.template}" OWNER {OWNER}')
        database_roles.close_to_strangers(cursor, addresses.database)  # a copy does not inherit these grants


def live_app_settings(cursor: CursorWrapper) -> dict[str, str]:
    """The settings this connection has now: who the database takes the caller for, and what histories say of them."""
    names = [f"app.{name}" for name in ("kind", "organization", "member", "client", "referral", "link", "now")]
    names += ["pghistory.context_id", "pghistory.context_metadata"]
    cursor.execute("SELECT " + ", ".join(f"current_setting('{name}', true)" for name in names))
    row = cursor.fetchone() or ()
    return {name: value for name, value in zip(names, row, strict=True) if value}


def _fingerprint_of_migrations() -> str:
    digest = hashlib.sha256()
    wanted = [
        *sorted(ROOT.glob("backend/*/migrations/**/*")),
        ROOT / "backend/lib/walls.py",
        ROOT / "backend/lib/history.py",
        ROOT / "requirements.lock",
    ]
    for path in [*wanted, ROOT / "backend/lib/database_roles.py"]:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
