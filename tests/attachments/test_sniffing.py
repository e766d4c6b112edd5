"""A file is what its bytes say, of a size that is kept, and is called nothing that could harm."""

from typing import Any

import pytest

from backend.attachments.sniffing import UnsupportedMedia, safe_name, sniffed
from tests import make
from tests.attachments.files import PDF, PNG, TEXT


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (TEXT, "text/plain"),
        ("Grüße".encode(), "text/plain"),
    ],
)
def test_the_first_bytes_say_what_it_is(content: bytes, media_type: str) -> None:
    assert sniffed(content) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"<svg onload=alert(1)>",
        b"<html>",
        b"a <script>",
        b"MZ\x00\xff",
        b"PK\x03\x04\xff",
        b"GIF89a\xff",
        b"\x00text",
        b" %PDF\xff",
    ],
)
def test_what_a_browser_could_run_is_not_kept(content: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        sniffed(content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("scan.pdf", "scan.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\run.exe", "_.._run.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("...", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_name_is_shown_and_never_a_path(name: str, kept: str) -> None:
    assert safe_name(name) == kept


@pytest.mark.parametrize(
    ("address", "content", "answer"),
    [
        ("?name=a.pdf&sha256=" + "0" * 64, PDF, (400, "digest_mismatch")),
        ("?name=a.pdf&sha256=x", PDF, (400, "invalid")),
        ("?name=a.pdf&size=1", PDF, (400, "unknown_field")),
        ("?name=a.html", b"<b>x</b>", (415, "unsupported_media_type")),
        ("", b"", (400, "attachment_empty")),
    ],
)
def test_an_upload_that_is_not_what_it_says_is_refused(
    north: make.Clinic, address: str, content: bytes, answer: Any
) -> None:
    sent = north.http.post(f"/api/v1/attachments{address}", data=content, content_type="application/octet-stream")

    assert (sent.status_code, sent.json()["code"]) == answer
