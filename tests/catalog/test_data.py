"""The facts that come with the product."""

import json
import re
from typing import get_args

import pytest

from backend.catalog.entries import Catalog, NoteKind
from backend.catalog.loaders import ROW_CLASSES, load_catalog
from backend.catalog.queries import DATA_DIR


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog([DATA_DIR])


@pytest.mark.parametrize("kind", ROW_CLASSES)
def test_every_kind_has_a_file_and_every_row_of_it_is_loaded(shipped: Catalog, kind: str) -> None:
    rows = json.loads((DATA_DIR / f"{kind}.json").read_text(encoding="utf-8"))

    loaded = getattr(shipped, kind)

    assert rows
    assert len(loaded) == len(rows)


def test_the_four_disciplines_carry_their_taxonomy_code_and_letters(shipped: Catalog) -> None:
    found = {row.code: (row.taxonomy_code, row.mark, row.credential_kind) for row in shipped.disciplines.values()}

    assert found == {
        "massage_therapy": ("225700000X", "MT", "license"),
        "physical_therapy": ("225100000X", "PT", "license"),
        "chiropractic": ("111N00000X", "DC", "license"),
        "medicine": ("208D00000X", "MD", "license"),
    }


def test_only_medicine_takes_a_same_day_red_flag_without_an_explanation(shipped: Catalog) -> None:
    takers = [row.code for row in shipped.disciplines.values() if row.takes_same_day_red_flags]

    assert takers == ["medicine"]


def test_only_licensed_hands_thrust_and_needle(shipped: Catalog) -> None:
    risky = {technique.group for technique in shipped.techniques_of("massage_therapy")} & {"HVLA", "NEEDLE", "MOB_HI"}

    assert risky == set()


def test_each_technique_has_somebody_who_does_it_somewhere(shipped: Catalog) -> None:
    idle = [row.code for row in shipped.techniques.values() if not row.disciplines or not row.regions]

    assert idle == []


def test_neighboring_regions_name_each_other(shipped: Catalog) -> None:
    one_way = [
        (region.code, other)
        for region in shipped.regions.values()
        for other in region.adjacent
        if region.code not in shipped.regions[other].adjacent
    ]

    assert one_way == []


def test_a_decline_for_a_clinical_or_another_reason_needs_a_sentence(shipped: Catalog) -> None:
    needing = {reason.code for reason in shipped.decline_reasons.values() if reason.needs_sentence}

    assert needing == {"contraindication", "needs_medical_first", "other"}


def test_the_coded_reasons_are_those_of_the_referral_table(shipped: Catalog) -> None:
    assert ", ".join(shipped.decline_reasons) == (
        "no_capacity, out_of_scope, wrong_discipline, wrong_person, outside_area, client_request, missing_information, "
        "contraindication, needs_medical_first, insurance, duplicate, conflict_of_interest, other"
    )
    assert ", ".join(shipped.withdraw_reasons) == (
        "client_request, better, superseded, duplicate, sent_in_error, client_moved, client_died, other"
    )
    assert ", ".join(shipped.not_completed_reasons) == (
        "red_flag, client_stopped, client_moved, client_died, scope, other"
    )


def test_each_pair_of_disciplines_has_short_reasons_to_refer(shipped: Catalog) -> None:
    pairs = {(a, b): shipped.reason_suggestions(a, b) for a in shipped.disciplines for b in shipped.disciplines}

    assert all(3 <= len(reasons) <= 6 for reasons in pairs.values())
    assert pairs["physical_therapy", "massage_therapy"][0] == "Guarding limits exercise"
    assert pairs["massage_therapy", "physical_therapy"][0] == "Weakness or numbness"
    assert max(len(reason) for reasons in pairs.values() for reason in reasons) <= 60


def test_every_source_that_is_kept_is_named_by_a_row(shipped: Catalog) -> None:
    rows = [row for kind in ROW_CLASSES for row in getattr(shipped, kind).values()]
    named = {source for row in rows for source in getattr(row, "sources", ())}

    assert named == set(shipped.sources)


def test_every_clinical_fact_names_a_source(shipped: Catalog) -> None:
    rows = [row for kind in ROW_CLASSES for row in getattr(shipped, kind).values()]

    assert [row.code for row in rows if hasattr(row, "sources") and not row.sources] == []


def test_labels_are_american_english(shipped: Catalog) -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in DATA_DIR.glob("*.json") if path.stem != "sources")

    british = ("isation", "aemi", "aemo", "haemat", "oedema", "tumour", "licence", "programme", "favour", "ischaem")
    assert [part for part in british if part in text] == []
    assert all(row.label[0].isupper() or row.label[0].isdigit() for row in shipped.techniques.values())


