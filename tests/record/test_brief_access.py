"""The brief and the body map show what the lists show, to everybody: no more, and no less."""

from typing import Any

import pytest
from django.test import override_settings

from backend.audit.models import AccessLog
from backend.directory.models import Organization
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import withdraw
from tests.notes.writing import NECK, draft, ids_listed, read, share, signed
from tests.record.briefs import body_map, lines, subjects, try_mark

pytestmark = pytest.mark.django_db
VISIBILITIES = ("care_team", "clinic", "author")
CONSENTS: list[dict[str, Any]] = [
    {},
    {"categories": ["plan"]},
    {"categories": ["notes", "sensitive"]},
    {"categories": ["sensitive"]},
]
ASKED = [{"kind": "prefer", **NECK, "sentence": "Heat first."}]


def note_lines(who: Any, client_id: str) -> set[str]:
    return set(subjects(lines(who, client_id, "note")))


def of_others(who: Any, mine: list[str]) -> set[str]:
    """The signed notes that the list shows this reader, without the reader's own."""
    return set(ids_listed(who.http, "?state=signed")) - set(mine)


@pytest.mark.parametrize("consent", CONSENTS, ids=str)
def test_it_tells_of_the_notes_that_the_list_shows_to_each_reader(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: str, consent: dict[str, Any]
) -> None:
    share(north, client_id, south, **consent)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    written = [
        signed(north, client_id, visibility=visibility, is_sensitive=sensitive, asks=[])["id"]
        for visibility in VISIBILITIES[: 2 if not consent else 3]
        for sensitive in (False, True)
    ]
    draft(north, client_id)

    shown = {"south": note_lines(south, client_id), "colleague": note_lines(colleague, client_id)}

    assert shown == {"south": of_others(south, []), "colleague": of_others(colleague, [])}
    assert note_lines(north, client_id) == of_others(north, written) == set()
    assert outsider.http.send("GET", f"clients/{client_id}/brief").status_code == 404


