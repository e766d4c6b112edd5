"""What is handed on to others: of each kind that stays in the clinic a word, and that word in no file."""

from typing import Any

import pytest

from tests import make
from tests.attachments.files import PDF, uploaded
from tests.careplans.plans import alone, done, shared
from tests.notes.writing import NECK, draft, signed
from tests.paper import in_plain_text
from tests.portability.exporting import ask, exported, made, taken, unzipped
from tests.portability.stories import whole

pytestmark = pytest.mark.django_db
TO_HAND_ON = "to_hand_on"
GOES = "GoesAlong"


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    in_plain_text(monkeypatch)


def files_of(who: make.Clinic, client_id: str, include: str) -> bytes:
    """All that the three files of a fresh export hold: words, names of files, bytes."""
    export = made(who, client_id, include)
    inside = unzipped(taken(who, export, "zip"))
    named = [part for name, content in inside.items() for part in (name.encode(), content)]
    return b"\n".join([taken(who, export, "json"), taken(who, export, "pdf"), *named])


def written(clinic: make.Clinic, client_id: str, word: str, *, is_signed: bool = True, **more: Any) -> Any:
    """A note with a word of its own in its text, its ask, its addendum, its file's name and its file's bytes."""
    more = {
        "subjective": f"{word}text",
        "asks": [{"kind": "avoid", **NECK, "sentence": f"{word}ask"}],
        "attachment_ids": [uploaded(clinic, PDF + f"{word}bytes".encode(), f"{word}file.pdf")["id"]],
        **more,
    }
    if not is_signed:
        return draft(clinic, client_id, **more)
    note = signed(clinic, client_id, **more)
    done(clinic.http.send("POST", f"notes/{note['id']}/addenda", {"reason": "other", "text": f"{word}addendum"}))
    return note


def five_of(word: str) -> list[bytes]:
    return [f"{word}{part}".encode() for part in ("text", "ask", "addendum", "file.pdf", "bytes")]


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("KeptByAuthor", {"visibility": "author", "asks": []}),  # such a note asks nothing of others
        ("KeptByClinic", {"visibility": "clinic"}),
        ("KeptSensitive", {"is_sensitive": True}),
    ],
)
def test_a_note_that_stays_is_handed_on_in_no_file_with_nothing_of_what_hangs_on_it(
    north: make.Clinic, word: str, kept: dict[str, Any]
) -> None:
    client_id = make.client(north)["id"]
    written(north, client_id, GOES)
    written(north, client_id, word, **kept)

    everything, handed_on = (files_of(north, client_id, include) for include in ("all", TO_HAND_ON))

    assert [part for part in five_of(word) if part not in everything] == (
        [b"KeptByAuthorask"] if "asks" in kept else []
    )
    assert word.encode() not in handed_on
    assert [part for part in five_of(GOES) if part not in handed_on] == []


