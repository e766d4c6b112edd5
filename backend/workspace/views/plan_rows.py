"""What stands in a plan: adding a row, changing one's own, proposing a change of another's, taking over who left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict

from backend.careplans import policies, queries, rendering, services
from backend.careplans.changes import KINDS
from backend.careplans.models import CarePlan, Decision, Proposal
from backend.careplans.services import ROWS
from backend.careplans.services.taking import check_unfinished
from backend.careplans.words import facts_of
from backend.clients.policies import refuse_unless
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, NotFound, Problem, Stale
from backend.lib.rest.authentication import actor_of
from backend.workspace.pages import id_in, page, show, submit, version_in
from backend.workspace.plan_forms import WHY, changed_only, row_form, shown_first, stepped
from backend.workspace.plans import PlanPage
from backend.workspace.staleness import who_changed
from backend.workspace.views.plans import read
from backend.workspace.worklist import zone_of

ABOUT = {"interventions": Proposal.About.INTERVENTION, "goals": Proposal.About.GOAL}


@dataclass(frozen=True, slots=True)
class Subject:
    """The plan a form is about and, unless it is a new one, the row; whose it is to change."""

    page: PlanPage
    kind: str
    row: Mapping[str, Any] | None
    owner: Mapping[str, Any] | None

    @property
    def is_proposal(self) -> bool:
        return self.owner is not None

    @property
    def address(self) -> str:
        return f"/care-plans/{self.page.row['id']}/{self.kind}/{self.row['id'] if self.row else 'new'}"

    @property
    def back(self) -> str:
        """The row on the plan's page."""
        return f"/care-plans/{self.page.row['id']}#{'row-' + self.row['id'] if self.row else self.kind}"


@page("GET", "POST")
def new(request: HttpRequest, plan_id: UUID, kind: str) -> HttpResponse:
    """A new row of one's own; with ``for`` a clinic on the team, a proposal that they add it."""
    shown = _to_write(request, plan_id, kind)
    whose = request.POST.get("for") or request.GET.get("for")
    owner = shown.names.get(str(id_in(whose))) if whose else None
    if whose and (owner is None or kind not in ABOUT):
        raise NotFound
    return _edited(request, Subject(shown, kind, None, owner))


@page("GET", "POST")
def one(request: HttpRequest, plan_id: UUID, kind: str, row_id: UUID) -> HttpResponse:
    """A row of one's own to change, or another's to propose a change of."""
    shown = _to_write(request, plan_id, kind, row_id)
    row = _row(shown, kind, row_id)
    is_own = row["organization"]["id"] == shown.here
    refuse_unless(is_own or kind in ABOUT, "Another clinic wrote this; only that clinic changes it.", code="not_yours")
    return _edited(request, Subject(shown, kind, row, None if is_own else row["organization"]))


@page("GET", "POST")
def take_over(request: HttpRequest, plan_id: UUID, row_id: UUID) -> HttpResponse:
    """The lead goes on with the line of a clinic that left, as a line of their own."""
    actor = actor_of(request)
    shown = _to_write(request, plan_id, "interventions", row_id)
    line, zone = _row(shown, "interventions", row_id), zone_of(actor)
    refuse_unless(shown.may.lead, "The lead decides what becomes of it; ask them.", code="wrong_party")
    if request.method == "GET" and str(row_id) not in shown.to_decide():
        raise Conflict("There is nothing to decide about this line.", code="nothing_to_decide")

    def form(typed: QueryDict | None = None, problem: Problem | None = None) -> Any:
        return row_form("interventions", actor, zone, row=line, typed=typed, problem=problem, is_taken_over=True)

    def act() -> str:
        changes = changed_only(ROWS["interventions"].fields, form(request.POST).data(), line)
        sent = {"answer": Decision.Answer.TAKE_OVER, "sentence": request.POST.get("sentence", ""), "changes": changes}
        services.decide(plan_id, "interventions", row_id, actor=actor, sent=sent)
        return f"/care-plans/{plan_id}#interventions"

    context = {
        "p": shown.body,
        "line": line,
        "facts": facts_of("interventions", line),
        "sentence": request.POST.get("sentence", ""),
    }
    if request.method == "GET" or "step" in request.POST:
        typed = stepped(request.POST) if request.method == "POST" else None
        return show(request, "plan_take_over.html", {**context, "form": form(typed)})
    result = submit(request, act, said="The line is yours now.")
    if isinstance(result, Problem):
        return show(request, "plan_take_over.html", {**context, "form": form(request.POST, result)}, problem=result)
    return result


CHANGED_MEANWHILE = "Saved. Nobody is asked yet: somebody else changed the plan meanwhile. Look at it, then publish it."


def _to_write(request: HttpRequest, plan_id: UUID, kind: str, row_id: UUID | None = None) -> PlanPage:
    """The plan with a form about it, for who may write in it: 404, 403 and 409 in the order of the services."""
    actor = actor_of(request)
    row = queries.one_row(plan_id, actor)
    if row_id is not None:
        ROWS[kind].model.objects.visible_to(actor).filter(plan_id=plan_id).one(row_id)
    policies.check_reads(actor)
    policies.check_writes(actor)
    refuse_unless(row["is_ours"], policies.NOT_ON_TEAM, code="not_on_team")
    is_lead = row["lead_organization_id"] == actor.organization_id
    refuse_unless(is_lead or not ROWS[kind].only_lead, "The lead sets the phases; ask them.", code="wrong_party")
    check_unfinished(CarePlan(state=row["state"]))
    return PlanPage(read(request, plan_id, clinical=True), actor, zone_of(actor))


def _row(shown: PlanPage, kind: str, row_id: UUID) -> Mapping[str, Any]:
    for row in shown.body[kind]:
        if row["id"] == str(row_id):
            return dict(row)
    raise NotFound


