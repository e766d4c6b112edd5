"""Files that tests need, uploaded through the API."""

from typing import Any

from tests import make

PDF, PNG, TEXT = b"%PDF-1.4 imaging", b"\x89PNG\r\n\x1a\n posture", b"plain words"


def uploaded(who: make.Clinic | make.Person, content: bytes = PDF, name: str = "a.pdf") -> Any:
    """What the API says of a new file."""
    address = f"/api/v1/attachments?name={name}"
    answer = who.http.post(address, data=content, content_type="application/octet-stream")
    assert answer.status_code == 201, answer.content
    return answer.json()


def opened(http: make.Api, file: Any) -> Any:
    """The answer to a download."""
    return http.send("GET", f"attachments/{file if isinstance(file, str) else file['id']}/content")
