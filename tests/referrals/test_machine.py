"""Anything in any order: two clinics, a guest, a client, consent and the clock, and what must hold after every step."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from backend.audit import work
from backend.audit.models import Event
from backend.clients import services as clients
from backend.clients.models import Client, Consent
from backend.directory import services as directory
from backend.lib.actor import Actor, ActorKind, system_of
from backend.lib.problems import Problem
from backend.lib.unit_of_work import acting_as
from backend.referrals import care, drafts, jobs, services
from backend.referrals import workflow as w
from backend.referrals.inputs import NewReferral
from backend.referrals.models import Guest, Referral
from tests import make
from tests.referrals.stories import GUEST, RECORDED, WAYS, in_state, move_to, now, row

DEEPEST = 4
# Where a side has done its part: finished, or the other side's to read and decide.
DONE = {"sender": w.FINISHED, "recipient": w.FINISHED | {*w.DECIDING, w.REPORTED}}
# What each side tries when it wants to be done; the rest is up to the search.
WAYS_OUT = {
    "sender": ("withdraw", "acknowledge", "request_cancellation", "close_without_report"),
    "recipient": ("decline", "report", "agree"),
}
STEPS = sorted(row.name for row in w.WORKFLOW.rows if set(row.by) != {"system"})


class Undo(Exception):
    """Ends a savepoint without keeping what happened in it."""


@contextmanager
def only_tried() -> Iterator[None]:
    """What happens inside is looked at and forgotten."""
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass


class Loop(RuleBasedStateMachine):
    """Each rule is a press somebody may make; a refusal is fine, and changes nothing."""

    north: make.Clinic
    south: make.Clinic
    outsider: make.Clinic
    cast: dict[str, Actor]
    # Who goes on when a role ends.
    colleagues: dict[str, make.Person]
    client_id: Any

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.referral_id: Any = None
        self.to_guest = False
        self.actors = dict(self.cast)
        self.roles = {"sender": self.north.role_id, "recipient": self.south.role_id}

    def teardown(self) -> None:
        try:
            if self.referral_id is not None:
                self.each_side_can_bring_it_to_an_end()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    # --- what may happen ---

    @precondition(lambda self: self.referral_id is None)
    @rule(
        kind=st.sampled_from(["advice", "evaluate", "evaluate_and_treat"]),
        to_guest=st.booleans(),
        how=st.sampled_from(["send", "ask_consent", "draft"]),
        with_consent=st.booleans(),
    )
    def write(self, kind: str, to_guest: bool, how: str, with_consent: bool) -> None:
        if with_consent:
            self.give_consent()
        to = GUEST if to_guest else {"practitioner_role_id": self.roles["recipient"]}
        body = make.referral_body(to, kind=kind, client_id=str(self.client_id), send=how == "send")
        checked = NewReferral(data={**body, "ask_consent": how == "ask_consent"})
        checked.is_valid(raise_exception=True)
        try:
            with acting_as(self.actors["sender"]):
                made, _ = drafts.create_referral(actor=self.actors["sender"], fields=checked.validated_data)
        except Problem as problem:
            self.refused_well(problem)
            return
        self.referral_id, self.to_guest = made.pk, to_guest
        if to_guest:
            with acting_as(self.guest()):
                Guest.objects.filter(pk=made.pk).update(
                    attested_at=now(), attested_name="Gil Guest", attested_clinic="Guest Clinic"
                )

    @precondition(lambda self: self.referral_id is not None)
    @rule(name=st.sampled_from(STEPS), side=st.sampled_from(["sender", "recipient", "client", "outsider"]))
    def press(self, name: str, side: str) -> None:
        before = self.found()
        try:
            self.move(side, name)
        except Problem as problem:
            self.refused_well(problem)
            after = self.found()
            assert (after.state, after.version) == (before.state, before.version), name

    @precondition(lambda self: self.referral_id is not None)
    @rule(choice=st.integers(min_value=0, max_value=30))
    def press_what_is_possible(self, choice: int) -> None:
        """Mostly refusals would go nowhere: this takes one of the steps that are offered."""
        referral = self.found()
        offered = [
            (side, step.name) for side in ("sender", "recipient") for step in w.WORKFLOW.available(referral, {side})
        ]
        if offered:
            side, name = offered[choice % len(offered)]
            self.press(name, side)

    @precondition(lambda self: self.referral_id is not None)
    @rule(state=st.sampled_from(["planned", "booked", "done", "missed"]))
    def enter_a_visit(self, state: str) -> None:
        actor, starts_at = self.actors["recipient"], now() + timedelta(days=1 if state in ("planned", "booked") else -1)
        span = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=50)}
        try:
            with acting_as(actor):
                care.enter_visit(actor=actor, fields={"referral_id": self.referral_id, "state": state, **span})
        except Problem as problem:
            self.refused_well(problem)

    @rule()
    def give_consent(self) -> None:
        try:
            with acting_as(self.actors["sender"]):
                clients.give_consent(
                    self.client_id,
                    actor=self.actors["sender"],
                    categories=["plan"],
                    organization_ids=[self.south.organization.id],
                    guests=["gil@guest.example"],
                    method="verbal",
                )
        except Problem as problem:  # nobody says yes any more for a client who died
            self.refused_well(problem)

    @rule()
    def withdraw_every_consent(self) -> None:
        with acting_as(self.actors["client"]):
            for consent in Consent.objects.in_force():
                clients.withdraw_consent(consent.pk, actor=self.actors["client"])

    @precondition(lambda self: self.referral_id is not None)
    @rule(lot=st.integers(min_value=0, max_value=5))
    def the_client_dies(self, lot: int) -> None:
        """Not in every life, or there would be no other."""
        if lot > 0:
            return
        try:
            with acting_as(self.actors["sender"]):
                clients.mark_deceased(self.client_id, actor=self.actors["sender"])
        except Problem as problem:
            self.refused_well(problem)

    @rule(side=st.sampled_from(["sender", "recipient"]))
    def a_role_ends(self, side: str) -> None:
        """The colleague goes on; what was open is handed over, as the event lets the worker do."""
        colleague = self.colleagues[side]
        assert colleague.role is not None
        if self.roles[side] == str(colleague.role.id):
            return
        clinic = self.north if side == "sender" else self.south
        with acting_as(clinic.admin.actor):
            ended = directory.end_role(UUID(self.roles[side]), actor=clinic.admin.actor)
        self.roles[side], self.actors[side] = str(colleague.role.id), colleague.actor
        with acting_as(system_of(clinic.organization.id)):
            jobs.hand_over(Event(organization_id=clinic.organization.id, subject_id=ended.pk))

    @rule(hours=st.integers(min_value=1, max_value=500), worker_runs=st.booleans())
    def time_passes(self, hours: int, worker_runs: bool) -> None:
        move_to(now() + timedelta(hours=hours))
        if worker_runs:
            work.run_due(most=50)

    # --- what must hold ---

    @invariant()
    def somebody_has_the_move_and_a_due_time(self) -> None:
        if self.referral_id is None:
            return
        referral = self.found()
        if referral.state in w.FINISHED:
            assert (referral.due_at, referral.closed_at is None) == (None, False)
        elif referral.state != w.DRAFT:
            assert w.STATES[referral.state].mover in (w.SENDER, w.RECIPIENT, w.CLIENT)
            assert referral.due_at is not None, referral.state

    @invariant()
    def the_outsider_reaches_nothing(self) -> None:
        outsider = self.actors["outsider"]
        with acting_as(outsider):
            assert not Referral.objects.visible_to(outsider).exists()
            assert not Referral.objects.exists()
            assert not Consent.objects.exists()

    @invariant()
    def without_consent_the_recipient_reads_no_shared_record(self) -> None:
        south = self.actors["recipient_clinic"]
        with acting_as(self.actors["client"]):
            allowed = Consent.objects.in_force().exists()
        with acting_as(south):
            seen = clients_visible(south)
        assert allowed or not seen

    def each_side_can_bring_it_to_an_end(self) -> None:
        referral = self.found()
        if referral.sent_at is None and referral.state == w.DRAFT:
            return
        for side in ("sender", "recipient"):
            if side == "recipient" and referral.sent_at is None:
                continue
            assert self.ends(side, DEEPEST), f"the {side} is stuck in {self.found().state}"

    def ends(self, side: str, deep: int) -> bool:
        """Whether this side alone, and time, lead to an end in a few steps."""
        state = self.found().state
        if state in DONE[side]:
            return True
        if deep == 0:
            return False
        reached = [False]
        for name in (*WAYS_OUT[side], "time"):
            with only_tried():
                if self.tried(side, name) and (self.found().state != state or name == "time"):
                    reached[0] = self.ends(side, deep - 1)
            if reached[0]:
                return True
        return False

    def tried(self, side: str, name: str) -> bool:
        if name == "time":
            move_to(now() + timedelta(days=40))
            work.run_due(most=50)
            return True
        try:
            self.move(side, name)
        except Problem:
            return False
        return True

    # --- how ---

    def refused_well(self, problem: Problem) -> None:
        assert problem.status in (400, 403, 404, 409), problem.detail
        assert problem.detail

    def found(self) -> Referral:
        with acting_as(self.actors["sender"]):
            return Referral.objects.select_related("recipient_role").get(pk=self.referral_id)

    def guest(self) -> Actor:
        return Actor(kind=ActorKind.GUEST, referral_id=self.referral_id, display="Gil Guest")

    def move(self, side: str, name: str) -> None:
        actor = self.actors[side]
        if side == "recipient" and self.to_guest:
            actor = self.guest()
        details = self.details(side, name)
        with acting_as(actor):
            services.move_referral(self.referral_id, name, actor=actor, **details)

    def details(self, side: str, name: str) -> dict[str, Any]:
        ahead = [make_window(day) for day in (2, 3)]
        referral = self.found()
        with acting_as(self.actors["sender"]):
            open_time = referral.offered_times.filter(is_open=True).values_list("id", flat=True).first()
            unread = referral.reports.filter(read_at=None).values_list("id", flat=True).first()
        role = self.roles.get(side, self.roles["recipient"])
        known: dict[str, dict[str, Any]] = {
            "consent_given": {"method": "verbal"},
            "ask_information": {"question": "Any dizziness?"},
            "give_information": {"answer": "None."},
            "offer_times": {"times": ahead},
            "choose_time": {"time_id": str(open_time), **({"recorded": RECORDED} if side == "recipient" else {})},
            "waitlist": {"review_on": (now() + timedelta(days=9)).date().isoformat(), "detail": "Full."},
            "book": {"visit": ahead[0]},
            "cancel_visit": {"by": "client"},
            "log_contact": {"channel": "phone", "outcome": "no_answer"},
            "decline": {"reason": "no_capacity"},
            "assign": {"practitioner_role_id": role},
            "report": {
                "final": True,
                "report": make.REPORT,
                **({} if referral.is_advice or referral.state == w.IN_CARE else {"seen_at": now().isoformat()}),
            },
            "read_report": {"report_id": str(unread), "plan_change": "no_change"},
            "return_report": {"missing": "The range of motion."},
            "acknowledge": {"plan_change": "no_change"} if referral.state == w.REPORTED else {"client_told": "Told."},
            "withdraw": {"reason": "better"},
            "convert": {"kind": "evaluate"},
            "request_cancellation": {"reason": "She moves."},
            "refuse": {"reason": "One visit is left."},
        }
        return known.get(name, {})


def make_window(days: int) -> dict[str, str]:
    start = (now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=50)).isoformat()}


def clients_visible(actor: Actor) -> bool:
    return Client.objects.visible_to(actor).exists()


def between(north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: UUID | None) -> None:
    """Who plays in the loop."""
    Loop.north, Loop.south, Loop.outsider = north, south, outsider
    sender, recipient = north.practitioner.actor, south.practitioner.actor
    client = Actor(kind=ActorKind.CLIENT, client_id=client_id, display="Probe Canary")
    Loop.client_id = client_id
    Loop.colleagues = {
        "sender": make.person(north.organization, "practitioner", discipline="massage_therapy", name="Nora Next"),
        "recipient": make.person(south.organization, "practitioner", discipline="physical_therapy", name="Sven Second"),
    }
    Loop.cast = {
        "sender": sender,
        "recipient": recipient,
        "recipient_clinic": system_of(south.organization.id),
        "client": client,
        "outsider": outsider.practitioner.actor,
    }


@pytest.mark.slow
@pytest.mark.parametrize("consent", ["in force", "withdrawn", "withdrawn, and the worker ran"])
@pytest.mark.parametrize("state", [state for state in WAYS if state not in w.FINISHED])
def test_from_every_state_each_side_can_bring_it_to_an_end(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, state: str, consent: str
) -> None:
    referral = in_state(state, north, south)
    between(north, south, outsider, row(referral["id"], north).client_id)
    loop = Loop()
    loop.referral_id = referral["id"]
    if consent != "in force":
        loop.withdraw_every_consent()
    if consent.endswith("ran"):
        work.run_due(most=50)

    loop.each_side_can_bring_it_to_an_end()


@pytest.mark.slow
def test_whatever_happens_the_loop_holds(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    between(north, south, outsider, UUID(make.client(north)["id"]))

    run_state_machine_as_test(
        Loop,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
