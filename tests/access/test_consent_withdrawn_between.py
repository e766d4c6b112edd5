"""One signed-in person, two requests, a consent withdrawn between them: the second is refused on every way out."""

import re
from dataclasses import dataclass
from typing import Any, Self

import pytest

from backend.audit.work import run_due
from tests import make
from tests.access.situations import PDF
from tests.careplans.plans import Plan, alone
from tests.notes.writing import NECK, SECTIONS, draft, signed
from tests.paper import in_plain_text
from tests.portability.exporting import made, unzipped
from tests.record.feed import settle

pytestmark = pytest.mark.django_db(transaction=True)
WORD = "Zqbetween"
KINDS = (("notes", "note"), ("care-plans", "plan"), ("exports", "export"))
NOT_YET = "0198c1a0-0000-7000-8000-00000000000f"
# Ways out on which nothing stands that has a word of its own: bytes, and rows that name only codes or people.
SILENT = {
    "holds", "representatives", "access", "reports", "file", "notes page", "file of the note", "file of the note page", "versions",
    "visits", "team", "export page",
}  # fmt: skip
# The referral and its package are South's own record, as they were accepted.
RECEIVED = {"referral", "referrals", "referral page", "home", "inbox", "letter", "messages", "attachments"}
# South wrote a line, and keeps what it was asked about it.
OWN_PLAN = {
    "plans", "plan", "plan page", "plan on paper", "plan on paper page", "changes of the plan", "versions page", "proposals", "proposal",
    "changes of the plan page",
}  # fmt: skip
# Answered still, and she does not stand in them any more.
LISTS = {
    "clients", "clients page", "search", "search by birth date", "notes", "notes of the client", "notes page", "reports", "file",
    "progress", "problems", "goals", "lines", "phases", "versions", "agreements", "export", "exports", "export page",
    "plans page", "plans that wait", "team", "visits",
}  # fmt: skip
EXPORTS = {"export as JSON", "export as PDF", "export as ZIP", "export from the page"}


@pytest.fixture(autouse=True)
def readable_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    in_plain_text(monkeypatch)


@pytest.fixture
def told(north: make.Clinic, south: make.Clinic) -> dict[str, str]:
    """A client with a letter, a message, a precaution, a note and a plan, and a referral that was sent to South."""
    client = make.client(north, family_name=f"{WORD}-family", email=f"{WORD}@example.org", birth_date="1931-02-03")
    consent = make.consent(north, client["id"], south)
    north.http.send("POST", f"clients/{client['id']}/precautions", {"code": "anticoag", "note": f"{WORD}-note"})
    address = f"/api/v1/attachments?name={WORD}.pdf"
    letter = north.http.generic("POST", address, PDF, content_type="application/octet-stream").json()["id"]
    words = {"reason": f"{WORD}-reason", "question": f"{WORD}-question", "findings": f"{WORD}-findings"}
    sent = make.referral(north, south, client_id=client["id"], attachment_ids=[letter], **words)
    north.http.send("POST", f"referrals/{sent['id']}/messages", {"text": f"{WORD}-message"})
    picture = north.http.generic("POST", address, PDF, content_type="application/octet-stream").json()["id"]
    note = write_note(north, client["id"], picture)
    plan = alone(north, client["id"], title=f"{WORD}-title")
    goal, line = plan.goal(north, words=f"{WORD}-goal"), plan.line(north, focus=f"{WORD}-line")
    problem = plan.post(north, "/problems", {"text": f"{WORD}-problem"}).json()
    phase = plan.post(north, "/phases", {"name": f"{WORD}-phase"}).json()
    ids = {"client": client["id"], "consent": consent["id"], "referral": sent["id"], "note": note, "plan": plan.id}
    return {
        **ids,
        "goal": goal["id"],
        "line": line["id"],
        "problem": problem["id"],
        "phase": phase["id"],
        "letter": letter,
        "picture": picture,
        "export": NOT_YET,
        "proposal": NOT_YET,
    }


def write_note(north: make.Clinic, client_id: str, picture: str) -> str:
    """A signed note with a word in every part, and an addendum."""
    note = signed(
        north,
        client_id,
        **{name: f"{WORD}-{name}" for name in SECTIONS},
        findings=[{"kind": "numbness", **NECK, "remark": f"{WORD}-remark"}],
        asks=[{"kind": "avoid", **NECK, "sentence": f"{WORD}-ask"}],
        attachment_ids=[picture],
    )
    added = {"reason": "other", "text": f"{WORD}-addendum"}
    assert north.http.send("POST", f"notes/{note['id']}/addenda", added).status_code == 201
    return str(note["id"])


