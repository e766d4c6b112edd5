"""Nothing is sent without a consent that covers it, and what is refused stores nothing."""

from datetime import timedelta

import pytest

from backend.directory.models import PractitionerRole
from tests import make
from tests.referrals.refusals import refused
from tests.referrals.stories import GUEST, assert_readable, in_state, move_to, now, withdraw_consent


def test_without_consent_nothing_is_sent(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)

    body = refused(north, south, 409, "consent_required", south, client_id=client["id"])

    assert body["missing"] == ["consent"]
    assert body["how"]


def test_a_consent_for_another_clinic_does_not_count(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], east)

    refused(north, south, 409, "consent_required", client_id=client["id"])


def test_a_consent_of_another_client_does_not_count(north: make.Clinic, south: make.Clinic) -> None:
    client, other = make.client(north), make.client(north)
    make.consent(north, other["id"], south)

    refused(north, south, 409, "consent_required", client_id=client["id"])


def test_two_circles_do_not_add_up(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    """South holds the record in one circle, north and east share another: south may not send to east."""
    sent = in_state("accepted", north, south)
    make.consent(north, sent["client"]["id"], east)

    refused(south, east, 409, "consent_required", client_id=sent["client"]["id"])


def test_a_withdrawn_consent_does_not_count(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    withdraw_consent(north, client["id"], make.consent(north, client["id"], south))

    refused(north, south, 409, "consent_required", client_id=client["id"])


def test_an_expired_consent_does_not_count(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south, expires_on=(now() + timedelta(days=2)).date().isoformat())
    move_to(now() + timedelta(days=4))

    refused(north, south, 409, "consent_required", client_id=client["id"])


def test_who_the_client_excluded_is_not_referred_to(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    excluded = str(PractitionerRole.objects.get(pk=south.role_id).practitioner_id)
    make.consent(north, client["id"], south, excluded_practitioner_ids=[excluded])

    refused(north, south, 409, "consent_required", client_id=client["id"])


def test_who_the_client_excluded_cannot_take_what_was_sent_to_the_clinic(
    north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    excluded = str(PractitionerRole.objects.get(pk=south.role_id).practitioner_id)
    make.consent(north, client["id"], south, excluded_practitioner_ids=[excluded])
    make.role(south.organization)
    sent = make.referral(north, {"organization_id": south.id}, client_id=client["id"])

    shown = south.http.send("GET", f"referrals/{sent['id']}").json()
    assert "package" in shown["withheld"]
    assert_readable(make.try_move(south, sent["id"], "accept"), 409, "excluded")


def test_a_guest_needs_a_consent_that_names_the_address(north: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], guests=[{"email": "somebody@else.example"}])

    refused(north, GUEST, 409, "consent_required", client_id=client["id"])


def test_a_guest_named_in_the_consent_is_sent_to(north: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], guests=[{"email": "GIL@guest.example"}])

    assert make.referral(north, GUEST, client_id=client["id"])["state"] == "sent"


def test_a_pool_needs_a_consent_that_names_it(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "chiropractic"}])

    refused(
        north, {"discipline": "physical_therapy", "near": "Denver"}, 409, "consent_required", client_id=client["id"]
    )


def test_a_consent_for_one_place_does_not_reach_everywhere(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy", "near": "Boulder"}])

    refused(
        north, {"discipline": "physical_therapy", "near": "Denver"}, 409, "consent_required", client_id=client["id"]
    )


def test_inside_one_organization_no_consent_is_needed(north: make.Clinic) -> None:
    client = make.client(north)
    colleague = make.role(north.organization, "chiropractic")

    sent = make.referral(north, {"practitioner_role_id": str(colleague.id)}, client_id=client["id"])

    assert sent["state"] == "sent"


def test_advice_without_a_client_needs_no_consent(north: make.Clinic, south: make.Clinic) -> None:
    assert make.referral(north, south, kind="advice")["state"] == "sent"


@pytest.mark.parametrize("kind", ["evaluate", "evaluate_and_treat", "co_manage"])
def test_only_advice_goes_without_a_client(north: make.Clinic, south: make.Clinic, kind: str) -> None:
    refused(north, south, 400, "client_required", kind=kind)


def test_a_draft_without_a_client_stays_a_question(north: make.Clinic, south: make.Clinic) -> None:
    draft = make.referral(north, south, kind="advice", send=False)

    answer = north.http.send(
        "PATCH", f"referrals/{draft['id']}", {"kind": "evaluate"}, **{"If-Match": f'"{draft["version"]}.x"'}
    )

    assert_readable(answer, 400, "client_required")
