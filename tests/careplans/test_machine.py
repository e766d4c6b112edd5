"""Edits, versions and answers, and a team that changes, in any order: nobody is bound by silence, and what was published never changes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.careplans import queries, rendering, services
from backend.careplans.models import BODY, PlanVersion
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import LINE, Plan, shared

LOADS = ["low", "moderate", "high"]
LIMITED = ("times_per_week", "weeks", "visit_budget")
PROMISED = ("words", "measure", "unit", "target", "due_on")
AGREED_ON = ("interventions", "goals")
NAMES = st.sampled_from(["north", "south", "east"])
HOME = "north"
NEW: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "interventions": st.builds(
        lambda times, load: {**LINE, "technique_ids": [], "times_per_week": times, "load": load},
        st.sampled_from([0.5, 1, 2]),
        st.sampled_from(LOADS),
    ),
    "goals": st.just({"words": "Carry my son", "measure": "minutes", "target": 10}),
    "problems": st.just({"text": "Stiff neck"}),
}
CHANGES: Mapping[str, list[dict[str, Any]]] = {
    "interventions": [
        {"times_per_week": 0.5}, {"times_per_week": 3}, {"weeks": None}, {"weeks": 2}, {"load": "high"}, {"load": "low"},
        {"avoid": []}, {"minutes": 20}, {"state": "ended", "ended_reason": "done"}, {"visit_budget": 20},
    ],
    "goals": [
        {"words": "Carry my son upstairs"}, {"target": 20}, {"state": "achieved"}, {"state": "dropped"},
        {"state": "active"},
    ],
    "problems": [{"text": "Stiff neck, left"}, {"state": "resolved"}],
}  # fmt: skip
KINDS = st.sampled_from([*CHANGES, *AGREED_ON])
ANY = st.integers(min_value=0, max_value=9)


class Agreeing(RuleBasedStateMachine):
    """A model beside the plan keeps what each party said yes to, in the plainest way there is, who is on and who leads."""

    actors: dict[str, Actor]
    ids: dict[str, str]
    plan: Plan

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.published: list[str] = []  # each version as it was first read
        self.frozen: list[dict[str, dict[str, Any]]] = []  # its lines and goals by id
        self.said: dict[str, dict[int, str]] = {name: {} for name in self.actors}
        self.team = list(self.actors)  # who has been on it longest comes first
        self.lead = HOME
        self.is_over = False

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    @initialize()
    def begin(self) -> None:
        """Everybody's rows are in the first version; South has said yes to it, and East nothing yet."""
        self.publish(HOME)
        self.answer("south", back=0, answer="agree")

    # --- what may happen to rows ---

    @rule(who=NAMES, kind=KINDS, data=st.data())
    def write_a_row(self, who: str, kind: str, data: st.DataObject) -> None:
        fields = data.draw(NEW[kind])
        said = self.try_to(lambda actor: services.add_row(self.plan.id, kind, actor=actor, sent=fields), who)
        assert (said is not None) is (who in self.team and not self.is_over)

    @rule(kind=KINDS, which=ANY, change=ANY)
    def change_a_row(self, kind: str, which: int, change: int) -> None:
        """By who wrote it: a clinic that has left changes nothing more."""
        if not (row := self.row(kind, which)):
            return
        changes, owner = CHANGES[kind][change % len(CHANGES[kind])], self.owner_of(row)
        said = self.try_to(
            lambda actor: services.change_row(
                self.plan.id, kind, row["id"], actor=actor, sent=changes, expected=None, current=row
            ),
            owner,
        )
        stands = not row["entered_in_error"] and not (kind == "interventions" and row["state"] == "ended")
        assert (said is not None) is (owner in self.team and not self.is_over and stands)

    @rule(who=NAMES, kind=KINDS, which=ANY)
    def say_that_a_row_was_a_mistake(self, who: str, kind: str, which: int) -> None:
        """By who wrote it, on the team or not, also when the plan has ended."""
        if not (row := self.row(kind, which)):
            return
        sent = {"reason": "duplicate"}
        said = self.try_to(
            lambda actor: services.enter_row_in_error(
                self.plan.id, kind, row["id"], actor=actor, sent=sent, expected=None
            ),
            who,
        )
        assert (said is not None) is (self.owner_of(row) == who and not row["entered_in_error"])

    # --- what may happen to versions ---

    @rule(who=NAMES)
    def publish(self, who: str) -> None:
        before = [row for kind in AGREED_ON for row in self.rows(self.lead, kind)]
        version = self.try_to(lambda actor: services.publish(self.plan.id, actor=actor, sent={}, expected=None), who)
        if version is None:
            return
        assert who == self.lead
        assert version.number == len(self.published) + 1
        self.published.append(json.dumps(version.body, sort_keys=True))
        self.frozen.append({row["id"]: row for row in before if not row["entered_in_error"]})
        self.said[who][version.number] = "agree"

    @rule(who=NAMES, back=st.integers(min_value=0, max_value=2), answer=st.sampled_from(["agree", "object"]))
    def answer(self, who: str, back: int, answer: str) -> None:
        number = max(1, len(self.published) - back)
        sent = {"number": number, "answer": answer, "sentence": "Because."}
        if self.try_to(lambda actor: services.answer_version(self.plan.id, actor=actor, sent=sent), who):
            assert answer == "object" or number == len(self.published)
            assert who in self.team
            assert len(self.team) > 1
            self.said[who][number] = answer

    # --- what may happen to the plan and its team ---

    @rule(who=NAMES, name=st.sampled_from(["complete", "reopen", "resume"]))
    def end_or_go_on(self, who: str, name: str) -> None:
        sent = {"reason": "goals_met"} if name == "complete" else {}
        moved = self.try_to(
            lambda actor: services.move_plan(self.plan.id, name, actor=actor, sent=sent, expected=None), who
        )
        assert moved is None or who == self.lead
        if moved:
            self.is_over = name == "complete"

    @rule(who=NAMES)
    def leave(self, who: str) -> None:
        """Lines of who leaves end, and nothing else of theirs does; the lead goes home, else to who is there longest."""
        if who not in self.team:
            return
        membership = next(
            member
            for member in self.whole(who)["team"]
            if member["organization"]["id"] == self.ids[who] and member["until"] is None
        )
        left = self.try_to(
            lambda actor: services.end_membership(self.plan.id, membership["id"], actor=actor, sent={}), who
        )
        assert (left is not None) is (len(self.team) > 1 and not self.is_over)
        if left is None:
            return
        self.team.remove(who)
        if self.lead == who:
            self.lead = HOME if HOME in self.team else self.team[0]
        assert {line["state"] for line in self.rows(who, "interventions")} <= {"ended"}

    @precondition(lambda self: len(self.team) < len(self.actors))
    @rule(who=NAMES)
    def put_who_left_back_on(self, who: str) -> None:
        whom = next(name for name in self.actors if name not in self.team)
        sent = {"organization_id": self.ids[whom]}
        joined = self.try_to(lambda actor: services.add_member(self.plan.id, actor=actor, sent=sent), who)
        assert (joined is not None) is (who == self.lead and not self.is_over)
        if joined:
            self.team.append(whom)

    @rule(who=NAMES, whom=NAMES)
    def hand_over_the_lead(self, who: str, whom: str) -> None:
        sent = {"organization_id": self.ids[whom]}
        handed = self.try_to(lambda actor: services.hand_over_lead(self.plan.id, actor=actor, sent=sent), who)
        assert (handed is not None) is (who == self.lead != whom and whom in self.team and not self.is_over)
        if handed:
            self.lead = whom

    # --- what must hold ---

    @invariant()
    def what_was_published_never_changes(self) -> None:
        with acting_as(self.actors[self.lead]):
            found = PlanVersion.objects.order_by("number").values_list(BODY, flat=True)
            assert [json.dumps(body, sort_keys=True) for body in found] == self.published

    @invariant()
    def each_party_is_bound_to_what_it_agreed_to_and_what_stays_within(self) -> None:
        for name in self.team:
            whole = self.whole(name)
            assert whole["lead"]["organization"]["id"] == self.ids[self.lead]
            agreed = [number for number, answer in self.said[name].items() if answer == "agree"]
            known = self.frozen[max(agreed) - 1] if agreed else None
            for kind in AGREED_ON:
                for row in whole[kind]:
                    self.check_agreement(name, kind, row, known)

    def check_agreement(self, name: str, kind: str, row: dict[str, Any], known: dict[str, Any] | None) -> None:
        frozen = known.get(row["id"]) if known is not None else None
        if len(self.team) == 1 or row["entered_in_error"]:
            expected = True
        elif known is None:
            expected = row["organization"]["id"] == self.ids[name]
        else:
            expected = row["state"] == "ended" or (frozen is not None and WITHIN[kind](row, frozen))
        assert row["agreement"]["in_force_for_you"] is expected, (name, row)
        assert (self.ids[name] in row["agreement"]["waiting_for"]) is not expected
        assert set(row["agreement"]["waiting_for"]) <= {self.ids[party] for party in self.team}
        kept = row["agreement"]["agreed"]
        assert (kept is not None) is (not expected and frozen is not None)

    @invariant()
    def whoever_left_reads_their_own_rows_and_no_others(self) -> None:
        for name in set(self.actors) - set(self.team):
            whole = self.whole(name)
            assert {row["organization"]["id"] for kind in CHANGES for row in whole[kind]} == {self.ids[name]}

    # --- how it is asked ---

    def whole(self, who: str) -> dict[str, Any]:
        actor = self.actors[who]
        with acting_as(actor):
            found: dict[str, Any] = rendering.detail(queries.one_row(self.plan.id, actor), actor)
        return found

    def rows(self, who: str, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.whole(who)[kind]
        return found

    def row(self, kind: str, which: int) -> dict[str, Any] | None:
        """One of all there are."""
        rows = self.rows(self.lead, kind)
        return rows[which % len(rows)] if rows else None

    def owner_of(self, row: dict[str, Any]) -> str:
        return next(name for name, pk in self.ids.items() if pk == row["organization"]["id"])

    def try_to(self, act: Any, who: str) -> Any:
        """What came of it; None when it was refused, and then nothing has changed."""
        before = self.whole(self.lead)
        try:
            with acting_as(self.actors[who]):
                return act(self.actors[who])
        except Problem:
            assert self.whole(self.lead) == before
            return None


def line_within(now: dict[str, Any], agreed: dict[str, Any]) -> bool:
    if agreed["state"] == "ended":
        return False
    for name in LIMITED:
        if agreed[name] is not None and (now[name] is None or now[name] > agreed[name]):
            return False
    return LOADS.index(now["load"]) <= LOADS.index(agreed["load"]) and all(a in now["avoid"] for a in agreed["avoid"])


def goal_within(now: dict[str, Any], agreed: dict[str, Any]) -> bool:
    """As it was promised to the client: to meet it asks nobody, to drop it asks all."""
    was_dropped, is_dropped = agreed["state"] == "dropped", now["state"] == "dropped"
    return was_dropped is is_dropped and all(now[name] == agreed[name] for name in PROMISED)


WITHIN = {"interventions": line_within, "goals": goal_within}


@pytest.mark.slow
@pytest.mark.django_db
def test_versions_and_agreements_hold_in_any_order(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    clinics = {"north": north, "south": south, "east": east}
    Agreeing.plan = shared(north, south, east)
    for clinic in clinics.values():
        Agreeing.plan.line(clinic, technique_ids=[])
        Agreeing.plan.goal(clinic)
        Agreeing.plan.post(clinic, "/problems", {"text": "Stiff neck"})
    Agreeing.actors = {name: clinic.practitioner.actor for name, clinic in clinics.items()}
    Agreeing.ids = {name: clinic.id for name, clinic in clinics.items()}
    run_state_machine_as_test(
        Agreeing,
        settings=settings(
            max_examples=20, stateful_step_count=24, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
