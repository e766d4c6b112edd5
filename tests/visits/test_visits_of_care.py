"""Visits that take place under a referral: who enters them, and the tenth since the last report."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.audit.models import Work
from backend.directory.hours import hours_of
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as
from backend.lib.worktime import add_business_days
from backend.referrals import services
from backend.referrals.models import ReferralVisit
from tests import make
from tests.referrals.stories import (
    assert_readable,
    event_types,
    in_state,
    move_to,
    now,
    read,
    row,
    withdraw_consent,
)
from tests.visits.test_visits import entered, kept, move, window

pytestmark = pytest.mark.django_db


def enter(who: Any, referral_id: str, *, days: float = -0.1, **more: Any) -> Any:
    http = who if isinstance(who, make.Api) else who.http
    body = {"referral_id": referral_id, "state": "done", **window(days), **more}
    return http.send("POST", "visits", body)


def enter_done(who: Any, referral_id: str, times: int) -> list[Any]:
    """Visits that took place one after the other, a day apart."""
    made = []
    for _ in range(times):
        move_to(now() + timedelta(days=1))
        answer = enter(who, referral_id)
        assert answer.status_code == 201, answer.content
        made.append(answer.json())
    return made


def ties(clinic: make.Clinic, referral_id: str) -> list[tuple[str, bool]]:
    with acting_as(clinic.practitioner.actor):
        found = ReferralVisit.objects.filter(referral_id=referral_id).order_by("visit__starts_at")
        return [(str(visit_id), is_current) for visit_id, is_current in found.values_list("visit_id", "is_current")]


def in_five_business_days(clinic: make.Clinic) -> datetime:
    return add_business_days(now(), 5, hours_of(clinic.organization))


def clock_of(referral_id: str) -> datetime:
    with acting_as(WORKER):
        return Work.objects.get(kind=services.CLOCK, subject_id=referral_id).due_at


# --- under a referral ------------------------------------------------------------------------------------------------


def test_a_visit_in_care_belongs_to_its_referral(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    version = read(south, care["id"]).json()["version"]

    visit = enter(south.coordinator, care["id"]).json()

    assert (visit["referral_id"], visit["client"]["id"], visit["state"]) == (care["id"], care["client"]["id"], "done")
    assert ties(south, care["id"]) == [(visit["id"], False)]
    for clinic in (north, south):
        shown = read(clinic, care["id"]).json()
        assert [(each["id"], each["state"], each["is_current"]) for each in shown["visits"]] == [
            (visit["id"], "done", False),
        ]  # fmt: skip
        assert shown["version"] == version + 1
    assert north.http.send("GET", f"visits/{visit['id']}").status_code == 404


def test_while_a_visit_is_booked_the_ones_after_it_are_entered_too(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    first = booked["visits"][0]["id"]

    second = enter(south, booked["id"], state="planned", days=9).json()

    assert ties(south, booked["id"]) == [(first, True), (second["id"], False)]
    assert read(south, booked["id"]).json()["state"] == "booked"


@pytest.mark.parametrize("state", ["sent", "accepted", "waitlisted", "reported", "closed"])
def test_before_and_after_care_no_visit_is_entered_under_it(north: make.Clinic, south: make.Clinic, state: str) -> None:
    referral = in_state(state, north, south)

    body = assert_readable(enter(south, referral["id"]), 409, "wrong_state")

    assert (body["state"], ties(south, referral["id"])) == (state, [])


def test_only_the_clinic_that_sees_the_client_enters_its_visits(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    care = in_state("in_care", north, south)

    assert_readable(enter(north, care["id"]), 403, "wrong_party")
    assert enter(outsider, care["id"]).status_code == 404
    assert enter(south.admin, care["id"]).status_code == 403
    other = make.client(south)["id"]
    assert_readable(enter(south, care["id"], client_id=other), 400, "another_client")
    assert ties(south, care["id"]) == []


def test_when_the_client_has_stopped_sharing_no_visit_is_told_any_more(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    consent = north.http.send("GET", f"clients/{care['client']['id']}/consents").json()["results"][0]
    withdraw_consent(north, care["client"]["id"], consent)

    assert_readable(enter(south, care["id"]), 409, "consent_required")

    assert ties(south, care["id"]) == []


def test_the_visit_that_is_booked_is_moved_with_its_referral(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    visit_id = booked["visits"][0]["id"]
    assert south.http.send("GET", f"visits/{visit_id}").json()["available_transitions"] == []

    body = assert_readable(move(south, visit_id, "cancel", by="client"), 409, "booked_on_referral")

    assert (body["referral_id"], "cancel_visit" in body["available"]) == (booked["id"], True)
    assert (kept(south, visit_id), read(south, booked["id"]).json()["state"]) == (("booked", 1), "booked")


@pytest.mark.parametrize("state", ["planned", "booked"])
def test_a_visit_of_the_calendar_is_booked_for_a_referral(north: make.Clinic, south: make.Clinic, state: str) -> None:
    accepted = in_state("accepted", north, south)
    visit = entered(south, accepted["client"]["id"], state=state)

    booked = make.move(south, accepted["id"], "book", visit_id=visit["id"])

    assert (booked["state"], ties(south, accepted["id"])) == ("booked", [(visit["id"], True)])
    assert kept(south, visit["id"])[0] == "booked"


def test_the_next_visit_of_a_series_becomes_the_booked_one(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    first = booked["visits"][0]["id"]
    second = enter(south, booked["id"], state="planned", days=9).json()["id"]

    make.move(south, booked["id"], "book", visit_id=second)

    assert ties(south, booked["id"]) == [(first, False), (second, True)]
    assert (kept(south, first)[0], kept(south, second)[0]) == ("cancelled", "booked")


def test_only_a_coming_visit_that_belongs_to_no_other_referral_is_booked(
    north: make.Clinic, south: make.Clinic
) -> None:
    accepted = in_state("accepted", north, south)
    client_id = accepted["client"]["id"]
    other = make.referral(north, south, client_id=client_id)
    make.move(south, other["id"], "accept")
    taken = make.move(south, other["id"], "book", visit=make.visit_window())["visits"][0]["id"]
    over = entered(south, client_id, state="done", days=-1)["id"]
    foreign = entered(north, client_id)["id"]

    for visit_id in (taken, over, foreign):
        assert_readable(make.try_move(south, accepted["id"], "book", visit_id=visit_id), 400, "unknown_visit")

    assert (read(south, accepted["id"]).json()["state"], ties(south, accepted["id"])) == ("accepted", [])


def test_stopping_cancels_what_was_to_come(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    done, coming = enter(south, care["id"]).json(), enter(south, care["id"], state="booked", days=7).json()
    make.move(north, care["id"], "request_cancellation", reason="The client moves away.")

    make.move(south, care["id"], "agree")

    assert (kept(south, done["id"])[0], kept(south, coming["id"])[0]) == ("done", "cancelled")
    assert event_types(south, coming["id"]) == ["visit.booked", "visit.cancelled"]


def test_a_sender_who_withdraws_cancels_the_whole_series(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    first = booked["visits"][0]["id"]
    second = enter(south, booked["id"], state="planned", days=9).json()["id"]

    make.move(north, booked["id"], "withdraw", reason="better")

    assert [kept(south, visit_id)[0] for visit_id in (first, second)] == ["cancelled", "cancelled"]
    assert event_types(south, second) == ["visit.planned", "visit.cancelled"]


def test_a_referral_sent_in_error_takes_the_name_with_it(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    visit_id = booked["visits"][0]["id"]

    make.move(north, booked["id"], "withdraw", reason="sent_in_error")

    visit = south.http.send("GET", f"visits/{visit_id}").json()
    assert (visit["state"], visit["client"]) == ("cancelled", {"id": booked["client"]["id"], "display": None})
    assert "Canary" not in south.http.send("GET", "visits").content.decode()


# --- the tenth -------------------------------------------------------------------------------------------------------


def test_the_tenth_visit_makes_the_report_due(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    make.move(south, care["id"], "report", final=False, report=make.REPORT)
    stands = row(care["id"], south).due_at
    enter_done(south, care["id"], 9)
    assert (row(care["id"], south).due_at, event_types(south, care["id"])[-1]) == (stands, "referral.reported")

    tenth = enter(south.coordinator, care["id"], state="booked").json()
    assert row(care["id"], south).due_at == stands
    assert move(south, tenth["id"], "record_done").status_code == 200

    due = row(care["id"], south).due_at
    assert due is not None
    assert stands is not None
    assert abs(due - in_five_business_days(south)) < timedelta(seconds=5)
    assert due < stands
    assert clock_of(care["id"]) == due
    for clinic in (north, south):
        assert event_types(clinic, care["id"]).count("referral.report_due") == 1
    enter_done(south, care["id"], 1)
    assert row(care["id"], south).due_at == due
    assert event_types(south, care["id"]).count("referral.report_due") == 1


def test_a_report_that_is_due_sooner_stays_due_then(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south, priority="urgent")
    stands = row(care["id"], south).due_at

    for hour in range(10):
        assert enter(south, care["id"], days=-1 - hour / 24).status_code == 201

    assert row(care["id"], south).due_at == stands
    assert event_types(south, care["id"])[-1] == "referral.report_due"


def test_a_clinic_that_wants_it_sooner_is_asked_sooner(north: make.Clinic, south: make.Clinic) -> None:
    own = {"report_after_visits": {"routine": 1}}
    tag = south.admin.http.send("GET", f"organizations/{south.id}")["ETag"]
    path = f"organizations/{south.id}"
    assert south.admin.http.send("PATCH", path, {"due_times": own}, **{"If-Match": tag}).status_code == 200
    care = in_state("in_care", north, south)
    make.move(south, care["id"], "report", final=False, report=make.REPORT)

    enter_done(south, care["id"], 10)

    due = row(care["id"], south).due_at
    assert due is not None
    south.organization.refresh_from_db()
    expected = add_business_days(now(), 1, hours_of(south.organization))
    assert abs(due - expected) < timedelta(seconds=5)


def test_a_report_begins_the_count_again(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    enter_done(south, care["id"], 9)
    late = (now() - timedelta(days=2)).replace(microsecond=0)
    make.move(south, care["id"], "report", final=False, report=make.REPORT)
    stands = row(care["id"], south).due_at

    told_late: dict[str, Any] = {"starts_at": late.isoformat(), "ends_at": (late + timedelta(minutes=50)).isoformat()}
    assert enter(south, care["id"], **told_late).status_code == 201
    enter_done(south, care["id"], 9)

    assert row(care["id"], south).due_at == stands
    assert "referral.report_due" not in event_types(south, care["id"])
    enter_done(south, care["id"], 1)
    assert event_types(south, care["id"]).count("referral.report_due") == 1


def test_visits_that_do_not_take_place_do_not_count(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    enter_done(south, care["id"], 9)

    for state in ("missed", "booked", "planned"):
        assert enter(south, care["id"], state=state).status_code == 201
    entered(south, care["client"]["id"], state="done", days=-1)

    assert "referral.report_due" not in event_types(south, care["id"])


def test_ten_visits_while_the_sender_asked_to_stop_are_not_forgotten(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    make.move(south, care["id"], "report", final=False, report=make.REPORT)
    coming = [enter(south, care["id"], state="booked", days=hour / 24).json() for hour in range(1, 11)]
    make.move(north, care["id"], "request_cancellation", reason="The client moves away.")
    asked = row(care["id"], south).due_at
    move_to(now() + timedelta(days=1))
    for visit in coming:
        assert move(south, visit["id"], "record_done").status_code == 200
    assert row(care["id"], south).due_at == asked

    make.move(south, care["id"], "refuse", reason="Two visits are left.")

    due = row(care["id"], south).due_at
    assert due is not None
    assert abs(due - in_five_business_days(south)) < timedelta(seconds=5)
