"""A referral's track (where it is on its way) and timeline (everything that happened, newest first)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.referrals import workflow as w
from backend.referrals.models import Message, Referral
from backend.workspace import words

# What a timeline can be narrowed to, by the kinds of its entries.
PARTS = {"all": "Everything", "messages": "Messages", "steps": "Steps"}
KINDS_OF = {"messages": ("message",), "steps": ("step", "fact")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    when: str
    text: str
    quote: str = ""
    by: str = ""
    kind: str = "step"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the track."""

    label: str
    at: Any
    is_done: bool
    is_current: bool


def timeline(
    body: Mapping[str, Any], messages: Iterable[Message], reports: Iterable[Mapping[str, Any]], zone: str
) -> list[Entry]:
    """Steps, messages, reports and the two ways of having been received, newest first."""
    entries = [_step(step, zone) for step in body.get("history", [])]
    entries += [_message(message, zone) for message in messages]
    entries += [_report(report, zone) for report in reports if report["read_at"]]
    tracking = body.get("tracking") or {}
    for key, text in (("delivered_at", "Delivered to the recipient."), ("opened_at", "Opened by the recipient.")):
        if found := words.as_moment(tracking.get(key)):
            entries.append(Entry(found, words.moment(found, zone), text, kind="fact"))
    for attempt in tracking.get("contact_attempts", []):
        at = words.as_moment(attempt["at"])
        assert at is not None
        how = f"{words.spoken(attempt['channel'])}: {attempt['outcome'].replace('_', ' ')}."
        entries.append(Entry(at, words.moment(at, zone), how, by=attempt["by"], kind="fact"))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _step(step: Mapping[str, Any], zone: str) -> Entry:
    at = words.as_moment(step["recorded_at"])
    assert at is not None
    occurred = step.get("occurred_at")
    note = f"It happened {words.moment(occurred, zone)} and was recorded later." if occurred else ""
    return Entry(at, words.moment(at, zone), words.step_words(step), note=note)


def _message(message: Message, zone: str) -> Entry:
    at = message.created_at
    titles = {"message": "wrote", "question": "asked", "answer": "answered", "client_told": "told the client"}
    text = f"{message.by} {titles.get(message.kind, 'said')}:"
    note = f"Entered in error by {message.in_error_by}." if message.in_error_at else ""
    return Entry(at, words.moment(at, zone), text, quote=message.text, kind="message", note=note)


def _report(report: Mapping[str, Any], zone: str) -> Entry:
    at = words.as_moment(report["read_at"])
    assert at is not None
    return Entry(at, words.moment(at, zone), f"{report['read_by']} read the report.", kind="fact")


def track(body: Mapping[str, Any]) -> list[Stop]:
    """Sent, delivered, opened, answered, booked, seen, reported, closed; an advice has no visit."""
    tracking, history = body.get("tracking"), body.get("history", [])
    if tracking is None:
        return []
    reached = {step["name"]: step["at"] for step in history}
    visits = [visit["starts_at"] for visit in body.get("visits", []) if visit["state"] != "cancelled"]
    answered = tracking.get("accepted_at") or reached.get("decline")
    finished = body["state"] in w.FINISHED
    stops: list[tuple[str, Any]] = [
        ("Sent", tracking["sent_at"]),
        ("Delivered", tracking["delivered_at"]),
        ("Opened", tracking["opened_at"]),
        ("Declined" if body["state"] == w.DECLINED else "Accepted", answered),
    ]
    if body["kind"] != Referral.Kind.ADVICE:
        stops += [("Booked", visits[-1] if visits else None), ("Seen", tracking.get("first_seen_at"))]
    stops += [
        ("Reported", reached.get("report") if finished or body["state"] == w.REPORTED else None),
        ("Closed", history[-1]["at"] if finished and history else None),
    ]
    # A later stop implies the ones before it: an advice is answered without being accepted first.
    last = max((index for index, (_, at) in enumerate(stops) if at), default=-1)
    return [
        Stop(label, at, is_done=index <= last, is_current=not finished and index == last + 1)
        for index, (label, at) in enumerate(stops)
    ]
