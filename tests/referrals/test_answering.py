"""The recipient answers: asks back, accepts, declines."""

import pytest

from backend.clients.models import Registration
from backend.directory.models import PractitionerRole
from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.referrals.stories import assert_readable, in_state, read


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
