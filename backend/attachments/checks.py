"""System checks: a scanner that is named is there."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register("scanner")
def the_scanner_can_be_called(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Else every file would wait for a scanner that nobody can ask."""
    if not settings.ATTACHMENT_SCANNER:
        return []
    try:
        if callable(import_string(settings.ATTACHMENT_SCANNER)):
            return []
    except ImportError:
        pass
    return [Error("ATTACHMENT_SCANNER names no function; see backend/attachments/scanning.py.", id="trialogue.E003")]
