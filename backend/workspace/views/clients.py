"""Clients: finding, registering, one client's page, changing what is known."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from rest_framework.exceptions import ValidationError

from backend.catalog.queries import catalog
from backend.clients import serializers as s
from backend.clients import services
from backend.clients.models import Access, Client, Consent, Hold, Precaution, Registration, Representative
from backend.clients.policies import (
    READS,
    WORKS,
    answers_for_consent,
    reads_clients,
    records_precautions,
    refuse_unless,
    works_with_clients,
)
from backend.clients.queries import (
    ANNOUNCED,
    client_for,
    clients_born_on,
    clients_identified,
    clients_named,
    consents_ending,
    ids_of,
    log_reads,
    log_reads_of_person,
    looks_at,
    possible_duplicates,
    possible_matches,
    records_of,
    with_home,
    withheld_precautions,
)
from backend.clients.rendering import (
    WHY_ACCESS,
    access_data,
    client_data,
    consent_data,
    contact_first_data,
    hold_data,
    identifiers_of,
    look_data,
    names_of,
    precaution_data,
)
from backend.directory.eligibility import lifting_problem
from backend.directory.models import Organization, Practitioner
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.fields import PlainText
from backend.lib.rest.problems import fields_problem
from backend.notifications.client_links import own_links
from backend.portability.reading import Reading
from backend.referrals import queries
from backend.workspace import words, worklist
from backend.workspace.colleagues import offer
from backend.workspace.exporting import export_block
from backend.workspace.forms import Form
from backend.workspace.once import Done
from backend.workspace.pages import field_errors, id_in, log_whatever_the_status, page, show, submit, version_in
from backend.workspace.plans import plans_of
from backend.workspace.staleness import who_changed
from backend.workspace.views import brief
from backend.workspace.views.record import timeline_block

MOST = 50
LOOKS, LINKS, DIRECT = 20, 3, 3
NOT_ASKED = ("identifiers", "time_zone")
# As long as the longest number a clinic may give; one letter is enough here, where the newest are shown without any.
SEARCHED = PlainText(max_length=200)


@page("GET", "POST")
def all_clients(request: HttpRequest) -> HttpResponse:
    """The newest clients; by POST those found, because addresses hold no health data."""
    actor = actor_of(request)
    refuse_unless(reads_clients(actor), READS)
    asked, is_ending = request.POST.get("query", "").strip(), request.GET.get("consents") == "ending"
    found: Any = Client.objects.visible_to(actor).surviving(actor).order_by("-updated_at")
    if is_ending:
        found = found.filter(_whose_consent_ends(actor))
    problem = None
    if asked:
        try:
            found = _found(actor, asked).order_by("family_name", "given_name", "id")
        except ValidationError as error:
            found, problem = Client.objects.none(), fields_problem(error)
    clients = list(with_home(found, actor)[: MOST + 1])
    log_reads(actor, clients[:MOST])
    return show(
        request,
        "clients.html",
        {
            "clients": clients[:MOST],
            "asked": asked,
            "is_ending": is_ending and not asked,
            "has_more": len(clients) > MOST,
            "may_add": works_with_clients(actor),
        },
        problem=problem,
    )


def _whose_consent_ends(actor: Actor) -> Q:
    """Clients whose yes this clinic recorded and which is over within fourteen days."""
    ending = list(consents_ending(actor).values_list("client_id", flat=True))
    became = Client.objects.visible_to(actor).filter(pk__in=ending).values("merged_into_id")
    return Q(pk__in=ending) | Q(pk__in=became)


def _found(actor: Actor, asked: str) -> Any:
    """By name, e-mail, phone, date of birth (as 1984-06-12) or one's own number; 400 for words that are none of these."""
    SEARCHED.run_validation(asked)
    checked = s.ClientSearch(data={"birth_date": asked})
    if checked.is_valid():
        return clients_born_on(actor, checked.validated_data["birth_date"])
    named = clients_named(actor, asked)
    return named if named.exists() else clients_identified(actor, asked)


