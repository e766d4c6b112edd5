"""Writing a draft: new or copied forward, changed part by part, thrown away."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from backend.audit import work
from backend.clients.models import Client
from backend.clients.queries import client_id_named, merged_with
from backend.clients.services.taking import shared_client
from backend.directory.models import PractitionerRole
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import id_of_copy
from backend.lib.late_facts import check_late_fact
from backend.lib.problems import Conflict, Forbidden, NotFound, invalid
from backend.lib.rest.sent import Sent, checked
from backend.lib.rest.views import check_version
from backend.notes import files, policies
from backend.notes import workflow as w
from backend.notes.inputs import COPIED_PARTS, NoteInput, NoteSubject, out_of_scope
from backend.notes.models import PARTS, Note, NoteFile, NoteIdentifier, Section, SectionName
from backend.notes.serializers import NotePatch
from backend.notes.services.taking import changed, locked_note
from backend.visits.models import Visit

UNSIGNED, REMIND_AFTER = "note.unsigned", timedelta(hours=24)
NAMES = ("client_id", "client", "copy_from")  # whom a new note is about
WHO_READS = ("visibility", "shared_sections", "is_sensitive")
ENVELOPE = ("kind", "visit_id", *WHO_READS, "occurred_at")


def draft_note(*, actor: Actor, sent: Sent) -> Note:
    """A new draft of the caller, or of the practitioner a system names; with ``copy_from`` it begins as that note.

    A copy is for whom its source is, unless the caller says otherwise.

    Raises 404 for a client or note the caller does not see, 403 for whoever writes no notes or only reads the client, and
    then 400 for bad fields.
    """
    client, source = _subject(sent, actor)
    policies.check_writes_notes(actor, sent.get("on_behalf_of"))
    facts = checked(NoteInput, sent)
    assert client is not None, "the input names a client or a note to copy"
    role = _author(actor, facts.pop("practitioner_role_id", None), facts.pop("on_behalf_of", None))
    if source is not None:
        _check_may_be_copied(source, merged_with(client.pk, actor), role)
    note = Note(
        client=client,
        client_display=client.display,
        organization_id=actor.clinic_id,
        author_role=role,
        author_practitioner_id=role.practitioner_id,
        author_member_id=actor.member_id,
        application_id=actor.application_id if actor.kind == ActorKind.SYSTEM else None,
        discipline=role.discipline,
        kind=facts.get("kind") or (source.kind if source else ""),
        occurred_at=_occurred_at(facts, client.pk, actor),
        **({name: getattr(source, name) for name in WHO_READS} if source else {}),
    )
    _set_envelope(note, facts, actor)
    note.save(force_insert=True)
    if source is not None:
        _copy(source, note, actor)
    write_parts(note, facts, actor)
    _keep_untouched(note, facts)
    note.save(update_fields=["copied_from", "copied_parts", "untouched"])
    _remind_later(note, actor)
    return note


def change_draft(
    note_id: UUID | str, *, actor: Actor, expected_version: int | None, sent: Sent, current: Sent | None = None
) -> Note:
    """Changes parts of a draft; a part that is sent, or confirmed, counts as touched.

    ``current`` is the draft as the caller reads it: what is not theirs to change may come back as it was.
    A moment or visit that is sent back as it was read moves nothing, and is not asked again whether it may be.
    """
    note = _own_draft(note_id, actor, expected_version)
    facts = checked(NotePatch, sent, current=current)
    confirmed = facts.pop("confirmed", ())
    if facts.get("visit_id") == note.visit_id:
        facts.pop("visit_id", None)
    if "occurred_at" in facts or facts.get("visit_id"):
        facts["occurred_at"] = _occurred_at(facts, note.client_id, actor, known=note.occurred_at)
    _set_envelope(note, facts, actor)
    write_parts(note, facts, actor)
    _keep_untouched(note, {**facts, **dict.fromkeys(confirmed)})
    changed(note, *ENVELOPE, "untouched")
    _remind_later(note, actor)
    return note


def discard_draft(note_id: UUID | str, *, actor: Actor, expected_version: int | None) -> None:
    """Deletes a draft: it was never shown to anybody outside the clinic."""
    note = _own_draft(note_id, actor, expected_version)
    for model in (*PARTS.values(), Section, NoteFile, NoteIdentifier):
        model.objects.visible_to(actor).filter(note=note).delete()
    work.drop([UNSIGNED], note.pk)
    note.delete()


def ask_after(note: Note, moment: datetime) -> None:
    """A day after this moment it is asked who signs, unless somebody did."""
    work.queue(UNSIGNED, note.pk, organization_id=note.organization_id, due_at=moment + REMIND_AFTER)


def write_parts(note: Note, facts: Mapping[str, Any], actor: Actor) -> None:
    """Writes the parts that were sent, and leaves the others as they are."""
    for name in SectionName.values:
        if name in facts:
            _section(note, name, actor, text=facts[name] or "")
    if "measures" in facts:
        _section(note, SectionName.OBJECTIVE, actor, measures=[dict(row) for row in facts["measures"]])
    if "techniques" in facts:
        _check_scope(note, facts["techniques"])
    if "asks" in facts or "is_sensitive" in facts:
        _write_asks(note, facts, actor)
    for name in ("findings", "techniques"):
        if name in facts:
            _replace(PARTS[name], note, facts[name], actor, pointer=f"/{name}")
    if note.visibility == Note.Visibility.AUTHOR and PARTS["asks"].objects.visible_to(actor).filter(note=note).exists():
        raise invalid("/asks", "A note for its author alone asks nothing of the others.", code="asks_need_readers")
    if "attachment_ids" in facts:
        files.replace_files(note, facts["attachment_ids"], actor)
    if "identifiers" in facts:
        _replace_identifiers(note, facts["identifiers"], actor)


# --- who writes, about whom, when ----------------------------------------------------------------------------------


def _own_draft(note_id: UUID | str, actor: Actor, expected_version: int | None) -> Note:
    note = locked_note(note_id, actor)
    policies.check_edits(actor, note)
    check_version(note.version, expected_version)
    if note.state != w.DRAFT:
        raise Conflict(
            "Only a draft is changed or discarded; what was signed is amended.",
            code="wrong_state",
            state=note.state,
            available=[row.name for row in w.WORKFLOW.available(note, policies.parties_of(actor, note))],
        )
    return note


def _subject(sent: Sent, actor: Actor) -> tuple[Client | None, Note | None]:
    """The client a new note is about, locked, and the note it copies; neither for what names none, which is refused later."""
    names = NoteSubject(data={name: said for name, said in sent.items() if name in NAMES})
    named = names.validated_data if names.is_valid() else {}
    source = _own_note(named["copy_from"], actor) if "copy_from" in named else None
    about = client_id_named(named, actor) or (source.client_id if source else None)
    return (shared_client(actor, about) if about else None), source


def _author(actor: Actor, role_id: UUID | None, on_behalf_of: Mapping[str, Any] | None) -> PractitionerRole:
    """The role the note is written in: the caller's own, or the one a system names."""
    roles = PractitionerRole.objects.select_related("practitioner").filter(
        organization_id=actor.organization_id, ended_at=None
    )
    if actor.kind == ActorKind.SYSTEM:
        assert on_behalf_of is not None, "the policy asks a system whose note it is"
        return _one_role(roles.filter(pk=on_behalf_of["practitioner_role_id"]), "/on_behalf_of/practitioner_role_id")
    if on_behalf_of is not None:
        raise invalid("/on_behalf_of", "A person writes in their own name.", code="own_name_only")
    mine = roles.filter(pk__in=actor.role_ids)
    if role_id is not None:
        return _one_role(mine.filter(pk=role_id), "/practitioner_role_id")
    if len(actor.role_ids) != 1:
        raise invalid("/practitioner_role_id", "Say in which of your roles you write.", code="practitioner_required")
    return _one_role(mine, "/practitioner_role_id")


