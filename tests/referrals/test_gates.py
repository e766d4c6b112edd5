"""The other gates of sending: duplicates, numbers, rights, whose client it is."""

from typing import Any

import pytest

from backend.lib.problems import Conflict
from backend.lib.unit_of_work import acting_as
from backend.referrals import drafts
from backend.referrals.inputs import NewReferral
from tests import make
from tests.referrals.refusals import NothingStored, refused
from tests.referrals.stories import assert_readable, in_state


def test_a_second_open_referral_warns_and_is_sent(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    first = make.referral(north, south, client_id=ready["id"])

    second = make.referral(north, south, client_id=ready["id"])

    assert first["warnings"] == []
    assert [(w["code"], w["referral_ids"]) for w in second["warnings"]] == [("possible_duplicate", [first["id"]])]


def test_another_region_is_no_duplicate(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    make.referral(north, south, client_id=ready["id"])

    second = make.referral(north, south, client_id=ready["id"], regions=[{"region": "knee", "side": "left"}])

    assert second["warnings"] == []


def test_a_number_of_the_sender_is_used_once(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    number = {"system": "urn:north", "value": "A-1"}
    first = make.referral(north, south, client_id=ready["id"], sender_identifier=number)

    body = refused(north, south, 409, "identifier_taken", client_id=ready["id"], sender_identifier=number)

    assert body["existing"] == first["id"]


def test_a_number_of_the_recipient_is_used_once(north: make.Clinic, south: make.Clinic) -> None:
    number = {"system": "urn:south", "value": "B-1"}
    first, second = make.sent(north, south), make.sent(north, south)
    make.move(south, first["id"], "accept", recipient_identifier=number)

    with NothingStored(north, south):
        answer = make.try_move(south, second["id"], "accept", recipient_identifier=number)
    assert assert_readable(answer, 409, "identifier_taken")["existing"] == first["id"]


def test_two_clinics_may_use_the_same_number(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    number = {"system": "urn:shared", "value": "1"}

    for sender in (north, south):
        client = make.client(sender)
        make.consent(sender, client["id"], east)
        assert make.referral(sender, east, client_id=client["id"], sender_identifier=number)["state"] == "sent"


def test_a_coordinator_prepares_and_does_not_send(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    body = make.referral_body(south, client_id=ready["id"])

    with NothingStored(north, south):
        assert_readable(north.coordinator.http.send("POST", "referrals", body), 403, "right_required")
    draft = north.coordinator.http.send("POST", "referrals", {**body, "send": False}).json()
    sent = make.move(north, draft["id"], "send")
    assert (sent["state"], sent["sender"]["practitioner_role"]["id"]) == ("sent", north.role_id)


@pytest.mark.parametrize("who", ["admin", "auditor"])
def test_who_neither_treats_nor_coordinates_writes_no_referral(
    north: make.Clinic, south: make.Clinic, ready: Any, who: str
) -> None:
    body = make.referral_body(south, client_id=ready["id"])

    with NothingStored(north, south):
        assert_readable(getattr(north, who).http.send("POST", "referrals", body), 403, "right_required")


def test_a_system_names_who_refers(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    body = make.referral_body(south, client_id=ready["id"])

    with NothingStored(north, south):
        assert_readable(north.system.send("POST", "referrals", body), 403, "practitioner_required")
    named = {"on_behalf_of": {"practitioner_role_id": north.role_id}}
    sent = north.system.send("POST", "referrals", {**body, **named})
    assert sent.status_code == 201, sent.content
    assert sent.json()["sender"]["practitioner_role"]["id"] == north.role_id


def test_a_client_of_another_clinic_is_unknown(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(south)
    body = make.referral_body(south, client_id=client["id"])

    with NothingStored(north, south):
        assert north.http.send("POST", "referrals", body).status_code == 404


def test_the_service_layer_refuses_as_the_api_does(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    checked = NewReferral(data=make.referral_body(south, client_id=client["id"]))
    checked.is_valid(raise_exception=True)
    actor = north.practitioner.actor

    with pytest.raises(Conflict) as refusal, acting_as(actor):
        drafts.create_referral(actor=actor, fields=checked.validated_data)

    assert refusal.value.code == "consent_required"


def test_a_holder_of_the_shared_record_passes_on_only_its_own_words(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    sent = in_state("accepted", north, south)
    client_id = sent["client"]["id"]
    noted = {"code": "anticoag", "regions": [], "note": "North's own words"}
    assert north.http.send("POST", f"clients/{client_id}/precautions", noted).status_code == 201
    make.consent(south, client_id, east)

    passed_on = make.referral(south, east, client_id=client_id)

    assert passed_on["package"]["precautions"] == []
    assert "North's own words" not in str(east.http.send("GET", f"referrals/{passed_on['id']}").json())
