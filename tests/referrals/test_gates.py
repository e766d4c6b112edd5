"""Every gate of sending and accepting: what is refused says why, and stores nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from backend.clients.models import Hold
from backend.directory.models import Credential, PractitionerRole
from backend.lib.problems import Conflict
from backend.lib.unit_of_work import acting_as
from backend.referrals import drafts, services
from backend.referrals.inputs import NewReferral
from tests import make
from tests.referrals.stories import GUEST, as_client, assert_readable, in_state, move_to, now, row, withdraw_consent

EMERGENCY, SAME_DAY, LATER = "RF01", "RF12", "RF14"


def rows_stored() -> dict[str, int]:
    """How many rows each table holds that sending may write, whoever may see them."""
    tables = [
        "referrals_referral", "referrals_package", "referrals_guest", "referrals_step", "referrals_message",
        "audit_event", "audit_work", "clients_access", "clients_hold", "clients_consent",
    ]  # fmt: skip
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[table] = cursor.fetchone()[0]
    return counts


class Stored:
    """Fails when what was refused left a row behind. Counts as the sender, and what has no wall whole."""

    def __init__(self, *clinics: make.Clinic) -> None:
        self.clinics = clinics

    def counted(self) -> list[dict[str, int]]:
        found = []
        for clinic in self.clinics:
            with acting_as(clinic.practitioner.actor):
                found.append(rows_stored())
        return found

    def __enter__(self) -> "Stored":
        self.before = self.counted()
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            assert self.counted() == self.before


def refused(sender: make.Clinic, to: Any, status: int, code: str, *others: make.Clinic, **more: Any) -> Any:
    """A send that is refused and stores nothing, on either side."""
    with Stored(sender, *others):
        answer = sender.http.send("POST", "referrals", make.referral_body(to, **more))
        return assert_readable(answer, status, code)


# --- consent -------------------------------------------------------------------------------------------------------


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


# --- credentials ---------------------------------------------------------------------------------------------------

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

    with Stored(north, south):
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


# --- oneself -------------------------------------------------------------------------------------------------------


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


# --- red flags and the question ------------------------------------------------------------------------------------


@pytest.fixture
def ready(north: make.Clinic, south: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], south)
    return client


def flags(*codes: str, **more: Any) -> dict[str, Any]:
    return {"asked": True, "positive": list(codes), **more}


def test_red_flags_are_asked(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    not_asked = {"asked": False, "positive": []}

    refused(north, south, 409, "red_flags_unanswered", client_id=ready["id"], red_flags=not_asked)
    body = make.referral_body(south, client_id=ready["id"])
    del body["red_flags"]
    assert_readable(north.http.send("POST", "referrals", body), 409, "red_flags_unanswered")


def test_an_emergency_is_called_first(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    refused(north, south, 409, "emergency_first", client_id=ready["id"], priority="asap", red_flags=flags(EMERGENCY))


def test_an_emergency_that_was_called_is_sent_and_holds_the_region(
    north: make.Clinic, south: make.Clinic, ready: Any
) -> None:
    called = flags(EMERGENCY, emergency_action="Called 911, taken to General.")

    sent = make.referral(north, south, client_id=ready["id"], priority="asap", red_flags=called)

    with acting_as(north.practitioner.actor):
        hold = Hold.objects.get(client_id=ready["id"])
    assert (str(hold.subject_id), hold.regions, hold.cleared_at) == (sent["id"], sent["regions"], None)


@pytest.mark.parametrize("priority", ["routine", "urgent"])
def test_a_same_day_flag_needs_the_priority_asap(
    north: make.Clinic, south: make.Clinic, ready: Any, priority: str
) -> None:
    named = flags(SAME_DAY, why_not_medicine="Seen by the doctor this morning.")

    refused(north, south, 409, "priority_too_low", client_id=ready["id"], priority=priority, red_flags=named)


def test_a_same_day_flag_goes_to_medicine_or_says_why_not(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    refused(north, south, 409, "medicine_first", client_id=ready["id"], priority="asap", red_flags=flags(SAME_DAY))


def test_a_same_day_flag_holds_the_region_for_the_whole_circle(
    north: make.Clinic, south: make.Clinic, ready: Any
) -> None:
    named = flags(SAME_DAY, why_not_medicine="Seen by the doctor this morning.")

    sent = make.referral(north, south, client_id=ready["id"], priority="asap", red_flags=named)
    make.move(south, sent["id"], "accept")

    actor = south.practitioner.actor
    with acting_as(actor):
        assert [hold.because for hold in Hold.objects.visible_to(actor)] == ["red_flag"]


def test_a_flag_that_can_wait_holds_nothing(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    sent = make.referral(north, south, client_id=ready["id"], red_flags=flags(LATER))

    assert row(sent["id"], north).has_red_flag
    with acting_as(north.practitioner.actor):
        assert not Hold.objects.exists()


def test_the_clients_own_yes_holds_the_region_too(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    named = flags(SAME_DAY, why_not_medicine="Seen by the doctor this morning.")
    asked = make.referral(
        north, south, client_id=client["id"], priority="asap", red_flags=named, send=False, ask_consent=True
    )
    actor = as_client(client["id"])

    with acting_as(actor):
        services.move_referral(asked["id"], "consent_given", actor=actor)

    with acting_as(north.practitioner.actor):
        assert Hold.objects.get().organization_id == north.organization.id
    assert row(asked["id"], south).state == "sent"


def test_a_region_is_named(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    refused(north, south, 400, "region_required", client_id=ready["id"], regions=[])


@pytest.mark.parametrize("field", ["kind", "question", "reason", "to"])
def test_what_the_sender_must_say_is_asked(north: make.Clinic, south: make.Clinic, ready: Any, field: str) -> None:
    body = make.referral_body(south, client_id=ready["id"])
    del body[field]

    with Stored(north, south):
        answer = north.http.send("POST", "referrals", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


# --- duplicates, numbers, rights -------------------------------------------------------------------------------------


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

    with Stored(north, south):
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

    with Stored(north, south):
        assert_readable(north.coordinator.http.send("POST", "referrals", body), 403, "right_required")
    draft = north.coordinator.http.send("POST", "referrals", {**body, "send": False}).json()
    sent = make.move(north, draft["id"], "send")
    assert (sent["state"], sent["sender"]["practitioner_role"]["id"]) == ("sent", north.role_id)


@pytest.mark.parametrize("who", ["admin", "auditor"])
def test_who_neither_treats_nor_coordinates_writes_no_referral(
    north: make.Clinic, south: make.Clinic, ready: Any, who: str
) -> None:
    body = make.referral_body(south, client_id=ready["id"])

    with Stored(north, south):
        assert_readable(getattr(north, who).http.send("POST", "referrals", body), 403, "right_required")


def test_a_system_names_who_refers(north: make.Clinic, south: make.Clinic, ready: Any) -> None:
    body = make.referral_body(south, client_id=ready["id"])

    with Stored(north, south):
        assert_readable(north.system.send("POST", "referrals", body), 403, "practitioner_required")
    named = {"on_behalf_of": {"practitioner_role_id": north.role_id}}
    sent = north.system.send("POST", "referrals", {**body, **named})
    assert sent.status_code == 201, sent.content
    assert sent.json()["sender"]["practitioner_role"]["id"] == north.role_id


def test_a_client_of_another_clinic_is_unknown(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(south)
    body = make.referral_body(south, client_id=client["id"])

    with Stored(north, south):
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
