"""What must hold at send and at accept: consent, credential, not oneself, red flags. Each asks in a statement of its own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from backend.catalog.queries import catalog
from backend.clients.models import Consent
from backend.directory.eligibility import credential_problem, eligible_roles, today_at
from backend.directory.models import Credential, PractitionerRole
from backend.lib.actor import ANONYMOUS
from backend.lib.prepared import PreparedModels, Statement
from backend.lib.problems import Conflict, Problem, invalid
from backend.referrals import workflow as w
from backend.referrals.models import Package, Referral

HOW_TO_GET_CONSENT = "Record the client's yes under consents, or ask the client by link (ask_consent)."


def needs_consent(referral: Referral) -> bool:
    """Sharing inside one organization, and advice without a client, need none."""
    return referral.client_id is not None and not referral.is_inside_one_organization


def covering_consent(referral: Referral, *, guest_email: str = "") -> Consent | None:
    """A consent in force whose circle holds both the sender and the recipient."""
    if referral.client_id is None:
        return None
    for consent in CONSENTS.found(
        ANONYMOUS, client_id=referral.client_id, organization_id=referral.sender_organization_id
    ):
        if referral.is_guest:
            covered = consent.covers(guest=guest_email)
        elif referral.is_pool:
            covered = consent.covers(pool=(referral.discipline, referral.pool_near))
        else:
            covered = consent.covers(referral.recipient_organization_id) and not _excludes(consent, referral)
        if covered:
            return consent
    return None


CONSENTS: PreparedModels[Consent] = PreparedModels(
    lambda actor, client_id, organization_id: (
        Consent.objects.in_force()
        .filter(client_id=client_id, organization_ids__contains=[organization_id])
        .order_by("-given_at")
    )
)


def _excludes(consent: Consent, referral: Referral) -> bool:
    role = referral.recipient_role
    return role is not None and role.practitioner_id in consent.excluded_practitioner_ids


def consent_missing(referral: Referral) -> Problem:
    return Conflict(
        "The client has not said yes to sharing with this recipient.",
        code="consent_required",
        missing=["consent"],
        how=HOW_TO_GET_CONSENT,
    )


def consent_holds(referral: Referral) -> bool:
    """Asks now, and locks the consent's row, so that a withdrawal waits for this transaction or has won."""
    if not needs_consent(referral):
        return True
    with CONSENT_HOLDS.run(referral.id) as cursor:
        return bool(cursor.fetchone()[0])


CONSENT_HOLDS = Statement("SELECT consent_holds($1)", "uuid")


def check_client_allows(referral: Referral) -> None:
    """409 when the client died or has stopped sharing with this recipient."""
    if referral.client_id is None:
        return
    with CLIENT_ALLOWS.run(referral.id) as cursor:
        holds, died = cursor.fetchone()
    if died:
        raise client_deceased()
    if needs_consent(referral) and not holds:
        raise Conflict(
            "The client has stopped sharing.", code="consent_required", missing=["consent"], how="Ask the sender."
        )


CLIENT_ALLOWS = Statement("SELECT consent_holds($1), client_died($1)", "uuid")


def check_client_lives(referral: Referral) -> None:
    """409 for what would begin something for a client who died."""
    if client_died(referral):
        raise client_deceased()


def client_died(referral: Referral) -> bool:
    if referral.client_id is None:
        return False
    with CLIENT_DIED.run(referral.id) as cursor:
        return bool(cursor.fetchone()[0])


CLIENT_DIED = Statement("SELECT client_died($1)", "uuid")


def client_deceased() -> Problem:
    return Conflict(
        "This client died. What had not begun is withdrawn; what had begun waits for its final report.",
        code="client_deceased",
    )


def check_recipient_reads(referral: Referral) -> None:
    """409 when the recipient's reason to read has ended: what it received never grows."""
    with RECIPIENT_READS.run(referral.id) as cursor:
        if not cursor.fetchone()[0]:
            raise Conflict(
                "The two sides no longer share this: the client has stopped sharing, or the referral has ended. "
                "Ring them, or send another referral.",
                code="content_closed",
            )


RECIPIENT_READS = Statement("SELECT recipient_reads($1)", "uuid")


def check_role(role: PractitionerRole, *, of_discipline: str, who: str = "recipient") -> None:
    """409 when the practitioner's credential is not in force or their discipline does not fit."""
    if role.discipline != of_discipline:
        raise Conflict(f"{role.practitioner} practices another discipline here.", code="credential_invalid", party=who)
    held = HELD.found(ANONYMOUS, practitioner_id=role.practitioner_id)
    problem = credential_problem(role, today_at(role.organization), held)
    if problem:
        raise Conflict(problem, code="credential_invalid", party=who)


HELD: PreparedModels[Credential] = PreparedModels(
    lambda actor, practitioner_id: Credential.objects.filter(practitioner_id=practitioner_id)
)


