"""A care plan that waits for a clinic's step: whoever treats by it is told, without a word of it."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from backend.audit.models import Work
from backend.careplans.services.reviewing import REVIEW
from backend.directory.models import Organization
from backend.lib import clock
from tests import make
from tests.careplans.plans import Plan, alone, done, leave, shared
from tests.notifications.test_told import address, at_once, sent_to
from tests.portal.browsing import do_work

pytestmark = pytest.mark.django_db(transaction=True)
LINE = "A care plan waits for a step of your clinic."
SUBJECT = "A care plan waits for your clinic"


def published(north: make.Clinic, *others: make.Clinic) -> Plan:
    plan = shared(north, *others)
    plan.line(north)
    plan.publish(north)
    return plan


def told_of_plans() -> list[Any]:
    return [m for m in mail.outbox if LINE in m.body or m.subject == SUBJECT]


def test_whoever_is_asked_for_an_answer_reads_in_the_digest_that_a_plan_waits_and_nothing_of_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = published(north, south)
    client = plan.whole(south)["client"]["display"]

    do_work(days=1)

    (digest,) = told_of_plans()
    assert digest.to == [address(south.practitioner)]
    assert f"{LINE}\nhttp" in digest.body
    assert "/care-plans" in digest.body
    said = digest.subject + digest.body
    assert [word for word in ("Neck", "trapezius", *client.split()) if word in said] == []


def test_without_the_digest_it_is_one_mail_a_day_that_counts_the_plans(north: make.Clinic, south: make.Clinic) -> None:
    at_once(south.practitioner)
    for _ in range(2):
        published(north, south)

    do_work(hours=1)
    do_work(hours=12)

    assert sent_to(south.practitioner).count(SUBJECT) == 1
    assert "2 care plans wait for a step of your clinic." in told_of_plans()[-1].body


def test_what_was_answered_meanwhile_is_not_asked_for(north: make.Clinic, south: make.Clinic) -> None:
    plan = published(north, south)
    done(plan.answer(south, 1), 201)

    do_work(days=1)

    assert told_of_plans() == []


def test_of_several_practitioners_whoever_the_plan_names_is_told(north: make.Clinic, south: make.Clinic) -> None:
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Second Colleague")
    for person in (south.practitioner, colleague, south.coordinator, south.admin):
        at_once(person)
    plan = shared(north, south)
    assert colleague.role is not None
    plan.line(south, technique_ids=[], practitioner_role_id=str(colleague.role.pk))
    plan.publish(north)

    do_work(hours=12)

    assert [m.to for m in told_of_plans()] == [[address(colleague)]]


def test_a_proposal_an_objection_and_lines_of_who_left_are_told_to_who_decides(
    north: make.Clinic, south: make.Clinic
) -> None:
    at_once(north.practitioner)
    plan = shared(north, south)
    line = plan.line(north)
    plan.line(south, technique_ids=[])
    plan.publish(north)
    proposal = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "It is done."}

    steps: list[Callable[[], Any]] = [
        lambda: plan.post(south, "/proposals", proposal),
        lambda: plan.answer(south, 1, "object", sentence="Too much."),
        lambda: leave(plan, south, south),
    ]
    subjects = []
    for step in steps:
        done(step(), 200, 201)
        do_work(days=1)
        subjects.append(sent_to(north.practitioner).count(SUBJECT))

    assert subjects == [1, 2, 3]


def test_the_others_of_a_team_are_not_told_of_what_is_not_theirs(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    plan = published(north, south, outsider)
    for clinic in (south, outsider):
        done(plan.answer(clinic, 1), 201)
    line = plan.whole(north)["interventions"][0]
    done(
        plan.post(south, "/proposals", {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "Done."}),
        201,
    )

    do_work(days=1)

    assert [m.to for m in told_of_plans()] == [[address(north.practitioner)]]


def test_the_lead_is_told_of_what_another_party_changed_beyond_the_agreement_and_not_of_its_own(
    north: make.Clinic, south: make.Clinic
) -> None:
    for who in (north, south):
        at_once(who.practitioner)
    plan = shared(north, south)
    line, own = plan.line(south, technique_ids=[]), plan.line(north)
    plan.publish(north)
    done(plan.answer(south, 1), 201)
    do_work(days=1)
    mail.outbox.clear()

    done(plan.patch(north, f"/interventions/{own['id']}", {"times_per_week": 2}), 200)
    do_work(days=1)
    assert told_of_plans() == []
    done(plan.patch(south, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)
    do_work(days=1)

    assert [m.to for m in told_of_plans()] == [[address(north.practitioner)]]


def test_the_lead_is_told_on_the_day_of_the_review_and_not_when_the_day_was_moved(
    north: make.Clinic, south: make.Clinic
) -> None:
    at_once(north.practitioner)
    plan, moved = shared(north, south), shared(north, south)
    today = clock.now().date()
    for one in (plan, moved):
        done(one.patch(north, "", {"review_on": (today + timedelta(days=3)).isoformat()}), 200)
    done(moved.patch(north, "", {"review_on": (today + timedelta(days=30)).isoformat()}), 200)

    do_work(days=1)
    assert told_of_plans() == []
    do_work(days=3)
    do_work(days=1)

    (told,) = told_of_plans()
    assert (told.to, LINE in told.body) == ([address(north.practitioner)], True)


def test_a_review_whose_day_came_while_the_plan_had_ended_is_told_when_it_goes_on(north: make.Clinic) -> None:
    at_once(north.practitioner)
    plan = alone(north)
    done(plan.patch(north, "", {"review_on": (clock.now().date() + timedelta(days=3)).isoformat()}), 200)
    done(plan.move(north, "complete", reason="goals_met"), 200)
    do_work(days=5)
    assert told_of_plans() == []

    done(plan.move(north, "reopen"), 200)
    do_work(days=1)

    (told,) = told_of_plans()
    assert (told.to, LINE in told.body) == ([address(north.practitioner)], True)


@pytest.mark.parametrize("how", ["handed_over", "left"])
def test_a_review_goes_over_with_the_lead_and_comes_by_the_new_leads_clock(
    north: make.Clinic, south: make.Clinic, how: str
) -> None:
    for who in (north, south):
        at_once(who.practitioner)
    Organization.objects.filter(pk=north.id).update(time_zone="America/Los_Angeles")
    Organization.objects.filter(pk=south.id).update(time_zone="America/New_York")
    plan = shared(north, south)
    day = clock.now().date() + timedelta(days=3)
    done(plan.patch(north, "", {"review_on": day.isoformat()}), 200)

    if how == "left":
        done(leave(plan, north, north), 200)
    else:
        done(plan.post(north, "/lead", {"organization_id": south.id}), 200)

    waiting = Work.objects.get(kind=REVIEW, subject_id=plan.id)
    assert str(waiting.organization_id) == south.id
    assert waiting.due_at == datetime.combine(day, time(), ZoneInfo("America/New_York"))
    do_work(days=5)
    do_work(days=1)
    assert [m.to for m in told_of_plans()] == [[address(south.practitioner)]]


def test_who_joins_is_asked_and_who_was_asked_before_is_not_asked_anew(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    for who in (south, outsider):
        at_once(who.practitioner)
    plan = alone(north)
    make.consent(north, plan.client_id, south, outsider)
    for who in (south, outsider):
        make.move(who, make.referral(north, who, client_id=plan.client_id)["id"], "accept")
    do_work()
    on_team = [who for who in (south, outsider) if who.id in _team(plan, north)]
    for who in on_team:
        done(leave(plan, north, who), 200)
    plan.line(north)
    plan.add(north, south)
    plan.publish(north)
    do_work(days=1)
    assert [m.to for m in told_of_plans()] == [[address(south.practitioner)]]

    mail.outbox.clear()
    plan.add(north, outsider)
    do_work(days=1)

    assert [m.to for m in told_of_plans()] == [[address(outsider.practitioner)]]


def test_what_comes_after_the_mail_of_a_day_is_told_the_next_morning(north: make.Clinic, south: make.Clinic) -> None:
    at_once(south.practitioner)
    move_to_noon(south)
    published(north, south)
    do_work(minutes=5)
    assert sent_to(south.practitioner).count(SUBJECT) == 1

    published(north, south)
    do_work(minutes=5)
    assert sent_to(south.practitioner).count(SUBJECT) == 1
    do_work(days=1)

    assert sent_to(south.practitioner).count(SUBJECT) == 2


def move_to_noon(clinic: make.Clinic) -> None:
    """No quiet hours are near."""
    there = clock.now().astimezone(ZoneInfo(clinic.organization.time_zone))
    do_work(hours=(12 - there.hour) % 24)


def _team(plan: Plan, who: make.Clinic) -> set[str]:
    return {member["organization"]["id"] for member in plan.whole(who)["team"] if member["until"] is None}
