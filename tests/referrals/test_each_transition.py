"""Each transition for itself: what it does, what it needs, who may not, and what is said when the answer is no."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.clients.models import Client, Registration
from backend.directory.models import Credential, Organization, PractitionerRole
from backend.lib.problems import Conflict, Forbidden, NotFound
from backend.lib.unit_of_work import acting_as
from backend.referrals import queries, services
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.visits.models import Visit
from tests import make
from tests.referrals.stories import (
    GUEST,
    RECORDED,
    WAYS,
    as_client,
    as_guest_of,
    assert_readable,
    event_types,
    in_state,
    move_to,
    now,
    read,
    row,
)

FINISHED = ["closed", "withdrawn"]


def names(referral: Any) -> set[str]:
    return {step["name"] for step in referral["available_transitions"]}


# --- whatever the transition -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", WAYS)
def test_what_is_refused_says_why_and_what_is_possible(north: make.Clinic, south: make.Clinic, state: str) -> None:
    """Every transition from every state and side: done, or refused readably, and then nothing changed."""
    referral = in_state(state, north, south)
    offered = {clinic.id: names(read(clinic, referral["id"]).json()) for clinic in (north, south)}
    version = row(referral["id"], north).version

    for clinic in (north, south):
        possible = offered[clinic.id]
        for name in w.WORKFLOW.names:
            if name in possible or name == "read_report":
                continue
            answer = make.try_move(clinic, referral["id"], name)
            assert answer.status_code in (403, 409), (name, answer.content)
            body = assert_readable(answer, answer.status_code, answer.json()["code"])
            if body["code"] == "wrong_state":
                assert body["state"] == state
                assert set(body["available"]) >= possible - {"read_report"}
                assert set(body["last"]) == {"name", "by", "at"}
    assert row(referral["id"], north).version == version


@pytest.mark.parametrize("state", FINISHED)
def test_nothing_leads_out_of_what_is_finished(north: make.Clinic, south: make.Clinic, state: str) -> None:
    referral = in_state(state, north, south)

    for clinic in (north, south):
        assert read(clinic, referral["id"]).json()["available_transitions"] == []
    assert (referral["whose_move"], referral["due_at"]) == (None, None)


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": "fly"}, {"name": ["accept"]}, []])
def test_an_unknown_name_is_refused_before_anything_is_looked_up(
    north: make.Clinic, south: make.Clinic, body: Any
) -> None:
    answer = north.http.send("POST", "referrals/01a2069c-191b-763b-bf81-78d586cfaa9d/transitions", body)

    assert answer.status_code == 400


def test_a_field_that_is_not_known_is_named(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for field in ("actor", "expected_version", "state", "colour"):
        answer = make.try_move(south, sent["id"], "accept", **{field: "x"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_field"), field


def test_if_match_guards_a_transition(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    path = f"referrals/{sent['id']}/transitions"

    stale = south.http.send("POST", path, {"name": "accept"}, **{"If-Match": '"99.abc"'})
    assert_readable(stale, 412, "stale")
    fresh = south.http.send("POST", path, {"name": "accept"}, **{"If-Match": f'"{sent["version"]}.abc"'})
    assert fresh.status_code == 200


def test_each_transition_writes_one_step_and_one_event_for_each_side(north: make.Clinic, south: make.Clinic) -> None:
    closed = in_state("closed", north, south)

    wanted = ["sent", "accepted", "started", "reported", "acknowledged"]
    for clinic in (north, south):
        assert [t for t in event_types(clinic, closed["id"]) if t.startswith("referral.")] == [
            f"referral.{name}" for name in wanted
        ]
    assert [step["name"] for step in closed["history"]] == ["send", "accept", "start", "report", "acknowledge"]


def test_a_late_fact_is_shown_beside_when_it_was_recorded(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    move_to(now() + timedelta(days=3))
    yesterday = now() - timedelta(days=1)

    accepted = make.move(south, sent["id"], "accept", occurred_at=yesterday.isoformat())

    step = accepted["history"][-1]
    assert step["occurred_at"][:16] == yesterday.isoformat()[:16]
    assert step["recorded_at"] > step["occurred_at"]
    with acting_as(south.practitioner.actor):
        event = Event.objects.get(
            subject_id=sent["id"], type="referral.accepted", organization_id=south.organization.id
        )
    assert (event.occurred_at, event.recorded_at > event.occurred_at) == (yesterday, True)


@pytest.mark.parametrize(
    ("ago", "code"),
    [(timedelta(hours=-1), "in_the_future"), (timedelta(days=8), "too_late"), (timedelta(days=4), "before_last_step")],
)
def test_a_late_fact_has_its_limits(north: make.Clinic, south: make.Clinic, ago: timedelta, code: str) -> None:
    sent = make.sent(north, south)
    move_to(now() + timedelta(days=3 if code == "before_last_step" else 20))

    answer = make.try_move(south, sent["id"], "accept", occurred_at=(now() - ago).isoformat())

    assert_readable(answer, 400, code)


def test_messages_go_both_ways_and_move_nothing(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for clinic in (north, south):
        written = clinic.http.send("POST", f"referrals/{sent['id']}/messages", {"text": f"From {clinic.organization}."})
        assert written.status_code == 201

    found = read(south, sent["id"], "messages").json()["results"]
    assert {(m["party"], m["text"]) for m in found} == {
        ("sender", "From North Massage."), ("recipient", "From South Physio."),
    }  # fmt: skip
    assert row(sent["id"], north).state == "sent"


# --- answering ---------------------------------------------------------------------------------------------------------


def test_a_question_and_its_answer_are_kept_as_messages(north: make.Clinic, south: make.Clinic) -> None:
    asked = in_state("needs_information", north, south)
    make.move(north, asked["id"], "give_information", answer="No dizziness.")

    found = read(south, asked["id"], "messages").json()["results"]
    assert [(m["kind"], m["text"]) for m in reversed(found)] == [
        ("question", "Any dizziness?"), ("answer", "No dizziness."),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["contraindication", "needs_medical_first", "other"])
def test_some_reasons_need_a_sentence(north: make.Clinic, south: make.Clinic, reason: str) -> None:
    sent = make.sent(north, south)

    assert_readable(make.try_move(south, sent["id"], "decline", reason=reason), 400, "detail_required")
    declined = make.move(south, sent["id"], "decline", reason=reason, detail="See the note of the surgeon.")
    assert (declined["state"], declined["history"][-1]["reason"]) == ("declined", reason)


@pytest.mark.parametrize(
    "reason",
    ["no_capacity", "out_of_scope", "wrong_discipline", "wrong_person", "outside_area", "client_request",
     "missing_information", "insurance", "duplicate", "conflict_of_interest"],
)  # fmt: skip
def test_other_reasons_need_none(north: make.Clinic, south: make.Clinic, reason: str) -> None:
    assert make.move(south, make.sent(north, south)["id"], "decline", reason=reason)["state"] == "declined"


@pytest.mark.parametrize("name", ["decline", "withdraw"])
def test_a_reason_is_chosen(north: make.Clinic, south: make.Clinic, name: str) -> None:
    sent = make.sent(north, south)
    who = south if name == "decline" else north

    assert_readable(make.try_move(who, sent["id"], name), 400, "reason_required")
    assert make.try_move(who, sent["id"], name, reason="because").status_code == 400
    assert row(sent["id"], north).state == "sent"


@pytest.mark.parametrize(
    "reason",
    ["client_request", "better", "superseded", "duplicate", "sent_in_error", "client_moved", "client_died", "other"],
)
def test_the_sender_takes_it_back_with_a_reason(north: make.Clinic, south: make.Clinic, reason: str) -> None:
    withdrawn = make.move(north, make.sent(north, south)["id"], "withdraw", reason=reason)

    assert (withdrawn["state"], withdrawn["history"][-1]["reason"]) == ("withdrawn", reason)


def test_a_decline_names_a_colleague_and_says_so_to_the_sender(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    sent = make.sent(north, south)

    make.move(south, sent["id"], "decline", reason="no_capacity", suggested_practitioner_role_id=east.role_id)

    found = read(north, sent["id"], "messages").json()["results"]
    assert [m["kind"] for m in found] == ["suggestion"]
    assert "East Chiropractic" in found[0]["text"]


def test_a_decline_cancels_the_visit(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)

    declined = make.move(south, booked["id"], "decline", reason="no_capacity")

    assert [visit["state"] for visit in declined["visits"]] == ["cancelled"]
    with acting_as(south.practitioner.actor):
        assert Visit.objects.get().state == "cancelled"


def test_accepting_says_who_takes_it(north: make.Clinic, south: make.Clinic) -> None:
    colleague = make.role(south.organization)
    client = make.client(north)
    make.consent(north, client["id"], south)
    sent = make.referral(north, {"organization_id": south.id}, client_id=client["id"])

    accepted = make.move(south, sent["id"], "accept", practitioner_role_id=str(colleague.id))

    assert accepted["recipient"]["practitioner_role"]["id"] == str(colleague.id)


def test_accepting_links_to_ones_own_client(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    own = make.client(south)

    make.move(south, sent["id"], "accept", own_client_id=own["id"])

    with acting_as(south.practitioner.actor):
        link = Registration.objects.get(client_id=sent["client"]["id"], organization_id=south.organization.id)
    assert (link.kind, str(link.own_client_id)) == ("linked", own["id"])
    assert north.http.send("GET", f"clients/{own['id']}").status_code == 404


def test_a_person_with_two_roles_takes_it_in_the_discipline_that_was_asked(
    north: make.Clinic, south: make.Clinic
) -> None:
    person = PractitionerRole.objects.get(pk=south.role_id).practitioner
    for discipline in ("acupuncture", "chiropractic"):
        PractitionerRole.objects.create(practitioner=person, organization=south.organization, discipline=discipline)
    client = make.client(north)
    make.consent(north, client["id"], south)
    to = {"organization_id": south.id, "discipline": "physical_therapy"}
    sent = make.referral(north, to, client_id=client["id"])

    assert make.move(south, sent["id"], "accept")["recipient"]["practitioner_role"]["id"] == south.role_id


# --- pools ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    return make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"])


def test_a_pools_first_accept_wins(north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any) -> None:
    won = make.move(south, pool["id"], "accept")

    assert won["recipient"]["organization"]["id"] == south.id
    assert south.http.send("GET", f"clients/{won['client']['id']}").status_code == 200
    assert make.try_move(outsider, pool["id"], "accept").status_code == 404


def test_passing_leaves_it_to_others(north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any) -> None:
    passed = make.move(south, pool["id"], "pass")

    assert (passed["state"], passed["available_transitions"]) == ("sent", [])
    assert read(south, pool["id"]).status_code == 404
    assert read(outsider, pool["id"]).status_code == 200
    assert row(pool["id"], north).due_at is not None


def test_a_pool_is_passed_not_declined(south: make.Clinic, pool: Any) -> None:
    answer = make.try_move(south, pool["id"], "decline", reason="no_capacity")

    assert answer.status_code in (403, 409)
    assert make.try_move(south, pool["id"], "ask_information", question="Who?").status_code == 403


def test_the_winner_gives_it_back_within_one_business_day(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, pool: Any
) -> None:
    won = make.move(south, pool["id"], "accept")
    client_id = won["client"]["id"]

    back = make.move(south, pool["id"], "release")

    assert back["state"] == "sent"
    assert south.http.send("GET", f"clients/{client_id}").status_code == 404
    assert read(south, pool["id"]).status_code == 404
    assert make.move(outsider, pool["id"], "accept")["state"] == "accepted"


def test_after_one_business_day_it_is_kept(south: make.Clinic, pool: Any) -> None:
    make.move(south, pool["id"], "accept")
    move_to(now() + timedelta(days=5))

    body = assert_readable(make.try_move(south, pool["id"], "release"), 409, "wrong_state")

    assert "one business day" in body["detail"]
    assert "release" not in body["available"]


def test_the_sender_can_send_a_waiting_pool_to_somebody(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, pool: Any
) -> None:
    make.consent(north, pool["client"]["id"], east)

    sent_on = make.move(north, pool["id"], "redirect", to={"practitioner_role_id": east.role_id})

    assert sent_on["state"] == "redirected"
    assert make.try_move(south, pool["id"], "accept").status_code == 404


def test_a_coordinator_takes_a_pool_only_where_the_clinic_allows_it(south: make.Clinic, pool: Any) -> None:
    Organization.objects.filter(pk=south.id).update(coordinators_may_accept=False)

    answer = make.try_move(south.coordinator, pool["id"], "accept", practitioner_role_id=south.role_id)

    assert_readable(answer, 403, "right_required")


# --- times and visits ----------------------------------------------------------------------------------------------------


def test_one_to_five_times_are_offered(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)

    assert make.try_move(south, accepted["id"], "offer_times", times=[]).status_code == 400
    six = [make.visit_window(day) for day in range(1, 7)]
    assert make.try_move(south, accepted["id"], "offer_times", times=six).status_code == 400
    past = [{"starts_at": "2020-01-01T10:00:00Z", "ends_at": "2020-01-01T11:00:00Z"}]
    assert_readable(make.try_move(south, accepted["id"], "offer_times", times=past), 400, "in_the_past")
    offered = make.move(south, accepted["id"], "offer_times", times=six[:5])
    assert (offered["whose_move"], len(offered["offered_times"])) == ("client", 5)


def test_the_client_chooses_a_time(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)
    actor = as_client(offered["client"]["id"])

    with acting_as(actor):
        services.move_referral(offered["id"], "choose_time", actor=actor, time_id=offered["offered_times"][1]["id"])

    booked = read(north, offered["id"]).json()
    assert (booked["state"], booked["history"][-1]["party"]) == ("booked", "client")
    assert booked["visits"][0]["starts_at"] == offered["offered_times"][1]["starts_at"]
    assert booked["offered_times"] == []


def test_the_recipient_writes_down_what_the_client_chose_by_phone(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)
    said = {"who": "Probe Canary", "how": "phone"}

    booked = make.move(
        south.coordinator, offered["id"], "choose_time", time_id=offered["offered_times"][0]["id"], recorded=said
    )

    step = booked["history"][-1]
    assert (booked["state"], step["manner"]) == ("booked", "recorded by the recipient, phone")
    assert step["by"] == "Probe Canary (recorded by South Physio Coordinator)"


def test_a_time_chosen_for_the_client_says_who_told_it_and_how(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)

    answer = make.try_move(south, offered["id"], "choose_time", time_id=offered["offered_times"][0]["id"])

    assert_readable(answer, 400, "recorded_required")
    assert row(offered["id"], north).state == "times_offered"


def test_another_clients_hand_reaches_nothing(north: make.Clinic, south: make.Clinic) -> None:
    offered = in_state("times_offered", north, south)
    stranger = as_client(make.client(north)["id"])

    with pytest.raises(NotFound), acting_as(stranger):
        services.move_referral(offered["id"], "choose_time", actor=stranger, time_id=offered["offered_times"][0]["id"])


def test_from_the_second_time_on_the_wait_list_says_why(north: make.Clinic, south: make.Clinic) -> None:
    waiting = in_state("waitlisted", north, south)
    later = (now() + timedelta(days=40)).date().isoformat()

    assert_readable(make.try_move(south, waiting["id"], "waitlist", review_on=later), 400, "detail_required")
    again = make.move(south, waiting["id"], "waitlist", review_on=later, detail="Two colleagues are ill.")
    assert (again["state"], again["review_on"]) == ("waitlisted", later)
    past = (now() - timedelta(days=1)).date().isoformat()
    answer = make.try_move(south, waiting["id"], "waitlist", review_on=past, detail="Two colleagues are ill.")
    assert_readable(answer, 400, "in_the_past")


def test_booking_again_cancels_the_visit_before(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)

    again = make.move(south, booked["id"], "book", visit=make.visit_window(9))

    assert sorted((visit["state"], visit["is_current"]) for visit in again["visits"]) == [
        ("booked", True), ("cancelled", False),
    ]  # fmt: skip


def test_a_visit_that_has_not_begun_is_not_missed(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)

    assert_readable(make.try_move(south, booked["id"], "record_no_show"), 409, "visit_not_begun")
    move_to(now() + timedelta(days=4))
    missed = make.move(south, booked["id"], "record_no_show", detail="No call.")
    assert (missed["state"], missed["tracking"]["no_shows"]) == ("accepted", 1)


def test_a_cancelled_visit_is_no_no_show(north: make.Clinic, south: make.Clinic) -> None:
    booked = in_state("booked", north, south)
    actor = as_client(booked["client"]["id"])

    with acting_as(actor):
        services.move_referral(booked["id"], "cancel_visit", actor=actor, by="client")

    back = read(south, booked["id"]).json()
    assert (back["state"], back["tracking"]["no_shows"], back["history"][-1]["party"]) == ("accepted", 0, "client")


def test_attempts_are_on_different_days_of_the_recipients_clinic(north: make.Clinic, south: make.Clinic) -> None:
    """In Denver three evenings are three days, although the second and third end on one day of UTC's."""
    accepted = in_state("accepted", north, south)
    for moment in ("2027-03-02T17:30:00Z", "2027-03-03T05:30:00Z", "2027-03-03T20:00:00Z"):
        move_to(datetime.fromisoformat(moment))
        make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")

    assert_readable(make.try_move(south, accepted["id"], "give_up_contact"), 409, "too_few_attempts")
    move_to(datetime.fromisoformat("2027-03-04T05:00:00Z"))
    make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
    assert_readable(make.try_move(south, accepted["id"], "give_up_contact"), 409, "too_few_attempts")
    move_to(datetime.fromisoformat("2027-03-04T20:00:00Z"))
    make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")

    assert make.move(south, accepted["id"], "give_up_contact")["state"] == "unreachable"


