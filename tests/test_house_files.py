"""The files that install, start and ship the service are whole and carry nothing of the machine they were made on."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD")


@pytest.fixture(scope="module")
def lock() -> str:
    return (ROOT / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_every_locked_requirement_is_pinned_and_hashed(lock: str) -> None:
    requirements = re.split(r"\n(?=\S)", lock.strip())

    assert len(requirements) > 50
    assert [each for each in requirements if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+ ", each)] == []
    assert [each for each in requirements if "--hash=sha256:" not in each] == []


def test_the_lock_names_no_address_and_no_path(lock: str) -> None:
    assert [line for line in lock.splitlines() if re.search(r"https?:|file:|/|--(?!hash=)|@", line)] == []


def test_the_lock_holds_everything_the_project_asks_for(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {
        re.split(r"[\[><=~;]", line)[0].strip()
        for line in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])
    }
    locked = set(re.findall(r"^([a-z0-9-]+)", lock, flags=re.MULTILINE))

    assert asked - locked == set()


@pytest.mark.parametrize("target", ["run", "test", "check", "fix", "lock", "schema", "bench"])
def test_make_knows_what_to_do(target: str) -> None:
    planned = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)

    assert planned.returncode == 0, planned.stderr
    assert ".venv/bin/" in planned.stdout


def test_make_says_which_python_it_needs(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    old_python = tmp_path / "old-python"
    old_python.write_text("#!/bin/sh\nexit 1\n")
    old_python.chmod(0o755)

    tried = subprocess.run(
        ["make", "run", f"PYTHON={old_python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert tried.returncode != 0
    assert "Trialogue needs Python 3.11 or newer" in tried.stdout
    assert not (tmp_path / ".venv").exists()


def test_ci_runs_the_checks_and_then_the_tests() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert script.read_text().splitlines()[-3:] == ["export CI=true", "make check", "make test"]


def test_compose_takes_every_secret_from_the_environment_and_has_no_default_for_it() -> None:
    written = re.findall(r"\$\{(\w+)([^}]*)\}", (ROOT / "docker-compose.yml").read_text())

    assert {name for name, _ in written}.issuperset(COMPOSE_SECRETS)
    assert [name for name, rule in written if name in COMPOSE_SECRETS and not rule.startswith(":?")] == []


def test_compose_gives_web_and_worker_the_app_role_only(compose: dict[str, Any]) -> None:
    for name in ("web", "worker"):
        environment = compose["services"][name]["environment"]
        assert environment["TRIALOGUE_MODE"] == "live"
        assert environment["DATABASE_URL"].startswith("postgresql://trialogue_app:")
        assert not {"DATABASE_OWNER_URL", "DATABASE_ADMIN_URL"} & environment.keys()


def test_compose_publishes_the_proxy_only_and_on_this_machine_only(compose: dict[str, Any]) -> None:
    published = {name: each["ports"] for name, each in compose["services"].items() if "ports" in each}

    assert published == {"proxy": ["127.0.0.1:${PORT:-8080}:8080"]}


def test_compose_starts_web_and_worker_after_the_migration(compose: dict[str, Any]) -> None:
    for name in ("web", "worker"):
        assert compose["services"][name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert compose["services"]["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_compose_gives_no_service_but_the_database_more_rights_than_it_needs(compose: dict[str, Any]) -> None:
    for name in ("migrate", "web", "worker", "proxy"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert compose["services"]["proxy"]["user"] == "nginx"
    assert "USER trialogue" in (ROOT / "Dockerfile").read_text().splitlines()


def test_compose_lets_whoever_sends_mails_reach_the_mail_server(compose: dict[str, Any]) -> None:
    internal = {name for name, network in compose["networks"].items() if (network or {}).get("internal")}
    reached = {name: set(compose["services"][name]["networks"]) - internal for name in ("web", "worker", "database")}

    assert reached == {"web": {"outside"}, "worker": {"outside"}, "database": set()}


def test_compose_mounts_only_what_exists(compose: dict[str, Any]) -> None:
    mounted = [mount for each in compose["services"].values() for mount in each.get("volumes", ())]
    names = [mount.split(":")[0] for mount in mounted]

    assert [name for name in names if not (name in compose["volumes"] or (ROOT / name).is_file())] == []


def test_compose_itself_accepts_the_file() -> None:
    command = next((each for each in (["docker", "compose"], ["docker-compose"]) if works(*each, "version")), None)
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is here; the tests above read the file")
    wanted = re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text())

    done = subprocess.run(
        [*command, "--file", "docker-compose.yml", "config", "--quiet"],
        cwd=ROOT,
        env={**os.environ, **dict.fromkeys(wanted, "x" * 32)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_the_image_copies_only_what_exists() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    names = [name for line in copied for name in line.split()]

    assert "requirements.lock" in names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_what_a_run_writes_is_not_committed() -> None:
    assert {"var/", ".venv/"} <= set((ROOT / ".gitignore").read_text().split())


def test_decisions_stand_newest_day_first_each_in_a_paragraph_of_its_own() -> None:
    decisions, _, dependencies = (ROOT / "backend" / "DECISIONS.md").read_text().partition("\n## Dependencies\n")

    days = re.findall(r"^\*\*(\d{4}-\d\d-\d\d) · ", decisions, flags=re.MULTILINE)

    assert days == sorted(days, reverse=True)
    assert len(days) == len(re.findall(r"\n\n\*\*\d{4}-", decisions)) > 100
    titles = re.findall(r"^\*\*(\d{4}-\d\d-\d\d · [^*]+)\*\*", decisions, flags=re.MULTILINE)
    assert len(titles) == len(set(titles)) == len(days)
    assert "**20" not in dependencies


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False
