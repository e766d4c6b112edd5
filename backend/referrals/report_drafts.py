"""Words for a report, made from the notes that the reporting clinic signed about this client; nothing is stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from backend.catalog.queries import catalog
from backend.catalog.words import label_of, places
from backend.clients.models import Precaution
from backend.clients.queries import merged_with
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Conflict, Forbidden
from backend.lib.rest.fields import utc
from backend.lib.zones import day_in_words
from backend.notes import queries as notes
from backend.notes import words as note_words
from backend.notes.models import Finding, Note, NoteQuerySet, SectionName
from backend.referrals import policies, quoting
from backend.referrals import workflow as w
from backend.referrals.inputs import LONG
from backend.referrals.models import Package, Referral
from backend.referrals.workflow import WORKFLOW

Raw = Mapping[str, Any]
MOST_NOTES = 50


def check_drafts(referral: Referral, actor: Actor) -> None:
    """Who may draft a report is who may report now; a system needs the scope to read notes as well.

    Raises 403 for the other side and for who signs no reports, 409 while no report can be made.
    """
    if w.RECIPIENT not in policies.parties_of(actor, referral):
        raise Forbidden("A report is drafted by the clinic that makes it.", code="wrong_party")
    if actor.kind == ActorKind.MEMBER and not actor.treats:
        raise Forbidden("Reports are written by practitioners.", code="right_required")
    if not actor.allows("notes:read"):
        raise Forbidden("This token does not carry the scope notes:read.", code="insufficient_scope")
    WORKFLOW.check_state(WORKFLOW["report"], referral, {w.RECIPIENT})


def draft_report(referral: Referral, note_ids: Sequence[UUID] | None, *, actor: Actor) -> dict[str, Any]:
    """The report's fields and what they were made from. 400 for a note that is not to be quoted, 409 when there is none."""
    chosen = _notes_of_record(referral, actor) if note_ids is None else quoting.quotable(referral, actor)
    if note_ids is not None:
        chosen = chosen.filter(pk__in=[n.pk for n in quoting.named_notes(note_ids, chosen, pointer="/note_ids")])
    newest = list(notes.whole(chosen, actor).order_by("-occurred_at", "-id")[:MOST_NOTES])
    if not newest:
        raise Conflict(
            "In the record of this referral your clinic has signed no note since it accepted that may leave the clinic. "
            "Sign one, name those of another record of the client, or write the report by hand.",
            code="no_notes",
        )
    zone = Organization.objects.values_list("time_zone", flat=True).get(pk=actor.clinic_id)
    shared = [SharedNote(row, ZoneInfo(zone)) for row in reversed(newest)]
    return {
        "answer": fitted(answer(shared)),
        "findings": fitted("\n\n".join(findings(shared))),
        "recommendations": fitted("\n".join(recommendations(shared, clock.now().astimezone(ZoneInfo(zone)).date()))),
        "outcome": "answered" if shared[-1].row["kind"] == Note.Kind.DISCHARGE else None,
        "new_precautions": new_precautions(referral, actor),
        "quoted_note_ids": [str(note.row["id"]) for note in shared],
        "quotes": [quote for note in shared for quote in note.quotes()],
    }


def notes_since(referral: Referral, actor: Actor) -> NoteQuerySet:
    """The notes that may be quoted, of what took place since the clinic accepted, or saw the client if that was earlier."""
    found = quoting.quotable(referral, actor)
    began = [at for at in (referral.accepted_at, referral.first_seen_at) if at is not None]
    return found.filter(Q(occurred_at__gte=min(began, default=referral.sent_at)))


def _notes_of_record(referral: Referral, actor: Actor) -> NoteQuerySet:
    """Those in the referral's own record: what was written for another circle goes into a report by hand only."""
    records = merged_with(referral.client_id, actor) if referral.client_id else []
    return notes_since(referral, actor).filter(client_id__in=records)


def new_precautions(referral: Referral, actor: Actor) -> list[str]:
    """What the clinic recorded in the referral's own record since it accepted, unknown to the sender when it sent."""
    if referral.client_id is None or referral.accepted_at is None:
        return []
    packages = Package.objects.filter(pk=referral.pk).values_list("precautions", flat=True)
    known = {row["code"] for precautions in packages for row in precautions}
    recorded = Precaution.objects.visible_to(actor).filter(
        client_id__in=merged_with(referral.client_id, actor),
        organization_id=actor.clinic_id,
        created_at__gte=referral.accepted_at,
        ended_at=None,
        entered_in_error_reason="",
    )
    if not quoting.shares_sensitive(referral, actor):
        recorded = recorded.filter(is_sensitive=False)
    return sorted(set(recorded.values_list("code", flat=True)) - known)


