"""What happened to each client of the access matrix, and the words by which a leak of it is known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from backend.lib import clock
from tests import make

SITUATIONS = (
    "accepted",
    "sent",
    "former",
    "withdrawn_before",
    "withdrawn_after",
    "sent_in_error",
    "pool",
    "glass",
    "guest",
    "attested",
    "asked",
    "left",
    "trusted",
    "excluded",
)
# Where a note of every kind is written: those whose notes are asked for one by one.
EVERY_NOTE = ("accepted", "former", "withdrawn_after", "glass", "left", "trusted", "excluded")
# What of a client a reader may see. "own" is the home clinic's numbers, which nobody else ever reads.
NAME, CONTACT, CLINICAL, SAFETY_NOTE, FAMILY, OWN = "name", "contact", "clinical", "safety_note", "family", "own"
NOTE, PRIVATE_NOTE, SENSITIVE, AUTHORS, PLAN = "note", "private_note", "sensitive", "authors", "plan"
EVERYTHING = frozenset((NAME, CONTACT, CLINICAL, SAFETY_NOTE, FAMILY, OWN, NOTE, PRIVATE_NOTE, SENSITIVE, PLAN))
# The package holds the precautions with their notes.
PACKAGE = frozenset((NAME, CONTACT, CLINICAL, SAFETY_NOTE))
SHARED_RECORD = frozenset((NAME, CONTACT, CLINICAL, SAFETY_NOTE, FAMILY, NOTE, PLAN))
GUEST = "guest@example.org"
ASK = {"kind": "avoid", "region": "cervical", "side": "left", "sentence": "No thrust for two days."}
# Well-formed, and nothing has it.
NOBODY = "0198c1a0-0000-7000-8000-000000000000"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Situation:
    """One client with everything that hangs on them, and the words by which a leak of it is known.

    ``notes`` are the ids of other notes than the one in ``ids``, by who reads them, or by what became of them.
    """

    name: str
    number: int
    ids: dict[str, str] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def canaries(self) -> dict[str, list[str]]:
        n, word, every = self.number, self.word, self.name in EVERY_NOTE
        return {
            NAME: [f"{word}-family", f"{word}-given"],
            CONTACT: [
                f"{word}@canary.example".lower(),
                f"+1 303 777 01{n:02}",
                f"1931-07-{n + 10:02}",
                f"{word}-reason",
                f"{word}-question",
                f"{word}-message",
            ],
            CLINICAL: [f"{word}-findings", f"{word}-report", f"{word}-letter"],
            PLAN: [f"{word}-plan"],
            SAFETY_NOTE: [f"{word}-precaution"],
            FAMILY: [f"{word}-mother"],
            OWN: [f"{word}-number"],
            NOTE: [
                *(f"{word}-{w}" for w in ("subjective", "asked", "posture")),
                *([f"{word}-shared", *_of_state(word, "void")] * every),
            ],
            PRIVATE_NOTE: [
                *(f"{word}-{w}" for w in ("clinics", "drafted", "clinic-file")),
                *([f"{word}-kept", f"{word}-partly-file"] * every),
                *(said for state in ("waiting", "closed", "mistaken") for said in _of_state(word, state) * every),
            ],
            SENSITIVE: [f"{word}-sensitive"],
            AUTHORS: [f"{word}-author"] * every,
        }

    @property
    def word(self) -> str:
        return f"Zq{self.name.replace('_', '')}"


def _of_state(word: str, state: str) -> list[str]:
    """What stands in a note that is not simply signed: its text, what it asks, and its file."""
    return [f"{word}-{state}-{part}" for part in ("said", "asked", "file")]


@dataclass
class Clinics:
    """North registered every client; what the others are to it, each situation says.

    ``not_welcome`` works at South: one client has said "not this person". ``student`` works at North, and signs what a
    colleague has to answer for.
    """

    north: make.Clinic
    south: make.Clinic
    east: make.Clinic
    west: make.Clinic
    outsider: make.Clinic
    not_welcome: make.Person
    student: make.Person


def tell(clinics: Clinics, s: Situation) -> None:
    """Registers the client, fills the record, and plays the story of this situation."""
    north, word = clinics.north, s.word
    client = make.client(
        north,
        family_name=f"{word}-family",
        given_name=f"{word}-given",
        email=f"{word}@canary.example".lower(),
        phone=f"+1 303 777 01{s.number:02}",
        birth_date=f"1931-07-{s.number + 10:02}",
        local_identifier=f"{word}-number",
    )
    s.ids["client_id"] = client["id"]
    path = f"clients/{client['id']}"
    s.ids["precaution_id"] = _made(
        north, f"{path}/precautions", {"code": "anticoag", "regions": [], "note": f"{word}-precaution"}
    )
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    s.ids["hold_id"] = _made(north, f"{path}/holds", hold)
    mother = {"name": f"{word}-mother", "relationship": "parent"}
    s.ids["representative_id"] = _made(north, f"{path}/representatives", mother)
    s.ids["link_id"] = _made(north, f"{path}/links", {})
    s.ids["consent_id"] = _consent(clinics, s)["id"]
    s.ids["visit_id"] = _made(north, "visits", {"client_id": client["id"], **make.visit_window(30)})
    _write_notes(north, s)
    if s.name in EVERY_NOTE:
        _write_notes_of_every_state(clinics, s)
    draft = make.referral(north, clinics.south, client_id=client["id"], send=False, **_words(word))
    s.ids["draft_id"] = draft["id"]
    _plan(clinics, s)
    STORIES[s.name](clinics, s)


def _plan(clinics: Clinics, s: Situation) -> None:
    """A care plan of the home clinic, published once and with a row of each kind."""
    north, word = clinics.north, f"{s.word}-plan"
    s.ids["plan_id"] = _made(north, "care-plans", {"client_id": s.ids["client_id"], "title": word})
    path = f"care-plans/{s.ids['plan_id']}"
    s.ids["problem_id"] = _made(north, f"{path}/problems", {"text": word})
    s.ids["goal_id"] = _made(north, f"{path}/goals", {"words": word})
    s.ids["line_id"] = _made(north, f"{path}/interventions", {"focus": word, "minutes": 50})
    s.ids["phase_id"] = _made(north, f"{path}/phases", {"name": "Calm down"})
    assert north.http.send("POST", f"{path}/versions", {}).status_code == 201
    assert north.http.send("POST", f"{path}/transitions", {"name": "activate"}).status_code == 200
    s.ids["number"] = "1"


def _write_notes(clinic: make.Clinic, s: Situation) -> None:
    """A signed note for the care team, those that fewer people read, and a draft."""
    note: dict[str, Any] = {"client_id": s.ids["client_id"], "kind": "progress"}
    words = {"subjective": f"{s.word}-subjective", "asks": [{**ASK, "sentence": f"{s.word}-asked"}]}
    s.ids |= _whole_note(clinic, {**note, **words}, _letter(clinic, s, "posture"))
    kinds: dict[str, dict[str, Any]] = {
        "author": {"subjective": f"{s.word}-author", "visibility": "author"},
        "clinic": {"subjective": f"{s.word}-clinics", "visibility": "clinic", "asks": [ASK]},
        "sensitive": {"subjective": f"{s.word}-sensitive", "is_sensitive": True, "asks": [ASK]},
        "partly": {
            "subjective": f"{s.word}-kept",
            "plan": f"{s.word}-shared",
            "shared_sections": ["plan"],
            "asks": [ASK],
        },
    }
    s.notes = {
        name: _whole_note(clinic, {**note, **facts}, _letter(clinic, s, f"{name}-file"))
        for name, facts in kinds.items()
        if name in ("clinic", "sensitive") or s.name in EVERY_NOTE
    }
    s.ids["draft_note_id"] = _made(clinic, "notes", {**note, "subjective": f"{s.word}-drafted"})


def _write_notes_of_every_state(clinics: Clinics, s: Situation) -> None:
    """Written for the care team: one waits for a co-signature, one was closed unsigned, two were entered in error."""
    north = clinics.north
    leaving = make.person(north.organization, "practitioner", discipline="massage_therapy")
    assert leaving.role is not None
    writers: dict[str, make.Clinic | make.Person] = {
        "waiting": clinics.student,
        "closed": leaving,
        "void": north,
        "mistaken": north,
    }
    for state, who in writers.items():
        text, asked, _ = _of_state(s.word, state)
        note = {"client_id": s.ids["client_id"], "kind": "progress", "subjective": text}
        asks, letter = [{**ASK, "sentence": asked}], _letter(who, s, f"{state}-file")
        s.notes[state] = _written_note(who, {**note, "asks": asks}, letter)
        if state != "closed":
            _sign(who, s.notes[state]["note_id"])
    _done(north.admin, f"practitioner-roles/{leaving.role.id}/end", {})
    _done(north.admin, f"notes/{s.notes['closed']['note_id']}/close-unsigned", {})
    for state, reason in (("void", "duplicate"), ("mistaken", "wrong_client")):
        _done(north, f"notes/{s.notes[state]['note_id']}/entered-in-error", {"reason": reason})


def _whole_note(who: make.Clinic | make.Person, body: dict[str, Any], file_id: str) -> dict[str, str]:
    """The ids of a signed note, of its file, and of what it asks."""
    written = _written_note(who, body, file_id)
    _sign(who, written["note_id"])
    return written


def _written_note(who: make.Clinic | make.Person, body: dict[str, Any], file_id: str) -> dict[str, str]:
    """The same of a draft."""
    note_id = _made(who, "notes", {**body, "attachment_ids": [file_id]})
    asks = who.http.send("GET", f"notes/{note_id}").json()["asks"]
    return {"note_id": note_id, "note_file_id": file_id, "ask_id": asks[0]["id"] if asks else NOBODY}


def _signed_note(clinic: make.Clinic, body: dict[str, Any]) -> str:
    note_id = _made(clinic, "notes", body)
    _sign(clinic, note_id)
    return note_id


def _sign(who: make.Clinic | make.Person, note_id: str) -> None:
    _done(who, f"notes/{note_id}/sign", {})


def _consent(clinics: Clinics, s: Situation) -> Any:
    more: dict[str, dict[str, Any]] = {
        "pool": {"pools": [{"discipline": "chiropractic"}]},
        "guest": {"guests": [{"email": GUEST}]},
        "attested": {"guests": [{"email": GUEST}]},
        "trusted": {"categories": ["plan", "notes", "sensitive"]},
        "excluded": {"excluded_practitioner_ids": [clinics.not_welcome.practitioner_id]},
    }
    others = {"pool": [], "guest": [], "attested": [], "glass": [clinics.west], "asked": [clinics.east]}
    until = (clock.now() + timedelta(days=100)).date().isoformat()
    circle = others.get(s.name, [clinics.south])
    return make.consent(clinics.north, s.ids["client_id"], *circle, expires_on=until, **more.get(s.name, {}))


def _words(word: str) -> dict[str, str]:
    return {"reason": f"{word}-reason", "question": f"{word}-question", "findings": f"{word}-findings"}


def _send(clinics: Clinics, s: Situation, to: Any, **more: Any) -> str:
    letter = _letter(clinics.north, s)
    referral = make.referral(
        clinics.north, to, client_id=s.ids["client_id"], attachment_ids=[letter], **{**_words(s.word), **more}
    )
    s.ids |= {"referral_id": referral["id"], "attachment_id": letter}
    _made(clinics.north, f"referrals/{referral['id']}/messages", {"text": f"{s.word}-message"})
    return str(referral["id"])


def _letter(who: make.Clinic | make.Person, s: Situation, what: str = "letter") -> str:
    address = f"/api/v1/attachments?name={s.word}-{what}.pdf"
    answer = who.http.generic("POST", address, PDF, content_type="application/octet-stream")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _reported(clinics: Clinics, s: Situation, *, final: bool) -> None:
    said = {**make.REPORT, "answer": f"{s.word}-report"}
    make.move(clinics.south, s.ids["referral_id"], "report", final=final, report=said)
    reports = clinics.south.http.send("GET", f"referrals/{s.ids['referral_id']}/reports").json()["results"]
    s.ids["report_id"] = reports[0]["id"]


def _visit_of_care(clinics: Clinics, s: Situation) -> None:
    """The recipient's own: what it wrote stays with it."""
    body = {"referral_id": s.ids["referral_id"], **make.visit_window(30)}
    s.ids["visit_id"] = _made(clinics.south, "visits", body)


