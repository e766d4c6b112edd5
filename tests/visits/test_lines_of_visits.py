"""Which lines of a plan a visit counts for: those it names, else what its signed note tells, else all that fit."""

from datetime import timedelta
from typing import Any

import pytest

from tests import make
from tests.attacks.sql import refused as refused_by_the_database
from tests.attacks.sql import rows
from tests.careplans.in_error import void
from tests.careplans.plans import Plan, alone, done, refused, shared
from tests.notes.writing import draft, enroll, sign, signed
from tests.referrals.stories import event_types, move_to, now

pytestmark = pytest.mark.django_db

NECK, KNEE = {"region": "cervical", "side": "left"}, {"region": "knee", "side": "right"}
RIGHT_NECK, WHOLE_NECK = {**NECK, "side": "right"}, {**NECK, "side": "bilateral"}


def line(plan: Plan, who: make.Clinic, technique: str = "", *regions: dict[str, str], **more: Any) -> str:
    """A line of this technique in these places, and no other."""
    said = {"technique_ids": [technique] if technique else [], "regions": list(regions), "avoid": [], **more}
    return str(plan.line(who, **said)["id"])


def booked(who: make.Clinic, client_id: str, **more: Any) -> Any:
    """A visit with the clinic's practitioner, in two days."""
    body = {"client_id": client_id, "practitioner_role_id": who.role_id, **make.visit_window(), **more}
    return done(who.http.send("POST", "visits", body), 201)


def held(who: make.Clinic, client_id: str, **more: Any) -> Any:
    """The same, three days later, when it took place."""
    visit = booked(who, client_id)
    move_to(now() + timedelta(days=3))
    return done(move(who, visit, "record_done", **more), 200)


def move(who: make.Clinic, visit: Any, name: str, **more: Any) -> Any:
    return who.http.send("POST", f"visits/{visit['id']}/transitions", {"name": name, **more})


def change(who: Any, visit: Any, line_ids: Any) -> Any:
    http = who if isinstance(who, make.Api) else who.http
    return http.send(
        "PATCH", f"visits/{visit['id']}", {"line_ids": line_ids}, **{"If-Match": f'"{visit["version"]}.x"'}
    )


def read(who: make.Clinic, visit: Any) -> Any:
    return done(who.http.send("GET", f"visits/{visit['id']}"), 200)


def counted(who: make.Clinic, visit: Any) -> dict[str, str]:
    return {one["line_id"]: one["because"] for one in read(who, visit)["counts_for"]}


def used(plan: Plan, who: make.Clinic) -> dict[str, tuple[int, int]]:
    """Visits done and booked of each line by the plan's own counting."""
    lines = done(plan.get(who, "/progress"), 200)["interventions"]
    return {one["id"]: (one["visits_done"], one["visits_booked"]) for one in lines}


def technique(code: str, *regions: dict[str, str]) -> dict[str, Any]:
    return {"technique": code, "regions": list(regions) or [KNEE]}


def treated(place: dict[str, str]) -> dict[str, str]:
    return {"kind": "treated", **place}


# --- the rule --------------------------------------------------------------------------------------------------------

