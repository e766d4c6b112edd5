"""Settings: the clinic, when it is open, who works there, their licenses, applications, one's own notifications."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.audit import work
from backend.catalog.queries import catalog
from backend.directory import policies, queries, services
from backend.directory.models import (
    Credential,
    Location,
    Member,
    Organization,
    Practitioner,
    PractitionerRole,
    User,
)
from backend.directory.oauth import known_scopes
from backend.directory.serializers import (
    CredentialVerdictSerializer,
    LocationChanges,
    MemberChanges,
    NewApplicationSerializer,
    NewCredentialSerializer,
    NewLocationSerializer,
    NewMemberSerializer,
    NewOrganizationSerializer,
    NewPractitionerSerializer,
    NewRoleSerializer,
    OrganizationChanges,
    RoleChanges,
    location_body,
    organization_body,
)
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import NotFound, Problem
from backend.lib.rest.authentication import actor_of
from backend.referrals import deadlines
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.workspace import words
from backend.workspace.forms import Form
from backend.workspace.once import Done
from backend.workspace.pages import field_errors, id_in, page, problem_page, see_other, show, submit, version_in
from backend.workspace.worklist import zone_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STRETCHES, EMPTY_HOLIDAYS = 2, 3
DUE_WORDS = {
    w.SENT: "Answer a referral",
    w.NEEDS_INFORMATION: "Answer a question about one you sent",
    w.ACCEPTED: "First visit, after your yes",
    "back_to_accepted": "Next step, after a visit was missed or cancelled",
    w.BOOKED: "Say how a visit went, after its end",
    w.IN_CARE: "Report, after the first visit",
    "next_report": "The next report",
    "report_returned": "More on a report that came back",
    w.CANCELLATION_REQUESTED: "Answer a wish to stop",
    w.REPORTED: "Read a report and close the loop",
    "deciding": "Decide what now, when it did not work out",
}
CLINIC_FIELDS_LEFT_OUT = ("opening_times", "holidays", "due_times")


@page("GET")
def overview(request: HttpRequest) -> HttpResponse:
    """What can be set; an admin also learns when something the clinic waits for cannot be done, such as a mail."""
    actor = actor_of(request)
    trouble = work.trouble(actor.clinic_id) if actor.has_right("admin") else None
    return show(request, "settings/overview.html", {"trouble": trouble})


def _here(actor: Actor) -> Organization:
    found: Organization = (
        Organization.objects.visible_to(actor).prefetch_related("opening_times", "holidays").one(actor.organization_id)
    )
    return found


# --- the clinic


@page("GET", "POST")
def clinic(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policies.require_admin(actor)
    row = _here(actor)

    def form(typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(
            OrganizationChanges,
            zone=row.time_zone,
            typed=typed,
            initial=organization_body(row, actor),
            leave_out=CLINIC_FIELDS_LEFT_OUT,
            errors=field_errors(problem),
        )

    def act() -> str:
        changes = form(request.POST).validated(actor=actor)
        services.change_organization(row.id, actor=actor, version=version_in(request), **changes)
        return "/settings/clinic"

    return _edited(request, act, lambda typed, problem: {"form": form(typed, problem), "row": row}, "clinic")


def _edited(
    request: HttpRequest,
    act: Callable[[], str | Done],
    context: Callable[[Any, Problem | None], dict[str, Any]],
    template: str,
) -> HttpResponse:
    """A page with one form: shown, or saved, or shown again with the refusal."""
    name = f"settings/{template}.html"
    if request.method == "GET":
        return show(request, name, context(None, None))
    result = submit(request, act, said="Saved.")
    if isinstance(result, Problem):
        return show(request, name, context(request.POST, result), problem=result)
    return result


@page("GET", "POST")
def opening(request: HttpRequest) -> HttpResponse:
    """When the clinic is open, and its holidays; due times are counted with both."""
    actor = actor_of(request)
    policies.require_admin(actor)
    row = _here(actor)

    def act() -> str:
        checked = OrganizationChanges(
            data={"opening_times": _typed_times(request), "holidays": _typed_holidays(request)},
            context={"actor": actor},
        )
        checked.is_valid(raise_exception=True)
        services.change_organization(row.id, actor=actor, version=version_in(request), **checked.validated_data)
        return "/settings/opening"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        body = organization_body(row, actor)
        times = _typed_times(request) if typed is not None else body["opening_times"]
        days = _typed_holidays(request) if typed is not None else body["holidays"]
        return {"row": row, "week": _week(times), "holidays": [*days, *[{"on": "", "name": ""}] * EMPTY_HOLIDAYS]}

    return _edited(request, act, context, "opening")


def _typed_times(request: HttpRequest) -> list[dict[str, Any]]:
    found = []
    for weekday in range(7):
        for stretch in range(STRETCHES):
            opens = request.POST.get(f"opens-{weekday}-{stretch}", "")
            closes = request.POST.get(f"closes-{weekday}-{stretch}", "")
            if opens or closes:
                found.append({"weekday": weekday, "opens": opens, "closes": closes})
    return found


def _typed_holidays(request: HttpRequest) -> list[dict[str, str]]:
    days, names = request.POST.getlist("holiday-on"), request.POST.getlist("holiday-name")
    return [{"on": on, "name": name} for on, name in zip(days, names, strict=False) if on]


def _week(times: list[dict[str, Any]]) -> list[dict[str, Any]]:
    week = []
    for weekday, name in enumerate(WEEKDAYS):
        stretches = [time for time in times if time["weekday"] == weekday][:STRETCHES]
        empty = [{"opens": "", "closes": ""}] * (STRETCHES - len(stretches))
        week.append({"number": weekday, "name": name, "stretches": list(enumerate([*stretches, *empty]))})
    return week


@page("GET", "POST")
def due_times(request: HttpRequest) -> HttpResponse:
    """The clinic's own due times, each at most as long as the usual one."""
    actor = actor_of(request)
    policies.require_admin(actor)
    row = _here(actor)

    def act() -> str:
        checked = OrganizationChanges(data={"due_times": _typed_due_times(request)}, context={"actor": actor})
        checked.is_valid(raise_exception=True)
        services.change_organization(row.id, actor=actor, version=version_in(request), **checked.validated_data)
        return "/settings/due-times"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        own = _typed_due_times(request) if typed is not None else row.due_times
        return {"row": row, "due_rows": _due_rows(own), "priorities": list(words.PRIORITIES.values())}

    return _edited(request, act, context, "due_times")


