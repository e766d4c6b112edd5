"""A care plan as its page shows it: columns by clinic and discipline, goals, who agreed, and what the reader may press."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict

from backend.careplans import policies, queries, rendering, waiting
from backend.careplans import words as plan_words
from backend.careplans.agreement import Kind
from backend.careplans.changes import field_sentences, sentences
from backend.careplans.history import history_for
from backend.careplans.inputs import AboutWrongClient, TransitionOfPlan
from backend.careplans.models import (
    CHANGES,
    WRONG_CLIENT,
    Agreement,
    CarePlan,
    ErrorReason,
    Intervention,
    PlanVersion,
    Proposal,
)
from backend.careplans.services import ROWS
from backend.careplans.workflow import LEAD, PLAN_WORKFLOW
from backend.clients.models import Access
from backend.directory.models import Organization, PractitionerRole
from backend.lib.actor import Actor
from backend.lib.ids import short_id
from backend.lib.rest.authentication import actor_of
from backend.workspace import words
from backend.workspace.forms import Form
from backend.workspace.history import newest_changes
from backend.workspace.pages import log_whatever_the_status

Body = Mapping[str, Any]
ROW_KINDS: Mapping[str, Kind] = {"intervention": "interventions", "goal": "goals"}
ENDED = Intervention.State.ENDED
VERSIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class May:
    """What the reader may do with a plan, besides its own steps."""

    write: bool
    lead: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An open proposal, what it would change in words, and what the reader may answer."""

    said: Body
    what: list[str]
    answers: list[str]


@dataclass(frozen=True, slots=True)
class Item:
    """A line or goal as its card shows it."""

    row: Body
    href: str
    is_own: bool
    facts: list[tuple[str, str]]
    state: str
    waiting: list[str]
    in_force: list[tuple[str, str]]
    is_new_to_you: bool
    suggestions: list[Suggestion]
    is_struck: bool
    progress: str = ""


@dataclass(slots=True)
class Column:
    """What one clinic does in one discipline."""

    organization: Body
    discipline: str
    is_own: bool
    is_on_team: bool
    person: str = ""
    items: list[Item] = field(default_factory=list)
    ended: list[Item] = field(default_factory=list)
    suggested: list[Suggestion] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Party:
    """One clinic and what it says to the newest version."""

    organization: Body
    disciplines: list[str]
    is_own: bool
    answer: str
    sentence: str
    answered_at: str
    agreed_version: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the plan's workflow, with its form."""

    name: str
    label: str
    summary: str
    form: Form
    is_open: bool


@dataclass(frozen=True, slots=True)
class VersionShown:
    """A published version: the difference to the one before, and who said what to it."""

    number: int
    by: str
    organization: str
    published_at: Any
    difference: list[str]
    answers: list[Agreement]


def may_of(row: Body, actor: Actor) -> May:
    """A practitioner whose clinic is on the team now writes, while the plan is not finished; the lead does more."""
    plan = CarePlan(state=row["state"], lead_organization_id=row["lead_organization_id"])
    writes = row["is_ours"] and actor.has_right("practitioner") and not plan.is_finished
    return May(write=writes, lead=writes and LEAD in policies.sides_of(actor, plan))


def plans_of(request: HttpRequest, client_id: UUID) -> list[Body]:
    """The plans of a client that the reader may see, open ones first; the look is logged."""
    actor = actor_of(request)
    rows = list(queries.rows(actor).filter(queries.about(client_id, actor)).order_by("-created_at"))
    log_whatever_the_status(request, lambda: queries.log_looks_at(actor, rows))
    shown = [rendering.summary(row, actor) for row in rows]
    return sorted(shown, key=lambda plan: CarePlan(state=plan["state"]).is_finished)


def plans_that_wait(actor: Actor) -> list[queries.Raw]:
    """The plans that wait for a step of the reader's clinic, the longest untouched first."""
    return list(waiting.for_any(actor).order_by("updated_at", "id")[: waiting.MOST]) if actor.treats else []


def with_steps(rows: Iterable[queries.Raw], actor: Actor) -> list[tuple[Body, list[str]]]:
    """Each of these as its line shows it, with what is asked."""
    return [(rendering.summary(row, actor), [step.label for step in waiting.steps(row)]) for row in rows]


