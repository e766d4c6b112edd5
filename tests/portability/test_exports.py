"""An export is made by the worker with the rights of whoever asked, and holds what the API shows the same reader."""

import json

import pytest

from backend.audit.work import run_due
from tests import make
from tests.notes.writing import signed
from tests.portability.exporting import ask, exported, made, taken, unzipped


def test_an_export_is_made_by_the_worker_and_its_three_files_agree(north: make.Clinic) -> None:
    client_id = make.client(north, family_name="Moreno")["id"]
    note = signed(north, client_id)

    asked = ask(north, client_id)
    assert (asked["state"], asked["progress"], asked["files"]) == ("waiting", 0, [])
    run_due()
    export = north.http.send("GET", f"exports/{asked['id']}").json()

    assert [file["format"] for file in export["files"]] == ["json", "pdf", "zip"]
    document = json.loads(taken(north, export))
    assert [row["id"] for row in document["sections"]["notes"]] == [note["id"]]
    files = unzipped(taken(north, export, "zip"))
    assert files["record.json"] == taken(north, export, "json")
    assert files["record.pdf"] == taken(north, export, "pdf")
    assert files["record.pdf"].startswith(b"%PDF-")