@dataclass(frozen=True, slots=True)
class SharedNote:
    """A note as far as it leaves its clinic: the sections that are shared, and what goes with them."""

    row: Raw
    zone: ZoneInfo

    @property
    def day(self) -> str:
        return day_in_words(self.row["occurred_at"].astimezone(self.zone).date())

    def text(self, section: str) -> str:
        """What a section says, and what was added to it."""
        if section not in self.row["shared_sections"]:
            return ""
        written = [each["text"] for each in self.row["section_list"] if each["name"] == section]
        added = [f"Added later: {each['text']}" for each in self.row["addendum_list"] if self._amends(each, section)]
        return "\n".join(text.strip() for text in (*written, *added) if text.strip())

    def _amends(self, addendum: Raw, section: str) -> bool:
        """What amends the note as a whole goes with the first section that is shared."""
        first = next(name for name in (*ORDER, section) if name in self.row["shared_sections"])
        return bool((addendum["section"] or first) == section)

    @property
    def measures(self) -> list[Raw]:
        sections = self.row["section_list"] if SectionName.OBJECTIVE in self.row["shared_sections"] else []
        return [measure for section in sections for measure in section["measures"]]

    @property
    def marks(self) -> list[Raw]:
        return list(self.row["finding_list"]) if SectionName.OBJECTIVE in self.row["shared_sections"] else []

    @property
    def techniques(self) -> list[Raw]:
        return list(self.row["technique_list"]) if SectionName.PLAN in self.row["shared_sections"] else []

    def quotes(self) -> Iterable[dict[str, Any]]:
        for section in SectionName.values:
            if text := self.text(section):
                yield {
                    "note_id": str(self.row["id"]),
                    "signed_at": utc(self.row["signed_at"]),
                    "signature": self.row["cosigned_by"] or self.row["signed_by"],
                    "section": section,
                    "text": text,
                    "content_hash": self.row["content_hash"],
                }


ORDER = (SectionName.ASSESSMENT, SectionName.OBJECTIVE, SectionName.PLAN, SectionName.SUBJECTIVE)


# --- the fields of a report ------------------------------------------------------------------------------------------


def answer(shared: Sequence[SharedNote]) -> str:
    """How often the client was seen, what was measured first and last, and the newest assessment."""
    lines = [*seen(shared), *measured(shared), *pain(shared)]
    return "\n".join([*lines, *_newest(shared, SectionName.ASSESSMENT)])


def seen(shared: Sequence[SharedNote]) -> Iterable[str]:
    days = list(dict.fromkeys(note.day for note in shared if note.row["kind"] != Note.Kind.PHONE))
    if len(days) == 1:
        yield f"Seen once, on {days[0]}."
    elif days:
        yield f"Seen on {len(days)} days, from {days[0]} to {days[-1]}."


def measured(shared: Sequence[SharedNote]) -> Iterable[str]:
    """Each instrument with its first and last value; a joint and direction are measures of their own.

    So is what each discipline of the clinic measured: they may ask the same question of different complaints.
    """
    series: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
    for note in shared:
        for measure in note.measures:
            key = (measure["measure"], measure.get("remark") or "", note.row["discipline"])
            series.setdefault(key, []).append((measure["value"], note.day))
    several = len({discipline for _, _, discipline in series}) > 1
    for (code, remark, discipline), values in series.items():
        known = catalog().measures.get(code)
        about = [remark, label_of("disciplines", discipline).lower() if several else ""]
        which = ", ".join(part for part in about if part)
        name = f"{label_of('measures', code)}{f' ({which})' if which else ''}"
        yield f"{name}: {_first_to_last(values, known.unit if known else '')}"


def pain(shared: Sequence[SharedNote]) -> Iterable[str]:
    """Pain on the body map, place by place."""
    series: dict[str, list[tuple[float, str]]] = {}
    for note in shared:
        for mark in note.marks:
            if mark["kind"] == Finding.Kind.PAIN:
                series.setdefault(places([mark]), []).append((mark["intensity"], note.day))
    for place, values in series.items():
        yield f"Pain, {place}: {_first_to_last(values, 'of 10')}"


def findings(shared: Sequence[SharedNote]) -> Iterable[str]:
    """Note by note: what was found, where, and what was done."""
    for note in shared:
        marks = "; ".join(note_words.finding(mark) for mark in note.marks)
        done = "; ".join(note_words.technique(technique) for technique in note.techniques)
        lines = [
            note.text(SectionName.OBJECTIVE),
            f"Body map: {marks}." if marks else "",
            f"Done: {done}." if done else "",
        ]
        if text := "\n".join(line for line in lines if line):
            yield f"{note.day}: {text}"


def recommendations(shared: Sequence[SharedNote], today: date) -> Iterable[str]:
    """What is asked of the others and has not ended, then what the newest note plans."""
    asks = [ask for note in shared for ask in note.row["ask_list"] if ask["ended_at"] is None]
    ends = [(ask, date.fromisoformat(ask["until"]) if ask["until"] else None) for ask in asks]
    yield from dict.fromkeys(note_words.ask(ask) for ask, until in ends if until is None or until >= today)
    yield from _newest(shared, SectionName.PLAN)


def _newest(shared: Sequence[SharedNote], section: str) -> list[str]:
    texts = [text for note in shared if (text := note.text(section))]
    return texts[-1:]


def _first_to_last(values: Sequence[tuple[float, str]], unit: str) -> str:
    (first, on), (last, until) = values[0], values[-1]
    if len(values) == 1:
        return f"{first:g} {unit} on {on}."
    return f"{first:g} → {last:g} {unit}, {on if on == until else f'{on} to {until}'}."


def fitted(text: str) -> str:
    """As much as a report's field takes, cut between words."""
    if len(text) <= LONG:
        return text
    return text[: LONG - 2].rsplit(maxsplit=1)[0] + " …"
