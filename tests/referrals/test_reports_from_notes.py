"""A report drafted from signed notes: which notes may stand behind it, what of them is said, and what becomes of it."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit import work
from backend.lib import clock
from tests import make
from tests.attacks.sql import rows
from tests.careplans.plans import done, refused
from tests.notes import writing
from tests.notes.writing import NECK
from tests.referrals.stories import advance, count, event_types, in_state, read, withdraw_consent

pytestmark = pytest.mark.django_db(transaction=True)
PRIVATE = [{"visibility": "author"}, {"visibility": "clinic"}, {"is_sensitive": True}]


def in_care(north: make.Clinic, south: make.Clinic, **more: Any) -> Any:
    return in_state("in_care", north, south, **more)


def consented(north: make.Clinic, south: make.Clinic) -> tuple[Any, Any]:
    """The consent that a referral in care stands on, and the referral."""
    client = make.client(north)
    consent = make.consent(north, client["id"], south)
    referral = make.referral(north, south, client_id=client["id"])
    for name in ("accept", "start"):
        referral = make.move(south, referral["id"], name)
    return consent, referral


def note(clinic: make.Clinic, referral: Any, **more: Any) -> Any:
    return writing.signed(clinic, referral["client"]["id"], **more)


def draft(who: Any, referral: Any, **body: Any) -> Any:
    http = who if isinstance(who, make.Api) else who.http
    return http.send("POST", f"referrals/{referral['id']}/report-draft", body)


def drafted(who: Any, referral: Any, **body: Any) -> Any:
    return done(draft(who, referral, **body), 200)


def report(clinic: make.Clinic, referral: Any, *notes: Any, **more: Any) -> Any:
    said = {**make.REPORT, "quoted_note_ids": [each["id"] for each in notes]}
    return make.try_move(clinic, referral["id"], "report", final=True, report=said, **more)


def reports(who: Any, referral: Any) -> Any:
    return done(read(who, referral["id"], "reports"))["results"]


# --- what is drafted -------------------------------------------------------------------------------------------------


def test_a_draft_says_what_was_found_done_measured_and_asked(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    first = note(south, referral, measures=[{"measure": "nprs", "value": 6}], asks=[])
    advance(days=3)
    last = note(
        south, referral, kind="discharge", objective="Rotation 70 degrees.", assessment="Safe to load.",
        measures=[{"measure": "nprs", "value": 4}], findings=[{"kind": "pain", **NECK, "intensity": 3}],
    )  # fmt: skip

    said = drafted(south, referral)

    assert said["quoted_note_ids"] == [first["id"], last["id"]]
    lines = said["answer"].splitlines()
    assert lines[0].startswith("Seen on 2 days, from ")
    assert lines[1].startswith("Numeric pain rating scale: 6 → 4 points, ")
    assert lines[2].startswith("Pain, Neck, right: 5 → 3 of 10, ")
    assert lines[-1] == "Safe to load."
    assert "Rotation 70 degrees." in said["findings"]
    assert "Neck, right: trigger point" in said["findings"]
    assert "Done: Trigger" in said["findings"]
    assert said["recommendations"].startswith("Avoid ")
    assert "No thrust for 48 hours." in said["recommendations"]
    assert said["recommendations"].endswith("Weekly; heat at home.")
    assert said["outcome"] == "answered"
    quote = next(q for q in said["quotes"] if q["note_id"] == last["id"] and q["section"] == "objective")
    assert (quote["text"], quote["content_hash"]) == ("Rotation 70 degrees.", last["content_hash"])
    assert quote["signature"] == last["signature"]["practitioner"]
    assert read(south, referral["id"]).json()["state"] == "in_care"


def test_what_two_disciplines_of_a_clinic_measured_is_no_change(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    therapist = make.person(south.organization, "practitioner", discipline="massage_therapy", name="Mas Sage")
    for who, value in ((south, 8), (therapist, 4), (south, 7)):
        begun = writing.draft(
            south, referral["client"]["id"], by=who.http, measures=[{"measure": "nprs", "value": value}], findings=[]
        )
        writing.sign(who.http, begun["id"])
        advance(days=1)

    lines = drafted(south, referral)["answer"].splitlines()

    assert lines[1].startswith("Numeric pain rating scale (physical therapy): 8 → 7 points, ")
    assert lines[2].startswith("Numeric pain rating scale (massage therapy): 4 points on ")


def test_only_the_named_notes_are_used(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    note(south, referral, objective="First look.")
    second = note(south, referral, objective="Second look.")

    said = drafted(south, referral, note_ids=[second["id"]])

    assert said["quoted_note_ids"] == [second["id"]]
    assert "First look." not in str(said)


@pytest.mark.parametrize("private", PRIVATE)
def test_what_does_not_leave_the_clinic_is_neither_drafted_nor_quoted(
    north: make.Clinic, south: make.Clinic, private: dict[str, Any]
) -> None:
    referral = in_care(north, south)
    note(south, referral)
    kept = note(south, referral, subjective="Kept here.", objective="Kept here.", asks=[], **private)

    assert "Kept here." not in str(drafted(south, referral))
    refused(draft(south, referral, note_ids=[kept["id"]]), 400, "unknown_note")
    refused(report(south, referral, kept), 400, "unknown_note")
    assert reports(south, referral) == []


def test_a_sensitive_note_is_drafted_from_where_the_consent_says_so(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    kept = note(south, referral, objective="Told in confidence.", is_sensitive=True)
    make.consent(north, referral["client"]["id"], south, categories=["notes", "sensitive"])

    assert "Told in confidence." in drafted(south, referral)["findings"]
    done(report(south, referral, kept), 200)


def test_a_section_that_is_not_shared_is_not_quoted_and_neither_is_what_goes_with_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    referral = in_care(north, south)
    note(south, referral, shared_sections=["assessment"])

    said = drafted(south, referral)

    assert said["answer"].splitlines()[1:] == ["Findings fit the referral pattern."]
    assert said["findings"] == ""
    assert [quote["section"] for quote in said["quotes"]] == ["assessment"]


def test_a_correction_goes_with_what_it_corrects(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    signed = note(south, referral)
    more = {"reason": "correction", "section": "objective", "text": "Left, not right."}
    done(south.http.send("POST", f"notes/{signed['id']}/addenda", more), 201)

    said = drafted(south, referral)

    assert "Added later: Left, not right." in said["findings"]


def test_drafts_errors_others_notes_and_other_clients_are_never_used(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    client_id = referral["client"]["id"]
    other = make.client(south)["id"]
    refused_ones = [
        writing.draft(south, client_id, objective="Not signed."),
        note(south, referral, objective="Wrong."),
        writing.signed(north, client_id, objective="Of the sender."),
        writing.signed(south, other, objective="Of somebody else."),
    ]
    wrong = refused_ones[1]["id"]
    done(south.http.send("POST", f"notes/{wrong}/entered-in-error", {"reason": "wrong_entry"}), 200)

    assert_readable = refused(draft(south, referral), 409, "no_notes")["detail"]
    assert assert_readable.endswith("by hand.")
    for each in refused_ones:
        refused(draft(south, referral, note_ids=[each["id"]]), 400, "unknown_note")
        refused(report(south, referral, each), 400, "unknown_note")
    assert reports(south, referral) == []


def test_what_was_written_before_it_was_accepted_is_quoted_only_when_named(
    north: make.Clinic, south: make.Clinic
) -> None:
    first = in_care(north, south)
    early = note(south, first, objective="From the episode before.")
    make.move(south, first["id"], "report", final=True, report=make.REPORT)
    make.move(north, first["id"], "acknowledge", plan_change="no_change")
    advance(days=30)
    again = make.referral(north, south, client_id=first["client"]["id"])
    make.move(south, again["id"], "accept")
    make.move(south, again["id"], "start")
    later = note(south, again, objective="From this one.")

    assert drafted(south, again)["quoted_note_ids"] == [later["id"]]
    assert "From the episode before." in drafted(south, again, note_ids=[early["id"]])["findings"]


def test_what_was_written_between_sending_and_accepting_is_quoted_only_when_named(
    north: make.Clinic, south: make.Clinic
) -> None:
    first = in_care(north, south)
    again = make.referral(north, south, client_id=first["client"]["id"])
    between = note(south, first)
    make.move(south, again["id"], "accept")

    refused(draft(south, again), 409, "no_notes")
    assert drafted(south, again, note_ids=[between["id"]])["quoted_note_ids"] == [between["id"]]


def test_notes_in_another_record_of_the_same_person_are_quoted_only_when_named(
    north: make.Clinic, south: make.Clinic
) -> None:
    own, sent = make.client(south)["id"], make.sent(north, south)
    make.move(south, sent["id"], "accept", own_client_id=own)
    make.move(south, sent["id"], "start")
    elsewhere = writing.signed(south, own, objective="For another circle.")
    refused(draft(south, sent), 409, "no_notes")
    here = note(south, read(south, sent["id"]).json(), objective="For this one.")

    said = drafted(south, sent)

    assert said["quoted_note_ids"] == [here["id"]]
    assert "For another circle." not in str(said)
    assert "For another circle." in drafted(south, sent, note_ids=[elsewhere["id"]])["findings"]
    done(report(south, sent, elsewhere), 200)
    assert [quote["note_id"] for quote in reports(north, sent)[0]["quotes"]] == [elsewhere["id"]]


def test_notes_of_both_records_are_drafted_from_where_they_were_merged(north: make.Clinic, south: make.Clinic) -> None:
    _, referral = consented(north, south)
    survivor = make.client(north)["id"]
    writing.share(north, survivor, south)
    before = note(south, referral)
    done(north.http.send("POST", f"clients/{referral['client']['id']}/merge", {"into": survivor}), 200)

    after = writing.signed(south, survivor)

    assert drafted(south, referral)["quoted_note_ids"] == [before["id"], after["id"]]


def test_a_precaution_in_another_record_of_the_same_person_is_not_suggested(
    north: make.Clinic, south: make.Clinic
) -> None:
    own, sent = make.client(south)["id"], make.sent(north, south)
    make.move(south, sent["id"], "accept", own_client_id=own)
    referral = make.move(south, sent["id"], "start")
    note(south, referral)

    done(south.http.send("POST", f"clients/{own}/precautions", {"code": "anticoag", "regions": []}), 201)

    assert drafted(south, referral)["new_precautions"] == []


def test_precautions_of_ones_own_since_it_was_accepted_are_suggested(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    note(south, referral)
    path = f"clients/{referral['client']['id']}/precautions"
    for code, sensitive in (("anticoag", False), ("pregnancy", True)):
        body = {"code": code, "regions": [], "is_sensitive": sensitive}
        assert south.http.send("POST", path, body).status_code == 201

    assert drafted(south, referral)["new_precautions"] == ["anticoag"]


def test_the_final_report_after_the_consent_ended_is_still_drafted_from_ones_own_notes(
    north: make.Clinic, south: make.Clinic
) -> None:
    consent, referral = consented(north, south)
    signed = note(south, referral)
    sensitive = note(south, referral, is_sensitive=True)
    withdraw_consent(north, referral["client"]["id"], consent)

    assert drafted(south, referral)["quoted_note_ids"] == [signed["id"]]
    refused(draft(south, referral, note_ids=[sensitive["id"]]), 400, "unknown_note")
    done(report(south, referral, signed), 200)


# --- who drafts ------------------------------------------------------------------------------------------------------


def test_whom_the_client_excluded_still_drafts_from_their_own_clinics_notes(
    north: make.Clinic, south: make.Clinic
) -> None:
    left_out = make.person(south.organization, "practitioner", discipline="physical_therapy")
    client = make.client(north)
    make.consent(north, client["id"], south, excluded_practitioner_ids=[left_out.practitioner_id])
    referral = make.referral(north, south, client_id=client["id"])
    for name in ("accept", "start"):
        referral = make.move(south, referral["id"], name)
    written = note(south, referral)
    done(south.http.send("POST", f"clients/{client['id']}/precautions", {"code": "anticoag", "regions": []}), 201)

    said = drafted(left_out.http, referral)

    assert said["quoted_note_ids"] == [written["id"]]
    assert said["new_precautions"] == []  # the record is closed to them


def test_who_drafts_is_who_reports(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    referral = in_care(north, south)
    note(south, referral)
    reads_no_notes = make.Api(
        make.token(of=make.application(south.organization, "referrals:read"), scopes="referrals:read")
    )

    refused(draft(north, referral), 403, "wrong_party")
    refused(draft(outsider, referral), 404, "not_found")
    for person in (south.coordinator, south.admin, south.auditor):
        refused(draft(person.http, referral), 403, "right_required")
    refused(draft(reads_no_notes, referral), 403, "insufficient_scope")
    assert drafted(south.system, referral)["quoted_note_ids"]


def test_nothing_is_drafted_while_no_report_can_be_made(north: make.Clinic, south: make.Clinic) -> None:
    sent, closed = make.sent(north, south), in_state("closed", north, south)

    refused(draft(south, sent), 409, "wrong_state")
    refused(draft(south, closed), 409, "wrong_state")


@pytest.mark.parametrize("ids", ["x", ["x"], [None], [[]], [], {"a": 1}, ["0"] * 51, [1.5]])
def test_hostile_ids_are_refused(north: make.Clinic, south: make.Clinic, ids: Any) -> None:
    referral = in_care(north, south)

    assert draft(south, referral, note_ids=ids).status_code == 400
    said = {**make.REPORT, "quoted_note_ids": ids}
    answer = make.try_move(south, referral["id"], "report", report=said)
    assert answer.status_code == (200 if ids == [] else 400)


def test_long_notes_fit_into_a_report(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    for _ in range(3):
        note(south, referral, objective="word " * 1_500, assessment="word " * 1_500)

    said = drafted(south, referral)

    assert len(said["findings"]) <= 10_000
    assert said["findings"].endswith(" …")
    fields = {name: said[name] for name in ("answer", "findings", "recommendations", "quoted_note_ids")}
    done(make.try_move(south, referral["id"], "report", report=fields), 200)


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_the_sender_reads_which_notes_a_report_was_written_from(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    signed = note(south, referral)

    done(report(south, referral, signed, signed), 200)

    (quote,) = reports(north, referral)[0]["quotes"]
    assert quote == {
        "note_id": signed["id"],
        "kind": "progress",
        "signed_by": signed["signature"]["practitioner"],
        "signed_at": signed["signature"]["signed_at"],
        "occurred_at": signed["occurred_at"],
        "content_hash": signed["content_hash"],
        "stands": True,
        "is_readable": True,
    }
    assert "Taut bands" not in str(reports(north, referral))


def test_the_quoted_notes_are_signed_with_the_report(north: make.Clinic, south: make.Clinic) -> None:
    one, other = in_care(north, south), in_care(north, south)
    signed = note(south, one)

    done(report(south, one, signed), 200)
    done(report(south, other), 200)

    assert reports(north, other)[0]["quotes"] == []
    assert reports(north, one)[0]["content_hash"] != reports(north, other)[0]["content_hash"]


def test_a_consent_withdrawn_between_two_requests_closes_the_note_and_leaves_the_report(
    north: make.Clinic, south: make.Clinic
) -> None:
    consent, referral = consented(north, south)
    signed = note(south, referral)
    done(report(south, referral, signed), 200)
    before = (reports(north, referral)[0]["quotes"][0], writing.read(north.http, signed["id"]).status_code)

    withdraw_consent(north, referral["client"]["id"], consent)

    after = (reports(north, referral)[0]["quotes"][0], writing.read(north.http, signed["id"]).status_code)
    assert (before[0]["is_readable"], before[1]) == (True, 200)
    assert (after[0]["is_readable"], after[1]) == (False, 404)
    assert (after[0]["note_id"], after[0]["stands"]) == (signed["id"], True)


def test_of_a_quoted_note_about_another_client_only_its_author_reads_more_than_that(
    north: make.Clinic, south: make.Clinic
) -> None:
    referral = in_care(north, south)
    fell = note(south, referral)
    done(report(south, referral, fell), 200)
    before = reports(south, referral)[0]["quotes"]

    done(south.http.send("POST", f"notes/{fell['id']}/entered-in-error", {"reason": "wrong_client"}), 200)

    nothing = dict.fromkeys(("kind", "signed_by", "signed_at", "occurred_at", "content_hash"))
    assert reports(north, referral)[0]["quotes"] == [
        {"note_id": fell["id"], **nothing, "stands": False, "is_readable": False}
    ]
    assert reports(south, referral)[0]["quotes"] == [{**before[0], "stands": False}]
    assert [len(rows(clinic, "SELECT FROM referrals_reportquote")) for clinic in (north, south)] == [0, 1]
    address = f"/api/v1/referrals/{referral['id']}/reports/{reports(north, referral)[0]['id']}/pdf"
    assert north.http.get(address).status_code == 200


@pytest.mark.parametrize("reason", ["wrong_entry", "wrong_client"])
def test_a_report_says_that_a_quoted_note_fell(north: make.Clinic, south: make.Clinic, reason: str) -> None:
    referral = in_care(north, south)
    fell, stands = note(south, referral), note(south, referral)
    done(report(south, referral, fell, stands), 200)
    tag = read(north, referral["id"])["ETag"]

    done(south.http.send("POST", f"notes/{fell['id']}/entered-in-error", {"reason": reason}), 200)
    work.run_due()

    quotes = {quote["note_id"]: quote for quote in reports(north, referral)[0]["quotes"]}
    assert (quotes[fell["id"]]["stands"], quotes[stands["id"]]["stands"]) == (False, True)
    assert quotes[fell["id"]]["is_readable"] is (reason == "wrong_entry")
    assert [count(clinic, referral, "quoted_note_in_error") for clinic in (north, south)] == [1, 1]
    assert read(north, referral["id"])["ETag"] != tag
    paper = north.http.get(f"/api/v1/referrals/{referral['id']}/reports/{reports(north, referral)[0]['id']}/pdf")
    assert paper.status_code == 200


def test_two_circles_know_nothing_of_each_others_quotes(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    referral = in_care(north, south)
    client_id = referral["client"]["id"]
    make.consent(north, client_id, east)
    theirs = make.referral(north, east, client_id=client_id)
    make.move(east, theirs["id"], "accept")
    make.move(east, theirs["id"], "start")
    souths, easts = note(south, referral), note(east, theirs)

    refused(draft(east, theirs, note_ids=[souths["id"]]), 400, "unknown_note")
    refused(report(east, theirs, souths), 400, "unknown_note")
    done(report(south, referral, souths), 200)
    done(report(east, theirs, easts), 200)

    assert read(east, referral["id"], "reports").status_code == 404
    assert souths["id"] not in str(reports(east, theirs))
    assert easts["id"] not in str(reports(south, referral))


def test_an_advice_is_drafted_from_what_was_written_since_it_was_sent(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south)
    care = make.referral(north, south, client_id=client["id"])
    make.move(south, care["id"], "accept")
    advice = make.referral(north, south, client_id=client["id"], kind="advice")
    signed = writing.signed(south, client["id"])

    assert drafted(south, advice)["quoted_note_ids"] == [signed["id"]]


def test_a_draft_takes_few_statements_however_many_notes(
    north: make.Clinic, south: make.Clinic, django_assert_max_num_queries: Any
) -> None:
    referral = in_care(north, south)
    for _ in range(6):
        note(south, referral)

    with django_assert_max_num_queries(20):
        drafted(south, referral)


def test_a_note_from_before_today_is_dated_by_the_clinics_clock(north: make.Clinic, south: make.Clinic) -> None:
    referral = in_care(north, south)
    occurred = (clock.now() - timedelta(days=2)).isoformat()

    signed = note(south, referral, occurred_at=occurred)

    refused(draft(south, referral), 409, "no_notes")
    assert drafted(south, referral, note_ids=[signed["id"]])["answer"].startswith("Seen once, on ")
    assert "note.signed" in event_types(south, signed["id"])
