"""Beginning a plan from a template of the catalog."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.careplans.models import CarePlan
from backend.catalog.queries import catalog, use_catalog
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.access.cast import never_kept
from tests.access.test_query_counts import counted
from tests.careplans.in_error import told
from tests.careplans.plans import Plan, alone, done, refused

TITLE = "Neck and arm"
# What beginning a blank plan takes, and what each row of a template adds to it.
MOST, MOST_FOR_A_ROW = 24, 6


def begin(at: make.Clinic, who: Any = None, **more: Any) -> Any:
    sent = {
        "client_id": more.pop("client_id", "") or make.client(at)["id"],
        "title": TITLE,
        "template": "neck_arm",
        **more,
    }
    return (who or at.http).send("POST", "care-plans", sent)


def today_of(clinic: make.Clinic) -> date:
    zone = Organization.objects.get(pk=clinic.id).time_zone
    return clock.now().astimezone(ZoneInfo(zone)).date()


@pytest.mark.django_db
def test_a_plan_from_a_template_has_its_problem_and_its_phases_one_after_the_other(north: make.Clinic) -> None:
    Organization.objects.filter(pk=north.id).update(time_zone="Pacific/Kiritimati")
    today = today_of(north)

    made = done(begin(north), 201)

    assert (made["state"], made["title"]) == ("draft", TITLE)
    assert made["review_on"] == (today + timedelta(weeks=4)).isoformat()
    assert [(row["text"], row["icd10"]) for row in made["problems"]] == [("Neck pain with symptoms in the arm", None)]
    assert [row["name"] for row in made["phases"]] == [
        "Examine first, until a physical therapist or chiropractor has examined and screened the neck",
        "Trial of care, until there is a first meaningful change",
        "Build up, until pain is at most 2 of 10, or 30% better",
        "On one's own, until goals are met and the client manages alone",
    ]
    ends = [today + timedelta(weeks=weeks) for weeks in (0, 1, 4, 8, 12)]
    assert [(row["from_on"], row["until_on"]) for row in made["phases"]] == [
        (first.isoformat(), (after - timedelta(days=1)).isoformat()) for first, after in pairwise(ends)
    ]
    assert {row["organization"]["id"] for row in (*made["problems"], *made["phases"])} == {north.id}


@pytest.mark.django_db
def test_a_template_plans_nobodys_work_and_says_no_goal(north: make.Clinic) -> None:
    for code in catalog().plan_templates:
        made = done(begin(north, template=code), 201)

        assert (made["goals"], made["interventions"]) == ([], [])
        assert len(made["problems"]) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("review_on", ["2031-12-15", None])
def test_a_review_that_is_said_or_declined_is_not_the_templates(north: make.Clinic, review_on: str | None) -> None:
    assert done(begin(north, review_on=review_on), 201)["review_on"] == review_on


@pytest.mark.django_db
def test_what_came_from_a_template_is_changed_like_every_other_row(north: make.Clinic) -> None:
    made = done(begin(north), 201)
    plan = Plan(made["id"], made["client"]["id"])

    phase, problem = made["phases"][0]["id"], made["problems"][0]["id"]
    done(plan.patch(north, f"/phases/{phase}", {"name": "Look first"}), 200)
    done(plan.post(north, f"/problems/{problem}/entered-in-error", {"reason": "duplicate"}), 200)

    assert plan.whole(north)["phases"][0]["name"] == "Look first"


@pytest.mark.django_db
def test_a_system_begins_from_a_template_in_the_name_of_a_practitioner(north: make.Clinic) -> None:
    named = {"on_behalf_of": {"practitioner_role_id": north.role_id}}

    made = done(begin(north, north.system, **named), 201)

    assert len(made["phases"]) == 4
    assert {row["changed_by"] for row in made["phases"]} == {made["changed_by"]}
    refused(begin(north, north.system), 403, "practitioner_required")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "template", ["nothing", "", "neck_arm\x00", "NECK_ARM", 7, None, ["neck_arm"], {"code": "neck_arm"}]
)
def test_a_template_that_is_not_in_the_catalog_begins_nothing(north: make.Clinic, template: object) -> None:
    answer = begin(north, template=template)

    assert answer.status_code == 400
    if template == "nothing":
        error = refused(answer, 400, "unknown_code")["errors"][0]
        assert (error["pointer"], error["code"]) == ("/template", "unknown_code")
    with acting_as(north.practitioner.actor):
        assert not CarePlan.objects.exists()


@pytest.mark.django_db
def test_a_row_that_no_practitioner_could_write_leaves_no_half_of_a_plan(north: make.Clinic) -> None:
    wrong = replace(catalog().plan_templates["neck_arm"], icd10="neck")

    with use_catalog(replace(catalog(), plan_templates={"neck_arm": wrong})):
        answer = begin(north)

    assert answer.status_code == 400
    with acting_as(north.practitioner.actor):
        assert not CarePlan.objects.exists()


@pytest.mark.django_db
def test_a_template_of_ones_own_brings_its_code_along(north: make.Clinic) -> None:
    coded = replace(catalog().plan_templates["neck_arm"], icd10="M542")

    with use_catalog(replace(catalog(), plan_templates={"neck_arm": coded})):
        made = done(begin(north), 201)

    assert made["problems"][0]["icd10"] == "M54.2"


@pytest.mark.django_db(transaction=True)
def test_the_feed_tells_it_as_if_each_row_was_added_by_hand(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    by_hand = done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": TITLE}), 201)
    plan = Plan(by_hand["id"], client_id)
    done(plan.post(north, "/problems", {"text": "Neck pain with symptoms in the arm"}), 201)
    for position in range(4):
        done(plan.post(north, "/phases", {"name": "Calm down", "position": position}), 201)

    made = done(begin(north, client_id=client_id), 201)

    events = [*told(north, "care_plan.created"), *told(north, "care_plan.row_added")]
    of = {pk: [shape_of(each) for each in events if each["subject"]["id"] == pk] for pk in (made["id"], plan.id)}
    assert of[made["id"]] == of[plan.id]
    assert len(of[plan.id]) == 6
    assert made["version"] == plan.whole(north)["version"]


def shape_of(event: Any) -> Any:
    """An event without what is its own."""
    return event["type"], sorted(event), sorted(event.get("related", {}))


@pytest.mark.django_db(transaction=True)
def test_a_template_takes_as_many_statements_whatever_there_is_already(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    done(begin(north, client_id=client_id), 201)
    few = statements(north, client_id)
    for _ in range(3):
        alone(north, client_id)

    assert statements(north, client_id) == few <= MOST + 5 * MOST_FOR_A_ROW


def statements(north: make.Clinic, client_id: str) -> int:
    with never_kept(), CaptureQueriesContext(connection) as queries:
        done(begin(north, client_id=client_id), 201)
    return counted(queries)
