"""The clinic itself: its name and rules, where it treats, and the overview of all settings."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from backend.audit import work
from backend.directory import policies, services
from backend.directory.models import Location, Organization
from backend.directory.serializers import (
    LocationChanges,
    NewLocationSerializer,
    OrganizationChanges,
    location_body,
    organization_body,
)
from backend.lib.actor import Actor
from backend.lib.problems import NotFound, Problem
from backend.lib.rest.authentication import actor_of
from backend.workspace.forms import Form
from backend.workspace.pages import edited, field_errors, page, show, version_in

FIELDS_LEFT_OUT = ("opening_times", "holidays", "due_times")


@page("GET")
def overview(request: HttpRequest) -> HttpResponse:
    """What can be set; an admin also learns when something the clinic waits for cannot be done, such as a mail."""
    actor = actor_of(request)
    trouble = work.trouble(actor.clinic_id) if actor.has_right("admin") else None
    return show(request, "settings/overview.html", {"trouble": trouble})


@page("GET", "POST")
def clinic(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policies.require_admin(actor)
    row = clinic_of(actor)

    def form(typed: Any = None, problem: Problem | None = None) -> Form:
        return Form(
            OrganizationChanges,
            zone=row.time_zone,
            typed=typed,
            initial=organization_body(row, actor),
            leave_out=FIELDS_LEFT_OUT,
            errors=field_errors(problem),
        )

    def act() -> str:
        changes = form(request.POST).validated(actor=actor)
        services.change_organization(row.id, actor=actor, version=version_in(request), **changes)
        return "/settings/clinic"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        return {"form": form(typed, problem), "row": row}

    return edited(request, act, context, "settings/clinic.html", changing=row.id)


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

    return edited(request, act, context, "settings/places.html")


def clinic_of(actor: Actor) -> Organization:
    """The clinic the reader works for, with its days."""
    found: Organization = (
        Organization.objects.visible_to(actor).prefetch_related("opening_times", "holidays").one(actor.organization_id)
    )
    return found
