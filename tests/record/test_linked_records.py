"""Two records that one clinic linked are one person to that clinic in every way out, and two to everybody else."""

from dataclasses import dataclass
from typing import Any

import pytest

from backend.audit.models import AccessLog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import Plan, alone, done
from tests.notes.writing import asks, ids_listed, share, signed
from tests.portability.exporting import exported, ids_in
from tests.record.briefs import body_map, lines, subjects
from tests.workspace.browsing import Browser
from tests.workspace.note_writer import writer

pytestmark = pytest.mark.django_db

KNEE = {"region": "knee", "side": "left"}
WORD = "quibbling"


@dataclass
class Person:
    """North's client, whom South treats, too; and South's own record of them, shared with East. Ids of what hangs on each."""

    north_id: str
    own_id: str
    on_norths: dict[str, str]
    on_own: dict[str, str]

    @property
    def every(self) -> dict[str, set[str]]:
        return {kind: {self.on_norths[kind], self.on_own[kind]} for kind in self.on_norths}


@pytest.fixture
def person(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> Person:
    north_id, own_id = str(make.client(north)["id"]), str(make.client(south)["id"])
    share(north, north_id, south)
    share(south, own_id, east)
    on_norths = written(north, north_id)
    Plan(on_norths["plan"], north_id).add(north, south)
    return Person(north_id, own_id, on_norths, written(east, own_id, at_home=south))


def written(who: make.Clinic, client_id: str, *, at_home: make.Clinic | None = None) -> dict[str, str]:
    """A note with a finding and an ask, a plan and a precaution, by one clinic."""
    place = {"region": "cervical", "side": "right"} if at_home is None else KNEE
    ask = {"kind": "avoid", **place, "technique": "hvla", "sentence": f"No thrust at the {place['region']}."}
    note = signed(
        who, client_id, subjective=f"A {WORD} pain.", findings=[{"kind": "pain", **place, "intensity": 4}],
        techniques=[], asks=[ask],
    )  # fmt: skip
    plan = alone(at_home or who, client_id)
    precaution = done(
        who.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": []}), 201
    )
    return {
        "note": note["id"], "ask": note["asks"][0]["id"], "plan": plan.id, "precaution": precaution["id"],
        "place": "Neck right" if at_home is None else "Knee left",
    }  # fmt: skip


def link(south: make.Clinic, person: Person) -> None:
    done(south.http.send("POST", f"clients/{person.north_id}/registration", {"own_client_id": person.own_id}), 201)


def ways_out(who: make.Clinic, client_id: str) -> dict[str, dict[str, set[str]]]:
    """By each way out, what of the person's is found there."""
    timeline = done(who.http.send("GET", f"clients/{client_id}/timeline?limit=100"), 200)["results"]
    found = done(who.http.send("POST", f"clients/{client_id}/search", {"query": WORD}), 200)["results"]
    precautions = done(who.http.send("GET", f"clients/{client_id}/precautions"), 200)["results"]
    plans = done(who.http.send("GET", f"care-plans?client_id={client_id}"), 200)["results"]
    document = exported(who, client_id)
    told = lines(who, client_id)
    return {
        "lists": {
            "note": set(ids_listed(who.http, f"?client_id={client_id}")),
            "ask": {one["id"] for one in asks(who.http, client_id)["results"]},
            "plan": {one["id"] for one in plans},
            "precaution": {one["id"] for one in precautions},
        },
        "timeline": {
            kind: {one["id"] for one in timeline if one["kind"] == kind} for kind in ("note", "ask", "plan", "precaution")
        },
        "search": {"note": {one["id"] for one in found}},
        "brief": {
            kind: set(subjects([one for one in told if one["kind"] == kind])) for kind in ("note", "ask", "precaution")
        },
        "body map": {"place": set(body_map(who, client_id))},
        "export": {
            kind: set(ids_in(document, section))
            for kind, section in (("note", "notes"), ("ask", "asks"), ("plan", "care_plans"), ("precaution", "precautions"))
        },
        "page": on_page(who, client_id),
    }  # fmt: skip


def on_page(who: make.Clinic, client_id: str) -> dict[str, set[str]]:
    """Of the page's plans and places those that its parts show."""
    page = Browser(who.practitioner).open(f"/clients/{client_id}").page
    return {"place": {label for label in ("Neck right", "Knee left") if label in page}}


def assert_all(found: dict[str, dict[str, set[str]]], expected: dict[str, set[str]]) -> None:
    for way, kinds in found.items():
        for kind, ids in kinds.items():
            assert ids == expected[kind], (way, kind)


def test_each_way_out_shows_both_records_of_a_linked_client(person: Person, south: make.Clinic) -> None:
    link(south, person)

    for client_id in (person.north_id, person.own_id):
        assert_all(ways_out(south, client_id), person.every)


def test_before_a_link_and_after_it_was_undone_each_record_is_by_itself(person: Person, south: make.Clinic) -> None:
    assert_all(ways_out(south, person.own_id), {k: {v} for k, v in person.on_own.items()})
    link(south, person)

    done(south.http.send("POST", f"clients/{person.north_id}/registration/undo", {}), 200)

    assert_all(ways_out(south, person.north_id), {k: {v} for k, v in person.on_norths.items()})


def test_neither_circle_sees_through_a_link_into_the_other(
    person: Person, north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    before = ways_out(north, person.north_id), ways_out(east, person.own_id)
    link(south, person)

    after = ways_out(north, person.north_id), ways_out(east, person.own_id)

    assert after == before
    assert before[0]["lists"]["note"] == {person.on_norths["note"]}
    assert before[1]["lists"]["note"] == {person.on_own["note"]}
    for who, hidden in ((north, person.own_id), (east, person.north_id)):
        assert who.http.send("GET", f"clients/{hidden}/timeline").status_code == 404
        assert ids_listed(who.http, f"?client_id={hidden}") == []


def test_a_link_shows_nothing_of_a_record_that_was_closed(
    person: Person, north: make.Clinic, south: make.Clinic
) -> None:
    link(south, person)
    mine = signed(south, person.north_id, subjective=f"Our {WORD} words.", asks=[], findings=[], techniques=[])["id"]
    consents = north.http.send("GET", f"clients/{person.north_id}/consents").json()["results"]

    for consent in consents:
        done(north.http.send("POST", f"clients/{person.north_id}/consents/{consent['id']}/withdraw", {}), 200)

    found = ways_out(south, person.own_id)
    assert found["timeline"]["precaution"] == {person.on_own["precaution"]}
    for way in ("lists", "timeline", "search", "export"):
        assert found[way]["note"] == {person.on_own["note"], mine}, way


@pytest.mark.parametrize(("address", "subject"), [
    ("timeline", "timeline"), ("brief", "brief"), ("body-map", "body_map"), ("precautions", "precaution"),
    ("asks", "ask"),
])  # fmt: skip
def test_whoever_reads_through_a_link_has_looked_at_the_others_record(
    person: Person, north: make.Clinic, south: make.Clinic, address: str, subject: str
) -> None:
    link(south, person)

    done(south.http.send("GET", f"clients/{person.own_id}/{address}"), 200)

    with acting_as(north.practitioner.actor):
        looks = AccessLog.objects.filter(organization_id=south.id, client_id=person.north_id, action="read")
        seen = {(look.subject_type, str(look.subject_id)) for look in looks}
    notes = {("note", person.on_norths["note"])} if address not in ("precautions", "asks") else set()
    plans = {("care_plan", person.on_norths["plan"])} if address == "timeline" else set()
    assert {(subject, person.north_id)} | notes | plans <= seen
    with acting_as(south.practitioner.actor):
        misled: Any = AccessLog.objects.filter(client_id=person.own_id, subject_id=person.on_norths["note"])
        assert not misled.exists()


def looked_at(by: make.Clinic, whose: make.Clinic) -> set[tuple[str, str]]:
    """At what the one clinic looked, as the other reads it."""
    with acting_as(whose.practitioner.actor):
        looks = AccessLog.objects.filter(organization_id=by.id, action="read")
        return {(look.subject_type, str(look.subject_id)) for look in looks}


def test_whoever_writes_a_note_under_a_linked_record_has_looked_at_what_stands_above_it(
    person: Person, north: make.Clinic, south: make.Clinic
) -> None:
    link(south, person)

    page = writer(south).begin(person.own_id).page

    assert "No thrust at the cervical." in page
    assert ("client", person.north_id) in looked_at(south, north)


def test_a_linked_record_that_became_part_of_one_which_is_not_open_is_still_told_to_have_been_read(
    person: Person, north: make.Clinic, south: make.Clinic
) -> None:
    link(south, person)
    survivor = make.client(north)["id"]
    done(north.http.send("POST", f"clients/{person.north_id}/merge", {"into": survivor}), 200)
    assert south.http.send("GET", f"clients/{survivor}").status_code == 404
    before = looked_at(south, north)

    read = done(south.http.send("GET", f"clients/{person.own_id}/precautions"), 200)["results"]

    assert person.on_norths["precaution"] in {one["id"] for one in read}
    assert {subject for subject, _ in looked_at(south, north) - before} == {"precaution"}


def test_a_precaution_and_a_hold_of_the_linked_record_are_ended_where_they_are_read(
    person: Person, north: make.Clinic, south: make.Clinic
) -> None:
    link(south, person)
    place = {"code": "anticoag", "regions": []}
    mine = done(south.http.send("POST", f"clients/{person.north_id}/precautions", place), 201)["id"]
    hold = done(
        north.http.send("POST", f"clients/{person.north_id}/holds", {"regions": [KNEE], "because": "other"}), 201
    )["id"]
    at_own = f"clients/{person.own_id}"

    done(south.http.send("POST", f"{at_own}/precautions/{mine}/end", {}), 200)
    done(south.http.send("POST", f"{at_own}/holds/{hold}/clear", {"clearance": "Seen by her physician."}), 200)

    listed = north.http.send("GET", f"clients/{person.north_id}/holds").json()["results"]
    assert [one["cleared_at"] is not None for one in listed] == [True]