def test_each_treating_discipline_has_a_template_for_every_kind_of_note(shipped: Catalog) -> None:
    kinds = get_args(NoteKind)

    for discipline in ("massage_therapy", "physical_therapy", "chiropractic"):
        assert [row.kind for row in shipped.note_templates_for(discipline)] == list(kinds)
    assert {row.code for row in shipped.note_templates.values()} == {
        f"{row.discipline}.{row.kind}" for row in shipped.note_templates.values()
    }


def test_every_part_of_a_template_prompts_for_something_short(shipped: Catalog) -> None:
    parts = [
        part
        for row in shipped.note_templates.values()
        for part in (row.subjective, row.objective, row.assessment, row.plan)
    ]

    assert all(parts)
    assert max(len(prompt) for part in parts for prompt in part) <= 100


def test_a_massage_therapists_note_asks_for_no_diagnosis(shipped: Catalog) -> None:
    evaluation = shipped.note_templates["massage_therapy.initial_evaluation"]

    assert evaluation.assessment[0] == "Findings in your scope, without a diagnosis"


def test_each_discipline_has_short_phrases_for_every_section(shipped: Catalog) -> None:
    phrases = phrases_of(shipped)

    assert list(shipped.note_phrases) == list(shipped.disciplines)
    assert {len(offered) for offered in phrases.values()} == {6}
    assert [each for offered in phrases.values() for each in offered if len(each) > 45] == []
    assert [
        each for offered in phrases.values() for each in offered if not re.fullmatch(r"[A-Z][^.:\n]+\.", each)
    ] == []


def test_no_phrase_is_counted_where_another_one_stands(shipped: Catalog) -> None:
    within = [
        (one, other)
        for offered in phrases_of(shipped).values()
        for one in offered
        for other in offered
        if one != other and one.rstrip(".") in other
    ]

    assert within == []


def test_no_phrase_names_a_disease_or_says_that_something_was_ruled_out(shipped: Catalog) -> None:
    said = " ".join(each for offered in phrases_of(shipped).values() for each in offered).lower()

    claims = ("itis", "osis", "opathy", "algia", "syndrome", "diagnos", "sprain", "strain", "hernia", "fracture", "red flag",
              "contraindicat", "negative", "normal", "screen", "neurolog", "ruled out", "not found", "none found")  # fmt: skip
    assert [claim for claim in claims if claim in said] == []


def phrases_of(shipped: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    parts = ("subjective", "objective", "assessment", "plan")
    return {(code, part): getattr(row, part) for code, row in shipped.note_phrases.items() for part in parts}


def test_a_plan_begins_for_each_complaint_that_clinics_share_most(shipped: Catalog) -> None:
    assert list(shipped.plan_templates) == ["neck_arm", "low_back", "low_back_chronic", "shoulder", "headache"]


def test_a_template_of_a_plan_says_what_ends_each_phase_and_when_the_team_looks_again(shipped: Catalog) -> None:
    for template in shipped.plan_templates.values():
        phases = shipped.phases_of(template)
        # Looked at within thirty days, and before the phases are over.
        assert 1 <= template.review_weeks <= 4 < sum(phase.weeks for phase in phases) <= 26
        assert phases[0].label == "Examine first"
        assert all(phase.weeks >= 1 and len(f"{phase.label}, until {phase.ends_when}") <= 100 for phase in phases)
        assert [phase.code.partition(".")[0] for phase in phases] == [template.code] * 4


def test_a_template_of_a_plan_is_a_convention_to_be_looked_over(shipped: Catalog) -> None:
    for template in shipped.plan_templates.values():
        assert "licensed clinician" in template.note
        assert (template.confidence, "CONV" in template.sources) == ("convention", True)


def test_a_template_of_a_plan_makes_no_diagnosis_and_doses_nothing(shipped: Catalog) -> None:
    rows = [*shipped.plan_templates.values(), *shipped.plan_phases.values()]
    said = " ".join(str(getattr(row, name, "")) for row in rows for name in ("problem", "ends_when")).lower()

    assert [row.icd10 for row in shipped.plan_templates.values() if row.icd10] == []
    doses = ("a week", "per week", "minutes", "times", "visits", "sessions", "itis", "opathy", "radicul", "syndrome")
    assert [dose for dose in doses if dose in said] == []


def test_measures_that_fit_a_problem_come_first_and_none_is_left_out(shipped: Catalog) -> None:
    codes = [measure.code for measure in shipped.measures_fitting(["Shoulder pain", "Tired"])]

    assert codes[:3] == ["quickdash", "nprs", "psfs"]
    assert sorted(codes) == sorted(shipped.measures)
    assert [measure.code for measure in shipped.measures_fitting([])] == list(shipped.measures)


def test_a_measures_range_and_direction_are_known(shipped: Catalog) -> None:
    assert all(measure.minimum < measure.maximum for measure in shipped.measures.values())
    assert {code for code, row in shipped.measures.items() if row.better == "higher"} == {
        "lefs", "psfs", "groc", "ppt", "rom",
    }  # fmt: skip
