"""The note editor: what stands in its fields, what was typed, and both in the shape of the contract."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any
from uuid import UUID

from django.http import QueryDict

from backend.catalog.entries import Region
from backend.catalog.queries import catalog
from backend.lib.actor import Actor
from backend.lib.ids import id_of_copy
from backend.lib.problems import Conflict, invalid
from backend.notes import services
from backend.notes import words as note_words
from backend.notes.inputs import COPIED_PARTS
from backend.notes.models import Finding, Note, SectionName
from backend.workspace import words
from backend.workspace.forms import shown_in
from backend.workspace.habits import Habits, most_used, phrases

Body = Mapping[str, Any]

STRENGTH = "intensity-"  # the field of how strong a pain is begins so, and ends with its row's key
ROW_GONE = "A row that you had ticked was taken off this note meanwhile."
PAIN = "nprs"  # the scale from 0 to 10 that stands as buttons above the words
# What is pressed instead of typed; it stands as the first line of its section.
PRESSED: dict[str, tuple[str, ...]] = {
    SectionName.SUBJECTIVE: ("Better since last time.", "The same as last time.", "Worse since last time."),
    SectionName.ASSESSMENT: ("Improving.", "Plateau.", "Flare.", "New finding."),
}
ROWS = {
    "findings": ("kind", "region", "side", "muscle", "intensity", "refers_to", "remark"),
    "techniques": ("technique", "regions", "minutes"),
    "measures": ("measure", "value", "remark"),
    "asks": ("kind", "region", "side", "technique", "sentence", "until"),
}
# What an editor holds besides its words and its rows.
BESIDE_THE_WORDS = ("kind", "visit_id", "occurred_at", "visibility", "shared_sections", "is_sensitive", "pain")
# Lists that are copied from the note before.
COPIED = ("findings", "techniques")
IN_WORDS: dict[str, Callable[[Body], str]] = {
    "findings": note_words.finding,
    "techniques": note_words.technique,
    "measures": note_words.measure,
    "asks": note_words.ask,
}
# What an addition asks, by the list it adds to. The names carry the list's in front, so that a script knows them.
ASKED = {
    "findings": ("place", "kind", "muscle", "intensity", "remark"),
    "techniques": ("technique", "place", "minutes"),
    "measures": ("measure", "value", "remark"),
    "asks": ("kind", "place", "technique", "sentence", "until"),
}
# What an addition cannot do without, and what is said when it does.
NEEDED = {
    "findings": (("place", "kind"), "Say what the finding is and where, or empty its fields."),
    "techniques": (("technique",), "Choose the technique, or empty its fields."),
    "measures": (("measure", "value"), "Say what was measured and its value, or empty the fields."),
    "asks": (("kind", "place"), "Say what you ask and where, or empty its fields."),
}
EMPTY: dict[str, Any] = {"kind": Note.Kind.PROGRESS, "visit_id": None, "visibility": Note.Visibility.CARE_TEAM}
EMPTY |= {"shared_sections": list(SectionName.values), "is_sensitive": False, "occurred_at": None, "untouched": []}
EMPTY |= {**dict.fromkeys(SectionName.values, ""), **{name: [] for name in ROWS}, "attachments": []}


@dataclass(slots=True)
class Row:
    """A row that stands in the note, or in the one it copies: kept while it is ticked."""

    key: str
    facts: dict[str, Any]
    in_words: str
    is_kept: bool = True

    @property
    def is_pain(self) -> bool:
        return self.facts.get("kind") == Finding.Kind.PAIN


@dataclass(slots=True)
class Editor:
    """What the editor shows in its fields."""

    kind: str
    visit_id: str
    occurred_at: str
    visibility: str
    shared_sections: list[str]
    is_sensitive: bool
    pressed: dict[str, str]
    texts: dict[str, str]
    pain: str
    rows: dict[str, list[Row]]
    files: list[Row]
    uploaded: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    role_id: str = ""


def stored_editor(body: Body, zone: str) -> Editor:
    """A note as it stands: a draft, the one that is copied, or an empty one."""
    halves = {name: _halves(name, body[name]) for name in SectionName.values}
    occurred_at = words.as_moment(body["occurred_at"])
    return Editor(
        kind=body["kind"],
        visit_id=str(body["visit_id"] or ""),
        occurred_at=f"{words.local(occurred_at, zone):%Y-%m-%dT%H:%M}" if occurred_at else "",
        visibility=body["visibility"],
        shared_sections=list(body["shared_sections"]),
        is_sensitive=body["is_sensitive"],
        pressed={name: pressed for name, (pressed, _) in halves.items()},
        texts={name: text for name, (_, text) in halves.items()},
        pain=next((f"{row['value']:g}" for row in body["measures"] if _is_the_scale(row)), ""),
        rows={name: list(_rows(name, body)) for name in ROWS},
        files=[Row(file["id"], {}, file["name"]) for file in body["attachments"]],
    )


def typed_editor(typed: QueryDict, body: Body, zone: str) -> Editor:
    """The editor as it was sent: nothing typed is lost, and rows are those of the note as it stands."""
    editor = stored_editor(body, zone)
    editor.kind, editor.visibility = typed.get("kind", editor.kind), typed.get("visibility", editor.visibility)
    editor.visit_id, editor.occurred_at = typed.get("visit", ""), typed.get("occurred_at", "")
    editor.shared_sections = [name for name in SectionName.values if name in typed.getlist("shared")]
    editor.is_sensitive = "is_sensitive" in typed
    editor.pressed = {name: typed.get(f"pressed-{name}", "") for name in SectionName.values}
    editor.texts = {name: _plain(typed.get(name, "")) for name in SectionName.values}
    for name in {*typed.getlist("theirs")} & {*SectionName.values}:
        editor.pressed[name], editor.texts[name] = _halves(name, body[name])
    name, _, phrase = typed.get("say", "").partition(":")
    if name in editor.texts:
        editor.texts[name] = f"{editor.texts[name]} {phrase}".strip()
    editor.pain = typed.get("pain", "")
    editor.confirmed = [part for part in typed.getlist("confirmed") if part in COPIED_PARTS]
    editor.role_id = typed.get("practitioner_role_id", "")
    for name, rows in {**editor.rows, "attachments": editor.files}.items():
        kept, shown = typed.getlist(name), typed.getlist(f"{name}-shown")
        known_by = _keys_now(body, shown)
        for row in rows:
            if row.key in known_by:  # what another device added meanwhile stays
                row.is_kept = known_by[row.key] in kept
        here = {known_by.get(row.key) for row in rows}
        if any(key in kept and key not in here for key in shown):
            editor.gone.append(name)
    strengths = _keys_now(body, [name.removeprefix(STRENGTH) for name in typed if name.startswith(STRENGTH)])
    for row in editor.rows["findings"]:
        if row.is_pain and row.key in strengths and (strength := typed.get(f"{STRENGTH}{strengths[row.key]}", "")):
            row.facts = {**row.facts, "intensity": _number(strength)}
    editor.added = {name: _addition(name, typed) for name in ASKED}
    if typed.get("version", "") != str(body.get("version", "")):
        _leave_untouched(editor, stored_editor(body, zone), shown_in(typed) or {})
    return editor


def marks(editor: Editor) -> str:
    """What the page shows, a mark for each field, by which it is known later what was touched on it."""
    return json.dumps({name: _mark(said) for name, said in _said(editor).items()})


def _leave_untouched(editor: Editor, stored: Editor, shown: Body) -> None:
    """Another device changed the note meanwhile: what nobody touched here is as it stands there."""
    now, said = _said(stored), _said(editor)
    for name in [name for name in said if _mark(said[name]) == shown.get(name)]:
        if name in editor.texts:
            editor.pressed[name], editor.texts[name] = stored.pressed[name], stored.texts[name]
        else:
            setattr(editor, name, now[name])


def _said(editor: Editor) -> dict[str, Any]:
    """Each field by its name, but for the rows, of which a page says which it showed."""
    sections = {name: _whole(editor.pressed[name], _plain(editor.texts[name])) for name in SectionName.values}
    return {**{name: getattr(editor, name) for name in BESIDE_THE_WORDS}, **sections}


def _mark(said: Any) -> str:
    return blake2s(json.dumps(said).encode(), digest_size=8).hexdigest()


def fields_of(editor: Editor, zone: str) -> dict[str, Any]:
    """What stands in the fields, in the shape of the contract."""
    scale = [{"measure": PAIN, "value": _number(editor.pain)}] if editor.pain else []
    rows = {name: [row.facts for row in editor.rows[name] if row.is_kept] for name in ROWS}
    for name, addition in editor.added.items():
        if made := _row_of(name, addition):
            rows[name].append(made)
    return {
        "kind": editor.kind,
        "visit_id": editor.visit_id or None,
        "visibility": editor.visibility,
        "shared_sections": editor.shared_sections,
        "is_sensitive": editor.is_sensitive,
        **({"occurred_at": words.utc_of(editor.occurred_at, zone)} if editor.occurred_at else {}),
        **{name: _whole(editor.pressed[name], editor.texts[name]) for name in SectionName.values},
        **rows,
        "measures": [*scale, *rows["measures"]],
        "attachment_ids": [*(file.key for file in editor.files if file.is_kept), *editor.uploaded],
    }


def check_additions(editor: Editor) -> None:
    """Raises 400 for an addition that was begun and says too little."""
    for name, addition in editor.added.items():
        needed, sentence = NEEDED[name]
        if any(addition.values()) and not all(addition[part] for part in needed):
            raise invalid(f"/{name}", sentence)


def check_rows(editor: Editor) -> None:
    """Raises 409 where a row that is ticked was taken off the note meanwhile; its list says so, too."""
    if editor.gone:
        raise Conflict(f"{ROW_GONE} Nothing of the note was changed: look at what it holds, then press again.")


def changes(editor: Editor, before: Editor, zone: str) -> dict[str, Any]:
    """Only what differs from what stood there: the rest of a copy stays untouched."""
    was = fields_of(before, zone)
    return {name: value for name, value in fields_of(editor, zone).items() if name not in was or value != was[name]}


def write(
    editor: Editor,
    fields: dict[str, Any],
    *,
    actor: Actor,
    client_id: UUID,
    copy_from: UUID | None = None,
    draft: Body | None = None,
    version: int | None = None,
    signs: bool = False,
) -> UUID:
    """Begins the draft or changes it, and signs it when that was pressed; all of it or nothing."""
    if draft is None:
        role = {"practitioner_role_id": editor.role_id} if editor.role_id else {}
        source = {"copy_from": str(copy_from)} if copy_from else {}
        rows = {name: fields.pop(name) for name in COPIED if copy_from and name in fields}
        sent = {"client_id": str(client_id), "kind": editor.kind, **source, **role, **fields}
        note = services.draft_note(actor=actor, sent=sent)
        if editor.confirmed or rows:
            sent = {name: _as_copied(editor, name, rows[name], note.pk) for name in rows}
            sent["confirmed"] = editor.confirmed
            services.change_draft(note.pk, actor=actor, expected_version=None, sent=sent)
    else:
        sent = {**fields, "confirmed": editor.confirmed}
        note = services.change_draft(draft["id"], actor=actor, expected_version=version, sent=sent)
    if signs:
        services.move_note(note.pk, "sign", {}, actor=actor)
    return note.pk


def _as_copied(editor: Editor, name: str, rows: list[dict[str, Any]], note_id: UUID) -> list[dict[str, Any]]:
    """The rows that stay of a copy under the ids they were copied with, and after them what was added."""
    kept = [row.key for row in editor.rows[name] if row.is_kept]
    ids = [str(id_of_copy(UUID(key), parent_id=note_id)) for key in kept]
    return [{**row, "id": pk} for row, pk in zip(rows, ids, strict=False)] + rows[len(ids) :]


# --- texts ----------------------------------------------------------------------------------------------------------


def _halves(name: str, text: str) -> tuple[str, str]:
    """The sentence that was pressed, and what was typed below it."""
    first, _, rest = text.partition("\n")
    return (first, rest) if first in PRESSED.get(name, ()) else ("", text)


def _whole(pressed: str, text: str) -> str:
    return "\n".join(part for part in (pressed, text) if part)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _number(text: str) -> Any:
    """A number, or what was typed instead: the contract refuses it."""
    try:
        return int(text)
    except ValueError:
        return text


# --- rows -----------------------------------------------------------------------------------------------------------


def _rows(name: str, body: Body) -> Iterator[Row]:
    """The rows of a list with their words. Of a draft they keep their ids; a copy's are new ones."""
    is_draft = body.get("state") == Note.State.DRAFT
    alike: Counter[str] = Counter()
    for row in body[name]:
        if name == "measures" and _is_the_scale(row):
            continue
        facts = {part: row[part] for part in ROWS[name] if part in row}
        if is_draft and "id" in row:
            facts["id"] = row["id"]
        key, said = str(row.get("id") or ""), IN_WORDS[name](row)
        if not key:  # a measure is known by what it says, so that its key stays when another goes
            alike[said] += 1
            key = f"{alike[said]} {said}"
        yield Row(key, facts, said)


