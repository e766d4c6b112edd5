"""What templates say: times in the clinic's zone, discipline marks, the hidden fields of a form."""

from datetime import date
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backend.careplans.words import state_of
from backend.catalog.queries import catalog
from backend.lib.rest.authentication import actor_of
from backend.lib.zones import day_in_words
from backend.workspace import words
from backend.workspace.device import SWITCHES
from backend.workspace.once import FIELD, WRITER, new_key
from backend.workspace.pickers import region_rows
from backend.workspace.worklist import Line

register = template.Library()


@register.simple_tag(takes_context=True)
def hidden(context: Any, version: Any = "") -> SafeString:
    """CSRF token, the key that makes the form act once, for whom it was made, and the version it was made from."""
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><input type="hidden" name="{}" value="{}">'
        '<input type="hidden" name="{}" value="{}"><input type="hidden" name="version" value="{}">',
        get_token(context["request"]),
        FIELD,
        new_key(),
        WRITER,
        actor_of(context["request"]).member_id or "",
        version,
    )


@register.simple_tag(takes_context=True)
def when(context: Any, value: Any) -> str:
    """A moment by the clinic's clock."""
    return words.moment(value, context["zone"])


@register.simple_tag(takes_context=True)
def day_of(context: Any, value: Any) -> str:
    """Thu 27 Nov, by the clinic's clock."""
    return words.day_of(value, context["zone"])


@register.simple_tag(takes_context=True)
def clock_time(context: Any, value: Any) -> str:
    """09:30, by the clinic's clock."""
    found = words.as_moment(value)
    return f"{words.local(found, context['zone']):%H:%M}" if found else ""


@register.simple_tag(takes_context=True)
def due(context: Any, value: Any) -> str:
    return words.due(value, context["zone"])


@register.simple_tag(takes_context=True)
def who(context: Any, line: Line) -> str:
    """Whom a line is about: by initials in privacy mode."""
    return line.initials if context.get("privacy") else line.who


@register.simple_tag(takes_context=True)
def named(context: Any, name: str) -> str:
    """A client's name: initials in privacy mode."""
    return words.initials(name) if context.get("privacy") else name


@register.simple_tag(takes_context=True)
def key(context: Any, letter: str) -> SafeString:
    """The letter that presses an element, unless letters are switched off on this device."""
    return format_html(' aria-keyshortcuts="{}"', letter) if letter and context.get("letters") else SafeString("")


@register.simple_tag(takes_context=True)
def here(context: Any) -> str:
    """Where the reader is, to come back to; a part of a page was asked for from its page."""
    request: Any = context["request"]
    asked_from = request.htmx.current_url_abs_path if request.htmx else request.POST.get("back")
    return str(asked_from or request.get_full_path())


@register.inclusion_tag("workspace/parts/mark.html")
def mark(discipline: str) -> dict[str, Any]:
    """The discipline's letters, with its name for those who hear the page."""
    return {"found": words.mark(discipline)}


@register.inclusion_tag("workspace/parts/switch.html", takes_context=True)
def switch(context: Any, name: str, icon: str = "") -> dict[str, Any]:
    """The button that turns a switch of this device on or off."""
    return {
        "csrf_token": get_token(context["request"]),
        "switch": SWITCHES[name],
        "is_on": bool(context.get(name)),
        "back": here(context),
        "icon": icon,
    }


@register.simple_tag
def struck(text: str, is_struck: Any) -> SafeString:
    """What somebody wrote, with its lines; struck through when it was a mistake."""
    lines = linebreaksbr(text, autoescape=True)
    return format_html("<s>{}</s>", lines) if is_struck else lines


@register.filter
def places(regions: Any) -> str:
    return words.places(regions or [])


@register.simple_tag
def spot(region: str, side: str) -> str:
    """Neck, left."""
    return words.places([{"region": region, "side": side}])


@register.filter
def technique(code: str) -> str:
    found = catalog().techniques.get(code)
    return found.label if found else code


@register.filter
def spoken(code: Any) -> str:
    return words.spoken(str(code))


@register.filter
def precaution(code: str) -> str:
    found = catalog().precautions.get(code)
    return found.label if found else code


@register.simple_tag(takes_context=True)
def last_day(context: Any, value: str) -> str:
    """A day of the contract as the clinic says it."""
    return words.day(date.fromisoformat(value), words.today(context["zone"]))


@register.filter
def initials(name: str) -> str:
    return words.initials(name)


@register.filter
def picker(chosen: Any) -> list[dict[str, Any]]:
    return region_rows(chosen or [])


@register.filter
def plan_state(plan: Any) -> str:
    return state_of(plan)


@register.filter
def as_day(value: str) -> str:
    """A day as the contract writes it, in words."""
    return day_in_words(date.fromisoformat(value))