def _one_role(roles: Any, pointer: str) -> PractitionerRole:
    found: PractitionerRole | None = roles.first()
    if found is None:
        raise invalid(pointer, "There is no such role here.", code="unknown_role")
    return found


def _occurred_at(facts: Mapping[str, Any], client_id: UUID, actor: Actor, *, known: datetime | None = None) -> datetime:
    """When the client was seen: as was said, or is known, else when the visit began, else now."""
    visit = _visit(facts["visit_id"], client_id, actor) if facts.get("visit_id") else None
    if said := facts.get("occurred_at"):
        if said != known:
            check_late_fact(said)
        return said  # type: ignore[no-any-return]  # checked by the serializer
    return min(visit.starts_at, clock.now()) if visit else clock.now()


def _visit(visit_id: UUID, client_id: UUID, actor: Actor) -> Visit:
    own = Visit.objects.visible_to(actor).filter(organization_id=actor.clinic_id)
    found = own.filter(pk=visit_id, client_id__in=merged_with(client_id, actor)).first()
    if found is None:
        raise invalid("/visit_id", "There is no such visit of this client in your clinic.", code="unknown_visit")
    return found


def _set_envelope(note: Note, facts: Mapping[str, Any], actor: Actor) -> None:
    for name in ENVELOPE:
        if name in facts:
            setattr(note, name, facts[name])
    if note.visibility == Note.Visibility.AUTHOR and actor.kind != ActorKind.MEMBER:
        raise invalid("/visibility", "A note for its author alone is written by that person.", code="not_the_author")


