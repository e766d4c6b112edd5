"""The plan itself: who begins, reads and changes one, and what its answers say."""

import pytest

from backend.audit.models import AccessLog
from backend.careplans.models import CarePlan
from backend.directory.models import PractitionerRole
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import GOAL, LINE, Plan, alone, done, refused, shared

pytestmark = pytest.mark.django_db


def test_a_plan_begins_as_a_draft_that_its_clinic_leads(north: make.Clinic) -> None:
    client = make.client(north)

    answer = north.http.send(
        "POST", "care-plans", {"client_id": client["id"], "title": "Neck and arm", "review_on": "2027-01-15"}
    )

    made = done(answer, 201)
    assert answer["Location"] == f"/api/v1/care-plans/{made['id']}"
    assert (made["state"], made["version"], made["published"]) == ("draft", 1, 0)
    assert made["client"] == {"id": client["id"], "display": client["display"]}
    assert made["lead"]["organization"]["id"] == north.id
    assert made["lead"]["practitioner_role"]["id"] == north.role_id
    assert [(m["organization"]["id"], m["role"], m["is_live"]) for m in made["team"]] == [(north.id, "lead", True)]
    assert made["agreement"]["is_asked"] is False
    assert [step["name"] for step in made["available_transitions"]] == ["activate", "revoke", "enter_in_error"]
    assert "withheld" not in made


def test_nobody_begins_a_plan_for_a_client_they_do_not_see(north: make.Clinic, outsider: make.Clinic) -> None:
    client_id = make.client(north)["id"]

    answer = outsider.http.send("POST", "care-plans", {"client_id": client_id, "title": "Neck"})

    refused(answer, 404, "not_found")
    with acting_as(north.practitioner.actor):
        assert not CarePlan.objects.exists()


@pytest.mark.parametrize("who", ["coordinator", "admin", "auditor"])
def test_only_practitioners_write_plans(north: make.Clinic, who: str) -> None:
    plan = alone(north)
    person = getattr(north, who)

    refused(
        person.http.send("POST", "care-plans", {"client_id": plan.client_id, "title": "Mine"}), 403, "right_required"
    )
    refused(plan.post(person, "/goals", {"words": "Sleep"}), 403, "right_required")


def test_a_practitioner_without_a_credential_in_force_writes_nothing(north: make.Clinic) -> None:
    plan = alone(north)
    assert north.practitioner.role is not None
    north.practitioner.role.practitioner.credentials.update(status="suspended")

    refused(plan.post(north, "/goals", {"words": "Sleep"}), 409, "credential_invalid")

    assert plan.whole(north)["goals"] == []


def test_who_has_two_disciplines_and_one_license_in_force_writes_in_the_other(north: make.Clinic) -> None:
    plan = alone(north)
    first = north.practitioner.role
    assert first is not None
    second = PractitionerRole.objects.create(
        practitioner=first.practitioner, organization=north.organization, discipline="physical_therapy"
    )
    make.credential(second, kind="license")
    first.practitioner.credentials.filter(discipline=first.discipline).update(status="suspended")

    done(plan.post(north, "/goals", {"words": "Sleep"}), 201)
    line = plan.line(north, technique_ids=[])
    refused(
        plan.post(north, "/interventions", {**LINE, "practitioner_role_id": str(first.pk)}), 409, "credential_invalid"
    )
    named = plan.line(north, technique_ids=[], practitioner_role_id=str(second.pk))

    assert line["practitioner_role"]["id"] == named["practitioner_role"]["id"] == str(second.pk)
    first.practitioner.credentials.update(status="suspended")
    refused(plan.post(north, "/goals", {"words": "Sleep"}), 409, "credential_invalid")


def test_a_system_names_the_practitioner_it_writes_for(north: make.Clinic) -> None:
    plan = alone(north)
    named = {"on_behalf_of": {"practitioner_role_id": north.role_id}}

    refused(plan.post(north.system, "/goals", {"words": "Sleep"}), 403, "practitioner_required")
    made = done(plan.post(north.system, "/goals", {"words": "Sleep", **named}), 201)

    assert made["changed_by"] == "North Practitioner through North Massage system"


def test_the_lead_changes_the_header_and_nobody_else(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)

    changed = done(plan.patch(north, "", {"title": "Neck", "review_on": None}), 200)
    refused(plan.patch(south, "", {"title": "Ours"}), 403, "wrong_party")

    assert (changed["title"], changed["review_on"]) == ("Neck", None)
    assert plan.whole(north)["title"] == "Neck"


def test_a_header_that_changed_meanwhile_says_who_changed_it_and_when(north: make.Clinic) -> None:
    plan = alone(north)
    read = plan.whole(north)
    done(plan.patch(north, "", {"title": "First"}), 200)
    written = plan.whole(north)

    body = refused(plan.patch(north, "", {"title": "Second"}, version=read["version"]), 412, "stale")

    assert body["changed_by"] == "North Massage Practitioner"
    assert body["changed_at"] == written["updated_at"]
    assert body["current_version"] == written["version"]
    assert plan.whole(north)["title"] == "First"


def test_each_clinic_has_its_own_numbers_for_a_plan(north: make.Clinic, south: make.Clinic) -> None:
    plan, other = shared(north, south), alone(north)
    number = [{"system": "urn:south", "value": "P-1"}]

    done(plan.patch(south, "", {"identifiers": number}), 200)
    done(other.patch(north, "", {"identifiers": number}), 200)
    taken = refused(plan.patch(north, "", {"identifiers": number}), 409, "identifier_taken")

    assert plan.whole(south)["identifiers"] == number
    assert plan.whole(north)["identifiers"] == []
    assert taken["existing"] == other.id


