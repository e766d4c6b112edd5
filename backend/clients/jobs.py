"""Work that waits: a consent that runs out, and saying so fourteen days before."""

from functools import partial
from uuid import UUID

from backend.audit import work
from backend.audit.events import record
from backend.clients.models import Consent
from backend.clients.services.consents import ANNOUNCE, EXPIRE, expire_consent
from backend.lib import clock
from backend.lib.unit_of_work import current_actor


@work.handles(EXPIRE)
def end_what_ran_out(claim: work.Claim) -> None:
    work.do_in_organization(claim, partial(_expire, claim.subject_id))


@work.handles(ANNOUNCE)
def announce_the_end(claim: work.Claim) -> None:
    work.do_in_organization(claim, partial(_announce, claim.subject_id))


def _expire(consent_id: UUID) -> None:
    consent = _given(consent_id)
    if consent is not None and consent.ends_at is not None and consent.ends_at <= clock.now():
        expire_consent(consent, actor=current_actor())


def _announce(consent_id: UUID) -> None:
    consent = _given(consent_id)
    if consent is not None and consent.is_in_force:
        told = [consent.organization_id]
        record(
            "consent.expiring", subject=consent, actor=current_actor(), organizations=told, client_id=consent.client_id
        )


def _given(consent_id: UUID) -> Consent | None:
    return Consent.objects.visible_to(current_actor()).filter(pk=consent_id, status=Consent.Status.GIVEN).first()