def _typed_due_times(request: HttpRequest) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for kind, by_priority in deadlines.DEFAULTS.items():
        for priority in by_priority:
            if text := request.POST.get(f"{kind}.{priority}", "").strip():
                found.setdefault(kind, {})[priority] = int(text) if text.isdecimal() and len(text) < 6 else text
    return found


def _due_rows(own: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each thing that is due, with the usual time and the clinic's own for each priority."""
    return [
        {
            "label": DUE_WORDS[kind],
            "cells": [
                {
                    "name": f"{kind}.{priority}",
                    "priority": words.PRIORITIES[Referral.Priority(priority)],
                    "usual": due.amount,
                    "unit": due.unit.replace("_", " ").removesuffix("s" if due.amount == 1 else ""),
                    "own": own.get(kind, {}).get(priority, ""),
                }
                for priority, due in by_priority.items()
            ],
        }
        for kind, by_priority in deadlines.DEFAULTS.items()
    ]


@page("GET", "POST")
def places(request: HttpRequest) -> HttpResponse:
    """Where the clinic treats; by POST a new place, or the changes of one."""
    actor = actor_of(request)
    policies.require_manager(actor)
    rows = list(Location.objects.visible_to(actor).filter(organization_id=actor.clinic_id).order_by("name", "id"))

    def form(place: Location | None, typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(
            LocationChanges if place else NewLocationSerializer,
            zone="UTC",
            key=f"place-{place.pk}-" if place else "place-",
            typed=typed,
            initial=location_body(place) if place else {},
            errors=field_errors(problem),
        )

    def act() -> str:
        chosen = next((place for place in rows if str(place.pk) == request.POST.get("row")), None)
        if "row" in request.POST and chosen is None:
            raise NotFound
        facts = form(chosen, request.POST).validated(actor=actor)
        if chosen is None:
            services.add_location(actor=actor, **facts)
        else:
            services.change_location(chosen.pk, actor=actor, version=version_in(request), **facts)
        return "/settings/places"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        tried = request.POST.get("row", "") if typed is not None else None
        shown = [(place, form(place, *((typed, problem) if tried == str(place.pk) else ()))) for place in rows]
        return {"places": shown, "form": form(None, *((typed, problem) if tried == "" else ())), "tried": tried}

    return _edited(request, act, context, "places")


# --- people


@page("GET", "POST")
def people(request: HttpRequest) -> HttpResponse:
    """Members and the practitioners of this clinic; by POST a new member."""
    actor = actor_of(request)
    zone = zone_of(actor)

    def form(typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(NewMemberSerializer, zone=zone, key="member-", typed=typed, errors=field_errors(problem))

    def act() -> str:
        services.add_member(actor=actor, **form(request.POST).validated(actor=actor))
        return "/settings/people"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        members = list(queries.members(actor).order_by("user__last_name", "id"))
        roles = PractitionerRole.objects.filter(organization_id=actor.clinic_id, ended_at=None)
        by_person: dict[UUID, list[PractitionerRole]] = {}
        for role in queries.with_details(roles):
            by_person.setdefault(role.practitioner_id, []).append(role)
        entered = Practitioner.objects.filter(organization_id=actor.clinic_id).exclude(pk__in=by_person)
        return {
            "form": form(typed, problem),
            "members": members,
            "rights": [(str(right.value), words.spoken(str(right.value))) for right in Member.Right],
            "practitioners": [(found[0].practitioner, found) for found in by_person.values()],
            "without_role": list(entered),
            "me": actor.member_id,
        }

    return _edited(request, act, context, "people")


@page("POST")
def change_member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    actor = actor_of(request)

    def act() -> str:
        if "end" in request.POST:
            services.end_member(member_id, actor=actor)
            return "/settings/people"
        checked = MemberChanges(data={"rights": request.POST.getlist("rights")}, context={"actor": actor})
        checked.is_valid(raise_exception=True)
        services.change_member(member_id, actor=actor, version=version_in(request), **checked.validated_data)
        return "/settings/people"

    return _or_page(submit(request, act, said="Saved."))


def _or_page(result: HttpResponse | Problem) -> HttpResponse:
    return problem_page(result) if isinstance(result, Problem) else result


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

    return _edited(request, act, context, "new_practitioner")


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
            services.end_role(id_in(row_id), actor=actor, reason=request.POST.get("reason", ""))
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

    return {
        "person": person,
        "roles": [(role, catalog().discipline(role.discipline), offered(role)) for role in roles],
        "credentials": list(Credential.objects.filter(practitioner=person).order_by("-created_at")),
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


# --- applications


@page("GET", "POST")
def applications(request: HttpRequest) -> HttpResponse:
    """Systems and tools that call the API; a secret is shown once, in the answer to the press that made it."""
    actor = actor_of(request)
    policies.require_admin(actor)
    zone = zone_of(actor)

    def form(typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(
            NewApplicationSerializer,
            zone=zone,
            typed=typed,
            errors=field_errors(problem),
            choices={
                "scopes": [(scope, words.spoken(scope.replace(":", " "))) for scope in sorted(known_scopes())],
                "kind": [("system", "Our system, for the clinic"), ("tool", "A tool, for whoever signs in")],
            },
        )

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        return {"form": form(typed, problem), "applications": list(queries.applications(actor).order_by("-created"))}

    def act() -> Done:
        made, secret = services.add_application(actor=actor, **form(request.POST).validated(actor=actor))
        return _with_secret(request, made, secret, context(None, None))

    return _edited(request, act, context, "applications")


def _with_secret(request: HttpRequest, made: Any, secret: str, context: dict[str, Any]) -> Done:
    response = show(request, "settings/applications.html", {**context, "made": made, "secret": secret})
    return Done("/settings/applications", response)


@page("POST")
def change_application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    actor = actor_of(request)

    def act() -> Done:
        if "end" in request.POST:
            services.end_application(application_id, actor=actor)
            return Done("/settings/applications")
        made, secret = services.rotate_secret(application_id, actor=actor)
        form = Form(NewApplicationSerializer, zone="UTC")
        listed = list(queries.applications(actor).order_by("-created"))
        return _with_secret(request, made, secret, {"form": form, "applications": listed})

    return _or_page(submit(request, act, said="The application has ended." if "end" in request.POST else ""))


# --- oneself


@page("GET", "POST")
def notifications(request: HttpRequest) -> HttpResponse:
    """One's own quiet hours and the daily digest."""
    actor = actor_of(request)
    member = Member.objects.visible_to(actor).one(actor.member_id)

    def form(typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(
            MemberChanges,
            zone="UTC",
            typed=typed,
            leave_out=("rights",),
            initial={
                "quiet_from": f"{member.quiet_from:%H:%M}",
                "quiet_until": f"{member.quiet_until:%H:%M}",
                "daily_digest": member.daily_digest,
            },
            errors=field_errors(problem),
        )

    def act() -> str:
        changes = form(request.POST).validated(actor=actor)
        services.change_member(member.pk, actor=actor, version=version_in(request), **changes)
        return "/settings/notifications"

    return _edited(request, act, lambda typed, problem: {"form": form(typed, problem), "row": member}, "notifications")


def open_clinic(request: HttpRequest) -> HttpResponse:
    """A person without a clinic, or with one more, opens one and becomes its practitioner, coordinator and admin."""
    if not request.user.is_authenticated:
        return see_other("/accounts/login/?next=/clinics/new")
    account: Any = request.user

    def form(typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(
            NewOrganizationSerializer,
            zone="UTC",
            typed=typed,
            initial={"time_zone": "America/New_York"},
            leave_out=("opening_times", "holidays"),
            errors=field_errors(problem),
        )

    def act() -> str:
        row, _ = services.open_organization(
            user=User.objects.get(pk=account.pk), **form(request.POST).validated(actor=actor_of(request))
        )
        request.session["organization_id"] = str(row.id)
        return "/settings/people"

    return _edited(request, act, lambda typed, problem: {"form": form(typed, problem)}, "open_clinic")


def switch(request: HttpRequest) -> HttpResponse:
    """From now on this session works for another clinic of the same person."""
    actor = actor_of(request)
    if request.method == "POST" and actor.kind == ActorKind.MEMBER and actor.user_id is not None:
        chosen = Member.objects.filter(user_id=actor.user_id, ended_at=None)
        wanted = request.POST.get("organization_id", "")
        if wanted in {str(pk) for pk in chosen.values_list("organization_id", flat=True)}:
            request.session["organization_id"] = wanted
    return see_other("/")
