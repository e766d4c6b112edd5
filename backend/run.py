"""Starts everything on this machine and keeps it running until Ctrl-C: what `make run` runs.

PORT chooses the port, EMPTY=1 leaves the demo out. DATABASE_URL names another PostgreSQL, as a role that may make roles
and databases; with DATABASE_OWNER_URL beside it the roles exist already and DATABASE_URL is the app's.
"""

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from django.core.exceptions import ImproperlyConfigured

from backend.lib import database_roles, env
from backend.lib.child_processes import end, signalled_when_parent_dies
from backend.lib.database_roles import RolesProblem, Urls
from backend.lib.embedded_postgres import EmbeddedPostgres, ServerProblem

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
HOST = "127.0.0.1"
READY_SECONDS = 120.0
LONGEST_PAUSE = 30.0  # between two starts of a process that keeps dying, in seconds
STEADY_AFTER = 60.0  # seconds after which a process counts as well again
STARTS_BEFORE_READY = 3
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_STEPS = ((signal.SIGTERM, 6.0),)
MANAGE = (sys.executable, str(ROOT / "backend" / "manage.py"))


class RunProblem(Exception):
    """The service cannot run; the message is a sentence for the person at the keyboard."""


class StopAsked(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception: nothing on the way may swallow it."""


def main() -> int:
    """Runs until asked to stop, then 0; 1 when something prevents it, after one sentence that says what."""
    for number in STOP_SIGNALS:
        signal.signal(number, ask_to_stop)
    try:
        run(port=env.integer("PORT", default=8000), is_empty=env.boolean("EMPTY", default=False))
    except StopAsked:
        say("Stopped.")
        return 0
    except (RunProblem, ServerProblem, RolesProblem, ImproperlyConfigured) as problem:
        say(str(problem))
        return 1
    return 0


def run(*, port: int, is_empty: bool) -> None:
    base_url = f"http://{HOST}:{port}"
    with ExitStack() as stack:
        stack.enter_context(only_one_here(base_url))
        refuse_taken_port(port)
        (VAR / "demo.json").unlink(missing_ok=True)  # whoever waits for it must not find the last run's
        (VAR / "static").mkdir(exist_ok=True)
        server = None if env.text("DATABASE_URL", default="") else open_embedded_server(stack)
        urls = prepare_database(server)
        environment = child_environment(base_url)
        say("Migrating the database.")
        run_to_its_end((*MANAGE, "migrate", "--verbosity", "0"), {**environment, "DATABASE_URL": urls.owner})
        run_to_its_end((*MANAGE, "begin_epoch"), {**environment, "DATABASE_URL": urls.owner})
        environment["DATABASE_URL"] = urls.app
        say("Starting web and worker.")
        web = Kept("web", web_command(port), environment)
        worker = Kept("worker", (*MANAGE, "work"), environment)
        stack.callback(stop, web, worker)
        web.start()
        worker.start()
        wait_until_ready(base_url, web, worker)
        if not is_empty:
            say("Filling in the demo clinics.")
            seed = (*MANAGE, "seed_demo", "--base-url", base_url)
            run_to_its_end(seed, environment, meanwhile=lambda: look_after(web, worker))
        say(where_to_go(base_url, is_empty=is_empty))
        while True:
            look_after(web, worker)
            if server is not None and not server.is_running:
                raise RunProblem(f"The embedded PostgreSQL ended; {server.log} may say why. Start again with: make run")
            time.sleep(0.5)


class Kept:
    """A process that is started again when it dies, after a pause that grows while it keeps dying."""

    def __init__(self, name: str, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.name = name
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._environment = dict(environment)
        self._pause = 0.5
        self._started_at = self._start_again_at = 0.0

    def start(self) -> None:
        self.process = spawn(self._command, self._environment)
        self._started_at = time.monotonic()
        self._start_again_at = 0.0
        self.starts += 1

    def look_after(self) -> None:
        """Notices that the process died, and starts it again when its pause is over."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            return
        if not self._start_again_at:
            self._pause = 1.0 if now - self._started_at > STEADY_AFTER else min(self._pause * 2, LONGEST_PAUSE)
            self._start_again_at = now + self._pause
            code = self.process.returncode if self.process is not None else None
            say(f"The {self.name} process ended (exit code {code}); starting it again in {self._pause:.0f} s.")
        elif now >= self._start_again_at:
            self.start()


def look_after(*kept: Kept) -> None:
    for each in kept:
        each.look_after()


def stop(*kept: Kept) -> None:
    say("Stopping web and worker.")
    end(*(each.process for each in kept if each.process is not None), steps=STOP_STEPS)


def open_embedded_server(stack: ExitStack) -> EmbeddedPostgres:
    say("Starting the embedded PostgreSQL; its data stays in var/postgres.")
    server = stack.enter_context(EmbeddedPostgres(VAR / "postgres", say=say))
    stack.callback(say, "Stopping the database.")
    return server


def prepare_database(server: EmbeddedPostgres | None) -> Urls:
    """Where owner and app find their database: on our server, or on the one the environment names."""
    if server is not None:
        return database_roles.prepare(server.url(), database="trialogue")
    given, owner = env.text("DATABASE_URL"), env.text("DATABASE_OWNER_URL", default="")
    if owner:
        say("Using the database of DATABASE_URL, whose roles exist already.")
        return Urls(owner=owner, app=given)
    say("Preparing the database server of DATABASE_URL.")
    return database_roles.prepare(
        given,
        database=database_roles.database_in(given),
        passwords=database_roles.passwords_kept_in(VAR / "database.json", given),
    )


def child_environment(base_url: str) -> dict[str, str]:
    """What web, worker and commands are told; only the migration is ever told the owner's address."""
    private = ("DATABASE_OWNER_URL", "DATABASE_ADMIN_URL")
    return {
        **{name: value for name, value in os.environ.items() if name not in private},
        "TRIALOGUE_MODE": "sandbox",
        "SECRET_KEY": secret_key(),
        "DEBUG": "false",
        "BASE_URL": base_url,
        "PYTHONUNBUFFERED": "1",
    }


def secret_key() -> str:
    """Made at the first start and kept, so that sessions survive a restart; readable by this user only."""
    path = VAR / "secret_key"
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()


def web_command(port: int) -> tuple[str, ...]:
    """Granian with one blocking thread per worker, which led the measurements."""
    return (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "backend.config.wsgi:application"),
        *("--host", HOST, "--port", str(port), "--workers", "2", "--blocking-threads", "1"),
        *("--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "5", "--log-level", "warning"),
    )


def spawn(command: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own commands
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=signalled_when_parent_dies(signal.SIGTERM),
    )


def run_to_its_end(
    command: tuple[str, ...], environment: Mapping[str, str], *, meanwhile: Callable[[], None] = lambda: None
) -> None:
    process = spawn(command, environment)
    try:
        while process.poll() is None:
            meanwhile()
            time.sleep(0.1)
    finally:
        end(process, steps=STOP_STEPS)
    if process.returncode != 0:
        raise RunProblem(f"`manage.py {command[2]}` failed; the reason is above.")


def wait_until_ready(base_url: str, web: Kept, worker: Kept) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and web.starts <= STARTS_BEFORE_READY:
        look_after(web, worker)
        try:
            direct.open(f"{base_url}/health/ready", timeout=5).close()
        except OSError:  # refused, or answered with an error status
            time.sleep(0.2)
        else:
            return
    raise RunProblem("The web process does not become ready; the reason is above.")


def where_to_go(base_url: str, *, is_empty: bool) -> str:
    people = "no clinics yet" if is_empty else "people, passwords and tokens are in var/demo.json"
    return f"Ready: {base_url} (API: {base_url}/api/docs; {people}). Ctrl-C stops everything."


@contextmanager
def only_one_here(base_url: str) -> Iterator[None]:
    """One instance per checkout: two would share data and demo file."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise RunProblem(f"Trialogue runs from this folder already ({lock.read()}); stop that one first.") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {base_url}")
        lock.flush()
        yield


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            raise RunProblem(f"Port {port} cannot be used; choose another, such as: make run PORT=8001") from None


def ask_to_stop(number: int, frame: FrameType | None) -> None:
    """Once: a second Ctrl-C does not interrupt the stopping, which takes seconds at most."""
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StopAsked


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