def test_a_draft_is_handed_on_in_no_file(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    written(north, client_id, "Drafted", is_signed=False)

    assert b"Draftedtext" in files_of(north, client_id, "all")
    assert b"Drafted" not in files_of(north, client_id, TO_HAND_ON)


def test_sections_that_their_clinic_keeps_stay_with_their_rows_files_and_addenda(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    rows = {
        "objective": "KeptObjective",
        "findings": [{"kind": "pain", **NECK, "intensity": 5, "remark": "KeptFinding"}],
        "measures": [{"measure": "nprs", "value": 5, "remark": "KeptMeasure"}],
        "assessment": f"{GOES}assessment",
        "attachment_ids": [uploaded(north, PDF + b"KeptBytes", "KeptFile.pdf")["id"]],
    }
    note = signed(
        north, client_id, shared_sections=["assessment"], subjective="KeptSubjective", plan="KeptPlan", **rows
    )
    for section in ("objective", "assessment"):
        text = "KeptAddendum" if section == "objective" else f"{GOES}addendum"
        sent = {"reason": "other", "section": section, "text": text}
        done(north.http.send("POST", f"notes/{note['id']}/addenda", sent))

    everything, handed_on = (files_of(north, client_id, include) for include in ("all", TO_HAND_ON))

    for part in ("Objective", "Finding", "Measure", "Subjective", "Plan", "Addendum", "File", "Bytes"):
        assert f"Kept{part}".encode() in everything, part
    assert b"Kept" not in handed_on
    assert f"{GOES}assessment".encode() in handed_on
    assert f"{GOES}addendum".encode() in handed_on


def test_what_is_sensitive_is_handed_on_while_a_consent_names_it(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    signed(north, client_id, subjective="SensitiveText", is_sensitive=True)
    thinner = {"code": "anticoag", "regions": [], "note": "SensitivePrecaution", "is_sensitive": True}
    done(north.http.send("POST", f"clients/{client_id}/precautions", thinner))
    assert files_of(north, client_id, "all").count(b"Sensitive") > 0
    assert b"Sensitive" not in files_of(north, client_id, TO_HAND_ON)

    make.consent(north, client_id, south, categories=["plan", "notes", "outcomes"])
    assert b"Sensitive" not in files_of(north, client_id, TO_HAND_ON)
    consent = make.consent(north, client_id, south, categories=["plan", "notes", "outcomes", "sensitive"])
    handed_on = files_of(north, client_id, TO_HAND_ON)
    assert b"SensitiveText" in handed_on
    assert b"SensitivePrecaution" in handed_on

    export = made(north, client_id, TO_HAND_ON)
    done(north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {}))
    taken(north, export, "json", status=409)


def test_drafts_of_referrals_and_of_plans_stay(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    make.consent(north, client_id, south)
    file = uploaded(north, PDF + b"KeptBytes", "KeptLetter.pdf")["id"]
    kept = {"reason": "KeptReason", "question": "KeptQuestion", "attachment_ids": [file]}
    make.referral(north, south, client_id=client_id, send=False, **kept)
    make.referral(north, south, client_id=client_id, reason=f"{GOES}reason")
    plan = done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": "KeptPlan"}))
    done(north.http.send("POST", f"care-plans/{plan['id']}/goals", {"words": "KeptGoal"}))
    alone(north, client_id, title=f"{GOES}plan")

    everything, handed_on = (files_of(north, client_id, include) for include in ("all", TO_HAND_ON))

    for word in ("Reason", "Question", "Letter.pdf", "Bytes", "Plan", "Goal"):
        assert f"Kept{word}".encode() in everything, word
    assert b"Kept" not in handed_on
    assert f"{GOES}reason".encode() in handed_on
    assert f"{GOES}plan".encode() in handed_on


def test_what_was_about_another_client_stays(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    client_id, wrong = plan.client_id, {"reason": "wrong_client"}
    note = signed(north, client_id, subjective="OthersNote")
    done(north.http.send("POST", f"notes/{note['id']}/entered-in-error", wrong))
    goal = plan.goal(north, words="OthersGoal")
    plan.goal(north, words=f"{GOES}goal")
    change = {"kind": "change", "about": "goal", "row_id": goal["id"], "why": "OthersWhy", "changes": {"target": 12}}
    done(plan.post(south, "/proposals", change))
    plan.publish(north)
    done(plan.post(north, f"/goals/{goal['id']}/entered-in-error", wrong))

    everything, handed_on = (files_of(north, client_id, include) for include in ("all", TO_HAND_ON))

    assert [word for word in (b"OthersNote", b"OthersGoal", b"OthersWhy") if word not in everything] == []
    assert b"Others" not in handed_on
    assert f"{GOES}goal".encode() in handed_on


def test_why_the_client_stopped_sharing_and_what_was_said_of_an_error_stay(
    north: make.Clinic, south: make.Clinic
) -> None:
    client_id = make.client(north)["id"]
    consent = make.consent(north, client_id, south)
    done(north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {"reason": "KeptWhy"}))
    note = signed(north, client_id)
    sent = {"reason": "duplicate", "note": "KeptSentence"}
    done(north.http.send("POST", f"notes/{note['id']}/entered-in-error", sent))
    everything = files_of(north, client_id, "all")
    assert b"KeptWhy" in everything
    assert b"KeptSentence" in everything

    handed_on = files_of(north, client_id, TO_HAND_ON)

    assert b"Kept" not in handed_on
    assert note["id"].encode() in handed_on


def test_the_file_says_in_words_what_was_left_out_and_never_how_much(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)

    handed_on = exported(north, story.client_id, TO_HAND_ON)
    other = make.client(north)["id"]

    assert handed_on["include"] == TO_HAND_ON
    assert handed_on["withheld"] == ["access", "looks", "events"]
    assert handed_on["left_out"] == exported(north, other, TO_HAND_ON)["left_out"]
    assert handed_on["left_out"][0].startswith("Drafts: ")
    assert not any(character.isdigit() for character in str(handed_on["left_out"]))
    assert exported(north, other)["left_out"] == []


def test_of_the_others_what_the_reader_reads_is_handed_on_as_far_as_it_is_finished(
    north: make.Clinic, south: make.Clinic
) -> None:
    story = whole(north, south)

    everything, handed_on = exported(north, story.client_id), exported(north, story.client_id, TO_HAND_ON)

    kept = {"draft", "clinic"}
    assert {note["state"] for note in everything["sections"]["notes"]} >= {"draft", "signed"}
    assert not kept & {note[name] for note in handed_on["sections"]["notes"] for name in ("state", "visibility")}
    assert {note["organization"]["id"] for note in handed_on["sections"]["notes"]} == {north.id, south.id}
    for section in ("client", "registration", "representatives", "precautions", "holds", "reports", "visits", "versions",
                    "proposals", "agreements", "attachments", "messages"):  # fmt: skip
        assert len(handed_on["sections"][section]) == len(everything["sections"][section]) > 0, section


def test_one_that_is_being_made_of_everything_is_not_given_for_one_to_hand_on(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]

    everything, handed_on, again = (ask(north, client_id, include) for include in ("all", TO_HAND_ON, TO_HAND_ON))

    assert everything["id"] != handed_on["id"] == again["id"]
    assert handed_on["include"] == TO_HAND_ON
