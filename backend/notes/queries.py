"""Reading notes: the list and the one, each in one statement whose children PostgreSQL makes into JSON."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat, JSONObject

from backend.attachments.queries import THROUGH_TIE
from backend.audit import access_log
from backend.audit.access_log import Look, log_looks
from backend.clients.models import Access, Client, Consent, Registration
from backend.clients.queries import ask_guard, audience_of, records_of
from backend.lib.actor import Actor, ActorKind
from backend.lib.expressions import Utc
from backend.lib.prepared import Prepared
from backend.lib.problems import NotFound
from backend.lib.querysets import id_or_404
from backend.lib.rest.pages import Keyset
from backend.notes.models import (
    Addendum,
    Ask,
    Finding,
    Note,
    NoteFile,
    NoteIdentifier,
    NoteQuerySet,
    Section,
    TechniqueDone,
    broken_glass,
    own,
    shared_with,
)
from backend.notes.signing import disciplines_cosigned_by

NEWEST_FIRST = ("-recorded_at", "-id")
MOST = 100


ENVELOPE = (
    "id", "version", "state", "kind", "discipline", "visibility", "shared_sections", "is_sensitive", "client_id", "client_display",
    "organization_id", "author_role_id", "author_practitioner_id", "author_member_id", "application_id", "visit_id", "occurred_at",
    "recorded_at", "updated_at", "copied_from_id", "copied_parts", "untouched", "signature_kind", "signed_by_role_id", "signed_by", "signed_license",
    "signed_at", "received_at", "signed_application_id", "signed_source", "document_sha256", "content_hash", "cosigned_by_role_id",
    "cosigned_by", "cosigned_license", "cosigned_at", "released_at", "entered_in_error_reason", "entered_in_error_note",
    "entered_in_error_by", "entered_in_error_at", "closed_by", "closed_at",
)  # fmt: skip
OF_LOOK = ("client_id", "organization_id", "visibility", "author_practitioner_id", "opened_by")
SECTION = JSONObject(name="name", text="text", measures="measures")
FINDING = JSONObject(
    id="id", kind="kind", region="region", side="side", muscle="muscle", intensity="intensity", refers_to="refers_to",
    remark="remark",
)  # fmt: skip
TECHNIQUE = JSONObject(id="id", technique="technique", regions="regions", minutes="minutes")
ASK = JSONObject(
    id="id", kind="kind", region="region", side="side", technique="technique", sentence="sentence", until="until",
    ended_at=Utc("ended_at"),
)  # fmt: skip
SIGNATURE = {
    "signature_kind": "signature_kind", "signed_by": "signed_by", "signed_license": "signed_license", "signed_at": Utc("signed_at"),
    "received_at": Utc("received_at"), "signed_application_id": "signed_application_id", "signed_source": "signed_source",
    "document_sha256": "document_sha256", "content_hash": "content_hash", "signed_by_role_id": "signed_by_role_id",
}  # fmt: skip
FILE = JSONObject(**THROUGH_TIE, sha256_now="attachment__sha256_now")
ADDENDUM = JSONObject(
    id="id", reason="reason", section="section", text="text", occurred_at=Utc("occurred_at"), recorded_at=Utc("recorded_at"),
    **SIGNATURE,
)  # fmt: skip
# What was signed of a note, in its order: which event tells of it, the hash that event carries, the hash beside the text.
CHAIN = Func(F("pk"), function="chain_of_note", output_field=JSONField())
IDENTIFIER = JSONObject(system="system", value="value")
CHILDREN = (
    "section_list",
    "finding_list",
    "technique_list",
    "ask_list",
    "file_list",
    "addendum_list",
    "identifier_list",
)


def children(model: Any, shape: JSONObject, actor: Actor, *order: str, most: int | None = MOST) -> ArraySubquery:
    found = model.objects.visible_to(actor).filter(note_id=OuterRef("pk")).order_by(*order)
    return ArraySubquery(found.values(data=shape)[:most])


def whole(found: NoteQuerySet, actor: Actor, *, most: int | None = MOST) -> "QuerySet[Note, dict[str, Any]]":
    """Notes with everything that hangs on them, as far as the actor may read it, and by what another clinic reads them.

    Of each kind at most ``most``; None is all of them.
    """
    rows: QuerySet[Note, dict[str, Any]] = found.annotate(
        organization_name=F("organization__name"),
        author_name=Concat(
            F("author_role__practitioner__given_name"), Value(" "), F("author_role__practitioner__family_name")
        ),
        section_list=children(Section, SECTION, actor, "name", most=most),
        finding_list=children(Finding, FINDING, actor, "position", "id", most=most),
        technique_list=children(TechniqueDone, TECHNIQUE, actor, "position", "id", most=most),
        ask_list=children(Ask, ASK, actor, "position", "id", most=most),
        file_list=children(NoteFile, FILE, actor, "attachment_id", most=most),
        addendum_list=children(Addendum, ADDENDUM, actor, "recorded_at", "id", most=most),
        identifier_list=children(NoteIdentifier, IDENTIFIER, actor, "system", "value", most=most),
        chain=CHAIN,
        opened_by=opened_by(actor),
        sees_source=Exists(Note.objects.visible_to(actor).filter(pk=OuterRef("copied_from_id"))),
    ).values(*ENVELOPE, "organization_name", "author_name", *CHILDREN, "chain", "opened_by", "sees_source")
    return rows


def opened_by(actor: Actor) -> Case | Value:
    """Why another clinic's note is open: a broken glass when no circle opens it."""
    if actor.practitioner_id is None:
        return Value("circle")
    circles = Consent.objects.in_force().filter(
        client_id=OuterRef("client_id"),
        organization_ids__contains=[actor.organization_id, OuterRef("organization_id")],
        categories__contains=[Consent.Category.NOTES],
    )
    return Case(
        When(~Exists(circles) & Exists(broken_glass(actor)), then=Value(str(Access.Why.BREAK_GLASS))),
        default=Value("circle"),
    )