def check_not_excluded(referral: Referral, role: PractitionerRole) -> None:
    """409 when the client has said "not this person" of who would take it."""
    if referral.client_id is None:
        return
    of_circle = CONSENTS.found(ANONYMOUS, client_id=referral.client_id, organization_id=role.organization_id)
    if any(role.practitioner_id in consent.excluded_practitioner_ids for consent in of_circle):
        raise Conflict("The client has asked that this person does not treat them; name a colleague.", code="excluded")


def check_recipient(referral: Referral) -> None:
    """The named role is credentialed; in a clinic or pool somebody is."""
    if referral.is_guest:
        return
    if referral.recipient_role is not None:
        check_role(referral.recipient_role, of_discipline=referral.discipline)
        return
    roles = eligible_roles(referral.discipline, referral.pool_near, today_at(referral.sender_organization))
    if referral.recipient_organization_id:
        roles = roles.filter(organization_id=referral.recipient_organization_id)
    sender = referral.sender_role.practitioner_id if referral.sender_role else None
    if referral.is_pool:
        roles = roles.exclude(organization_id=referral.sender_organization_id)
    if not roles.filter(~Q(practitioner_id=sender)).exists():
        code = "empty_pool" if referral.is_pool else "credential_invalid"
        raise Conflict("Nobody there can take this referral at the moment; choose somebody else.", code=code)


def pool_is_left(referral: Referral) -> bool:
    """Whether anybody who has not let it pass could still take a pool's referral."""
    kind = catalog().disciplines[referral.discipline].credential_kind
    with POOL_IS_LEFT.run(referral.id, kind) as cursor:
        return bool(cursor.fetchone()[0])


POOL_IS_LEFT = Statement("SELECT pool_is_left($1, $2)", "uuid", "text")


def check_not_oneself(referral: Referral) -> None:
    """Never to the same person, in whatever organization they work."""
    sender, recipient = referral.sender_role, referral.recipient_role
    if sender and recipient and sender.practitioner_id == recipient.practitioner_id:
        raise Conflict("This is a referral to yourself; choose a colleague.", code="self_referral")


def check_region(referral: Referral) -> None:
    """400 when nobody said which region it is about; a question without a client may be about none."""
    if referral.client_id is not None and not referral.regions:
        raise invalid("/regions", "Say which region this is about.", code="region_required")


def check_red_flags(referral: Referral, package: Package) -> None:
    """Red flags are asked, and never block a referral to someone who can act on them."""
    answers = package.red_flags or {}
    if not answers.get("asked"):
        raise Conflict("Ask about red flags for this region first.", code="red_flags_unanswered")
    urgencies = {catalog().red_flags[code].urgency for code in answers.get("positive", [])}
    if "emergency" in urgencies and not answers.get("emergency_action"):
        raise Conflict(
            "This needs emergency care now. Call, then record where you called or sent the client.",
            code="emergency_first",
            pointer="/red_flags/emergency_action",
        )
    if "same_day" in urgencies:
        if referral.priority != Referral.Priority.ASAP:
            raise Conflict("A red flag of the same day needs the priority asap.", code="priority_too_low")
        if referral.discipline != "medicine" and not answers.get("why_not_medicine"):
            raise Conflict(
                "Send this to medicine, or say in a sentence why not.",
                code="medicine_first",
                pointer="/red_flags/why_not_medicine",
            )


def holds_region(package: Package) -> bool:
    """Whether the region is held for the whole circle until somebody clears it."""
    positive = (package.red_flags or {}).get("positive", [])
    return any(catalog().red_flags[code].urgency in ("emergency", "same_day") for code in positive)


def check_identifier_free(referral: Referral, **identifier: Any) -> None:
    """409 ``identifier_taken`` when the clinic has given this number to another referral."""
    taken = Referral.objects.filter(**identifier).exclude(pk=referral.pk).values_list("id", flat=True).first()
    if taken is not None:
        raise Conflict(
            "This number is taken by another referral of yours.", code="identifier_taken", existing=str(taken)
        )


def similar_open(referral: Referral) -> Sequence[UUID]:
    """Open referrals of the same client to the same recipient for an overlapping region."""
    if referral.client_id is None:
        return []
    others = OPEN.found(ANONYMOUS, client_id=referral.client_id, sender_organization_id=referral.sender_organization_id)
    return [
        other.pk
        for other in others
        if other.pk != referral.pk
        and _goes_the_same_way(other, referral)
        and (not other.regions or catalog().overlaps(other.regions, referral.regions))
    ]


OPEN: PreparedModels[Referral] = PreparedModels(
    lambda actor, client_id, sender_organization_id: Referral.objects.filter(
        client_id=client_id, sender_organization_id=sender_organization_id, state__in=w.UNFINISHED
    ).only("id", "regions", "recipient_kind", "discipline", "recipient_role_id", "recipient_organization_id")
)


def _goes_the_same_way(other: Referral, referral: Referral) -> bool:
    if referral.recipient_role_id:
        return other.recipient_role_id == referral.recipient_role_id
    if referral.recipient_organization_id:
        return other.recipient_organization_id == referral.recipient_organization_id
    return referral.is_pool and other.is_pool and other.discipline == referral.discipline