class PlanPage:
    """Everything the page of one plan shows this reader."""

    def __init__(self, row: queries.Raw, actor: Actor, zone: str) -> None:
        self.row, self.actor, self.zone = row, actor, zone
        self.here = str(actor.organization_id)
        self.body = rendering.detail(row, actor)
        self.may = may_of(row, actor)
        self.names = {member["organization"]["id"]: member["organization"] for member in self.body["team"]}
        self.disciplines = _disciplines(self.body)
        self.progress = rendering.progress(row, actor)
        self.suggestions = [self._suggestion(proposal) for proposal in self.body.get("proposals", ())]

    def context(self) -> dict[str, Any]:
        body = self.body
        parties = self.parties()
        own = next((party for party in parties if party.is_own), None)
        versions = self.versions(VERSIONS_SHOWN) if self.actor.reads_clinical else []
        return {
            "p": body,
            "number": short_id(self.row["id"]),
            "may": self.may,
            "state": plan_words.state_of(body),
            "standing": self.standing(),
            "parties": parties,
            "own_answer": own,
            "new_to_you": self.new_since(own.agreed_version) if own and versions else [],
            "goals": self.goals(),
            "goals_suggested": self._added(Proposal.About.GOAL),
            "columns": self.columns(),
            "problems": [
                {
                    **row,
                    "said": plan_words.state_of_problem(row),
                    "is_own": self._is_own(row),
                    "is_struck": self.is_struck(row),
                }
                for row in body.get("problems", ())
            ],
            "phases": [
                {
                    **row,
                    "period": plan_words.period(row),
                    "said": plan_words.in_error(row).lower() if row["entered_in_error"] else "",
                    "is_struck": self.is_struck(row),
                }
                for row in body["phases"]
            ],
            "can_err": self.can_err(),
            "error_reasons": ErrorReason.choices,
            "team": [
                {**member, "because": plan_words.LEFT_BECAUSE.get(member["ended_because"] or "", "")}
                for member in body["team"]
            ],
            "own_membership": next((m for m in body["team"] if m["is_live"] and self._is_own(m)), None),
            "heirs": [m["organization"] for m in body["team"] if m["is_live"] and not self._is_own(m)],
            "is_shared": bool(body.get("agreement") and body["agreement"]["is_asked"]),
            "versions": versions,
            **newest_changes(history_for(self.actor), self.row["id"], self.actor, self.zone),
            "to_decide": self.to_decide(),
            "is_reviewed": bool(body.get("review_on")) and not self.is_finished,
            "review_is_over": bool(body.get("review_on")) and body["review_on"] < words.today(self.zone).isoformat(),
            "withheld": self._withheld_words(),
            "sees_client": self.sees_client,
            "takes_along": not self.sees_client and self._has_own_rows(),
            "others": self.joinable() if self.may.lead else [],
        }

    # --- what was entered in error

    def is_struck(self, row: Body) -> bool:
        return bool(row["entered_in_error"] or self.body["entered_in_error"])

    def can_err(self) -> set[str]:
        """The rows that the reader may say of that they were entered in error, or that they are about a wrong client, too."""
        if not self.actor.has_right("practitioner", "admin"):
            return set()
        rows = (row for kind in ROWS for row in self.body.get(kind, ()))
        said = {row["id"]: (row["entered_in_error"] or {}).get("reason") for row in rows if self._is_own(row)}
        return {row_id for row_id, reason in said.items() if reason != WRONG_CLIENT}

    # --- who agreed

    def standing(self) -> str:
        """Version 7: agreed by North Massage; South Physio objects; waiting for East Chiro (asked Sun 22 Nov)."""
        agreement = self.body.get("agreement")
        if agreement is None or self.body["entered_in_error"]:
            return ""
        if agreement["version"] is None:
            return "No version is published yet." if agreement["is_asked"] else "Your clinic is alone on this plan."
        if not agreement["is_asked"]:
            return f"Version {agreement['version']}. Your clinic is alone on this plan; nobody is asked to agree."
        agreed, objecting, silent = (plan_words.who_said(agreement, answer) for answer in ("agree", "object", None))
        asked = f" (asked {words.moment(agreement['published_at'], self.zone)})"
        parts = [
            f"agreed by {agreed}" if agreed else "",
            f"{objecting} objects" if objecting else "",
            f"waiting for {silent}{asked}" if silent else "",
        ]
        return f"Version {agreement['version']}: {'; '.join(part for part in parts if part)}."

    def parties(self) -> list[Party]:
        agreement = self.body.get("agreement") or {"parties": []}
        return [
            Party(
                organization=party["organization"],
                disciplines=self.disciplines.get(party["organization"]["id"], []),
                is_own=self._is_own(party),
                answer=party["answer"] or "",
                sentence=party.get("sentence") or "",
                answered_at=party["answered_at"] or "",
                agreed_version=party["agreed_version"] or 0,
            )
            for party in agreement["parties"]
        ]

    def versions(self, most: int, *, before: int | None = None) -> list[VersionShown]:
        """The newest versions first, each with the last answer of every party to it."""
        found = PlanVersion.objects.visible_to(self.actor).filter(plan_id=self.row["id"])
        if before is not None:
            found = found.filter(number__lt=before)
        shown = list(found.whole().select_related("organization").order_by("-number")[:most])
        answers = Agreement.objects.visible_to(self.actor).filter(
            plan_id=self.row["id"], number__in=[version.number for version in shown]
        )
        last = {
            (a.number, a.organization_id): a
            for a in answers.select_related("organization").order_by("answered_at", "id")
        }
        return [
            VersionShown(
                number=version.number,
                by=version.by,
                organization=version.organization.name,
                published_at=version.published_at,
                difference=sentences(version.frozen["changes"]),
                answers=[answer for (number, _), answer in last.items() if number == version.number],
            )
            for version in shown
        ]

    def new_since(self, number: int) -> list[str]:
        """What the versions after this one changed, however many they are, in the order it was changed."""
        later = PlanVersion.objects.visible_to(self.actor).filter(plan_id=self.row["id"], number__gt=number)
        found = later.order_by("number").values_list(CHANGES, flat=True)
        return [line for changes in found for line in sentences(changes)]

    # --- lines and goals

    def goals(self) -> list[Item]:
        latest = {goal["id"]: goal["latest"] for goal in self.progress.get("goals", ())}
        return [
            self.item("goals", goal, progress=plan_words.amount(latest.get(goal["id"]), goal))
            for goal in self.body.get("goals", ())
        ]

    def columns(self) -> list[Column]:
        """One's own first; then by who has been on the team longest; who left last."""
        found: dict[tuple[str, str], Column] = {}
        on_team = {m["organization"]["id"] for m in self.body["team"] if m["is_live"]}
        used = {line["id"]: line for line in self.progress["interventions"]}
        for line in self.body["interventions"]:
            column = self._column(found, line["organization"], line["discipline"], on_team)
            item = self.item("interventions", line, progress=_used(used.get(line["id"])))
            is_over = line["state"] == ENDED and not line["entered_in_error"]
            (column.ended if is_over else column.items).append(item)
            column.person = column.person or (line["practitioner_role"] or {}).get("display", "")
        for pk in on_team - {organization for organization, _ in found}:
            self._column(found, self.names[pk], next(iter(self.disciplines.get(pk, [])), ""), on_team)
        for suggestion in self._added(Proposal.About.INTERVENTION):
            owner = suggestion.said["owner"]
            columns = (column for column in found.values() if column.organization["id"] == owner["id"])
            (next(columns, None) or self._column(found, owner, "", on_team)).suggested.append(suggestion)
        joined = list(self.names)
        return sorted(
            found.values(),
            key=lambda column: (not column.is_own, not column.is_on_team, _place(joined, column.organization["id"])),
        )

    def item(self, kind: Kind, row: Body, *, progress: str = "") -> Item:
        agreement = row.get("agreement") or {"waiting_for": [], "agreed": None, "in_force_for_you": True}
        is_struck, is_ended = self.is_struck(row), row["state"] == ENDED
        agreed, waiting_for = (None, ()) if is_struck else (agreement["agreed"], agreement["waiting_for"])
        facts = plan_words.facts_of(kind, row)
        state = plan_words.state_of_line(row) if kind == "interventions" else plan_words.state_of_goal(row)
        return Item(
            row=row,
            href=f"/care-plans/{self.row['id']}/{kind}/{row['id']}",
            is_own=self._is_own(row),
            facts=facts,
            state=state,
            waiting=[party["display"] for pk, party in self.names.items() if pk in waiting_for],
            in_force=[fact for fact in plan_words.facts_of(kind, agreed) if fact not in facts] if agreed else [],
            is_new_to_you=not agreement["in_force_for_you"] and agreed is None and not (is_ended or is_struck),
            is_struck=is_struck,
            suggestions=[each for each in self.suggestions if each.said["row_id"] == row["id"]],
            progress=progress,
        )

    def to_decide(self) -> set[str]:
        """What of who left the lead has still to say what becomes of."""
        return {row["id"] for row in self.body.get("to_decide", ())}

    def steps(self, *, moving: str = "", typed: QueryDict | None = None, errors: Any = None) -> list[Step]:
        return [
            Step(
                name=step["name"],
                label=step["label"],
                summary=step["summary"],
                form=Form(
                    AboutWrongClient
                    if self.body["entered_in_error"]
                    else PLAN_WORKFLOW[step["name"]].input or TransitionOfPlan,
                    zone=self.zone,
                    key=f"{step['name']}-",
                    typed=typed if step["name"] == moving else None,
                    errors=errors if step["name"] == moving else None,
                    leave_out=("on_behalf_of", "occurred_at"),
                ),
                is_open=step["name"] == moving,
            )
            for step in self.body["available_transitions"]
        ]

    def joinable(self) -> list[tuple[str, str]]:
        """Clinics that share the client's record and are not on the team."""
        shared = Access.objects.visible_to(self.actor).live().filter(client_id=self.row["client_id"])
        others = shared.exclude(organization_id__in=self.row["member_ids"]).values("organization_id")
        found = Organization.objects.filter(pk__in=others).order_by("name")
        return [(str(pk), name) for pk, name in found.values_list("pk", "name")]

    def _column(
        self, found: dict[tuple[str, str], Column], organization: Body, discipline: str, on_team: set[str]
    ) -> Column:
        key = (organization["id"], discipline)
        is_own = organization["id"] == self.here
        return found.setdefault(key, Column(organization, discipline, is_own, organization["id"] in on_team))

    def _suggestion(self, proposal: Body) -> Suggestion:
        kind = ROW_KINDS[proposal["about"]]
        row = next((row for row in self.body.get(kind, ()) if row["id"] == proposal["row_id"]), None)
        what = ["End it"] if proposal["kind"] == Proposal.Kind.END else _proposed(kind, row, proposal["changes"])
        return Suggestion(proposal, what, [step["name"] for step in proposal["available_transitions"]])

    def _added(self, about: str) -> list[Suggestion]:
        return [each for each in self.suggestions if each.said["about"] == about and each.said["row_id"] is None]

    def _is_own(self, row: Body) -> bool:
        return bool(row["organization"]["id"] == self.here)

    @property
    def is_finished(self) -> bool:
        return CarePlan(state=self.body["state"]).is_finished

    @property
    def sees_client(self) -> bool:
        return bool(self.row["is_home"] or self.row["is_ours"])

    def _has_own_rows(self) -> bool:
        return any(self._is_own(row) for kind in ROWS for row in self.body.get(kind, ()))

    def _withheld_words(self) -> str:
        if rendering.is_closed(self.row, self.actor):
            return plan_words.CLOSED
        return "" if self.actor.reads_clinical else plan_words.FRONT_DESK