def one_row(note_id: UUID | str, actor: Actor) -> dict[str, Any]:
    """One note with its parts and addenda, in one statement; 404 when it is not the actor's to see."""
    for row in ONE.rows(actor, pk=id_or_404(note_id)):
        return row
    raise NotFound


def _one(actor: Actor, *, pk: UUID) -> "QuerySet[Note, dict[str, Any]]":
    return whole(Note.objects.visible_to(actor).filter(pk=pk), actor)


ONE = Prepared(_one)


def listed(actor: Actor, narrowed: Q, keyset: Keyset) -> list[dict[str, Any]]:
    """A page of the notes the actor sees, in one statement."""
    if keyset.is_usual and not narrowed:
        return _first_page(keyset).rows(actor)
    return list(_page(actor, keyset=keyset, narrowed=narrowed))


@cache
def _first_page(keyset: Keyset) -> Prepared:
    return Prepared(partial(_page, keyset=keyset, narrowed=Q()))


def _page(actor: Actor, *, keyset: Keyset, narrowed: Q) -> "QuerySet[Note, dict[str, Any]]":
    """One's own and the others' are each read from an index of their own, only as far as the page needs."""
    parts = [keyset.of(part.filter(narrowed).values("pk")) for part in _parts(actor)]
    firsts = Note.objects.filter(pk__in=parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0])
    return keyset.of(whole(firsts, actor))


def _parts(actor: Actor) -> list[NoteQuerySet]:
    if not actor.is_staff:
        return [Note.objects.visible_to(actor)]
    mine = actor.clinic_id
    open_here = Access.objects.live().filter(organization_id=mine, extent=Access.Extent.SHARED_RECORD)
    at_home = Registration.objects.filter(organization_id=mine, kind="home", ended_at=None)
    clients = Q(client_id__in=open_here.values("client_id")) | Q(client_id__in=at_home.values("client_id"))
    others = Note.objects.exclude(organization_id=mine).filter(clients).filter(shared_with(actor))
    return [Note.objects.filter(own(actor)), others]


def about(client_id: UUID, actor: Actor) -> Q:
    """Of this person, under whichever record; one's own notes also when the client is gone."""
    return Q(client_id__in=records_of(client_id, actor))


def written_by(actor: Actor) -> Q:
    return Q(author_practitioner_id=actor.practitioner_id) if actor.practitioner_id else Q(pk__in=[])


def drafts_of(actor: Actor) -> NoteQuerySet:
    """What waits for the actor's own signature here."""
    here = Note.objects.visible_to(actor).filter(organization_id=actor.clinic_id, state=Note.State.DRAFT)
    return here.filter(written_by(actor))


def signed_by(actor: Actor) -> NoteQuerySet:
    """What the actor wrote and signed here, and nobody took back."""
    here = Note.objects.visible_to(actor).filter(organization_id=actor.clinic_id, signed_at__isnull=False)
    return here.filter(written_by(actor), entered_in_error_at=None)


def left_unsigned(actor: Actor) -> NoteQuerySet:
    """What somebody who left the actor's clinic did not sign."""
    here = Note.objects.visible_to(actor).filter(organization_id=actor.clinic_id, state=Note.State.DRAFT)
    return here.left_by_author()


def to_cosign(actor: Actor) -> NoteQuerySet:
    """What students here signed and the actor may answer for now."""
    here = Note.objects.visible_to(actor).filter(organization_id=actor.clinic_id)
    waiting = here.filter(state=Note.State.AWAITING_COSIGNATURE, discipline__in=disciplines_cosigned_by(actor))
    return waiting.exclude(written_by(actor))


def log_shown(actor: Actor, shown: Iterable[Mapping[str, Any]]) -> None:
    """Writes who looked."""
    log_looks(actor, looks_at(actor, shown))


