"""One's own matters: notifications, the clinic one works for now, opening another."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from backend.directory import services
from backend.directory.models import Member, User
from backend.directory.serializers import MemberChanges, NewOrganizationSerializer
from backend.directory.working_for import choose_clinic
from backend.lib.actor import ActorKind
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.workspace.forms import Form
from backend.workspace.once import Done
from backend.workspace.pages import edited, field_errors, page, see_other, version_in


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

    return edited(
        request,
        act,
        lambda typed, problem: {"form": form(typed, problem), "row": member},
        "settings/notifications.html",
    )


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

    def act() -> Done:
        row, _ = services.open_organization(
            user=User.objects.get(pk=account.pk), **form(request.POST).validated(actor=actor_of(request))
        )
        opened = see_other("/settings/people")
        choose_clinic(request, opened, row.id)
        messages.success(request, f"{row.name} is open, and you work for it now.")
        return Done(opened["Location"], opened)

    return edited(request, act, lambda typed, problem: {"form": form(typed, problem)}, "settings/open_clinic.html")


def switch(request: HttpRequest) -> HttpResponse:
    """From now on this device works for another clinic of the same person."""
    actor, changed = actor_of(request), see_other("/")
    if request.method == "POST" and actor.kind == ActorKind.MEMBER and actor.user_id is not None:
        memberships = Member.objects.filter(user_id=actor.user_id, ended_at=None)
        wanted = request.POST.get("organization_id", "")
        for clinic_id in memberships.values_list("organization_id", flat=True):
            if str(clinic_id) == wanted:
                choose_clinic(request, changed, clinic_id)
    return changed
