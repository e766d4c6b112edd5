"""Every read of a plan in every state it can be in, by everybody: who is answered, and with whose words."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests import make
from tests.access.matrix import no_such_method
from tests.access.operations import PAGE_IDS, Row, rows
from tests.access.situations import NOBODY
from tests.access.test_access_matrix import text_of
from tests.careplans.in_error import void
from tests.careplans.plans import Plan, done, leave
from tests.paper import in_plain_text

pytestmark = pytest.mark.django_db(transaction=True)
Words = frozenset[str]
PLAN = re.compile(r"^(/api/v1)?/care-plans(/{plan_id}|$)")
FORM = re.compile(r"/(new|take-over)$|^/care-plans/{plan_id}/\w+/{row_id}$")
WORD = re.compile(r"Zq[a-z]+-[a-z]+")
# What it takes to plan times is all that a coordinator reads.
CLINICAL = re.compile(r"/(problems|goals|proposals|versions|agreements)\b")
OF_TIMES = frozenset({"Zqnorth-phase"})
# One of what North wrote, or the version that it published.
ONE = re.compile(r"/{(row_id|proposal_id|number)}$")


@dataclass(frozen=True)
class Story:
    """A plan that North leads. South is on its team, East wrote in it and left, West's access to the client has ended."""

    plan: Plan
    ids: Mapping[str, str]
    clinics: Mapping[str, make.Clinic]


def begun(clinics: Mapping[str, make.Clinic]) -> Story:
    """A draft in which North, South and East have each written a row of every kind that is theirs to write."""
    north, south, east, west = (clinics[name] for name in ("north", "south", "east", "west"))
    client_id = str(make.client(north)["id"])
    make.consent(north, client_id, south, east, west)
    for other in (south, east):
        make.move(other, make.referral(north, other, client_id=client_id)["id"], "accept")
    _come_and_go(north, west, client_id)
    made = done(north.http.send("POST", "care-plans", {"client_id": client_id, "title": "Zqnorth-title"}), 201)
    plan = Plan(made["id"], client_id)
    plan.add(north, south)
    membership = plan.add(north, east)
    ids = {**dict.fromkeys(PAGE_IDS.values(), NOBODY), "plan_id": plan.id, "number": "1"}
    ids |= {"membership_id": membership["id"], "phase_id": _written(plan, north, "phases", {"name": "Zqnorth-phase"})}
    lines = {}
    for name, clinic in (("east", east), ("south", south), ("north", north)):
        ids["problem_id"] = _written(plan, clinic, "problems", {"text": f"Zq{name}-problem"})
        ids["goal_id"] = _written(plan, clinic, "goals", {"words": f"Zq{name}-goal"})
        ids["line_id"] = lines[name] = _written(plan, clinic, "interventions", {"focus": f"Zq{name}-line"})
    ask = {"kind": "end", "about": "intervention", "row_id": lines["south"]}
    _written(plan, east, "proposals", {**ask, "why": "Zqeast-why"})
    ids["proposal_id"] = _written(plan, north, "proposals", {**ask, "why": "Zqnorth-why"})
    plan.publish(north)
    done(plan.answer(south, 1, "object", sentence="Zqsouth-sentence"), 201)
    done(leave(plan, east, east), 200)
    return Story(plan, ids, clinics)


def _written(plan: Plan, who: make.Clinic, kind: str, body: object) -> str:
    return str(done(plan.post(who, f"/{kind}", body), 201)["id"])


def _come_and_go(north: make.Clinic, west: make.Clinic, client_id: str) -> None:
    """An evaluation that went round its loop."""
    referral_id = make.referral(north, west, client_id=client_id, kind="evaluate")["id"]
    for name in ("accept", "start"):
        make.move(west, referral_id, name)
    make.move(west, referral_id, "report", final=True, report=make.REPORT)
    make.move(north, referral_id, "acknowledge", plan_change="no_change")


# --- what became of it, and who reads what then --------------------------------------------------------------------


def _moved(*steps: tuple[str, str]) -> Callable[[Plan, make.Clinic], None]:
    def move(plan: Plan, north: make.Clinic) -> None:
        for name, reason in steps:
            done(plan.move(north, name, **({"reason": reason} if reason else {})), 200)

    return move


def _in_error(reason: str) -> Callable[[Plan, make.Clinic], None]:
    def say(plan: Plan, north: make.Clinic) -> None:
        done(void(plan, north, reason=reason), 200)

    return say


