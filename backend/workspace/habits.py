"""What a practitioner writes most: how often each known phrase, technique, place and measure stands in their last notes.

Learned are counts only, of the phrases and codes that the catalog knows, from notes that the practitioner signed in this
clinic. No words of a note are read for it: the database counts, so nothing that was written about one client can turn up in
the note of another, and nobody is offered what a colleague wrote.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Q

from backend.catalog.queries import catalog
from backend.lib.actor import Actor
from backend.notes import queries
from backend.notes.models import Finding, Note, Section, SectionName, TechniqueDone

T = TypeVar("T")
LAST_NOTES = 50
MOST_USED = 5


@dataclass(frozen=True, slots=True)
class Habits:
    """How often each of these occurs in the last notes: phrases by section, and codes."""

    phrases: Mapping[tuple[str, str], int] = field(default_factory=dict)
    techniques: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    measures: Mapping[str, int] = field(default_factory=dict)


def habits_of(actor: Actor, discipline: str) -> Habits:
    """The habits of this practitioner, in four statements however much they wrote."""
    last = _last_notes(actor)
    if not last:
        return Habits()
    known = [(name, phrase) for name in SectionName.values for phrase in known_phrases(discipline, name)]
    used, measures = _counted_in_sections(last, actor, known)
    techniques, places = _counted_in_rows(last, actor)
    return Habits(used, techniques, places, measures)


def known_phrases(discipline: str, section: str) -> Sequence[str]:
    """What a discipline is offered for one section; empty for one that nobody has written any for."""
    found: Sequence[str] = getattr(catalog().note_phrases.get(discipline), section, ())
    return found


def phrases(discipline: str, section: str, habits: Habits) -> list[str]:
    """The phrases of one section, those the practitioner uses most first."""
    return sorted(known_phrases(discipline, section), key=lambda phrase: -habits.phrases.get((section, phrase), 0))


def most_used(offered: Iterable[tuple[str, T]], counts: Mapping[str, int]) -> list[T]:
    """Of what is offered under its codes, the few that occur most often."""
    used = [(counts[code], each) for code, each in offered if counts.get(code)]
    return [each for _, each in sorted(used, key=lambda pair: -pair[0])[:MOST_USED]]


def _last_notes(actor: Actor) -> list[UUID]:
    own = Note.objects.visible_to(actor).filter(queries.written_by(actor), organization_id=actor.clinic_id)
    signed = own.filter(state__in=Note.SIGNED_STATES).order_by("-occurred_at", "-id")
    return list(signed.values_list("pk", flat=True)[:LAST_NOTES])


def _counted_in_sections(
    notes: list[UUID], actor: Actor, known: Sequence[tuple[str, str]]
) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """In how many of these notes each phrase stands in its section, and each measure was taken."""
    measures = list(catalog().measures)
    asked: dict[str, Any] = {
        f"phrase_{place}": Count("pk", filter=Q(name=name, text__contains=phrase.rstrip(".")))
        for place, (name, phrase) in enumerate(known)
    }
    asked |= {
        f"measure_{place}": Count("pk", filter=Q(measures__contains=[{"measure": code}]))
        for place, code in enumerate(measures)
    }
    counts = Section.objects.visible_to(actor).filter(note_id__in=notes).aggregate(**asked)
    return (
        {each: counts[f"phrase_{place}"] for place, each in enumerate(known)},
        {code: counts[f"measure_{place}"] for place, code in enumerate(measures)},
    )


def _counted_in_rows(notes: list[UUID], actor: Actor) -> tuple[Counter[str], Counter[str]]:
    """How often each technique was done, and at which places something was found or done."""
    done = list(TechniqueDone.objects.visible_to(actor).filter(note_id__in=notes).values_list("technique", "regions"))
    found = Finding.objects.visible_to(actor).filter(note_id__in=notes).values_list("region", "side")
    treated = [(place["region"], place["side"]) for _, regions in done for place in regions]
    places = Counter(f"{region}:{side}" for region, side in [*found, *treated])
    return Counter(technique for technique, _ in done), places
