"""Whoever reads a report says whether the plan changed, and may name the version that came of it."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import rows
from tests.careplans.plans import Plan, alone, consent_of, done, refused, shared, withdraw
from tests.referrals.stories import in_state, read

pytestmark = pytest.mark.django_db
NOWHERE = "0198c1a0-0000-7000-8000-00000000000f"


def reported(north: make.Clinic, south: make.Clinic) -> tuple[Any, Plan, Any]:
    """A report to acknowledge, and the sender's plan for this client with one version."""
    referral = in_state("reported", north, south)
    plan = alone(north, referral["client"]["id"])
    plan.line(north)
    return referral, plan, plan.publish(north)


def version_id(plan: Plan, reader: make.Clinic, number: int = 1) -> str:
    found = rows(reader, "SELECT id FROM careplans_planversion WHERE plan_id = %s AND number = %s", plan.id, number)
    return str(found[0][0])


def acknowledge(who: Any, referral: Any, **said: Any) -> Any:
    return make.try_move(who, referral["id"], "acknowledge", **{"plan_change": "updated", **said})


def test_a_version_is_named_by_its_id(north: make.Clinic, south: make.Clinic) -> None:
    referral, plan, _ = reported(north, south)
    wanted = version_id(plan, north)

    closed = done(acknowledge(north, referral, plan_version_id=wanted), 200)

    assert closed["state"] == "closed"
    assert closed["plan_version"] == {"care_plan_id": plan.id, "id": wanted, "number": 1}


def test_a_version_is_named_by_plan_and_number(north: make.Clinic, south: make.Clinic) -> None:
    referral, plan, _ = reported(north, south)
    plan.goal(north)
    plan.publish(north)

    closed = done(acknowledge(north, referral, care_plan_id=plan.id, version=2), 200)

    assert closed["plan_version"] == {"care_plan_id": plan.id, "id": version_id(plan, north, 2), "number": 2}


@pytest.mark.parametrize("said", [{}, {"plan_change": "no_change"}])
def test_naming_none_is_no_error(north: make.Clinic, south: make.Clinic, said: dict[str, str]) -> None:
    referral, _, _ = reported(north, south)

    assert done(acknowledge(north, referral, **said), 200)["plan_version"] is None


def test_an_interim_report_leads_to_a_version_too(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("in_care", north, south)
    plan = alone(north, referral["client"]["id"])
    plan.line(north)
    plan.publish(north)
    make.move(south, referral["id"], "report", final=False, report=make.REPORT)
    unread = read(north, referral["id"]).json()["unread_reports"][0]["id"]

    said = {"report_id": unread, "plan_change": "updated", "care_plan_id": plan.id, "version": 1}
    after = make.move(north, referral["id"], "read_report", **said)

    assert after["plan_version"]["number"] == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"plan_version_id": NOWHERE}, "unknown_version"),
        ({"care_plan_id": NOWHERE, "version": 1}, "unknown_version"),
        ({"care_plan_id": NOWHERE}, "invalid"),
        ({"version": 1}, "invalid"),
        ({"version": 0, "care_plan_id": NOWHERE}, "min_value"),
        ({"version": 10**9, "care_plan_id": NOWHERE}, "max_value"),
        ({"version": "one", "care_plan_id": NOWHERE}, "invalid"),
        ({"plan_version_id": "x"}, "invalid"),
        ({"plan_version_id": NOWHERE, "care_plan_id": NOWHERE, "version": 1}, "invalid"),
        ({"plan_version_id": NOWHERE, "plan_change": "no_change"}, "plan_not_updated"),
    ],
)
def test_what_is_no_version_is_refused(north: make.Clinic, south: make.Clinic, said: dict[str, Any], code: str) -> None:
    referral, _, _ = reported(north, south)

    answer = acknowledge(north, referral, **said)

    body = answer.json()
    assert (answer.status_code, body["errors"][0]["code"]) == (400, code), body
    assert body["errors"][0]["detail"].endswith(".")
    assert read(north, referral["id"]).json()["state"] == "reported"


def test_another_clients_and_another_clinics_plan_are_no_versions_here(north: make.Clinic, south: make.Clinic) -> None:
    referral, _, _ = reported(north, south)
    elsewhere = alone(north)
    elsewhere.line(north)
    elsewhere.publish(north)
    theirs = alone(south, referral["client"]["id"])
    theirs.line(south)
    theirs.publish(south)

    for plan, owner in ((elsewhere, north), (theirs, south)):
        refused(acknowledge(north, referral, care_plan_id=plan.id, version=1), 400, "unknown_version")
        refused(acknowledge(north, referral, plan_version_id=version_id(plan, owner)), 400, "unknown_version")


def test_only_who_reads_the_version_reads_that_a_report_led_to_it(north: make.Clinic, south: make.Clinic) -> None:
    referral, plan, _ = reported(north, south)
    done(acknowledge(north, referral, care_plan_id=plan.id, version=1), 200)

    assert read(south, referral["id"]).json()["plan_version"] is None
    with acting_as(south.practitioner.actor):
        assert plan.id not in str(list(Event.objects.values_list("related", flat=True)))
    assert read(north.admin, referral["id"]).json()["plan_version"] is None
    assert read(north.coordinator, referral["id"]).json()["plan_version"]["number"] == 1
    assert read(north.auditor, referral["id"]).json()["plan_version"]["number"] == 1


def test_a_member_of_the_team_reads_it_until_the_circle_ends(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.publish(north)
    referral = done(south.http.send("GET", f"referrals?client_id={plan.client_id}"))["results"][0]
    make.move(south, referral["id"], "start")
    make.move(south, referral["id"], "report", report=make.REPORT)
    done(acknowledge(north, referral, care_plan_id=plan.id, version=1), 200)
    before = read(south, referral["id"]).json()["plan_version"]

    withdraw(north, plan.client_id, consent_of(plan, north))

    assert before["number"] == 1
    assert read(south, referral["id"]).json()["plan_version"] is None


def test_a_plan_of_the_record_that_the_client_became_part_of_counts(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_state("reported", north, south)
    survivor = make.client(north)["id"]
    plan = alone(north, survivor)
    plan.line(north)
    plan.publish(north)
    done(north.http.send("POST", f"clients/{referral['client']['id']}/merge", {"into": survivor}), 200)

    assert done(acknowledge(north, referral, care_plan_id=plan.id, version=1), 200)["plan_version"]["number"] == 1
