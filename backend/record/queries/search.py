"""Looking for words in one client's notes: only in the words that the searcher may read, and nothing tells of others.

A note is what the searcher reads of it: its words are put together from rows that are visible to them, then compared. What
they may not read takes no part in finding, in ranking or in paging.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    F,
    Func,
    IntegerField,
    JSONField,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject

from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.clients.queries import log_reads_of_person
from backend.lib.actor import Actor
from backend.lib.prepared import Prepared
from backend.lib.rest.pages import Keyset
from backend.notes.models import Addendum, Ask, Finding, Note, Section, SectionName, TechniqueDone
from backend.notes.queries import log_shown, opened_by
from backend.referrals.queries import name_of

ORDER = ("-rank", "-occurred_at", "-id")
ENVELOPE = (
    "id",
    "kind",
    "state",
    "occurred_at",
    "recorded_at",
    "client_id",
    "organization_id",
    "author_role_id",
    "author_practitioner_id",
    "visibility",
    "discipline",
)
HIT, END = "\x02", "\x03"
"""Around a hit in a snippet: characters that nobody types, and that are taken out of the text before."""
BREAK = "\x1f"
"""Put around a slash or hyphen inside a word, so that C5/6, L4-L5 and nerve-glide are found by their parts, too."""
MOST = 100
NOTHING = Value("", output_field=TextField())


class Parted(Func):
    """A text with breaks in words that a slash or hyphen joins, and without our own marks."""

    template = (
        rf"regexp_replace(translate(%(expressions)s, '{HIT}{END}', ''), '(\w)([-/])(?=\w)', '\1{BREAK}\2{BREAK}', 'g')"
    )
    output_field = TextField()


class Asked(Func):
    """What was typed, with quotes, OR and minus as in a search of the web; never an error."""

    template = "websearch_to_tsquery('clinical', %(expressions)s)"
    output_field = TextField()


class Rank(Func):
    """How well a text holds what was asked, in millionths so that it compares exactly; null when it does not.

    The longer the note, the less each word counts.
    """

    template = (
        "(SELECT (ts_rank(words, asked, 1) * 1000000)::int"
        " FROM (SELECT to_tsvector('clinical', %(expressions)s AS asked) compared WHERE words @@ asked)"
    )
    arg_joiner = ") AS words, "
    output_field = IntegerField()


class Snippet(Func):
    """The words around the hits."""

    template = f"ts_headline('clinical', %(expressions)s, 'StartSel={HIT}, StopSel={END}, MinWords=12, MaxWords=28, MaxFragments=2')"
    output_field = TextField()


class Named(Func):
    """What a code of the catalog is called."""

    arg_joiner = " ->> "
    template = "coalesce(%(expressions)s, '')"
    output_field = TextField()


class Measured(Func):
    """The words of what was measured: what the measures are called, and the remarks."""

    template = (
        "(SELECT string_agg(concat_ws(' ', labels ->> (one ->> 'measure'), one ->> 'value', one ->> 'remark'), '; ')"
        " FROM (VALUES (%(expressions)s)) given (measured, labels), jsonb_array_elements(measured) one)"
    )
    output_field = TextField()


class Part(NamedTuple):
    """A kind of row that hangs on a note: its name, its section, its words."""

    name: str
    model: Any
    section: Any
    words: Callable[[], Any]


def _labels(table: str) -> Cast:
    return Cast(Value(json.dumps({code: row.label for code, row in getattr(catalog(), table).items()})), JSONField())


def _named(table: str, field: str) -> Named:
    return Named(_labels(table), F(field))


def _joined(*expressions: Any) -> Concat:
    spaced = [part for expression in expressions for part in (Value(" "), expression)]
    return Concat(*spaced[1:], output_field=TextField())


KINDS_OF_FINDING = {str(kind): kind.label.lower() for kind in Finding.Kind}
PARTS = (
    Part("text", Section, F("name"), lambda: F("text")),
    Part("measure", Section, Value(SectionName.OBJECTIVE), lambda: Coalesce(Measured("measures", _labels("measures")), NOTHING)),
    Part(
        "finding",
        Finding,
        Value(SectionName.OBJECTIVE),
        lambda: _joined(_kind_of_finding(), _named("muscles", "muscle"), _named("regions", "region"), "side", "remark"),
    ),
    Part("technique", TechniqueDone, Value(SectionName.PLAN), lambda: _named("techniques", "technique")),
    Part("ask", Ask, Value(""), lambda: _joined(_named("techniques", "technique"), _named("regions", "region"), "sentence")),
    Part("addendum", Addendum, F("section"), lambda: F("text")),
)  # fmt: skip


def _kind_of_finding() -> Named:
    return Named(Cast(Value(json.dumps(KINDS_OF_FINDING)), JSONField()), F("kind"))


def notes_found(
    actor: Actor, clients: Sequence[UUID], *, words: str, kinds: Sequence[str] = (), keyset: Keyset
) -> list[dict[str, Any]]:
    """A page of the notes that hold what was asked in what the actor reads of them, the best first. One statement."""
    if len(clients) == 1 and not kinds and keyset.is_usual:
        return _first_page(keyset).rows(actor, client_id=clients[0], words=words)
    return list(_page(actor, clients, words=words, kinds=kinds, keyset=keyset))


@cache
def _first_page(keyset: Keyset) -> Prepared:
    def build(actor: Actor, *, client_id: UUID, words: str) -> QuerySet[Note, dict[str, Any]]:
        return _page(actor, [client_id], words=words, kinds=(), keyset=keyset)

    return Prepared(build)


def _page(
    actor: Actor, clients: Sequence[UUID], *, words: str, kinds: Sequence[str], keyset: Keyset
) -> QuerySet[Note, dict[str, Any]]:
    notes = Note.objects.visible_to(actor).filter(client_id__in=clients)
    if kinds:
        notes = notes.filter(kind__in=kinds)
    asked = Asked(Parted(Value(words)))
    text = Parted(_joined(*(_words_of(part, actor) for part in PARTS)))
    found = notes.annotate(rank=Rank(text, asked)).filter(rank__isnull=False)
    hits = {f"{part.name}_hits": _snippets_of(part, actor, asked) for part in PARTS}
    rows: QuerySet[Note, dict[str, Any]] = found.annotate(
        author_name=name_of("author_role"),
        organization_name=F("organization__name"),
        opened_by=opened_by(actor),
        **hits,
    ).values(*ENVELOPE, "rank", "author_name", "organization_name", "opened_by", *hits)
    return keyset.of(rows)


def _rows_of(part: Part, actor: Actor) -> QuerySet[Any]:
    found: QuerySet[Any] = part.model.objects.visible_to(actor).filter(note_id=OuterRef("pk")).order_by()
    return found


def _words_of(part: Part, actor: Actor) -> Coalesce:
    """All the words of one kind, as one text."""
    every = _rows_of(part, actor).values("note_id").annotate(every=StringAgg(part.words(), " ")).values("every")
    return Coalesce(Subquery(every, output_field=TextField()), NOTHING)


def _snippets_of(part: Part, actor: Actor, asked: Asked) -> ArraySubquery:
    snippet = Snippet(Parted(part.words()), asked)
    return ArraySubquery(_rows_of(part, actor).values(data=JSONObject(section=part.section, snippet=snippet))[:MOST])


def log_found(actor: Actor, client: Client, records: Iterable[UUID], shown: Iterable[Mapping[str, Any]]) -> None:
    """Writes who looked: at the client of another clinic, whatever was found, and at each note of one that was."""
    log_reads_of_person(actor, client, records, subject_type="search")
    log_shown(actor, shown)


def matches_in(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a note that hold a hit, in the order in which a note is read, each as segments of its words."""
    matches = [
        {"part": part.name, "section": hit["section"] or None, "snippet": _segments(hit["snippet"])}
        for part in PARTS
        for hit in row[f"{part.name}_hits"] or []
        if HIT in hit["snippet"]
    ]
    places = {name: place for place, name in enumerate(SectionName.values)}
    return sorted(matches, key=lambda match: places.get(str(match["section"]), len(places)))


def _segments(snippet: str) -> list[dict[str, Any]]:
    """Words and hits in turns. Data, never markup: whoever shows them decides how a hit looks."""
    segments = []
    for piece in snippet.replace(BREAK, "").split(HIT):
        hit, ended, rest = piece.partition(END)
        if not ended:
            hit, rest = "", hit
        segments += [{"text": text, "hit": is_hit} for text, is_hit in ((hit, True), (rest, False)) if text]
    return segments
