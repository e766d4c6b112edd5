"""Systems and tools that call the API; a secret is shown once, in the answer to the press that made it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.directory import policies, queries, services
from backend.directory.oauth import known_scopes
from backend.directory.serializers import NewApplicationSerializer
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.workspace import words
from backend.workspace.forms import Form
from backend.workspace.once import Done
from backend.workspace.pages import edited, field_errors, or_page, page, show, submit
from backend.workspace.worklist import zone_of


@page("GET", "POST")
def applications(request: HttpRequest) -> HttpResponse:
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

    return edited(request, act, context, "settings/applications.html")


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

    return or_page(submit(request, act, said="The application has ended." if "end" in request.POST else ""))
