"""From a guest's form to the details of a transition; the workflow's own serializers check them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict

from backend.lib.problems import invalid
from backend.lib.rest.fields import Moment

Form = QueryDict
MOST_TIMES = 5
THE_CLIENT = "The client"


def details_of(name: str, form: Form, *, zone: str, attachment_ids: list[UUID]) -> dict[str, Any]:
    """What the named transition takes with it. 400 for a time that cannot be read."""
    build = BUILDERS.get(name)
    return build(form, zone, attachment_ids) if build else {}


def texts(*names: str) -> Callable[[Form, str, list[UUID]], dict[str, Any]]:
    """A form whose fields are the transition's own; what was left empty is left out."""

    def build(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
        typed = {name: str(form.get(name, "")).strip() for name in names}
        return {name: text for name, text in typed.items() if text}

    return build


def moment(text: str, zone: str, pointer: str) -> datetime:
    """A time as a browser's field has it, read by the clinic's clock."""
    try:
        said = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise invalid(pointer, "Write a day and a time.") from error
    if said.year not in Moment.TAKEN:
        raise invalid(pointer, Moment.YEARS)
    return said.astimezone(UTC)


def span(form: Form, zone: str, suffix: str, pointer: str) -> dict[str, str]:
    starts_at = moment(form.get(f"starts_at{suffix}", ""), zone, pointer)
    minutes = form.get("minutes", "")
    if not minutes.isdecimal() or len(minutes) > 3 or not 5 <= int(minutes) <= 600:
        raise invalid("/minutes", "Say how long it takes: 5 to 600 minutes.")
    ends_at = starts_at + timedelta(minutes=int(minutes))
    return {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat(), "time_zone": zone}


def book(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
    return {"visit": span(form, zone, "", "/starts_at")}


def offer_times(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
    given = [f"_{n}" for n in range(1, MOST_TIMES + 1) if form.get(f"starts_at_{n}", "").strip()]
    if not given:
        raise invalid("/starts_at_1", "Offer at least one time.")
    return {"times": [span(form, zone, suffix, f"/starts_at{suffix}") for suffix in given]}


def start(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
    seen = form.get("seen_at", "").strip()
    return {"seen_at": moment(seen, zone, "/seen_at").isoformat()} if seen else {}


def report(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
    """The report, and with ``seen_at`` seen and report in one form."""
    said = texts("answer", "findings", "recommendations", "outcome", "not_completed_reason")(form, zone, files)
    said["has_red_flag"] = form.get("has_red_flag") == "yes"
    if precautions := form.getlist("new_precautions"):
        said["new_precautions"] = precautions
    if files:
        said["attachment_ids"] = [str(pk) for pk in files]
    return {"final": form.get("final") != "no", "report": said, **start(form, zone, files)}


def cancel_visit(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
    return {"by": "recipient", **texts("by", "detail")(form, zone, files)}


def choose_time(form: Form, zone: str, files: list[UUID]) -> dict[str, Any]:
    """The guest writes down what the client told them: who, and how."""
    recorded = {"who": form.get("who", "").strip() or THE_CLIENT, "how": form.get("how", "phone")}
    return {**texts("time_id")(form, zone, files), "recorded": recorded}


BUILDERS: dict[str, Callable[[Form, str, list[UUID]], dict[str, Any]]] = {
    "ask_information": texts("question"),
    "decline": texts("reason", "detail", "suggested_name"),
    "offer_times": offer_times,
    "choose_time": choose_time,
    "waitlist": texts("review_on", "detail"),
    "book": book,
    "cancel_visit": cancel_visit,
    "record_no_show": texts("detail"),
    "log_contact": texts("channel", "outcome"),
    "start": start,
    "report": report,
    "refuse": texts("reason"),
}
