"""Several callers want the same thing at the same moment: one of them gets it, and the others learn why not."""

from collections import Counter
from functools import partial
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from backend.careplans import services as care_plans
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.referrals.models import Referral
from tests import make
from tests.careplans.plans import accepted, alone
from tests.faults.crowds import at_once, somebody_waits_for_a_lock, wait_for_a_lock, wait_until
from tests.referrals.stories import event_types, row, withdraw_consent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CROWD = 50


def test_of_fifty_who_accept_one_does(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    path = f"referrals/{sent['id']}/transitions"

    answers = at_once([lambda: make.Api(south.practitioner.token).send("POST", path, {"name": "accept"})] * CROWD)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CROWD - 1}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"wrong_state", "busy"}
    assert event_types(south, sent["id"]).count("referral.accepted") == 1
    assert row(sent["id"], south).version == sent["version"] + 1


def test_of_a_pool_exactly_one_wins(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    pool = make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"])
    path = f"referrals/{pool['id']}/transitions"

    answers = at_once(
        [lambda: make.Api(south.practitioner.token).send("POST", path, {"name": "accept"})] * 5
        + [lambda: make.Api(outsider.practitioner.token).send("POST", path, {"name": "accept"})] * 5
    )

    assert Counter(answer.status_code for answer in answers)[200] == 1
    assert {answer.status_code for answer in answers} <= {200, 404, 409}
    assert row(pool["id"], north).recipient_organization_id in (south.organization.id, outsider.organization.id)


def test_of_two_answers_to_a_pools_question_exactly_one_wins(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    pool = make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"], kind="advice")
    path, answer = f"referrals/{pool['id']}/transitions", {"name": "report", "report": make.REPORT}

    answers = at_once(
        [lambda: make.Api(south.practitioner.token).send("POST", path, answer)] * 2
        + [lambda: make.Api(outsider.practitioner.token).send("POST", path, answer)] * 2
    )

    assert Counter(each.status_code for each in answers)[200] == 1
    assert {each.status_code for each in answers} <= {200, 404, 409}
    (report,) = north.http.send("GET", f"referrals/{pool['id']}/reports").json()["results"]
    winner = row(pool["id"], north).recipient_organization
    assert winner is not None
    assert report["signature"]["practitioner"].endswith(winner.name)


def test_fifty_equal_posts_have_one_effect_and_one_answer(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    body = make.referral_body(south, client_id=client["id"])

    def post() -> Any:
        for _ in range(20):
            answer = make.Api(north.practitioner.token).send("POST", "referrals", body, **{"Idempotency-Key": "once"})
            if answer.status_code != 409:
                break
        return answer

    answers = at_once([post] * CROWD)

    assert Counter(answer.status_code for answer in answers) == {201: CROWD}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer["ETag"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer for answer in answers) == CROWD - 1
    with acting_as(north.practitioner.actor):
        assert Referral.objects.count() == 1


def test_a_withdrawal_while_accept_waits_for_its_lock_is_seen(
    north: make.Clinic, south: make.Clinic, owner_connection: Any
) -> None:
    client = make.client(north)
    consent = make.consent(north, client["id"], south)
    sent = make.referral(north, south, client_id=client["id"])
    answers: list[Any] = []

    def accept() -> None:
        answers.append(make.try_move(make.Api(south.practitioner.token), sent["id"], "accept"))
        connections.close_all()

    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT id FROM referrals_referral WHERE id = %s FOR UPDATE", [sent["id"]])
    waiting = Thread(target=accept)
    waiting.start()
    wait_until(somebody_waits_for_a_lock)
    withdraw_consent(north, client["id"], consent)
    owner_connection.commit()
    waiting.join(timeout=60)

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "consent_required")]
    assert row(sent["id"], north).accepted_at is None
    assert south.http.send("GET", f"clients/{client['id']}").status_code == 404


def test_a_change_of_a_plan_while_a_practitioner_is_taken_off_it_is_not_lost(
    north: make.Clinic, south: make.Clinic, owner_connection: Any
) -> None:
    plan, me = alone(north), south.practitioner.actor
    accepted(north, south, plan.client_id)
    with acting_as(me):
        care_plans.join_team(UUID(plan.client_id), role_id=UUID(south.role_id), accepted_at=clock.now(), actor=me)
    make.role(south.organization, "physical_therapy")
    before = plan.whole(north)["version"]

    def hand_over() -> None:
        with acting_as(system_of(me.clinic_id)):
            care_plans.hand_over_role(UUID(south.role_id), actor=system_of(me.clinic_id))
        connections.close_all()

    with owner_connection.cursor() as cursor:
        cursor.execute("UPDATE careplans_careplan SET version = version + 1 WHERE id = %s", [plan.id])
    waiting = Thread(target=hand_over)
    waiting.start()
    wait_until(somebody_waits_for_a_lock)
    owner_connection.commit()
    waiting.join(timeout=60)

    assert plan.whole(north)["version"] == before + 2


def test_of_two_who_change_one_line_at_the_same_moment_the_other_learns_who_did(
    north: make.Clinic, owner_connection: Any
) -> None:
    plan = alone(north)
    line = plan.line(north)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Ada Quick")
    path, version = f"{plan.path}/interventions/{line['id']}", {"If-Match": f'"{line["version"]}.0"'}
    calls = [
        partial(make.Api(who.token).send, "PATCH", path, {"minutes": minutes}, **version)
        for who, minutes in ((north.practitioner, 30), (colleague, 40))
    ]
    before = changes_of_line(owner_connection, line["id"])
    answers: list[Any] = []

    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT id FROM careplans_careplan WHERE id = %s FOR UPDATE", [plan.id])
    both = Thread(target=lambda: answers.extend(at_once(calls)))
    both.start()
    wait_until(lambda: wait_for_a_lock() == len(calls))
    owner_connection.commit()
    both.join(timeout=60)

    won, lost = sorted(answers, key=lambda answer: int(answer.status_code))
    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 412, "stale"), lost.content
    now, who = plan.row(north, "interventions", line["id"]), {30: "North Massage Practitioner", 40: "Ada Quick"}
    assert (now["minutes"], now["version"]) == (won.json()["minutes"], line["version"] + 1)
    assert (lost.json()["changed_by"], lost.json()["changed_at"]) == (who[now["minutes"]], now["updated_at"])
    assert changes_of_line(owner_connection, line["id"]) == before + 1


