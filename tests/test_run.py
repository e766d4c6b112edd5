"""The supervisor behind `make run` keeps its processes, its folder and its secrets in order."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import run
from backend.lib.child_processes import end

# A process is forked from a test process that xdist gave threads, which newer Pythons warn about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
DIES = (sys.executable, "-c", "raise SystemExit(3)")


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "VAR", tmp_path / "var")
    (tmp_path / "var").mkdir()
    return tmp_path / "var"


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the supervisor's stopwatch shows; a test moves it."""
    shown = [100.0]
    monkeypatch.setattr("backend.run.time.monotonic", lambda: shown[0])
    return shown


@pytest.fixture
def dying() -> Iterator[run.Kept]:
    kept = run.Kept("worker", DIES, os.environ)
    kept.start()
    yield kept
    assert kept.process is not None
    kept.process.wait()


def has_died(kept: run.Kept) -> None:
    assert kept.process is not None
    kept.process.wait()


def test_a_process_that_died_is_started_again_after_a_pause(
    dying: run.Kept, moment: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    has_died(dying)

    dying.look_after()
    assert dying.starts == 1
    moment[0] += 1.0
    dying.look_after()

    assert dying.starts == 2
    assert "The worker process ended (exit code 3); starting it again in 1 s." in capsys.readouterr().out


def test_the_pause_doubles_up_to_half_a_minute(
    dying: run.Kept, moment: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(7):
        has_died(dying)
        dying.look_after()
        moment[0] += run.LONGEST_PAUSE
        dying.look_after()

    said = capsys.readouterr().out.splitlines()
    assert [line.split()[-2] for line in said] == ["1", "2", "4", "8", "16", "30", "30"]


def test_a_process_that_ignores_the_request_to_end_is_killed() -> None:
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()",
        ],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()

        end(stubborn, steps=((signal.SIGTERM, 0.05),))

    assert stubborn.returncode == -signal.SIGKILL


def test_a_second_instance_in_the_same_folder_is_refused() -> None:
    first, second = run.only_one_here("http://127.0.0.1:8000"), run.only_one_here("http://127.0.0.1:8001")
    where = rf"already \(process {os.getpid()}, http://127.0.0.1:8000\)"

    with first, pytest.raises(run.RunProblem, match=where), second:
        pass

    with run.only_one_here("http://127.0.0.1:8002"):
        pass


def test_a_taken_port_is_refused_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(run.RunProblem, match="make run PORT=8001"):
            run.refuse_taken_port(taken.getsockname()[1])


def test_the_secret_key_is_made_once_and_private(var: Path) -> None:
    first = run.secret_key()

    assert run.secret_key() == first
    assert len(first) >= 32
    assert stat.S_IMODE((var / "secret_key").stat().st_mode) == 0o600


def test_web_and_worker_never_learn_the_owners_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://trialogue_owner@127.0.0.1/trialogue")
    monkeypatch.setenv("TRIALOGUE_MODE", "live")

    environment = run.child_environment("http://127.0.0.1:8000")

    assert "DATABASE_OWNER_URL" not in environment
    assert environment["TRIALOGUE_MODE"] == "sandbox"
    assert environment["BASE_URL"] == "http://127.0.0.1:8000"


def test_addresses_with_prepared_roles_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://trialogue_app@127.0.0.1/trialogue")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://trialogue_owner@127.0.0.1/trialogue")

    urls = run.prepare_database(None)

    assert urls.app == "postgresql://trialogue_app@127.0.0.1/trialogue"
    assert urls.owner == "postgresql://trialogue_owner@127.0.0.1/trialogue"