def looks_at(actor: Actor, shown: Iterable[Mapping[str, Any]]) -> list[Look]:
    """One look per note that was shown and is logged."""
    looks = (look_at(row, actor, "note", row["id"]) for row in shown)
    return [look for look in looks if look]


def look_at(row: Mapping[str, Any], actor: Actor, subject_type: str, subject_id: UUID) -> Look | None:
    """At a note, or a file of it, of another clinic, or that its author kept to themselves; an auditor's always.

    A client's at their own never.
    """
    is_theirs = row["organization_id"] != actor.organization_id or actor.reads_as_auditor
    if actor.kind == ActorKind.CLIENT or not (is_theirs or is_left_behind(row, actor)):
        return None
    return Look(subject_type, subject_id, row["client_id"], row["organization_id"], why=_why(row, actor))


def is_left_behind(row: Mapping[str, Any], actor: Actor) -> bool:
    """Whether somebody else kept this to themselves, who works there no longer: nobody else is shown such a note."""
    is_private, author = row["visibility"] == Note.Visibility.AUTHOR, str(row["author_practitioner_id"])
    return is_private and author != str(actor.practitioner_id)


def facts_of_look(note_id: UUID, actor: Actor) -> Mapping[str, Any]:
    """Of one note, what a look at it is logged with."""
    found = Note.objects.visible_to(actor).annotate(opened_by=opened_by(actor))
    facts: Mapping[str, Any] = found.values(*OF_LOOK).get(pk=note_id)
    return facts


def log_looks_at(actor: Actor, note_ids: Iterable[UUID]) -> None:
    """The same for notes of which only a part was shown."""
    shown = Note.objects.visible_to(actor).filter(pk__in=set(note_ids)).annotate(opened_by=opened_by(actor))
    log_shown(actor, shown.values("id", *OF_LOOK))


def _why(row: Mapping[str, Any], actor: Actor) -> str:
    return "own" if row["organization_id"] == actor.organization_id else str(row["opened_by"])


def asks_of(client: Client, actor: Actor) -> QuerySet[Ask]:
    """What is asked of those who treat this client now."""
    rows: QuerySet[Ask] = Ask.objects.visible_to(actor).active().filter(client_id__in=records_of(client.pk, actor))
    return rows.select_related("author_role__practitioner")


def withheld_asks(
    client_ids: Iterable[UUID], *, practitioner_id: UUID | None = None
) -> list[tuple[UUID, UUID, str, str]]:
    """Asks of sensitive notes that the caller may not read: id, the organization to ask, region, side.

    A system says for which practitioner it reads; a person reads for themselves.
    """
    sql = "SELECT a.* FROM unnest(%s::uuid[]) AS wanted(id), withheld_asks(wanted.id, %s) a"
    return ask_guard(sql, [list(client_ids), practitioner_id])


def readers_of(note: Note) -> set[UUID]:
    """The organizations that are told of a note: the one that wrote it, and once it is signed those that may read it."""
    if note.visibility != Note.Visibility.CARE_TEAM or note.released_at is None:
        return {note.organization_id}
    return care_team_of(note.client_id, note.organization_id, is_sensitive=note.is_sensitive)


def care_team_of(client_id: UUID, organization_id: UUID, *, is_sensitive: bool) -> set[UUID]:
    """The organizations that read what this one signs for the client's care team."""
    wanted = [Consent.Category.NOTES, *([Consent.Category.SENSITIVE] if is_sensitive else [])]
    return {organization_id, *_circle(client_id, organization_id, wanted)}


def askers_and_asked(ask: Ask) -> set[UUID]:
    """The organizations that are told of an ask: everybody in the circle."""
    wanted = [Consent.Category.SENSITIVE] if ask.is_sensitive else []
    return {ask.organization_id, *_circle(ask.client_id, ask.organization_id, wanted)}


def _circle(client_id: UUID, organization_id: UUID, categories: list[Any]) -> set[UUID]:
    consents = Consent.objects.in_force().filter(
        client_id=client_id, organization_ids__contains=[organization_id], categories__contains=categories
    )
    members = {member for ids in consents.values_list("organization_ids", flat=True) for member in ids}
    return members & set(audience_of(client_id))


def hash_before(note: Note, actor: Actor) -> str:
    """The hash of what was signed last of a note, which the next one covers; empty when events tell of none."""
    chain = Note.objects.visible_to(actor).values_list(CHAIN, flat=True).get(pk=note.pk)
    told = [link["told"][0] for link in chain if link["told"]]
    return told[-1] if told else ""


def organizations_that_read(note: Note, actor: Actor) -> set[UUID]:
    """Which clinics' people opened or exported a note of the caller's clinic so far, from the access log."""
    return access_log.organizations_that_read(
        actor, "note", note.pk, client_id=note.client_id, owner_id=note.organization_id
    )
