"""Asks for exports in tests, lets the worker make them, and reads what is in them."""

import io
import json
import zipfile
from typing import Any

from backend.audit.work import run_due
from tests import make


def ask(who: Any, client_id: str, include: str = "all", status: int = 202) -> Any:
    answer = _http(who).send("POST", f"clients/{client_id}/export", {"include": include})
    assert answer.status_code == status, (answer.status_code, answer.content)
    return answer.json()


def made(who: Any, client_id: str, include: str = "all") -> Any:
    """An export that the worker has finished, as its requester reads it."""
    asked = ask(who, client_id, include)
    run_due()
    export = _http(who).send("GET", f"exports/{asked['id']}").json()
    assert (export["state"], export["progress"]) == ("done", 100), export
    return export


def taken(who: Any, export: Any, kind: str = "json", status: int = 200) -> bytes:
    answer = _http(who).send("GET", f"exports/{export['id']}/{kind}")
    assert answer.status_code == status, (answer.status_code, answer.content if not answer.streaming else "")
    content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content


def exported(who: Any, client_id: str, include: str = "all") -> Any:
    """The JSON file of a fresh export."""
    return json.loads(taken(who, made(who, client_id, include)))


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def ids_in(document: Any, section: str) -> list[str]:
    return [row["id"] for row in document["sections"].get(section, [])]


def _http(who: Any) -> make.Api:
    return who if isinstance(who, make.Api) else who.http
