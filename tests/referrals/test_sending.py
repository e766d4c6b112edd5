"""What happens before the recipient has it: drafts, and the client who is asked."""

import pytest

from backend.directory.models import Credential
from backend.lib.unit_of_work import acting_as
from backend.referrals import services
from tests import make
from tests.referrals.stories import GUEST, as_client, assert_readable, read


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
