"""Signing: who signs, with which license, and a hash over what was signed; and whether it still is what was signed.

Each hash of a note covers the one before it: the note's own is the first, then each co-signature's and addendum's. The
events that tell of them carry them, so that rows and hashes cannot be changed together without the events.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet

from backend.directory.eligibility import credential_problem, is_enrolled, today_at, with_credential_in_force
from backend.directory.models import Credential, PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict, Forbidden, invalid
from backend.lib.rest.views import canonical
from backend.notes.models import Note, Signature

INTACT, CHANGED = "intact", "changed"
SIGNED, COSIGNED = "note.signed", "note.cosigned"
FIRST = ""  # what the first hash of a note covers of those before it
# What of a note's row is signed with its text: everything that was decided before signing.
SIGNED_FACTS = (
    "id", "client_id", "client_display", "organization_id", "author_role_id", "author_practitioner_id", "author_member_id",
    "discipline", "kind", "visit_id", "visibility", "shared_sections", "is_sensitive", "copied_from_id", "copied_parts", "untouched",
    "occurred_at", "recorded_at",
)  # fmt: skip
SIGNATURE_FACTS = (
    "signature_kind", "signed_by_role_id", "signed_by", "signed_license", "signed_at", "received_at", "signed_application_id",
    "signed_source", "document_sha256",
)  # fmt: skip
SIGNATURE_FIELDS = (
    "signature_kind", "signed_by_role", "signed_by", "signed_license", "signed_at", "received_at", "signed_application_id",
    "signed_source", "document_sha256", "content_hash",
)  # fmt: skip
COSIGNATURE_FACTS = ("cosigned_by_role_id", "cosigned_by", "cosigned_license", "cosigned_at")
ASK_FACTS = ("id", "kind", "region", "side", "technique", "sentence", "until")
FILE_FACTS = ("id", "name", "media_type", "size", "sha256")
ADDENDUM_FACTS = ("id", "reason", "section", "text", "occurred_at", "recorded_at")


def signature_for(actor: Actor, role: PractitionerRole, elsewhere: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of a signature by this role: here and now, or as the system says it was given elsewhere."""
    signer = {
        "signed_by_role": role,
        "signed_by": f"{role.practitioner}, {role.organization}",
        "signed_license": license_of(role),
        "received_at": clock.now(),
    }
    if elsewhere is None:
        return {**signer, "signature_kind": Signature.Kind.HERE, "signed_at": signer["received_at"]}
    return {
        **signer,
        "signature_kind": Signature.Kind.ELSEWHERE,
        "signed_at": elsewhere["signed_at"],
        "signed_application_id": actor.application_id,
        "signed_source": dict(elsewhere["source"]),
        "document_sha256": elsewhere.get("document_sha256", ""),
    }


def check_signs(actor: Actor, details: Mapping[str, Any]) -> None:
    """403 unless a person signs here, or a system delivers what a person signed elsewhere."""
    delivers = bool(details.get("signed_elsewhere"))
    if actor.kind == ActorKind.MEMBER and delivers:
        raise Forbidden("Only a clinic's system delivers what was signed elsewhere.", code="signature_required")
    if actor.kind != ActorKind.SYSTEM:
        return
    if not delivers:
        raise Forbidden(
            "A system does not sign. Deliver what the practitioner signed, with signed_elsewhere, or let them sign here.",
            code="signature_required",
        )
    if not actor.allows("notes:transmit"):
        raise Forbidden("This token does not carry the scope notes:transmit.", code="insufficient_scope")


def role_of_signer(actor: Actor, discipline: str, elsewhere: Mapping[str, Any] | None) -> PractitionerRole:
    """The role of the discipline in which the signer signs: the signed-in person's own, never a parameter.

    Elsewhere it is the one the system names, once that person has agreed (403 ``transmission_not_agreed``).
    """
    roles = PractitionerRole.objects.select_related("practitioner", "organization").filter(
        organization_id=actor.organization_id, ended_at=None, discipline=discipline
    )
    if elsewhere is None:
        role = roles.filter(pk__in=actor.role_ids).first()
        if role is None:
            raise Forbidden("You have no role of this discipline here to sign with.", code="signature_required")
        return cast(PractitionerRole, role)
    role = roles.filter(pk=elsewhere["practitioner_role_id"]).first()
    if role is None:
        raise invalid(
            "/signed_elsewhere/practitioner_role_id",
            "There is no such role of this discipline in your clinic.",
            code="unknown_role",
        )
    if role.transmission_agreed_at is None:
        raise Forbidden(
            f"{role.practitioner} has not agreed that this system delivers what they sign elsewhere.",
            code="transmission_not_agreed",
        )
    if elsewhere["signed_at"] > clock.now():
        raise invalid("/signed_elsewhere/signed_at", "This is in the future.", code="in_the_future")
    return cast(PractitionerRole, role)


def is_student(role: PractitionerRole) -> bool:
    """Whether the role may sign only with a colleague; 409 ``credential_invalid`` when it may not sign at all."""
    held, today = list(role.practitioner.credentials.all()), today_at(role.organization)
    problem = credential_problem(role, today, held)
    if problem is None:
        return False
    if is_enrolled(role, today, held):
        return True
    raise Conflict(problem, code="credential_invalid", party="signer")


