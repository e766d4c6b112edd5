"""The files of the loop moved from one table to another: there and back again, every reader reads what they read before."""

import os
import subprocess
import sys
from typing import Any

import psycopg2
import pytest
from django.db import connections

from tests import make
from tests.attachments.files import PDF, PNG, opened, uploaded
from tests.database import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
OLD_ROWS = """SELECT id::text, referral_id::text, report_id IS NOT NULL, reaches_recipient, sha256, content
              FROM referrals_attachment"""


def migrate(owner_url: str, *where: str) -> None:
    connections.close_all()
    command = [sys.executable, str(ROOT / "backend" / "manage.py"), "migrate", "--verbosity", "0", *where]
    environment = {**os.environ, "DATABASE_URL": owner_url}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_files_move_down_with_their_rows_and_their_walls(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, owner_url: str
) -> None:
    letter, answer, free = (uploaded(clinic, content) for clinic, content in ((north, PDF), (south, PNG), (north, PDF)))
    sent = make.sent(north, south, attachment_ids=[letter["id"]])["id"]
    for step in ("accept", "start"):
        make.move(south, sent, step)
    make.move(south, sent, "report", report={**make.REPORT, "attachment_ids": [answer["id"]]})

    def read() -> list[Any]:
        clinics = (north, south, outsider)
        seen: list[Any] = [
            opened(clinic.http, file).status_code for clinic in clinics for file in (letter, answer, free)
        ]
        for clinic in (north, south):
            body = clinic.http.send("GET", f"referrals/{sent}").json()
            reports = clinic.http.send("GET", f"referrals/{sent}/reports").json()["results"]
            files = clinic.http.send("GET", f"referrals/{sent}/attachments").json()["results"]
            seen += [body["attachments"], reports[0]["attachments"], files]
        return [*seen, opened(south.http, letter).content]

    before = read()
    assert before[:9] == [200, 200, 200, 200, 200, 404, 404, 404, 404]

    migrate(owner_url, "referrals", "0017")
    migrate(owner_url, "attachments", "zero")
    with psycopg2.connect(owner_url) as opened_again, opened_again.cursor() as cursor:
        cursor.execute(OLD_ROWS)
        rows = {row[0]: (row[1], *row[2:5], bytes(row[5])) for row in cursor.fetchall()}
    opened_again.close()
    migrate(owner_url)

    assert rows == {
        letter["id"]: (sent, False, True, letter["sha256"], PDF),
        answer["id"]: (sent, True, True, answer["sha256"], PNG),
        free["id"]: (None, False, True, free["sha256"], PDF),
    }
    assert read() == before
