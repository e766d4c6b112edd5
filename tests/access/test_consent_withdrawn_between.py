"""One signed-in person, two requests, a consent withdrawn between them: the second is refused on every way out."""

from typing import Any

import pytest

from backend.audit.work import run_due
from tests import make
from tests.access.situations import PDF
from tests.notes.writing import signed
from tests.record.feed import settle

pytestmark = pytest.mark.django_db(transaction=True)
WORD = "Zqbetween"


@pytest.fixture
def told(north: make.Clinic, south: make.Clinic) -> dict[str, str]:
    """A client with a letter, a message and a precaution, and a referral that was sent to South."""
    client = make.client(north, family_name=f"{WORD}-family", email=f"{WORD}@example.org", birth_date="1931-02-03")
    consent = make.consent(north, client["id"], south)
    north.http.send("POST", f"clients/{client['id']}/precautions", {"code": "anticoag", "note": f"{WORD}-note"})
    address = f"/api/v1/attachments?name={WORD}.pdf"
    letter = north.http.generic("POST", address, PDF, content_type="application/octet-stream").json()["id"]
    words = {"reason": f"{WORD}-reason", "question": f"{WORD}-question", "findings": f"{WORD}-findings"}
    sent = make.referral(north, south, client_id=client["id"], attachment_ids=[letter], **words)
    north.http.send("POST", f"referrals/{sent['id']}/messages", {"text": f"{WORD}-message"})
    picture = north.http.generic("POST", address, PDF, content_type="application/octet-stream").json()["id"]
    note = signed(north, client["id"], attachment_ids=[picture])["id"]
    ids = {"client": client["id"], "consent": consent["id"], "referral": sent["id"], "note": note}
    return {**ids, "letter": letter, "picture": picture}


def ways_out(http: make.Api, told: dict[str, str]) -> dict[str, Any]:
    """Every way by which something about the client can come out, for one and the same signed-in person."""
    client, referral = f"/api/v1/clients/{told['client']}", f"/api/v1/referrals/{told['referral']}"
    reads = {
        "client": client,
        "clients": "/api/v1/clients",
        "consents": f"{client}/consents",
        "consent": f"{client}/consents/{told['consent']}",
        "precautions": f"{client}/precautions",
        "holds": f"{client}/holds",
        "representatives": f"{client}/representatives",
        "access": f"{client}/access",
        "registration": f"{client}/registration",
        "client page": f"/clients/{told['client']}",
        "clients page": "/clients",
        "referral": referral,
        "referrals": "/api/v1/referrals",
        "messages": f"{referral}/messages",
        "reports": f"{referral}/reports",
        "attachments": f"{referral}/attachments",
        "file": f"/api/v1/attachments/{told['letter']}/content",
        "note": f"/api/v1/notes/{told['note']}",
        "files of the note": f"/api/v1/notes/{told['note']}/attachments",
        "file of the note": f"/api/v1/attachments/{told['picture']}/content",
        "letter": f"/referrals/{told['referral']}/letter.pdf",
        "referral page": f"/referrals/{told['referral']}",
        "inbox": "/inbox",
    }
    found = {name: http.get(path) for name, path in reads.items()}
    found["search"] = http.send("POST", "clients/search", {"query": WORD})
    found["search by birth date"] = http.send("POST", "clients/search", {"birth_date": "1931-02-03"})
    return found


def test_before_accepting_the_package_is_closed(north: make.Clinic, south: make.Clinic, told: dict[str, str]) -> None:
    person = make.signed_in(south.practitioner.member.user)
    before = ways_out(person, told)

    withdraw(north, told)
    at_once = ways_out(person, told)
    run_due()
    later = ways_out(person, told)

    assert [name for name in ("referral", "messages", "attachments", "referral page") if not says(before[name])] == []
    assert (before["file"].status_code, before["letter"].status_code) == (200, 200)
    for after in (at_once, later):
        assert [name for name, answer in after.items() if says(answer)] == []
        assert (after["file"].status_code, after["letter"].status_code) == (404, 403)
        assert after["client"].status_code == after["client page"].status_code == 404


def test_after_accepting_the_record_is_closed_and_what_was_received_stays(
    north: make.Clinic, south: make.Clinic, told: dict[str, str]
) -> None:
    make.move(south, told["referral"], "accept")
    person = make.signed_in(south.practitioner.member.user)
    before = ways_out(person, told)

    withdraw(north, told)
    after = ways_out(person, told)

    record = {
        "client", "clients", "consents", "consent", "precautions", "holds", "representatives", "access", "registration",
        "client page", "clients page", "search", "search by birth date", "note", "files of the note", "file of the note",
    }  # fmt: skip
    assert {before[name].status_code for name in record} == {200}
    assert [
        name for name in ("client", "clients", "precautions", "client page", "search") if not says(before[name])
    ] == []
    assert [name for name in record if says(after[name])] == []
    of_one = record - {"clients", "clients page", "search", "search by birth date"}
    assert {name: after[name].status_code for name in of_one if after[name].status_code != 404} == {}
    assert all(says(after[name]) for name in ("referral", "messages", "attachments"))


