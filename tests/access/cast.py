"""The world of the access matrix: one client per situation, and who asks about which of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.test import override_settings

from backend.audit.work import run_due
from backend.directory.models import Organization
from backend.lib import clock
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.links.models import Link
from backend.links.services import make_link
from backend.links.tokens import token_of
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
)
# What of a client a reader may see. "own" is the home clinic's numbers, which nobody else ever reads.
CONTACT, CLINICAL, SAFETY_NOTE, FAMILY, OWN = "contact", "clinical", "safety_note", "family", "own"
NOTE, PRIVATE_NOTE = "note", "private_note"
EVERYTHING = frozenset((CONTACT, CLINICAL, SAFETY_NOTE, FAMILY, OWN, NOTE, PRIVATE_NOTE))
# The package holds the precautions with their notes.
PACKAGE = frozenset((CONTACT, CLINICAL, SAFETY_NOTE))
SHARED_RECORD = frozenset((CONTACT, CLINICAL, SAFETY_NOTE, FAMILY, NOTE))
GUEST = "guest@example.org"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ATTESTED = {
    "name": "Gil Guest",
    "clinic": "Harbor Physio",
    "license_kind": "Physical therapist",
    "license_number": "PT-4711",
    "place": "Colorado",
    "is_true": "yes",
}
READING = " ".join(scope for scope in make.ALL_SCOPES.split() if scope.endswith(":read"))
Reads = Mapping[str, frozenset[str]]


@dataclass
class Situation:
    """One client with everything that hangs on them, and the words by which a leak of it is known."""

    name: str
    number: int
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def canaries(self) -> dict[str, list[str]]:
        n, word = self.number, self.word
        return {
            CONTACT: [
                f"{word}-family",
                f"{word}-given",
                f"{word}@canary.example".lower(),
                f"+1 303 777 01{n:02}",
                f"1931-07-{n + 10:02}",
                f"{word}-reason",
                f"{word}-question",
                f"{word}-message",
            ],
            CLINICAL: [f"{word}-findings", f"{word}-report", f"{word}-letter", f"{word}-plan"],
            SAFETY_NOTE: [f"{word}-precaution"],
            FAMILY: [f"{word}-mother"],
            OWN: [f"{word}-number"],
            NOTE: [f"{word}-subjective", f"{word}-asked", f"{word}-posture"],
            PRIVATE_NOTE: [f"{word}-sensitive", f"{word}-clinics", f"{word}-drafted", f"{word}-scan"],
        }

    @property
    def word(self) -> str:
        return f"Zq{self.name.replace('_', '')}"


@dataclass(frozen=True)
class Column:
    """Who asks, about whose client, and which words of which clients may stand in the answers."""

    name: str
    situation: Situation
    api: make.Api
    browser: make.Api
    reads: Reads = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    def forbidden_words(self, situations: Mapping[str, Situation]) -> list[str]:
        """What must not appear in any answer to this caller."""
        return [
            word
            for situation in situations.values()
            for level, words in situation.canaries.items()
            if level not in self.reads.get(situation.name, frozenset())
            for word in words
        ]


@dataclass
class World:
    north: make.Clinic
    south: make.Clinic
    east: make.Clinic
    west: make.Clinic
    outsider: make.Clinic
    situations: dict[str, Situation]
    columns: dict[str, Column]

    @property
    def words(self) -> list[str]:
        return [word for s in self.situations.values() for words in s.canaries.values() for word in words]


@contextmanager
def never_kept() -> Iterator[None]:
    """A transaction that is always rolled back: what a cell did is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def build(*, before_stories: Callable[[make.Clinic], object] = lambda clinic: None) -> World:
    """The clinics, the clients in their situations, and the callers. Everything is committed.

    ``before_stories`` is called with the uninvolved clinic, before any client exists.
    """
    clinics = {
        "north": make.clinic("North Massage", "massage_therapy"),
        "south": make.clinic("South Physio", "physical_therapy"),
        "east": make.clinic("East Chiropractic", "chiropractic"),
        "west": make.clinic("West Physio", "physical_therapy"),
        "outsider": make.clinic("Outsider Clinic", "physical_therapy"),
    }
    Organization.objects.filter(pk=clinics["west"].id).update(break_glass_enabled=True)
    situations = {name: Situation(name, number) for number, name in enumerate(SITUATIONS, start=1)}
    world = World(**clinics, situations=situations, columns={})
    common = _common_ids(world)
    own = {
        clinic.id: make.client(clinic, family_name="Own", given_name="Record")["id"]
        for clinic in (world.south, world.east, world.west, world.outsider)
    }
    before_stories(world.outsider)
    for situation in situations.values():
        _tell(world, situation)
    run_due()
    for situation in situations.values():
        situation.ids = {**common, **situation.ids}
    for column in _columns(world):
        organization_id = column.api.send("GET", "me").json().get("organization", {}).get("id")
        own_client = {"own_client_id": own.get(organization_id, common["other_client_id"])}
        world.columns[column.name] = replace(column, ids={**column.ids, **own_client})
    return world


