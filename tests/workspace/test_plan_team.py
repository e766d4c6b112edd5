"""The team on the page of a care plan: who joins, who leaves and what they leave, who leads."""

from backend.catalog.queries import catalog
from tests import make
from tests.careplans.plans import Plan, alone, done
from tests.workspace.browsing import Browser
from tests.workspace.plan_pages import columns_of, forms_about, open_plan


def test_the_lead_adds_a_clinic_that_shares_the_record(north: make.Clinic, south: make.Clinic) -> None:
    plan = alone(north)
    make.consent(north, plan.client_id, south)
    lead = open_plan(plan, north.practitioner)
    assert f"/care-plans/{plan.id}/team" not in forms_about(lead.page)
    make.move(south, make.referral(north, south, client_id=plan.client_id)["id"], "accept")

    lead.open(f"/care-plans/{plan.id}").press(f"/care-plans/{plan.id}/team", organization_id=south.id)

    assert [m["organization"]["id"] for m in plan.whole(north)["team"]] == [north.id, south.id]
    assert columns_of(lead.page) == ["North Massage (you)", "South Physio"]


def test_the_lines_of_who_left_are_taken_over_or_dropped(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    plan.line(south, focus="Spinal loading", technique_ids=only_of_physical_therapy())
    left = [row for row in plan.whole(south)["interventions"] if row["organization"]["id"] == south.id]
    member = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)
    open_plan(plan, south.practitioner).press(f"/care-plans/{plan.id}/team/{member['id']}/end")
    lead = open_plan(plan, north.practitioner)
    assert lead.page.count("ended (left)") == 2

    first, second = (f"/care-plans/{plan.id}/interventions/{row['id']}" for row in left)
    lead.press(f"{first}/decide", answer="drop", sentence="Not needed any more.")
    lead.open(f"{second}/take-over").send(
        f"{second}/take-over",
        focus="Spinal loading, gently",
        times_per_week="1",
        region=["cervical"],
        **{"side-cervical": "left"},
    )

    whole = plan.whole(north)
    assert whole["to_decide"] == []
    assert "ended (left): dropped by the lead" in lead.page
    assert "ended (left): taken over by the lead" in lead.page
    mine = [row for row in whole["interventions"] if row["organization"]["id"] == north.id]
    assert (mine[-1]["focus"], mine[-1]["continues_id"]) == ("Spinal loading, gently", left[1]["id"])
    assert Browser(north.practitioner).open(f"{second}/take-over").status == 409


def only_of_physical_therapy() -> list[str]:
    """A technique that a massage therapist does not do, so that taking the line over leaves it out."""
    massage = {technique.code for technique in catalog().techniques_of("massage_therapy")}
    return [next(t.code for t in catalog().techniques_of("physical_therapy") if t.code not in massage)]


def test_when_the_lead_leaves_the_lead_passes_on(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    member = next(m for m in plan.whole(north)["team"] if m["organization"]["id"] == north.id)
    lead = open_plan(plan, north.practitioner)
    assert "The lead passes to" in lead.page

    lead.press(f"/care-plans/{plan.id}/team/{member['id']}/end")

    assert plan.whole(south)["lead"]["organization"]["id"] == south.id
    assert "South Physio</strong>" in open_plan(plan, south.practitioner).page


def test_the_lead_hands_the_plan_over_and_stays_on_its_team(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    address = f"/care-plans/{plan.id}/lead"
    assert address not in forms_about(open_plan(plan, south.practitioner).page)
    lead = open_plan(plan, north.practitioner)

    lead.press(address, organization_id=south.id)

    assert "They lead the plan now. Your clinic stays on the team." in lead.page
    assert address not in forms_about(lead.page)
    assert "Now led by South Physio" in lead.page
    assert plan.whole(south)["lead"]["organization"]["id"] == south.id
    assert [m["role"] for m in plan.whole(south)["team"] if m["is_live"]] == ["member", "lead"]


def test_whoever_left_meanwhile_is_not_handed_the_lead(north: make.Clinic, south: make.Clinic, plan: Plan) -> None:
    lead = open_plan(plan, north.practitioner)
    member = next(m for m in plan.whole(south)["team"] if m["organization"]["id"] == south.id)
    done(plan.post(south, f"/team/{member['id']}/end"), 200)

    lead.press(f"/care-plans/{plan.id}/lead", organization_id=south.id)

    assert lead.status == 409
    assert "This organization is not on the team now" in lead.page