def _made(who: make.Clinic | make.Person, path: str, body: Any) -> str:
    answer = who.http.send("POST", path, body)
    assert answer.status_code == 201, (path, answer.content)
    return str(answer.json()["id"])


def _done(who: make.Clinic | make.Person, path: str, body: Any) -> None:
    answer = who.http.send("POST", path, body)
    assert answer.status_code == 200, (path, answer.content)


def _withdraw(clinics: Clinics, s: Situation) -> None:
    _done(clinics.north, f"clients/{s.ids['client_id']}/consents/{s.ids['consent_id']}/withdraw", {})


def _trusted(clinics: Clinics, s: Situation) -> None:
    """Accepted, by a consent that names what is sensitive."""
    make.move(clinics.south, _send(clinics, s, clinics.south), "accept")


def _sent(clinics: Clinics, s: Situation) -> None:
    _send(clinics, s, clinics.south)


def _accepted(clinics: Clinics, s: Situation) -> None:
    make.move(clinics.south, _send(clinics, s, clinics.south), "accept")
    _signed_note(clinics.south, {"client_id": s.ids["client_id"], "kind": "progress", "objective": "Taut bands."})
    path, south = f"care-plans/{s.ids['plan_id']}", clinics.south
    s.ids["membership_id"] = _made(clinics.north, f"{path}/team", {"organization_id": south.id})
    proposal = {"kind": "change", "about": "intervention", "row_id": s.ids["line_id"], "changes": {"minutes": 30}}
    s.ids["proposal_id"] = _made(south, f"{path}/proposals", {**proposal, "why": f"{s.word}-plan"})
    problem = {"text": "Not published yet."}
    _made(clinics.north, f"{path}/problems", problem)
    asked = clinics.north.http.send("POST", f"clients/{s.ids['client_id']}/export", {})
    s.ids["export_id"] = asked.json()["id"]


