"""The three demo clinics with the people and systems who work there. Sandboxes only."""

import secrets
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from django.conf import settings
from oauth2_provider.models import set_token_value

from backend.directory import services
from backend.directory.actors import actor_of_user
from backend.directory.models import (
    AccessToken,
    Application,
    Credential,
    Location,
    Member,
    Organization,
    Practitioner,
    PractitionerRole,
    User,
)
from backend.lib import clock
from backend.lib.actor import Actor

PASSWORD = "three-clinics-one-team"  # noqa: S105 - demo people are public, and exist in sandboxes only
TOKEN_LIVES = timedelta(days=3650)
TOOL, SYSTEM = "Demo person's tool", "Clinic system"
SCOPES = " ".join(settings.SCOPES)
WEEK = [{"weekday": day, "opens": time(8), "closes": time(18)} for day in range(5)]


@dataclass(frozen=True)
class Person:
    given_name: str
    family_name: str
    rights: tuple[str, ...]
    license: str = ""
    is_student: bool = False

    def email_at(self, clinic: "Clinic") -> str:
        return f"{self.given_name.lower()}@{clinic.domain}"


@dataclass(frozen=True)
class Clinic:
    name: str
    domain: str
    discipline: str
    city: str
    postal_code: str
    latitude: float
    longitude: float
    techniques: tuple[str, ...]
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    people: tuple[Person, ...]
    certificate_hours: int | None = None


CLINICS = (
    Clinic(
        "Calm Hands Massage", "calm-hands.example", "massage_therapy", "Denver", "80205", 39.757, -104.966,
        ("nmt", "tpt", "posrel", "mfr", "swedish", "cff"), ("cervical", "shoulder", "lumbar", "hip"), ("en", "es"),
        (
            Person("Jo", "Rivers", ("practitioner",), "LMT"),
            Person("Dana", "Cole", ("coordinator",)),
            Person("Marta", "Quinn", ("admin", "auditor")),
        ),
        certificate_hours=480,
    ),
    Clinic(
        "Northside Physical Therapy", "northside-pt.example", "physical_therapy", "Denver", "80211", 39.765, -105.020,
        ("therex", "strength", "nmre", "mob3", "gait"), ("cervical", "lumbar", "knee", "hip", "shoulder"), ("en",),
        (
            Person("Sava", "Petrov", ("practitioner",), "PT"),
            Person("Finn", "Hale", ("practitioner",), "PT"),
            Person("Mei", "Tanaka", ("practitioner",), "Student", is_student=True),
            Person("Robin", "Ashby", ("coordinator",)),
            Person("Noor", "Haddad", ("admin",)),
        ),
    ),
    Clinic(
        "Elm Street Chiropractic", "elm-street.example", "chiropractic", "Denver", "80203", 39.731, -104.982,
        ("hvla", "drop", "activ", "fd", "mob3"), ("cervical", "thoracic", "lumbar", "sacroiliac"), ("en", "hu"),
        (
            Person("Imre", "Kovacs", ("practitioner",), "DC"),
            Person("Pat", "Lowell", ("coordinator", "admin")),
        ),
    ),
)  # fmt: skip


def open_clinics() -> None:
    """Opens the clinics that are not there yet; running it again changes nothing."""
    for clinic in CLINICS:
        if not Organization.objects.filter(email=f"desk@{clinic.domain}").exists():
            _open(clinic)


def keys() -> dict[str, list[dict[str, Any]]]:
    """Fresh tokens and secrets for everybody, as ``var/demo.json`` lists them. Older ones stop working."""
    AccessToken.objects.filter(application__name=TOOL).delete()
    tool, _ = Application.objects.get_or_create(
        name=TOOL,
        defaults={
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "allowed_scopes": SCOPES,
        },
    )
    people, systems = [], []
    for clinic in CLINICS:
        organization = Organization.objects.get(email=f"desk@{clinic.domain}")
        people += [_person(clinic, person, organization, tool) for person in clinic.people]
        systems.append(_system(organization))
    return {"people": people, "systems": systems}


