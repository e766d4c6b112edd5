"""A pool: who sees it, who wins it by accepting or answering, and what happens when it is given back."""

from datetime import timedelta
from typing import Any

import pytest

from backend.clients.models import Access
from backend.directory.models import Credential, PractitionerRole
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import rows
from tests.referrals.stories import advance, assert_readable, event_types, move_to, now, read, row

pytestmark = pytest.mark.django_db(transaction=True)


def pool(north: make.Clinic, **more: Any) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    return make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"], **more)


def no_license(clinic: make.Clinic) -> None:
    Credential.objects.filter(organization=clinic.organization).update(expires_on=now().date() - timedelta(days=2))


def certificate_only(clinic: make.Clinic) -> None:
    Credential.objects.filter(organization=clinic.organization).update(kind="certification")


def not_verified(clinic: make.Clinic) -> None:
    Credential.objects.filter(organization=clinic.organization).update(status="pending")


def away(clinic: make.Clinic) -> None:
    PractitionerRole.objects.filter(pk=clinic.role_id).update(away_until=now().date() + timedelta(days=3))


def not_accepting(clinic: make.Clinic) -> None:
    PractitionerRole.objects.filter(pk=clinic.role_id).update(is_accepting=False)


@pytest.mark.parametrize("change", [no_license, not_verified, away, not_accepting])
def test_who_could_not_take_it_sees_nothing_of_a_pool(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, change: Any
) -> None:
    sent = pool(north)
    assert read(outsider, sent["id"]).status_code == 200

    change(outsider)

    assert read(outsider, sent["id"]).status_code == 404
    assert not rows(outsider, "SELECT 1 FROM referrals_referral WHERE id = %s", sent["id"])
    assert read(south, sent["id"]).status_code == 200


def test_a_certificate_is_not_the_license_a_discipline_asks_for(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = pool(north)

    certificate_only(outsider)

    assert read(outsider, sent["id"]).status_code == 404


def test_who_answers_a_pools_question_wins_it(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    sent = pool(north, kind="advice")
    offered = {step["name"] for step in read(south, sent["id"]).json()["available_transitions"]}

    answered = make.move(south, sent["id"], "report", report=make.REPORT)

    assert offered == {"accept", "pass", "report"}
    assert (answered["state"], answered["whose_move"], answered["package"]["reason"]) == (
        "reported", "sender", "Guarding limits exercise",
    )  # fmt: skip
    assert answered["recipient"]["organization"]["id"] == south.id
    assert read(outsider, sent["id"]).status_code == 404
    consent = north.http.send("GET", f"clients/{sent['client']['id']}/consents").json()["results"][0]
    assert south.id in str(consent)
    assert make.move(north, sent["id"], "acknowledge", plan_change="no_change")["state"] == "closed"
    with acting_as(south.practitioner.actor):
        assert not Access.objects.live().filter(referral_id=sent["id"]).exists()


def test_only_a_question_is_answered_by_a_report_of_a_pools_member(north: make.Clinic, south: make.Clinic) -> None:
    sent = pool(north)

    answer = make.try_move(south, sent["id"], "report", report=make.REPORT)

    assert_readable(answer, 409, "wrong_state")
    assert row(sent["id"], north).recipient_organization_id is None


def test_an_answer_without_a_license_in_force_takes_nothing(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    """A colleague's license keeps the clinic in the pool; the one who answers needs one of their own."""
    sent = pool(north, kind="advice")
    other = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Other Colleague")
    assert other.role is not None
    Credential.objects.filter(practitioner=other.role.practitioner).update(status="suspended")

    assert_readable(make.try_move(other, sent["id"], "report", report=make.REPORT), 409, "credential_invalid")
    assert (row(sent["id"], north).state, row(sent["id"], north).recipient_organization_id) == ("sent", None)


def test_what_is_given_back_goes_on_with_the_time_that_was_left(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    move_to(now().replace(year=2027, month=3, day=1, hour=17, minute=0))  # a Monday, 10:00 in Denver
    sent = pool(north)
    move_to(now() + timedelta(days=1))
    make.move(south, sent["id"], "accept")
    move_to(now() + timedelta(hours=2))

    make.move(south, sent["id"], "release")

    due = row(sent["id"], north).due_at
    assert due is not None
    assert timedelta(days=2) < due - now() < timedelta(days=3)  # two of the three days were left
    assert "referral.pool_exhausted" not in event_types(north, sent["id"])


def test_the_sender_is_told_at_once_when_nobody_is_left(north: make.Clinic, south: make.Clinic) -> None:
    sent = pool(north)
    make.move(south, sent["id"], "accept")

    make.move(south, sent["id"], "release")
    advance(seconds=2)

    assert "referral.pool_exhausted" in event_types(north, sent["id"])
    assert row(sent["id"], north).state == "sent"
    assert "redirect" in {step["name"] for step in read(north, sent["id"]).json()["available_transitions"]}


def test_the_last_who_lets_it_pass_tells_the_sender(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = pool(north)

    make.move(south, sent["id"], "pass")
    one_left = event_types(north, sent["id"])
    make.move(outsider, sent["id"], "pass")

    assert "referral.pool_exhausted" not in one_left
    assert event_types(north, sent["id"])[-1] == "referral.pool_exhausted"
