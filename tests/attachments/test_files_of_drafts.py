"""A file comes off a draft again, by its sender's staff only, and never off what was sent."""

import pytest
from django.db import DatabaseError, connection, transaction

from backend.attachments.models import Attachment
from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from tests import make

PDF = b"%PDF-1.4 imaging"


def upload(clinic: make.Clinic) -> str:
    answer = clinic.http.post("/api/v1/attachments?name=a.pdf", data=PDF, content_type="application/octet-stream")
    return str(answer.json()["id"])


def draft_with_a_file(north: make.Clinic, south: make.Clinic) -> tuple[str, str]:
    file = upload(north)
    client = make.client(north)["id"]
    draft = make.referral(north, south, client_id=client, send=False, attachment_ids=[file])
    return draft["id"], file


def take_off(clinic: make.Clinic | make.Person, referral: str, file: str, version: str) -> tuple[int, str]:
    answer = clinic.http.send("DELETE", f"referrals/{referral}/attachments/{file}", **{"If-Match": version})
    return answer.status_code, "" if answer.status_code == 204 else answer.json()["code"]


def version_of(clinic: make.Clinic, referral: str) -> str:
    return str(clinic.http.send("GET", f"referrals/{referral}")["ETag"])


def remaining(clinic: make.Clinic) -> list[str]:
    """The files that the clinic sees, kept or attached."""
    actor = clinic.practitioner.actor
    with acting_as(actor):
        return [str(pk) for pk in Attachment.objects.visible_to(actor).values_list("pk", flat=True)]


def test_a_file_is_taken_off_a_draft_and_is_gone(north: make.Clinic, south: make.Clinic) -> None:
    draft, file = draft_with_a_file(north, south)

    assert take_off(north, draft, file, version_of(north, draft)) == (204, "")

    body = north.http.send("GET", f"referrals/{draft}").json()
    assert (body["attachments"], body["version"]) == ([], 2)
    assert remaining(north) == []
    told = Event.objects.filter(type="referral.changed").values_list("organization_id", "related")
    assert [(str(org), related) for org, related in told] == [(north.id, {"attachment_id": file})]


def test_what_was_sent_keeps_its_files(north: make.Clinic, south: make.Clinic) -> None:
    file = upload(north)
    sent = make.sent(north, south, attachment_ids=[file])["id"]
    version = version_of(north, sent)

    assert take_off(north, sent, file, version) == (409, "wrong_state")
    assert take_off(south, sent, file, version) == (403, "wrong_party")

    assert [row["id"] for row in north.http.send("GET", f"referrals/{sent}").json()["attachments"]] == [file]


def test_nobody_else_takes_a_file_off(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    draft, file = draft_with_a_file(north, south)
    other_draft, _ = draft_with_a_file(north, south)
    version = version_of(north, draft)

    assert take_off(south, draft, file, version) == (404, "not_found")
    assert take_off(outsider, draft, file, version) == (404, "not_found")
    assert take_off(north.admin, draft, file, version) == (403, "right_required")
    assert take_off(north, other_draft, file, version) == (404, "not_found")
    assert take_off(north, draft, file, '"7.1"') == (412, "stale")

    assert file in remaining(north)


@pytest.mark.parametrize(
    ("table", "column"), [("referrals_referralfile", "attachment_id"), ("attachments_attachment", "id")]
)
def test_the_database_lets_no_file_off_what_was_sent(
    north: make.Clinic, south: make.Clinic, table: str, column: str
) -> None:
    file = upload(north)
    make.sent(north, south, attachment_ids=[file])

    for person in (north.practitioner, south.practitioner):
        with pytest.raises(DatabaseError), acting_as(person.actor), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE {column} = %s", [file])

    assert remaining(north) == [file]