LATER = "Zqlater"


def write(who: make.Clinic, told: dict[str, str]) -> Any:
    return who.http.send("POST", f"referrals/{told['referral']}/messages", {"text": f"{LATER} words"})


@pytest.mark.parametrize("state", ["accepted", "in_care", "reported"])
def test_what_was_received_does_not_grow_after_the_withdrawal(
    north: make.Clinic, south: make.Clinic, told: dict[str, str], state: str
) -> None:
    for name in {"accepted": ["accept"], "in_care": ["accept", "start"], "reported": ["accept", "start", "report"]}[
        state
    ]:
        make.move(south, told["referral"], name, **({"report": make.REPORT} if name == "report" else {}))
    withdraw(north, told)

    written = [write(clinic, told) for clinic in (north, south)]

    assert [(answer.status_code, answer.json()["code"]) for answer in written] == [(409, "content_closed")] * 2
    for clinic in (north, south):
        texts = [m["text"] for m in clinic.http.send("GET", f"referrals/{told['referral']}/messages").json()["results"]]
        assert texts == [f"{WORD}-message"]


def test_a_finished_evaluation_takes_no_more_words(
    north: make.Clinic, south: make.Clinic, told: dict[str, str]
) -> None:
    client = told["client"]
    evaluated = make.referral(north, south, client_id=client, kind="evaluate", regions=[{"region": "lumbar"}])
    for clinic, name, details in (
        (south, "accept", {}),
        (south, "start", {}),
        (south, "report", {"report": make.REPORT}),
        (north, "acknowledge", {"plan_change": "no_change"}),
    ):
        make.move(clinic, evaluated["id"], name, **details)

    answers = [write(clinic, {**told, "referral": evaluated["id"]}) for clinic in (north, south)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "content_closed")] * 2
    assert north.http.send("GET", f"referrals/{evaluated['id']}/messages").json()["results"] == []


def test_a_report_is_not_returned_to_who_cannot_read_what_is_missing(
    north: make.Clinic, south: make.Clinic, told: dict[str, str]
) -> None:
    for name in ("accept", "start"):
        make.move(south, told["referral"], name)
    make.move(south, told["referral"], "report", report=make.REPORT)
    withdraw(north, told)

    answer = make.try_move(north, told["referral"], "return_report", missing=f"{LATER} range of motion")

    assert (answer.status_code, answer.json()["code"]) == (409, "content_closed")
    assert make.move(north, told["referral"], "acknowledge", plan_change="no_change")["state"] == "closed"


def test_the_senders_own_sentences_after_the_withdrawal_stay_with_the_sender(
    north: make.Clinic, south: make.Clinic, told: dict[str, str]
) -> None:
    make.move(south, told["referral"], "accept")
    make.move(south, told["referral"], "start")
    withdraw(north, told)

    make.move(north, told["referral"], "request_cancellation", reason=f"{LATER} she moves away.")

    messages = f"referrals/{told['referral']}/messages"
    assert f"{LATER} she moves away." in [m["text"] for m in north.http.send("GET", messages).json()["results"]]
    assert [m["text"] for m in south.http.send("GET", messages).json()["results"]] == [f"{WORD}-message"]
    person = make.signed_in(south.practitioner.member.user)
    shown = ways_out(person, told).values()
    assert not [answer for answer in shown if LATER.lower() in answer.content.decode("utf-8", "replace").lower()]
    assert make.move(south, told["referral"], "agree")["state"] == "withdrawn"


def test_the_feed_says_no_more_of_the_client_than_that_it_ended(
    north: make.Clinic, south: make.Clinic, told: dict[str, str]
) -> None:
    make.move(south, told["referral"], "accept")
    north.http.send("PATCH", f"clients/{told['client']}", {"city": "Boulder"}, **{"If-Match": '"1.0"'})
    of_client = {"client.updated"}
    assert of_client & {event["type"] for event in feed(south)}

    withdraw(north, told)
    after = {event["type"] for event in feed(south)}

    assert not of_client & after
    assert {"consent.withdrawn", "access.ended"} <= after


def withdraw(north: make.Clinic, told: dict[str, str]) -> None:
    answer = north.http.send("POST", f"clients/{told['client']}/consents/{told['consent']}/withdraw", {})
    assert answer.status_code == 200, answer.content


def feed(clinic: make.Clinic) -> list[dict[str, Any]]:
    settle()
    return list(clinic.http.send("GET", "events?limit=100").json()["results"])


def says(answer: Any) -> bool:
    return WORD.lower() in answer.content.decode("utf-8", "replace").lower()