def _keys_now(body: Body, keys: Iterable[str]) -> dict[str, str]:
    """By what the note calls its rows, the keys that the page shows them by."""
    return {now: key for key in keys for now in (key, _key_in(body, key))}


def _key_in(body: Body, key: str) -> str:
    """How a draft calls the row that a page showed by its key in the note it was copied from, before there was a draft."""
    if body.get("state") != Note.State.DRAFT:
        return key
    try:
        return str(id_of_copy(UUID(key), parent_id=UUID(body["id"])))
    except ValueError:
        return key


def _is_the_scale(measure: Body) -> bool:
    """Whether it is one of the eleven steps; what was measured finer stands among the other measures."""
    return bool(measure["measure"] == PAIN and not measure.get("remark") and measure["value"] in range(11))


def _addition(name: str, typed: QueryDict) -> dict[str, Any]:
    addition: dict[str, Any] = {part: typed.get(f"add-{name}-{part}", "").strip() for part in ASKED[name]}
    if name == "findings":
        addition["refers_to"] = typed.getlist("add-findings-refers_to")
    return addition


def _row_of(name: str, addition: dict[str, Any]) -> dict[str, Any] | None:
    """What was filled in to be added, in the shape of the contract; None when nothing was."""
    if not any(addition.values()):
        return None
    return MADE[name](addition)


