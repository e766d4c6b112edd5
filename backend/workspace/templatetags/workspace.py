"""What templates say: times in the clinic's zone, discipline marks, the hidden fields of a form."""

from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backend.catalog.queries import catalog
from backend.workspace import words
from backend.workspace.forms import region_rows
from backend.workspace.once import FIELD, new_key

register = template.Library()


@register.simple_tag(takes_context=True)
def hidden(context: Any, version: Any = "") -> SafeString:
    """CSRF token, the key that makes the form act once, and the version it was made from."""
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><input type="hidden" name="{}" value="{}">'
        '<input type="hidden" name="version" value="{}">',
        get_token(context["request"]),
        FIELD,
        new_key(),
        version,
    )


@register.simple_tag(takes_context=True)
def when(context: Any, value: Any) -> str:
    """A moment by the clinic's clock."""
    return words.moment(value, context["zone"])


@register.simple_tag(takes_context=True)
def due(context: Any, value: Any) -> str:
    return words.due(value, context["zone"])


@register.inclusion_tag("workspace/parts/mark.html")
def mark(discipline: str) -> dict[str, Any]:
    """The discipline's letters, with its name for those who hear the page."""
    return {"found": words.mark(discipline)}


@register.simple_tag
def struck(text: str, is_struck: Any) -> SafeString:
    """What somebody wrote, with its lines; struck through when it was a mistake."""
    lines = linebreaksbr(text, autoescape=True)
    return format_html("<s>{}</s>", lines) if is_struck else lines


@register.filter
def places(regions: Any) -> str:
    return words.places(regions or [])


@register.filter
def spoken(code: Any) -> str:
    return words.spoken(str(code))


@register.filter
def precaution(code: str) -> str:
    found = catalog().precautions.get(code)
    return found.label if found else code


@register.filter
def picker(chosen: Any) -> list[dict[str, Any]]:
    return region_rows(chosen or [])


@register.filter
def local_input(value: Any) -> str:
    """A moment as a date and time field wants it."""
    return str(value)[:16] if value else ""
