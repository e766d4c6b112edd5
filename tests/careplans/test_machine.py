"""Edits, versions and answers in any order: nobody is bound by silence, and what was published never changes."""

import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from backend.careplans import queries, rendering, services
from backend.careplans.models import BODY, PlanVersion
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, Plan, shared

LOADS = ["low", "moderate", "high"]
LIMITED = ("times_per_week", "weeks", "visit_budget")
NAMES = st.sampled_from(["north", "south", "east"])


class Agreeing(RuleBasedStateMachine):
    """A model beside the plan keeps what each party said yes to, in the plainest way there is."""

    actors: dict[str, Actor]
    ids: dict[str, str]
    plan: Plan

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.published: list[str] = []  # each version as it was first read
        self.frozen: list[dict[str, dict[str, Any]]] = []  # its lines by id
        self.said: dict[str, dict[int, str]] = {name: {} for name in self.actors}

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    # --- what may happen ---

    @rule(who=NAMES, times=st.sampled_from([0.5, 1, 2]), load=st.sampled_from(LOADS))
    def write_a_line(self, who: str, times: float, load: str) -> None:
        fields = {**LINE, "technique_ids": [], "times_per_week": times, "load": load}
        self.try_to(lambda actor: services.add_row(self.plan.id, "interventions", actor=actor, sent=fields), who)

    @precondition(lambda self: self.lines())
    @rule(
        which=st.integers(min_value=0, max_value=9),
        changes=st.sampled_from(
            [
                {"times_per_week": 0.5}, {"times_per_week": 3}, {"weeks": None}, {"weeks": 2}, {"load": "high"}, {"load": "low"},
                {"avoid": []}, {"minutes": 20}, {"state": "ended", "ended_reason": "done"}, {"visit_budget": 20},
            ]
        ),
    )  # fmt: skip
    def edit_a_line(self, which: int, changes: dict[str, Any]) -> None:
        lines = self.lines()
        line = lines[which % len(lines)]
        owner = next(name for name, pk in self.ids.items() if pk == line["organization"]["id"])
        self.try_to(
            lambda actor: services.change_row(
                self.plan.id, "interventions", line["id"], actor=actor, sent=changes, expected=None, current=line
            ),
            owner,
        )

    @precondition(lambda self: self.lines())
    @rule(who=NAMES, which=st.integers(min_value=0, max_value=9))
    def say_that_a_line_was_a_mistake(self, who: str, which: int) -> None:
        lines = self.lines()
        line = lines[which % len(lines)]
        sent = {"reason": "duplicate"}
        said = self.try_to(
            lambda actor: services.enter_row_in_error(
                self.plan.id, "interventions", line["id"], actor=actor, sent=sent, expected=None
            ),
            who,
        )
        assert (said is not None) is (line["organization"]["id"] == self.ids[who] and not line["entered_in_error"])

    @rule(who=NAMES)
    def publish(self, who: str) -> None:
        before = self.lines()
        version = self.try_to(lambda actor: services.publish(self.plan.id, actor=actor, sent={}, expected=None), who)
        if version is None:
            return
        assert who == "north"
        assert version.number == len(self.published) + 1
        self.published.append(json.dumps(version.body, sort_keys=True))
        self.frozen.append({line["id"]: line for line in before if not line["entered_in_error"]})
        self.said["north"][version.number] = "agree"

    @precondition(lambda self: self.published)
    @rule(who=NAMES, back=st.integers(min_value=0, max_value=2), answer=st.sampled_from(["agree", "object"]))
    def answer(self, who: str, back: int, answer: str) -> None:
        number = max(1, len(self.published) - back)
        sent = {"number": number, "answer": answer, "sentence": "Because."}
        if self.try_to(lambda actor: services.answer_version(self.plan.id, actor=actor, sent=sent), who):
            assert answer == "object" or number == len(self.published)
            self.said[who][number] = answer

    @rule(who=NAMES, name=st.sampled_from(["complete", "reopen", "resume"]))
    def end_or_go_on(self, who: str, name: str) -> None:
        sent = {"reason": "goals_met"} if name == "complete" else {}
        moved = self.try_to(
            lambda actor: services.move_plan(self.plan.id, name, actor=actor, sent=sent, expected=None), who
        )
        assert moved is None or who == "north"

    # --- what must hold ---

    @invariant()
    def what_was_published_never_changes(self) -> None:
        with acting_as(self.actors["south"]):
            found = PlanVersion.objects.order_by("number").values_list(BODY, flat=True)
            assert [json.dumps(body, sort_keys=True) for body in found] == self.published

    @invariant()
    def each_party_is_bound_to_what_it_agreed_to_and_what_stays_within(self) -> None:
        for name in self.actors:
            agreed = [number for number, answer in self.said[name].items() if answer == "agree"]
            known = self.frozen[max(agreed) - 1] if agreed else None
            for line in self.lines(name):
                own = line["organization"]["id"] == self.ids[name]
                frozen = known.get(line["id"]) if known is not None else None
                expected = bool(line["entered_in_error"]) or (
                    own if known is None else line["state"] == "ended" or (frozen is not None and within(line, frozen))
                )
                assert line["agreement"]["in_force_for_you"] is expected, (name, line)
                assert (self.ids[name] in line["agreement"]["waiting_for"]) is not expected
                kept = line["agreement"]["agreed"]
                assert (kept is not None) is (not expected and frozen is not None)

    # --- how it is asked ---

    def lines(self, who: str = "north") -> list[dict[str, Any]]:
        with acting_as(self.actors[who]):
            row = queries.one_row(self.plan.id, self.actors[who])
            found: list[dict[str, Any]] = rendering.detail(row, self.actors[who])["interventions"]
        return found

    def try_to(self, act: Any, who: str) -> Any:
        """What came of it; None when it was refused, and then nothing has changed."""
        before = self.lines()
        try:
            with acting_as(self.actors[who]):
                return act(self.actors[who])
        except Problem:
            assert self.lines() == before
            return None


def within(now: dict[str, Any], agreed: dict[str, Any]) -> bool:
    if agreed["state"] == "ended":
        return False
    for name in LIMITED:
        if agreed[name] is not None and (now[name] is None or now[name] > agreed[name]):
            return False
    return LOADS.index(now["load"]) <= LOADS.index(agreed["load"]) and all(a in now["avoid"] for a in agreed["avoid"])


@pytest.mark.slow
@pytest.mark.django_db
def test_versions_and_agreements_hold_in_any_order(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    clinics = {"north": north, "south": south, "east": east}
    Agreeing.plan = shared(north, south, east)
    Agreeing.actors = {name: clinic.practitioner.actor for name, clinic in clinics.items()}
    Agreeing.ids = {name: clinic.id for name, clinic in clinics.items()}
    run_state_machine_as_test(
        Agreeing,
        settings=settings(
            max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