def _finding(addition: dict[str, Any]) -> dict[str, Any]:
    is_pain, refers = addition["kind"] == Finding.Kind.PAIN, addition["kind"] == Finding.Kind.TRIGGER_POINT
    return {
        "kind": addition["kind"],
        **_place(addition["place"]),
        "muscle": addition["muscle"] or None,
        "intensity": _number(addition["intensity"]) if is_pain and addition["intensity"] else None,
        "refers_to": addition["refers_to"] if refers else [],
        "remark": addition["remark"] or None,
    }


def _technique(addition: dict[str, Any]) -> dict[str, Any]:
    minutes = addition["minutes"]
    regions = [_place(addition["place"])] if addition["place"] else []
    return {
        "technique": addition["technique"],
        "regions": regions,
        "minutes": _number(minutes) if minutes else None,
    }


def _measure(addition: dict[str, Any]) -> dict[str, Any]:
    remark = {"remark": addition["remark"]} if addition["remark"] else {}
    return {"measure": addition["measure"], "value": addition["value"], **remark}


def _ask(addition: dict[str, Any]) -> dict[str, Any]:
    """What is asked; without a sentence of one's own it says what was pressed."""
    facts = {"kind": addition["kind"], **_place(addition["place"]), "technique": addition["technique"] or None}
    says_enough = addition["kind"] in note_words.ASKS and addition["place"]
    sentence = addition["sentence"] or (f"{note_words.ask_in_short(facts)}." if says_enough else "")
    return {**facts, "sentence": sentence, "until": addition["until"] or None}