def check_credential(role: PractitionerRole) -> None:
    """409 unless the role's credential is in force: a student neither amends nor co-signs."""
    held, today = role.practitioner.credentials.all(), today_at(role.organization)
    if problem := credential_problem(role, today, held):
        raise Conflict(problem, code="credential_invalid", party="signer")


def roles_that_cosign(note: Note) -> QuerySet[PractitionerRole]:
    """The roles of the note's clinic in which its colleagues may answer for it now."""
    roles = PractitionerRole.objects.filter(organization_id=note.organization_id, discipline=note.discipline)
    colleagues = roles.exclude(practitioner_id=note.author_practitioner_id)
    return with_credential_in_force(colleagues, note.discipline, today_at(note.organization))


def disciplines_cosigned_by(actor: Actor) -> list[str]:
    """The disciplines in which the actor may answer for a student now."""
    roles = PractitionerRole.objects.select_related("practitioner", "organization")
    held = roles.filter(pk__in=actor.role_ids, ended_at=None) if actor.treats else roles.none()
    return [
        role.discipline
        for role in held
        if credential_problem(role, today_at(role.organization), role.practitioner.credentials.all()) is None
    ]


def license_of(role: PractitionerRole) -> str:
    """The license, certification or enrollment the signer holds, as it stands."""
    kinds = (Credential.Kind.LICENSE, Credential.Kind.CERTIFICATION, Credential.Kind.ENROLLMENT)
    in_force = [
        c
        for c in role.practitioner.credentials.all()
        if c.discipline == role.discipline and c.is_in_force(today_at(role.organization))
    ]
    first = min(in_force, key=lambda c: kinds.index(c.kind), default=None)
    return f"{first.name} {first.number}, {first.jurisdiction}".strip(", ") if first else ""


def content_hash_of(row: Mapping[str, Any], after: str | None = FIRST) -> str:
    """SHA-256 over the canonical JSON of a note as ``queries.one_row`` reads it: text, parts, signature.

    ``after`` is the hash before it; None makes what was made before hashes covered one another.
    """
    return _sha256(
        {
            **_covering(after),
            **_facts(row, SIGNED_FACTS),
            **_facts(row, SIGNATURE_FACTS),
            "sections": sorted(row["section_list"], key=lambda section: str(section["name"])),
            "findings": row["finding_list"],
            "techniques": row["technique_list"],
            "asks": [_facts(ask, ASK_FACTS) for ask in row["ask_list"]],
            # Only where there are any: notes that were signed before files could go with them keep their hash.
            **({"attachments": [_facts(file, FILE_FACTS) for file in row["file_list"]]} if row["file_list"] else {}),
        }
    )


def addendum_hash_of(row: Mapping[str, Any], note_id: UUID, after: str | None) -> str:
    """The same over an addendum and the note it belongs to."""
    facts = {**_facts(row, ADDENDUM_FACTS), **_facts(row, SIGNATURE_FACTS)}
    return _sha256({"note_id": str(note_id), **_covering(after), **facts})


def cosignature_hash_of(row: Mapping[str, Any], after: str | None) -> str:
    """The same over who answers for a student's note."""
    return _sha256({"note_id": str(row["id"]), **_covering(after), **_facts(row, COSIGNATURE_FACTS)})


def verify_note(row: Mapping[str, Any]) -> str | None:
    """Whether a note, its co-signature and its addenda are what was signed; None for what was not. Needs the whole note."""
    if not (row["content_hash"] or row["signed_at"] or row["chain"]):
        return None
    files_stand = all(file["sha256"] == file["sha256_now"] for file in row["file_list"])
    return INTACT if files_stand and _chain_holds(row) else CHANGED


def _chain_holds(row: Mapping[str, Any]) -> bool:
    """Whether each hash is told by its event, kept in its row, made over what stands there now, and none is missing."""
    acts = [link["about"] for link in row["chain"] if link["about"] in (SIGNED, COSIGNED)]
    if acts != [SIGNED, *([COSIGNED] if row["cosigned_at"] else [])]:
        return False
    addenda = {addendum["id"]: addendum for addendum in row["addendum_list"]}
    after = FIRST
    for link in row["chain"]:
        is_older = after == FIRST and link["told"] == [""]  # than hashes in events: these come first, if at all
        now = _hash_of_link(link, row, addenda, None if is_older else after)
        kept = {SIGNED: row["content_hash"], COSIGNED: now}.get(link["about"], link["kept"])
        if not kept or kept != now or not (is_older or link["told"] == [now]):
            return False
        after = after if is_older else now
    return True


def _hash_of_link(
    link: Mapping[str, Any], row: Mapping[str, Any], addenda: Mapping[str, Any], after: str | None
) -> str:
    """What the hash is now; of an addendum behind the hundred that are read with a note, what its row says."""
    if link["about"] == SIGNED:
        return content_hash_of(row, after)
    if link["about"] == COSIGNED:
        return cosignature_hash_of(row, after)
    addendum = addenda.get(link["about"])
    return addendum_hash_of(addendum, row["id"], after) if addendum else str(link["kept"] or "")


def _covering(after: str | None) -> dict[str, str]:
    return {} if after is None else {"after": after}


def _sha256(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _facts(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(row[name]) for name in names}


def _plain(value: Any) -> Any:
    """Times in one spelling, whether they come from a column or out of a statement's JSON."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return value