@page("GET", "POST")
def new_client(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    refuse_unless(works_with_clients(actor), WORKS)
    zone = worklist.zone_of(actor)
    if request.method == "GET":
        return show(request, "client_form.html", {"form": _client_form(s.ClientInput, zone), "is_new": True})

    def act() -> str:
        form = _client_form(s.ClientInput, zone, typed=request.POST)
        facts = s.facts_of(form.validated(actor=actor), actor.organization_id)
        if not request.POST.get("confirmed"):
            _refuse_possible_duplicate(actor, facts)
        return f"/clients/{services.register_client(actor=actor, **facts).pk}"

    result = submit(request, act, said="The client is registered.")
    if not isinstance(result, Problem):
        return result
    form = _client_form(s.ClientInput, zone, typed=request.POST, problem=result)
    similar = result.extra.get("similar", [])
    return show(request, "client_form.html", {"form": form, "is_new": True, "similar": similar}, problem=result)


def _refuse_possible_duplicate(actor: Actor, facts: dict[str, Any]) -> None:
    found = possible_matches(
        actor,
        family_name=facts["family_name"],
        given_name=facts.get("given_name") or "",
        birth_date=facts.get("birth_date"),
        email=facts.get("email") or "",
        phone=facts.get("phone") or "",
    )
    if found:
        raise Conflict(
            "You have a client who may be the same person. Open that one, or say that this is somebody else.",
            code="possible_duplicate",
            similar=found,
        )


@page("GET", "POST")
def edit_client(request: HttpRequest, client_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    client = client_for(actor, client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    zone, shown = worklist.zone_of(actor), _whole(client, actor)
    log_whatever_the_status(request, lambda: log_reads(actor, [client]))
    if request.method == "GET":
        form = _client_form(s.ClientPatch, zone, initial=shown)
        return show(request, "client_form.html", {"form": form, "client": client})

    def act() -> str:
        facts = s.facts_of(
            _client_form(s.ClientPatch, zone, typed=request.POST, initial=shown).validated(actor=actor, current=shown),
            actor.organization_id,
            shown=shown,
        )
        services.change_client(client.pk, actor=actor, expected_version=version_in(request), **facts)
        return f"/clients/{client.pk}"

    result = submit(request, act, said="Saved.")
    if not isinstance(result, Problem):
        return result
    form = _client_form(s.ClientPatch, zone, typed=request.POST, initial=shown, problem=result)
    refusal = who_changed(result, client.pk, actor=actor)
    return show(request, "client_form.html", {"form": form, "client": client}, problem=refusal)


def _client_form(
    serializer: type[Any],
    zone: str,
    *,
    typed: QueryDict | None = None,
    initial: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> Form:
    return Form(
        serializer,
        zone=zone,
        typed=typed,
        initial=initial,
        leave_out=NOT_ASKED,
        errors=field_errors(problem),
    )


def _whole(client: Client, actor: Actor) -> dict[str, Any]:
    return client_data(client, actor, identifiers_of(actor, [client])[client.pk])


@page("GET")
def one_client(request: HttpRequest, client_id: UUID) -> HttpResponse:
    return client_page(request, actor_of(request), client_id)


@dataclass(frozen=True, slots=True)
class Tried:
    """A form of the page that was refused: which one, what was typed, why."""

    form: str
    typed: QueryDict
    problem: Problem


def client_page(request: HttpRequest, actor: Actor, client_id: UUID, *, tried: Tried | None = None) -> HttpResponse:
    """Everything the reader may know of one client, and the forms about consent and safety."""
    client = client_for(actor, client_id)
    refuse_unless(reads_clients(actor), READS)
    zone, ids, records = worklist.zone_of(actor), ids_of(actor, client), records_of(client.pk, actor)
    log_whatever_the_status(request, lambda: log_reads_of_person(actor, client, records, subject_type="client"))
    consents = list(Consent.objects.visible_to(actor).filter(client_id__in=ids).order_by("-given_at"))
    precautions = list(Precaution.objects.visible_to(actor).filter(client_id__in=records).order_by("-created_at"))
    holds = list(Hold.objects.visible_to(actor).filter(client_id__in=records).order_by("-created_at"))
    hidden = withheld_precautions(records)
    may = list(Access.objects.visible_to(actor).live().filter(client_id__in=ids).order_by("-from_at"))
    did = list(looks_at(actor, ids).order_by("-at")[:LOOKS])
    names = names_of(
        [
            *(pk for consent in consents for pk in consent.organization_ids),
            *(row.organization_id for row in precautions),
            *(row.organization_id for row in holds),
            *(row.organization_id for row in may),
            *(row.organization_id for row in did),
            *(row[1] for row in hidden),
        ]
    )
    rows = list(queries.rows(actor).filter(queries.about(records, actor)).order_by("-created_at")[:MOST])
    log_whatever_the_status(request, lambda: queries.log_shown(actor, rows))
    works, here, may_treat = works_with_clients(actor), actor.organization_id, records_precautions(actor)
    is_ours = [row.organization_id == here for row in precautions]
    lifts = may_treat and (any(is_ours) or any(not hold.cleared_at for hold in holds))
    cannot_lift = lifting_problem(actor) if lifts else None
    is_home = client.is_home  # type: ignore[attr-defined]  # with_home
    context = {
        "client": client,
        "c": _whole(client, actor),
        "is_home": is_home,
        "consents": [
            {**consent_data(consent, actor, names, client), **_renewal(consent, actor, zone)} for consent in consents
        ],
        "precautions": [precaution_data(row, actor, names) for row in precautions],
        "contact_first": [contact_first_data(row, names) for row in hidden],
        "holds": [hold_data(row, actor, names) for row in holds],
        "may": [{**access_data(row, names), "reason_words": WHY_ACCESS[row.why]} for row in may],
        "did": [look_data(row, names) for row in did],
        "others_here": [(pk, names[pk]) for pk in dict.fromkeys(row.organization_id for row in may) if pk != here],
        "lines": [worklist.line(row, actor, zone) for row in rows],
        "duplicates": possible_duplicates(actor, client) if is_home and works else [],
        "links": own_links(client, actor).order_by("-created_at")[:LINKS] if works else [],
        "plans": plans_of(request, client.pk),
        "plan_templates": catalog().plan_templates.values(),
        "works_here": works,
        "may_consent": answers_for_consent(actor),
        "may_treat": may_treat,
        "cannot_lift": cannot_lift,
        "cannot_end_precautions": cannot_lift if any(is_ours) else None,
        "may_void_precautions": may_treat and (cannot_lift is None or actor.has_right("admin")),
        "here": str(here),
        "direct": offer(actor, client, zone).suggested[:DIRECT] if works else [],
        "tried": tried.form if tried else "",
        "consent_form": consent_form(actor, zone, tried=tried),
        "precaution_form": _form_of("precaution", s.PrecautionInput, zone, tried=tried),
        "hold_form": _form_of("hold", s.HoldInput, zone, tried=tried),
        "representatives": Representative.objects.visible_to(actor).filter(client_id__in=ids, ended_at=None),
        "representative_form": _form_of("representative", s.RepresentativeInput, zone, tried=tried),
        **_same_person(client, actor, ids),
        **brief.blocks(request, client, records, actor),
        "death_form": Form(s.DeathInput, zone=zone, key="death-"),
        **timeline_block(request, client, records, zone),
        **export_block(Reading(actor, client.pk, tuple(records), client)),
    }
    return show(request, "client.html", context, problem=tried.problem if tried else None)


def _renewal(consent: Consent, actor: Actor, zone: str) -> dict[str, Any]:
    """Whether it ends soon, and until when the same time again would last."""
    if consent.expires_on is None or consent.ends_at is None:
        return {"ends_soon": False, "renew_until": ""}
    lasted = consent.expires_on - words.local(consent.given_at, zone).date()
    return {
        "ends_soon": consent.organization_id == actor.organization_id and consent.ends_at <= clock.now() + ANNOUNCED,
        "renew_until": (consent.expires_on + max(lasted, ANNOUNCED)).isoformat(),
    }


def _same_person(client: Client, actor: Actor, ids: list[UUID]) -> dict[str, Any]:
    """Which records count as this person: linked from another clinic, or merged into this one."""
    mine = Registration.objects.visible_to(actor).filter(ended_at=None)
    here = mine.filter(client_id=client.pk, kind=Registration.Kind.LINKED).select_related("own_client").first()
    shared = mine.filter(own_client_id__in=ids).values("client_id")
    return {
        "own_record": here.own_client if here else None,
        "linked_records": Client.objects.visible_to(actor).filter(pk__in=shared),
        "merged_records": Client.objects.visible_to(actor).filter(merged_into_id=client.pk),
    }


def consent_form(actor: Actor, zone: str, *, tried: Tried | None = None) -> Form:
    """Who is in the circle, what is shared, until when, how the client said so."""
    clinics = Organization.objects.visible_to(actor).exclude(pk=actor.organization_id).order_by("name")
    people = Practitioner.objects.visible_to(actor).filter(roles__ended_at=None).distinct().order_by("family_name")
    return _form_of(
        "consent",
        s.ConsentInput,
        zone,
        tried=tried,
        choices={
            "organization_ids": [(str(clinic.pk), clinic.name) for clinic in clinics],
            "excluded_practitioner_ids": [(str(person.pk), str(person)) for person in people],
            "method": [("in_person", "In person"), ("paper", "On paper"), ("verbal", "By phone")],
        },
        labels={
            "organization_ids": "Who shares with your clinic",
            "excluded_practitioner_ids": "But not this person",
        },
        initial={"categories": ["plan", "notes", "outcomes"]},
        leave_out=("guests", "pools", "occurred_at"),
    )


def _form_of(key: str, serializer: type[Any], zone: str, *, tried: Tried | None = None, **more: Any) -> Form:
    mine = tried if tried is not None and tried.form == key else None
    return Form(
        serializer,
        zone=zone,
        key=f"{key}-",
        typed=mine.typed if mine else None,
        errors=field_errors(mine.problem) if mine else None,
        **more,
    )


@page("GET", "POST")
def merge(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Two records side by side; the older address goes on answering after the merge."""
    actor = actor_of(request)
    into = id_in(request.POST.get("into") or request.GET.get("into"))
    preview = services.preview_merge(client_id, actor=actor, into=into)

    def act() -> str:
        return f"/clients/{services.merge_clients(client_id, actor=actor, into=into).pk}"

    result = submit(request, act, said="The two records are one now.") if request.method == "POST" else None
    if result is not None and not isinstance(result, Problem):
        return result
    return show(request, "merge.html", {"preview": preview, "names": ("family_name", "given_name")}, problem=result)


@page("GET", "POST")
def break_glass(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Emergency access: refused attempts are logged whatever the refusal is."""
    actor = actor_of(request)
    if request.method == "POST":
        request.after_refusal.append(  # type: ignore[attr-defined]  # set by OneTransactionMiddleware
            lambda: services.refused_attempt(client_id, actor=actor)
        )
    services.check_may_break_the_glass(client_id, actor=actor)
    if request.method == "GET":
        return show(request, "break_glass.html", {"client_id": client_id})

    def act() -> Done:
        said = s.BreakGlassInput(data={"reason": request.POST.get("reason", "")})
        said.is_valid(raise_exception=True)
        services.break_the_glass(client_id, actor=actor, **said.validated_data)
        return Done(f"/clients/{client_id}")

    result = submit(request, act, said="The record is open to you for 60 minutes, for reading. Home has been told.")
    if isinstance(result, Problem):
        context = {"client_id": client_id, "reason": request.POST.get("reason", "")}
        return show(request, "break_glass.html", context, problem=result)
    return result