# The lines of a plan, what the note of the visit tells, and the lines that the visit counts for, why.
LINES = {"mfr neck": ("mfr", NECK), "tpt neck": ("tpt", NECK), "mfr knee": ("mfr", KNEE), "neck": ("", WHOLE_NECK)}
TOLD: list[tuple[str, list[str], list[Any], list[Any], list[str], str]] = [
    ("nothing", ["mfr neck", "tpt neck"], [], [], ["mfr neck", "tpt neck"], "discipline"),
    ("a technique of one", ["mfr neck", "tpt neck"], [technique("mfr", NECK)], [], ["mfr neck"], "technique"),
    ("one of each", ["mfr neck", "tpt neck"], [technique("mfr"), technique("tpt")], [], ["mfr neck", "tpt neck"], "technique"),
    ("a technique elsewhere", ["mfr neck", "tpt neck"], [technique("mfr", KNEE)], [], ["mfr neck"], "technique"),
    ("a technique of two, in one's place", ["mfr neck", "mfr knee"], [technique("mfr", KNEE)], [], ["mfr knee"], "technique"),
    ("a technique of two, nowhere", ["mfr neck", "mfr knee"], [technique("mfr", RIGHT_NECK)], [], ["mfr neck", "mfr knee"], "technique"),
    ("one in its place, one elsewhere", ["mfr neck", "mfr knee", "tpt neck"], [technique("mfr", KNEE), technique("tpt", KNEE)], [],
     ["mfr knee", "tpt neck"], "technique"),
    ("a technique of none, in a place", ["mfr neck", "mfr knee"], [technique("cup", KNEE)], [], ["mfr knee"], "region"),
    ("what was treated", ["mfr neck", "mfr knee"], [], [treated(NECK)], ["mfr neck"], "region"),
    ("both sides", ["neck", "mfr knee"], [], [treated(RIGHT_NECK)], ["neck"], "region"),
    ("the other side", ["mfr neck", "mfr knee"], [], [treated(RIGHT_NECK)], ["mfr neck", "mfr knee"], "discipline"),
    ("a finding, not treated", ["mfr neck", "mfr knee"], [], [{"kind": "pain", **NECK, "intensity": 3}],
     ["mfr neck", "mfr knee"], "discipline"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "techniques", "findings", "expected", "because"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD]
)
def test_a_visit_counts_for_the_lines_its_signed_note_tells(
    north: make.Clinic, names: list[str], techniques: Any, findings: Any, expected: list[str], because: str
) -> None:
    plan = alone(north)
    ids = {name: line(plan, north, *LINES[name]) for name in names}
    visit = held(north, plan.client_id)

    signed(north, plan.client_id, visit_id=visit["id"], techniques=techniques, findings=findings, asks=[])

    assert counted(north, visit) == {ids[name]: because for name in expected}
    assert used(plan, north) == {ids[name]: (int(name in expected), 0) for name in names}


def test_a_booked_visit_counts_by_the_same_rule(north: make.Clinic) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")
    booked(north, plan.client_id)

    booked(north, plan.client_id, line_ids=[manual])

    assert used(plan, north) == {manual: (0, 2), exercise: (0, 1)}


@pytest.mark.parametrize("is_of_the_plan", [False, True], ids=["the line", "its plan"])
def test_a_visit_that_names_a_line_does_not_count_for_one_that_was_entered_in_error(
    north: make.Clinic, is_of_the_plan: bool
) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")
    booked(north, plan.client_id, line_ids=[manual, exercise])
    assert used(plan, north) == {manual: (0, 1), exercise: (0, 1)}
    at = "" if is_of_the_plan else f"/interventions/{manual}"

    done(plan.post(north, f"{at}/entered-in-error", {"reason": "duplicate"}), 200)

    counts = rows(north, "SELECT line_id::text, booked FROM visits_used(%s)", plan.id)
    assert counts == ([] if is_of_the_plan else [(exercise, 1)])


def test_the_counting_only_reads_and_is_nothing_that_the_app_may_call(north: make.Clinic) -> None:
    said = (
        "SELECT provolatile::text, has_function_privilege(oid, 'EXECUTE') FROM pg_proc WHERE proname = 'count_visits'"
    )

    assert rows(north, said) == [("s", False)]


@pytest.mark.parametrize(
    "more",
    [{}, {"visibility": "author"}, {"visibility": "clinic"}, {"is_sensitive": True}],
    ids=["a draft", "an author's private note", "a clinic's private note", "a sensitive note"],
)
def test_what_is_not_signed_or_not_for_the_whole_care_team_decides_nothing(
    north: make.Clinic, more: dict[str, Any]
) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")
    visit = held(north, plan.client_id)
    told = {"visit_id": visit["id"], "techniques": [technique("mfr")], "findings": [], "asks": [], **more}

    note = draft(north, plan.client_id, **told)
    if more:
        sign(north.http, note["id"])

    assert counted(north, visit) == {manual: "discipline", exercise: "discipline"}
    assert used(plan, north) == {manual: (1, 0), exercise: (1, 0)}


def test_a_students_signed_note_decides_before_it_is_cosigned(north: make.Clinic) -> None:
    plan, student = alone(north), enroll(north)
    manual, _ = line(plan, north, "mfr"), line(plan, north, "tpt")
    visit = held(north, plan.client_id)
    told = {"visit_id": visit["id"], "techniques": [technique("mfr")], "findings": [], "asks": []}

    sign(student.http, draft(north, plan.client_id, by=student.http, **told)["id"])

    assert counted(north, visit) == {manual: "technique"}


