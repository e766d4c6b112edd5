"""What the browser holds after the right code: for which links, and how long, in real time."""

from datetime import timedelta

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest

from backend.lib import clock
from backend.lib.actor import Actor
from backend.links.actors import actor_behind
from backend.links.models import Link

ENTRY = "links"
IDLE = timedelta(minutes=30)
OWN_DEVICE = timedelta(hours=24)
SLACK = 60  # seconds; a session that was prolonged within them is not written again


def remember(request: HttpRequest, link: Link, *, is_own_device: bool = False) -> None:
    """Lets this browser in through the link: for 30 minutes after the last look, or a client's own device for 24 hours.

    Call it after ``check_code`` said yes, and only then.
    """
    stays = is_own_device and link.purpose != Link.Purpose.GUEST
    request.session.cycle_key()  # whoever planted a session in this browser does not come in with it
    if stays and SESSION_KEY not in request.session:
        request.session.set_expiry(OWN_DEVICE)
    until = clock.real_now() + (OWN_DEVICE if stays else IDLE)
    entries = {**_entries(request), str(link.id): {"until": until.timestamp(), "stays": stays}}
    request.session[ENTRY] = {key: entry for key, entry in entries.items() if entry["until"] > _now()}


def actor_for(request: HttpRequest, link: Link) -> Actor | None:
    """The guest or client this browser has proved to be, while the link lives; None: ask for a code.

    The caller tells the database with ``introduce(actor)``.
    """
    entry = _entries(request).get(str(link.id))
    if entry is None or entry["until"] <= _now() or not link.is_live:
        return None
    until = _now() + IDLE.total_seconds()
    if not entry["stays"] and until - entry["until"] > SLACK:
        request.session[ENTRY] = {**_entries(request), str(link.id): {**entry, "until": until}}
    return actor_behind(link)


def forget(request: HttpRequest, link: Link) -> None:
    """The browser needs a code again: “not me”, or leaving a borrowed device."""
    request.session[ENTRY] = {key: entry for key, entry in _entries(request).items() if key != str(link.id)}


def _entries(request: HttpRequest) -> dict[str, dict[str, float]]:
    entries: dict[str, dict[str, float]] = request.session.get(ENTRY, {})
    return entries


def _now() -> float:
    return clock.real_now().timestamp()
