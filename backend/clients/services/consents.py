"""A client's yes and no: one consent is one circle; withdrawing it works on the very next request."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.audit import work
from backend.audit.events import record
from backend.clients.hooks import tell_of_consent_ended
from backend.clients.models import Access, Client, Consent
from backend.clients.policies import WORKS, answers_for_consent, refuse_unless
from backend.clients.queries import ANNOUNCED, ask_guard, audience_of, homes_of
from backend.clients.services.taking import shared_client
from backend.directory.models import Organization, Practitioner
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import BadRequest, Conflict, FieldError, invalid

MOST_LATE = timedelta(days=7)
EXPIRE, ANNOUNCE = "consent.expire", "consent.announce"


def give_consent(
    client_id: UUID,
    *,
    actor: Actor,
    categories: Iterable[str],
    organization_ids: Sequence[UUID] = (),
    guests: Iterable[str] = (),
    pools: Iterable[dict[str, str]] = (),
    method: str = Consent.Method.LINK,
    given_by_name: str = "",
    given_by_relationship: str = "self",
    expires_on: date | None = None,
    excluded_practitioner_ids: Sequence[UUID] = (),
    occurred_at: datetime | None = None,
) -> Consent:
    """The client's yes. The recording clinic is always in the circle; for a client's own answer that is the first of
    ``organization_ids`` (the clinic that asked), else home.

    ``expires_on`` is the last day, in the recording clinic's time zone. A client's own answer is by ``link``; staff
    record how the client told them.
    """
    client = shared_client(actor, client_id)
    refuse_unless(answers_for_consent(actor), WORKS)
    if client.status == Client.Status.DECEASED:
        raise Conflict("This client died; no new consent can be recorded.", code="client_deceased")
    if occurred_at and not timedelta() <= clock.now() - occurred_at <= MOST_LATE:
        raise invalid("/occurred_at", "This lies in the future or more than 7 days back.")
    organization = _recording_organization(actor, client, organization_ids)
    _refuse_unknown("/organization_ids", Organization, organization_ids)
    _refuse_unknown("/excluded_practitioner_ids", Practitioner, excluded_practitioner_ids)
    consent = Consent(
        client=client,
        organization=organization,
        organization_ids=list(dict.fromkeys([organization.pk, *organization_ids])),
        guests=list(dict.fromkeys(guest.strip().lower() for guest in guests)),
        pools=[{"discipline": pool["discipline"], "near": pool.get("near", "").strip()} for pool in pools],
        categories=[category for category in Consent.Category.values if category in set(categories)],
        excluded_practitioner_ids=list(dict.fromkeys(excluded_practitioner_ids)),
        occurred_at=occurred_at,
    )
    _refuse_widening(consent, actor)
    _answered(consent, actor, method, given_by_name, given_by_relationship, expires_on, organization)
    consent.save(force_insert=True)
    _queue_end(consent)
    _tell("consent.given", consent, actor)
    return consent


def refuse_consent(
    client_id: UUID,
    *,
    actor: Actor,
    organization_ids: Sequence[UUID] = (),
    method: str = Consent.Method.LINK,
    given_by_name: str = "",
    given_by_relationship: str = "self",
) -> Consent:
    """The client's no, kept by the clinic that asked; nobody else learns that it asked.

    For a client's own answer the first of ``organization_ids`` is the clinic that asked.
    """
    client = shared_client(actor, client_id)
    refuse_unless(answers_for_consent(actor), WORKS)
    organization = _recording_organization(actor, client, organization_ids)
    consent = Consent(
        client=client,
        organization=organization,
        organization_ids=[organization.pk],
        categories=[],
        status=Consent.Status.REFUSED,
    )
    _answered(consent, actor, method, given_by_name, given_by_relationship, None, organization)
    consent.save(force_insert=True)
    record("consent.refused", subject=consent, actor=actor, organizations=[organization.pk], client_id=client.pk)
    return consent


def renew_consent(
    consent_id: UUID,
    *,
    actor: Actor,
    expires_on: date | None = None,
    method: str = Consent.Method.LINK,
    given_by_name: str = "",
    given_by_relationship: str = "self",
) -> Consent:
    """The same circle until a later day: the client said yes again. The earlier answer is kept beside it."""
    consent = _locked_consent(consent_id, actor)
    refuse_unless(answers_for_consent(actor), WORKS)
    if not consent.is_in_force:
        raise Conflict("This consent has ended; record a new one.", code="consent_over")
    old_end = consent.ends_at
    consent.earlier = [*consent.earlier, _answer_of(consent)]
    _answered(consent, actor, method, given_by_name, given_by_relationship, expires_on, consent.organization)
    if old_end is None or (consent.ends_at is not None and consent.ends_at < old_end):
        raise invalid("/expires_on", "A renewal ends later than the consent does now.")
    consent.version += 1
    consent.save()
    ask_guard("SELECT extend_access_of_consent(%s, %s)", [consent.pk, old_end])
    _queue_end(consent)
    _tell("consent.changed", consent, actor)
    return consent


def withdraw_consent(consent_id: UUID, *, actor: Actor, reason: str = "") -> Consent:
    """Ends the circle now: everything it alone opened is closed for the next request, on every way out."""
    consent = _locked_consent(consent_id, actor)
    refuse_unless(answers_for_consent(actor), WORKS)
    if consent.status != Consent.Status.GIVEN:
        raise Conflict("This consent is not in force any more.", code="consent_over")
    consent.status, consent.version = Consent.Status.WITHDRAWN, consent.version + 1
    consent.withdrawn_at, consent.withdrawn_reason = clock.now(), reason
    consent.save(update_fields=["status", "version", "withdrawn_at", "withdrawn_reason"])
    work.drop([EXPIRE, ANNOUNCE], consent.pk)
    _end(consent, actor, type="consent.withdrawn", because="consent_withdrawn")
    return consent


def expire_consent(consent: Consent, *, actor: Actor) -> None:
    """The last day is over: access has ended by itself; this says so. Done twice it says nothing more."""
    _end(consent, actor, type="consent.expired", because="consent_expired")


def _locked_consent(consent_id: UUID, actor: Actor) -> Consent:
    """The client first, then the consent, read again under the lock."""
    shared_client(actor, Consent.objects.visible_to(actor).one(consent_id).client_id)
    return Consent.objects.visible_to(actor).locked().one(consent_id)


def _recording_organization(actor: Actor, client: Client, asked: Sequence[UUID]) -> Organization:
    organization_id = actor.organization_id
    if actor.kind == ActorKind.CLIENT:
        organization_id = asked[0] if asked else homes_of(client.pk)[0]
    found: Organization = Organization.objects.one(organization_id)
    return found


def _answered(
    consent: Consent,
    actor: Actor,
    method: str,
    given_by_name: str,
    given_by_relationship: str,
    expires_on: date | None,
    organization: Organization,
) -> None:
    """How and by whom the answer was given, and until when it holds."""
    by_client = actor.kind == ActorKind.CLIENT
    if not by_client and method == Consent.Method.LINK:
        raise invalid(
            "/method",
            "Only the client answers by link: send a referral with ask_consent, or say how the client told you.",
            code="link_is_answered_by_the_client",
        )
    consent.method = Consent.Method.LINK if by_client else method
    consent.given_by_name = given_by_name or consent.client.display
    consent.given_by_relationship = given_by_relationship
    consent.recorded_by_member_id = actor.member_id
    consent.recorded_by = actor.display[:200]
    consent.given_at = clock.now()
    consent.expires_on, consent.ends_at = expires_on, _end_of(expires_on, organization)
    if consent.ends_at is not None and consent.ends_at <= clock.now():
        raise invalid("/expires_on", "This day is over.", code="in_the_past")


def _answer_of(consent: Consent) -> dict[str, str | None]:
    return {
        "method": consent.method,
        "given_by_name": consent.given_by_name,
        "given_by_relationship": consent.given_by_relationship,
        "given_at": consent.given_at.astimezone(UTC).isoformat(),
        "recorded_by": consent.recorded_by,
        "expires_on": consent.expires_on.isoformat() if consent.expires_on else None,
    }


def _end_of(day: date | None, organization: Organization) -> datetime | None:
    """The moment at which a local day is over."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(organization.time_zone)).astimezone(UTC)


