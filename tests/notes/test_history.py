"""What changed in a note: whatever was before it was released never leaves its clinic, not by any way."""

from typing import Any
from uuid import UUID

import pytest

from backend.lib.actor import Actor, ActorKind
from backend.lib.history import history_of
from backend.lib.unit_of_work import acting_as
from backend.notes import history, queries
from backend.notes.models import Ask, Finding, Note, Section, TechniqueDone
from tests import make
from tests.attacks.sql import rows
from tests.notes.writing import NECK, change, draft, enroll, share, sign, signed

pytestmark = pytest.mark.django_db
TRACKED: tuple[Any, ...] = (Note, Section, Finding, TechniqueDone, Ask)
PARTS = TRACKED[1:4]


def table(model: Any) -> str:
    name: str = history_of(model)._meta.db_table
    return name


def changes(http: make.Api, note: Any) -> list[Any]:
    answer = http.send("GET", f"notes/{note['id']}/changes?limit=100")
    assert answer.status_code == 200, answer.content
    found: list[Any] = answer.json()["results"]
    return found


def status(http: make.Api, note: Any) -> int:
    return int(http.send("GET", f"notes/{note['id']}/changes").status_code)


def in_raw_sql(who: make.Clinic | Actor) -> str:
    """Everything that the app can read of every history of notes, as one text."""
    return "".join(str(rows(who, f"SELECT to_jsonb(h)::text FROM {table(model)} h")) for model in TRACKED)


def seen(model: Any, actor: Actor) -> set[str]:
    with acting_as(actor):
        return {str(pk) for pk in history_of(model).objects.visible_to(actor).values_list("pk", flat=True)}


def rewritten(north: make.Clinic, client_id: str, **more: Any) -> Any:
    """A draft that said one thing before it was signed, and says another."""
    note = draft(north, client_id, subjective="DraftText", **more)
    findings = [{"kind": "numbness", **NECK, "remark": "DraftMark"}]
    asks = [{"kind": "avoid", **NECK, "sentence": "DraftAsk"}]
    note = change(north.http, note, findings=findings, asks=asks).json()
    final = {"findings": [], "asks": [{"kind": "prefer", **NECK, "sentence": "SignedAsk"}]}
    return change(north.http, note, subjective="SignedText", **final).json()