# --- what happened to each client ----------------------------------------------------------------------------------


def _tell(world: World, s: Situation) -> None:
    """Registers the client, fills the record, and plays the story of this situation."""
    north, word = world.north, s.word
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
    s.ids["consent_id"] = _consent(world, s)["id"]
    s.ids["visit_id"] = _made(north, "visits", {"client_id": client["id"], **make.visit_window(30)})
    _write_notes(north, s)
    draft = make.referral(north, world.south, client_id=client["id"], send=False, **_words(word))
    s.ids["draft_id"] = draft["id"]
    _plan(world, s)
    STORIES[s.name](world, s)


def _plan(world: World, s: Situation) -> None:
    """A care plan of the home clinic, published once and with a row of each kind."""
    north, word = world.north, f"{s.word}-plan"
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
    """A signed note for the care team, what never leaves the clinic, and a draft."""
    place = {"region": "cervical", "side": "left"}
    asked = [{"kind": "avoid", **place, "sentence": f"{s.word}-asked"}]
    note: dict[str, Any] = {"client_id": s.ids["client_id"], "kind": "progress"}
    posture, scan = ([_letter(clinic, s, what)] for what in ("posture", "scan"))
    words = {"subjective": f"{s.word}-subjective", "asks": asked, "attachment_ids": posture}
    s.ids |= {"note_id": _signed_note(clinic, {**note, **words}), "note_file_id": posture[0]}
    _signed_note(clinic, {**note, "subjective": f"{s.word}-sensitive", "is_sensitive": True, "attachment_ids": scan})
    _signed_note(clinic, {**note, "subjective": f"{s.word}-clinics", "visibility": "clinic"})
    s.ids["ask_id"] = clinic.http.send("GET", f"notes/{s.ids['note_id']}").json()["asks"][0]["id"]
    s.ids["draft_note_id"] = _made(clinic, "notes", {**note, "subjective": f"{s.word}-drafted"})


def _signed_note(clinic: make.Clinic, body: dict[str, Any]) -> str:
    note_id = _made(clinic, "notes", body)
    assert clinic.http.send("POST", f"notes/{note_id}/sign", {}).status_code == 200
    return note_id


def _consent(world: World, s: Situation) -> Any:
    more: dict[str, Any] = {
        "pool": {"pools": [{"discipline": "chiropractic"}]},
        "guest": {"guests": [{"email": GUEST}]},
        "attested": {"guests": [{"email": GUEST}]},
    }.get(s.name, {})
    others = {"pool": [], "guest": [], "attested": [], "glass": [world.west], "asked": [world.east]}
    until = (clock.now() + timedelta(days=100)).date().isoformat()
    circle = others.get(s.name, [world.south])
    return make.consent(world.north, s.ids["client_id"], *circle, expires_on=until, **more)


def _words(word: str) -> dict[str, str]:
    return {"reason": f"{word}-reason", "question": f"{word}-question", "findings": f"{word}-findings"}