def _queue_end(consent: Consent) -> None:
    work.drop([EXPIRE, ANNOUNCE], consent.pk)
    if consent.ends_at is None:
        return
    work.queue(EXPIRE, consent.pk, organization_id=consent.organization_id, due_at=consent.ends_at)
    work.queue(ANNOUNCE, consent.pk, organization_id=consent.organization_id, due_at=_announced_at(consent.ends_at))


def _announced_at(ends_at: datetime) -> datetime:
    """Fourteen days before the end; half way there when it is closer than that."""
    now = clock.now()
    return ends_at - ANNOUNCED if ends_at - ANNOUNCED > now else now + (ends_at - now) / 2


def _end(consent: Consent, actor: Actor, *, type: str, because: str) -> None:
    ended = ask_guard("SELECT * FROM end_access_of_consent(%s, %s)", [consent.pk, because])
    homes = homes_of(consent.client_id)
    record(
        type,
        subject=consent,
        actor=actor,
        organizations=[*consent.organization_ids, *homes],
        client_id=consent.client_id,
        always=True,
    )
    for access_id, organization_id, client_id, referral_id in ended:
        related = {"reason": because, "consent_id": str(consent.pk)}
        record(
            "access.ended",
            subject=Access(pk=access_id),
            actor=actor,
            organizations=[organization_id, *homes],
            client_id=client_id,
            related={**related, **({"referral_id": str(referral_id)} if referral_id else {})},
            always=True,
        )
    tell_of_consent_ended(consent, actor)


