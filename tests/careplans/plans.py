"""Plans for tests, built through the API."""

from dataclasses import dataclass
from typing import Any

from tests import make

LINE = {
    "focus": "Upper trapezius trigger points",
    "technique_ids": ["tpt"],
    "regions": [{"region": "cervical", "side": "left"}],
    "times_per_week": 1,
    "weeks": 6,
    "minutes": 50,
    "load": "moderate",
    "avoid": [{"region": "cervical", "side": "right"}],
    "visit_budget": 6,
}
GOAL = {"words": "Carry my son for ten minutes", "measure": "minutes", "unit": "min", "baseline": 3, "target": 10}


def done(answer: Any, *statuses: int) -> Any:
    """The body of an answer that went well."""
    assert answer.status_code in (statuses or (200, 201)), (answer.status_code, answer.content)
    return answer.json()


def refused(answer: Any, status: int, code: str) -> Any:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    return answer.json()


@dataclass
class Plan:
    """A plan by its id; every call is one of the API's."""

    id: str
    client_id: str

    @property
    def path(self) -> str:
        return f"care-plans/{self.id}"

    def get(self, who: Any, rest: str = "") -> Any:
        return _http(who).send("GET", f"{self.path}{rest}")

    def post(self, who: Any, rest: str, body: Any = None, **headers: str) -> Any:
        return _http(who).send("POST", f"{self.path}{rest}", {} if body is None else body, **headers)

    def patch(self, who: Any, rest: str, body: Any, version: int | None = None) -> Any:
        """As somebody who has just read it, or who read an earlier version."""
        tag = f'"{version}.0"' if version else self.get(who, rest).get("ETag", '"1.0"')
        return _http(who).send("PATCH", f"{self.path}{rest}", body, **{"If-Match": tag})

    def whole(self, who: Any) -> Any:
        return done(self.get(who), 200)

    def line(self, who: Any, **more: Any) -> Any:
        return done(self.post(who, "/interventions", {**LINE, **more}), 201)

    def goal(self, who: Any, **more: Any) -> Any:
        return done(self.post(who, "/goals", {**GOAL, **more}), 201)

    def add(self, who: Any, clinic: make.Clinic) -> Any:
        return done(self.post(who, "/team", {"organization_id": clinic.id}), 201)

    def publish(self, who: Any) -> Any:
        return done(self.post(who, "/versions"), 201)

    def answer(self, who: Any, number: int, answer: str = "agree", **more: Any) -> Any:
        return self.post(who, "/agreements", {"number": number, "answer": answer, **more})

    def move(self, who: Any, name: str, **more: Any) -> Any:
        return self.post(who, "/transitions", {"name": name, **more})

    def row(self, who: Any, kind: str, row_id: str) -> Any:
        return done(self.get(who, f"/{kind}/{row_id}"), 200)


def alone(at: make.Clinic, client_id: str = "", **more: Any) -> Plan:
    """An active plan with one organization on it."""
    client_id = client_id or make.client(at)["id"]
    made = done(at.http.send("POST", "care-plans", {"client_id": client_id, "title": "Neck and arm", **more}), 201)
    plan = Plan(made["id"], client_id)
    done(plan.move(at, "activate"), 200)
    return plan


def accepted(home: make.Clinic, other: make.Clinic, client_id: str, **consent: Any) -> Any:
    """The other clinic shares the client's record, by a consent of its own."""
    given = make.consent(home, client_id, other, **consent)
    make.move(other, make.referral(home, other, client_id=client_id)["id"], "accept")
    return given


def shared(home: make.Clinic, *others: make.Clinic) -> Plan:
    """An active plan of the home clinic, with the others on its team in one circle."""
    plan = alone(home)
    make.consent(home, plan.client_id, *others)
    for other in others:
        make.move(other, make.referral(home, other, client_id=plan.client_id)["id"], "accept")
        plan.add(home, other)
    return plan


def leave(plan: Plan, who: make.Clinic, clinic: make.Clinic) -> Any:
    """Ends a clinic's membership, said by that clinic or by another."""
    member = next(m for m in plan.whole(who)["team"] if m["organization"]["id"] == clinic.id and m["until"] is None)
    return plan.post(who, f"/team/{member['id']}/end")


def in_every_table(north: make.Clinic, south: make.Clinic) -> Plan:
    """A plan with a row of each kind: the other clinic wrote in it, left, and the lead dropped its line."""
    plan = shared(north, south)
    plan.goal(north)
    done(plan.post(north, "/problems", {"text": "Stiff neck"}), 201)
    done(plan.post(north, "/phases", {"name": "Calm down"}), 201)
    done(plan.patch(north, "", {"identifiers": [{"system": "urn:north", "value": "P-1"}]}), 200)
    line, left = plan.line(north), plan.line(south, technique_ids=[])
    proposal = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "It is done."}
    done(plan.post(south, "/proposals", proposal), 201)
    plan.publish(north)
    done(plan.answer(south, 1), 201)
    done(leave(plan, south, south), 200)
    done(plan.post(north, f"/interventions/{left['id']}/decision", {"answer": "drop"}), 201)
    return plan


def withdraw(by: make.Clinic, client_id: str, consent_id: str) -> None:
    done(by.http.send("POST", f"clients/{client_id}/consents/{consent_id}/withdraw", {}), 200)


def consent_of(plan: Plan, at: make.Clinic) -> str:
    """The one consent of the plan's client."""
    return str(done(at.http.send("GET", f"clients/{plan.client_id}/consents"))["results"][0]["id"])


def _http(who: Any) -> make.Api:
    return who if isinstance(who, make.Api) else who.http
