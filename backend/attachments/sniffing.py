"""What a file is and is called: its bytes say the one, and nobody is believed the other."""

import re
import unicodedata

from backend.lib.problems import Problem

# The first bytes of what is accepted. A picture or a document, nothing that a browser would run.
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


class UnsupportedMedia(Problem):
    status, title, default_code = 415, "Not a file we can keep", "unsupported_media_type"


def sniffed(content: bytes) -> str:
    """The kind the bytes say they are; what the sender called it does not count."""
    for start, media_type in SIGNATURES:
        if content.startswith(start):
            return media_type
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and "\x00" not in text and "<" not in text:
        return "text/plain"
    raise UnsupportedMedia("Send a PDF, a PNG or JPEG picture, or plain text.")


def safe_name(name: str) -> str:
    """A name that is only ever shown and offered for saving, never used as a path."""
    plain = "".join(
        c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cc")
    )
    return UNSAFE.sub("_", plain).strip(". ")[-150:] or "file"