def _tell(type: str, consent: Consent, actor: Actor) -> None:
    """The members of the circle that see the client already; the others hear of it when they are sent something."""
    told = {consent.organization_id, *(set(audience_of(consent.client_id)) & set(consent.organization_ids))}
    record(type, subject=consent, actor=actor, organizations=told, client_id=consent.client_id)


def _refuse_widening(consent: Consent, actor: Actor) -> None:
    """409 when staff who are not home would open what others wrote about the client: sharing is not transitive.

    They may name clinics that are new to this client, for what they write themselves. Home, and whoever shares by a yes
    that another clinic recorded, share no more than they do already, unless home or the client says so.
    """
    if actor.kind == ActorKind.CLIENT or actor.organization_id is None:
        return
    homes = set(homes_of(consent.client_id))
    if actor.organization_id in homes:
        return
    in_force = Consent.objects.visible_to(actor).in_force().filter(client_id=consent.client_id)
    others = list(in_force.exclude(organization_id=actor.organization_id))
    known = homes.union(*(other.organization_ids for other in others)) - {actor.organization_id}
    covered = any(consent.shares_no_more_than(other) for other in others)
    if known.intersection(consent.organization_ids) and not covered:
        raise Conflict(
            "Another clinic would share more by this than the client has said there. Ask the client by link, or let the "
            "clinic that registered them record it.",
            code="client_is_asked",
        )


def _refuse_unknown(pointer: str, model: type[Organization] | type[Practitioner], ids: Sequence[UUID]) -> None:
    known = set(model.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    errors = [
        FieldError(f"{pointer}/{index}", "The directory does not know this one.", "unknown")
        for index, wanted in enumerate(ids)
        if wanted not in known
    ]
    if errors:
        raise BadRequest(errors[0].detail, code="unknown", errors=errors)
