"""The letter and the reports as PDF: what stands on them, for whom."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.audit.models import AccessLog
from backend.clients.models import Consent
from backend.lib.actor import Actor, ActorKind
from backend.lib.typesetting import Document
from backend.lib.unit_of_work import acting_as
from backend.lib.zones import moment_in_words
from backend.referrals import printing
from backend.referrals.models import Referral, Report
from tests import make
from tests.paper import pages_of

pytestmark = pytest.mark.django_db
PACKAGE = {
    "findings": "Trigger point left levator.",
    "tried": "Four massages.",
    "goals": "Turn the head while driving.",
    "feedback_wanted": "Tell us about loading.",
    "red_flags": {"asked": True, "positive": ["RF02"], "why_not_medicine": "Seen there yesterday."},
    "priority": "asap",
    "order": {"number": "AUTH-77", "by": "Dr. Hill", "visits": 6, "until": "2030-05-01"},
    "sender_identifier": {"system": "urn:north", "value": "R-1042"},
    "scores": [{"measure": "ndi", "value": "34", "on": "2026-11-01"}],
}


@pytest.fixture
def sent(north: make.Clinic, south: make.Clinic) -> Any:
    made = make.client(north, email="lee@example.org", phone="303 555 0100")
    make.consent(north, made["id"], south)
    return make.referral(north, south, client_id=made["id"], **PACKAGE)


@pytest.fixture
def reported(north: make.Clinic, south: make.Clinic, sent: Any) -> Any:
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "start")
    make.move(south, sent["id"], "report", final=True, report={**make.REPORT, "new_precautions": ["osteop"]})
    return north.http.send("GET", f"referrals/{sent['id']}/reports").json()["results"][0]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    return pages_of(printing, monkeypatch)


def letter_of(who: make.Clinic | make.Person, referral: Any) -> Any:
    return who.http.send("GET", f"referrals/{referral['id']}/letter")


def report_of(who: make.Clinic | make.Person, referral: Any, report: Any) -> Any:
    return who.http.send("GET", f"referrals/{referral['id']}/reports/{report['id']}/pdf")


def sections(document: Document) -> dict[str, str]:
    return {section.title: section.text for section in document.sections}


def block(document: Document, label: str) -> list[str]:
    return next(list(found.lines) for found in document.blocks if found.label == label)


def test_the_letter_is_a_pdf_that_is_kept_nowhere_and_named_after_nobody(south: make.Clinic, sent: Any) -> None:
    answer = letter_of(south, sent)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    short = sent["id"].replace("-", "")[-8:]
    assert answer["Content-Disposition"] == f'inline; filename="referral-{short}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", ["application/pdf", "application/json", "*/*", "image/png"])
def test_whatever_is_accepted_a_letter_is_a_pdf_and_a_refusal_a_problem(
    accept: str, south: make.Clinic, sent: Any
) -> None:
    letter = south.http.send("GET", f"referrals/{sent['id']}/letter", Accept=accept)
    nothing = south.http.send("GET", f"referrals/{uuid4()}/letter", Accept=accept)

    assert (letter.status_code, letter["Content-Type"]) == (200, "application/pdf")
    assert (nothing.status_code, nothing["Content-Type"]) == (404, "application/problem+json")


def test_the_file_is_tagged_and_has_a_title_without_a_name_and_a_language(south: make.Clinic, sent: Any) -> None:
    pdf = letter_of(south, sent).content

    short = sent["id"].replace("-", "")[-8:]
    assert f"Referral letter {short}</rdf:li>".encode() in pdf
    assert b"<pdfuaid:part>1" in pdf
    assert b"/Lang(en-US)" in pdf
    assert b"/Marked true" in pdf
    assert b"Canary" not in pdf


def test_the_letter_says_what_the_recipient_needs(
    north: make.Clinic, south: make.Clinic, sent: Any, printed: list[Document]
) -> None:
    letter_of(south, sent)

    (letter,) = printed
    facts, text = dict(letter.facts), sections(letter)
    assert letter.sender.label == "North Massage"
    assert letter.paper == "us-letter"
    assert block(letter, "From")[0] == "North Practitioner"
    assert block(letter, "From")[2].startswith("License L-")
    assert "South Physio" in block(letter, "To")
    assert block(letter, "Client")[1:] == ["born 3 February 1980", "303 555 0100", "lee@example.org"]
    assert facts["Asked for"] == "Evaluate and treat"
    assert facts["Priority"] == "As soon as possible"
    assert facts["Regions"] == "Neck, left"
    assert facts["Order"] == "AUTH-77, by Dr. Hill, 6 visits, until 1 May 2030"
    assert facts["Our number"] == "R-1042"
    assert text["Question"] == "Can soft-tissue work restore rotation?"
    assert text["Reason"] == "Guarding limits exercise"
    assert text["Red flags"] == (
        "Same day: Severe or progressive leg weakness, foot drop\nNot sent to medicine because: Seen there yesterday."
    )
    assert text["Precautions"] == "None named here."
    assert text["Findings"] == "Trigger point left levator."
    assert text["Scores"] == "NDI: 34.00, 1 November 2026"
    assert text["Tried so far"] == "Four massages."
    assert text["Goals"] == "Turn the head while driving."
    assert text["What we ask back"] == (
        "A signed report that answers the question within 1 day of the first visit, then every 30 days and at discharge."
        "\nTell us about loading."
    )
    assert f"/referrals/{sent['id']}" in text["How to answer"]


def test_the_letter_names_the_day_to_reply_by_in_words(south: make.Clinic, sent: Any, printed: list[Document]) -> None:
    due = Referral.objects.values_list("due_at", flat=True)
    with acting_as(south.practitioner.actor):
        expected = moment_in_words(due.get(pk=sent["id"]), "America/Denver")

    letter_of(south, sent)

    assert dict(printed[0].facts)["Reply by"] == expected
    assert expected.endswith("(Denver time)")


def test_a_moment_is_said_with_its_weekday_and_place() -> None:
    moment = datetime(2026, 11, 27, 1, 5, tzinfo=UTC)

    assert moment_in_words(moment, "America/Denver") == "Thursday, 26 November 2026, 18:05 (Denver time)"
    assert moment_in_words(moment, "UTC") == "Friday, 27 November 2026, 01:05 (UTC)"


def test_once_accepted_the_letter_says_where_it_stands(south: make.Clinic, sent: Any, printed: list[Document]) -> None:
    make.move(south, sent["id"], "accept")

    letter_of(south, sent)

    facts = dict(printed[0].facts)
    assert "Reply by" not in facts
    assert facts["Status"].startswith("Accepted; first visit by ")


def test_a_draft_says_that_it_was_not_sent(north: make.Clinic, south: make.Clinic, printed: list[Document]) -> None:
    made = make.client(north)
    draft = make.referral(north, south, client_id=made["id"], send=False)

    letter_of(north, draft)

    assert printed[0].banner == "Draft: this letter was not sent."
    assert dict(printed[0].facts)["Status"] == "Not sent yet."


def test_a_guest_is_told_to_use_the_link_and_no_address_of_the_workspace(
    north: make.Clinic, printed: list[Document]
) -> None:
    made = make.client(north)
    guest = {"name": "Pat Reed", "discipline": "physical_therapy", "email": "pat@example.org"}
    make.consent(north, made["id"], guests=[{"email": "pat@example.org"}])
    sent = make.referral(north, {"guest": guest}, client_id=made["id"])

    letter_of(north, sent)

    assert block(printed[0], "To") == ["Pat Reed", "Physical therapy"]
    assert sections(printed[0])["How to answer"].startswith("Open the link in the e-mail")
    assert "http" not in sections(printed[0])["How to answer"]


def test_a_guest_prints_the_letter_they_were_sent_and_is_logged(north: make.Clinic, printed: list[Document]) -> None:
    made = make.client(north)
    guest = {"name": "Pat Reed", "discipline": "physical_therapy", "email": "pat@example.org"}
    make.consent(north, made["id"], guests=[{"email": "pat@example.org"}])
    sent = make.referral(north, {"guest": guest}, client_id=made["id"])
    actor = Actor(kind=ActorKind.GUEST, referral_id=UUID(sent["id"]), link_id=uuid4(), display="pat@example.org")

    with acting_as(actor):
        pdf = printing.letter(sent["id"], actor=actor)

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(actor_kind="guest").values_list("subject_id", "actor_display")
        assert [*looks] == [(UUID(sent["id"]), "pat@example.org")]
    assert pdf.startswith(b"%PDF-")
    assert block(printed[0], "Client")[0] == made["display"]


def test_a_question_without_a_client_names_none(
    north: make.Clinic, south: make.Clinic, printed: list[Document]
) -> None:
    asked = make.referral(north, south, kind="advice")

    letter_of(south, asked)

    assert block(printed[0], "Client") == ["No client is named: a question between colleagues."]
    assert sections(printed[0])["What we ask back"].startswith("A written answer to the question.")


def test_a_front_desks_copy_leaves_the_findings_out_and_says_so(
    south: make.Clinic, sent: Any, printed: list[Document]
) -> None:
    answer = letter_of(south.coordinator, sent)

    assert answer.status_code == 200
    assert printed[0].banner == printing.FRONT_DESK
    assert set(sections(printed[0])) == {"Question", "Reason", "Precautions", "What we ask back", "How to answer"}
    assert "levator" not in str(printed[0])
    assert "foot drop" not in str(printed[0])


def test_an_admin_without_another_role_prints_nothing(south: make.Clinic, sent: Any, printed: list[Document]) -> None:
    answer = letter_of(south.admin, sent)

    assert (answer.status_code, answer.json()["code"]) == (403, "right_required")
    assert printed == []


def test_a_pool_prints_nothing_before_it_accepts(
    north: make.Clinic, south: make.Clinic, printed: list[Document]
) -> None:
    made = make.client(north)
    pool = {"discipline": "physical_therapy", "near": "Denver"}
    make.consent(north, made["id"], pools=[pool])
    waiting = make.referral(north, pool, client_id=made["id"])

    answer = letter_of(south, waiting)

    assert (answer.status_code, answer.json()["code"]) == (403, "right_required")
    assert printed == []


def test_to_an_outsider_letter_and_report_are_not_there(
    outsider: make.Clinic, sent: Any, reported: Any, printed: list[Document]
) -> None:
    nowhere = letter_of(outsider, {"id": uuid4()})
    answers = [letter_of(outsider, sent), report_of(outsider, sent, reported)]

    for answer in answers:
        assert answer.status_code == 404
        assert {**answer.json(), "request_id": ""} == {**nowhere.json(), "request_id": ""}
    assert printed == []


def test_a_withdrawn_consent_stops_the_letter_of_a_package_that_was_never_accepted(
    north: make.Clinic, south: make.Clinic, sent: Any, printed: list[Document]
) -> None:
    with acting_as(north.practitioner.actor):
        consent = Consent.objects.get(client_id=sent["client"]["id"])
    path = f"clients/{sent['client']['id']}/consents/{consent.pk}/withdraw"
    assert north.http.send("POST", path, {}).status_code == 200

    answer = letter_of(south, sent)

    assert answer.status_code == 403
    assert printed == []


def test_printing_another_clinics_client_is_logged_and_ones_own_is_not(
    north: make.Clinic, south: make.Clinic, sent: Any
) -> None:
    def looks(clinic: make.Clinic) -> int:
        with acting_as(clinic.auditor.actor):
            return AccessLog.objects.filter(organization_id=clinic.id, subject_id=sent["id"]).count()

    before = looks(south), looks(north)

    letter_of(south, sent)
    letter_of(north, sent)

    assert (looks(south) - before[0], looks(north) - before[1]) == (1, 0)


def test_a_recipient_who_prints_the_letter_has_opened_it(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    assert sent["tracking"]["opened_at"] is None

    letter_of(south, sent)

    assert north.http.send("GET", f"referrals/{sent['id']}").json()["tracking"]["opened_at"] is not None


def test_a_report_carries_its_signature_and_hash(
    north: make.Clinic, sent: Any, reported: Any, printed: list[Document]
) -> None:
    answer = report_of(north, sent, reported)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    (made,) = printed
    facts, text = dict(made.facts), sections(made)
    assert made.sender.label == "South Physio"
    assert made.title.startswith("Final report on referral ")
    assert facts["Outcome"] == "The question is answered"
    assert facts["New precautions"].startswith("Osteoporosis")
    assert text["Answer"] == make.REPORT["answer"]
    assert text["Findings"] == make.REPORT["findings"]
    assert text["Recommendations"] == make.REPORT["recommendations"]
    signer, license_held, _, kind = text["Signature"].split("\n")
    assert signer == "South Practitioner, South Physio"
    assert license_held.startswith("License L-")
    assert kind == printing.SIGNATURES[Report.SignatureKind.HERE]
    assert text["SHA-256 of what was signed"] == reported["content_hash"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("here", "Signed here"),
        ("elsewhere", "Signed elsewhere: in the clinic's own software, sent by that clinic's system"),
        ("guest", "Attested, not verified"),
        ("recorded_by_sender", "Recorded by the sender"),
    ],
)
def test_every_kind_of_signature_is_said_in_words(
    kind: str, words: str, north: make.Clinic, sent: Any, reported: Any, printed: list[Document]
) -> None:
    body = north.http.send("GET", f"referrals/{sent['id']}").json()
    reported["signature"]["kind"] = kind

    printing.report_pdf(body, reported)

    assert words in sections(printed[-1])["Signature"]


def test_a_report_that_was_replaced_says_so(
    north: make.Clinic, south: make.Clinic, sent: Any, reported: Any, printed: list[Document]
) -> None:
    make.move(north, sent["id"], "return_report", missing="The range of motion.")
    make.move(south, sent["id"], "report", final=True, report=make.REPORT)

    report_of(north, sent, reported)

    assert printed[0].banner == "A later report replaces this one."


def test_a_front_desk_prints_no_report(north: make.Clinic, sent: Any, reported: Any, printed: list[Document]) -> None:
    answer = report_of(north.coordinator, sent, reported)

    assert (answer.status_code, answer.json()["code"]) == (403, "right_required")
    assert printed == []


def test_a_report_is_not_found_under_another_referral(
    north: make.Clinic, south: make.Clinic, sent: Any, reported: Any
) -> None:
    other = make.referral(north, south, kind="advice")

    assert report_of(north, other, reported).status_code == 404


def test_members_print_from_the_workspace(north: make.Clinic, sent: Any, reported: Any) -> None:
    browser = make.signed_in(north.practitioner.member.user)

    letter = browser.get(f"/referrals/{sent['id']}/letter.pdf")
    report = browser.get(f"/referrals/{sent['id']}/reports/{reported['id']}.pdf")

    for answer in (letter, report):
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer["Cache-Control"] == "no-store"


def test_who_is_not_signed_in_is_led_to_the_door(sent: Any) -> None:
    answer = make.Api().get(f"/referrals/{sent['id']}/letter.pdf")

    assert answer.status_code == 302
    assert "/letter.pdf" in answer["Location"]


def test_hostile_words_pass_from_the_api_to_the_paper(north: make.Clinic, south: make.Clinic) -> None:
    text = '#panic("ran") $ \\ ] 🙂 مرحبا ' + "w" * 5_000 + " words" * 800
    made = make.client(north, family_name='#panic("ran")')
    make.consent(north, made["id"], south)
    sent = make.referral(
        north, south, client_id=made["id"], findings=text, tried=text, goals=text, question=text[:1_900]
    )

    answer = letter_of(south, sent)

    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
