"""What changed in a plan and in a note, on their pages: what it was and what it is, to the last change, for each reader."""

import re
from typing import Any

from backend.audit.models import AccessLog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import Plan, done
from tests.notes.writing import NECK, change, draft, share, sign, signed
from tests.workspace.browsing import Browser
from tests.workspace.plan_pages import line_of, open_plan

OPEN = re.compile(r"<[^>]+>")


def said(page: str) -> str:
    """The words of what changed, without marks."""
    return " ".join(OPEN.sub(" ", page.split('class="plain rows changed"')[1].split("</ul>")[0]).split())


def test_a_change_of_a_plan_says_what_it_was_and_what_it_is_in_words(north: make.Clinic, plan: Plan) -> None:
    line, goal = line_of(plan, north), plan.whole(north)["goals"][0]
    row = f"/interventions/{line['id']}"
    done(plan.patch(north, row, {"times_per_week": 2, "regions": [{"region": "shoulder", "side": "left"}]}), 200)
    done(plan.patch(north, f"/goals/{goal['id']}", {"due_on": "2031-12-24", "unit": None}), 200)
    done(plan.patch(north, row, {"state": "ended", "ended_reason": "no_effect"}), 200)
    done(plan.patch(north, "", {"review_on": "2031-03-01"}), 200)

    told = said(open_plan(plan, north.practitioner).page)

    assert "Times per week it was 1 → now 2" in told
    assert "now Shoulder girdle, left" in told
    assert "24 December 2031" in told
    assert "Unit it was min" in told
    assert "State it was active → now ended" in told
    assert "Reason to end no effect" in told
    assert "Review date 1 March 2031" in told
    for code in ("cervical", "no_effect", "2031-", "times_per_week"):
        assert code not in told, code


