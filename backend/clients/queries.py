"""Reading clients: one, those found, possible duplicates, who shares with whom, who may see."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Any
from unicodedata import combining, normalize
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from backend.audit.access_log import Look, log_looks
from backend.audit.models import AccessLog
from backend.clients.models import Client, ClientIdentifier, ClientQuerySet, Consent, Registration
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import NotFound

ANNOUNCED = timedelta(days=14)
"""How long before its end a consent is announced."""
ALIKE = 0.84
"""How alike two names are that may be one person's; 1 is the same."""
MOST_DUPLICATES = 10


def client_for(actor: Actor, client_id: UUID | str) -> Client:
    """The client with this id, or the one it became part of; 404 when the caller sees neither.

    ``is_home`` on it says whether the caller's organization registered it.
    """
    clients: ClientQuerySet = with_home(Client.objects.visible_to(actor), actor)
    found = clients.one(client_id)
    if found.merged_into_id is None:
        return found
    return clients.filter(pk=found.merged_into_id).first() or found


def client_id_named(said: Mapping[str, Any], actor: Actor) -> UUID | None:
    """Whom the caller names by ``client_id``, or as ``client`` by their organization's own number.

    The number of a record that became part of another names that one; 404 for a number the organization did not give.
    """
    named: UUID | None = said.get("client_id")
    if reference := said.get("client"):
        numbers = ClientIdentifier.objects.visible_to(actor).filter(**reference["identifier"])
        named = numbers.values_list(Coalesce("client__merged_into_id", "client_id"), flat=True).first()
        if named is None:
            raise NotFound
    return named


def with_home(clients: QuerySet[Client], actor: Actor) -> Any:
    """Adds ``is_home``, for reading only."""
    home = Registration.objects.visible_to(actor).filter(client_id=OuterRef("pk"), kind="home", ended_at=None)
    return clients.annotate(is_home=Exists(home))


def ids_of(actor: Actor, client: Client) -> list[UUID]:
    """The client's id and those of the records that became part of it."""
    merged = Client.objects.visible_to(actor).filter(merged_into_id=client.pk)
    return [client.pk, *merged.values_list("pk", flat=True)]


def merged_with(client_id: UUID, actor: Actor) -> list[UUID]:
    """This record, the one it became part of, and those that became part of the same: what was written for one circle."""
    visible: ClientQuerySet = Client.objects.visible_to(actor)
    survivor = visible.filter(pk=client_id).values(one=Coalesce("merged_into_id", "pk"))
    same = visible.filter(Q(pk__in=survivor) | Q(merged_into_id__in=survivor))
    return list({client_id, *same.values_list("pk", flat=True)})


def records_of(client_id: UUID, actor: Actor) -> list[UUID]:
    """The records that stand for this person to the caller's organization: merged into one, or linked by itself.

    What was written about a person is read under all of them; what holds for one record only (who is in its circle, who
    may see it, its numbers) under ``ids_of``. Ids only, also of a record that is no longer open, so that what one's own
    people wrote of it is found. They open nothing: each row behind them is asked of its own door, so two circles of one
    person stay two.
    """
    if not actor.is_staff:
        return [client_id]
    return _column("SELECT records_of(%s, %s)", [client_id, actor.organization_id])


def log_reads_of_person(actor: Actor, client: Client, records: Iterable[UUID], *, subject_type: str) -> None:
    """Writes who looked at a client, and with it at the records that other clinics keep of the same person.

    A record that became part of one the caller sees is told under that one; else under itself, which is what they read.
    """
    shown = [client]
    if others := set(records) - {client.pk}:
        shown += with_home(Client.objects.visible_to(actor).surviving(actor).filter(pk__in=others), actor)
    log_reads(actor, shown, subject_type=subject_type)


def homes_of(client_id: UUID) -> list[UUID]:
    """The organizations that registered the client themselves. Ids only, for notices and the access log."""
    return _column("SELECT homes_of(%s)", [client_id])


def audience_of(client_id: UUID, *, whole_record: bool = True) -> list[UUID]:
    """Organizations told of a change: homes, and those whose access lives. Empty when the caller sees nothing.

    With ``whole_record`` false also those that may read a package only.
    """
    return _column("SELECT audience_of(%s, %s)", [client_id, whole_record])


def consents_ending(actor: Actor) -> Any:
    """Consents that the caller's organization recorded and that end within fourteen days, the first to end first."""
    soon: Any = Consent.objects.visible_to(actor).in_force().filter(ends_at__lte=clock.now() + ANNOUNCED)
    return soon.filter(organization_id=actor.organization_id).order_by("ends_at", "id")


def circle_of(client_id: UUID, organization_id: UUID, *, category: str = "") -> frozenset[UUID]:
    """The organizations that share with this one now, itself included; with a category only where it is shared."""
    consents = Consent.objects.in_force().filter(client_id=client_id, organization_ids__contains=[organization_id])
    if category:
        consents = consents.filter(categories__contains=[category])
    circles = consents.values_list("organization_ids", flat=True)
    return frozenset({organization_id}.union(*circles))


def withheld_precautions(
    client_ids: Iterable[UUID], *, practitioner_id: UUID | None = None
) -> list[tuple[UUID, UUID, list[dict[str, str]]]]:
    """Sensitive precautions of these clients the caller may not read: id, the organization to ask, regions.

    A system says for which practitioner it reads; a person reads for themselves.
    """
    sql = "SELECT p.* FROM unnest(%s::uuid[]) AS wanted(id), withheld_precautions(wanted.id, %s) p"
    rows = ask_guard(sql, [list(client_ids), practitioner_id])
    return [(precaution_id, organization_id, json.loads(regions)) for precaution_id, organization_id, regions in rows]


