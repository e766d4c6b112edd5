"""Who may do what with a note inside a clinic (PRODUCT.md §5); which notes, the querysets say."""

from typing import TYPE_CHECKING

from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Forbidden

if TYPE_CHECKING:
    from backend.notes.models import Note

AUTHOR, COLLEAGUE, ADMIN, SYSTEM, DRAFTER = "author", "colleague", "admin", "system", "drafter"
ONLY = {
    AUTHOR: "whoever wrote it",
    COLLEAGUE: "a colleague of the same clinic",
    ADMIN: "an admin of the clinic that wrote it",
    SYSTEM: "that clinic's system",
    DRAFTER: "the system that began it",
}
READS = "What notes say is read by practitioners and auditors."
TREATS = "Notes are written by practitioners; ask one of them."


def check_reads_text(actor: Actor) -> None:
    if not actor.reads_clinical:
        raise Forbidden(READS, code="right_required")


def reads_names(actor: Actor) -> bool:
    """Whom a note is about: an admin sees that a note waits, and not for whom."""
    return actor.kind != ActorKind.MEMBER or actor.has_right("practitioner", "coordinator", "auditor")


def check_writes_notes(actor: Actor, on_behalf_of: object = None) -> None:
    """403 for whoever writes none: practitioners do, and a clinic's system for the one it names."""
    if actor.kind == ActorKind.SYSTEM and on_behalf_of is None:
        raise Forbidden("A system names the practitioner whose note this is.", code="practitioner_required")
    if actor.kind != ActorKind.SYSTEM and not (actor.kind == ActorKind.MEMBER and actor.treats):
        raise Forbidden(TREATS, code="right_required")


def parties_of(actor: Actor, note: "Note") -> set[str]:
    """What the caller is to this note. Nobody of another clinic is anything."""
    if not actor.is_staff or note.organization_id != actor.organization_id:
        return set()
    if actor.kind == ActorKind.SYSTEM:
        began_it = actor.application_id is not None and actor.application_id == note.application_id
        return {SYSTEM, DRAFTER} if began_it else {SYSTEM}
    parties = {ADMIN} if actor.has_right("admin") else set()
    if actor.treats:
        parties.add(AUTHOR if actor.practitioner_id == note.author_practitioner_id else COLLEAGUE)
    return parties


def check_edits(actor: Actor, note: "Note") -> None:
    """403 for whoever did not write this draft: the author, or the system that drafted it for them."""
    if not parties_of(actor, note) & {AUTHOR, DRAFTER}:
        raise Forbidden("Only whoever wrote this draft changes it.", code="not_the_author")
