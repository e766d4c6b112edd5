"""An export is made by the worker with the rights of whoever asked, for a day, and nobody else takes it away."""

import hashlib
import json
from typing import Any

import pytest

from backend.audit.models import AccessLog, Event, Work
from backend.audit.work import run_due
from backend.directory.models import Member
from backend.lib.actor import WORKER, system_of
from backend.lib.unit_of_work import acting_as
from backend.portability.models import Export, Piece
from tests import make
from tests.notes.writing import signed
from tests.portability.exporting import ask, exported, made, taken, unzipped
from tests.portability.stories import PDF, whole
from tests.referrals.stories import advance

pytestmark = pytest.mark.django_db


def looked(clinic: make.Clinic, client_id: str) -> list[tuple[str, str, str]]:
    """The exports of a client in the access log: of what, by which way, whose."""
    with acting_as(system_of(clinic.organization.id)):
        rows = AccessLog.objects.filter(client_id=client_id, action="exported").order_by("at", "id")
        return [(row.subject_type, row.why, str(row.owner_id)) for row in rows]


def test_an_export_is_made_by_the_worker_and_its_three_files_agree(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)

    asked = ask(north, story.client_id)
    assert (asked["state"], asked["progress"], asked["files"]) == ("waiting", 0, [])
    run_due()
    export = north.http.send("GET", f"exports/{asked['id']}").json()

    files = {kind: taken(north, export, kind) for kind in ("json", "pdf", "zip")}
    assert [(file["format"], file["size"], file["sha256"]) for file in export["files"]] == [
        (kind, len(content), hashlib.sha256(content).hexdigest()) for kind, content in files.items()
    ]
    archive = unzipped(files["zip"])
    assert (archive["record.json"], archive["record.pdf"]) == (files["json"], files["pdf"])
    (letter,) = json.loads(files["json"])["sections"]["attachments"]
    assert archive[letter["file"]] == PDF
    assert b"<pdfuaid:part>1" in files["pdf"]


def test_the_json_says_what_it_is_for_whom_and_what_stands_in_it(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)

    document = exported(north.practitioner, story.client_id)

    assert (document["format"], document["version"]) == ("trialogue-client-export", 1)
    assert document["client"] == {"id": story.client_id, "display": "Zqgiven Zqfamily"}
    assert document["organization"] == {"id": north.id, "display": "North Massage"}
    assert document["requested_by"] == {"kind": "member", "display": "North Massage Practitioner"}
    assert document["withheld"] == []
    index = {one["section"]: one["count"] for one in document["index"]}
    assert index == {name: len(document["sections"].get(name, [])) for name in index}
    assert list(index)[:2] == ["client", "registration"]


def test_asking_again_while_one_is_being_made_gives_that_one(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]

    first, second = ask(north, client_id), ask(north, client_id)
    run_due()
    third = ask(north, client_id)

    assert first["id"] == second["id"] != third["id"]


