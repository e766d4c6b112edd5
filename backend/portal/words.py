"""How the pages of guests and clients say things: plain words, local times."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from backend.catalog.queries import catalog
from backend.lib import clock
from backend.lib.zones import zone_named
from backend.referrals import words

# Which part of the body, no closer: a landing page is read before anybody has said who they are.
AREAS = {
    "head": "head or face", "jaw": "head or face", "cervical": "neck", "thoracic": "back", "lumbar": "back",
    "sacroiliac": "back", "ribs": "trunk", "abdomen": "trunk", "pelvis": "hip or pelvis", "hip": "hip or pelvis",
    "shoulder": "arm or shoulder", "elbow": "arm or shoulder", "wrist_hand": "arm or shoulder",
    "knee": "leg", "ankle_foot": "leg",
}  # fmt: skip
URGENCY = {"routine": "routine", "urgent": "urgent", "asap": "as soon as possible"}
KINDS = {
    "advice": "a question, no visit",
    "evaluate": "an evaluation",
    "evaluate_and_treat": "evaluation and treatment",
    "co_manage": "treating together",
}
# What a guest reads in other words than staff.
STEPS = {
    **words.STEPS,
    "consent_given": "said yes; it was sent",
    "ask_information": "asked a question",
    "refuse": "goes on",
    "consent_ended": "ended it: the client has stopped sharing",
    "expire": "ended it: no answer came in time",
}
SAID_AFTER = {
    "accept": "Accepted. The sender is told.",
    "decline": "Declined. The sender is told. Thank you for answering.",
    "ask_information": "Your question is on its way.",
    "offer_times": "Your times are with the client.",
    "book": "Booked. The sender is told.",
    "start": "Noted that the client was seen.",
    "report": "Signed and sent. Thank you.",
}


def areas(regions: Iterable[Mapping[str, str]]) -> str:
    named = dict.fromkeys(AREAS.get(place["region"], "body") for place in regions)
    return ", ".join(named)


def discipline(code: str) -> str:
    found = catalog().disciplines.get(code)
    return found.label.lower() if found else code


def as_moment(value: Any) -> datetime | None:
    return parse_datetime(value) if isinstance(value, str) else value


def day(moment: datetime | date, *, now: datetime | None = None) -> str:
    """Thu 27 Nov; with the year when it is another one."""
    text = f"{moment:%a} {moment.day} {moment:%b}"
    return text if moment.year == (now or clock.now()).year else f"{text} {moment.year}"


def when(value: Any, zone: str) -> str:
    """Thu 27 Nov, 17:00."""
    moment = as_moment(value)
    if moment is None:
        return ""
    there = moment.astimezone(zone_named(zone))
    return f"{day(there)}, {there:%H:%M}"


def by_when(value: Any, zone: str) -> str:
    moment = as_moment(value)
    return day(moment.astimezone(zone_named(zone))) if moment else ""