def _excluded(clinics: Clinics, s: Situation) -> None:
    """In care at South, with a visit of its own; a colleague there reads nothing of what the others wrote."""
    _accepted(clinics, s)
    make.move(clinics.south, s.ids["referral_id"], "start")
    _visit_of_care(clinics, s)


def _former(clinics: Clinics, s: Situation) -> None:
    """An evaluation that went round the loop: its access ended with it."""
    referral_id = _send(clinics, s, clinics.south, kind="evaluate")
    make.move(clinics.south, referral_id, "accept")
    make.move(clinics.south, referral_id, "start")
    _visit_of_care(clinics, s)
    _reported(clinics, s, final=True)
    make.move(clinics.north, referral_id, "acknowledge", plan_change="no_change")


def _left(clinics: Clinics, s: Situation) -> None:
    """South treated, wrote in the plan, and left its team: its line has ended, and so has its access."""
    referral_id, south = _send(clinics, s, clinics.south), clinics.south
    make.move(south, referral_id, "accept")
    make.move(south, referral_id, "start")
    _visit_of_care(clinics, s)
    path = f"care-plans/{s.ids['plan_id']}"
    s.ids["membership_id"] = _made(clinics.north, f"{path}/team", {"organization_id": south.id})
    _made(south, f"{path}/interventions", {"focus": "Taut bands", "times_per_week": 1})
    proposal = {"kind": "end", "about": "intervention", "row_id": s.ids["line_id"], "why": "It is reached."}
    s.ids["proposal_id"] = _made(south, f"{path}/proposals", proposal)
    _signed_note(south, {"client_id": s.ids["client_id"], "kind": "progress", "objective": "Taut bands."})
    _reported(clinics, s, final=True)
    make.move(clinics.north, referral_id, "acknowledge", plan_change="no_change")
    left = south.http.send("POST", f"{path}/team/{s.ids['membership_id']}/end", {})
    assert left.status_code == 200, left.content
    ended = [line["ended_reason"] for line in left.json()["interventions"]]
    assert ended == ["left"], ended


