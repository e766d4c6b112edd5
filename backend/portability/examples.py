"""The examples of the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

EXPORT_ID = "019a9f00-0000-7000-8000-000000000071"
WAITING: dict[str, Any] = {
    "id": EXPORT_ID,
    "version": 1,
    "client": {"id": "019a9f00-0000-7000-8000-000000000002", "display": "Nora Feld"},
    "include": "all",
    "state": "waiting",
    "progress": 0,
    "failed_because": None,
    "detail": None,
    "requested_by": "Jo Lind",
    "created_at": "2026-11-26T16:20:00Z",
    "finished_at": None,
    "expires_at": None,
    "files": [],
}
DONE: dict[str, Any] = {
    **WAITING,
    "version": 4,
    "state": "done",
    "progress": 100,
    "finished_at": "2026-11-26T16:20:03Z",
    "expires_at": "2026-11-27T16:20:03Z",
    "files": [
        {
            "format": name,
            "href": f"/api/v1/exports/{EXPORT_ID}/{name}",
            "size": size,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        }
        for name, size in (("json", 48_210), ("pdf", 93_004), ("zip", 214_377))
    ],
}
RECORD: dict[str, Any] = {
    "format": "trialogue-client-export",
    "version": 1,
    "export_id": EXPORT_ID,
    "made_at": "2026-11-26T16:20:03Z",
    "organization": {"id": "019a9f00-0000-7000-8000-000000000003", "display": "Calm Hands Massage"},
    "requested_by": {"kind": "member", "display": "Jo Lind"},
    "client": WAITING["client"],
    "include": "all",
    "index": [{"section": "client", "title": "The client", "count": 1}],
    "withheld": [],
    "left_out": [],
    "sections": {"client": [{"id": WAITING["client"]["id"], "display": "Nora Feld"}]},
}
ASK = OpenApiExample("Everything you may read", value={"include": "all"}, request_only=True)
HAND_ON = OpenApiExample("What may leave the clinic", value={"include": "to_hand_on"}, request_only=True)
ACCEPTED = OpenApiExample("Being made", value=WAITING, response_only=True, status_codes=["202"])
FINISHED = OpenApiExample("Done", value=DONE, response_only=True)
THE_RECORD = OpenApiExample("The beginning of a record", value=RECORD, response_only=True)
