"""What the README tells people to type works, and what it links to exists."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from backend.demo import people
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = [block for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "make run" not in block]


@pytest.mark.django_db(transaction=True)
def test_the_loop_by_curl_closes_and_the_record_is_shared(live_server: LiveServer, tmp_path: Path) -> None:
    with acting_as(WORKER):
        people.open_clinics()
        demo = {"base_url": live_server.url, **people.keys()}
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "demo.json").write_text(json.dumps(demo))

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(BLOCKS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    *told, refusal = done.stdout.splitlines()
    assert told[:5] == ["accepted", "in_care", "reported", "closed", "signed"]
    assert "No end-range rotation this week." in "\n".join(told[5:])
    assert "Thumb less numb." in "\n".join(told[5:])
    assert json.loads(refusal)["code"] == "wrong_state"


def test_every_file_the_documents_link_to_exists() -> None:
    documents = [ROOT / "README.md", ROOT / "backend" / "README.md", ROOT / "openapi" / "README.md"]

    missing = [
        f"{document.name}: {link}"
        for document in documents
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text())
        if not (document.parent / link).exists()
    ]

    assert missing == []
