"""Keeping files, hanging them on something, and opening them again."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from backend.attachments import policies, scanning
from backend.attachments.models import HOLDERS, Attachment, Tie
from backend.attachments.sniffing import safe_name, sniffed
from backend.audit import work
from backend.audit.access_log import log_looks
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.problems import BadRequest, Conflict, Forbidden, TooLarge, invalid

ScanState = Attachment.ScanState
REFUSED = "The virus scanner refused this file, so it is not opened for anybody. Ask whoever sent it for another copy."


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
    file = Attachment(
        organization_id=actor.organization_id,
        link_id=actor.link_id,
        name=safe_name(name),
        media_type=sniffed(content),
        size=len(content),
        sha256=digest,
        content=content,
        scan_state=ScanState.WAITING if scanning.is_on() else ScanState.NOT_SCANNED,
        by=actor.display,
    )
    file.save(force_insert=True)
    if scanning.is_on():
        work.queue(scanning.SCAN, file.pk, organization_id=file.organization_id, due_at=clock.now())
    return file


def hang(
    ids: Iterable[UUID], tie: Callable[[UUID], Tie], *, pointer: str, kept: Collection[UUID] = frozenset()
) -> None:
    """Ties uploads of the caller's own that are still free, besides those that are ``kept``.

    The database knows which are free: a trigger takes each once.
    """
    for index, pk in enumerate(ids):
        if pk in kept:
            continue
        try:
            with transaction.atomic():
                tie(pk).save(force_insert=True)
        except IntegrityError as error:
            raise invalid(
                f"{pointer}/{index}", "There is no such file of yours that is still free.", code="unknown_attachment"
            ) from error


def open_file(file_id: UUID | str, *, actor: Actor, ties: Iterable[UUID] | None = None) -> Attachment:
    """One file with its bytes, among ``ties`` when they are given; the look is logged where what it hangs on says so.

    404 when it is not the caller's to see, 403 for who opens no files, 409 while it waits for the scanner or was refused.
    """
    files = Attachment.objects.visible_to(actor)
    found: Attachment = (files if ties is None else files.filter(pk__in=ties)).one(file_id)
    if not actor.reads_clinical:
        raise Forbidden("Files are read by practitioners.", code="right_required")
    check_scope(found, actor)
    check_served(found, actor)
    if found.hangs_on:
        holder = HOLDERS[found.hangs_on]
        look = holder.look(holder.ties.objects.visible_to(actor).get(pk=found.pk), actor)
        log_looks(actor, [look] if look else [])
    return found


def check_scope(file: Attachment, actor: Actor) -> None:
    """403 for a token that may not read what the file hangs on."""
    scopes = [holder.scope for name, holder in HOLDERS.items() if file.hangs_on in ("", name)]
    if not any(actor.allows(f"{scope}:read") for scope in scopes):
        raise Forbidden(f"This token does not carry the scope {scopes[0]}:read.", code="insufficient_scope")


def check_served(file: Attachment, actor: Actor) -> None:
    """409 for what the scanner refused, and, for everybody but its uploader, for what it has not seen yet."""
    if file.scan_state == ScanState.REFUSED:
        raise Conflict(REFUSED, code="file_refused")
    if file.scan_state == ScanState.WAITING and not policies.is_uploader(actor, file):
        raise Conflict(
            "The virus scanner has not looked at this file yet. Try again in a minute.", code="not_scanned_yet"
        )
    if file.sha256_now != file.sha256:
        raise Conflict("This file is not what was uploaded any more, so it is not opened.", code="file_changed")


def is_served(file: Attachment, actor: Actor) -> bool:
    """Whether the actor would get the bytes."""
    try:
        check_served(file, actor)
    except Conflict:
        return False
    return True


def check_none_refused(files: Iterable[Mapping[str, Any]]) -> None:
    """409 while one of these is a file that nobody will be able to open."""
    for file in files or ():
        if file["scan_state"] == ScanState.REFUSED:
            raise Conflict(f"The virus scanner refused “{file['name']}”. Take it off first.", code="file_refused")


def download(file: Attachment) -> HttpResponse:
    """Never rendered in our origin: an attachment, not sniffed again, in a sandbox."""
    response = HttpResponse(bytes(file.content), content_type=file.media_type)
    response["Content-Disposition"] = content_disposition_header(True, file.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:"  # RFC 9530
    return response
