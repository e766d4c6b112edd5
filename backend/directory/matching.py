"""Ranks colleagues for a need and says why; no stars, only what a referrer would ask on the phone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import asin, cos, radians, sin, sqrt
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from backend.catalog.queries import catalog
from backend.directory.eligibility import (
    NEUROMUSCULAR,
    certifications_in_force,
    certified_for,
    neuromuscular_hours,
    today_at,
    with_credential_in_force,
)
from backend.directory.models import AnswerStat, Organization, PractitionerRole
from backend.directory.queries import with_details
from backend.lib.actor import Actor
from backend.lib.problems import Forbidden

MOST_RESULTS = 50
EARTH_RADIUS_KM, FAR_KM = 6371.0, 100.0
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a client needs of a colleague. ``near`` is a city or postal code, or (latitude, longitude)."""

    discipline: str
    technique_ids: Sequence[str] = ()
    region: str = ""
    language: str = ""
    near: str | tuple[float, float] = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for a colleague; one that speaks against has no points and is said all the same."""

    code: str
    text: str
    points: float = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """How fast a role answered so far: all of its referrals, and those of the organization that asks."""

    answered: int = 0
    total_minutes: int = 0
    answered_us: int = 0

    @property
    def minutes(self) -> int | None:
        return self.total_minutes // self.answered if self.answered else None


@dataclass(slots=True)
class Match:
    role: PractitionerRole
    answers: Answers
    is_available: bool
    reasons: list[Reason] = field(default_factory=list)

    @property
    def score(self) -> float:
        return round(sum(reason.points for reason in self.reasons), 1)


def matches(need: Need, *, actor: Actor) -> list[Match]:
    """The colleagues who may take it, best first; those who do not take clients now come last and say so.

    The caller's own roles, in whatever organization, are left out. Four queries, however many colleagues there are.
    """
    if not actor.is_staff or actor.organization_id is None:
        raise Forbidden("Colleagues are shown to those who act for an organization.")
    asking = Organization.objects.one(actor.organization_id)
    on = today_at(asking)
    roles = list(with_details(with_credential_in_force(_roles_of_others(need, actor), need.discipline, on)))
    answers = _answers_of(need.discipline, asking)
    found = [_match(role, need, asking, answers.get(role.id, Answers()), on) for role in roles]
    found.sort(key=lambda match: (not match.is_available, -match.score, str(match.role.id)))
    return found[:MOST_RESULTS]


def _roles_of_others(need: Need, actor: Actor) -> QuerySet[PractitionerRole]:
    roles = PractitionerRole.objects.visible_to(actor).filter(discipline=need.discipline)
    if actor.practitioner_id is not None:
        roles = roles.exclude(practitioner_id=actor.practitioner_id)
    return roles.exclude(id__in=actor.role_ids)


def _answers_of(discipline: str, asking: Organization) -> dict[UUID, Answers]:
    sums = (
        AnswerStat.objects.filter(role__discipline=discipline)
        .values("role_id")
        .annotate(
            answered_all=Sum("answered"),
            minutes=Sum("total_minutes"),
            ours=Sum("answered", filter=Q(from_organization=asking), default=0),
        )
    )
    return {row["role_id"]: Answers(row["answered_all"], row["minutes"], row["ours"]) for row in sums}


def _match(role: PractitionerRole, need: Need, asking: Organization, answers: Answers, on: date) -> Match:
    match = Match(role, answers, is_available=role.is_accepting and not role.is_away(on))
    facts: tuple[Callable[[], Iterator[Reason]], ...] = (
        lambda: _discipline(role),
        lambda: _techniques(role, need),
        lambda: _certification(role, asking, on),
        lambda: _region(role, need),
        lambda: _language(role, need),
        lambda: _distance(role, need),
        lambda: _time_to_answer(answers),
        lambda: _worked_together(answers),
        lambda: _availability(role, on),
    )
    for fact in facts:
        match.reasons.extend(fact())
    return match


def _discipline(role: PractitionerRole) -> Iterator[Reason]:
    yield Reason("discipline", f"Works in {catalog().discipline(role.discipline).label.lower()}.", 10)


def _techniques(role: PractitionerRole, need: Need) -> Iterator[Reason]:
    wanted = list(dict.fromkeys(need.technique_ids))
    for code in wanted:
        if code in role.technique_ids:
            yield Reason("technique", f"Offers {catalog().technique(code).label}.", 10 / len(wanted))


def _certification(role: PractitionerRole, asking: Organization, on: date) -> Iterator[Reason]:
    if certified_for(role, asking, on):
        hours = neuromuscular_hours(role, on)
        yield Reason(
            "certification",
            f"Holds a neuromuscular therapy certificate with {hours} hours (you ask for {asking.neuromuscular_hours}).",
            5,
        )
    for certificate in certifications_in_force(role, on):
        if NEUROMUSCULAR not in certificate.name.lower():
            yield Reason("certification", f"Is certified: {certificate.name}.", 1)


def _region(role: PractitionerRole, need: Need) -> Iterator[Reason]:
    if need.region and need.region in role.regions:
        yield Reason("region", f"Treats this region often: {catalog().region(need.region).label.lower()}.", 5)


def _language(role: PractitionerRole, need: Need) -> Iterator[Reason]:
    spoken = {language.split("-")[0].lower() for language in role.languages}
    if need.language and need.language.split("-")[0].lower() in spoken:
        yield Reason("language", f"Speaks the client's language ({need.language}).", 5)


def _distance(role: PractitionerRole, need: Need) -> Iterator[Reason]:
    place = role.location
    if place is None or not need.near:
        return
    if isinstance(need.near, str):
        wanted = need.near.strip().casefold()
        if wanted and wanted in (place.city.casefold(), place.postal_code.casefold()):
            yield Reason("distance", f"Is in {place.city or place.postal_code}.", 8)
    elif place.latitude is not None and place.longitude is not None:
        away = kilometers(need.near, (place.latitude, place.longitude))
        if away <= FAR_KM:
            yield Reason("distance", f"Is {away:.0f} km away." if away >= 1 else "Is less than 1 km away.", _near(away))


def _near(away: float) -> float:
    return round(8 * (1 - away / FAR_KM), 1)


def _time_to_answer(answers: Answers) -> Iterator[Reason]:
    if answers.minutes is not None:
        points = 4 if answers.minutes <= DAY_MINUTES else 2 if answers.minutes <= 3 * DAY_MINUTES else 0
        yield Reason("answers_in", f"Answers within {duration(answers.minutes)} on average.", points)


def _worked_together(answers: Answers) -> Iterator[Reason]:
    if answers.answered_us:
        times = "once" if answers.answered_us == 1 else f"{answers.answered_us} times"
        yield Reason("worked_together", f"Answered a referral of yours {times}.", 4)


def _availability(role: PractitionerRole, on: date) -> Iterator[Reason]:
    if not role.is_accepting:
        yield Reason("not_accepting", "Does not accept new clients now.")
    elif role.is_away(on):
        yield Reason("away", f"Is away until {role.away_until}.")
    else:
        yield Reason("accepting", "Accepts new clients.", 3)


def duration(minutes: int) -> str:
    """Minutes as people say them, rounded up: 50 minutes, 3 hours, 2 days."""
    for size, name in ((DAY_MINUTES, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size or size == 1:
            count = max(-(-minutes // size), 1)
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    raise AssertionError("unreachable: the last size is one minute")


def kilometers(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way over ground between two (latitude, longitude), by the haversine formula on a sphere."""
    (a_lat, a_lon), (b_lat, b_lon) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((b_lat - a_lat) / 2) ** 2 + cos(a_lat) * cos(b_lat) * sin((b_lon - a_lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(sqrt(half), 1))