def _proposed(kind: Kind, row: Body | None, changes: Body) -> list[str]:
    if row is not None:
        return [sentence[:1].upper() + sentence[1:] for sentence in field_sentences(kind, row, changes)]
    return [
        str(changes.get("focus") or changes.get("words")),
        *(f"{name}: {said}" for name, said in plan_words.facts_of(kind, changes)),
    ]


def _used(progress: Body | None) -> str:
    """3 of 6 visits, 1 more booked."""
    if progress is None or not (progress["visit_budget"] or progress["visits_done"] or progress["visits_booked"]):
        return ""
    of = f" of {progress['visit_budget']}" if progress["visit_budget"] else ""
    booked = f", {progress['visits_booked']} more booked" if progress["visits_booked"] else ""
    return f"{progress['visits_done']}{of} done{booked}"


def _place(order: list[str], pk: str) -> int:
    return order.index(pk) if pk in order else len(order)


def _disciplines(body: Body) -> dict[str, list[str]]:
    """The disciplines of each clinic of the plan: of its lines, else of its person on the team."""
    roles = {m["practitioner_role"]["id"]: m for m in body["team"] if m["practitioner_role"]}
    held = dict(PractitionerRole.objects.filter(pk__in=roles).values_list("pk", "discipline"))
    found: dict[str, dict[str, None]] = {}
    for line in body["interventions"]:
        found.setdefault(line["organization"]["id"], {})[line["discipline"]] = None
    for pk, discipline in held.items():
        found.setdefault(roles[str(pk)]["organization"]["id"], {}).setdefault(discipline)
    return {organization: list(codes) for organization, codes in found.items()}