def _place(chosen: str) -> dict[str, str]:
    """``cervical:right`` as the contract writes it."""
    region, _, side = chosen.partition(":")
    return {"region": region, "side": side}


MADE = {"findings": _finding, "techniques": _technique, "measures": _measure, "asks": _ask}


# --- choices --------------------------------------------------------------------------------------------------------


def choices(discipline: str, kind: str, habits: Habits) -> dict[str, Any]:
    """What the editor offers: places, muscles, techniques of the discipline, measures, prompts of the template.

    What the practitioner uses most stands once more before the lists, which keep their order.
    """
    known = catalog()
    muscles: dict[str, list[Any]] = {}
    for muscle in known.muscles.values():
        muscles.setdefault(known.regions[muscle.region].label, []).append(muscle)
    zones: dict[str, list[Any]] = {}
    for zone in known.body_zones.values():
        zones.setdefault(known.regions[zone.region].label, []).append(zone)
    template = next(iter(known.note_templates_for(discipline, kind)), None)
    places = [(region, [(side, _side_words(side)) for side in region.sides]) for region in known.regions.values()]
    techniques = known.techniques_of(discipline) if discipline in known.disciplines else []
    measures = [measure for measure in known.measures.values() if measure.code != PAIN]
    return {
        "places": places,
        "muscles": list(muscles.items()),
        "zones": list(zones.items()),
        "techniques": techniques,
        "all_techniques": list(known.techniques.values()),
        "measures": measures,
        "kinds": list(note_words.KINDS.items()),
        "finding_kinds": list(note_words.FINDINGS.items()),
        "ask_kinds": list(note_words.ASKS.items()),
        "scale": [str(step) for step in range(11)],
        "prompts": {name: getattr(template, name) if template else () for name in SectionName.values},
        "phrases": {name: phrases(discipline, name, habits) for name in SectionName.values},
        "used": {
            "places": most_used(_named(places), habits.places),
            "techniques": most_used(((each.code, each) for each in techniques), habits.techniques),
            "measures": most_used(((each.code, each) for each in measures), habits.measures),
        },
    }


def _named(places: Iterable[tuple[Region, Iterable[tuple[str, str]]]]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each place under its code: with the code, and with its region in front of the side."""
    for region, sides in places:
        for side, said in sides:
            code = f"{region.code}:{side}"
            yield code, (code, f"{region.label}, {said}" if said else region.label)


def _side_words(side: str) -> str:
    return {"midline": "middle"}.get(side, words.SIDES[side])
