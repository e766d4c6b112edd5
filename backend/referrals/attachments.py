"""Files that go with a referral or report: sniffed, bounded, hashed, never trusted by name."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse

from backend.audit import events
from backend.audit.access_log import Look, log_looks
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import BadRequest, Conflict, Forbidden, Problem, TooLarge, invalid
from backend.lib.rest.views import check_version
from backend.referrals import policies
from backend.referrals import workflow as w
from backend.referrals.models import Attachment, Referral, Report
from backend.referrals.workflow import WORKFLOW

# The first bytes of what is accepted. A picture or a document, nothing that a browser would run.
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


class UnsupportedMedia(Problem):
    status, title, default_code = 415, "Not a file we can keep", "unsupported_media_type"


def store_attachment(*, actor: Actor, name: str, content: bytes, sha256: str | None = None) -> Attachment:
    """Keeps the bytes until they are attached. 413 too large, 415 unknown kind, 400 when the digest differs."""
    if len(content) > settings.ATTACHMENT_MAX_BYTES:
        raise TooLarge(
            f"A file may have at most {settings.ATTACHMENT_MAX_BYTES // 1_000_000} MB.", code="attachment_too_large"
        )
    if not content:
        raise BadRequest("The file is empty.", code="attachment_empty")
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and sha256.lower() != digest:
        raise BadRequest("The file was damaged on its way: the digest differs. Send it again.", code="digest_mismatch")
    attachment = Attachment(
        organization_id=actor.organization_id,
        link_id=actor.link_id,
        name=safe_name(name),
        media_type=sniffed(content),
        size=len(content),
        sha256=digest,
        content=content,
        by=actor.display,
    )
    attachment.save(force_insert=True)
    return attachment


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


def read(attachment_id: UUID, *, actor: Actor, referral_id: UUID | None = None) -> Attachment:
    """One file, of this referral when one is named. The look is logged where the client is another clinic's.

    404 when it is not the caller's to see, 403 for who reads nothing clinical.
    """
    files = Attachment.objects.visible_to(actor).select_related("referral")
    if referral_id is not None:
        files = files.filter(referral_id=referral_id)
    found: Attachment = files.one(attachment_id)
    if not policies.may_read_clinical(actor):
        raise Forbidden("Files are read by practitioners.", code="right_required")
    referral = found.referral
    if referral is not None and referral.client_id and referral.sender_organization_id != actor.organization_id:
        look = Look("attachment", found.id, referral.client_id, referral.sender_organization_id, why="referral")
        log_looks(actor, [look])
    return found


def download(found: Attachment) -> HttpResponse:
    """Never rendered in our origin: an attachment, not sniffed again, in a sandbox."""
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    ascii_name = found.name.encode("ascii", "replace").decode().replace("?", "_")
    response["Content-Disposition"] = f'attachment; filename="{ascii_name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Digest"] = f"sha-256={found.sha256}"
    return response


def attach(ids: Iterable[UUID], *, referral: Referral, actor: Actor, report: Report | None = None) -> None:
    """Ties uploaded files of the caller's own to a referral or its report."""
    for index, pk in enumerate(ids):
        pointer = f"/{'report/' if report else ''}attachment_ids/{index}"
        mine = Attachment.objects.visible_to(actor).filter(pk=pk, referral=None)
        found = mine.filter(**_of(actor)).defer("content").first()
        if found is None:
            raise invalid(pointer, "There is no such file of yours that is still free.", code="unknown_attachment")
        Attachment.objects.filter(pk=found.pk).update(referral=referral, report=report)


def take_off(
    attachment_id: UUID | str, *, referral_id: UUID | str, actor: Actor, expected_version: int | None
) -> Referral:
    """Takes a file off a draft again; it is gone then.

    Raises 403 for who does not write this referral, 404 when it has no such file, 409 when it was sent already, 412 when
    it changed since it was read.
    """
    referral = Referral.objects.visible_to(actor).locked().one(referral_id)
    parties = policies.parties_of(actor, referral)
    if w.SENDER not in parties:
        raise Forbidden("Only the sender changes a draft.", code="wrong_party")
    policies.refuse_who_writes_none(actor)
    file = (
        Attachment.objects.visible_to(actor).filter(referral=referral, report=None).defer("content").one(attachment_id)
    )
    if referral.state != w.DRAFT:
        raise Conflict(
            "What was sent keeps its files; write a message, or withdraw it and send another.",
            code="wrong_state",
            state=referral.state,
            available=[row.name for row in WORKFLOW.available(referral, parties)],
        )
    check_version(referral.version, expected_version)
    file.delete()
    referral.version += 1
    referral.updated_at = clock.now()
    referral.save(update_fields=["version", "updated_at"])
    events.record(
        "referral.changed",
        subject=referral,
        actor=actor,
        organizations=referral.party_ids,
        client_id=referral.client_id,
        related={"attachment_id": str(attachment_id)},
    )
    return referral


def copy(old: Referral, *, to: Referral, actor: Actor) -> None:
    """The files of a referral go along when it is sent to somebody else."""
    for file in Attachment.objects.visible_to(actor).filter(referral=old, report=None):
        kept = store_attachment(actor=actor, name=file.name, content=bytes(file.content))
        attach([kept.id], referral=to, actor=actor)


def _of(actor: Actor) -> dict[str, UUID | None]:
    """Whose upload it is: an organization's, or that of who came by a link."""
    return {"organization_id": actor.organization_id, "link_id": actor.link_id}