def _send(world: World, s: Situation, to: Any, **more: Any) -> str:
    letter = _letter(world.north, s)
    referral = make.referral(
        world.north, to, client_id=s.ids["client_id"], attachment_ids=[letter], **{**_words(s.word), **more}
    )
    s.ids |= {"referral_id": referral["id"], "attachment_id": letter}
    _made(world.north, f"referrals/{referral['id']}/messages", {"text": f"{s.word}-message"})
    return str(referral["id"])


def _letter(clinic: make.Clinic, s: Situation, what: str = "letter") -> str:
    address = f"/api/v1/attachments?name={s.word}-{what}.pdf"
    answer = clinic.http.generic("POST", address, PDF, content_type="application/octet-stream")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _reported(world: World, s: Situation, *, final: bool) -> None:
    said = {**make.REPORT, "answer": f"{s.word}-report"}
    make.move(world.south, s.ids["referral_id"], "report", final=final, report=said)
    reports = world.south.http.send("GET", f"referrals/{s.ids['referral_id']}/reports").json()["results"]
    s.ids["report_id"] = reports[0]["id"]


def _visit_of_care(world: World, s: Situation) -> None:
    """The recipient's own: what it wrote stays with it."""
    body = {"referral_id": s.ids["referral_id"], **make.visit_window(30)}
    s.ids["visit_id"] = _made(world.south, "visits", body)


def _made(clinic: make.Clinic, path: str, body: Any) -> str:
    answer = clinic.http.send("POST", path, body)
    assert answer.status_code == 201, (path, answer.content)
    return str(answer.json()["id"])


def _withdraw(world: World, s: Situation) -> None:
    path = f"clients/{s.ids['client_id']}/consents/{s.ids['consent_id']}/withdraw"
    answer = world.north.http.send("POST", path, {})
    assert answer.status_code == 200, answer.content


def _sent(world: World, s: Situation) -> None:
    _send(world, s, world.south)


def _accepted(world: World, s: Situation) -> None:
    make.move(world.south, _send(world, s, world.south), "accept")
    _signed_note(world.south, {"client_id": s.ids["client_id"], "kind": "progress", "objective": "Taut bands."})
    path, south = f"care-plans/{s.ids['plan_id']}", world.south
    s.ids["membership_id"] = _made(world.north, f"{path}/team", {"organization_id": south.id})
    proposal = {"kind": "change", "about": "intervention", "row_id": s.ids["line_id"], "changes": {"minutes": 30}}
    s.ids["proposal_id"] = _made(south, f"{path}/proposals", {**proposal, "why": f"{s.word}-plan"})
    problem = {"text": "Not published yet."}
    _made(world.north, f"{path}/problems", problem)
    asked = world.north.http.send("POST", f"clients/{s.ids['client_id']}/export", {})
    s.ids["export_id"] = asked.json()["id"]


def _former(world: World, s: Situation) -> None:
    """An evaluation that went round the loop: its access ended with it."""
    referral_id = _send(world, s, world.south, kind="evaluate")
    make.move(world.south, referral_id, "accept")
    make.move(world.south, referral_id, "start")
    _visit_of_care(world, s)
    _reported(world, s, final=True)
    make.move(world.north, referral_id, "acknowledge", plan_change="no_change")


def _withdrawn_before(world: World, s: Situation) -> None:
    _send(world, s, world.south)
    _withdraw(world, s)


def _withdrawn_after(world: World, s: Situation) -> None:
    referral_id = _send(world, s, world.south)
    make.move(world.south, referral_id, "accept")
    make.move(world.south, referral_id, "start")
    _visit_of_care(world, s)
    _reported(world, s, final=False)
    _withdraw(world, s)


def _sent_in_error(world: World, s: Situation) -> None:
    referral_id = _send(world, s, world.south)
    make.move(world.south, referral_id, "accept")
    make.move(world.north, referral_id, "withdraw", reason="sent_in_error")


def _pool(world: World, s: Situation) -> None:
    _send(world, s, {"discipline": "chiropractic"})


