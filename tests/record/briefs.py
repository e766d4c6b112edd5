"""Reading and marking the brief, and a plan of which it has much to tell."""

from typing import Any

from tests import make
from tests.careplans.plans import Plan, done
from tests.careplans.plans import shared as shared_plan

Line = dict[str, Any]
MOST_ROUNDS = 50


def brief(who: make.Clinic | make.Person, client_id: str) -> Any:
    """The whole answer."""
    answer = who.http.send("GET", f"clients/{client_id}/brief")
    assert answer.status_code == 200, answer.content
    return answer.json()


def lines(who: make.Clinic | make.Person, client_id: str, *kinds: str) -> list[Line]:
    """The lines, of these kinds only when some are named."""
    found: list[Line] = brief(who, client_id)["lines"]
    return [line for line in found if not kinds or line["kind"] in kinds]


def told_until_nothing_is_new(http: make.Api, client_id: str) -> list[Line]:
    """Every line, each once: what is shown is marked as read until no more waits."""
    place, found = f"clients/{client_id}/brief", dict[str, Line]()
    for _ in range(MOST_ROUNDS):
        shown = done(http.send("GET", place), 200)
        found |= {line["id"]: line for line in shown["lines"]}
        unread = [line["id"] for line in shown["lines"] if not line["is_read"]]
        if not unread:
            return list(found.values())
        answer = http.send("POST", f"{place}/read", {"line_ids": unread})
        assert answer.status_code == 204, answer.content
    raise AssertionError("the brief does not come to an end")


def subjects(found: list[Line]) -> list[str]:
    """The ids of the things that the lines tell of."""
    return [line["id"].split(".")[1] for line in found]


def try_mark(who: make.Clinic | make.Person, client_id: str, *line_ids: str) -> Any:
    return who.http.send("POST", f"clients/{client_id}/brief/read", {"line_ids": list(line_ids)})


def mark(who: make.Clinic | make.Person, client_id: str, found: list[Line]) -> None:
    answer = try_mark(who, client_id, *(line["id"] for line in found))
    assert answer.status_code == 204, answer.content


def body_map(who: make.Clinic | make.Person, client_id: str, query: str = "") -> Any:
    """The places, by their label."""
    answer = who.http.send("GET", f"clients/{client_id}/body-map{query}")
    assert answer.status_code == 200, answer.content
    return {place["label"]: place for place in answer.json()["places"]}


def busy_plan(north: make.Clinic, south: make.Clinic) -> Plan:
    """A plan of both: a version, a line changed since, and a proposal of the north."""
    plan = shared_plan(north, south)
    ours, theirs = plan.line(south), plan.line(north, focus="Levator")
    plan.publish(north)
    done(plan.patch(north, f"/interventions/{theirs['id']}", {"state": "paused"}))
    proposal = {"kind": "change", "about": "intervention", "row_id": ours["id"], "changes": {"minutes": 30}}
    done(plan.post(north, "/proposals", {**proposal, "why": "Too long for her."}), 201)
    return plan
