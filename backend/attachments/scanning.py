"""The scanner: whatever the setting names, called with the bytes of one file, outside of every transaction.

``ATTACHMENT_SCANNER`` is the dotted path of a function that returns whether the bytes are clean, and raises when it cannot
tell. ``backend.attachments.clamd.is_clean`` asks a clamd. Without one no file waits, and none is called clean.
"""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

Scanner = Callable[[bytes], bool]
SCAN = "attachment.scan"


def is_on() -> bool:
    return bool(settings.ATTACHMENT_SCANNER)


def is_clean(content: bytes) -> bool:
    """What the scanner says of these bytes."""
    scanner = cast(Scanner, import_string(settings.ATTACHMENT_SCANNER))
    return scanner(content)
