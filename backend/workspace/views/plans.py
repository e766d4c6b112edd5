"""A care plan: its page, beginning one, and what is done to the plan as a whole."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict

from backend.careplans import policies, printing, queries, rendering, services, waiting
from backend.careplans import words as plan_words
from backend.careplans.history import history_for
from backend.careplans.models import CarePlan, Proposal, TeamMember
from backend.careplans.workflow import PLAN_WORKFLOW, PROPOSAL_WORKFLOW
from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.clients.queries import client_for
from backend.lib.actor import Actor
from backend.lib.ids import short_id
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.printed import pdf_response
from backend.referrals.models import Package
from backend.workspace.forms import Form
from backend.workspace.history import all_changes
from backend.workspace.pages import field_errors, id_in, log_whatever_the_status, page, show, submit, version_in
from backend.workspace.plan_forms import FirstPlan, PlanHeader, plan_form, started_from, stepped
from backend.workspace.plans import PlanPage, plans_of, plans_that_wait, with_steps
from backend.workspace.staleness import who_changed
from backend.workspace.views.clients import Tried
from backend.workspace.worklist import zone_of

VERSIONS_A_PAGE, PLANS_SHOWN = 20, 50


def read(request: HttpRequest, plan_id: UUID, *, clinical: bool = False) -> queries.Raw:
    """The plan in the address: 404 when not visible, then 403 by role; the look is logged."""
    actor = actor_of(request)
    row = queries.one_row(plan_id, actor)
    (policies.check_reads_clinical if clinical else policies.check_reads)(actor)
    log_whatever_the_status(request, lambda: queries.log_looks_at(actor, [row]))
    return row


@page("GET")
def all_plans(request: HttpRequest) -> HttpResponse:
    """What waits for a step of the clinic, then the plans it works on that go on, newest change first."""
    actor = actor_of(request)
    policies.check_reads(actor)
    going_on = queries.rows(actor).filter(pk__in=waiting.going_on(actor).values("pk"))
    rows, asked = list(going_on.order_by("-updated_at", "-id")[:PLANS_SHOWN]), plans_that_wait(actor)
    looked_at = {row["id"]: row for row in (*asked, *rows)}
    log_whatever_the_status(request, lambda: queries.log_looks_at(actor, looked_at.values()))
    context = {
        "waiting": with_steps(asked, actor),
        "plans": [(shown, plan_words.state_of(shown)) for shown in (rendering.summary(row, actor) for row in rows)],
        "most": PLANS_SHOWN,
    }
    return show(request, "plans.html", context)


@page("GET")
def one(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    return plan_page(request, plan_id)


@page("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    """A plan for one client: blank, from a template, or with the first goal and line; begun at once, or kept as a draft."""
    actor = actor_of(request)
    asked, typed = request.POST if request.method == "POST" else request.GET, request.POST
    client = client_for(actor, id_in(asked.get("client")))
    policies.check_writes(actor)
    zone = zone_of(actor)

    def shown(form: Form, problem: Problem | None = None) -> HttpResponse:
        return _new_page(request, client, form, problem)

    if request.method == "GET":
        return shown(plan_form(FirstPlan, zone, initial={"title": _last_reason(client.pk, actor)}))
    if "from" in typed:
        template = catalog().plan_templates.get(typed["from"])
        return shown(plan_form(FirstPlan, zone, typed=started_from(typed, template, zone)))
    if "step" in typed:
        return shown(plan_form(FirstPlan, zone, typed=stepped(typed)))

    def act() -> str:
        said = plan_form(FirstPlan, zone, typed=typed).validated()
        if typed.get("template"):
            said |= {"template": typed["template"], "review_on": said.get("review_on")}
        return f"/care-plans/{_begun(said, client.pk, actor, at_once=typed.get('press') == 'begin').pk}"

    result = submit(request, act, said="The plan is written.")
    if isinstance(result, Problem):
        return shown(plan_form(FirstPlan, zone, typed=typed, errors=field_errors(result)), result)
    return result


def _new_page(request: HttpRequest, client: Client, form: Form, problem: Problem | None) -> HttpResponse:
    """The form of a new plan, what it may start from and, once that is chosen, what it brings."""
    chosen = request.POST.get("from", request.POST.get("template", ""))
    template = catalog().plan_templates.get(chosen)
    phases = catalog().phases_of(template) if template else []
    sources = {code: catalog().sources[code] for each in (template, *phases) if each for code in each.sources}
    context = {
        "client": client,
        "open_plans": [p for p in plans_of(request, client.pk) if p["state"] in ("active", "on_hold")],
        "form": form,
        "templates": catalog().plan_templates.values(),
        "template": template,
        "phases": phases,
        "sources": sources.values(),
    }
    return show(request, "plan_new.html", context, problem=problem)


def _last_reason(client_id: UUID, actor: Actor) -> str:
    """What the clinic's own newest referral of the client is about, as a first title: what others wrote is not its to pass on."""
    packages = Package.objects.visible_to(actor).filter(
        referral__client_id=client_id, referral__sender_organization_id=actor.organization_id
    )
    newest = packages.order_by("-referral__created_at").values_list("reason", flat=True).first()
    return (newest or "")[:200]