STATES: Mapping[str, Callable[[Plan, make.Clinic], None]] = {
    "draft": _moved(),
    "active": _moved(("activate", "")),
    "on hold": _moved(("activate", ""), ("hold", "away")),
    "completed": _moved(("activate", ""), ("complete", "goals_met")),
    "revoked": _moved(("revoke", "client_request")),
    "a duplicate": _in_error("duplicate"),
    "about a wrong client": _in_error("wrong_client"),
}
ALL = frozenset({
    "Zqnorth-title", "Zqnorth-phase", "Zqsouth-sentence", "Zqnorth-why", "Zqeast-why",
    *(f"Zq{name}-{part}" for name in ("north", "south", "east") for part in ("problem", "goal", "line")),
})  # fmt: skip
SOUTHS = frozenset({"Zqsouth-problem", "Zqsouth-goal", "Zqsouth-line", "Zqsouth-sentence"})
EASTS = frozenset({"Zqeast-problem", "Zqeast-goal", "Zqeast-line", "Zqeast-why"})
NOTHING: Words = frozenset()
# Whose words each clinic reads. About a wrong client each but the lead keeps what it wrote itself, and nothing else.
READ: Mapping[str, Mapping[str, Words]] = {
    "north": dict.fromkeys(STATES, ALL),
    "south": {**dict.fromkeys(STATES, ALL), "about a wrong client": SOUTHS},
    "east": dict.fromkeys(STATES, EASTS),
    "west": dict.fromkeys(STATES, NOTHING),
    "outsider": dict.fromkeys(STATES, NOTHING),
}
CALLERS = [
    *((clinic, person) for clinic in ("north", "south") for person in ("practitioner", "coordinator", "system")),
    *((clinic, "practitioner") for clinic in ("east", "west", "outsider")),
    ("outsider", "system"),
]


def words_for(clinic: str, person: str, state: str) -> Words:
    read = READ[clinic][state]
    return read & OF_TIMES if person == "coordinator" else read


def status_for(clinic: str, person: str, state: str, row: Row) -> int:
    """What is right: a second opinion beside the querysets. One row, or one version, is North's."""
    if person == "system" and row.is_page:
        return 302
    if "{plan_id}" not in row.path:  # one's own list
        return 200
    read = READ[clinic][state]
    if not read:
        return 404
    if person == "coordinator" and CLINICAL.search(row.path):
        return 403
    return 404 if ONE.search(row.path) and read != ALL else 200


def reads() -> list[Row]:
    """Every operation and page that only reads: the lists of plans, a plan, and its parts."""
    return [
        row
        for row in rows()
        if row.is_safe and PLAN.match(row.path) and row.name not in no_such_method() and not FORM.search(row.path)
    ]


# --- the table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_every_read_of_a_plan_answers_by_its_state_and_its_reader(
    state: str,
    north: make.Clinic,
    south: make.Clinic,
    east: make.Clinic,
    outsider: make.Clinic,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_plain_text(monkeypatch)
    clinics = {"north": north, "south": south, "east": east, "outsider": outsider}
    clinics["west"] = make.clinic("West Physio", "physical_therapy")
    story = begun(clinics)
    STATES[state](story.plan, north)

    wrong = [complaint for clinic, person in CALLERS for complaint in complaints(story, clinic, person, state)]

    assert not wrong, "\n".join(wrong)


def complaints(story: Story, clinic: str, person: str, state: str) -> Iterator[str]:
    """Where this caller is answered otherwise, reads what is not theirs, or misses what is."""
    at, expected = story.clinics[clinic], words_for(clinic, person, state)
    api = at.system if person == "system" else getattr(at, person).http
    browser = api if person == "system" else make.signed_in(getattr(at, person).member.user)
    read: set[str] = set()
    for row in reads():
        answer = (browser if row.is_page else api).send("GET", row.address(story.ids))
        status, words = status_for(clinic, person, state, row), frozenset(WORD.findall(text_of(answer)))
        if answer.status_code != status:
            yield f"{clinic} {person}, {row.name}: {answer.status_code} instead of {status}"
        if words - expected:
            yield f"{clinic} {person}, {row.name}: says {sorted(words - expected)}"
        read |= words
    if expected - read:
        yield f"{clinic} {person} reads nowhere: {sorted(expected - read)}"
