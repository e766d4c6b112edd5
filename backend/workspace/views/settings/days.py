"""When the clinic is open, and how long it gives itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from backend.directory import policies, services
from backend.directory.serializers import OrganizationChanges, organization_body
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.referrals import deadlines
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.workspace import words
from backend.workspace.pages import edited, page, version_in
from backend.workspace.views.settings.clinic import clinic_of

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
    "report_after_visits": "A report after ten visits",
    "report_returned": "More on a report that came back",
    w.CANCELLATION_REQUESTED: "Answer a wish to stop",
    w.REPORTED: "Read a report and close the loop",
    "deciding": "Decide what now, when it did not work out",
}


@page("GET", "POST")
def opening(request: HttpRequest) -> HttpResponse:
    """When the clinic is open, and its holidays; due times are counted with both."""
    actor = actor_of(request)
    policies.require_admin(actor)
    row = clinic_of(actor)

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

    return edited(request, act, context, "settings/opening.html", changing=row.id)


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
    row = clinic_of(actor)

    def act() -> str:
        checked = OrganizationChanges(data={"due_times": _typed_due_times(request)}, context={"actor": actor})
        checked.is_valid(raise_exception=True)
        services.change_organization(row.id, actor=actor, version=version_in(request), **checked.validated_data)
        return "/settings/due-times"

    def context(typed: Any, problem: Problem | None) -> dict[str, Any]:
        own = _typed_due_times(request) if typed is not None else row.due_times
        return {"row": row, "due_rows": _due_rows(own), "priorities": list(words.PRIORITIES.values())}

    return edited(request, act, context, "settings/due_times.html", changing=row.id)


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
