"""The page of a care plan and its acts, in a browser without script."""

from tests import make
from tests.careplans.plans import shared
from tests.workspace.browsing import Browser


def test_smoke(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(north)
    plan.line(south, technique_ids=[])
    plan.goal(north)
    plan.publish(north)
    browser = Browser(north.practitioner).open(f"/care-plans/{plan.id}")
    assert browser.status == 200, browser.page
    for who in (north.coordinator, north.auditor, south.practitioner):
        assert Browser(who).open(f"/care-plans/{plan.id}").status == 200
    line = plan.whole(north)["interventions"][0]["id"]
    for path in (
        f"/care-plans/{plan.id}/interventions/{line}",
        f"/care-plans/{plan.id}/goals/new",
        f"/care-plans/{plan.id}/versions",
        f"/care-plans/{plan.id}/document.pdf",
        f"/care-plans/new?client={plan.client_id}",
        f"/clients/{plan.client_id}",
        f"/care-plans/{plan.id}/interventions/new?for={south.id}",
    ):
        browser.http.get(path)
        answer = browser.http.get(path)
        assert answer.status_code == 200, (path, answer.content.decode()[:3000])
    assert Browser(south.practitioner).open(f"/care-plans/{plan.id}/interventions/{line}").status == 200