def test_a_note_entered_in_error_decides_no_longer(north: make.Clinic) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")
    visit = held(north, plan.client_id)
    told = {"visit_id": visit["id"], "techniques": [technique("mfr")], "findings": [], "asks": []}
    note = signed(north, plan.client_id, **told)

    done(north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_entry"}), 200)

    assert counted(north, visit) == {manual: "discipline", exercise: "discipline"}


def test_a_visit_is_for_one_of_two_plans_when_its_note_says_so(north: make.Clinic) -> None:
    plan = alone(north)
    other = alone(north, plan.client_id)
    manual, exercise = line(plan, north, "mfr"), line(other, north, "tpt")
    visit = held(north, plan.client_id)

    signed(north, plan.client_id, visit_id=visit["id"], techniques=[technique("tpt")], findings=[], asks=[])

    assert (used(plan, north), used(other, north)) == ({manual: (0, 0)}, {exercise: (1, 0)})


def test_a_plan_that_was_over_takes_no_visit_from_one_that_goes_on(north: make.Clinic) -> None:
    plan = alone(north)
    over = alone(north, plan.client_id)
    line(over, north, "mfr")
    goes_on = line(plan, north, "tpt")
    done(over.move(north, "complete", reason="goals_met"), 200)
    visit = held(north, plan.client_id)

    signed(north, plan.client_id, visit_id=visit["id"], techniques=[technique("mfr")], findings=[], asks=[])

    assert counted(north, visit) == {goes_on: "discipline"}


# --- what is named ---------------------------------------------------------------------------------------------------


def test_what_a_visit_names_is_what_it_counts_for(north: make.Clinic) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")

    visit = held(north, plan.client_id, line_ids=[exercise, exercise])
    signed(north, plan.client_id, visit_id=visit["id"], techniques=[technique("mfr")], findings=[], asks=[])

    assert (visit["line_ids"], visit["counts_for"]) == ([exercise], [{"line_id": exercise, "because": "named"}])
    assert used(plan, north) == {manual: (0, 0), exercise: (1, 0)}


def test_a_visit_that_is_for_no_line_counts_for_none(north: make.Clinic) -> None:
    plan = alone(north)
    only = line(plan, north, "mfr")

    visit = booked(north, plan.client_id, line_ids=[])

    assert (visit["line_ids"], visit["counts_for"], used(plan, north)) == ([], [], {only: (0, 0)})


def test_a_visit_may_name_a_line_that_began_after_it(north: make.Clinic) -> None:
    plan = alone(north)
    visit = held(north, plan.client_id)
    only = line(plan, north, "mfr")
    assert counted(north, visit) == {}

    done(change(north, visit, [only]), 200)

    assert used(plan, north) == {only: (1, 0)}


def test_what_was_named_is_corrected_and_taken_back(north: make.Clinic) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")
    visit = booked(north, plan.client_id, line_ids=[manual])

    corrected = done(change(north, visit, [exercise]), 200)
    taken_back = done(change(north, corrected, None), 200)
    same = done(change(north, taken_back, None), 200)

    assert [each["line_ids"] for each in (visit, corrected, taken_back)] == [[manual], [exercise], None]
    assert [each["version"] for each in (visit, corrected, taken_back, same)] == [1, 2, 3, 3]
    assert event_types(north, visit["id"]) == ["visit.booked", "visit.changed", "visit.changed"]


def test_how_a_visit_went_leaves_what_it_names(north: make.Clinic) -> None:
    plan = alone(north)
    manual = line(plan, north, "mfr")
    line(plan, north, "tpt")
    visit = booked(north, plan.client_id, line_ids=[manual])

    move_to(now() + timedelta(days=3))
    visit = done(move(north, visit, "record_done"), 200)

    assert (visit["state"], visit["line_ids"]) == ("done", [manual])


def test_only_ones_own_lines_in_plans_of_this_client_are_named(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    theirs, strange = line(plan, south), line(alone(north), north)
    visit = booked(north, plan.client_id)

    for line_id in (theirs, strange, "0199f000-0000-7000-8000-000000000000"):
        answers = [
            change(north, visit, [line_id]),
            north.http.send(
                "POST", "visits", {"client_id": plan.client_id, **make.visit_window(), "line_ids": [line_id]}
            ),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_line")
            assert answer.json()["errors"][0]["pointer"] == "/line_ids/0"

    assert read(north, visit) == visit


def test_a_line_entered_in_error_is_named_no_more_and_what_was_said_stays(north: make.Clinic) -> None:
    plan = alone(north)
    manual, exercise = line(plan, north, "mfr"), line(plan, north, "tpt")
    visit, other = booked(north, plan.client_id, line_ids=[manual]), booked(north, plan.client_id)
    done(void(plan, north, f"/interventions/{manual}", "wrong_entry"), 200)

    answer = change(north, other, [manual, exercise])

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/line_ids/0")
    assert done(change(north, visit, [manual]), 200)["version"] == visit["version"]
    assert done(change(north, visit, [exercise]), 200)["line_ids"] == [exercise]


@pytest.mark.parametrize(
    "wrong", ["x", ["x"], [None], {"a": 1}, [f"0199f000-0000-7000-8000-{n:012}" for n in range(21)]]
)
def test_what_is_no_list_of_lines_is_refused(north: make.Clinic, wrong: Any) -> None:
    visit = booked(north, make.client(north)["id"])

    answer = change(north, visit, wrong)

    assert answer.status_code == 400, answer.content
    assert read(north, visit) == visit


def test_who_changes_a_visit_has_read_it_and_keeps_the_calendar(north: make.Clinic, south: make.Clinic) -> None:
    visit = booked(north, make.client(north)["id"])
    path = f"visits/{visit['id']}"

    assert north.http.send("PATCH", path, {"line_ids": []}).status_code == 428
    refused(change(north.auditor.http, visit, []), 403, "right_required")
    refused(change(south, visit, []), 404, "not_found")
    done(change(north.coordinator.http, visit, []), 200)
    assert change(north, visit, None).status_code == 412


# --- one person, several records -------------------------------------------------------------------------------------


def test_a_visit_of_a_merged_record_counts_for_the_plan_of_the_other(north: make.Clinic) -> None:
    plan = alone(north)
    only = line(plan, north, "mfr")
    old = make.client(north)["id"]
    visit = booked(north, old)
    refused_before = change(north, visit, [only])

    done(north.http.send("POST", f"clients/{old}/merge", {"into": plan.client_id}), 200)

    assert refused_before.status_code == 400
    assert counted(north, visit) == {only: "discipline"}
    assert used(plan, north) == {only: (0, 1)}
    assert done(change(north, visit, [only]), 200)["counts_for"] == [{"line_id": only, "because": "named"}]


def test_a_visit_of_a_linked_record_counts_for_the_plan_of_the_other_only_when_named(
    north: make.Clinic, south: make.Clinic
) -> None:
    plan = shared(north, south)
    theirs, ours = line(plan, south), line(plan, north)
    own = make.client(south)["id"]
    done(south.http.send("POST", f"clients/{plan.client_id}/registration", {"own_client_id": own}), 200, 201)

    visit = booked(south, own)
    assert (counted(south, visit), used(plan, north)) == ({}, {theirs: (0, 0), ours: (0, 0)})

    done(change(south, visit, [theirs]), 200)

    assert counted(south, visit) == {theirs: "named"}
    assert used(plan, north) == {theirs: (0, 1), ours: (0, 0)}


# --- the database says the same --------------------------------------------------------------------------------------

NAME = "UPDATE visits_visit SET line_ids = ARRAY[%s]::uuid[] WHERE id = %s RETURNING id"


def test_the_database_keeps_a_visit_from_naming_what_is_not_its_own(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine, theirs, strange = line(plan, north), line(plan, south), line(alone(north), north)
    visit = booked(north, plan.client_id)

    for line_id in (theirs, strange, plan.id):
        assert refused_by_the_database(north, NAME, line_id, visit["id"])

    assert rows(north, NAME, mine, visit["id"])


def test_the_other_side_of_a_referral_names_nothing(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    theirs = line(plan, south)
    referral = north.http.send("GET", f"referrals?client_id={plan.client_id}").json()["results"][0]["id"]
    make.move(south, referral, "book", visit=make.visit_window())
    (visit,) = south.http.send("GET", "visits").json()["results"]

    assert refused_by_the_database(north, NAME, theirs, visit["id"])
    assert rows(south, NAME, theirs, visit["id"])


def test_nobody_asks_for_what_the_visits_of_others_count(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    line(plan, north)
    visit = booked(north, plan.client_id)
    ask = "SELECT * FROM {}(ARRAY[%s]::uuid[])"

    assert refused_by_the_database(north, ask.format("count_visits"), visit["id"])
    assert rows(south, ask.format("count_own_visits"), visit["id"]) == []
    assert len(rows(north, ask.format("count_own_visits"), visit["id"])) == 1