def shared_with(south: make.Clinic, north: make.Clinic, told: dict[str, str]) -> None:
    """South accepts, is on the plan, which is published, and takes an export along."""
    make.move(south, told["referral"], "accept")
    plan = Plan(told["plan"], told["client"])
    plan.add(north, south)
    asked = {"kind": "end", "about": "intervention", "row_id": plan.line(south)["id"], "why": f"{WORD}-why"}
    told["proposal"] = plan.post(north, "/proposals", asked).json()["id"]
    plan.publish(north)
    plan.answer(north, 1, "object", sentence=f"{WORD}-objection")
    told["export"] = made(make.signed_in(south.practitioner.member.user), told["client"])["id"]


@dataclass(frozen=True)
class Answer:
    """What came out: the status, and the words, also of a file that is sent as it is read."""

    status_code: int
    content: str

    @classmethod
    def of(cls, name: str, answer: Any) -> Self:
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if name == "export as ZIP" and answer.status_code == 200:
            content = b"".join(unzipped(content).values())
        return cls(answer.status_code, content.decode("utf-8", "replace"))


def ways_out(http: make.Api, told: dict[str, str]) -> dict[str, Any]:
    """Every way by which something about the client can come out, for one and the same signed-in person."""
    client, referral = f"/api/v1/clients/{told['client']}", f"/api/v1/referrals/{told['referral']}"
    note, plan, export = (f"/api/v1/{many}/{told[one]}" for many, one in KINDS)
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
        "brief": f"{client}/brief",
        "timeline": f"{client}/timeline",
        "timeline page": f"/clients/{told['client']}/timeline",
        "body map": f"{client}/body-map",
        "asks": f"{client}/asks",
        "notes": "/api/v1/notes",
        "notes of the client": f"/api/v1/notes?client_id={told['client']}",
        "notes page": "/notes",
        "note": note,
        "note page": f"/notes/{told['note']}",
        "note on paper": f"{note}/document",
        "note on paper page": f"/notes/{told['note']}/note.pdf",
        "addenda": f"{note}/addenda",
        "changes of the note": f"{note}/changes",
        "changes of the note page": f"/notes/{told['note']}/changes",
        "files of the note": f"{note}/attachments",
        "file of the note": f"/api/v1/attachments/{told['picture']}/content",
        "file of the note page": f"/notes/{told['note']}/files/{told['picture']}",
        "plans": "/api/v1/care-plans",
        "plan": plan,
        "plan page": f"/care-plans/{told['plan']}",
        "plan on paper": f"{plan}/document",
        "plan on paper page": f"/care-plans/{told['plan']}/document.pdf",
        "progress": f"{plan}/progress",
        "changes of the plan": f"{plan}/changes",
        "problems": f"{plan}/problems",
        "goals": f"{plan}/goals",
        "goal": f"{plan}/goals/{told['goal']}",
        "goal page": f"/care-plans/{told['plan']}/goals/{told['goal']}",
        "lines": f"{plan}/interventions",
        "line": f"{plan}/interventions/{told['line']}",
        "line page": f"/care-plans/{told['plan']}/interventions/{told['line']}",
        "phases": f"{plan}/phases",
        "versions": f"{plan}/versions",
        "version": f"{plan}/versions/1",
        "changes of the plan page": f"/care-plans/{told['plan']}/changes",
        "versions page": f"/care-plans/{told['plan']}/versions",
        "proposals": f"{plan}/proposals",
        "proposal": f"{plan}/proposals/{told['proposal']}",
        "agreements": f"{plan}/agreements",
        "export": export,
        "export as JSON": f"{export}/json",
        "export as PDF": f"{export}/pdf",
        "export as ZIP": f"{export}/zip",
        "export from the page": f"/exports/{told['export']}/json",
        "exports": "/api/v1/exports",
        "export page": f"/clients/{told['client']}/export",
        "home": "/",
        "visits": f"/api/v1/visits?client_id={told['client']}",
        "plans page": "/care-plans",
        "plans that wait": "/api/v1/care-plans?waits_for=answer",
        "team": f"{plan}/team",
        "problem": f"{plan}/problems/{told['problem']}",
        "phase": f"{plan}/phases/{told['phase']}",
        "letter": f"/referrals/{told['referral']}/letter.pdf",
        "referral page": f"/referrals/{told['referral']}",
        "inbox": "/inbox",
    }
    found = {name: http.get(path) for name, path in reads.items()}
    found["search"] = http.send("POST", "clients/search", {"query": WORD})
    found["search by birth date"] = http.send("POST", "clients/search", {"birth_date": "1931-02-03"})
    found["search in notes"] = http.send("POST", f"clients/{told['client']}/search", {"query": f"{WORD}-remark"})
    found["search in notes page"] = http.post(f"/clients/{told['client']}/search", {"query": f"{WORD}-remark"})
    return {name: Answer.of(name, answer) for name, answer in found.items()}


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
    shared_with(south, north, told)
    person = make.signed_in(south.practitioner.member.user)
    before = ways_out(person, told)

    withdraw(north, told)
    after = ways_out(person, told)

    assert {name: answer.status_code for name, answer in before.items() if answer.status_code != 200} == {}
    assert {name for name, answer in before.items() if not says(answer)} == SILENT
    assert {name for name, answer in after.items() if says(answer)} == RECEIVED | OWN_PLAN
    gone = after.keys() - RECEIVED - OWN_PLAN - LISTS
    assert {name for name in gone if after[name].status_code == 409} == EXPORTS
    assert {name: after[name].status_code for name in gone - EXPORTS if after[name].status_code != 404} == {}
    # What South itself wrote, what it was asked about that, and the name as it stood.
    assert {word for name in OWN_PLAN for word in words_in(after[name])} == {f"{WORD}-why", f"{WORD}-family"}


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
    assert not [answer for answer in shown if LATER.lower() in answer.content.lower()]
    assert make.move(south, told["referral"], "agree")["state"] == "withdrawn"