def _guest(world: World, s: Situation) -> None:
    """To a colleague without an account, who has not answered yet."""
    guest = {"name": "Gil Guest", "discipline": "physical_therapy", "email": GUEST}
    _send(world, s, {"guest": guest})


def _asked(world: World, s: Situation) -> None:
    """South is in no circle of this client yet; the client is asked by link."""
    referral_id = _send(world, s, world.south, send=False)
    make.move(world.north, referral_id, "ask_consent")


def _glass(world: World, s: Situation) -> None:
    """West was in a circle of this client and lost it; there is a referral inside the home clinic's own work."""
    _withdraw(world, s)
    s.ids |= {"referral_id": s.ids["draft_id"], "attachment_id": _letter(world.north, s)}


STORIES: dict[str, Callable[[World, Situation], None]] = {
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
}


def _common_ids(world: World) -> dict[str, str]:
    """What every column's addresses and bodies may name besides the client."""
    north, role = world.north, world.north.practitioner.role
    assert role is not None
    assert role.location_id is not None
    another = make.client(north, family_name="Another", given_name="Record")
    credential = role.practitioner.credentials.get()
    application = make.application(north.organization, "clients:read")
    colleague = make.role(north.organization, "massage_therapy")
    return {
        "code": "wrong_state",
        "other_client_id": another["id"],
        "organization_pk": north.id,
        "location_pk": str(role.location_id),
        "practitioner_pk": str(role.practitioner_id),
        "credential_pk": str(credential.id),
        "role_pk": str(colleague.id),
        "member_pk": str(north.coordinator.member.id),
        "application_pk": str(application.id),
        "east_role_id": world.east.role_id,
        "south_role_id": world.south.role_id,
        "south_id": world.south.id,
        "north_role_id": north.role_id,
    }


# --- who asks ------------------------------------------------------------------------------------------------------


def _columns(world: World) -> Iterator[Column]:
    s, north, south = world.situations, world.north, world.south
    home_reads = dict.fromkeys(SITUATIONS, EVERYTHING)
    yield _column("anonymous", s["accepted"], make.Api())
    yield _person("home_practitioner", s["accepted"], north.practitioner, home_reads)
    desk = frozenset((CONTACT, FAMILY, OWN))
    yield _person("home_coordinator", s["accepted"], north.coordinator, dict.fromkeys(SITUATIONS, desk))
    yield _person("home_admin", s["accepted"], north.admin, {})
    yield _person("home_auditor", s["accepted"], north.auditor, home_reads)
    yield _column("home_system", s["accepted"], north.system, home_reads)
    yield _column("home_reader", s["accepted"], _with_scopes(north, READING), home_reads)
    yield _column("home_system_wrong_scope", s["accepted"], _wrong_scope(north))
    south_reads = {
        "accepted": SHARED_RECORD,
        "sent": PACKAGE,
        "former": PACKAGE,
        "withdrawn_after": PACKAGE,
    }
    yield _person("recipient_sent", s["sent"], south.practitioner, south_reads)
    yield _person("recipient_accepted", s["accepted"], south.practitioner, south_reads)
    south_desk = {name: frozenset((CONTACT,)) for name in south_reads} | {"accepted": frozenset((CONTACT, FAMILY))}
    yield _person("recipient_coordinator", s["accepted"], south.coordinator, south_desk)
    yield _column("recipient_system", s["accepted"], south.system, south_reads)
    yield _column("recipient_system_wrong_scope", s["accepted"], _wrong_scope(south))
    yield _person("former_recipient", s["former"], south.practitioner, south_reads)
    yield _person("withdrawn_before", s["withdrawn_before"], south.practitioner, south_reads)
    yield _person("withdrawn_after", s["withdrawn_after"], south.practitioner, south_reads)
    yield _person("sent_in_error", s["sent_in_error"], south.practitioner, south_reads)
    yield _person("uninvolved", s["accepted"], world.outsider.practitioner, {})
    yield _person("uninvolved_admin", s["accepted"], world.outsider.admin, {})
    yield _column("uninvolved_system", s["accepted"], world.outsider.system)
    yield _column("uninvolved_system_wrong_scope", s["accepted"], _wrong_scope(world.outsider))
    yield _person("pool_member", s["pool"], world.east.practitioner, {})
    yield _column("pool_system", s["pool"], world.east.system)
    package = {"guest": PACKAGE}
    yield _by_link("link_holder", s["guest"], _guest_link(world, s["guest"]), knows_code=False)
    yield _by_link("guest", s["guest"], _guest_link(world, s["guest"]), package)
    yield _by_link("expired_link", s["guest"], _guest_link(world, s["guest"], lives=timedelta(days=-1)))
    yield _attested(_by_link("attested_guest", s["attested"], _guest_link(world, s["attested"]), {"attested": PACKAGE}))
    yield _by_link("client_link", s["asked"], _client_link(world, s["asked"]), knows_code=False)
    yield _by_link("client", s["asked"], _client_link(world, s["asked"]), {"asked": EVERYTHING})
    yield _behind_the_glass(world)