def changes_of_line(owner_connection: Any, line_id: str) -> int:
    """How many rows the line's history has, by who sees them all."""
    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM careplans_interventionchange WHERE pgh_obj_id = %s", [line_id])
        found = int(cursor.fetchone()[0])
    owner_connection.commit()
    return found


def test_a_lock_that_takes_too_long_is_busy_and_no_error(
    north: make.Clinic, south: make.Clinic, owner_connection: Any
) -> None:
    sent = make.sent(north, south)
    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT id FROM referrals_referral WHERE id = %s FOR UPDATE", [sent["id"]])

    answer = make.try_move(south, sent["id"], "accept")

    assert (answer.status_code, answer.json()["code"], "Retry-After" in answer) == (409, "busy", True)


def test_sender_and_recipient_who_cross_do_not_both_win(north: make.Clinic, south: make.Clinic) -> None:
    for _ in range(5):
        sent = make.sent(north, south)
        path = f"referrals/{sent['id']}/transitions"
        withdraw = {"name": "withdraw", "reason": "better"}
        decline = {"name": "decline", "reason": "no_capacity"}

        answers = at_once(
            [
                partial(make.Api(north.practitioner.token).send, "POST", path, withdraw),
                partial(make.Api(south.practitioner.token).send, "POST", path, decline),
            ]
        )

        assert sorted(answer.status_code for answer in answers) == [200, 409]
