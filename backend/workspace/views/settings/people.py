"""Who belongs to the clinic and what each may do."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.directory import queries, services
from backend.directory.models import Member, Practitioner, PractitionerRole
from backend.directory.serializers import MemberChanges, NewMemberSerializer
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.workspace import words
from backend.workspace.forms import Form
from backend.workspace.pages import edited, field_errors, or_page, page, submit, version_in
from backend.workspace.worklist import zone_of


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

    return edited(request, act, context, "settings/people.html")


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

    return or_page(submit(request, act, said="Saved."))