def test_only_whoever_asked_finds_an_export(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    export = made(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")

    for other in (colleague, north.coordinator, north.auditor, north.system, south):
        http = other if isinstance(other, make.Api) else other.http
        for path in (f"exports/{export['id']}", f"exports/{export['id']}/json", f"exports/{export['id']}/zip"):
            assert http.send("GET", path).status_code == 404
        assert http.send("GET", "exports").json()["results"] == []
    assert [row["id"] for row in north.http.send("GET", f"exports?client_id={client_id}").json()["results"]] == [
        export["id"]
    ]


def test_a_file_is_a_download_that_no_browser_runs_or_keeps(north: make.Clinic) -> None:
    export = made(north, make.client(north, family_name="Moreno")["id"])

    for kind, media_type in (("json", "application/json"), ("pdf", "application/pdf"), ("zip", "application/zip")):
        answer = north.http.send("GET", f"exports/{export['id']}/{kind}")
        assert answer["Content-Type"] == media_type
        assert answer["Content-Disposition"] == f'attachment; filename="export-{export["id"][-8:]}.{kind}"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "no-store" in answer["Cache-Control"]
        assert b"".join(answer.streaming_content)


def test_it_cannot_be_taken_before_it_is_made(north: make.Clinic) -> None:
    asked = ask(north, make.client(north)["id"])

    answer = north.http.send("GET", f"exports/{asked['id']}/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "export_not_ready")


def test_after_a_day_the_bytes_are_gone_and_the_answer_says_so(north: make.Clinic) -> None:
    export = made(north, make.client(north)["id"])

    advance(hours=24, seconds=1)
    too_late = north.http.send("GET", f"exports/{export['id']}/pdf")
    run_due()

    assert (too_late.status_code, too_late.json()["code"]) == (410, "export_expired")
    with acting_as(north.practitioner.actor):
        assert Piece.objects.count() == 0
    kept = north.http.send("GET", f"exports/{export['id']}").json()
    assert (kept["state"], kept["files"]) == ("done", [])


def test_who_exported_is_in_the_access_log_at_making_and_at_each_download(
    north: make.Clinic, south: make.Clinic
) -> None:
    story = whole(north, south)
    note = next(
        row for row in south.http.send("GET", "notes").json()["results"] if row["organization"]["id"] == north.id
    )

    export = made(south, story.client_id)
    taken(south, export, "pdf")

    of = looked(north, story.client_id)
    assert ("export", "", north.id) in of
    assert ("export", "pdf", north.id) in of
    assert {kind for kind, _, _ in of} == {"export", "client", "note", "referral", "care_plan"}
    with acting_as(north.practitioner.actor):
        assert AccessLog.objects.filter(subject_id=note["id"], action="exported").exists()


def test_the_event_tells_its_requester_that_it_is_there_by_ids_only(north: make.Clinic) -> None:
    client_id = make.client(north, family_name="Zqfamily")["id"]
    export = made(north, client_id)

    with acting_as(north.practitioner.actor):
        event = Event.objects.get(type="export.finished")
    assert (str(event.subject_id), str(event.client_id), event.related) == (export["id"], client_id, {})


def test_no_word_about_the_client_stands_in_work_events_or_the_export_itself(
    north: make.Clinic, south: make.Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    story = whole(north, south)
    export = made(north, story.client_id)
    taken(north, export)

    with acting_as(WORKER):
        kept = [str(row) for row in Work.objects.values()]
    with acting_as(north.practitioner.actor):
        kept += [str(row) for row in (*Event.objects.values(), *Export.objects.values())]
    assert [row for row in (*kept, *caplog.messages) if "zq" in row.lower()] == []


def test_own_holds_only_what_the_clinics_own_people_wrote(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)

    document = exported(south, story.client_id, "own")

    sections = document["sections"]
    assert {row["organization"]["id"] for row in sections["notes"] + sections["visits"]} == {south.id}
    assert [row["text"] for row in sections["messages"]] == ["Zqanswer"]
    assert [row["answer"] for row in sections["reports"]] == ["Zqreport"]
    (plan,) = sections["care_plans"]
    assert [line["focus"] for line in plan["interventions"]] == ["Zqsouthern"]
    assert (plan["goals"], plan["problems"], "title" in plan) == ([], [], False)
    assert not {"client", "precautions", "referrals", "versions"} & sections.keys()
    words = json.dumps(document)
    assert [word for word in ("Zqfindings", "Zqgoal", "Zqprecaution", "Zqmother", "Zqplan") if word in words] == []


def test_a_system_gets_what_its_scopes_read(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)
    scopes = "clients:read visits:read"
    http = make.Api(make.token(of=make.application(north.organization, scopes), scopes=scopes))

    document = exported(http, story.client_id)

    assert {"client", "precautions", "visits"} <= document["sections"].keys()
    assert not {"notes", "referrals", "care_plans", "events"} & document["sections"].keys()
    assert {"notes", "referrals", "messages", "care_plans", "events"} <= set(document["withheld"])
    assert "Zqsubjective" not in json.dumps(document)


@pytest.mark.parametrize("scopes", ["notes:read notes:write", "webhooks:read"])
def test_without_the_scope_to_read_clients_there_is_no_export(north: make.Clinic, scopes: str) -> None:
    client_id = make.client(north)["id"]
    http = make.Api(make.token(of=make.application(north.organization, scopes), scopes=scopes))

    refused = http.send("POST", f"clients/{client_id}/export", {})

    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


def test_who_left_gets_no_export(north: make.Clinic) -> None:
    asked = ask(north.coordinator, make.client(north)["id"])
    Member.objects.filter(pk=north.coordinator.member.pk).update(ended_at=north.coordinator.member.created_at)

    run_due()

    with acting_as(system_of(north.organization.id)):
        export = Export.objects.get(pk=asked["id"])
        assert (export.state, export.failed_because, export.pieces.count()) == ("failed", "not_allowed", 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"),
        (b'{"include": "all", "include": "own"}', "duplicate_key"),
        (b'{"include": "\\u0000"}', "nul_character"),
        (b"[]", "invalid"),
        (b'{"include": "theirs"}', "invalid_choice"),
        (b'{"include": null}', "null"),
        (b'{"client_id": "x"}', "unknown_field"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_and_nothing_is_made(north: make.Clinic, body: bytes, code: str) -> None:
    client_id = make.client(north)["id"]

    refused = north.http.send("POST", f"clients/{client_id}/export", body)

    found = refused.json()
    assert refused.status_code == 400
    assert code in {found["code"], *(error["code"] for error in found.get("errors", []))}
    assert north.http.send("GET", "exports").json()["results"] == []


@pytest.mark.parametrize(
    "path", ["exports/x", "exports/x/json", "exports/%00/zip", "exports/0198c1a0-0000-7000-8000-00000000000f/pdf"]
)
def test_what_is_no_export_is_not_found(north: make.Clinic, path: str) -> None:
    assert north.http.send("GET", path).status_code == 404


def test_a_note_that_is_long_and_strange_is_exported_as_it_was_written(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    text = '#panic("ran") \\ {kind}|, {id} </script> \U0001f9b4 ' + "w" * 5_000
    signed(north, client_id, subjective=text)

    export = made(north, client_id)

    document: Any = json.loads(taken(north, export))
    assert document["sections"]["notes"][0]["subjective"] == text
    assert taken(north, export, "pdf").startswith(b"%PDF-")
