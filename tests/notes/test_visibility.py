"""Who reads which note: three clinics and the outsider, for every visibility and label; and never through two circles."""

from typing import Any

import pytest

from backend.audit.models import AccessLog
from backend.lib.actor import Actor, ActorKind
from backend.lib.unit_of_work import acting_as
from backend.notes import queries, rendering
from backend.notes.models import Addendum, Ask, Finding, Note, NoteIdentifier, Section, TechniqueDone
from tests import make
from tests.attacks.sql import rows
from tests.notes.writing import BODY, SECTIONS, asks, draft, ids_listed, read, share, sign, signed

pytestmark = pytest.mark.django_db
MODELS: tuple[Any, ...] = (Note, Section, Finding, TechniqueDone, Ask, Addendum, NoteIdentifier)
WITHOUT_ASKS: dict[str, Any] = {"asks": []}


def status(http: make.Api, note: Any) -> int:
    return int(read(http, note["id"]).status_code)


@pytest.mark.parametrize(
    ("written", "consent", "theirs"),
    [
        ({}, {}, 200),
        ({}, {"categories": ["plan", "outcomes"]}, 404),
        ({"is_sensitive": True}, {}, 404),
        ({"is_sensitive": True}, {"categories": ["notes", "sensitive"]}, 200),
        ({"is_sensitive": True}, {"categories": ["sensitive"]}, 404),
        ({"visibility": "clinic"}, {}, 404),
        ({"visibility": "author", **WITHOUT_ASKS}, {"categories": ["notes", "sensitive"]}, 404),
    ],
)
def test_a_note_leaves_its_clinic_as_far_as_visibility_label_and_consent_go(
    north: make.Clinic,
    south: make.Clinic,
    outsider: make.Clinic,
    client_id: str,
    written: dict[str, Any],
    consent: dict[str, Any],
    theirs: int,
) -> None:
    share(north, client_id, south, **consent)
    note = signed(north, client_id, **written)

    assert status(north.http, note) == 200
    assert status(south.http, note) == status(south.system, note) == theirs
    assert status(outsider.http, note) == 404
    assert (note["id"] in ids_listed(south.http)) == (theirs == 200)
    assert ids_listed(outsider.http) == []


def test_a_draft_never_leaves_its_clinic(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    note = draft(north, client_id)

    assert status(south.http, note) == 404
    assert asks(south.http, client_id)["results"] == []
    assert status(north.auditor.http, note) == 200


def test_two_circles_of_one_client_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    share(north, client_id, east)
    norths, souths, easts = (
        signed(clinic, client_id, asks=BODY["asks"], techniques=[]) for clinic in (north, south, east)
    )

    def seen(clinic: make.Clinic) -> set[str]:
        return set(ids_listed(clinic.http))

    def asked(clinic: make.Clinic) -> set[str]:
        return {row["note_id"] for row in asks(clinic.http, client_id)["results"]}

    assert seen(north) == asked(north) == {norths["id"], souths["id"], easts["id"]}
    assert seen(south) == asked(south) == {norths["id"], souths["id"]}
    assert seen(east) == asked(east) == {norths["id"], easts["id"]}
    assert status(south.http, easts) == status(east.http, souths) == 404


def test_a_withdrawn_consent_works_on_the_next_request_and_what_one_wrote_stays(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    consent = share(north, client_id, south)
    norths, souths = signed(north, client_id), signed(south, client_id, techniques=[])
    assert (status(south.http, norths), status(north.http, souths)) == (200, 200)

    north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})

    assert (status(south.http, norths), status(north.http, souths)) == (404, 404)
    assert south.http.send("GET", f"clients/{client_id}").status_code == 404
    kept = read(south.http, souths["id"]).json()
    assert (kept["client"]["display"], kept["subjective"]) == ("Nora Feld", BODY["subjective"])
    assert ids_listed(south.http) == ids_listed(south.http, f"?client_id={client_id}") == [souths["id"]]
    amended = south.http.send("POST", f"notes/{souths['id']}/addenda", {"reason": "late_entry", "text": "A word."})
    assert amended.status_code == 201
    assert south.http.send("GET", f"clients/{client_id}/asks").status_code == 404


