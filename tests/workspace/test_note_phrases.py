"""Phrases beside the words of a note, and what a practitioner uses most: learned from counts, and from nobody else."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.workspace import habits
from tests import make
from tests.notes.writing import NECK, draft, enroll, share, sign, signed
from tests.workspace.note_writer import only_note, writer

QUIET: dict[str, Any] = {"asks": [], "measures": [], "findings": [], "techniques": []}
USUAL = [
    "Go on as planned.",
    "Lighter pressure next time.",
    "Next visit in a week.",
    "Heat at home.",
    "Stretches shown.",
]


def offered(page: str, section: str) -> list[str]:
    return re.findall(rf'name="say" value="{section}:([^"]+)"', page)


def used_most(page: str, select: str) -> list[str]:
    """The values at the head of a list, before the list itself."""
    body = page.split(f'id="{select}"')[1].split("</select>")[0]
    head = re.search(r'<optgroup label="You use most">(.*?)</optgroup>', body)
    return re.findall(r'value="([^"]+)"', head.group(1)) if head else []


def test_whoever_has_written_nothing_is_offered_the_phrases_of_their_discipline(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    massage = writer(north).begin(client_id).page
    physical_therapy = writer(south).begin(str(make.client(south)["id"])).page

    assert offered(massage, "plan")[:5] == USUAL
    assert len(offered(massage, "subjective")) == 6
    assert offered(physical_therapy, "plan")[0] == "Go on with the program."
    assert "You use most" not in massage


def test_what_was_written_most_comes_first_and_the_rest_stays_in_order(north: make.Clinic, client_id: str) -> None:
    for plan in ("Heat at home.", "Rest; Heat at home, ten minutes.", "Stretches shown.\nNext visit in May."):
        signed(north, client_id, **QUIET, plan=plan)

    page = writer(north).begin(client_id).page

    assert offered(page, "plan")[:5] == [
        "Heat at home.", "Stretches shown.", "Go on as planned.", "Lighter pressure next time.", "Next visit in a week.",
    ]  # fmt: skip


def test_a_phrase_counts_in_its_own_section_only(north: make.Clinic, client_id: str) -> None:
    signed(north, client_id, **QUIET, subjective="Heat at home. Go on as planned.")

    assert offered(writer(north).begin(client_id).page, "plan")[:5] == USUAL


def test_nothing_is_learned_from_colleagues_drafts_and_what_was_entered_in_error(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    facts: dict[str, Any] = {"plan": "Heat at home.", "measures": [{"measure": "rom", "value": 5}]}
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    sign(colleague.http, draft(north, client_id, by=colleague.http, **facts)["id"])
    signed(south, client_id, **facts)
    mistaken = signed(north, client_id, **facts)
    north.http.send("POST", f"notes/{mistaken['id']}/entered-in-error", {"reason": "wrong_client"})
    draft(north, str(make.client(north)["id"]), **facts)

    page = writer(north).begin(client_id).page

    assert offered(page, "plan")[:5] == USUAL
    assert "You use most" not in page


def test_no_word_of_another_clients_note_is_on_the_page(north: make.Clinic, client_id: str) -> None:
    other = str(make.client(north, family_name="Zqother")["id"])
    remark = [{"kind": "tight_band", **NECK, "remark": "Zqremark"}]
    for _ in range(3):
        signed(
            north, other, subjective="Zqsecret slept better. Slept better.", objective="Zqfound.", assessment="Zqthinks.",
            plan="Zqplan: heat for Zqother. Heat at home.", findings=remark,
            asks=[{"kind": "avoid", **NECK, "technique": None, "sentence": "Zqask."}],
        )  # fmt: skip

    page = writer(north).begin(client_id).page

    assert offered(page, "plan")[0] == "Heat at home."
    assert used_most(page, "add-findings-place") == ["cervical:right"]
    assert "Zq" not in page


def test_only_the_last_fifty_notes_count(north: make.Clinic, client_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert habits.LAST_NOTES == 50
    monkeypatch.setattr(habits, "LAST_NOTES", 2)
    for plan in ("Heat at home.", "Heat at home.", "Stretches shown.", "Go on."):
        signed(north, client_id, **QUIET, plan=plan)

    assert offered(writer(north).begin(client_id).page, "plan")[:2] == ["Stretches shown.", "Go on as planned."]


def test_a_students_own_notes_count_before_they_are_cosigned(north: make.Clinic, client_id: str) -> None:
    student = enroll(north)
    sign(student.http, draft(north, client_id, by=student.http, **QUIET, plan="Heat at home.")["id"])
    page = writer(north)
    page.http = make.signed_in(student.member.user)

    assert offered(page.begin(client_id).page, "plan")[0] == "Heat at home."


def test_places_techniques_and_measures_that_are_used_most_stand_once_more_on_top(
    north: make.Clinic, client_id: str
) -> None:
    shoulder = {"region": "shoulder", "side": "left"}
    for _ in range(2):
        signed(
            north, client_id, asks=[], measures=[{"measure": "ndi", "value": 9}],
            findings=[{"kind": "tight_band", **shoulder}], techniques=[{"technique": "stretch", "regions": [shoulder]}],
        )  # fmt: skip
    signed(north, client_id, asks=[], measures=[{"measure": "nprs", "value": 5}, {"measure": "rom", "value": 55}])

    page = writer(north).begin(client_id)

    assert used_most(page.page, "add-techniques-technique") == ["stretch", "tpt"]
    assert used_most(page.page, "add-findings-place") == ["shoulder:left", "cervical:right"]
    assert used_most(page.page, "add-asks-place") == ["shoulder:left", "cervical:right"]
    assert used_most(page.page, "add-measures-measure") == ["ndi", "rom"]
    assert page.page.count('<option value="stretch">') == 3  # on top, in its place, and among what can be asked
    page.write(**{"add-measures-measure": "rom", "add-measures-value": "70"})
    assert [row["value"] for row in only_note_of(north, page.path)["measures"]] == [70]


def only_note_of(clinic: make.Clinic, path: str) -> Any:
    return clinic.http.send("GET", f"notes/{path.split('/')[2]}").json()


def test_a_press_without_script_adds_the_phrase_at_the_end_and_comes_back_to_it(
    north: make.Clinic, client_id: str
) -> None:
    page = writer(north).begin(client_id)
    fields = {**page.fields(), "subjective": "Drove a lot.", "plan": "Rest.", "say": "subjective:Slept better."}

    answer: Any = page.http.post("/notes/new", fields)

    note = only_note(north)
    assert answer["Location"] == f"/notes/{note['id']}/edit?sure=1#subjective-words"
    assert (note["state"], note["subjective"], note["plan"]) == ("draft", "Drove a lot. Slept better.", "Rest.")
    page.open(f"/notes/{note['id']}/edit?sure=1")
    assert page.fields()["subjective"] == ["Drove a lot. Slept better."]


@pytest.mark.parametrize("said", ["", "nonsense", "nonsense:Slept better.", "visibility:author", ":", "subjective"])
def test_a_press_that_no_chip_makes_changes_no_words(north: make.Clinic, client_id: str, said: str) -> None:
    page = writer(north).begin(client_id)

    page.write(subjective="Drove a lot.", say=said)

    assert page.status == 200
    note = only_note(north)
    assert (note["subjective"], note["visibility"]) == ("Drove a lot.", "care_team")


def test_a_phrase_on_a_copied_section_makes_it_ones_own(north: make.Clinic, client_id: str) -> None:
    signed(north, client_id)
    page = writer(north).begin(client_id)

    page.write(say="plan:Heat at home.")

    note = only_note_of(north, page.path)
    assert note["plan"] == "Weekly; heat at home. Heat at home."
    assert "plan" not in note["untouched"]
    assert "assessment" in note["untouched"]


def test_learning_takes_four_statements_for_one_note_and_for_many(north: make.Clinic, client_id: str) -> None:
    page = writer(north)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            page.begin(client_id)
        return len([query for query in seen if "SAVEPOINT" not in query["sql"]])

    page.begin(client_id)  # statements that are planned once are planned
    without = statements()
    signed(north, client_id)
    one = statements()
    for _ in range(9):
        signed(north, client_id)

    assert statements() == one
    assert one - without <= 6
