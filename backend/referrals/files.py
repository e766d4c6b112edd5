"""Files that go with a referral or one of its reports."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from backend.attachments.models import HOLDERS, Attachment, Holder
from backend.attachments.services import check_served, hang, store_attachment
from backend.audit import events
from backend.audit.access_log import Look
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict, Forbidden
from backend.lib.rest.views import check_version
from backend.referrals import policies
from backend.referrals import workflow as w
from backend.referrals.models import Referral, ReferralFile, Report
from backend.referrals.workflow import WORKFLOW

if TYPE_CHECKING:
    from django.db.models import QuerySet


def look_at(file: ReferralFile, actor: Actor) -> Look | None:
    """What is logged when one is opened: a look at the client of another clinic."""
    referral = Referral.objects.visible_to(actor).one(file.referral_id)
    if referral.client_id is None or referral.sender_organization_id == actor.organization_id:
        return None
    why = "guest_link" if actor.kind == ActorKind.GUEST else "referral"
    return Look("attachment", file.pk, referral.client_id, referral.sender_organization_id, why=why)


HOLDERS["referral"] = Holder(ReferralFile, "referrals", look_at)


def files_of(referral_id: UUID, actor: Actor) -> "QuerySet[ReferralFile, UUID]":
    """Ids of the files of a referral and its reports, as far as the caller sees them."""
    return ReferralFile.objects.visible_to(actor).filter(referral_id=referral_id).values_list("pk", flat=True)


def attach(ids: Iterable[UUID], *, referral: Referral, actor: Actor, report: Report | None = None) -> None:
    """Ties uploaded files of the caller's own to a referral or its report."""
    tie = partial(
        ReferralFile, referral=referral, report=report, organization_id=actor.organization_id, link_id=actor.link_id
    )
    hang(ids, lambda pk: tie(attachment_id=pk), pointer=f"/{'report/' if report else ''}attachment_ids")


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
    file = ReferralFile.objects.visible_to(actor).filter(referral=referral, report=None).one(attachment_id)
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
    """The files of a referral go along when it is sent to somebody else, but for what the scanner refused.

    The copies are the sender's own, so what another uploaded has to be scanned first: 409 ``not_scanned_yet``.
    """
    ties = ReferralFile.objects.visible_to(actor).filter(referral=old, report=None)
    files = Attachment.objects.visible_to(actor).filter(pk__in=ties.values("pk"))
    for file in files.exclude(scan_state=Attachment.ScanState.REFUSED):
        check_served(file, actor)
        kept = store_attachment(actor=actor, name=file.name, content=bytes(file.content))
        attach([kept.pk], referral=to, actor=actor)
