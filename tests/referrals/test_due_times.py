"""When each party is due: every row of the product's due column, by priority, over holidays and changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import Model

from backend.directory.models import Holiday, Organization
from backend.lib import clock
from backend.referrals import deadlines
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from tests import make
from tests.referrals.stories import GUEST, assert_readable, in_state, move_to, row

# Monday, 10:00 in Denver (open 8 to 18, closed on Wednesday the 3rd) and 18:00, closing time, in Berlin (8 to 18).
MONDAY = datetime(2027, 3, 1, 17, tzinfo=UTC)

# The move is the recipient's (Berlin) or the sender's (Denver). Times are UTC: Berlin closes at 17:00, Denver at 01:00.
TABLE = """
state                    routine           urgent            asap
draft                    -                 -                 -
awaiting_consent         2027-03-03T17:00  2027-03-03T17:00  2027-03-03T17:00
sent                     2027-03-04T17:00  2027-03-02T17:00  2027-03-02T11:00
needs_information        2027-03-05T01:00  2027-03-05T01:00  2027-03-05T01:00
accepted                 2027-03-15T17:00  2027-03-03T17:00  2027-03-02T17:00
accepted+back            2027-03-04T17:00  2027-03-04T17:00  2027-03-04T17:00
accepted+advice          2027-03-04T17:00  2027-03-02T17:00  2027-03-02T11:00
accepted+advice+returned 2027-03-04T17:00  2027-03-02T17:00  2027-03-02T11:00
in_care                  2027-03-08T17:00  2027-03-02T17:00  2027-03-02T17:00
in_care+returned         2027-03-08T17:00  2027-03-08T17:00  2027-03-08T17:00
cancellation_requested   2027-03-03T17:00  2027-03-03T17:00  2027-03-03T17:00
reported                 2027-03-10T01:00  2027-03-10T01:00  2027-03-10T01:00
declined                 2027-03-05T01:00  2027-03-05T01:00  2027-03-05T01:00
expired                  2027-03-05T01:00  2027-03-05T01:00  2027-03-05T01:00
unreachable              2027-03-05T01:00  2027-03-05T01:00  2027-03-05T01:00
client_declined          2027-03-05T01:00  2027-03-05T01:00  2027-03-05T01:00
declined+red_flag        2027-03-01T21:00  2027-03-01T21:00  2027-03-01T21:00
closed                   -                 -                 -
withdrawn                -                 -                 -
redirected               -                 -                 -
"""
HEAD, *LINES = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(line[0], priority, expected) for line in LINES for priority, expected in zip(HEAD[1:], line[1:], strict=True)]


@pytest.fixture
def denver(db: None) -> Organization:
    made = make.organization("Denver Massage", time_zone="America/Denver")
    Holiday.objects.create(organization=made, on_date=date(2027, 3, 3), name="Founders' day")
    return made


@pytest.fixture
def berlin(db: None) -> Organization:
    return make.organization("Berlin Physio", time_zone="Europe/Berlin")


def referral(sender: Organization, recipient: Organization | None, **more: object) -> Referral:
    kind = Referral.RecipientKind.ROLE if recipient else Referral.RecipientKind.POOL
    return Referral(
        **{
            "kind": "evaluate",
            "priority": "routine",
            "recipient_kind": kind,
            "sender_organization": sender,
            "recipient_organization": recipient,
            **more,
        }
    )


def text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if moment else "-"


@pytest.mark.parametrize(("case", "priority", "expected"), CELLS)
def test_the_due_column(denver: Organization, berlin: Organization, case: str, priority: str, expected: str) -> None:
    state, *facts = case.split("+")
    found = referral(denver, berlin, priority=priority, kind="advice" if "advice" in facts else "evaluate")
    found.has_red_flag = "red_flag" in facts
    found.first_seen_at = MONDAY

    with clock.fixed_at(MONDAY):
        due = deadlines.due_for(found, state, back="back" in facts, returned="returned" in facts)

    assert text(due) == expected


def test_every_state_is_in_the_due_column_or_tested_below() -> None:
    assert set(w.STATES) == {line[0].split("+")[0] for line in LINES} | {"times_offered", "waitlisted", "booked"}


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "priority", "start", "expected"),
    [
        ("accepted", "asap", "2027-03-05T12:00", "2027-03-08T17:00"),  # Saturday: Monday
        ("accepted", "urgent", "2027-03-04T12:00", "2027-03-08T17:00"),  # Saturday: Monday
        ("sent", "routine", "2027-03-26T12:00", "2027-03-31T16:00"),  # summer time began on Sunday
        ("sent", "asap", "2027-03-26T15:00", "2027-03-29T08:00"),  # two hours on Friday, two on Monday from 8:00
        ("sent", "urgent", "2027-03-06T12:00", "2027-03-08T17:00"),  # a Saturday does not count
    ],
)
def test_closed_days_and_summer_time(
    denver: Organization, berlin: Organization, state: str, priority: str, start: str, expected: str
) -> None:
    with clock.fixed_at(at(start)):
        assert text(deadlines.due_for(referral(denver, berlin, priority=priority), state)) == expected


def test_where_a_pool_or_guest_has_the_move_the_senders_days_count(denver: Organization) -> None:
    with clock.fixed_at(MONDAY):
        assert text(deadlines.due_for(referral(denver, None), "sent")) == "2027-03-06T01:00"


def test_the_answer_clock_waits_while_the_sender_answers(denver: Organization, berlin: Organization) -> None:
    found = referral(denver, berlin, due_at=at("2027-03-04T17:00"))

    with clock.fixed_at(at("2027-03-02T11:00")):  # Tuesday noon: 6 hours of Tuesday, 10 of Wednesday, 10 of Thursday
        found.paused_minutes = deadlines.open_minutes_left(found)
    assert found.paused_minutes == 26 * 60
    with clock.fixed_at(at("2027-03-08T08:00")):  # Monday 9:00: 9 hours of Monday, 10 of Tuesday, 7 of Wednesday
        assert text(deadlines.due_for(found, "sent")) == "2027-03-10T14:00"


def test_an_answer_after_the_due_time_leaves_one_hour(denver: Organization, berlin: Organization) -> None:
    found = referral(denver, berlin, due_at=at("2027-03-01T09:00"))

    with clock.fixed_at(MONDAY):
        assert deadlines.open_minutes_left(found) == 60


def test_the_promised_review_day_or_the_next_opening_day(denver: Organization, berlin: Organization) -> None:
    with clock.fixed_at(MONDAY):
        weekday = deadlines.due_for(referral(denver, berlin, review_on=date(2027, 3, 10)), "waitlisted")
        saturday = deadlines.due_for(referral(denver, berlin, review_on=date(2027, 3, 20)), "waitlisted")

    assert (text(weekday), text(saturday)) == ("2027-03-10T17:00", "2027-03-22T17:00")


def test_the_review_day_is_the_clinics_own_also_far_in_the_east(denver: Organization) -> None:
    auckland = make.organization("Auckland Chiro", time_zone="Pacific/Auckland")

    with clock.fixed_at(MONDAY):
        due = deadlines.due_for(referral(denver, auckland, review_on=date(2027, 3, 10)), "waitlisted")

    assert text(due) == "2027-03-10T05:00"  # 18:00 of the 10th there


def test_the_next_report_is_due_after_thirty_days(denver: Organization, berlin: Organization) -> None:
    with clock.fixed_at(MONDAY):
        assert text(deadlines.next_report_due(referral(denver, berlin))) == "2027-03-31T16:00"


def test_a_report_with_a_red_flag_is_read_within_four_opening_hours(denver: Organization, berlin: Organization) -> None:
    with clock.fixed_at(MONDAY):
        assert text(deadlines.report_read_due(referral(denver, berlin), alarming=True)) == "2027-03-01T21:00"
        assert text(deadlines.report_read_due(referral(denver, berlin), alarming=False)) == "2027-03-10T01:00"


def test_a_clinic_may_be_tighter_and_never_looser(denver: Organization, berlin: Organization) -> None:
    berlin.due_times = {"sent": {"routine": 1, "asap": 2}, "next_report": {"routine": 7}}
    denver.due_times = {"reported": {"routine": 2}, "needs_information": {"routine": 9}}
    found = referral(denver, berlin)

    with clock.fixed_at(MONDAY):
        assert text(deadlines.due_for(found, "sent")) == "2027-03-02T17:00"
        assert text(deadlines.due_for(referral(denver, berlin, priority="asap"), "sent")) == "2027-03-02T09:00"
        assert text(deadlines.next_report_due(found)) == "2027-03-08T17:00"
        assert text(deadlines.report_read_due(found, alarming=False)) == "2027-03-05T01:00"
        assert text(deadlines.due_for(found, "needs_information")) == "2027-03-05T01:00"  # 9 is looser than 2


def test_looser_times_are_refused_when_they_are_set(north: make.Clinic) -> None:
    path = f"organizations/{north.id}"
    tag = north.admin.http.send("GET", path)["ETag"]

    answer = north.admin.http.send("PATCH", path, {"due_times": {"sent": {"routine": 4}}}, **{"If-Match": tag})

    assert "3 business days" in assert_readable(answer, 400, "too_loose")["detail"]


def due_of(answer: dict[str, str]) -> datetime:
    return datetime.fromisoformat(answer["due_at"])


def closing(day: date, hour: int = 18) -> datetime:
    from zoneinfo import ZoneInfo

    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo("America/Denver"))


@pytest.fixture
def monday(db: None) -> Model | None:
    move_to(MONDAY)
    return None


def test_a_booked_visit_is_asked_about_one_business_day_later(
    north: make.Clinic, south: make.Clinic, monday: None
) -> None:
    accepted = in_state("accepted", north, south)
    friday = {"starts_at": "2027-03-05T15:00:00Z", "ends_at": "2027-03-05T16:00:00Z"}

    booked = make.move(south, accepted["id"], "book", visit=friday)

    assert due_of(booked) == closing(date(2027, 3, 8))


@pytest.mark.parametrize("how", ["cancel_visit", "record_no_show"])
def test_back_from_a_visit_that_did_not_happen(north: make.Clinic, south: make.Clinic, monday: None, how: str) -> None:
    accepted = in_state("accepted", north, south)
    today = {"starts_at": "2027-03-01T15:00:00Z", "ends_at": "2027-03-01T16:00:00Z"}
    make.move(south, accepted["id"], "book", visit=today)

    back = make.move(south, accepted["id"], how, **({"by": "client"} if how == "cancel_visit" else {}))

    assert (back["state"], due_of(back)) == ("accepted", closing(date(2027, 3, 4)))
    assert back["tracking"]["no_shows"] == (how == "record_no_show")


def test_offered_times_are_open_for_48_hours_but_not_beyond_the_first(
    north: make.Clinic, south: make.Clinic, monday: None
) -> None:
    accepted = in_state("accepted", north, south)
    far = {"starts_at": "2027-03-08T15:00:00Z", "ends_at": "2027-03-08T16:00:00Z"}
    near = {"starts_at": "2027-03-02T15:00:00Z", "ends_at": "2027-03-02T16:00:00Z"}

    offered = make.move(south, accepted["id"], "offer_times", times=[far])
    assert abs(due_of(offered) - (MONDAY + timedelta(hours=48))) < timedelta(minutes=2)

    other = in_state("accepted", north, south)
    offered = make.move(south, other["id"], "offer_times", times=[far, near])
    assert due_of(offered) == at("2027-03-02T15:00")


@pytest.mark.parametrize("alarm", [{"has_red_flag": True}, {"new_precautions": ["anticoag"]}])
def test_an_alarming_report_is_due_in_four_opening_hours(
    north: make.Clinic, south: make.Clinic, monday: None, alarm: dict[str, object]
) -> None:
    in_care = in_state("in_care", north, south)

    reported = make.move(south, in_care["id"], "report", final=True, report={**make.REPORT, **alarm})

    assert abs(due_of(reported) - at("2027-03-01T21:00")) < timedelta(minutes=2)


def test_the_report_is_due_seven_days_after_the_first_visit_not_after_the_press(
    north: make.Clinic, south: make.Clinic, monday: None
) -> None:
    accepted = in_state("accepted", north, south)

    in_care = make.move(south, accepted["id"], "start", seen_at="2027-02-26T16:00:00Z")

    assert due_of(in_care) == closing(date(2027, 3, 5))


def test_an_interim_report_moves_the_next_one_thirty_days_on(
    north: make.Clinic, south: make.Clinic, monday: None
) -> None:
    in_care = in_state("in_care", north, south)

    interim = make.move(south, in_care["id"], "report", final=False, report=make.REPORT)

    assert (interim["state"], due_of(interim)) == ("in_care", closing(date(2027, 3, 31)))
    assert interim["unread_reports"][0]["read_due_at"] == "2027-03-10T01:00:00.000000Z" or due_of(
        {"due_at": interim["unread_reports"][0]["read_due_at"]}
    ) == closing(date(2027, 3, 8))


def test_a_returned_report_is_due_in_five_business_days(north: make.Clinic, south: make.Clinic, monday: None) -> None:
    reported = in_state("reported", north, south)

    returned = make.move(north, reported["id"], "return_report", missing="The range of motion.")

    assert (returned["state"], due_of(returned)) == ("in_care", closing(date(2027, 3, 8)))


def test_a_question_pauses_and_an_answer_resumes_the_recipients_clock(
    north: make.Clinic, south: make.Clinic, monday: None
) -> None:
    asked = in_state("needs_information", north, south)
    assert due_of(asked) == closing(date(2027, 3, 3))
    move_to(at("2027-03-03T17:00"))

    answered = make.move(north, asked["id"], "give_information", answer="None.")

    # 8 + 10 + 10 + 10 opening hours were left on Monday at 10:00; Wednesday 10:00 has 8, then Thursday, Friday, Monday.
    assert abs(due_of(answered) - closing(date(2027, 3, 8))) < timedelta(minutes=3)


def test_a_guest_counts_the_senders_days(north: make.Clinic, monday: None) -> None:
    client = make.client(north)
    make.consent(north, client["id"], guests=[{"email": "gil@guest.example"}])

    assert due_of(make.referral(north, GUEST, client_id=client["id"])) == closing(date(2027, 3, 4))


def test_a_handed_over_referral_keeps_its_due_time(north: make.Clinic, south: make.Clinic, monday: None) -> None:
    accepted = in_state("accepted", north, south)
    before = row(accepted["id"], south).due_at

    south.admin.http.send("POST", f"practitioner-roles/{south.role_id}/end", {})

    assert row(accepted["id"], south).due_at == before
