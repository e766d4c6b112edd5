"""Whom a page offers: colleagues elsewhere with what speaks for them and what the client said, and those at home."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from backend.catalog.queries import catalog
from backend.clients.models import Client, Consent
from backend.directory.matching import Match, Need, matches
from backend.directory.models import PractitionerRole
from backend.directory.queries import with_details
from backend.lib.actor import Actor
from backend.workspace import words

SUGGESTED = 3
SAYS_NOTHING = frozenset({"discipline"})


@dataclass(slots=True)
class Colleague:
    """One possible recipient, as a card shows it."""

    value: str
    name: str
    clinic: str
    discipline: str
    reasons: list[str]
    consent: str
    is_covered: bool
    is_available: bool
    score: float


@dataclass(slots=True)
class Offer:
    """Everybody a referral can go to."""

    suggested: list[Colleague] = field(default_factory=list)
    others: list[tuple[str, list[Colleague]]] = field(default_factory=list)
    queues: list[Colleague] = field(default_factory=list)


class ConsentWords:
    """What the client has said about a clinic, in a sentence."""

    def __init__(self, client: Client | None, actor: Actor, zone: str) -> None:
        self.client, self.here, self.zone = client, actor.organization_id, zone
        self.consents: list[Consent] = []
        if client is not None:
            found = Consent.objects.visible_to(actor).in_force().filter(client_id=client.pk)
            self.consents = list(found.filter(organization_ids__contains=[self.here]))

    def about(self, organization_id: UUID, clinic: str, practitioner_id: UUID | None) -> tuple[str, bool]:
        """The sentence, and whether a referral there may be sent now."""
        if self.client is None:
            return "No client is named, so no consent is needed.", True
        if organization_id == self.here:
            return "A colleague of your own clinic: no consent is needed.", True
        for consent in self.consents:
            if not consent.covers(organization_id):
                continue
            if practitioner_id in consent.excluded_practitioner_ids:
                return "The client has said: not this person.", False
            until = f" until {words.day(consent.expires_on, words.today(self.zone))}" if consent.expires_on else ""
            return f"The client has said yes to {clinic}{until}.", True
        return f"The client has not been asked about {clinic} yet.", False

    @property
    def circle(self) -> set[UUID]:
        return {pk for consent in self.consents for pk in consent.organization_ids}


def offer(actor: Actor, client: Client | None, zone: str, *, region: str = "") -> Offer:
    """Colleagues of every discipline: the few that fit best, then all of them by discipline, then whole clinics."""
    consents = ConsentWords(client, actor, zone)
    near = (client.city or client.postal_code) if client else ""
    language = client.language if client else ""
    found: list[tuple[Match, Colleague]] = []
    for discipline in catalog().disciplines:
        need = Need(discipline=discipline, region=region, near=near, language=language)
        found += [(match, _card(match, consents)) for match in matches(need, actor=actor)]
    found.sort(key=lambda pair: (not pair[1].is_available, -pair[1].score))
    cards = [card for _, card in found]
    suggested = [card for card in cards if card.is_available][:SUGGESTED]
    rest = [card for card in cards if card not in suggested]
    by_discipline = [
        (row.label, [card for card in rest if card.discipline == code]) for code, row in catalog().disciplines.items()
    ]
    return Offer(suggested, [group for group in by_discipline if group[1]], _queues(found, consents))


def _card(match: Match, consents: ConsentWords) -> Colleague:
    role = match.role
    in_circle = role.organization_id in consents.circle and role.organization_id != consents.here
    sentence, is_covered = consents.about(role.organization_id, role.organization.name, role.practitioner_id)
    reasons = [reason.text.rstrip(".") for reason in match.reasons if reason.code not in SAYS_NOTHING]
    return Colleague(
        value=f"role:{role.id}",
        name=str(role.practitioner),
        clinic=role.organization.name,
        discipline=role.discipline,
        reasons=(["In the client's care circle"] if in_circle else []) + reasons,
        consent=sentence,
        is_covered=is_covered,
        is_available=match.is_available,
        score=match.score + (20 if in_circle else 0),
    )


def _queues(found: Iterable[tuple[Match, Colleague]], consents: ConsentWords) -> list[Colleague]:
    """Whole clinics: whoever of a discipline there takes it."""
    seen: dict[tuple[UUID, str], Colleague] = {}
    for match, card in found:
        clinic = match.role.organization
        sentence, is_covered = consents.about(clinic.id, clinic.name, None)
        seen.setdefault(
            (clinic.id, card.discipline),
            Colleague(
                value=f"clinic:{clinic.id}:{card.discipline}",
                name=clinic.name,
                clinic="whoever is free there",
                discipline=card.discipline,
                reasons=[],
                consent=sentence,
                is_covered=is_covered,
                is_available=True,
                score=0,
            ),
        )
    return sorted(seen.values(), key=lambda card: card.name)


def recipient_choices(actor: Actor, *, region: str = "") -> list[tuple[str, str]]:
    """Everybody, for a list: colleagues, clinics, pools, a guest."""
    choices: list[tuple[str, str]] = []
    queues: dict[str, str] = {}
    for code, row in catalog().disciplines.items():
        for match in matches(Need(discipline=code, region=region), actor=actor):
            role = match.role
            choices.append((f"role:{role.id}", f"{role.practitioner}, {role.organization} ({row.mark})"))
            queues[f"clinic:{role.organization_id}:{code}"] = f"{role.organization}, whoever is free ({row.mark})"
    pools = [(f"pool:{code}", f"Any {row.practitioner_title.lower()}") for code, row in catalog().disciplines.items()]
    return [*choices, *queues.items(), *pools, ("guest", "Someone who is not here yet")]


def colleagues_here(actor: Actor, discipline: str = "", *, besides: Sequence[UUID] = ()) -> list[tuple[str, str]]:
    """Roles of the reader's own clinic."""
    roles = with_details(PractitionerRole.objects.visible_to(actor).filter(ended_at=None))
    roles = roles.filter(organization_id=actor.clinic_id).exclude(pk__in=besides)
    if discipline:
        roles = roles.filter(discipline=discipline)
    ordered = roles.order_by("practitioner__family_name", "id")
    return [(str(role.id), f"{role.practitioner} ({catalog().discipline(role.discipline).mark})") for role in ordered]


def suggestions(actor: Actor, body: dict[str, Any]) -> list[tuple[str, str]]:
    """Whom to suggest instead: the same discipline, best first, without the two sides themselves."""
    region = body["regions"][0]["region"] if body["regions"] else ""
    sides = [(body.get("sender") or {}).get("practitioner_role"), body["recipient"].get("practitioner_role")]
    besides = {side["id"] for side in sides if side}
    found = matches(Need(discipline=body["discipline"], region=region), actor=actor)
    return [
        (str(match.role.id), f"{match.role.practitioner}, {match.role.organization}")
        for match in found
        if match.is_available and str(match.role.id) not in besides
    ][:SUGGESTED]