def test_whoever_the_client_excludes_reads_none_and_their_colleague_does(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy")
    assert south.practitioner.role is not None
    excluded = str(south.practitioner.role.practitioner_id)
    make.consent(north, client_id, south, excluded_practitioner_ids=[excluded])
    assert colleague.role is not None
    referral = make.referral(north, {"practitioner_role_id": str(colleague.role.id)}, client_id=client_id)
    accepted = colleague.http.send("POST", f"referrals/{referral['id']}/transitions", {"name": "accept"})
    assert accepted.status_code == 200, accepted.content
    note = signed(north, client_id)

    assert (status(colleague.http, note), status(south.http, note)) == (200, 404)


def test_an_excluded_practitioner_of_the_home_clinic_reads_no_others_notes(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    assert north.practitioner.role is not None
    excluded = str(north.practitioner.role.practitioner_id)
    share(north, client_id, south, excluded_practitioner_ids=[excluded])
    souths = signed(south, client_id, techniques=[])
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")

    assert (status(north.http, souths), status(colleague.http, souths)) == (404, 200)


def test_an_authors_private_note_is_nobody_elses(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id, visibility="author", **WITHOUT_ASKS)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    others = (colleague.http, north.coordinator.http, north.admin.http, north.auditor.http, north.system)

    assert [status(http, note) for http in others] == [404] * 5
    assert [ids_listed(http) for http in others] == [[]] * 5
    assert status(north.http, note) == 200


def test_what_somebody_who_left_kept_to_themselves_is_the_admins_and_auditors_to_look_after(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    leaving = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Lea Ving")
    words = {"visibility": "author", **WITHOUT_ASKS}
    begun, kept = (draft(north, client_id, by=leaving.http, **words) for _ in range(2))
    sign(leaving.http, kept["id"])
    overseers = [north.admin, north.auditor]
    assert [status(who.http, note) for who in overseers for note in (begun, kept)] == [404] * 4
    assert leaving.role is not None
    north.admin.http.send("POST", f"practitioner-roles/{leaving.role.id}/end", {})

    others = (north.http, north.coordinator.http, north.system, south.http, south.admin.http, south.auditor.http)
    assert [status(http, note) for http in others for note in (begun, kept)] == [404] * 12
    assert [status(who.http, note) for who in overseers for note in (begun, kept)] == [200] * 4
    assert [set(ids_listed(who.http)) for who in overseers] == [{begun["id"], kept["id"]}] * 2
    everybody = (*overseers, north.practitioner, north.coordinator, south.practitioner, south.admin, south.auditor)
    in_the_database = [len(rows(who.actor, "SELECT FROM notes_note WHERE id = %s", kept["id"])) for who in everybody]
    assert in_the_database == [1, 1, 0, 0, 0, 0, 0]
    assert BODY["subjective"] not in read(north.admin.http, kept["id"]).content.decode()
    told = read(north.auditor.http, kept["id"]).json()
    assert (told["subjective"], told["integrity"]) == (BODY["subjective"], "intact")
    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(subject_type="note", subject_id=kept["id"])
        assert {(look.actor_display, look.why) for look in looks} == {
            (who.actor.display, "own") for who in overseers
        }  # fmt: skip


def test_every_look_at_what_somebody_who_left_kept_to_themselves_is_logged_however_it_is_read(
    north: make.Clinic, client_id: str
) -> None:
    leaving = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Lea Ving")
    note = draft(north, client_id, by=leaving.http, visibility="author", **WITHOUT_ASKS)
    sign(leaving.http, note["id"])
    assert leaving.role is not None
    north.admin.http.send("POST", f"practitioner-roles/{leaving.role.id}/end", {})
    overseer = make.person(north.organization, "practitioner", "admin", discipline="massage_therapy", name="Solo Owner")
    ways: list[tuple[str, str, Any]] = [
        ("GET", f"notes/{note['id']}", None),
        ("GET", "notes", None),
        ("GET", f"clients/{client_id}/timeline", None),
        ("POST", f"clients/{client_id}/search", {"query": "headache"}),
    ]

    for way in ways:
        assert note["id"] in overseer.http.send(*way).content.decode(), way

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(subject_type="note", subject_id=note["id"])
        assert [look.actor_display for look in looks] == [overseer.actor.display] * len(ways)


def test_what_is_kept_by_somebody_who_changed_their_role_stays_theirs(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id, visibility="author", **WITHOUT_ASKS)
    role = north.practitioner.role
    assert role is not None
    type(role).objects.create(
        practitioner=role.practitioner, organization=north.organization, discipline="chiropractic"
    )

    north.admin.http.send("POST", f"practitioner-roles/{role.id}/end", {})

    assert [status(who.http, note) for who in (north.admin, north.auditor)] == [404, 404]


def test_sections_that_do_not_leave_the_clinic_are_named_and_not_shown(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id, shared_sections=["plan"])

    theirs, text = read(south.http, note["id"]).json(), read(south.http, note["id"]).content.decode()

    hidden = [
        "assessment",
        "attachments",
        "findings",
        "identifiers",
        "integrity",
        "measures",
        "objective",
        "subjective",
    ]
    assert theirs["withheld"] == hidden
    assert not set(hidden) & set(theirs)
    assert [part for part in ("subjective", "objective", "assessment") if BODY[part] in text] == []
    assert (theirs["plan"], [row["technique"] for row in theirs["techniques"]]) == (BODY["plan"], ["tpt"])
    assert [row["sentence"] for row in theirs["asks"]] == ["No thrust for 48 hours."]
    assert read(north.http, note["id"]).json()["withheld"] == []


def test_coordinators_and_admins_see_that_a_note_is_there_and_none_of_its_text(
    north: make.Clinic, client_id: str
) -> None:
    note = signed(north, client_id)

    for person, named in ((north.coordinator, True), (north.admin, False)):
        answer = read(person.http, note["id"])
        assert answer.status_code == 200
        assert [part for part in SECTIONS if BODY[part] in answer.content.decode()] == []
        assert not {"findings", "techniques", "measures", "asks", "addenda", *SECTIONS} & set(answer.json())
        assert ("client" in answer.json(), b"Feld" in answer.content) == (named, named)
        assert person.http.send("GET", f"notes/{note['id']}/addenda").status_code == 403


def test_asks_reach_everybody_in_the_circle_who_may_not_read_the_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south, categories=["plan"])
    unread, private = signed(north, client_id), signed(north, client_id, visibility="clinic")

    asked = asks(south.http, client_id)
    of_coordinator = asks(south.coordinator.http, client_id)["results"][0]

    assert [status(south.http, note) for note in (unread, private)] == [404, 404]
    assert {row["note_id"] for row in asked["results"]} == {unread["id"], private["id"]}
    assert {row["sentence"] for row in asked["results"]} == {"No thrust for 48 hours."}
    assert asked["contact_first"] == []
    assert (of_coordinator["kind"], of_coordinator["withheld"], "sentence" in of_coordinator) == (
        "avoid",
        ["sentence"],
        False,
    )


def test_an_ask_of_a_sensitive_note_outside_the_consent_says_only_whom_to_contact(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id, is_sensitive=True)

    asked = asks(south.http, client_id)

    assert asked["results"] == []
    assert asked["contact_first"] == [
        {
            "id": note["asks"][0]["id"],
            "organization": {"id": north.id, "display": "North Massage"},
            "regions": [{"region": "cervical", "side": "right"}],
            "display": "Contact North Massage before treating this region.",
        }
    ]
    assert len(asks(north.http, client_id)["results"]) == 1
    make.consent(north, client_id, south, categories=["sensitive"])
    assert asks(south.http, client_id)["contact_first"] == []
    assert len(asks(south.http, client_id)["results"]) == 1


def test_a_broken_glass_opens_what_was_shared_with_the_care_team_and_nothing_else(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    consent = make.consent(north, client_id, south)
    notes = [
        signed(north, client_id),
        signed(north, client_id, visibility="clinic"),
        signed(north, client_id, is_sensitive=True),
        signed(north, client_id, visibility="author", **WITHOUT_ASKS),
        draft(north, client_id),
    ]
    north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})
    type(south.organization).objects.filter(pk=south.id).update(break_glass_enabled=True)
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy")
    broken = south.http.send("POST", f"clients/{client_id}/break-glass", {"reason": "Collapsed in the waiting room."})
    assert broken.status_code == 201, broken.content

    assert [status(south.http, note) for note in notes] == [200, 404, 404, 404, 404]
    assert status(colleague.http, notes[0]) == status(south.system, notes[0]) == 404
    with acting_as(north.auditor.actor):
        look = AccessLog.objects.get(subject_type="note", subject_id=notes[0]["id"], action="read")
    assert look.why == "break_glass"
    refused = south.http.send("POST", "notes", {**BODY, "client_id": client_id, "techniques": []})
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only_access")


def test_every_look_of_another_clinic_and_of_an_auditor_is_logged(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)
    for http in (north.http, south.http, south.coordinator.http, north.auditor.http):
        read(http, note["id"])
    ids_listed(south.http)

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(subject_type="note", subject_id=note["id"]).order_by("at")
        seen = [(look.actor_display, look.why) for look in looks]

    assert seen == [
        ("South Physio Practitioner", "circle"),
        ("South Physio Coordinator", "circle"),
        ("North Massage Auditor", "own"),
        ("South Physio Practitioner", "circle"),
    ]


def test_a_client_reads_what_was_signed_for_the_care_team(north: make.Clinic, client_id: str) -> None:
    shown = signed(north, client_id, shared_sections=["plan"], is_sensitive=True)
    for hidden in ({"visibility": "clinic"}, {"visibility": "author", **WITHOUT_ASKS}):
        signed(north, client_id, **hidden)
    draft(north, client_id)
    signed(north, make.client(north)["id"])
    actor = by_link(north, client_id)

    with acting_as(actor):
        assert [str(pk) for pk in Note.objects.visible_to(actor).values_list("pk", flat=True)] == [shown["id"]]
        assert [str(pk) for pk in Note.objects.values_list("pk", flat=True)] == [shown["id"]]
        data = rendering.note_data(queries.one_row(shown["id"], actor), actor)

    assert (data["plan"], "subjective" in data) == (BODY["plan"], False)
    assert data["available_transitions"] == []


def by_link(clinic: make.Clinic, client_id: str) -> Actor:
    """The client, by a link that the clinic sent."""
    base = clinic.practitioner.actor
    return Actor(kind=ActorKind.CLIENT, organization_id=base.organization_id, client_id=client_id)  # type: ignore[arg-type]  # as text


@pytest.mark.parametrize("withdrawn", [False, True])
def test_querysets_and_walls_say_the_same(
    north: make.Clinic,
    south: make.Clinic,
    east: make.Clinic,
    outsider: make.Clinic,
    client_id: str,
    withdrawn: bool,
) -> None:
    consent = share(north, client_id, south)
    make.consent(north, client_id, east, categories=["sensitive"])
    make.move(east, make.referral(north, east, client_id=client_id)["id"], "accept")
    for more in ({}, {"is_sensitive": True}, {"visibility": "clinic"}, {"shared_sections": ["plan"]}):
        note = signed(north, client_id, identifiers=[{"system": "urn:n", "value": str(more)}], **more)
        north.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "other", "section": "plan", "text": "A."})
    signed(north, client_id, visibility="author", **WITHOUT_ASKS)
    draft(north, client_id)
    mistaken = signed(south, client_id, techniques=[])
    south.http.send("POST", f"notes/{mistaken['id']}/entered-in-error", {"reason": "wrong_client"})
    signed(east, client_id)
    if withdrawn:
        north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})

    people = [c.practitioner for c in (north, south, east, outsider)]
    people.append(make.person(north.organization, "practitioner", discipline="massage_therapy"))
    seen = []
    for actor in (*(person.actor for person in people), by_link(north, client_id)):
        with acting_as(actor):
            for model in MODELS:
                scoped = set(model.objects.visible_to(actor).values_list("pk", flat=True))
                assert scoped == set(model.objects.values_list("pk", flat=True)), (actor.display, model)
            seen.append(Note.objects.count())
    assert seen == [6, 1 if withdrawn else 3, 1, 0, 5, 4]


def test_querysets_and_walls_say_the_same_of_whom_the_client_keeps_out_at_home(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    assert north.practitioner.role is not None
    excluded = str(north.practitioner.role.practitioner_id)
    share(north, client_id, south, excluded_practitioner_ids=[excluded], categories=["plan", "notes", "sensitive"])
    for more in ({}, {"is_sensitive": True}, {"visibility": "clinic"}):
        signed(south, client_id, techniques=[], **more)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")

    asked = []
    for actor in (north.practitioner.actor, colleague.actor):
        with acting_as(actor):
            for model in MODELS:
                scoped = set(model.objects.visible_to(actor).values_list("pk", flat=True))
                assert scoped == set(model.objects.values_list("pk", flat=True)), (actor.display, model)
            asked.append(Ask.objects.count())
    assert asked == [0, 3]