def test_every_part_of_a_draft_leaves_what_was_created_changed_and_removed(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    kept = {name: note[name] for name in ("findings", "techniques", "asks")}
    kept["findings"][0]["remark"], kept["techniques"][0]["minutes"] = "Less than before.", 20
    kept["asks"][0]["sentence"] = "No thrust for a week."
    note = change(north.http, note, plan="Twice a week.", **kept).json()
    change(north.http, note, findings=[], techniques=[], asks=[], visibility="clinic")

    told = changes(north.http, note)

    actions = {(one["what"]["type"], one["action"]) for one in told}
    parts = {(part, action) for part in ("finding", "technique", "ask") for action in ("created", "changed", "removed")}
    assert actions == parts | {(what, action) for what in ("note", "section") for action in ("created", "changed")}
    assert all(one["by"] == "North Massage Practitioner" and one["request_id"].startswith("req-") for one in told)
    text = next(one for one in told if (one["what"]["type"], one["action"]) == ("section", "changed"))
    assert text["fields"] == [{"name": "text", "from": "Weekly; heat at home.", "to": "Twice a week."}]
    assert text["label"] == "Section “Plan”: words changed"


def test_signing_is_told_to_those_who_read_the_note_and_nothing_from_before(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = rewritten(north, client_id)
    sign(north.http, note["id"])

    [*asked, told] = sorted(changes(south.http, note), key=lambda one: one["what"]["type"])

    assert (told["action"], told["label"], told["by"]) == (
        "changed",
        "Signed",
        "North Massage Practitioner",
    )
    assert {"name": "state", "from": None, "to": "signed"} in told["fields"]
    assert [one["what"]["type"] for one in asked] == ["ask"]
    assert "Draft" not in str(changes(south.http, note))
    assert "DraftText" in str(changes(north.http, note))
    assert "DraftMark" in str(changes(north.http, note))
    assert "DraftAsk" in str(changes(north.http, note))


def test_no_draft_text_is_readable_for_another_clinic_in_sql(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = rewritten(north, client_id)
    assert in_raw_sql(south) == "[]" * len(TRACKED)

    sign(north.http, note["id"])

    said = in_raw_sql(south)
    assert "SignedAsk" in said
    for word in ("Draft", "SignedText", '"draft"'):
        assert word not in said, word
    assert in_raw_sql(outsider) == "[]" * len(TRACKED)
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(client_id))
    assert "Draft" not in in_raw_sql(client)


def test_what_a_note_was_before_its_label_or_sections_were_set_stays_hidden(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = draft(north, client_id, is_sensitive=True, shared_sections=["plan"], visibility="clinic")
    shared = {"is_sensitive": False, "shared_sections": ["plan", "objective"], "visibility": "care_team"}
    note = change(north.http, note, **shared).json()
    sign(north.http, note["id"])

    assert '"is_sensitive": true' not in in_raw_sql(south)
    assert '"visibility": "clinic"' not in in_raw_sql(south)
    assert {field["from"] for one in changes(south.http, note) for field in one["fields"]} == {None}


def test_a_sensitive_note_and_its_asks_show_no_history_without_the_consent_that_names_it(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = draft(north, client_id)
    note = change(north.http, note, is_sensitive=True).json()
    sign(north.http, note["id"])

    assert status(south.http, note) == 404
    assert in_raw_sql(south) == "[]" * len(TRACKED)


def test_a_students_note_is_told_from_its_co_signature_on(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    student = enroll(north)
    note = draft(north, client_id, by=student.http)
    sign(student.http, note["id"])
    assert in_raw_sql(south) == "[]" * len(TRACKED)

    assert north.http.send("POST", f"notes/{note['id']}/cosign", {}).status_code == 200

    assert [one["label"] for one in changes(south.http, note) if one["what"]["type"] == "note"] == ["Signed"]
    labels = [one["label"] for one in changes(north.http, note) if one["what"]["type"] == "note"]
    assert labels == ["Co-signed", "Signed by a student", "Begun"]


def test_an_ask_that_ended_and_an_error_are_told_and_the_words_about_them_stay(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    ask = note["asks"][0]["id"]
    assert north.http.send("POST", f"notes/{note['id']}/asks/{ask}/end", {"reason": "KeptHere"}).status_code == 200
    body = {"reason": "duplicate", "note": "KeptToo"}
    assert north.http.send("POST", f"notes/{note['id']}/entered-in-error", body).status_code == 200

    told = changes(south.http, note)

    assert told[0]["label"] == "Entered in error: entered twice"
    assert {"name": "entered_in_error_reason", "from": None, "to": "duplicate"} in told[0]["fields"]
    ended = next(one for one in told if one["label"].endswith("” ended"))
    assert [field["name"] for field in ended["fields"]] == ["ended_at"]
    assert "Kept" not in str(told)
    assert "KeptHere" in str(changes(north.http, note))
    assert "KeptToo" in str(changes(north.http, note))


def test_it_reads_as_a_person_tells_it(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id)
    kept = {name: note[name] for name in ("findings", "techniques", "asks")}
    kept["findings"][0].update(side="left", remark="Less.")
    kept["techniques"][0]["minutes"] = 20
    kept["asks"][0]["until"] = "2031-12-02"
    measures = [{"measure": "rom", "value": 55}]
    note = change(north.http, note, objective="Softer.", measures=measures, visibility="clinic", **kept).json()
    change(north.http, note, findings=kept["findings"][1:])
    sign(north.http, note["id"])

    labels = [one["label"] for one in changes(north.http, note)]

    assert labels[: labels.index("Technique “Trigger point therapy” added")] == [
        "Signed",
        "Ask “No thrust for 48 hours.” asked of the others",
        "Finding “Trigger point” removed",
        "Who reads it changed",
        "Technique “Trigger point therapy”: minutes changed",
        "Finding “Trigger point”: place and remark changed",
        "Ask “No thrust for 48 hours.”: last day changed",
        "Section “Objective”: measures changed",
        "Section “Objective”: words changed",
    ]
    assert labels[-1] == "Begun"
    assert {each for each in labels if each.endswith(" added")} >= {
        "Section “Subjective” added",
        "Finding “Pain” added",
    }
    assert [each for each in labels if "_" in each] == []


def test_of_a_wrong_client_nothing_is_told_to_others(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    assert status(south.http, note) == 200

    body = {"reason": "wrong_client"}
    assert north.http.send("POST", f"notes/{note['id']}/entered-in-error", body).status_code == 200

    assert status(south.http, note) == 404
    assert in_raw_sql(south) == "[]" * len(TRACKED)
    assert "Entered in error: wrong client" in str([one["label"] for one in changes(north.http, note)])


def test_a_withdrawn_consent_hides_the_history_on_the_next_request(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    given = share(north, client_id, south)
    note = signed(north, client_id)
    assert status(south.http, note) == 200

    north.http.send("POST", f"clients/{client_id}/consents/{given['id']}/withdraw", {})

    assert status(south.http, note) == 404
    assert in_raw_sql(south) == "[]" * len(TRACKED)


def test_two_circles_of_one_client_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    share(north, client_id, east)
    note = signed(south, client_id)

    assert status(north.http, note) == 200
    assert status(east.http, note) == 404
    assert in_raw_sql(east) == "[]" * len(TRACKED)


def test_a_note_for_its_author_alone_shows_its_history_to_nobody_else(north: make.Clinic, client_id: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Jo Lind")
    note = draft(north, client_id, asks=[], subjective="ForNobody", visibility="clinic")
    assert status(colleague.http, note) == 200

    change(north.http, note, visibility="author")

    assert status(colleague.http, note) == 404
    assert in_raw_sql(colleague.actor) == "[]" * len(TRACKED)
    assert "ForNobody" in str(changes(north.http, note))


def test_what_an_author_wrote_for_themselves_stays_theirs_when_the_note_is_opened_to_others(
    north: make.Clinic, client_id: str
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Jo Lind")
    note = draft(north, client_id, asks=[], subjective="ForNobody", visibility="author")

    change(north.http, note, subjective="For the clinic.", visibility="clinic")

    assert status(colleague.http, note) == 200
    assert "ForNobody" not in str(changes(colleague.http, note)) + in_raw_sql(colleague.actor)
    assert "ForNobody" in str(changes(north.http, note))


def test_the_history_of_a_discarded_draft_is_kept_and_shown_to_nobody(
    north: make.Clinic, south: make.Clinic, client_id: str, owner_connection: Any
) -> None:
    share(north, client_id, south)
    note = draft(north, client_id)

    answer = north.http.send("DELETE", f"notes/{note['id']}", **{"If-Match": f'"{note["version"]}.x"'})
    assert answer.status_code == 204

    assert status(north.http, note) == 404
    for clinic in (north, south):
        assert in_raw_sql(clinic) == "[]" * len(TRACKED)
        assert [seen(model, clinic.practitioner.actor) for model in TRACKED] == [set()] * len(TRACKED)


@pytest.mark.django_db(transaction=True)
def test_a_discarded_draft_leaves_every_row_it_had(north: make.Clinic, owner_connection: Any) -> None:
    note = draft(north, make.client(north)["id"])

    north.http.send("DELETE", f"notes/{note['id']}", **{"If-Match": f'"{note["version"]}.x"'})

    with owner_connection.cursor() as cursor:
        for model, count in zip(TRACKED, (1, 4, 2, 1, 1), strict=True):
            cursor.execute(f"SELECT count(*) FROM {table(model)} WHERE pgh_label = 'removed'")
            assert cursor.fetchone() == (count,), model


def test_who_reads_no_text_reads_that_a_note_was_signed_and_none_of_its_words(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = rewritten(north, client_id)
    sign(north.http, note["id"])
    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "duplicate", "note": "ErrorText"})

    for person in (north.coordinator, north.admin, south.coordinator):
        told = changes(person.http, note)
        assert {one["what"]["type"] for one in told} == {"note"}
        assert not any(word in str(told) for word in ("DraftText", "SignedText", "Ask", "ErrorText"))
    assert "SignedText" in str(changes(north.auditor.http, note))


@pytest.mark.parametrize("model", TRACKED)
def test_queries_and_walls_agree_on_who_reads_a_history(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: str, model: Any
) -> None:
    share(north, client_id, south)
    sign(north.http, rewritten(north, client_id)["id"])
    rewritten(north, client_id)
    signed(north, client_id, is_sensitive=True)
    signed(south, client_id, visibility="clinic")

    for clinic in (north, south, outsider):
        walled = {pk for (pk,) in rows(clinic, f"SELECT pgh_id::text FROM {table(model)}")}
        assert seen(model, clinic.practitioner.actor) == walled, clinic.organization.name
        assert bool(walled) == (clinic is not outsider)


def test_the_pages_function_says_the_same(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    actor = south.practitioner.actor

    with acting_as(actor):
        row = queries.one_row(note["id"], actor)
        told = history.history_for(actor, row).latest(actor, row["id"])

    assert told == changes(south.http, note)


def test_a_look_at_another_clinics_history_is_logged(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)

    changes(south.http, note)

    looked = rows(north, "SELECT action, organization_id::text FROM audit_accesslog WHERE subject_id = %s", note["id"])
    assert looked == [("read", south.id)]