def _open(clinic: Clinic) -> None:
    """As its admin would, who has every right until the others have joined."""
    accounts = {person: _account(clinic, person) for person in clinic.people}
    admin = next(person for person in clinic.people if "admin" in person.rights)
    organization, owner = services.open_organization(
        user=accounts[admin],
        name=clinic.name,
        email=f"desk@{clinic.domain}",
        phone="+1 303 555 0100",
        time_zone="America/Denver",
        opening_times=WEEK,
    )
    actor = actor_of_user(accounts[admin].pk, organization.pk, second_factor=False)
    services.change_organization(organization.pk, actor=actor, break_glass_enabled=True)
    place = services.add_location(
        actor=actor,
        name=clinic.name,
        city=clinic.city,
        postal_code=clinic.postal_code,
        latitude=clinic.latitude,
        longitude=clinic.longitude,
    )
    others = {
        person: services.add_member(actor=actor, email=account.email, rights=list(person.rights))
        for person, account in accounts.items()
        if person != admin
    }
    for person, member in {admin: owner, **others}.items():
        if person.license:
            _practise(clinic, person, member, actor, place)
    services.change_member(owner.pk, actor=actor, rights=list(admin.rights))


def _account(clinic: Clinic, person: Person) -> User:
    return User.objects.create_user(
        person.email_at(clinic), PASSWORD, first_name=person.given_name, last_name=person.family_name
    )


def _practise(clinic: Clinic, person: Person, member: Member, actor: Actor, place: Location) -> None:
    practitioner = services.add_practitioner(
        actor=actor, given_name=person.given_name, family_name=person.family_name, member_id=member.pk
    )
    number = f"{person.license}-{4000 + len(person.family_name)}"
    kind = Credential.Kind.ENROLLMENT if person.is_student else Credential.Kind.LICENSE
    _credential(practitioner, clinic, actor, kind=kind, name=person.license, number=number)
    if clinic.certificate_hours:
        _credential(
            practitioner,
            clinic,
            actor,
            kind=Credential.Kind.CERTIFICATION,
            name="Neuromuscular therapy",
            hours=clinic.certificate_hours,
            issuer="School of Neuromuscular Therapy",
        )
    services.start_role(
        actor=actor,
        practitioner_id=practitioner.pk,
        discipline=clinic.discipline,
        location_id=place.pk,
        technique_ids=list(clinic.techniques),
        regions=list(clinic.regions),
        languages=list(clinic.languages),
        capacity_per_week=6,
    )


def _credential(practitioner: Practitioner, clinic: Clinic, actor: Actor, **facts: Any) -> None:
    today = clock.real_now().date()
    credential = services.add_credential(
        practitioner.pk,
        actor=actor,
        discipline=clinic.discipline,
        jurisdiction="CO",
        issued_on=today - timedelta(days=1500),
        expires_on=today + timedelta(days=700),
        **facts,
    )
    services.judge_credential(credential.pk, actor=actor, status=Credential.Status.VERIFIED)


def _person(clinic: Clinic, person: Person, organization: Organization, tool: Application) -> dict[str, Any]:
    member = Member.objects.select_related("user").get(organization=organization, user__email=person.email_at(clinic))
    role = PractitionerRole.objects.filter(organization=organization, practitioner__user=member.user).first()
    token = secrets.token_urlsafe(32)
    row = AccessToken(
        user=member.user, member=member, application=tool, scope=SCOPES, expires=clock.real_now() + TOKEN_LIVES
    )
    set_token_value(row, token)
    row.save()
    return {
        "name": f"{person.given_name} {person.family_name}",
        "organization_id": str(organization.id),
        "organization": organization.name,
        "discipline": clinic.discipline,
        "roles": list(person.rights),
        "is_student": person.is_student,
        "practitioner_role_id": str(role.id) if role else None,
        "email": member.user.email,
        "password": PASSWORD,
        "token": token,
    }


def _system(organization: Organization) -> dict[str, Any]:
    secret = secrets.token_urlsafe(32)
    application, _ = Application.objects.get_or_create(
        name=SYSTEM,
        organization=organization,
        defaults={
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "allowed_scopes": SCOPES,
        },
    )
    application.client_secret = secret
    application.save(update_fields=["client_secret"])
    return {
        "organization_id": str(organization.id),
        "organization": organization.name,
        "client_id": application.client_id,
        "client_secret": secret,
    }