def _edited(request: HttpRequest, subject: Subject) -> HttpResponse:
    """The form of a row: shown, stepped, saved or proposed, or shown again with the refusal and what was typed."""
    actor = actor_of(request)
    if request.method == "GET":
        return _form_page(request, subject)
    if "step" in request.POST:
        return _form_page(request, subject, typed=stepped(request.POST), problem=_staleness(request, subject))

    def act() -> str:
        (_propose if subject.is_proposal else _save)(request, subject, actor)
        return subject.back

    said = f"Proposed to {subject.owner['display']}." if subject.owner else "Saved."
    if _asks(request):
        seen = _is_as_shown(request, subject)
        said = "Saved. Whoever has not agreed to it yet is asked." if seen else CHANGED_MEANWHILE
    result = submit(request, act, said=said)
    if isinstance(result, Problem):
        return _form_page(request, subject, typed=request.POST, problem=result)
    return result


def _save(request: HttpRequest, subject: Subject, actor: Actor) -> None:
    """One's own row; ``ask`` publishes at once when it goes beyond what others agreed to.

    Who publishes agrees: not to what somebody else changed since the form was opened.
    """
    plan_id, kind, row = subject.page.row["id"], subject.kind, subject.row
    said = _form(subject, actor, request.POST).data()
    if row is None:
        row_id = services.add_row(plan_id, kind, actor=actor, sent=said).pk
    else:
        changes = changed_only(ROWS[kind].patch, said, row)
        expected = version_in(request)
        services.change_row(plan_id, kind, row["id"], actor=actor, sent=changes, expected=expected, current=row)
        row_id = UUID(row["id"])
    if _asks(request) and _is_as_shown(request, subject) and _waits(plan_id, kind, row_id, actor):
        services.publish(plan_id, actor=actor, sent={}, expected=subject.page.row["version"] + 1)


def _staleness(request: HttpRequest, subject: Subject) -> Stale | None:
    """That somebody changed the row since the form was opened."""
    row = subject.row
    if row is None or version_in(request) in (None, row["version"]):
        return None
    return Stale("Somebody changed this meanwhile.", changed_by=row["changed_by"], changed_at=row["updated_at"])


def _asks(request: HttpRequest) -> bool:
    return request.POST.get("press") == "ask"


def _is_as_shown(request: HttpRequest, subject: Subject) -> bool:
    """Whether the plan stands as it did when the form was opened."""
    return request.POST.get("plan_version") == str(subject.page.row["version"])


def _waits(plan_id: UUID, kind: str, row_id: UUID, actor: Actor) -> bool:
    """Whether somebody has still to agree to a row as it stands now."""
    body = rendering.detail(queries.one_row(plan_id, actor), actor)
    row = next(row for row in body[kind] if row["id"] == str(row_id))
    return bool(row.get("agreement", {}).get("waiting_for"))


def _propose(request: HttpRequest, subject: Subject, actor: Actor) -> None:
    assert subject.owner is not None
    if stale := _staleness(request, subject):
        raise stale
    typed, row = request.POST, subject.row
    chip, sentence = typed.get("chip", ""), typed.get("why", "").strip()
    sent: dict[str, Any] = {"about": ABOUT[subject.kind], "why": ". ".join(part for part in (chip, sentence) if part)}
    said = _form(subject, actor, typed).data()
    if row is None:
        sent |= {"kind": Proposal.Kind.ADD, "owner_id": subject.owner["id"], "changes": said}
    elif typed.get("kind") == Proposal.Kind.END:
        sent |= {"kind": Proposal.Kind.END, "row_id": row["id"]}
    else:
        changes = changed_only(ROWS[subject.kind].fields, said, row)
        if not changes:
            raise Conflict("Nothing is different yet. Change something, or propose to end it.", code="nothing_changed")
        sent |= {"kind": Proposal.Kind.CHANGE, "row_id": row["id"], "changes": changes}
    services.propose(subject.page.row["id"], actor=actor, sent=sent)


def _form(subject: Subject, actor: Actor, typed: QueryDict | None = None, problem: Problem | None = None) -> Any:
    of_owner = subject.page.disciplines.get(subject.owner["id"], []) if subject.owner and subject.row is None else ()
    return row_form(
        subject.kind,
        actor,
        subject.page.zone,
        row=subject.row,
        typed=typed,
        problem=problem,
        is_proposal=subject.is_proposal,
        disciplines=of_owner,
        problems=[row["text"] for row in subject.page.body.get("problems", ()) if not subject.page.is_struck(row)],
    )


def _form_page(
    request: HttpRequest, subject: Subject, *, typed: QueryDict | None = None, problem: Problem | None = None
) -> HttpResponse:
    actor, row, shown = actor_of(request), subject.row, subject.page
    form = _form(subject, actor, typed, problem)
    first = shown_first(form, is_new=row is None)
    context = {
        "p": shown.body,
        "read": form.read if row else "",
        "subject": subject,
        "kind_word": KINDS[subject.kind][0],
        "row_name": row[KINDS[subject.kind][1]] if row else "",
        "form_fields": first,
        "more_fields": [field for field in form.fields if field not in first],
        "more_is_open": any(field.error for field in form.fields if field not in first),
        "version": row["version"] if row else "",
        "facts": facts_of(subject.kind, row) if row and subject.kind in ABOUT else [],
        "asks": shown.may.lead
        and not subject.is_proposal
        and subject.kind in ABOUT
        and bool(shown.body["agreement"]["is_asked"]),
        "reasons": WHY,
        "typed": typed or {},
        "is_stale": problem is not None and problem.code == "stale",
    }
    told = who_changed(problem, shown.row["id"], actor=actor) if problem else None
    return show(request, "plan_row.html", context, problem=told)