def clients_named(actor: Actor, text: str) -> QuerySet[Client]:
    """Clients whose names hold every word, or whose e-mail address or phone number is the text."""
    names = Q()
    for word in text.split():
        names &= Q(family_name__icontains=word) | Q(given_name__icontains=word)
    found = names | Q(email__iexact=text.strip())
    if digits := _digits(text):
        found |= Q(phone_digits=digits)
    clients: QuerySet[Client] = _with_digits(Client.objects.visible_to(actor).surviving(actor)).filter(found)
    return clients


def clients_born_on(actor: Actor, day: date) -> QuerySet[Client]:
    return Client.objects.visible_to(actor).surviving(actor).filter(birth_date=day)


def clients_identified(actor: Actor, value: str, system: str = "") -> QuerySet[Client]:
    """Clients that carry this identifier of the caller's organization, also when it was given to a merged record."""
    mine = ClientIdentifier.objects.visible_to(actor).filter(value=value, **({"system": system} if system else {}))
    carriers = Client.objects.visible_to(actor).filter(Exists(mine.filter(client_id=OuterRef("pk"))))
    became = carriers.filter(merged_into_id=OuterRef("pk"))
    return Client.objects.visible_to(actor).surviving(actor).filter(Q(pk__in=carriers.values("pk")) | Exists(became))


def possible_duplicates(actor: Actor, client: Client) -> list[Client]:
    """Other clients of the caller's own clinic that may be the same person."""
    return possible_matches(
        actor,
        family_name=client.family_name,
        given_name=client.given_name,
        birth_date=client.birth_date,
        email=client.email,
        phone=client.phone,
        besides=client.pk,
    )


def possible_matches(
    actor: Actor,
    *,
    family_name: str,
    given_name: str = "",
    birth_date: date | None = None,
    email: str = "",
    phone: str = "",
    besides: UUID | None = None,
) -> list[Client]:
    """Clients of the caller's own clinic with the same birth date and a similar name, or the same e-mail or phone."""
    same_birth, reached = Q(birth_date=birth_date, birth_date__isnull=False), Q(pk__in=[])
    if email:
        reached |= Q(email__iexact=email)
    if digits := _digits(phone):
        reached |= Q(phone_digits=digits)
    own = Client.objects.visible_to(actor).registered_at(actor.organization_id).filter(merged_into=None)
    candidates = _with_digits(own.exclude(Q(pk=besides))).filter(same_birth | reached).order_by("-created_at")[:100]
    name = f"{given_name} {family_name}"
    alike = [c for c in candidates if _is_reached(c, email, digits) or _alike(name, c.display)]
    return alike[:MOST_DUPLICATES]


def log_reads(actor: Actor, clients: Iterable[Client], *, subject_type: str = "client") -> None:
    """Writes who looked at clients of another clinic; needs ``is_home`` on each. One's own clinic's cost nothing."""
    log_looks(actor, reads_of(actor, clients, subject_type=subject_type))


def reads_of(actor: Actor, clients: Iterable[Client], *, subject_type: str = "client") -> list[Look]:
    """The looks at clients of another clinic, an auditor's also at those of their own."""
    if actor.kind == ActorKind.CLIENT:
        return []
    shown = [c for c in clients if not c.is_home or actor.reads_as_auditor]  # type: ignore[attr-defined]  # with_home
    reasons = _reasons(actor, [client.pk for client in shown]) if shown else {}
    return [Look(subject_type, c.pk, c.pk, *reasons.get(c.pk, (None, ""))) for c in shown]


def looks_at(actor: Actor, client_ids: Iterable[UUID]) -> QuerySet[AccessLog]:
    """Who did see the client, as far as the caller may know."""
    return AccessLog.objects.visible_to(actor).filter(client_id__in=list(client_ids))


REASONS = """
SELECT wanted.id, (SELECT home FROM homes_of(wanted.id) AS home LIMIT 1),
       (SELECT a.why FROM clients_access a WHERE a.client_id = wanted.id AND a.organization_id = %(organization)s
           AND a.extent = 'shared_record' AND a.from_at <= domain_now() AND (a.until IS NULL OR a.until > domain_now())
         ORDER BY a.why = 'break_glass', a.from_at LIMIT 1)
  FROM unnest(%(ids)s::uuid[]) AS wanted(id)
"""


def _reasons(actor: Actor, client_ids: list[UUID]) -> dict[UUID, tuple[UUID | None, str]]:
    """For each client its home and why the caller's organization may see it."""
    rows = ask_guard(REASONS, {"organization": actor.organization_id, "ids": client_ids})
    return {client_id: (home, why or "") for client_id, home, why in rows}


def _with_digits(clients: QuerySet[Client]) -> Any:
    pattern = (Value(r"\D"), Value(""), Value("g"))
    return clients.annotate(phone_digits=Func(F("phone"), *pattern, function="regexp_replace"))


def _digits(phone: str) -> str:
    digits = "".join(letter for letter in phone if letter.isdigit())
    return digits if len(digits) >= 6 else ""


def _is_reached(client: Client, email: str, digits: str) -> bool:
    same_mail = bool(email) and client.email.lower() == email.lower()
    return same_mail or (bool(digits) and _digits(client.phone) == digits)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, _plain(one), _plain(other)).ratio() >= ALIKE


def _plain(name: str) -> str:
    """Lower case, without accents, words in order: a swapped given and family name is the same name."""
    letters = "".join(letter for letter in normalize("NFKD", name.casefold()) if not combining(letter))
    return " ".join(sorted(letters.replace("-", " ").split()))


def ask_guard(sql: str, values: Any) -> list[Any]:
    """The rows of one statement: mostly a call of one of the guard's functions."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
    return rows


def _column(sql: str, values: Any) -> list[UUID]:
    return [row[0] for row in ask_guard(sql, values)]
