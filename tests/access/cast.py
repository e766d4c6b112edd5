"""Who asks in the access matrix, about whose client, and what each may read."""

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
from tests.access.situations import (
    AUTHORS,
    CONTACT,
    EVERYTHING,
    FAMILY,
    GUEST,
    NAME,
    OWN,
    PACKAGE,
    PLAN,
    SENSITIVE,
    SHARED_RECORD,
    SITUATIONS,
    Clinics,
    Situation,
    tell,
)
from tests.notes.writing import enroll

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
SOUTH_READS: Reads = {
    "accepted": SHARED_RECORD,
    "trusted": SHARED_RECORD | {SENSITIVE},
    "excluded": SHARED_RECORD,
    **dict.fromkeys(("sent", "former", "withdrawn_after", "left"), PACKAGE),
}
SOUTH_DESK: Reads = {
    **dict.fromkeys(SOUTH_READS, frozenset((NAME, CONTACT))),
    **dict.fromkeys(("accepted", "trusted", "excluded"), frozenset((NAME, CONTACT, FAMILY))),
}
# Whom the client excluded reads what South itself wrote, with the client's name as it stood.
NOT_WELCOME: Reads = {**SOUTH_READS, "excluded": frozenset((NAME,))}


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
class World(Clinics):
    """``of_notes`` ask only for notes."""

    situations: dict[str, Situation]
    columns: dict[str, Column]
    of_notes: dict[str, Column]

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
    not_welcome = make.person(clinics["south"].organization, "practitioner", discipline="physical_therapy")
    Organization.objects.filter(pk=clinics["west"].id).update(break_glass_enabled=True)
    student = enroll(clinics["north"])
    situations = {name: Situation(name, number) for number, name in enumerate(SITUATIONS, start=1)}
    world = World(**clinics, not_welcome=not_welcome, student=student, situations=situations, columns={}, of_notes={})
    common = _common_ids(world)
    own = {
        clinic.id: make.client(clinic, family_name="Own", given_name="Record")["id"]
        for clinic in (world.south, world.east, world.west, world.outsider)
    }
    before_stories(world.outsider)
    for situation in situations.values():
        tell(world, situation)
    run_due()
    for situation in situations.values():
        situation.ids = {**common, **situation.ids}
    for column in _columns(world):
        organization_id = column.api.send("GET", "me").json().get("organization", {}).get("id")
        own_client = {"own_client_id": own.get(organization_id, common["other_client_id"])}
        world.columns[column.name] = replace(column, ids={**column.ids, **own_client})
    world.of_notes = {column.name: column for column in _columns_of_notes(world)}
    return world


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
    yield _person(
        "home_practitioner", s["accepted"], north.practitioner, dict.fromkeys(SITUATIONS, EVERYTHING | {AUTHORS})
    )
    desk = frozenset((NAME, CONTACT, FAMILY, OWN))
    yield _person("home_coordinator", s["accepted"], north.coordinator, dict.fromkeys(SITUATIONS, desk))
    yield _person("home_admin", s["accepted"], north.admin, {})
    yield _person("home_auditor", s["accepted"], north.auditor, home_reads)
    yield _column("home_system", s["accepted"], north.system, home_reads)
    yield _column("home_reader", s["accepted"], _with_scopes(north, READING), home_reads)
    yield _column("home_system_wrong_scope", s["accepted"], _wrong_scope(north))
    south_reads = SOUTH_READS
    yield _person("recipient_sent", s["sent"], south.practitioner, south_reads)
    yield _person("recipient_accepted", s["accepted"], south.practitioner, south_reads)
    yield _person("recipient_coordinator", s["accepted"], south.coordinator, SOUTH_DESK)
    yield _column("recipient_system", s["accepted"], south.system, south_reads)
    yield _column("recipient_system_wrong_scope", s["accepted"], _wrong_scope(south))
    yield _person("former_recipient", s["former"], south.practitioner, south_reads)
    yield _person("withdrawn_before", s["withdrawn_before"], south.practitioner, south_reads)
    yield _person("withdrawn_after", s["withdrawn_after"], south.practitioner, south_reads)
    yield _person("sent_in_error", s["sent_in_error"], south.practitioner, south_reads)
    yield _person("leaver", s["left"], south.practitioner, south_reads)
    yield _person("not_welcome", s["excluded"], world.not_welcome, NOT_WELCOME)
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


def _columns_of_notes(world: World) -> Iterator[Column]:
    north, south, trusted = world.north, world.south, world.situations["trusted"]
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    yield _person("home_colleague", world.situations["accepted"], colleague, dict.fromkeys(SITUATIONS, EVERYTHING))
    yield _person("trusted", trusted, south.practitioner, SOUTH_READS)
    yield _person("trusted_coordinator", trusted, south.coordinator, SOUTH_DESK)
    yield _column("trusted_system", trusted, south.system, SOUTH_READS)


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
    return Column("break_glass", situation, http, http, {"glass": SHARED_RECORD - {PLAN}}, situation.ids)
