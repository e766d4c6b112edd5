"""Who treats here: roles and what they offer, licenses and certificates."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.catalog.queries import catalog
from backend.directory import queries, services
from backend.directory.models import Credential, Location, Practitioner, PractitionerRole
from backend.directory.serializers import (
    CredentialChanges,
    CredentialVerdictSerializer,
    NewCredentialSerializer,
    NewPractitionerSerializer,
    NewRoleSerializer,
    RoleChanges,
    RoleEndSerializer,
    credential_body,
)
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.workspace import words
from backend.workspace.forms import Form
from backend.workspace.pages import edited, field_errors, id_in, page, show, submit, version_in
from backend.workspace.worklist import zone_of


@page("GET", "POST")
def new_practitioner(request: HttpRequest) -> HttpResponse:
    """A person who treats, with a discipline here; a member or somebody without an account."""
    actor = actor_of(request)
    zone = zone_of(actor)
    known = Practitioner.objects.filter(user__isnull=False).values("user_id")
    free = list(queries.members(actor).exclude(user_id__in=known))

    def person(typed: Any = None, problem: Problem | None = None) -> Form:
        choices = [("", "Nobody with an account"), *((str(member.pk), str(member.user)) for member in free)]
        return Form(
            NewPractitionerSerializer,
            zone=zone,
            typed=typed,
            choices={"member_id": choices},
            labels={"member_id": "Which member this is"},
            errors=field_errors(problem),
        )

    def act() -> str:
        made = services.add_practitioner(actor=actor, **person(request.POST).validated(actor=actor))
        if discipline := request.POST.get("discipline"):
            checked = NewRoleSerializer(data={"practitioner_id": str(made.pk), "discipline": discipline})
            checked.is_valid(raise_exception=True)
            services.start_role(actor=actor, **checked.validated_data)
        return f"/settings/practitioners/{made.pk}"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        return {"form": person(typed, problem), "disciplines": list(catalog().disciplines.values())}

    return edited(request, act, context, "settings/new_practitioner.html")


@page("GET", "POST")
def practitioner(request: HttpRequest, practitioner_id: UUID) -> HttpResponse:
    """One practitioner: roles here and what they offer, licenses and certificates; by POST one of its forms."""
    actor = actor_of(request)
    person = Practitioner.objects.visible_to(actor).one(practitioner_id)
    back = f"/settings/practitioners/{practitioner_id}"

    def act() -> str:
        _practitioner_form(request, actor, practitioner_id)
        return back

    problem = None
    if request.method == "POST":
        result = submit(request, act, said="Saved.")
        if not isinstance(result, Problem):
            return result
        problem = result
    tried = request.POST.get("form", "") if problem else ""
    return show(
        request,
        "settings/practitioner.html",
        _practitioner_context(request, actor, person, tried, problem),
        problem=problem,
    )


def _practitioner_form(request: HttpRequest, actor: Actor, practitioner_id: UUID) -> None:
    zone, version = zone_of(actor), version_in(request)
    row_id = request.POST.get("row", "")
    match request.POST.get("form"):
        case "credential":
            fields = Form(NewCredentialSerializer, zone=zone, typed=request.POST).validated()
            services.add_credential(practitioner_id, actor=actor, **fields)
        case "change":
            credential = Credential.objects.visible_to(actor).one(row_id)
            changes = _changes_form(credential, zone, typed=request.POST).validated(actor=actor)
            services.change_credential(credential.pk, actor=actor, version=version, **changes)
        case "verdict":
            status = Form(CredentialVerdictSerializer, zone=zone, typed=request.POST).validated()["status"]
            services.judge_credential(id_in(row_id), actor=actor, status=status, version=version)
        case "role":
            checked = NewRoleSerializer(
                data={"practitioner_id": str(practitioner_id), "discipline": request.POST.get("discipline", "")}
            )
            checked.is_valid(raise_exception=True)
            services.start_role(actor=actor, **checked.validated_data)
        case "offer":
            role = PractitionerRole.objects.visible_to(actor).one(row_id)
            changes = _role_form(role, actor, zone, typed=request.POST).validated(actor=actor)
            services.change_role(role.pk, actor=actor, version=version, **changes)
        case "end_role":
            said = RoleEndSerializer(data={"reason": request.POST.get("reason", "")})
            said.is_valid(raise_exception=True)
            services.end_role(id_in(row_id), actor=actor, **said.validated_data)
        case "transmission":
            services.agree_to_transmission(id_in(row_id), actor=actor, agreed="agreed" in request.POST)


def _practitioner_context(
    request: HttpRequest, actor: Actor, person: Practitioner, tried: str, problem: Problem | None
) -> dict[str, Any]:
    zone = zone_of(actor)
    roles = PractitionerRole.objects.filter(
        practitioner=person, organization_id=actor.clinic_id, ended_at=None
    ).select_related("location")
    is_self = actor.practitioner_id == person.pk
    may_change = is_self or (actor.has_right("admin") and person.organization_id == actor.organization_id)

    def offered(role: PractitionerRole) -> Form:
        is_tried = tried == "offer" and request.POST.get("row") == str(role.pk)
        return _role_form(role, actor, zone, typed=request.POST if is_tried else None, problem=problem)

    def changed(credential: Credential) -> Form:
        is_tried = tried == "change" and request.POST.get("row") == str(credential.pk)
        return _changes_form(credential, zone, typed=request.POST if is_tried else None, problem=problem)

    credentials = Credential.objects.filter(practitioner=person).order_by("-created_at")
    return {
        "person": person,
        "roles": [(role, catalog().discipline(role.discipline), offered(role)) for role in roles],
        "credentials": [(credential, changed(credential)) for credential in credentials],
        "credential_form": Form(
            NewCredentialSerializer,
            zone=zone,
            key="credential-",
            typed=request.POST if tried == "credential" else None,
            errors=field_errors(problem) if tried == "credential" else None,
            labels={"name": "Name (such as LMT)", "expires_on": "Expires on"},
        ),
        "verdicts": [(status.value, words.spoken(str(status.value))) for status in Credential.Status],
        "disciplines": list(catalog().disciplines.values()),
        "is_self": is_self,
        "may_change": may_change,
        "may_verify": actor.has_right("admin"),
        "here": actor.organization_id,
    }


def _changes_form(credential: Credential, zone: str, *, typed: Any = None, problem: Problem | None = None) -> Form:
    return Form(
        CredentialChanges,
        zone=zone,
        key=f"credential-{credential.pk}-",
        typed=typed,
        errors=field_errors(problem) if typed is not None else None,
        initial=credential_body(credential),
        labels={"name": "Name (such as LMT)", "expires_on": "Expires on"},
    )


def _role_form(
    role: PractitionerRole, actor: Actor, zone: str, *, typed: Any = None, problem: Problem | None = None
) -> Form:
    techniques = catalog().techniques_of(role.discipline)
    places = Location.objects.filter(organization_id=actor.clinic_id).order_by("name")
    return Form(
        RoleChanges,
        zone=zone,
        key=f"role-{role.pk}-",
        typed=typed,
        errors=field_errors(problem) if typed is not None else None,
        choices={
            "technique_ids": [(technique.code, technique.label) for technique in techniques],
            "regions": [(region.code, region.label) for region in catalog().regions.values()],
            "location_id": [("", "No place"), *((str(place.pk), place.name) for place in places)],
        },
        labels={"regions": "Regions treated often", "languages": "Languages, such as en, es"},
        initial={
            "technique_ids": role.technique_ids,
            "regions": role.regions,
            "languages": ", ".join(role.languages),
            "capacity_per_week": role.capacity_per_week if role.capacity_per_week is not None else "",
            "accepting": role.is_accepting,
            "away_until": role.away_until.isoformat() if role.away_until else "",
            "location_id": str(role.location_id or ""),
        },
    )
