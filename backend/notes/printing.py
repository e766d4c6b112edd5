"""A note on paper: what this reader may see, in words, as PDF."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from backend.directory.letterhead import Letterhead, footer, letterhead_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import short_id
from backend.lib.typesetting import Block, Document, Section, pdf_of, said
from backend.lib.zones import moment_in_words
from backend.notes import policies, queries, rendering, signing, words
from backend.notes.models import SectionName

Body = Mapping[str, Any]

STRUCK = "What stands here struck through was entered in error."
CHANGED = "Changed since it was signed: what stands here is not what was signed, or a part of it is missing."
LEFT_OUT = "Parts that were not shared are left out."
# Which rows are printed under which section: they are shared with it.
UNDER: dict[str, tuple[tuple[str, Callable[[Body], str]], ...]] = {
    SectionName.OBJECTIVE: (("measures", words.measure), ("findings", words.finding)),
    SectionName.PLAN: (("techniques", words.technique),),
}


def document(note_id: UUID | str, *, actor: Actor) -> bytes:
    """The note for this reader: withheld stays withheld, and the look is logged.

    Raises 404 when the note is not the reader's to see, 403 ``right_required`` when its text is not.
    """
    row = queries.one_row(note_id, actor)
    policies.check_reads_text(actor)
    made = note_pdf(rendering.note_data(row, actor))
    queries.log_shown(actor, [row])
    return made


def note_pdf(body: Body) -> bytes:
    """The page made from ``rendering.note_data``. Reads the clinic's address."""
    clinic = letterhead_of(body["organization"], body["author"])
    return pdf_of(
        Document(
            title=f"{words.KINDS[body['kind']]} {short_id(body['id'])}",
            sender=Block(clinic.name, clinic.contact),
            banner=_banner(body),
            blocks=[Block("Written by", _author(body, clinic)), Block("Client", [body["client"]["display"]])],
            facts=[*_facts(body, clinic.time_zone)],
            sections=[*_written(body), *_addenda(body, clinic.time_zone), *_signed(body, clinic.time_zone)],
            footer=footer(f"Note {short_id(body['id'])}", clinic.time_zone),
            paper=clinic.paper,
        ),
        printed_at=clock.now(),
    )


def _banner(body: Body) -> str | None:
    struck = STRUCK if body["entered_in_error"] else ""
    left_out = LEFT_OUT if set(body["withheld"]) & {*SectionName.values} else ""
    changed = CHANGED if body.get("integrity") == signing.CHANGED else ""
    return " ".join(said([changed, words.STATES.get(body["state"]), struck, left_out])) or None


def _author(body: Body, clinic: Letterhead) -> list[str]:
    return said([body["author"]["display"], words.discipline(body["discipline"]), clinic.name])


def _facts(body: Body, zone: str) -> Iterable[tuple[str, str]]:
    yield "Took place", _moment(body["occurred_at"], zone)
    yield "Written", _moment(body["recorded_at"], zone)
    yield "For", words.VISIBLE_TO[body["visibility"]] + (", sensitive" if body["is_sensitive"] else "")
    if carried := words.copied(body):
        yield "Carried over", carried
    if error := body["entered_in_error"]:
        yield "Entered in error", _because(error, zone)
    if closed := body["closed_unsigned"]:
        yield "Closed", f"{closed['by']}, {_moment(closed['at'], zone)}"


def _because(error: Body, zone: str) -> str:
    remark = f". {error['note']}" if error.get("note") else ""
    return f"{words.IN_ERROR_BECAUSE[error['reason']]}: {error['by']}, {_moment(error['at'], zone)}{remark}"


def _written(body: Body) -> Iterable[Section]:
    is_struck = body["entered_in_error"] is not None
    for name, title in words.SECTIONS.items():
        parts = [body.get(name, "")]
        parts += ["\n".join(in_words(row) for row in body.get(part, [])) for part, in_words in UNDER.get(name, ())]
        if text := "\n\n".join(said(parts)):
            yield Section(title, text, struck=is_struck)
    if body["asks"]:
        yield Section("Asked of the others", "\n".join(words.ask(row) for row in body["asks"]), struck=is_struck)


def _addenda(body: Body, zone: str) -> Iterable[Section]:
    is_struck = body["entered_in_error"] is not None
    for addendum in body["addenda"]:
        about = f" to {words.SECTIONS[addendum['section']].lower()}" if addendum["section"] else ""
        signature = addendum["signature"]
        took_place = addendum["occurred_at"]
        lines = [
            words.AMENDED_BECAUSE[addendum["reason"]],
            f"About {_moment(took_place, zone)}" if took_place else "",
            signature["practitioner"],
            signature["license"],
            _moment(signature["signed_at"], zone),
            words.SIGNATURES[signature["kind"]],
        ]
        yield Section(
            f"Addendum{about}", f"{addendum['text']}\n\n" + "\n".join(said(lines)), framed=True, struck=is_struck
        )


def _signed(body: Body, zone: str) -> Iterable[Section]:
    if signature := body["signature"]:
        source = signature["source"]
        lines = [
            signature["practitioner"],
            signature["license"],
            _moment(signature["signed_at"], zone),
            words.SIGNATURES[signature["kind"]],
            f"Kept there as {source['value']} ({source['system']})" if source else "",
        ]
        yield Section("Signature", "\n".join(said(lines)), framed=True)
    if cosignature := body["cosignature"]:
        lines = [cosignature["practitioner"], cosignature["license"], _moment(cosignature["signed_at"], zone)]
        yield Section("Co-signature", "\n".join(said(lines)), framed=True)
    if body["content_hash"]:
        yield Section("SHA-256 of what was signed", body["content_hash"])


def _moment(value: str, zone: str) -> str:
    return moment_in_words(parse_datetime(value), zone)
