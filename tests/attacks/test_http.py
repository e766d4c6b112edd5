"""Attacks through the API: second read paths, replays, mixed-up callers."""

from datetime import timedelta
from typing import Any

import pytest

from backend.lib import clock
from backend.lib.ids import uuid7
from tests import make

UNSEEN = ("Canary", "North Massage")


def pool_referral(north: make.Clinic, **more: Any) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    return make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"], **more)


def withdraw(north: make.Clinic, client_id: str) -> None:
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    assert north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {}).status_code == 200


def listed(who: make.Clinic, query: str) -> list[str]:
    answer = who.http.send("GET", f"referrals?{query}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


# --- what a pool may guess --------------------------------------------------------------------------------------------


def test_a_pool_cannot_ask_by_filter_whose_referral_it_is(north: make.Clinic, south: make.Clinic) -> None:
    sent = pool_referral(north, sender_identifier={"system": "urn:n", "value": "R-1"})
    assert sent["id"] in listed(south, "box=ours")
    assert sent["id"] not in listed(south, f"client_id={sent['client']['id']}")
    assert sent["id"] not in listed(south, f"assigned_to={north.role_id}")
    found = south.http.send("POST", "referrals/search", {"identifier": {"system": "urn:n", "value": "R-1"}})
    assert found.json()["results"] == []
    assert sent["id"] in listed(north, f"client_id={sent['client']['id']}")
    assert sent["id"] in listed(north, f"assigned_to={north.role_id}")


@pytest.mark.parametrize("name", ["accept", "book", "decline", "report", "release", "send", "assign", "pass"])
def test_no_refusal_tells_a_pool_who_sent(north: make.Clinic, south: make.Clinic, name: str) -> None:
    sent = pool_referral(north)
    withdraw(north, sent["client"]["id"])
    answer = make.try_move(south, sent["id"], name)
    assert not any(word in answer.content.decode() for word in UNSEEN), answer.content


@pytest.mark.parametrize("path", ["", "/messages", "/reports", "/attachments", "/letter"])
def test_every_way_to_read_a_pools_referral_is_a_glance(north: make.Clinic, south: make.Clinic, path: str) -> None:
    sent = pool_referral(north)
    answer = south.http.send("GET", f"referrals/{sent['id']}{path}")
    assert not any(word in answer.content.decode(errors="replace") for word in UNSEEN)


# --- after the yes has ended -----------------------------------------------------------------------------------------


def test_a_replay_gives_nothing_back_that_was_closed_since(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    question = {"name": "ask_information", "question": "Since when?"}
    key = {"Idempotency-Key": "again"}
    path = f"referrals/{sent['id']}/transitions"
    first = south.http.send("POST", path, question, **key)
    assert first.status_code == 200
    assert "Canary" in first.content.decode()
    withdraw(north, sent["client"]["id"])
    again = south.http.send("POST", path, question, **key)
    assert "Canary" not in again.content.decode()


def test_a_replay_does_not_name_a_client_whose_consent_ended_since(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    until = (clock.now() + timedelta(days=100)).date().isoformat()
    consent = make.consent(north, client["id"], south, expires_on=until)
    make.move(south, make.referral(north, south, client_id=client["id"])["id"], "accept")
    path, body = (
        f"clients/{client['id']}/consents/{consent['id']}/renew",
        {"method": "verbal", "expires_on": "2099-01-01"},
    )
    first = south.http.send("POST", path, body, **{"Idempotency-Key": "again"})

    withdraw(north, client["id"])
    again = south.http.send("POST", path, body, **{"Idempotency-Key": "again"})

    assert "Canary" in first.content.decode()
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_a_former_recipient_cannot_ask_by_filter_who_the_client_was(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    withdraw(north, sent["client"]["id"])
    assert "client" in south.http.send("GET", f"referrals/{sent['id']}").json()["withheld"]
    assert listed(south, f"client_id={sent['client']['id']}") == []


def test_what_was_sent_in_error_is_gone_on_every_way(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, order={"number": "CanaryOrder", "by": "Canary Doctor"})
    make.move(south, sent["id"], "accept")
    make.move(north, sent["id"], "withdraw", reason="sent_in_error", detail="Canary was meant for another.")
    for path in ("", "/messages", "/reports", "/attachments", "/letter"):
        answer = south.http.send("GET", f"referrals/{sent['id']}{path}")
        assert "Canary" not in answer.content.decode(errors="replace"), path
    assert "Canary" not in south.http.send("GET", "referrals").content.decode()


def test_an_older_yes_that_ended_does_not_stop_a_newer_one(north: make.Clinic, south: make.Clinic) -> None:
    """Two consents cover the recipient; one is withdrawn: accepting works under the other."""
    sent = make.sent(north, south)
    make.consent(north, sent["client"]["id"], south)
    consents = north.http.send("GET", f"clients/{sent['client']['id']}/consents").json()["results"]
    for consent in sorted(consents, key=lambda c: c["given_at"])[:1]:
        north.http.send("POST", f"clients/{sent['client']['id']}/consents/{consent['id']}/withdraw", {})
    make.move(south, sent["id"], "accept")
    assert south.http.send("GET", f"clients/{sent['client']['id']}").status_code == 200


# --- who is calling -----------------------------------------------------------------------------------------------


def test_two_people_of_one_tool_do_not_replay_each_others_answers(north: make.Clinic) -> None:
    tool = make.application(north.organization)
    tokens = [make.token(member=person.member, of=tool) for person in (north.practitioner, north.coordinator)]
    one, other = (make.Api(token) for token in tokens)
    body = {"family_name": "Canary"}
    first = one.send("POST", "clients", body, **{"Idempotency-Key": "k"})
    second = other.send("POST", "clients", body, **{"Idempotency-Key": "k"})
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


def test_the_token_of_an_account_that_was_switched_off_opens_nothing(north: make.Clinic) -> None:
    user = north.practitioner.member.user
    user.is_active = False
    user.save()
    assert north.http.send("GET", "me").status_code == 401
    assert make.signed_in(user).send("GET", "me").status_code == 401


def test_the_token_of_a_member_who_left_opens_nothing(north: make.Clinic) -> None:
    member = north.practitioner.member
    browser = make.signed_in(member.user)
    assert browser.send("GET", "clients").status_code == 200
    member.ended_at = clock.now()
    member.save()
    assert north.http.send("GET", "clients").status_code == 401
    assert browser.send("GET", "clients").status_code in (401, 403)


def test_a_system_of_no_clinic_is_nobody(north: make.Clinic) -> None:
    tool = make.application(north.organization)
    tool.organization = None
    tool.save()
    http = make.Api(make.token(of=tool))
    for path in ("referrals", "clients", "events", "me", "referrals/figures"):
        assert http.send("GET", path).status_code == 401, path


def test_a_broken_glass_is_never_for_writing(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    south.organization.break_glass_enabled = True
    south.organization.save()
    opened = south.http.send(
        "POST", f"clients/{client['id']}/break-glass", {"reason": "Collapsed in the waiting room."}
    )
    assert opened.status_code == 201, opened.content
    body = make.referral_body({"discipline": "chiropractic"}, client_id=client["id"], send=False)
    assert south.http.send("POST", "referrals", body).status_code == 403
    for path, sent in (
        ("consents", {"categories": [], "method": "verbal"}),
        ("precautions", {"code": "anticoag"}),
        ("representatives", {"name": "X Y", "relationship": "parent"}),
        ("holds", {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}),
    ):
        assert south.http.send("POST", f"clients/{client['id']}/{path}", sent).status_code == 403, path


# --- other people's things in a body ----------------------------------------------------------------------------------


def test_a_visit_is_booked_once_and_only_ones_own(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")
    booked = make.move(south, sent["id"], "book", visit=make.visit_window())
    visit_id = booked["visits"][0]["id"]
    again = make.try_move(south, sent["id"], "book", visit_id=visit_id)
    assert again.status_code in (200, 400, 409), again.content
    other = make.sent(north, east)
    make.move(east, other["id"], "accept")
    assert make.try_move(east, other["id"], "book", visit_id=visit_id).status_code == 400
    assert make.try_move(east, other["id"], "book", visit_id=str(uuid7())).status_code == 400


def test_a_foreign_own_client_reads_like_a_random_one(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = make.sent(north, south)
    theirs = make.client(outsider)["id"]
    answers = [make.try_move(south, sent["id"], "accept", own_client_id=pk) for pk in (theirs, str(uuid7()))]
    bodies = [{k: v for k, v in a.json().items() if k != "request_id"} for a in answers]
    assert answers[0].status_code == answers[1].status_code >= 400
    assert bodies[0] == bodies[1]


def test_a_file_of_another_clinic_is_not_sent_along(north: make.Clinic, outsider: make.Clinic) -> None:
    made = outsider.http.generic("POST", "/api/v1/attachments", data=b"%PDF-1.4 canary", content_type="application/pdf")
    client = make.client(north)["id"]
    body = make.referral_body(
        {"discipline": "chiropractic"}, client_id=client, send=False, attachment_ids=[made.json()["id"]]
    )
    assert north.http.send("POST", "referrals", body).status_code == 400
    assert north.http.send("GET", f"attachments/{made.json()['id']}").status_code == 404


def test_another_clinics_number_is_never_told(north: make.Clinic, outsider: make.Clinic) -> None:
    facts = {"family_name": "Canary", "local_identifier": "C-1", "identifiers": [{"system": "urn:x", "value": "7"}]}
    assert north.http.send("POST", "clients", facts).status_code == 201
    assert outsider.http.send("POST", "clients", facts).status_code == 201
    taken = outsider.http.send("POST", "clients", facts)
    assert taken.status_code == 409
    assert north.id not in taken.content.decode()


# --- a recipient widens ------------------------------------------------------------------------------------------------


def test_a_recipient_writes_itself_no_wider_yes(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    sent = make.sent(north, south)
    client_id = sent["client"]["id"]
    precaution = {"code": "anticoag", "note": "Canary secret.", "is_sensitive": True}
    assert north.http.send("POST", f"clients/{client_id}/precautions", precaution).status_code == 201
    make.move(south, sent["id"], "accept")
    body = {"organization_ids": [north.id], "categories": ["sensitive"], "method": "verbal"}
    answer = south.http.send("POST", f"clients/{client_id}/consents", body)
    assert answer.status_code == 409, answer.content
    assert answer.json()["code"] == "client_is_asked"
    wider = {"organization_ids": [north.id, east.id], "categories": ["plan"], "method": "verbal"}
    assert south.http.send("POST", f"clients/{client_id}/consents", wider).status_code == 409
    assert "Canary" not in south.http.send("GET", f"clients/{client_id}/precautions").content.decode()
    for unknown in ({"pools": [{"discipline": "chiropractic"}]}, {"guests": [{"email": "thief@example.org"}]}):
        more = {"organization_ids": [north.id], "categories": ["plan"], "method": "verbal", **unknown}
        assert south.http.send("POST", f"clients/{client_id}/consents", more).json()["code"] == "client_is_asked"
    own = {"organization_ids": [east.id], "categories": ["plan"], "method": "verbal"}
    assert south.http.send("POST", f"clients/{client_id}/consents", own).status_code == 201
    same = {"organization_ids": [north.id], "categories": ["plan"], "method": "verbal"}
    assert south.http.send("POST", f"clients/{client_id}/consents", same).status_code == 201
