"""A credential in force on both sides, at sending and at accepting, and nobody refers to themselves."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from backend.directory.models import Credential, PractitionerRole
from tests import make
from tests.referrals.refusals import NothingStored, refused
from tests.referrals.stories import assert_readable, move_to

BAD: list[dict[str, Any]] = [
    {"expires_on": date(2020, 1, 1)},
    {"issued_on": date(2099, 1, 1)},
    {"status": "pending"},
    {"status": "suspended"},
    {"status": "revoked"},
    {"discipline": "chiropractic"},
    {"kind": "certification"},
]


@pytest.mark.parametrize("wrong", BAD, ids=lambda wrong: " ".join(map(str, wrong.values())))
def test_the_recipients_credential_is_asked_at_send(
    north: make.Clinic, south: make.Clinic, wrong: dict[str, Any]
) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    Credential.objects.filter(organization=south.organization).update(**wrong)

    assert refused(north, south, 409, "credential_invalid", client_id=client["id"])["party"] == "recipient"


@pytest.mark.parametrize("wrong", BAD, ids=lambda wrong: " ".join(map(str, wrong.values())))
def test_the_recipients_credential_is_asked_again_at_accept(
    north: make.Clinic, south: make.Clinic, wrong: dict[str, Any]
) -> None:
    sent = make.sent(north, south)
    Credential.objects.filter(organization=south.organization).update(**wrong)

    with NothingStored(north, south):
        assert_readable(make.try_move(south, sent["id"], "accept"), 409, "credential_invalid")


def test_the_senders_credential_is_asked_too(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    Credential.objects.filter(organization=north.organization).update(status="suspended")

    assert refused(north, south, 409, "credential_invalid", client_id=client["id"])["party"] == "sender"


def test_a_license_that_expires_today_counts_until_the_clinics_day_is_over(
    north: make.Clinic, south: make.Clinic
) -> None:
    """Denver's evening is tomorrow in UTC."""
    client = make.client(north)
    make.consent(north, client["id"], south)
    Credential.objects.filter(organization=south.organization).update(expires_on=date(2027, 3, 1))
    move_to(datetime(2027, 3, 2, 3, tzinfo=UTC))  # 1 March, 20:00 in Denver

    assert make.referral(north, south, client_id=client["id"])["state"] == "sent"


def test_a_clinic_needs_one_eligible_role(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    Credential.objects.filter(organization=south.organization).update(status="pending")

    refused(north, {"organization_id": south.id}, 409, "credential_invalid", client_id=client["id"])


def test_a_pool_without_anybody_is_refused(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])

    refused(north, {"discipline": "physical_therapy", "near": "Nowhere"}, 409, "empty_pool", client_id=client["id"])


def test_a_pool_of_ones_own_colleagues_is_empty(north: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "massage_therapy"}])

    refused(north, {"discipline": "massage_therapy"}, 409, "empty_pool", client_id=client["id"])


def test_nobody_refers_to_themselves(north: make.Clinic) -> None:
    client = make.client(north)

    refused(north, north, 409, "self_referral", client_id=client["id"])


def test_nobody_refers_to_themselves_in_another_organization(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    person = PractitionerRole.objects.get(pk=north.role_id).practitioner
    elsewhere = PractitionerRole.objects.create(
        practitioner=person, organization=south.organization, discipline="massage_therapy"
    )

    refused(north, {"practitioner_role_id": str(elsewhere.id)}, 409, "self_referral", client_id=client["id"])


def test_nobody_takes_their_own_referral_in_another_organization(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    make.role(south.organization, "massage_therapy")
    person = PractitionerRole.objects.get(pk=north.role_id).practitioner
    elsewhere = PractitionerRole.objects.create(
        practitioner=person, organization=south.organization, discipline="massage_therapy"
    )
    to_clinic = {"organization_id": south.id, "discipline": "massage_therapy"}
    sent = make.referral(north, to_clinic, client_id=client["id"])

    answer = make.try_move(south.system, sent["id"], "accept", practitioner_role_id=str(elsewhere.id))

    assert_readable(answer, 409, "self_referral")
