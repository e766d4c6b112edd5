"""A care plan as PDF: what stands on it, for whom."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.audit.models import AccessLog
from backend.careplans import printing
from backend.lib import clock
from backend.lib.typesetting import Document
from backend.lib.unit_of_work import acting_as
from backend.lib.zones import day_in_words
from tests import make
from tests.careplans.plans import Plan, alone, consent_of, done, shared, withdraw
from tests.paper import pages_of
from tests.referrals.stories import move_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    return pages_of(printing, monkeypatch)


@pytest.fixture
def plan(north: make.Clinic, south: make.Clinic) -> Plan:
    made = shared(north, south)
    line = made.line(north, home_programme="Heat for ten minutes.")
    made.line(south, focus="Deep neck flexors", technique_ids=[], times_per_week=0.5)
    made.goal(south)
    done(made.post(north, "/problems", {"text": "Stiff neck", "icd10": "M54.2"}), 201)
    made.publish(north)
    done(made.answer(south, 1), 201)
    done(made.patch(north, f"/interventions/{line['id']}", {"times_per_week": 2}), 200)
    proposal = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "It is done."}
    done(made.post(south, "/proposals", proposal), 201)
    return made


def document_of(who: Any, plan: Plan) -> Any:
    return who.http.send("GET", f"care-plans/{plan.id}/document")


def words_on(document: Document) -> str:
    """Everything a reader of the page reads."""
    blocks = [line for block in (document.sender, *document.blocks) for line in (block.label, *block.lines)]
    facts = [text for fact in document.facts for text in fact]
    sections = [text for section in document.sections for text in (section.title, section.text)]
    return "\n".join([document.title, document.banner or "", *blocks, *facts, *sections, document.footer])


def test_a_plan_is_an_accessible_pdf_that_is_kept_nowhere_and_named_after_nobody(
    north: make.Clinic, plan: Plan
) -> None:
    answer = document_of(north, plan)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    short = plan.id.replace("-", "")[-8:]
    assert answer["Content-Disposition"] == f'inline; filename="care-plan-{short}.pdf"'
    assert answer["Cache-Control"] == "no-store"
    assert b"<pdfuaid:part>1" in answer.content
    assert b"/Marked true" in answer.content
    assert f"Care plan {short}</rdf:li>".encode() in answer.content
    assert b"Canary" not in answer.content


def test_the_page_says_what_the_api_says_to_a_party(south: make.Clinic, plan: Plan, printed: list[Document]) -> None:
    document_of(south, plan)

    (page,) = printed
    facts, sections = dict(page.facts), {section.title: section.text for section in page.sections}
    assert (facts["State"], facts["Agreed by"]) == ("Active", "North Massage and South Physio")
    assert facts["About"] == "Neck and arm"
    assert page.sender.label == "North Massage"
    massage = sections["North Massage, Massage therapy"]
    assert "How often: twice a week for 6 weeks" in massage
    assert "At home: Heat for ten minutes." in massage
    assert "Not agreed to yet by North Massage, South Physio." in massage
    assert "How often: every 2 weeks for 6 weeks" in sections["South Physio, Physical therapy"]
    assert "“Carry my son for ten minutes”\nmeasured by minutes, began at 3 min, target 10 min" in sections["Goals"]
    assert sections["Problems"] == "Stiff neck (M54.2)"
    assert "times per week from 1 to 2." in sections["Changed since this version"]
    assert "It is done." in sections["Open proposals"]


def test_a_coordinators_copy_leaves_out_what_is_clinical_and_says_so(
    north: make.Clinic, plan: Plan, printed: list[Document]
) -> None:
    document_of(north.coordinator, plan)

    (page,) = printed
    said = words_on(page)
    clinical = ("Upper trapezius", "Carry my son", "Stiff neck", "Neck and arm", "Trigger point", "Heat", "It is done")
    assert [word for word in clinical if word in said] == []
    assert page.banner == "What is clinical is left out here; practitioners read it."
    assert "twice a week for 6 weeks" in said


def test_who_is_not_in_the_circle_any_more_prints_what_they_wrote(
    north: make.Clinic, south: make.Clinic, plan: Plan, printed: list[Document]
) -> None:
    withdraw(north, plan.client_id, consent_of(plan, north))

    assert document_of(south, plan).status_code == 200

    said = words_on(printed[-1])
    assert "Deep neck flexors" in said
    others = ("Upper trapezius", "Stiff neck", "Neck and arm", "Heat for ten")
    assert [word for word in others if word in said] == []
    assert "This plan is not open to your clinic now." in (printed[-1].banner or "")


def test_who_left_in_the_evening_left_on_that_day_of_the_leads_clinic(
    north: make.Clinic, south: make.Clinic, plan: Plan, printed: list[Document]
) -> None:
    tomorrow = clock.now().date() + timedelta(days=1)
    move_to(datetime.combine(tomorrow + timedelta(days=1), time(2), UTC))
    member = next(row for row in plan.whole(south)["team"] if row["organization"]["id"] == south.id)
    done(plan.post(south, f"/team/{member['id']}/end"), 200)

    document_of(north, plan)

    (page,) = printed
    team = next(section.text for section in page.sections if section.title == "Team")
    assert f"until {day_in_words(tomorrow)}" in team


def test_an_admin_prints_no_plan_and_an_outsider_finds_none(
    north: make.Clinic, outsider: make.Clinic, plan: Plan
) -> None:
    refused, hidden = document_of(north.admin, plan), document_of(outsider, plan)
    nothing = outsider.http.send("GET", f"care-plans/{uuid4()}/document")

    assert (refused.status_code, refused.json()["code"]) == (403, "right_required")
    assert (hidden.status_code, nothing.status_code) == (404, 404)


def test_printing_across_clinics_is_logged(south: make.Clinic, plan: Plan) -> None:
    with acting_as(south.practitioner.actor):
        before = AccessLog.objects.filter(subject_id=plan.id).count()

    document_of(south, plan)

    with acting_as(south.practitioner.actor):
        assert AccessLog.objects.filter(subject_id=plan.id).count() == before + 1


def test_a_draft_says_that_it_is_one_and_a_plan_of_one_clinic_asks_nobody(
    north: make.Clinic, printed: list[Document]
) -> None:
    client = make.client(north, birth_date="1980-02-03")["id"]
    made = done(north.http.send("POST", "care-plans", {"client_id": client, "title": "Knee"}), 201)
    document_of(north, Plan(made["id"], client))
    document_of(north, alone(north))

    draft, single = printed
    assert draft.banner == "Draft: nobody works from this plan yet."
    assert "born 3 February 1980" in words_on(draft)
    assert dict(single.facts)["Agreement"] == "One clinic is on this plan; nobody is asked to agree."
