"""Drafting: what is written, by whom, about whom; copying forward; lists whose rows keep their identity."""

from datetime import timedelta
from typing import Any

import pytest

from backend.lib import clock
from backend.lib.rest.fields import utc
from tests import make
from tests.notes.writing import BODY, NECK, SECTIONS, asks, change, draft, ids_listed, read, share, sign, signed
from tests.referrals.stories import move_to

pytestmark = pytest.mark.django_db
NOBODYS = "0198c1a0-0000-7000-8000-00000000000f"


def visit_of(clinic: make.Clinic, client_id: str) -> Any:
    """Yesterday's visit of the client."""
    answer = clinic.http.send("POST", "visits", {"client_id": client_id, "state": "done", **make.visit_window(-1)})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_draft_holds_what_was_written(north: make.Clinic, client_id: str) -> None:
    made = draft(north, client_id, identifiers=[{"system": "urn:north", "value": "N-1"}])

    note = read(north.http, made["id"]).json()

    assert {name: note[name] for name in SECTIONS} == {name: BODY[name] for name in SECTIONS}
    assert note["state"] == "draft"
    assert (note["client"], note["discipline"]) == ({"id": client_id, "display": "Nora Feld"}, "massage_therapy")
    assert note["author"] == {"id": north.role_id, "display": "North Practitioner"}
    assert [(row["kind"], row["muscle"], row["refers_to"]) for row in note["findings"]] == [
        ("trigger_point", "subocc", ["eye"]),
        ("pain", None, []),
    ]
    assert note["measures"] == [{"measure": "nprs", "value": 5.0}]
    assert [(row["technique"], row["minutes"]) for row in note["techniques"]] == [("tpt", 15)]
    assert [row["sentence"] for row in note["asks"]] == ["No thrust for 48 hours."]
    assert note["identifiers"] == [{"system": "urn:north", "value": "N-1"}]
    assert (note["signature"], note["content_hash"], note["integrity"], note["withheld"]) == (None, None, None, [])
    assert note["available_transitions"] == ["sign"]


def test_a_new_note_says_where_it_is_read(north: make.Clinic, client_id: str) -> None:
    answer = north.http.send("POST", "notes", {**BODY, "client_id": client_id})

    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/notes/{answer.json()['id']}")


