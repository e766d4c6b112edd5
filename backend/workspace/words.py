"""How pages say things: days, due times, sides, states and steps as sentences."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from backend.catalog.queries import catalog
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.zones import zone_named
from backend.referrals import workflow as w
from backend.referrals.models import Referral
from backend.referrals.words import STEPS

KINDS = {
    Referral.Kind.ADVICE: "Advice only",
    Referral.Kind.EVALUATE: "Evaluate",
    Referral.Kind.EVALUATE_AND_TREAT: "Evaluate and treat",
    Referral.Kind.CO_MANAGE: "Treat together",
}
PRIORITIES = {
    Referral.Priority.ROUTINE: "Routine",
    Referral.Priority.URGENT: "Urgent",
    Referral.Priority.ASAP: "As soon as possible",
}
SIDES = {"left": "left", "right": "right", "midline": "", "bilateral": "both sides"}
CLOSED_HOW = {
    "acknowledged": "the report was read",
    "not_fulfilled": "it was not fulfilled",
    "converted": "it became another referral",
    "withdrawn": "the sender withdrew it",
    "cancelled": "both sides agreed to stop",
    "without_report": "no report came",
    "unacknowledged": "nobody acknowledged the report",
}
SAID_AFTER = {
    "ask_consent": "The client is asked. It is sent when they say yes.",
    "report": "Signed and sent. {them} will be told.",
    "acknowledge": "The loop is closed.",
}
# What waits ten seconds before it counts.
HELD = {"send": "It is being sent.", "accept": "It is being accepted.", "decline": "It is being declined."}


def as_moment(value: Any) -> datetime | None:
    """A moment from a row or from JSON."""
    return parse_datetime(value) if isinstance(value, str) else value


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(zone_named(zone))


def today(zone: str) -> date:
    return local(clock.now(), zone).date()


def day(value: date, on: date) -> str:
    """Thu 27 Nov; with the year when it is another one."""
    text = f"{value:%a} {value.day} {value:%b}"
    return text if value.year == on.year else f"{text} {value.year}"


def moment(value: Any, zone: str) -> str:
    """Thu 27 Nov, 17:00."""
    found = as_moment(value)
    if found is None:
        return ""
    there = local(found, zone)
    return f"{day(there.date(), today(zone))}, {there:%H:%M}"


def day_of(value: Any, zone: str) -> str:
    """Thu 27 Nov, of a moment."""
    found = as_moment(value)
    return day(local(found, zone).date(), today(zone)) if found else ""


def away(value: date, on: date) -> str:
    """How far a day is from another, in words."""
    days = (value - on).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return near.get(days) or (f"in {days} days" if days > 0 else f"{-days} days ago")


def due(value: Any, zone: str) -> str:
    """When somebody is due, in the clinic's own days."""
    found = as_moment(value)
    if found is None:
        return ""
    there, on = local(found, zone), today(zone)
    days = (there.date() - on).days
    if found < clock.now():
        late = -days
        return f"overdue since {there:%H:%M}" if late == 0 else f"{late} day{'' if late == 1 else 's'} overdue"
    if days == 0:
        return f"due today at {there:%H:%M}"
    return f"due {day(there.date(), on)} ({away(there.date(), on)})"


def places(regions: list[dict[str, str]]) -> str:
    """Neck, left; low back."""
    named = []
    for place in regions:
        region = catalog().regions.get(place["region"])
        label = region.label if region else place["region"]
        side = SIDES.get(place.get("side", ""), "")
        named.append(f"{label}, {side}" if side else label)
    return "; ".join(named)


def mark(discipline: str | None) -> dict[str, str] | None:
    """The discipline's letters and name; its color is a class of the same name."""
    found = catalog().disciplines.get(discipline or "")
    return {"code": found.code, "mark": found.mark, "label": found.label} if found else None


def initials(name: str) -> str:
    """L. M., for a screen that others can see."""
    return " ".join(f"{part[0].upper()}." for part in name.split())