def test_a_coordinator_reads_who_and_how_often_and_no_clinical_word(north: make.Clinic) -> None:
    plan = alone(north)
    plan.line(north, home_programme="Heat")
    plan.goal(north)
    done(plan.post(north, "/problems", {"text": "Pain", "icd10": "M54.2"}), 201)

    read = plan.whole(north.coordinator)

    line = read["interventions"][0]
    assert (line["times_per_week"], line["weeks"], line["minutes"], line["visit_budget"]) == (1, 6, 50, 6)
    assert not {"focus", "technique_ids", "regions", "avoid", "home_programme"} & line.keys()
    assert {"title", "goals", "problems", "proposals"} <= set(read["withheld"])
    for rest in ("/goals", "/problems", "/proposals", "/versions", "/agreements"):
        refused(plan.get(north.coordinator, rest), 403, "right_required")
    assert set(done(plan.get(north.coordinator, "/progress"))) == {"interventions", "withheld"}


def test_an_admin_reads_no_plan_and_an_auditor_is_logged(north: make.Clinic) -> None:
    plan = alone(north)

    refused(plan.get(north.admin), 403, "right_required")
    refused(north.admin.http.send("GET", "care-plans"), 403, "right_required")
    done(plan.get(north.auditor), 200)

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(subject_type="care_plan", member_id=north.auditor.member.id)
        assert [(str(look.subject_id), str(look.owner_id)) for look in looks] == [(plan.id, north.id)]


def test_a_look_across_organizations_is_logged_and_one_at_ones_own_is_not(
    north: make.Clinic, south: make.Clinic
) -> None:
    own, plan = alone(north), shared(north, south)
    with acting_as(south.auditor.actor):
        before = AccessLog.objects.filter(subject_type="care_plan").count()

    done(own.get(north), 200)
    done(plan.get(south), 200)

    with acting_as(south.auditor.actor):
        seen = AccessLog.objects.filter(subject_type="care_plan", organization_id=south.id)
        assert [(str(look.subject_id), str(look.owner_id)) for look in seen] == [(plan.id, north.id)]
        assert AccessLog.objects.filter(subject_type="care_plan").count() > before
    with acting_as(north.auditor.actor):
        assert not AccessLog.objects.filter(subject_id=own.id).exists()


def test_the_list_takes_a_client_a_state_and_a_time(north: make.Clinic, outsider: make.Clinic) -> None:
    first, second = alone(north), alone(north)
    done(second.move(north, "hold", reason="away"), 200)

    def found(query: str, who: make.Clinic = north) -> list[str]:
        return [row["id"] for row in done(who.http.send("GET", f"care-plans{query}"))["results"]]

    assert found("") == [second.id, first.id]
    assert found(f"?client_id={first.client_id}") == [first.id]
    assert found("?state=on_hold") == [second.id]
    assert found("?updated_since=2100-01-01T00:00:00Z") == []
    assert found("", outsider) == []
    refused(north.http.send("GET", "care-plans?box=ours"), 400, "unknown_field")


def test_a_token_without_the_scope_opens_nothing(north: make.Clinic) -> None:
    plan = alone(north)
    reads = make.Api(make.token(member=north.practitioner.member, scopes="care-plans:read"))

    assert plan.get(reads).status_code == 200
    refused(plan.post(reads, "/goals", {"words": "Sleep"}), 403, "insufficient_scope")
    other = make.Api(make.token(member=north.practitioner.member, scopes="clients:read"))
    refused(plan.get(other), 403, "insufficient_scope")


def test_progress_counts_the_visits_of_a_line_since_it_began(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    mine, theirs = plan.line(north), plan.line(south, technique_ids=[], visit_budget=8)
    referral = north.http.send("GET", f"referrals?client_id={plan.client_id}").json()["results"][0]["id"]
    make.move(south, referral, "book", visit=make.visit_window())

    progress = done(plan.get(north, "/progress"))

    used = {
        row["id"]: (row["visits_done"], row["visits_booked"], row["visit_budget"]) for row in progress["interventions"]
    }
    assert used == {mine["id"]: (0, 0, 6), theirs["id"]: (0, 1, 8)}


def test_a_goal_without_a_measurement_has_no_latest_value(north: make.Clinic) -> None:
    plan = alone(north)
    plan.goal(north)

    goal = done(plan.get(north, "/progress"))["goals"][0]

    assert (goal["baseline"], goal["target"], goal["latest"]) == (3, 10, None)


def test_what_is_new_in_a_plan_says_where_it_is_read(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    change = {"kind": "change", "about": "goal", "row_id": plan.goal(south)["id"], "changes": {"target": 12}}

    answers = {
        rest: plan.post(north, rest, body)
        for rest, body in {
            "/problems": {"text": "Stiff neck"},
            "/phases": {"name": "Calm down"},
            "/goals": GOAL,
            "/interventions": LINE,
            "/proposals": {**change, "why": "She is stronger than that."},
        }.items()
    }

    for rest, answer in answers.items():
        made = done(answer, 201)
        assert answer["Location"] == f"/api/v1/{plan.path}{rest}/{made['id']}"
        assert done(plan.get(north, f"{rest}/{made['id']}"), 200)["id"] == made["id"]


def test_a_body_that_is_no_object_is_unreadable(north: make.Clinic) -> None:
    plan = Plan(alone(north).id, "")

    refused(plan.post(north, "/goals", b"[]"), 400, "malformed_json")