def test_giving_up_needs_three_attempts_on_three_days(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    for day in range(3):
        make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
        make.move(south, accepted["id"], "log_contact", channel="phone", outcome="no_answer")
        if day < 2:
            assert_readable(make.try_move(south, accepted["id"], "give_up_contact"), 409, "too_few_attempts")
            move_to(now() + timedelta(days=1))

    gone = make.move(south, accepted["id"], "give_up_contact")

    assert (gone["state"], gone["whose_move"], len(gone["tracking"]["contact_attempts"])) == (
        "unreachable",
        "sender",
        6,
    )


# --- care and reports ----------------------------------------------------------------------------------------------------


def test_seen_cannot_lie_ahead(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    tomorrow = (now() + timedelta(days=1)).isoformat()

    assert_readable(make.try_move(south, accepted["id"], "start", seen_at=tomorrow), 400, "in_the_future")


def test_seen_and_report_in_one(north: make.Clinic, south: make.Clinic) -> None:
    for state in ("accepted", "booked"):
        referral = in_state(state, north, south)

        assert_readable(make.try_move(south, referral["id"], "report", report=make.REPORT), 409, "wrong_state")
        done = make.move(south, referral["id"], "report", report=make.REPORT, seen_at=now().isoformat())
        assert done["state"] == "reported"
        assert [visit["state"] for visit in done["visits"]] == (["done"] if state == "booked" else [])


def test_an_advice_is_answered_at_once_and_has_no_visit(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    answered = make.move(south, sent["id"], "report", report=make.REPORT)
    assert answered["state"] == "reported"

    accepted = in_state("accepted", north, south, kind="advice")
    for name, details in (("start", {}), ("book", {"visit": make.visit_window()}), ("offer_times", {})):
        body = assert_readable(make.try_move(south, accepted["id"], name, **details), 409, "wrong_state")
        assert "advice" in body["detail"]
    assert names(accepted) == {"decline", "report", "assign"}


def test_interim_reports_are_read_one_by_one_with_a_due_time_each(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    for _ in range(2):
        interim = make.move(south, in_care["id"], "report", final=False, report=make.REPORT)
    assert (interim["state"], len(interim["unread_reports"])) == ("in_care", 2)
    assert all(report["read_due_at"] for report in interim["unread_reports"])
    inbox = north.http.send("GET", "referrals?box=ours").json()["results"]
    assert [(r["id"], r["unread_report_count"]) for r in inbox] == [(in_care["id"], 2)]

    first = interim["unread_reports"][0]["id"]
    left = make.move(north, in_care["id"], "read_report", report_id=first, plan_change="updated")

    assert [report["id"] for report in left["unread_reports"]] == [interim["unread_reports"][1]["id"]]
    again = make.try_move(north, in_care["id"], "read_report", report_id=first, plan_change="updated")
    assert_readable(again, 400, "unknown_report")


def test_a_report_is_returned_twice_at_most_and_the_first_stays(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    for _ in range(2):
        back = make.move(north, reported["id"], "return_report", missing="The range of motion.")
        assert back["state"] == "in_care"
        make.move(south, reported["id"], "report", report=make.REPORT)

    body = assert_readable(make.try_move(north, reported["id"], "return_report", missing="Still."), 409, "wrong_state")
    assert "twice" in body["detail"]
    reports = read(north, reported["id"], "reports").json()["results"]
    assert len(reports) == 3
    assert [r["supersedes_id"] for r in reports] == [reports[1]["id"], reports[2]["id"], None]


def test_a_returned_advice_goes_back_to_accepted(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    make.move(south, sent["id"], "report", report=make.REPORT)

    assert make.move(north, sent["id"], "return_report", missing="Which exercise?")["state"] == "accepted"


def test_an_unfinished_report_says_why(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    stopped = {**make.REPORT, "outcome": "not_completed"}

    assert make.try_move(south, in_care["id"], "report", report=stopped).status_code == 400
    said = {**stopped, "not_completed_reason": "client_stopped"}
    assert make.move(south, in_care["id"], "report", report=said)["state"] == "reported"


def test_a_report_is_signed_by_the_person_who_is_signed_in(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    make.move(south, in_care["id"], "report", report=make.REPORT)

    signature = read(north, in_care["id"], "reports").json()["results"][0]["signature"]
    assert signature["kind"] == "here"
    assert "South Physio Practitioner" in signature["practitioner"] or "Practitioner" in signature["practitioner"]
    assert signature["license"]


@pytest.mark.parametrize("who", ["coordinator", "admin", "auditor"])
def test_who_does_not_treat_signs_nothing(north: make.Clinic, south: make.Clinic, who: str) -> None:
    in_care = in_state("in_care", north, south)

    assert_readable(
        make.try_move(getattr(south, who), in_care["id"], "report", report=make.REPORT), 403, "right_required"
    )


def test_nobody_signs_for_a_colleague(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    colleague = {"practitioner_role_id": str(make.role(south.organization).id)}

    answer = make.try_move(south, in_care["id"], "report", report=make.REPORT, on_behalf_of=colleague)

    assert_readable(answer, 403, "signature_required")


@pytest.mark.parametrize("who", ["http", "system"])
def test_no_signature_is_got_round_by_saying_it_was_written_down(
    north: make.Clinic, south: make.Clinic, who: str
) -> None:
    """Only a guest's report is written down by somebody else, and only by the sender's staff."""
    in_care = in_state("in_care", north, south)

    answer = make.try_move(getattr(south, who), in_care["id"], "report", report=make.REPORT, recorded=RECORDED)

    assert_readable(answer, 403, "wrong_party")


def elsewhere(clinic: make.Clinic) -> dict[str, Any]:
    return {
        "practitioner_role_id": clinic.role_id,
        "signed_at": now().isoformat(),
        "source": {"system": "urn:south:ehr", "value": "doc-1"},
    }


def test_a_system_delivers_what_was_signed_elsewhere_once_it_was_agreed(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    system = make.Api(make.token(of=make.application(south.organization), scopes=f"{make.ALL_SCOPES} notes:transmit"))
    said = {"report": make.REPORT, "signed_elsewhere": elsewhere(south)}

    assert_readable(make.try_move(system, in_care["id"], "report", report=make.REPORT), 403, "signature_required")
    assert_readable(make.try_move(south.system, in_care["id"], "report", **said), 403, "insufficient_scope")
    assert_readable(make.try_move(south, in_care["id"], "report", **said), 403, "signature_required")
    assert_readable(make.try_move(system, in_care["id"], "report", **said), 403, "transmission_not_agreed")
    PractitionerRole.objects.filter(pk=south.role_id).update(transmission_agreed_at=now())
    assert make.move(system, in_care["id"], "report", **said)["state"] == "reported"

    signature = read(north, in_care["id"], "reports").json()["results"][0]["signature"]
    assert (signature["kind"], signature["application"] is not None) == ("elsewhere", True)


def test_nothing_is_signed_elsewhere_before_the_referral_was_sent(north: make.Clinic, south: make.Clinic) -> None:
    in_care = in_state("in_care", north, south)
    PractitionerRole.objects.filter(pk=south.role_id).update(transmission_agreed_at=now())
    system = make.Api(make.token(of=make.application(south.organization), scopes=f"{make.ALL_SCOPES} notes:transmit"))
    early = {**elsewhere(south), "signed_at": (now() - timedelta(days=1)).isoformat()}

    answer = make.try_move(system, in_care["id"], "report", report=make.REPORT, signed_elsewhere=early)

    assert_readable(answer, 400, "before_the_referral")
    assert read(north, in_care["id"], "reports").json()["results"] == []


def test_a_client_was_seen_at_most_seven_days_before_it_is_said(north: make.Clinic, south: make.Clinic) -> None:
    accepted = in_state("accepted", north, south)
    long_ago = (now() - timedelta(days=8)).isoformat()

    assert_readable(make.try_move(south, accepted["id"], "start", seen_at=long_ago), 400, "too_late")
    answer = make.try_move(south, accepted["id"], "report", report=make.REPORT, seen_at=long_ago)

    assert_readable(answer, 400, "too_late")
    assert row(accepted["id"], north).state == "accepted"


@pytest.mark.parametrize(
    ("state", "name", "details"),
    [
        ("accepted", "start", {}),
        ("reported", "acknowledge", {"plan_change": "no_change"}),
        ("reported", "return_report", {"missing": "The range of motion."}),
    ],
)
def test_deciding_needs_a_credential_in_force(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any]
) -> None:
    referral = in_state(state, north, south)
    actor = south if name == "start" else north
    Credential.objects.filter(organization=actor.organization).update(status="suspended")

    assert_readable(make.try_move(actor, referral["id"], name, **details), 409, "credential_invalid")


# --- closing -----------------------------------------------------------------------------------------------------------


def test_acknowledging_says_what_changed_or_what_the_client_was_told(north: make.Clinic, south: make.Clinic) -> None:
    reported, declined = in_state("reported", north, south), in_state("declined", north, south)

    assert_readable(make.try_move(north, reported["id"], "acknowledge"), 400, "plan_change_required")
    assert_readable(make.try_move(north, declined["id"], "acknowledge"), 400, "client_told_required")
    assert make.move(north, reported["id"], "acknowledge", plan_change="updated")["closed_how"] == "acknowledged"
    told = make.move(north, declined["id"], "acknowledge", client_told="We look for somebody else.")
    assert (told["state"], told["closed_how"]) == ("closed", "not_fulfilled")


def test_stopping_care_is_asked_and_answered(north: make.Clinic, south: make.Clinic) -> None:
    asked = in_state("cancellation_requested", north, south)

    assert make.try_move(south, asked["id"], "refuse").status_code == 400
    went_on = make.move(south, asked["id"], "refuse", reason="One visit is left.")
    assert went_on["state"] == "in_care"
    make.move(north, asked["id"], "request_cancellation", reason="She moves next week.")
    stopped = make.move(south, asked["id"], "agree")
    assert (stopped["state"], stopped["closed_how"]) == ("withdrawn", "cancelled")


def test_a_declined_referral_goes_to_somebody_else_with_everything(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    file = north.http.generic(
        "POST", "/api/v1/attachments?name=plan.txt", data=b"plain words", content_type="text/plain"
    ).json()
    order = {"number": "O-7", "by": "Dr. Who", "visits": 6}
    sent = make.sent(north, south, findings="Tight.", order=order, attachment_ids=[file["id"]])
    make.move(south, sent["id"], "decline", reason="no_capacity")
    assert_readable(
        make.try_move(north, sent["id"], "redirect", to={"practitioner_role_id": east.role_id}), 409, "consent_required"
    )
    make.consent(north, sent["client"]["id"], east)

    gone = make.move(north, sent["id"], "redirect", to={"practitioner_role_id": east.role_id}, question="And you?")

    new = read(east, gone["redirected_to_id"]).json()
    assert (new["state"], new["question"], new["reason"]) == ("sent", "And you?", sent["reason"])
    assert (new["package"]["findings"], new["order"]["number"]) == ("Tight.", "O-7")
    assert new["came_from_id"] is None  # who declined before is not for the next one to know
    assert read(north, new["id"]).json()["came_from_id"] == sent["id"]
    assert [a["name"] for a in read(east, new["id"], "attachments").json()["results"]] == ["plan.txt"]


def test_an_advice_becomes_a_referral(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    make.move(south, sent["id"], "report", report=make.REPORT)

    done = make.move(north, sent["id"], "convert", kind="evaluate")

    assert (done["state"], done["closed_how"], done["unread_reports"]) == ("closed", "converted", [])
    new = read(south, done["converted_to_id"]).json()
    assert (new["state"], new["kind"], new["came_from_id"]) == ("sent", "evaluate", sent["id"])


def test_advice_without_a_client_asks_for_client_and_consent_when_it_is_converted(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.referral(north, south, kind="advice", regions=[])
    assert sent["client"] is None
    make.move(south, sent["id"], "report", report=make.REPORT)
    regions = [{"region": "cervical", "side": "left"}]
    client = make.client(north)

    assert_readable(make.try_move(north, sent["id"], "convert", kind="evaluate"), 400, "client_required")
    asked = {"kind": "evaluate", "client_id": client["id"], "regions": regions}
    assert_readable(make.try_move(north, sent["id"], "convert", **asked), 409, "consent_required")
    make.consent(north, client["id"], south)
    assert make.move(north, sent["id"], "convert", **asked)["state"] == "closed"


def test_a_question_without_a_client_holds_no_file(north: make.Clinic, south: make.Clinic) -> None:
    file = north.http.generic("POST", "/api/v1/attachments?name=a.txt", data=b"words", content_type="text/plain").json()

    answer = north.http.send("POST", "referrals", make.referral_body(south, kind="advice", attachment_ids=[file["id"]]))

    assert_readable(answer, 400, "client_required")


# --- assigning and rights ------------------------------------------------------------------------------------------------


def test_each_side_assigns_its_own(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    ours, theirs = make.role(north.organization, "massage_therapy"), make.role(south.organization)

    make.move(north.coordinator, sent["id"], "assign", practitioner_role_id=str(ours.id))
    assigned = make.move(south.coordinator, sent["id"], "assign", practitioner_role_id=str(theirs.id))

    assert (assigned["sender"]["practitioner_role"]["id"], assigned["recipient"]["practitioner_role"]["id"]) == (
        str(ours.id), str(theirs.id),
    )  # fmt: skip


def test_nobody_assigns_the_other_side(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for clinic, side in ((south, "sender"), (north, "recipient")):
        answer = make.try_move(clinic, sent["id"], "assign", practitioner_role_id=clinic.role_id, side=side)
        assert_readable(answer, 400, "wrong_party")
    found = row(sent["id"], north)
    assert (str(found.sender_role_id), str(found.recipient_role_id)) == (north.role_id, south.role_id)


def test_a_stranger_to_the_clinic_is_not_assigned(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    sent = make.sent(north, south)

    answer = make.try_move(south, sent["id"], "assign", practitioner_role_id=east.role_id)

    assert_readable(answer, 400, "unknown_role")


def test_on_the_recipients_side_the_credential_is_asked(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    other = make.role(south.organization, "chiropractic")

    answer = make.try_move(south, sent["id"], "assign", practitioner_role_id=str(other.id))

    assert_readable(answer, 409, "credential_invalid")


def test_inside_one_organization_the_sides_are_the_two_roles(north: make.Clinic) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="chiropractic", name="Cora League")
    client = make.client(north)
    assert colleague.role is not None
    to = {"practitioner_role_id": str(colleague.role.id)}
    sent = make.referral(north, to, client_id=client["id"])

    assert_readable(
        make.try_move(north, sent["id"], "assign", practitioner_role_id=str(colleague.role.id)), 400, "side_required"
    )
    for who, name, details in (
        (colleague, "accept", {}),
        (colleague, "start", {}),
        (colleague, "report", {"report": make.REPORT}),
        (north, "acknowledge", {"plan_change": "no_change"}),
    ):
        moved = make.move(who, sent["id"], name, **details)
    assert moved["state"] == "closed"
    assert north.http.send("GET", f"clients/{client['id']}").status_code == 200


@pytest.mark.parametrize(
    ("state", "name", "details"),
    [
        ("sent", "accept", {}),
        ("sent", "decline", {"reason": "no_capacity"}),
        ("sent", "ask_information", {"question": "Any dizziness?"}),
        ("accepted", "log_contact", {"channel": "phone", "outcome": "reached"}),
        ("times_offered", "book", {"visit": {"starts_at": "2099-01-05T10:00:00Z", "ends_at": "2099-01-05T11:00:00Z"}}),
    ],
)
def test_what_the_front_desk_does(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any]
) -> None:
    referral = in_state(state, north, south)

    assert make.try_move(south.coordinator, referral["id"], name, **details).status_code == 200
    other = in_state(state, north, south)
    for person in (south.admin, south.auditor):
        assert_readable(make.try_move(person, other["id"], name, **details), 403, "right_required")


@pytest.mark.parametrize("reason", ["contraindication", "needs_medical_first"])
def test_the_front_desk_never_declines_for_a_contraindication(
    north: make.Clinic, south: make.Clinic, reason: str
) -> None:
    sent = make.sent(north, south)

    answer = make.try_move(south.coordinator, sent["id"], "decline", reason=reason, detail="It says so.")

    assert_readable(answer, 403, "right_required")


@pytest.mark.parametrize("name", ["accept", "decline"])
def test_a_clinic_may_keep_answers_to_practitioners(north: make.Clinic, south: make.Clinic, name: str) -> None:
    sent = make.sent(north, south)
    Organization.objects.filter(pk=south.id).update(coordinators_may_accept=False)

    assert_readable(make.try_move(south.coordinator, sent["id"], name, reason="no_capacity"), 403, "right_required")


@pytest.mark.parametrize(
    ("state", "name", "details", "side"),
    [
        ("sent", "accept", {}, "r"),
        ("sent", "decline", {"reason": "no_capacity"}, "r"),
        ("accepted", "start", {}, "r"),
        ("reported", "acknowledge", {"plan_change": "no_change"}, "s"),
        ("reported", "return_report", {"missing": "The range of motion."}, "s"),
    ],
)
def test_a_system_names_the_practitioner_who_decides(
    north: make.Clinic, south: make.Clinic, state: str, name: str, details: dict[str, Any], side: str
) -> None:
    referral = in_state(state, north, south)
    clinic = north if side == "s" else south
    named = {"on_behalf_of": {"practitioner_role_id": clinic.role_id}}

    assert_readable(make.try_move(clinic.system, referral["id"], name, **details), 403, "practitioner_required")
    stranger = {"on_behalf_of": {"practitioner_role_id": (south if side == "s" else north).role_id}}
    assert_readable(make.try_move(clinic.system, referral["id"], name, **details, **stranger), 400, "unknown_role")
    moved = make.move(clinic.system, referral["id"], name, **details, **named)
    assert moved["history"][-1]["on_behalf_of"] == clinic.role_id
    assert moved["history"][-1]["application_id"]


# --- guests ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def to_guest(north: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], guests=[{"email": "gil@guest.example"}])
    return make.referral(north, GUEST, client_id=client["id"])


def as_guest(referral: Any, *moves: tuple[str, dict[str, Any]]) -> Any:
    with as_guest_of(referral["id"]) as actor:
        for name, details in moves:
            services.move_referral(referral["id"], name, actor=actor, **details)
        return queries.detail(queries.one_row(referral["id"], actor), actor)


def test_a_guest_has_every_move_of_a_recipient(north: make.Clinic, to_guest: Any) -> None:
    in_the_past = {
        "starts_at": (now() - timedelta(hours=2)).isoformat(),
        "ends_at": (now() - timedelta(hours=1)).isoformat(),
    }
    later = (now() + timedelta(days=9)).date().isoformat()
    seen = as_guest(
        to_guest,
        ("ask_information", {"question": "Any dizziness?"}),
    )
    assert seen["state"] == "needs_information"
    make.move(north, to_guest["id"], "give_information", answer="None.")
    done = as_guest(
        to_guest,
        ("accept", {}),
        ("waitlist", {"review_on": later}),
        ("offer_times", {"times": [make.visit_window()]}),
        ("log_contact", {"channel": "phone", "outcome": "reached"}),
        ("book", {"visit": make.visit_window()}),
        ("cancel_visit", {"by": "client"}),
        ("book", {"visit": in_the_past}),
        ("record_no_show", {}),
        ("start", {}),
        ("report", {"final": False, "report": make.REPORT}),
        ("report", {"final": True, "report": make.REPORT}),
    )
    assert done["state"] == "reported"
    report = read(north, to_guest["id"], "reports").json()["results"][0]
    assert report["signature"]["kind"] == "guest"
    assert "attested, not verified" in report["signature"]["license"]
    assert "gil@guest.example" in report["signature"]["practitioner"]
    assert make.move(north, to_guest["id"], "acknowledge", plan_change="no_change")["state"] == "closed"


def test_a_guest_declines(north: make.Clinic, to_guest: Any) -> None:
    assert as_guest(to_guest, ("decline", {"reason": "no_capacity"}))["state"] == "declined"


def test_a_guest_says_who_they_are_first(north: make.Clinic, to_guest: Any) -> None:
    with (
        pytest.raises(Conflict) as refused,
        as_guest_of(to_guest["id"], attested=False) as actor,
    ):
        services.move_referral(to_guest["id"], "accept", actor=actor)
    assert refused.value.code == "attestation_required"


def test_a_guest_reads_this_one_referral_and_no_client(north: make.Clinic, south: make.Clinic, to_guest: Any) -> None:
    other = make.sent(north, south)

    with as_guest_of(to_guest["id"]) as actor:
        services.move_referral(to_guest["id"], "accept", actor=actor)
        assert [str(pk) for pk in Referral.objects.visible_to(actor).values_list("id", flat=True)] == [to_guest["id"]]
        assert [str(pk) for pk in Referral.objects.values_list("id", flat=True)] == [to_guest["id"]]
        assert not Referral.objects.filter(pk=other["id"]).exists()
        assert not Client.objects.exists()
        assert queries.detail(queries.one_row(to_guest["id"], actor), actor)["package"]["question"]


def test_a_guest_sees_no_other_guests_visit(north: make.Clinic, to_guest: Any) -> None:
    other = make.referral(north, GUEST, client_id=to_guest["client"]["id"])
    as_guest(other, ("accept", {}), ("book", {"visit": make.visit_window()}))

    with as_guest_of(to_guest["id"]):
        assert not Visit.objects.exists()


def test_the_senders_staff_write_down_what_a_guest_said(north: make.Clinic, to_guest: Any) -> None:
    scan = north.http.generic("POST", "/api/v1/attachments?name=fax.txt", data=b"fax", content_type="text/plain").json()
    recorded = {"recorded": {**RECORDED, "attachment_id": scan["id"]}}
    assert_readable(make.try_move(north, to_guest["id"], "accept"), 403, "wrong_party")

    accepted = make.move(north.coordinator, to_guest["id"], "accept", **recorded)

    step = accepted["history"][-1]
    assert (step["party"], step["manner"], step["on_behalf_of"]) == ("recipient", "recorded by the sender, phone", None)
    assert step["by"] == "Gil Guest (recorded by North Massage Coordinator)"
    assert [file["name"] for file in read(north, to_guest["id"]).json()["attachments"]] == ["fax.txt"]
    by_phone = {"recorded": RECORDED}
    booked = make.move(north.coordinator, to_guest["id"], "book", visit=make.visit_window(), **by_phone)
    assert booked["state"] == "booked"
    make.move(north.coordinator, to_guest["id"], "start", **by_phone)
    reported = make.move(north.coordinator, to_guest["id"], "report", report=make.REPORT, **by_phone)
    assert reported["state"] == "reported"
    signature = read(north, to_guest["id"], "reports").json()["results"][0]["signature"]
    assert (signature["kind"], signature["license"]) == ("recorded_by_sender", "") or signature["license"] is None


def test_a_recipient_with_an_account_answers_for_itself(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    assert_readable(make.try_move(north, sent["id"], "accept", recorded=RECORDED), 403, "wrong_party")
    assert_readable(make.try_move(south, sent["id"], "accept", recorded=RECORDED), 403, "wrong_party")


def test_a_guest_is_not_a_way_to_the_senders_moves(north: make.Clinic, to_guest: Any) -> None:
    with pytest.raises(Forbidden), as_guest_of(to_guest["id"]) as actor:
        services.move_referral(to_guest["id"], "withdraw", actor=actor, reason="better")


# --- asking the client ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["consent_given", "consent_refused"])
@pytest.mark.parametrize("by", ["client", "coordinator"])
def test_the_client_or_the_front_desk_answers_for_consent(
    north: make.Clinic, south: make.Clinic, answer: str, by: str
) -> None:
    client = make.client(north)
    asked = make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)
    assert (asked["state"], asked["whose_move"]) == ("awaiting_consent", "client")
    assert_readable(make.try_move(south, asked["id"], answer), 404, "not_found")

    if by == "client":
        actor = as_client(client["id"])
        with acting_as(actor):
            services.move_referral(asked["id"], answer, actor=actor)
    else:
        make.move(north.coordinator, asked["id"], answer, method="verbal")

    found = read(north, asked["id"]).json()
    assert found["state"] == ("sent" if answer == "consent_given" else "client_declined")
    assert found["history"][-1]["party"] == ("client" if by == "client" else "sender")
    assert read(south, asked["id"]).status_code == (200 if answer == "consent_given" else 404)


def test_a_yes_asks_every_gate_again(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    asked = make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)
    Credential.objects.filter(organization=south.organization).update(status="suspended")

    assert_readable(make.try_move(north, asked["id"], "consent_given", method="paper"), 409, "credential_invalid")
    assert north.http.send("GET", f"clients/{client['id']}/consents").json()["results"] == []


# --- drafts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["colleague", "guest"])
def test_a_draft_that_nobody_saw_is_discarded(north: make.Clinic, south: make.Clinic, to: str) -> None:
    draft = make.referral(north, GUEST if to == "guest" else south, client_id=make.client(north)["id"], send=False)

    answer = north.http.send("DELETE", f"referrals/{draft['id']}", **{"If-Match": f'"{draft["version"]}.x"'})

    assert answer.status_code == 204, answer.content
    assert read(north, draft["id"]).status_code == 404


def test_a_draft_with_a_file_is_withdrawn_instead(north: make.Clinic, south: make.Clinic) -> None:
    file = north.http.generic("POST", "/api/v1/attachments?name=a.txt", data=b"words", content_type="text/plain").json()
    client = make.client(north)
    draft = make.referral(north, south, client_id=client["id"], send=False, attachment_ids=[file["id"]])

    answer = north.http.send("DELETE", f"referrals/{draft['id']}", **{"If-Match": f'"{draft["version"]}.x"'})

    assert_readable(answer, 409, "wrong_state")
    assert make.move(north, draft["id"], "withdraw", reason="other")["state"] == "withdrawn"


def test_a_sent_package_is_never_changed(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    answer = north.http.send(
        "PATCH", f"referrals/{sent['id']}", {"question": "Other?"}, **{"If-Match": f'"{sent["version"]}.x"'}
    )

    assert_readable(answer, 409, "wrong_state")
    assert read(south, sent["id"]).json()["question"] == sent["question"]