def side_name(side: Mapping[str, Any] | None) -> str:
    """Dana Cole, Elm Street Massage."""
    if not side:
        return "another clinic"
    parts = [side[key]["display"] for key in ("practitioner_role", "organization") if side.get(key)]
    return ", ".join(parts)


def recipient_name(recipient: Mapping[str, Any]) -> str:
    if recipient.get("guest"):
        return f"{recipient['guest']['name']} (guest)"
    if recipient["kind"] == "pool" and not recipient.get("organization"):
        discipline = mark(recipient["discipline"])
        near = f" near {recipient['near']}" if recipient.get("near") else ""
        return f"whoever takes it first: {discipline['label'].lower() if discipline else ''}{near}"
    return side_name(recipient)


def is_sender(body: Mapping[str, Any], actor: Actor) -> bool:
    side = (body.get("sender") or {}).get("organization")
    return side is not None and bool(side["id"] == str(actor.organization_id))


def is_recipient(body: Mapping[str, Any], actor: Actor) -> bool:
    side = body["recipient"].get("organization")
    return bool(side) and side["id"] == str(actor.organization_id)


def other_discipline(body: Mapping[str, Any], actor: Actor) -> str:
    """The discipline of the side that is not the reader's; empty where it is not known or not told."""
    if is_sender(body, actor):
        return str(body["discipline"])
    return str((body.get("sender") or {}).get("discipline") or "")


def is_ours(body: Mapping[str, Any], actor: Actor) -> bool:
    """Whether the reader's clinic has the move."""
    if body["whose_move"] == w.SENDER:
        return is_sender(body, actor)
    if body["whose_move"] == w.RECIPIENT:
        return is_recipient(body, actor) or ("sender" not in body)
    return False


def state_words(body: Mapping[str, Any], actor: Actor) -> str:
    """The state as a sentence, from the reader's side, without the due time."""
    recipient, sender = recipient_name(body["recipient"]), side_name(body.get("sender"))
    them = "you" if is_ours(body, actor) else recipient
    if body["state"] == w.DECLINED and not is_sender(body, actor):
        return "Declined; the sender decides what now"
    return w.STATES[body["state"]].words.format(them=them, recipient=recipient, sender=sender)


def sentence(body: Mapping[str, Any], actor: Actor, zone: str) -> str:
    """Waiting for Harbour Physio to answer, due Thu 27 Nov (in 2 days)."""
    text = state_words(body, actor)
    if when := due(body["due_at"], zone):
        text = f"{text}, {when}"
    return f"{text}."


def ball(body: Mapping[str, Any], actor: Actor) -> str:
    """Whose move it is, in two words."""
    if body["whose_move"] is None:
        return "Finished"
    if body["whose_move"] == w.CLIENT:
        return "Client's move"
    return "Your move" if is_ours(body, actor) else "Their move"


def step_words(step: Mapping[str, Any]) -> str:
    """What one step of the history was."""
    reason = reason_label(step["name"], step.get("reason", ""))
    manner = f" ({step['manner'].replace('_', ' ')})" if step.get("manner") else ""
    return f"{step['by']} {STEPS[step['name']]}{manner}{': ' + reason if reason else ''}."


def reason_label(transition: str, code: str) -> str:
    kinds = {"decline": catalog().decline_reasons, "withdraw": catalog().withdraw_reasons}
    found = kinds.get(transition, {}).get(code) if code else None
    return found.label if found else ""


def spoken(code: str) -> str:
    """A code without a label of its own, in words."""
    text = code.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def utc_of(typed: str, zone: str) -> str:
    """What a date and time field holds, by the clinic's wall clock, as the contract writes it; else as it was typed."""
    try:
        there = datetime.fromisoformat(typed)
        aware = there if there.tzinfo else there.replace(tzinfo=zone_named(zone))
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return f"{typed}Z"  # no year that the contract takes, whatever the zone
    except ValueError:
        return typed
