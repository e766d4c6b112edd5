"""Referrals as lines of a worklist: who, about what, whose move, until when, what to press."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.actor import Actor
from backend.referrals import rendering
from backend.workspace import keys, words

# What a line offers at once; the rest is on the referral's own page.
AT_ONCE = ("accept", "acknowledge", "start", "book", "report", "give_information", "read_report", "agree", "decline")
MOST_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a line, and the letter that presses it."""

    name: str
    label: str
    key: str


@dataclass(frozen=True, slots=True)
class Line:
    """One referral in a list."""

    id: str
    version: int
    href: str
    who: str
    initials: str
    about: str
    reason: str
    discipline: str
    other_side: str
    with_whom: str
    sentence: str
    ball: str
    is_overdue: bool
    is_ours: bool
    priority: str
    is_urgent: bool
    unread_reports: int
    opened: str
    actions: tuple[Action, ...]
    may_be_given: bool


def zone_of(actor: Actor) -> str:
    return str(Organization.objects.values_list("time_zone", flat=True).get(pk=actor.clinic_id))


def line(row: Mapping[str, Any], actor: Actor, zone: str) -> Line:
    body = rendering.summary(row, actor)
    steps = {step["name"]: step["label"] for step in rendering.available(row, actor)}
    sent_by_us = words.is_sender(body, actor)
    client = body.get("client")
    tracking = body.get("tracking") or {}
    is_draft = body["state"] == "draft"
    who = client["display"] if client else _without_name(body)
    return Line(
        id=body["id"],
        version=body["version"],
        href=f"/referrals/{body['id']}",
        who=who,
        initials=words.initials(who) if client else who,
        about=words.places(body["regions"]),
        reason=body.get("reason", ""),
        discipline=words.other_discipline(body, actor),
        other_side=(
            f"to {words.recipient_name(body['recipient'])}"
            if sent_by_us
            else f"from {words.side_name(body.get('sender'))}"
        ),
        with_whom=_with_whom(body, actor),
        sentence=words.sentence(body, actor, zone),
        ball=words.ball(body, actor),
        is_overdue=body["is_overdue"],
        is_ours=words.is_ours(body, actor) or bool(body["unread_report_count"] and sent_by_us),
        priority=words.PRIORITIES[body["priority"]],
        is_urgent=body["priority"] != "routine",
        unread_reports=body["unread_report_count"] if sent_by_us else 0,
        opened=words.moment(tracking["opened_at"], zone) if tracking.get("opened_at") and not is_draft else "",
        actions=tuple(Action(name, steps[name], keys.MOVES.get(name, "")) for name in AT_ONCE if name in steps)[
            :MOST_AT_ONCE
        ],
        may_be_given="assign" in steps,
    )


def _with_whom(body: Mapping[str, Any], actor: Actor) -> str:
    """Which colleague of the reader's own clinic has it."""
    ours = body.get("sender") if words.is_sender(body, actor) else body["recipient"]
    role = (ours or {}).get("practitioner_role")
    return str(role["display"]) if role else ""


def _without_name(body: Mapping[str, Any]) -> str:
    if "client" in body.get("withheld", ()):
        return "Client not shown"
    return "A question without a client"


def sections(lines: Iterable[tuple[Mapping[str, Any], Line]], zone: str) -> list[tuple[str, list[Line]]]:
    """Overdue, today, this week, later, by the clinic's own days."""
    on = words.today(zone)
    named: dict[str, list[Line]] = {"Overdue": [], "Today": [], "Within a week": [], "Later": []}
    for row, shown in lines:
        due = row["due_at"]
        if due is None:
            named["Later"].append(shown)
        elif due < clock.now():
            named["Overdue"].append(shown)
        elif words.local(due, zone).date() == on:
            named["Today"].append(shown)
        elif words.local(due, zone).date() <= on + timedelta(days=7):
            named["Within a week"].append(shown)
        else:
            named["Later"].append(shown)
    return [(name, found) for name, found in named.items() if found]