def test_nothing_is_written_in_the_record_after_the_withdrawal(
    north: make.Clinic, south: make.Clinic, told: dict[str, str]
) -> None:
    shared_with(south, north, told)
    plan, person = Plan(told["plan"], told["client"]), make.signed_in(south.practitioner.member.user)
    own = next(row for row in plan.whole(south)["interventions"] if row["organization"]["id"] == south.id)
    drafted = draft(south, told["client"])
    proposal = {"kind": "end", "about": "goal", "row_id": told["goal"], "why": "Reached."}
    page = f"/care-plans/{told['plan']}"

    withdraw(north, told)
    before = stored(north, told)
    answers = {
        "line": plan.patch(south, f"/interventions/{own['id']}", {"minutes": 20}, version=own["version"]),
        "row": plan.post(south, "/goals", {"words": "Run again"}),
        "answer": plan.answer(south, 1),
        "proposal": plan.post(south, "/proposals", proposal),
        "brief": south.http.send("POST", f"clients/{told['client']}/brief/read", {"line_ids": []}),
        "note": south.http.send("POST", "notes", {"client_id": told["client"], "kind": "phone", "subjective": "Rang."}),
        "precaution": south.http.send("POST", f"clients/{told['client']}/precautions", {"code": "osteop"}),
        "line page": person.post(
            f"{page}/interventions/{own['id']}", {"once": "second press", "minutes": "20", "press": "keep"}
        ),
        "answer page": person.post(f"{page}/agreements", {"once": "first press", "number": "1", "answer": "agree"}),
        "brief page": person.post(f"/clients/{told['client']}/brief/read", {"once": "third press"}),
    }

    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code not in (403, 404)} == {}
    assert stored(north, told) == before
    assert drafted["state"] == "draft"


def stored(home: make.Clinic, told: dict[str, str]) -> list[Any]:
    """What stands in the record, for the clinic that keeps it."""
    paths = [f"care-plans/{told['plan']}", f"clients/{told['client']}/precautions", f"notes?client_id={told['client']}"]
    return [home.http.send("GET", path).json() for path in paths]


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


def words_in(answer: Answer) -> set[str]:
    return set(re.findall(rf"{WORD}-[a-z]+", answer.content))


def says(answer: Answer) -> bool:
    return WORD.lower() in answer.content.lower()