def _remind_later(note: Note, actor: Actor) -> None:
    """A draft is asked about a day after it was last touched, and one of a visit not before the visit is over."""
    visit = Visit.objects.visible_to(actor).filter(pk=note.visit_id).first() if note.visit_id else None
    ask_after(note, max(visit.ends_at, clock.now()) if visit else clock.now())


# --- copying forward -----------------------------------------------------------------------------------------------


def _own_note(note_id: UUID, actor: Actor) -> Note:
    found: Note = Note.objects.visible_to(actor).one(note_id)
    if found.organization_id != actor.organization_id:
        raise NotFound
    return found


def _check_may_be_copied(source: Note, records: Collection[UUID], role: PractitionerRole) -> None:
    if source.author_practitioner_id != role.practitioner_id:
        raise Forbidden("Only one's own notes are copied forward.", code="not_the_author")
    if source.client_id not in records:
        raise Conflict("That note is about another client.", code="another_client")
    if source.state not in Note.SIGNED_STATES:
        raise Conflict("Only a signed note is copied forward.", code="not_signed", state=source.state)


def _copy(source: Note, note: Note, actor: Actor) -> None:
    """Text, marks and techniques. What was measured and what was asked belong to their day and are not copied."""
    for section in Section.objects.visible_to(actor).filter(note=source).exclude(text=""):
        _section(note, section.name, actor, text=section.text)
        note.copied_parts.append(section.name)
    for name in ("findings", "techniques"):
        rows = list(PARTS[name].objects.visible_to(actor).filter(note=source).order_by("position", "id"))
        for row in rows:
            row.id, row.note = id_of_copy(row.id, parent_id=note.pk), note
        PARTS[name].objects.bulk_create(rows)
        note.copied_parts += [name] if rows else []
    note.copied_from = source
    note.copied_parts.sort(key=COPIED_PARTS.index)
    note.untouched = list(note.copied_parts)


def _keep_untouched(note: Note, touched: Iterable[str]) -> None:
    note.untouched = [part for part in note.untouched if part not in touched]


# --- parts ---------------------------------------------------------------------------------------------------------