def test_a_rows_identity_survives_a_change(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    first, second = note["findings"]
    stronger = {**second, "intensity": 7}

    answer = change(north.http, note, findings=[stronger, {"kind": "numbness", **NECK}])

    assert answer.status_code == 200, answer.content
    found = answer.json()["findings"]
    assert [(row["kind"], row["intensity"]) for row in found] == [("pain", 7), ("numbness", None)]
    assert found[0]["id"] == second["id"]
    assert first["id"] not in [row["id"] for row in found]
    assert answer.json()["version"] == note["version"] + 1


def test_what_was_read_may_be_sent_back_whole(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)

    answer = change(north.http, note, **note)

    assert answer.status_code == 200, answer.content
    assert {name: answer.json()[name] for name in ("findings", "techniques", "asks", *SECTIONS)} == {
        name: note[name] for name in ("findings", "techniques", "asks", *SECTIONS)
    }


def test_what_was_read_may_be_sent_back_however_long_ago_the_client_was_seen(
    north: make.Clinic, client_id: str
) -> None:
    note = draft(north, client_id, occurred_at=utc(clock.now() - timedelta(days=6)))
    move_to(clock.now() + timedelta(days=2))

    answer = change(north.http, note, **{**note, "plan": "Heat."})

    assert answer.status_code == 200, answer.content
    assert (answer.json()["occurred_at"], answer.json()["plan"]) == (note["occurred_at"], "Heat.")


def test_a_visit_that_is_sent_back_does_not_change_when_the_client_was_seen(north: make.Clinic, client_id: str) -> None:
    visit = visit_of(north, client_id)
    seen = utc(clock.now() - timedelta(days=3))
    note = draft(north, client_id, visit_id=visit["id"], occurred_at=seen)

    answer = change(north.http, note, visit_id=visit["id"], plan="Heat.")

    assert answer.status_code == 200, answer.content
    assert (answer.json()["visit_id"], answer.json()["occurred_at"]) == (visit["id"], seen)


def test_another_visit_says_when_the_client_was_seen_unless_that_is_said_too(
    north: make.Clinic, client_id: str
) -> None:
    note, visit = draft(north, client_id), visit_of(north, client_id)

    stated = change(north.http, note, visit_id=visit["id"], occurred_at=note["occurred_at"]).json()
    cleared = change(north.http, stated, visit_id=None).json()
    unstated = change(north.http, cleared, visit_id=visit["id"]).json()

    assert [(row["visit_id"], row["occurred_at"]) for row in (stated, cleared, unstated)] == [
        (visit["id"], note["occurred_at"]),
        (None, note["occurred_at"]),
        (visit["id"], visit["starts_at"]),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"findings": [{"id": NOBODYS, "kind": "numbness", **NECK}]}, "unknown_row"),
        ({"findings": [{"kind": "pain", **NECK}]}, "invalid"),
        ({"findings": [{"kind": "numbness", **NECK, "intensity": 3}]}, "invalid"),
        ({"findings": [{"kind": "pain", **NECK, "intensity": 11}]}, "max_value"),
        ({"findings": [{"kind": "treated", **NECK, "refers_to": ["eye"]}]}, "invalid"),
        ({"findings": [{"kind": "treated", "region": "shoulder", "side": "midline"}]}, "invalid"),
        ({"techniques": [{"technique": "hvla", "regions": [NECK]}]}, "out_of_scope"),
        ({"measures": [{"measure": "nprs", "value": 11}]}, "invalid"),
        ({"measures": [{"measure": "no_such", "value": 1}]}, "unknown_code"),
        ({"visibility": "author"}, "asks_need_readers"),
        ({"visit_id": NOBODYS}, "unknown_visit"),
        ({"occurred_at": "2100-01-01T00:00:00Z"}, "in_the_future"),
        ({"occurred_at": "2020-01-01T00:00:00Z"}, "too_late"),
        ({"state": "signed"}, "read_only"),
        ({"shared_sections": ["everything"]}, "invalid_choice"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(
    north: make.Clinic, client_id: str, changes: dict[str, Any], code: str
) -> None:
    note = draft(north, client_id)

    answer = change(north.http, note, subjective="Changed.", **changes)

    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.content
    assert read(north.http, note["id"]).json() == note


def test_a_change_needs_the_version_that_was_read(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    change(north.http, note, subjective="First.")

    without = north.http.send("PATCH", f"notes/{note['id']}", {"subjective": "Second."})
    stale = change(north.http, note, subjective="Second.")

    assert (without.status_code, stale.status_code) == (428, 412)
    assert read(north.http, note["id"]).json()["subjective"] == "First."


def test_only_its_author_changes_or_discards_a_draft(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")

    refused = [
        change(http, note, subjective="Mine.")
        for http in (colleague.http, north.coordinator.http, north.admin.http, north.auditor.http, north.system)
    ]
    kept = colleague.http.send("DELETE", f"notes/{note['id']}", **{"If-Match": '"1.x"'})

    assert [answer.status_code for answer in refused] == [403] * 5
    assert kept.status_code == 403
    assert read(north.http, note["id"]).json() == note


def test_a_draft_is_thrown_away_and_a_signed_note_is_not(north: make.Clinic, client_id: str) -> None:
    thrown, kept = draft(north, client_id), signed(north, client_id)

    gone = north.http.send("DELETE", f"notes/{thrown['id']}", **{"If-Match": f'"{thrown["version"]}.x"'})
    refused = north.http.send("DELETE", f"notes/{kept['id']}", **{"If-Match": f'"{kept["version"]}.x"'})

    assert gone.status_code == 204
    assert read(north.http, thrown["id"]).status_code == 404
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert refused.json()["available"] == ["amend", "enter_in_error"]


def test_coordinators_admins_and_auditors_write_none(north: make.Clinic, client_id: str) -> None:
    body = {**BODY, "client_id": client_id}

    answers = [p.http.send("POST", "notes", body) for p in (north.coordinator, north.admin, north.auditor)]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert ids_listed(north.http) == []


def test_a_system_names_whose_note_it_writes(north: make.Clinic, client_id: str) -> None:
    body = {**BODY, "client_id": client_id}

    nobodys = north.system.send("POST", "notes", body)
    named = north.system.send("POST", "notes", {**body, "on_behalf_of": {"practitioner_role_id": north.role_id}})
    foreign = north.system.send("POST", "notes", {**body, "on_behalf_of": {"practitioner_role_id": NOBODYS}})

    assert (nobodys.status_code, nobodys.json()["code"]) == (403, "practitioner_required")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "unknown_role")
    by_a_person = north.http.send("POST", "notes", {**body, "on_behalf_of": {"practitioner_role_id": north.role_id}})
    assert (by_a_person.status_code, by_a_person.json()["code"]) == (400, "own_name_only")
    assert named.json()["author"]["id"] == north.role_id
    assert change(north.system, named.json(), plan="By the system.").status_code == 200


def test_who_does_not_share_the_client_writes_nothing(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)

    theirs = south.http.send(
        "POST", "notes", {"kind": "phone", "client_id": client_id, "subjective": "Asked for a time."}
    )
    none = outsider.http.send("POST", "notes", {"kind": "phone", "client_id": client_id})

    assert theirs.status_code == 201
    assert none.status_code == 404


def test_an_identifier_is_taken_once(north: make.Clinic, client_id: str) -> None:
    number = [{"system": "urn:north", "value": "N-1"}]
    first = draft(north, client_id, identifiers=number)

    second = north.http.send("POST", "notes", {**BODY, "client_id": client_id, "identifiers": number})

    assert (second.status_code, second.json()["code"]) == (409, "identifier_taken")
    assert second.json()["existing"] == {"id": first["id"]}


def test_an_identifier_that_is_sent_twice_is_one(north: make.Clinic, client_id: str) -> None:
    number, other = {"system": "urn:north", "value": "N-1"}, {"system": "urn:north", "value": "N-2"}

    note = draft(north, client_id, identifiers=[number, other, number])
    changed = change(north.http, note, identifiers=[other, other])

    assert note["identifiers"] == [number, other]
    assert (changed.status_code, changed.json()["identifiers"]) == (200, [other])


def test_a_taken_identifier_is_named_among_others_and_nothing_changes(north: make.Clinic, client_id: str) -> None:
    taken, free = {"system": "urn:north", "value": "N-1"}, {"system": "urn:north", "value": "N-0"}
    first, note = draft(north, client_id, identifiers=[taken]), draft(north, client_id, identifiers=[free])

    refused = change(north.http, note, identifiers=[free, taken])

    assert (refused.status_code, refused.json()["code"]) == (409, "identifier_taken")
    assert (refused.json()["existing"], refused.json()["identifier"]) == ({"id": first["id"]}, taken)
    assert read(north.http, note["id"]).json() == note


def test_a_late_note_says_when_the_client_was_seen(north: make.Clinic, client_id: str) -> None:
    late = utc(clock.now() - timedelta(days=2))

    assert draft(north, client_id, occurred_at=late)["occurred_at"] == late


def test_copied_parts_stay_marked_until_touched_or_confirmed(north: make.Clinic, client_id: str) -> None:
    last = signed(north, client_id)
    copied = north.http.send("POST", "notes", {"copy_from": last["id"]}).json()
    assert copied["copied_parts"] == [*SECTIONS, "findings", "techniques"]
    assert copied["untouched"] == copied["copied_parts"]
    assert copied["copied_from_id"] == last["id"]

    touched = change(north.http, copied, subjective="Headache 4/10.", confirmed=["findings", "techniques"]).json()
    signed_now = sign(north.http, touched["id"])

    assert touched["untouched"] == ["objective", "assessment", "plan"]
    assert signed_now["untouched"] == ["objective", "assessment", "plan"]
    assert signed_now["copied_parts"] == copied["copied_parts"]
    assert signed_now["integrity"] == "intact"


def test_what_was_measured_and_asked_belongs_to_its_day(north: make.Clinic, client_id: str) -> None:
    last = signed(north, client_id)

    copied = north.http.send("POST", "notes", {"copy_from": last["id"]}).json()

    assert (copied["measures"], copied["asks"]) == ([], [])
    assert [row["kind"] for row in copied["findings"]] == ["trigger_point", "pain"]
    assert not {row["id"] for row in copied["findings"]} & {row["id"] for row in last["findings"]}


@pytest.mark.parametrize("visibility", ["care_team", "clinic", "author"])
@pytest.mark.parametrize("is_sensitive", [False, True])
@pytest.mark.parametrize("shared_sections", [list(SECTIONS), ["objective", "plan"], []])
def test_a_copy_is_for_whom_its_source_is(
    north: make.Clinic,
    south: make.Clinic,
    client_id: str,
    visibility: str,
    is_sensitive: bool,
    shared_sections: list[str],
) -> None:
    share(north, client_id, south)
    kept = {"visibility": visibility, "is_sensitive": is_sensitive, "shared_sections": shared_sections}
    last = signed(north, client_id, asks=[], **kept)

    copied = north.http.send("POST", "notes", {"copy_from": last["id"]}).json()
    sign(north.http, copied["id"])

    assert {name: copied[name] for name in kept} == kept
    theirs = [read(south.http, note["id"]) for note in (last, copied)]
    assert theirs[0].status_code == theirs[1].status_code == (404 if is_sensitive or visibility != "care_team" else 200)
    assert [BODY[name] in theirs[1].content.decode() for name in SECTIONS] == [
        theirs[1].status_code == 200 and name in shared_sections for name in SECTIONS
    ]


def test_a_copy_is_opened_to_others_by_whoever_says_so(north: make.Clinic, client_id: str) -> None:
    last = signed(north, client_id, asks=[], visibility="author", is_sensitive=True, shared_sections=["plan"])
    wide = {"visibility": "care_team", "is_sensitive": False, "shared_sections": list(SECTIONS)}

    at_once = north.http.send("POST", "notes", {"copy_from": last["id"], **wide}).json()
    one_by_one = north.http.send("POST", "notes", {"copy_from": last["id"], "visibility": "clinic"}).json()
    later = change(north.http, one_by_one, is_sensitive=False).json()

    assert {name: at_once[name] for name in wide} == wide
    assert {name: later[name] for name in wide} == {
        "visibility": "clinic", "is_sensitive": False, "shared_sections": ["plan"],
    }  # fmt: skip


def test_an_ask_of_a_sensitive_copy_reaches_no_further_than_its_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    last = signed(north, client_id, is_sensitive=True)

    copied = north.http.send("POST", "notes", {"copy_from": last["id"], "asks": BODY["asks"]}).json()
    sign(north.http, copied["id"])

    assert len(copied["asks"]) == 1
    assert asks(south.http, client_id)["results"] == []


def test_what_a_copy_began_from_is_told_to_whoever_sees_that_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    shared, private = signed(north, client_id), signed(north, client_id, asks=[], visibility="author")
    copies = [
        sign(
            north.http,
            north.http.send("POST", "notes", {"copy_from": last["id"], "visibility": "care_team"}).json()["id"],
        )
        for last in (shared, private)
    ]
    people = (north.http, north.coordinator.http, north.auditor.http, north.system, south.http)

    told = [[_source_told(http, copy["id"]) for http in people] for copy in copies]

    assert told == [
        [(shared["id"], False)] * 5,
        [(private["id"], False), *[(None, True)] * 4],
    ]
    listed = {row["id"]: row for row in south.http.send("GET", "notes").json()["results"]}
    assert ["copied_from_id" in listed[copy["id"]] for copy in copies] == [True, False]
    assert [listed[copy["id"]]["integrity"] for copy in copies] == ["intact", "intact"]


def _source_told(http: make.Api, note_id: str) -> tuple[str | None, bool]:
    """The note a copy began from as this reader is told, and whether it is named among what is withheld."""
    note = read(http, note_id).json()
    return note.get("copied_from_id"), "copied_from_id" in note["withheld"]


def test_only_ones_own_signed_note_of_the_same_client_is_copied(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    unsigned, other = draft(north, client_id), make.client(north)["id"]
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    share(north, client_id, south)
    last = signed(north, client_id)

    answers = [
        (north.http, {"copy_from": unsigned["id"]}),
        (north.http, {"copy_from": last["id"], "client_id": other}),
        (colleague.http, {"copy_from": last["id"]}),
        (south.http, {"copy_from": last["id"]}),
    ]

    assert [http.send("POST", "notes", body).status_code for http, body in answers] == [409, 409, 403, 404]