def _begun(said: dict[str, Any], client_id: UUID, actor: Actor, *, at_once: bool) -> CarePlan:
    goal, line = said.pop("goal", None), said.pop("line", None)
    plan = services.write_plan(actor=actor, sent={**said, "client_id": str(client_id)})
    if goal:
        services.add_row(plan.pk, "goals", actor=actor, sent=goal)
    if line:
        services.add_row(plan.pk, "interventions", actor=actor, sent=line)
    if at_once:
        services.move_plan(plan.pk, "activate", actor=actor, sent={}, expected=None)
    return plan


@page("POST")
def change(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The title and the day of the review, by the lead."""

    def act(actor: Actor, zone: str) -> Any:
        sent = plan_form(PlanHeader, zone, typed=request.POST, initial={"title": "", "review_on": None}).data()
        return services.change_plan(plan_id, actor=actor, sent=sent, expected=version_in(request))

    return _on_plan(request, plan_id, "header", act, said="Saved.")


@page("POST")
def move(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    name = request.POST.get("name", "")

    def act(actor: Actor, zone: str) -> Any:
        step = PLAN_WORKFLOW.known(name)
        assert step.input is not None
        sent = Form(step.input, zone=zone, typed=request.POST, leave_out=("on_behalf_of",)).data()
        return services.move_plan(plan_id, name, actor=actor, sent=sent, expected=version_in(request))

    return _on_plan(request, plan_id, f"move-{name}", act, said="Done.")


@page("GET", "POST")
def versions(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """All published versions, newest first; by POST the lead publishes the plan as it stands."""
    if request.method == "GET":
        actor = actor_of(request)
        row = read(request, plan_id, clinical=True)
        shown, before = PlanPage(row, actor, zone_of(actor)), request.GET.get("before", "")
        found = shown.versions(
            VERSIONS_A_PAGE + 1, before=int(before) if before.isdecimal() and len(before) < 9 else None
        )
        earlier = found[VERSIONS_A_PAGE - 1].number if len(found) > VERSIONS_A_PAGE else None
        return show(
            request, "plan_versions.html", {"p": shown.body, "versions": found[:VERSIONS_A_PAGE], "earlier": earlier}
        )

    def act(actor: Actor, zone: str) -> Any:
        return services.publish(plan_id, actor=actor, sent={}, expected=version_in(request))

    return _on_plan(request, plan_id, "publish", act, said="Published. Whoever else is on the plan is asked to agree.")


@page("GET")
def changes(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """All that changed in the plan."""
    actor = actor_of(request)
    plan = rendering.summary(read(request, plan_id), actor)
    title, back = plan.get("title") or "Care plan", f"/care-plans/{plan_id}"
    return all_changes(request, history_for(actor), plan_id, of=title, back=back, client=plan.get("client"))


@page("POST")
def answer(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """One's clinic agrees to a version, or objects with a sentence."""

    def act(actor: Actor, zone: str) -> Any:
        sent = {name: text for name in ("number", "answer", "sentence") if (text := request.POST.get(name, "").strip())}
        return services.answer_version(plan_id, actor=actor, sent=sent)

    return _on_plan(request, plan_id, "answer", act, said="Your answer is recorded.")


@page("POST")
def answer_proposal(request: HttpRequest, plan_id: UUID, proposal_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    queries.one_row(plan_id, actor)
    policies.check_reads_clinical(actor)
    Proposal.objects.visible_to(actor).filter(plan_id=plan_id).one(proposal_id)
    name = request.POST.get("name", "")

    def act(actor: Actor, zone: str) -> Any:
        step = PROPOSAL_WORKFLOW.known(name)
        assert step.input is not None
        taken = [field for field in step.input().fields if field != "on_behalf_of"]
        sent = {field: text for field in taken if (text := request.POST.get(field, "").strip())}
        return services.move_proposal(plan_id, proposal_id, name, actor=actor, sent=sent, expected=version_in(request))

    said = {
        "accept": "Accepted, and changed.",
        "decline": "Declined. They read your sentence.",
        "withdraw": "Withdrawn.",
    }
    return _on_plan(request, plan_id, f"proposal-{proposal_id}", act, said=said.get(name, ""))


@page("POST")
def decide(request: HttpRequest, plan_id: UUID, kind: str, row_id: UUID) -> HttpResponse:
    """The lead goes on with a line, goal or problem of who left, or lets it go."""
    actor = actor_of(request)
    services.ROWS[kind].model.objects.visible_to(actor).filter(plan_id=plan_id).one(row_id)
    answer = request.POST.get("answer", "")

    def act(actor: Actor, zone: str) -> Any:
        sent = {"answer": answer, "sentence": request.POST.get("sentence", "")}
        return services.decide(plan_id, kind, row_id, actor=actor, sent=sent)

    said = {"take_over": f"The {services.ROWS[kind].word} is yours now.", "drop": "Dropped. It stays readable."}
    return _on_plan(request, plan_id, f"decide-{row_id}", act, said=said.get(answer, ""))


@page("POST")
def row_in_error(request: HttpRequest, plan_id: UUID, kind: str, row_id: UUID) -> HttpResponse:
    """A row of one's own should not have been written."""
    actor = actor_of(request)
    services.ROWS[kind].model.objects.visible_to(actor).filter(plan_id=plan_id).one(row_id)

    def act(actor: Actor, zone: str) -> Any:
        sent = {name: text for name in ("reason", "note") if (text := request.POST.get(name, "").strip())}
        return services.enter_row_in_error(plan_id, kind, row_id, actor=actor, sent=sent, expected=version_in(request))

    return _on_plan(request, plan_id, f"error-{row_id}", act, said="Marked. It stays, struck through.")


@page("POST")
def add_member(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        return services.add_member(
            plan_id, actor=actor, sent={"organization_id": request.POST.get("organization_id", "")}
        )

    return _on_plan(request, plan_id, "team", act, said="They are on the team.")


@page("POST")
def end_membership(request: HttpRequest, plan_id: UUID, membership_id: UUID) -> HttpResponse:
    """One's clinic leaves, or the lead takes another off."""
    actor = actor_of(request)
    TeamMember.objects.visible_to(actor).filter(plan_id=plan_id).one(membership_id)

    def act(actor: Actor, zone: str) -> Any:
        return services.end_membership(plan_id, membership_id, actor=actor, sent={})

    said = "The team is smaller now. The lines have ended; they stay readable."
    return _on_plan(request, plan_id, "team", act, said=said)


@page("POST")
def hand_over_lead(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The lead lets another clinic of the team lead."""

    def act(actor: Actor, zone: str) -> Any:
        sent = {"organization_id": request.POST.get("organization_id", "")}
        return services.hand_over_lead(plan_id, actor=actor, sent=sent)

    return _on_plan(request, plan_id, "lead", act, said="They lead the plan now. Your clinic stays on the team.")


@page("GET")
def document(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    return pdf_response(printing.plan(plan_id, actor=actor_of(request)), f"care-plan-{short_id(plan_id)}")


def plan_page(request: HttpRequest, plan_id: UUID, *, tried: Tried | None = None) -> HttpResponse:
    """Everything the reader may know of one plan, and what they may do; or that page with a refusal."""
    actor = actor_of(request)
    row, zone = read(request, plan_id), zone_of(actor)
    shown = PlanPage(row, actor, zone)
    typed, errors = (tried.typed, field_errors(tried.problem)) if tried else (QueryDict(), {})
    form = tried.form if tried else request.GET.get("open", "")
    header = {"title": shown.body.get("title", ""), "review_on": shown.body.get("review_on")}
    is_header = form == "header"
    context = {
        **shown.context(),
        "tried": form,
        "typed": typed,
        "errors": errors,
        "steps": shown.steps(moving=form.removeprefix("move-"), typed=typed or None, errors=errors),
        "header_form": plan_form(
            PlanHeader,
            zone,
            key="header-",
            initial=header,
            typed=typed if is_header and tried else None,
            errors=errors if is_header else None,
        ),
    }
    problem = who_changed(tried.problem, plan_id, actor=actor) if tried else None
    return show(request, "plan.html", context, problem=problem)


def _on_plan(
    request: HttpRequest, plan_id: UUID, form: str, act: Callable[[Actor, str], Any], *, said: str
) -> HttpResponse:
    """Does it and goes back to the plan's page, or shows that page with the refusal."""
    actor = actor_of(request)
    queries.one_row(plan_id, actor)
    policies.check_reads(actor)

    def done() -> str:
        act(actor, zone_of(actor))
        return f"/care-plans/{plan_id}"

    result = submit(request, done, said=said)
    if isinstance(result, Problem):
        return plan_page(request, plan_id, tried=Tried(form, request.POST, result))
    return result