def _section(note: Note, name: str, actor: Actor, **content: Any) -> None:
    section = Section.objects.visible_to(actor).filter(note=note, name=name).first() or Section(note=note, name=name)
    for field, value in content.items():
        setattr(section, field, value)
    section.save()


def _check_scope(note: Note, techniques: list[Mapping[str, Any]]) -> None:
    if outside := out_of_scope(note.discipline, techniques):
        raise invalid(
            "/techniques", f"Outside the scope of your discipline: {', '.join(outside)}.", code="out_of_scope"
        )


def _write_asks(note: Note, facts: Mapping[str, Any], actor: Actor) -> None:
    """Asks carry on their own row whom they reach: it is set anew when that changes."""
    model = PARTS["asks"]
    if "asks" in facts:
        shared = {name: getattr(note, name) for name in ("client_id", "organization_id", "author_role_id")}
        rows = [{**row, "ends_at": _end_of(row.get("until"), note), **shared} for row in facts["asks"]]
        _replace(model, note, rows, actor, pointer="/asks")
    model.objects.visible_to(actor).filter(note=note).update(is_sensitive=note.is_sensitive)


def _end_of(day: date | None, note: Note) -> datetime | None:
    """When the last day is over where the clinic is."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(note.organization.time_zone))


def _replace(model: Any, note: Note, rows: Iterable[Mapping[str, Any]], actor: Actor, *, pointer: str) -> None:
    """Makes these the note's rows, in this order; a row that names its id stays the same row."""
    kept = {row.pk: row for row in model.objects.visible_to(actor).filter(note=note)}
    columns = {f.attname: f for f in model._meta.concrete_fields if f.name not in ("id", "note", "position")}
    same: list[Any] = []
    new: list[Any] = []
    for position, facts in enumerate(rows):
        row_id = facts.get("id")
        row = kept.pop(row_id, None) if row_id else model(note=note)
        if row is None:
            raise invalid(f"{pointer}/{position}/id", "There is no such row in this note.", code="unknown_row")
        for name, field in columns.items():
            if name in facts:
                setattr(row, name, _stored(field, facts[name]))
            elif name in CLEARED_WHEN_ABSENT:
                setattr(row, name, field.get_default())
        row.position = position
        (same if row_id else new).append(row)
    model.objects.bulk_update(same, ["position", *(field.name for field in columns.values())])
    model.objects.bulk_create(new)
    model.objects.visible_to(actor).filter(note=note, pk__in=list(kept)).delete()


CLEARED_WHEN_ABSENT = ("muscle", "intensity", "refers_to", "remark", "minutes", "technique", "until")


def _stored(field: Any, value: Any) -> Any:
    """Texts are empty when nothing is known, as everywhere in the database."""
    return "" if value is None and not field.null else value


def _replace_identifiers(note: Note, identifiers: Iterable[Mapping[str, str]], actor: Actor) -> None:
    """The clinic's own numbers for this note; 409 ``identifier_taken`` names the note that has one already."""
    wanted = dict.fromkeys((row["system"], row["value"]) for row in identifiers)
    NoteIdentifier.objects.visible_to(actor).filter(note=note).delete()
    rows = [
        NoteIdentifier(note=note, organization_id=note.organization_id, system=system, value=value)
        for system, value in wanted
    ]
    try:
        with transaction.atomic():
            NoteIdentifier.objects.bulk_create(rows)
    except IntegrityError as error:
        raise _taken(wanted, actor) from error


def _taken(identifiers: Iterable[tuple[str, str]], actor: Actor) -> Conflict:
    for system, value in identifiers:
        carrier = NoteIdentifier.objects.visible_to(actor).filter(system=system, value=value).first()
        if carrier is not None:
            return Conflict(
                "Another note of yours has this identifier; open that one, or send another identifier.",
                code="identifier_taken",
                existing={"id": str(carrier.note_id)},
                identifier={"system": system, "value": value},
            )
    return Conflict("This identifier was taken a moment ago; please try again.", code="identifier_taken")