def _person(name: str, situation: Situation, person: make.Person, reads: Reads) -> Column:
    return Column(name, situation, person.http, make.signed_in(person.member.user), reads, situation.ids)


def _column(name: str, situation: Situation, http: make.Api, reads: Reads | None = None) -> Column:
    return Column(name, situation, http, http, reads or {}, situation.ids)


def _wrong_scope(clinic: make.Clinic) -> make.Api:
    """A system that may only manage webhooks."""
    return _with_scopes(clinic, "webhooks:read webhooks:write")


def _with_scopes(clinic: make.Clinic, scopes: str) -> make.Api:
    return make.Api(make.token(of=make.application(clinic.organization, scopes), scopes=scopes))


def _by_link(
    name: str, situation: Situation, link: Link, reads: Reads | None = None, *, knows_code: bool = True
) -> Column:
    """A browser that came by a link; with the right code it got in, and the link may have ended meanwhile."""
    http = make.Api()
    if knows_code:
        store = cast(Any, import_module(settings.SESSION_ENGINE)).SessionStore()
        store["links"] = {str(link.id): {"until": clock.real_now().timestamp() + 1800, "stays": False}}
        store.create()
        http.cookies[settings.SESSION_COOKIE_NAME] = store.session_key
    return Column(name, situation, http, http, reads or {}, {**situation.ids, "token": token_of(link)})


def _attested(guest: Column) -> Column:
    answer = guest.browser.post(f"/g/{guest.ids['token']}/who", ATTESTED)
    assert answer.status_code == 303, answer.content
    return guest


def _guest_link(world: World, s: Situation, *, lives: timedelta | None = None) -> Link:
    return _link(world, purpose=Link.Purpose.GUEST, contact=GUEST, referral_id=UUID(s.ids["referral_id"]), lives=lives)


def _client_link(world: World, s: Situation) -> Link:
    contact = f"{s.word}@canary.example".lower()
    client_id, referral_id = UUID(s.ids["client_id"]), UUID(s.ids["referral_id"])
    return _link(world, purpose=Link.Purpose.CONSENT, contact=contact, client_id=client_id, referral_id=referral_id)


def _link(world: World, *, lives: timedelta | None = None, **more: Any) -> Link:
    organization_id = world.north.organization.id
    actor = system_of(organization_id)
    with acting_as(actor):
        ends_at = clock.now() + lives if lives else None
        return make_link(actor=actor, organization_id=organization_id, expires_at=ends_at, **more)


def _behind_the_glass(world: World) -> Column:
    situation = world.situations["glass"]
    http = make.signed_in(world.west.practitioner.member.user)
    session = http.session
    session["account_authentication_methods"] = [{"method": "mfa"}]
    session.save()
    with override_settings(SANDBOX=False):
        answer = http.send(
            "POST", f"clients/{situation.ids['client_id']}/break-glass", {"reason": "Collapsed in the waiting room."}
        )
    assert answer.status_code == 201, answer.content
    return Column("break_glass", situation, http, http, {"glass": SHARED_RECORD}, situation.ids)
