"""Precautions and holds: the floor of every circle, and what a colleague keeps to themselves."""

from datetime import date
from typing import Any

import pytest

from backend.clients.models import Precaution
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import rows
from tests.clients.conftest import Shared
from tests.notes.writing import signed
from tests.portability.exporting import made, taken
from tests.record.feed import page, settle
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db
NECK = [{"region": "cervical", "side": "left"}]
THINNER = {"code": "anticoag", "note": "Apixaban.", "regions": NECK}


def test_a_precaution_is_shared_in_the_circle_and_never_beyond(
    shared: Shared, north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic
) -> None:
    make.consent(north, shared.client_id, east)
    referral = make.referral(north, east, client_id=shared.client_id)
    make.move(east, referral["id"], "accept")
    south.http.send("POST", f"{shared.path}/precautions", THINNER)

    def seen_by(clinic: make.Clinic) -> int:
        return len(clinic.http.send("GET", f"{shared.path}/precautions").json()["results"])

    assert (seen_by(north), seen_by(south), seen_by(east)) == (1, 1, 0)
    assert outsider.http.send("GET", f"{shared.path}/precautions").status_code == 404


def test_a_sensitive_precaution_outside_the_consent_says_only_whom_to_ask(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    north.http.send("POST", f"{shared.path}/precautions", {**THINNER, "is_sensitive": True})

    seen = south.http.send("GET", f"{shared.path}/precautions").json()

    assert seen["results"] == []
    assert [row["display"] for row in seen["contact_first"]] == ["Contact North Massage before treating this region."]
    assert seen["contact_first"][0]["regions"] == NECK
    assert "anticoag" not in str(seen)
    assert "Apixaban" not in str(seen)


def test_whom_the_client_excluded_is_not_told_whom_to_ask_either(north: make.Clinic, south: make.Clinic) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    assert colleague.role is not None
    client_id = make.client(north)["id"]
    make.consent(north, client_id, south, excluded_practitioner_ids=[str(colleague.role.practitioner_id)])
    make.move(south, make.referral(north, south, client_id=client_id)["id"], "accept")
    south.http.send("POST", f"clients/{client_id}/precautions", {**THINNER, "is_sensitive": True})
    signed(south, client_id, is_sensitive=True)

    def told(who: Any, part: str, query: str = "") -> int:
        body = who.send("GET", f"clients/{client_id}/{part}{query}").json()
        if part == "brief":
            return sum(line["kind"] == "contact_first" for line in body["lines"])
        return len(body["contact_first"])

    for part, count in (("precautions", 1), ("asks", 1), ("brief", 2)):
        assert (told(north.http, part), told(colleague.http, part)) == (count, 0), part
    for role_id, count in ((north.role_id, 2), (colleague.role.pk, 0)):
        assert told(north.system, "brief", f"?practitioner_role_id={role_id}") == count
    for wall in ("withheld_precautions", "withheld_asks"):
        named = f"SELECT count(*) FROM {wall}(%s, %s)"
        assert rows(colleague.actor, named, client_id, north.practitioner.actor.practitioner_id) == [(0,)]


def test_a_coordinator_reads_one_line(north: make.Clinic) -> None:
    path = f"clients/{make.client(north)['id']}/precautions"
    north.http.send("POST", path, THINNER)

    line = north.coordinator.http.send("GET", path).json()["results"][0]

    assert line["code"] == "anticoag"
    assert "note" not in line
    assert line["withheld"] == ["note"]
    assert north.coordinator.http.send("POST", path, THINNER).status_code == 403
    assert north.admin.http.send("GET", path).status_code == 403


def test_a_precaution_is_ended_by_the_clinic_that_wrote_it(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    made = north.http.send("POST", f"{shared.path}/precautions", THINNER).json()
    path = f"{shared.path}/precautions/{made['id']}/end"

    assert south.http.send("POST", path, {}).status_code == 403
    assert north.http.send("POST", path, {}).json()["status"] == "ended"
    assert north.http.send("POST", path, {}).json()["code"] == "precaution_ended"


def test_a_precaution_of_a_wrong_client_is_taken_back_from_the_others(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    made = north.http.send("POST", f"{shared.path}/precautions", THINNER).json()
    path = f"{shared.path}/precautions/{made['id']}/entered-in-error"

    assert north.http.send("POST", path, {"reason": "wrong_client"}).json()["status"] == "entered_in_error"
    assert south.http.send("GET", f"{shared.path}/precautions").json()["results"] == []
    assert len(north.http.send("GET", f"{shared.path}/precautions").json()["results"]) == 1


def test_a_precaution_of_a_wrong_client_is_not_the_clients_to_read(shared: Shared, north: make.Clinic) -> None:
    kept, wrong = (north.http.send("POST", f"{shared.path}/precautions", THINNER).json()["id"] for _ in range(2))
    north.http.send("POST", f"{shared.path}/precautions/{wrong}/entered-in-error", {"reason": "wrong_client"})
    by_link = north.practitioner.actor.but(
        kind="client", client_id=shared.client_id, organization_id=None, member_id=None, practitioner_id=None
    )

    walled = rows(by_link, "SELECT id::text FROM clients_precaution")

    assert walled == [(kept,)]
    with acting_as(by_link):
        assert [str(pk) for pk in Precaution.objects.visible_to(by_link).values_list("pk", flat=True)] == [kept]


@pytest.mark.django_db(transaction=True)
def test_a_precaution_in_error_for_another_reason_can_still_be_said_to_be_of_a_wrong_client_once(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    made = north.http.send("POST", f"{shared.path}/precautions", THINNER).json()

    def say(reason: str) -> Any:
        answer = north.http.send("POST", f"{shared.path}/precautions/{made['id']}/entered-in-error", {"reason": reason})
        body = answer.json()
        return answer.status_code, body["entered_in_error_reason"] if answer.status_code == 200 else body["code"]

    assert say("wrong_entry") == (200, "wrong_entry")
    assert len(south.http.send("GET", f"{shared.path}/precautions").json()["results"]) == 1
    assert [say(reason) for reason in ("wrong_entry", "duplicate", "other")] == [(409, "entered_in_error")] * 3
    assert say("wrong_client") == (200, "wrong_client")
    assert say("wrong_client") == say("wrong_entry") == (409, "entered_in_error")

    assert south.http.send("GET", f"{shared.path}/precautions").json()["results"] == []
    assert len(north.http.send("GET", f"{shared.path}/precautions").json()["results"]) == 1
    settle()
    told = page(south.http, "events?types=precaution.entered_in_error")["results"]
    assert [event["subject"]["version"] for event in told] == [3]


def test_a_hold_stands_until_a_practitioner_of_the_circle_clears_it(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    placed = north.http.send("POST", f"{shared.path}/holds", {"regions": NECK, "because": "red_flag"})
    path = f"{shared.path}/holds/{placed.json()['id']}/clear"

    assert placed.status_code == 201
    assert south.coordinator.http.send("POST", path, {"clearance": "Seen by a doctor today."}).status_code == 403
    assert south.http.send("POST", path, {"clearance": "ok"}).status_code == 400
    cleared = south.http.send("POST", path, {"clearance": "Seen by a doctor today."}).json()
    assert cleared["cleared_by"] == "South Physio Practitioner"
    again = north.http.send("POST", path, {"clearance": "Seen by a doctor today."})
    assert (again.status_code, again.json()["code"]) == (409, "hold_cleared")


def test_why_treatment_may_go_on_is_clinical_on_every_way_out(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    hold = north.http.send("POST", f"{shared.path}/holds", {"regions": NECK, "because": "red_flag"}).json()
    sentence = "Imaging of the dens is clear."
    cleared = south.http.send("POST", f"{shared.path}/holds/{hold['id']}/clear", {"clearance": sentence})
    assert cleared.json()["withheld"] == []

    def told(who: make.Person) -> set[str]:
        ways = {
            "list": str(who.http.send("GET", f"{shared.path}/holds").json()),
            "timeline": str(who.http.send("GET", f"{shared.path}/timeline").json()),
            "brief": who.http.send("GET", f"{shared.path}/brief").content.decode(),
            "export": taken(who, made(who, shared.client_id)).decode(),
            "page": Browser(who).open(f"/clients/{shared.client_id}").page,
        }
        return {way for way, words in ways.items() if sentence in words}

    assert told(north.practitioner) == {"list", "timeline", "brief", "export", "page"}
    assert told(north.auditor) == {"list", "timeline", "export", "page"}
    for desk in (north.coordinator, south.coordinator):
        assert told(desk) == set()
        [line] = desk.http.send("GET", f"{shared.path}/holds").json()["results"]
        assert (line["cleared_by"], line["withheld"]) == ("South Physio Practitioner", ["clearance"])


def unlicensed(clinic: make.Clinic, *rights: str, **credential: Any) -> make.Person:
    """A practitioner of the clinic, with these rights besides, whose credential says this."""
    person = make.person(clinic.organization, "practitioner", *rights, discipline="chiropractic", name="Stu Dent")
    assert person.role is not None
    person.role.practitioner.credentials.update(**credential)
    return person


@pytest.mark.parametrize(
    "credential", [{"kind": "enrollment"}, {"expires_on": date(2020, 1, 1)}, {"status": "suspended"}]
)
def test_only_who_holds_a_license_lifts_what_protects_the_client_and_everybody_who_treats_records_it(
    shared: Shared, north: make.Clinic, credential: dict[str, Any]
) -> None:
    thinner = north.http.send("POST", f"{shared.path}/precautions", THINNER).json()
    hold = north.http.send("POST", f"{shared.path}/holds", {"regions": NECK, "because": "red_flag"}).json()
    lifting = [
        (f"{shared.path}/holds/{hold['id']}/clear", {"clearance": "It seems fine to me."}),
        (f"{shared.path}/precautions/{thinner['id']}/end", {}),
        (f"{shared.path}/precautions/{thinner['id']}/entered-in-error", {"reason": "wrong_entry"}),
    ]
    student = unlicensed(north, **credential)

    for path, body in lifting:
        answer = student.http.send("POST", path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "credential_invalid"), path
        assert "Stu Dent" in answer.json()["detail"]
    assert north.http.send("GET", f"{shared.path}/holds").json()["results"][0]["cleared_at"] is None
    assert north.http.send("GET", f"{shared.path}/precautions").json()["results"][0]["status"] == "active"
    assert student.http.send("POST", f"{shared.path}/precautions", THINNER).status_code == 201
    assert student.http.send("POST", f"{shared.path}/holds", {"regions": NECK, "because": "other"}).status_code == 201
    assert north.http.send("POST", *lifting[0]).status_code == 200


def test_a_clinics_system_acts_by_its_scope_and_who_is_admin_too_says_what_was_a_mistake(
    shared: Shared, north: make.Clinic
) -> None:
    owner = unlicensed(north, "admin", expires_on=date(2020, 1, 1)).http

    def answer(http: make.Api, press: str, **body: str) -> int:
        made = north.http.send("POST", f"{shared.path}/precautions", THINNER).json()
        return int(http.send("POST", f"{shared.path}/precautions/{made['id']}/{press}", body).status_code)

    assert [answer(http, "end") for http in (north.system, owner)] == [200, 409]
    assert [answer(http, "entered-in-error", reason="duplicate") for http in (north.system, owner)] == [200, 200]


@pytest.mark.parametrize(
    "wrong", [{"code": "no_such"}, {"code": "anticoag", "regions": [{"region": "cervical", "side": "up"}]}]
)
def test_codes_are_the_catalogs(north: make.Clinic, wrong: dict[str, object]) -> None:
    path = f"clients/{make.client(north)['id']}/precautions"

    assert north.http.send("POST", path, wrong).status_code == 400