def test_a_proposal_says_in_words_what_it_would_change(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    line = line_of(plan, north)
    asked = {"kind": "change", "about": "intervention", "row_id": line["id"], "why": "It helps."}
    done(plan.post(south, "/proposals", {**asked, "changes": {"times_per_week": 3, "technique_ids": []}}), 201)

    told = said(open_plan(plan, north.practitioner).page)

    assert "About a line" in told
    assert "Changes techniques: nothing; times per week: 3" in told
    assert "Reason It helps." in told


def test_the_desk_reads_no_clinical_word_of_a_change_on_either_page(
    north: make.Clinic, south: make.Clinic, plan: Plan
) -> None:
    line = line_of(plan, north)
    row = f"/interventions/{line['id']}"
    done(plan.patch(north, row, {"focus": "WasFocus", "home_programme": "WasAtHome", "times_per_week": 2}), 200)
    done(plan.patch(north, row, {"focus": "IsFocus", "home_programme": "IsAtHome", "times_per_week": 3}), 200)
    plan.goal(north, words="GoalWords")

    for rest in ("", "/changes"):
        told = said(open_plan(plan, north.coordinator, rest).page)
        assert "Times per week it was 2 → now 3" in told
        for word in ("Focus", "AtHome", "GoalWords"):
            assert word not in told, (rest, word)
        assert "WasFocus" in said(open_plan(plan, south.practitioner, rest).page)


def test_all_changes_of_a_plan_are_on_pages_that_lead_on_and_back(north: make.Clinic, plan: Plan) -> None:
    line = line_of(plan, north)
    for minutes in range(10, 60):
        done(plan.patch(north, f"/interventions/{line['id']}", {"minutes": minutes}), 200)
    first = open_plan(plan, north.practitioner).follow("All changes")
    assert first.path == f"/care-plans/{plan.id}/changes"
    assert "Later changes" not in first.page

    pages = [said(first.page)]
    while "Earlier changes" in first.page:
        pages.append(said(first.follow("Earlier changes").page))

    steps = [int(minutes) for page in pages for minutes in re.findall(r"Minutes it was \d+ → now (\d+)", page)]
    assert steps == [*range(59, 9, -1)]
    assert "Begun" in pages[-1]
    assert said(first.follow("Later changes").page) == pages[-2]


def test_a_page_of_changes_that_was_not_made_here_is_refused_with_a_sentence(north: make.Clinic, plan: Plan) -> None:
    page = open_plan(plan, north.practitioner, "/changes?cursor=AAAA")

    assert page.status == 400
    assert "begin again without it" in page.page


def test_a_look_at_all_changes_is_written_down(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    before = looks(south, plan.id)

    open_plan(plan, south.practitioner, "/changes")

    assert looks(south, plan.id) == before + 1


def looks(clinic: make.Clinic, subject_id: str) -> int:
    with acting_as(clinic.practitioner.actor):
        return AccessLog.objects.filter(subject_id=subject_id).count()


# --- notes ----------------------------------------------------------------------------------------------------------


def open_note(who: make.Person, note: Any, rest: str = "") -> Browser:
    return Browser(who).open(f"/notes/{note['id']}{rest}")


def test_a_change_of_a_note_says_what_it_was_and_what_it_is_in_words(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id, plan="Weekly.")
    kept = {name: note[name] for name in ("findings", "techniques", "asks")}
    kept["findings"][1] |= {"intensity": 3, "side": "left"}
    kept["asks"][0]["until"] = "2031-03-01"
    change(north.http, note, plan="Twice a week.", visibility="clinic", is_sensitive=True, **kept).json()["version"]

    for rest in ("", "/changes"):
        told = said(open_note(north.practitioner, note, rest).page)
        assert "Words it was Weekly. → now Twice a week." in told
        assert "now 3" in told
        assert "Place it was right → now left" in told
        assert "Last day 1 March 2031" in told
        assert "Who reads it it was The care team → now This clinic only" in told
        assert "Mark as sensitive it was no → now yes" in told
        for code in ("care_team", "trigger_point", "2031-03", "{'", "[{"):
            assert code not in told, code


def test_of_long_words_the_place_where_they_part_is_shown(north: make.Clinic, client_id: str) -> None:
    begins, ends = "the same beginning " * 30, " and the same end" * 30
    note = draft(north, client_id, plan=f"{begins}ice{ends}")
    change(north.http, note, plan=f"{begins}heat{ends}")

    told = said(open_note(north.practitioner, note).page)

    shown = re.search(r"Words it was (… .*?…) → now (… .*?…) ", told)
    assert shown, told
    assert " ice and" in shown.group(1)
    assert " heat and" in shown.group(2)
    assert max(map(len, shown.groups())) < 200


def test_what_a_note_was_before_it_was_signed_stands_on_no_page_of_another_clinic(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = draft(north, client_id, plan="DraftText", asks=[{"kind": "avoid", **NECK, "sentence": "DraftAsk"}])
    asks = [{**note["asks"][0], "sentence": "SignedAsk"}]
    note = change(north.http, note, plan="SignedText", asks=asks).json()
    sign(north.http, note["id"])

    for rest in ("", "/changes"):
        theirs = open_note(south.practitioner, note, rest)
        assert "Signed" in said(theirs.page)
        assert "Draft" not in theirs.page
        ours = said(open_note(north.practitioner, note, rest).page)
        assert "it was DraftText → now SignedText" in ours
        assert "it was DraftAsk → now SignedAsk" in ours


def test_who_reads_no_text_of_notes_reads_none_of_what_changed_in_it(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = draft(north, client_id, plan="FirstText")
    change(north.http, note, plan="SecondText", subjective="ThirdText")
    sign(north.http, note["id"])

    for who in (north.coordinator, south.coordinator):
        for rest in ("", "/changes"):
            page = open_note(who, note, rest)
            assert page.status == 200
            assert "Signed" in said(page.page)
            for word in ("Text", "No thrust", "Trigger point", "Neck"):
                assert word not in said(page.page), (rest, word)


def test_all_changes_of_a_note_are_reached_from_its_page(north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id, plan="0.")
    for number in range(1, 25):
        note = change(north.http, note, plan=f"{number}.").json()

    page = open_note(north.practitioner, note).follow("All changes")
    texts = re.findall(r"now (\d+)\.", said(page.page))
    while "Earlier changes" in page.page:
        texts += re.findall(r"now (\d+)\.", said(page.follow("Earlier changes").page))

    assert texts == [str(number) for number in range(24, 0, -1)]


def test_a_short_history_has_no_way_to_more(north: make.Clinic, client_id: str) -> None:
    assert "All changes" not in open_note(north.practitioner, signed(north, client_id)).page
