"""What a sheet has and lacks before it can be sent, in words: the gates are asked about it as it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Problem
from backend.referrals import drafts, gates
from backend.referrals.inputs import ReferralFields
from backend.referrals.models import Guest, Package, Referral
from backend.referrals.sources import roles_named
from backend.workspace import words
from backend.workspace.sheet import SAID, Sheet, fields_of

FIRST_THE_RECIPIENT = "Choose who it goes to first."


class Standing(StrEnum):
    READY = "ready"
    MISSING = "missing"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list beside the sheet."""

    name: str
    standing: Standing
    words: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """The sheet as the gates read it; nothing of it is written."""

    referral: Referral
    package: Package
    guest: Guest | None
    is_addressed: bool


def checks(sheet: Sheet, client: Client | None, actor: Actor, zone: str, draft_id: UUID | None) -> list[Check]:
    """``draft_id`` is the draft that the sheet changes, which is no duplicate of itself."""
    draft = _as_it_stands(sheet, client, actor, draft_id)
    return [
        _recipient(draft),
        _consent(draft, sheet, zone),
        _credential(draft),
        _region(draft),
        _red_flags(draft),
        _duplicate(draft),
    ]


def _as_it_stands(sheet: Sheet, client: Client | None, actor: Actor, draft_id: UUID | None) -> _Draft:
    known = catalog()
    fields = fields_of(sheet, client.pk if client else None)
    flags = [code for code in fields["red_flags"]["positive"] if code in known.red_flags]
    referral = Referral(
        id=draft_id or uuid7(),
        client=client,
        kind=sheet.kind,
        priority=sheet.priority,
        sender_organization_id=actor.clinic_id,
        regions=[place for place in sheet.regions if place["region"] in known.regions],
    )
    package = Package(referral=referral, red_flags={**fields["red_flags"], "positive": flags})
    named = ReferralFields(data={name: fields[name] for name in ("to", "practitioner_role_id") if name in fields})
    if not named.is_valid():
        return _Draft(referral, package, None, is_addressed=False)
    roles = roles_named(named.validated_data, actor)
    referral.sender_role = roles.get(
        named.validated_data.get("practitioner_role_id") or min(actor.role_ids, default=None)
    )
    try:
        guest = drafts.address(referral, named.validated_data["to"], roles)
    except Problem:
        return _Draft(referral, package, None, is_addressed=False)
    return _Draft(referral, package, guest, is_addressed=True)


def _refusal(gate: Callable[[], None]) -> str:
    """What a gate would say; empty when it lets this pass."""
    try:
        gate()
    except Problem as problem:
        return problem.detail
    return ""


def _asked(name: str, gate: Callable[[], None], ready: str) -> Check:
    refusal = _refusal(gate)
    return Check(name, Standing.MISSING if refusal else Standing.READY, refusal or ready)


def _recipient(draft: _Draft) -> Check:
    if not draft.is_addressed:
        return Check("Recipient", Standing.MISSING, "Choose who it goes to.")
    return _asked("Recipient", lambda: gates.check_not_oneself(draft.referral), f"{_whom(draft)}.")


def _whom(draft: _Draft) -> str:
    role, clinic = draft.referral.recipient_role, draft.referral.recipient_organization
    if role is not None:
        return f"{role.practitioner}, {role.organization}"
    if clinic is not None:
        return f"{clinic}, whoever is free there"
    return draft.guest.name if draft.guest else "Whoever takes it first"


def _consent(draft: _Draft, sheet: Sheet, zone: str) -> Check:
    ready = (Standing.READY, "No consent is needed.")
    if draft.referral.client_id is not None and not draft.is_addressed:
        ready = (Standing.MISSING, FIRST_THE_RECIPIENT)
    elif gates.needs_consent(draft.referral):
        ready = _consent_needed(draft, sheet, zone)
    return Check("Consent", *ready)


def _consent_needed(draft: _Draft, sheet: Sheet, zone: str) -> tuple[Standing, str]:
    consent = gates.covering_consent(draft.referral, guest_email=draft.guest.email if draft.guest else "")
    if consent is not None:
        until = f" until {words.day(consent.expires_on, words.today(zone))}" if consent.expires_on else ""
        return Standing.READY, f"The client has said yes to this recipient{until}."
    if sheet.said in SAID:
        return Standing.READY, "The client's yes is recorded when you send."
    if sheet.said == "link":
        return Standing.LOOK, "The client is asked first; it is sent when they say yes."
    refusal = gates.consent_missing(draft.referral).detail
    return Standing.MISSING, f"{refusal} Say under Consent how they said yes, or ask them by link."


def _credential(draft: _Draft) -> Check:
    if not draft.is_addressed:
        return Check("Credential", Standing.MISSING, FIRST_THE_RECIPIENT)
    if draft.referral.is_guest:
        return Check(
            "Credential", Standing.LOOK, "Nobody has checked the credential of a colleague without an account."
        )
    return _asked("Credential", lambda: gates.check_recipient(draft.referral), "In force.")


def _region(draft: _Draft) -> Check:
    chosen = words.places(draft.referral.regions)
    return _asked("Region", lambda: gates.check_region(draft.referral), f"{chosen or 'None is needed'}.")


def _red_flags(draft: _Draft) -> Check:
    found = len(draft.package.red_flags["positive"])
    ready = f"Asked: {found or 'none'} found."
    return _asked("Red flags", lambda: gates.check_red_flags(draft.referral, draft.package), ready)


def _duplicate(draft: _Draft) -> Check:
    if draft.is_addressed and gates.similar_open(draft.referral):
        return Check("Duplicate", Standing.LOOK, "One to the same recipient for the same region is open already.")
    return Check("Duplicate", Standing.READY, "No other one like it is open.")