def test_a_section_that_is_not_shared_is_in_no_sentence(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    signed(north, shared, shared_sections=["plan"], subjective="Zqsecret.", assessment="Zqsecret.", asks=[])

    line = lines(south, shared, "note")[0]

    assert line["text"] == "Progress: Trigger point therapy; Weekly; heat at home."
    assert body_map(south, shared)["Neck right"]["findings"] == []


def test_who_reads_no_note_is_told_what_it_asks(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south, categories=["plan"])
    note = signed(north, client_id, asks=ASKED)

    found = lines(south, client_id)

    assert [(line["kind"], line["is_pinned"]) for line in found] == [("ask", False)]
    assert subjects(found) == [note["asks"][0]["id"]]


def test_what_is_kept_as_sensitive_is_told_as_whom_to_ask(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, is_sensitive=True)

    found = lines(south, shared)

    assert [(line["kind"], line["text"]) for line in found] == [
        ("contact_first", "Contact North Massage before treating Neck, right.")
    ]
    assert subjects(found) == [note["asks"][0]["id"]]
    assert try_mark(south, shared, found[0]["id"]).status_code == 204
    assert lines(south, shared)[0]["is_read"] is True


def test_nobody_sees_through_two_circles(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, shared: str
) -> None:
    share(north, shared, east)
    theirs = signed(south, shared, asks=ASKED)
    south.http.send("POST", f"clients/{shared}/precautions", {"code": "anticoag", "note": "Zqsecret"})

    assert lines(east, shared) == []
    assert body_map(east, shared) == {}
    assert theirs["id"] in note_lines(north, shared)
    assert try_mark(east, shared, f"note.{theirs['id']}.1").status_code == 404


def test_it_closes_with_the_consent(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    given = share(north, client_id, south)
    ours, theirs = signed(north, client_id), signed(south, client_id)
    before = (note_lines(north, client_id), note_lines(south, client_id))

    withdraw(north, client_id, given["id"])

    assert before == ({theirs["id"]}, {ours["id"]})
    assert [south.http.send("GET", f"clients/{client_id}/{part}").status_code for part in ("brief", "body-map")] == [
        404
    ] * 2
    assert try_mark(south, client_id, f"note.{ours['id']}.1").status_code == 404
    assert lines(north, client_id) == []
    assert [found["author"]["display"] for found in body_map(north, client_id)["Neck right"]["findings"]] == [
        "North Practitioner"
    ] * 2


def test_whom_the_client_excludes_is_told_nothing(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Col League")
    me, other = south.practitioner.role, colleague.role
    assert me is not None
    assert other is not None
    make.consent(north, client_id, south, excluded_practitioner_ids=[str(me.practitioner_id)])
    referral = make.referral(north, {"practitioner_role_id": str(other.id)}, client_id=client_id)
    make.move(colleague.http, referral["id"], "accept")
    note = signed(north, client_id)

    assert south.http.send("GET", f"clients/{client_id}/brief").status_code == 404
    assert note_lines(colleague, client_id) == {note["id"]}
    asked = f"clients/{client_id}/brief?practitioner_role_id={me.id}"
    named = south.system.send("GET", asked)
    assert (named.status_code, [line["kind"] for line in named.json()["lines"]]) == (200, [])


def test_a_broken_glass_reads_and_marks_nothing(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    given = share(north, client_id, south)
    note = signed(north, client_id)
    secret = signed(north, client_id, is_sensitive=True)
    withdraw(north, client_id, given["id"])
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=True)
    reason = {"reason": "Collapsed in the waiting room."}
    assert south.http.send("POST", f"clients/{client_id}/break-glass", reason).status_code == 201

    found = note_lines(south, client_id)

    assert found == {note["id"]}
    assert secret["id"] not in found
    assert try_mark(south, client_id, f"note.{note['id']}.1").status_code == 403
    with acting_as(north.practitioner.actor):
        looks = AccessLog.objects.filter(subject_type="note", subject_id=note["id"], action="read")
        assert "break_glass" in set(looks.values_list("why", flat=True))


def test_a_note_about_a_wrong_client_is_gone(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared)
    line = lines(south, shared, "note")[0]
    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})

    assert lines(south, shared) == []
    assert body_map(south, shared) == {}
    assert read(south.http, note["id"]).status_code == 404
    assert try_mark(south, shared, line["id"]).status_code == 404


def test_a_note_entered_in_error_is_told_as_that_and_drawn_no_more(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    note = signed(north, shared, assessment="Zqwrong.", asks=[])
    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_entry"})

    line = lines(south, shared, "note")[0]

    assert line["text"].endswith("was entered in error: do not rely on it.")
    assert body_map(south, shared) == {}


@pytest.mark.parametrize("role", ["coordinator", "admin", "auditor"])
def test_who_does_not_treat_has_no_brief(north: make.Clinic, client_id: str, role: str) -> None:
    person = getattr(north, role)

    answer = person.http.send("GET", f"clients/{client_id}/brief")

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden" if role == "admin" else "right_required")


def test_a_system_names_one_of_its_own_practitioners(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[])
    address = f"clients/{shared}/brief"

    unnamed = south.system.send("GET", address)
    foreign = south.system.send("GET", f"{address}?practitioner_role_id={north.role_id}")
    named = south.system.send("GET", f"{address}?practitioner_role_id={south.role_id}")

    assert (unnamed.status_code, unnamed.json()["code"]) == (403, "practitioner_required")
    assert (foreign.status_code, foreign.json()["errors"][0]["code"]) == (400, "unknown_role")
    assert subjects(named.json()["lines"]) == [note["id"]]
    marked = south.system.send("POST", f"{address}/read", {"line_ids": [named.json()["lines"][0]["id"]]})
    assert marked.status_code == 403


def test_looks_at_another_clinics_notes_are_logged(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, asks=[])

    lines(south, shared)
    body_map(south, shared)

    with acting_as(north.practitioner.actor):
        looks = AccessLog.objects.filter(client_id=shared, organization_id=south.id, action="read")
        assert looks.filter(subject_type="note", subject_id=note["id"]).count() == 2
        assert {"brief", "body_map"} <= set(looks.values_list("subject_type", flat=True))


@override_settings(SANDBOX=False)
@pytest.mark.parametrize(
    "query",
    [
        "?since=yesterday",
        "?since=2026-11-18T17:00:00",
        "?since=9999-12-31T00:00:00Z",
        "?practitioner_role_id=x",
        "?limit=1",
    ],
)
def test_a_query_that_cannot_be_read_is_refused(north: make.Clinic, client_id: str, query: str) -> None:
    answers = [north.http.send("GET", f"clients/{client_id}/{part}{query}") for part in ("brief", "body-map")]

    assert [answer.status_code for answer in answers] == [400, 400]
