"""How notes read in answers: what a reader may not read is absent and named in ``withheld``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.attachments.queries import FACTS
from backend.clients.rendering import Names
from backend.lib.actor import Actor
from backend.lib.rest.fields import id_or_none, utc
from backend.notes import policies, signing
from backend.notes import workflow as w
from backend.notes.models import Ask, SectionName
from backend.notes.queries import CHILDREN

Json = dict[str, Any]
Row = Mapping[str, Any]
# What goes with which section when it leaves the clinic.
GOES_WITH = {
    **dict.fromkeys(("findings", "measures", "attachments"), SectionName.OBJECTIVE),
    "techniques": SectionName.PLAN,
}
TEXT = (*SectionName.values, *GOES_WITH, "asks", "addenda", "integrity")


def note_data(row: Row, actor: Actor) -> Json:
    """One note, as far as the caller reads it."""
    row = {**row, **{name: row[name] or [] for name in CHILDREN}}  # null where no row of the kind is ever shown
    withheld = _withheld(row, actor) | _withheld_source(row)
    is_own = actor.is_staff and row["organization_id"] == actor.organization_id
    body: Json = {
        "id": str(row["id"]),
        "version": row["version"],
        "state": row["state"],
        "kind": row["kind"],
        "discipline": row["discipline"],
        "visibility": row["visibility"],
        "shared_sections": row["shared_sections"],
        "is_sensitive": row["is_sensitive"],
        "client": {"id": str(row["client_id"]), "display": row["client_display"]},
        "organization": {"id": str(row["organization_id"]), "display": row["organization_name"]},
        "author": {"id": str(row["author_role_id"]), "display": row["author_name"]},
        "visit_id": id_or_none(row["visit_id"]),
        "occurred_at": _moment(row["occurred_at"]),
        "recorded_at": _moment(row["recorded_at"]),
        "updated_at": _moment(row["updated_at"]),
        **_text(row),
        "addenda": [addendum_data(addendum) for addendum in row["addendum_list"]],
        "signature": _signature(row),
        "cosignature": _cosignature(row),
        "content_hash": row["content_hash"] or None,
        "integrity": signing.verify_note(row) if "integrity" not in withheld else None,
        "copied_from_id": id_or_none(row["copied_from_id"]),
        "copied_parts": row["copied_parts"],
        "untouched": row["untouched"],
        "entered_in_error": _error(row, reads_note=is_own and actor.reads_clinical),
        "closed_unsigned": {"by": row["closed_by"], "at": _moment(row["closed_at"])} if row["closed_at"] else None,
        "identifiers": row["identifier_list"],
        "available_transitions": available(row, actor) if is_own else [],
        "withheld": sorted(withheld),
    }
    return {name: value for name, value in body.items() if name not in withheld}


def for_others(note: Json) -> Json:
    """One note that was told to its own clinic, as it reads outside."""
    kept = _kept(note) | {"copied_from_id"}
    told = {name: value for name, value in note.items() if name not in kept}
    if error := note["entered_in_error"]:
        told["entered_in_error"] = {name: value for name, value in error.items() if name != "note"}
    if "addenda" in note:
        told["addenda"] = [addendum for addendum in note["addenda"] if addendum["section"] not in kept]
    return {**told, "withheld": sorted({*note["withheld"], *kept})}


def available(row: Row, actor: Actor) -> list[str]:
    """The transitions the caller can make now, for buttons and integrators."""
    subject: Any = _Envelope(row)
    return [step.name for step in w.WORKFLOW.available(subject, policies.parties_of(actor, subject))]


def addendum_data(row: Row) -> Json:
    return {
        "id": str(row["id"]),
        "reason": row["reason"],
        "section": row["section"] or None,
        "text": row["text"],
        "occurred_at": _moment(row["occurred_at"]),
        "recorded_at": _moment(row["recorded_at"]),
        "signature": _signature(row),
        "content_hash": row["content_hash"],
    }


def ask_data(ask: Ask, actor: Actor, names: Names) -> Json:
    """What is asked, on one line; a coordinator reads it without the sentence."""
    reads_sentence = actor.reads_clinical
    return {
        "id": str(ask.pk),
        "note_id": str(ask.note_id),
        "kind": ask.kind,
        "region": ask.region,
        "side": ask.side,
        "technique": ask.technique or None,
        **({"sentence": ask.sentence} if reads_sentence else {}),
        "until": ask.until.isoformat() if ask.until else None,
        "organization": _label(ask.organization_id, names),
        "author": {"id": str(ask.author_role_id), "display": str(ask.author_role.practitioner)},
        "asked_at": _moment(ask.released_at),
        "ended_at": _moment(ask.ended_at),
        "withheld": [] if reads_sentence else ["sentence"],
    }


def contact_first_data(row: tuple[UUID, UUID, str, str], names: Names) -> Json:
    """Where something sensitive is kept by a colleague: whom to ask, about which region."""
    ask_id, organization_id, region, side = row
    return {
        "id": str(ask_id),
        "organization": _label(organization_id, names),
        "regions": [{"region": region, "side": side}],
        "display": f"Contact {names.get(organization_id, 'the clinic')} before treating this region.",
    }


class _Envelope:
    """A row's envelope as the workflow's rules and policies read it."""

    def __init__(self, row: Row) -> None:
        self.__dict__.update(row)


def _withheld(row: Row, actor: Actor) -> set[str]:
    """Names of the fields that this caller does not read."""
    if not policies.reads_names(actor):
        return {"client", *TEXT}
    if not actor.reads_clinical:
        return {*TEXT}
    if actor.is_staff and row["organization_id"] == actor.organization_id:
        return set()
    return _kept(row)


def _kept(note: Row) -> set[str]:
    """Names of the fields that do not leave the clinic which wrote the note."""
    kept = set(SectionName.values) - set(note["shared_sections"])
    kept |= {name for name, section in GOES_WITH.items() if section in kept}
    # Only who reads all of it can tell whether all of it is what was signed.
    return kept | ({"integrity"} if kept else set()) | {"identifiers"}


def _withheld_source(row: Row) -> set[str]:
    """Which note a copy began from is for whoever sees that note."""
    return {"copied_from_id"} if row["copied_from_id"] and not row["sees_source"] else set()


def _text(row: Row) -> Json:
    sections = {section["name"]: section for section in row["section_list"]}
    objective = sections.get(SectionName.OBJECTIVE, {"measures": []})
    return {
        **{name: sections.get(name, {}).get("text", "") for name in SectionName.values},
        "measures": objective["measures"],
        "findings": [_known(finding) for finding in row["finding_list"]],
        "techniques": [_known(technique) for technique in row["technique_list"]],
        "asks": [{**_known(ask), "ended_at": _moment(ask["ended_at"])} for ask in row["ask_list"]],
        "attachments": [{name: file[name] for name in FACTS} for file in row["file_list"]],
    }


def _known(row: Row) -> Json:
    """Null for what is not known."""
    return {name: None if value == "" else value for name, value in row.items()}


def _signature(row: Row) -> Json | None:
    if not row["signature_kind"]:
        return None
    return {
        "kind": row["signature_kind"],
        "practitioner": row["signed_by"],
        "license": row["signed_license"] or None,
        "signed_at": _moment(row["signed_at"]),
        "received_at": _moment(row["received_at"]),
        "application": id_or_none(row["signed_application_id"]),
        "source": row["signed_source"],
        "document_sha256": row["document_sha256"] or None,
    }


def _cosignature(row: Row) -> Json | None:
    """Who answers for a student's note, once a colleague did."""
    if row["cosigned_at"] is None:
        return None
    return {
        "practitioner": row["cosigned_by"],
        "license": row["cosigned_license"] or None,
        "signed_at": _moment(row["cosigned_at"]),
    }


def _error(row: Row, *, reads_note: bool) -> Json | None:
    """The text stays and is shown struck through; what was said about it stays in the clinic."""
    if row["entered_in_error_at"] is None:
        return None
    return {
        "reason": row["entered_in_error_reason"],
        **({"note": row["entered_in_error_note"] or None} if reads_note else {}),
        "by": row["entered_in_error_by"],
        "at": _moment(row["entered_in_error_at"]),
    }


def _label(organization_id: UUID, names: Names) -> Json:
    return {"id": str(organization_id), "display": names.get(organization_id, "")}


def _moment(value: datetime | str | None) -> str | None:
    """As the contract writes times, whether it comes from a column or out of a statement's JSON."""
    if value is None:
        return None
    return utc(datetime.fromisoformat(value) if isinstance(value, str) else value)