def _withdrawn_before(clinics: Clinics, s: Situation) -> None:
    _send(clinics, s, clinics.south)
    _withdraw(clinics, s)


def _withdrawn_after(clinics: Clinics, s: Situation) -> None:
    referral_id = _send(clinics, s, clinics.south)
    make.move(clinics.south, referral_id, "accept")
    make.move(clinics.south, referral_id, "start")
    _visit_of_care(clinics, s)
    _reported(clinics, s, final=False)
    _withdraw(clinics, s)


def _sent_in_error(clinics: Clinics, s: Situation) -> None:
    referral_id = _send(clinics, s, clinics.south)
    make.move(clinics.south, referral_id, "accept")
    make.move(clinics.north, referral_id, "withdraw", reason="sent_in_error")


def _pool(clinics: Clinics, s: Situation) -> None:
    _send(clinics, s, {"discipline": "chiropractic"})


def _guest(clinics: Clinics, s: Situation) -> None:
    """To a colleague without an account, who has not answered yet."""
    guest = {"name": "Gil Guest", "discipline": "physical_therapy", "email": GUEST}
    _send(clinics, s, {"guest": guest})


def _asked(clinics: Clinics, s: Situation) -> None:
    """South is in no circle of this client yet; the client is asked by link."""
    referral_id = _send(clinics, s, clinics.south, send=False)
    make.move(clinics.north, referral_id, "ask_consent")


def _glass(clinics: Clinics, s: Situation) -> None:
    """West was in a circle of this client and lost it; there is a referral inside the home clinic's own work."""
    _withdraw(clinics, s)
    s.ids |= {"referral_id": s.ids["draft_id"], "attachment_id": _letter(clinics.north, s)}


STORIES: dict[str, Callable[[Clinics, Situation], None]] = {
    "accepted": _accepted,
    "sent": _sent,
    "former": _former,
    "withdrawn_before": _withdrawn_before,
    "withdrawn_after": _withdrawn_after,
    "sent_in_error": _sent_in_error,
    "pool": _pool,
    "glass": _glass,
    "guest": _guest,
    "attested": _guest,
    "asked": _asked,
    "left": _left,
    "trusted": _trusted,
    "excluded": _excluded,
}
