"""Builds what tests need, through the services and the API; name only what the test is about."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from django.test import Client as HttpClient
from oauth2_provider.models import set_token_value

from backend.directory.actors import actor_with_token
from backend.directory.models import (
    AccessToken,
    Application,
    Credential,
    Location,
    Member,
    OpeningTime,
    Organization,
    Practitioner,
    PractitionerRole,
    User,
)
from backend.lib import clock
from backend.lib.actor import Actor

ALL_SCOPES = " ".join(
    f"{name}:{right}"
    for name in ("clients", "referrals", "care-plans", "notes", "visits", "outcomes", "directory", "events", "webhooks")
    for right in ("read", "write")
)
_numbers = itertools.count(1)


@dataclass
class Person:
    """A member with a token, and an HTTP client that sends it."""

    member: Member
    role: PractitionerRole | None
    token: str
    http: "Api" = field(init=False)

    def __post_init__(self) -> None:
        self.http = Api(self.token)

    @property
    def actor(self) -> Actor:
        actor = actor_with_token(self.token)
        assert actor is not None
        return actor

    @property
    def practitioner_id(self) -> str:
        assert self.role is not None
        return str(self.role.practitioner_id)


@dataclass
class Clinic:
    """An organization with a practitioner, a coordinator, an admin, an auditor and a system."""

    organization: Organization
    practitioner: Person
    coordinator: Person
    admin: Person
    auditor: Person
    system: "Api"

    @property
    def id(self) -> str:
        return str(self.organization.id)

    @property
    def role_id(self) -> str:
        assert self.practitioner.role is not None
        return str(self.practitioner.role.id)

    @property
    def http(self) -> "Api":
        return self.practitioner.http


class Api(HttpClient):
    """Speaks JSON to the API with a bearer token."""

    def __init__(self, token: str = "") -> None:
        super().__init__(raise_request_exception=False)
        self.defaults.update({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {})

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return self.generic(
            method,
            address,
            data=b"" if body is None else _json(body),
            content_type="application/json",
            headers=headers or None,
        )


def _json(body: Any) -> bytes:
    import json

    return body if isinstance(body, bytes) else json.dumps(body, default=str).encode()


def organization(name: str = "", **more: Any) -> Organization:
    made = Organization.objects.create(
        name=name or f"Clinic {next(_numbers)}", **{"time_zone": "America/Denver", **more}
    )
    OpeningTime.objects.bulk_create(
        OpeningTime(organization=made, weekday=day, opens=time(8), closes=time(18)) for day in range(5)
    )
    return made


def user(name: str = "Kim Doe") -> User:
    given, family = name.rsplit(" ", 1)
    return User.objects.create(
        email=f"u{next(_numbers)}-{secrets.token_hex(4)}@example.org", first_name=given, last_name=family, password="!"
    )


def role(
    at: Organization, discipline: str = "physical_therapy", *, account: User | None = None, **more: Any
) -> PractitionerRole:
    """A practitioner with a verified license, in a role."""
    name = (account.get_full_name() if account else "") or f"Alex Person{next(_numbers)}"
    practitioner = Practitioner.objects.create(
        organization=at, given_name=name.split()[0], family_name=name.split()[-1], user=account
    )
    Credential.objects.create(
        practitioner=practitioner,
        organization=at,
        kind="license",
        discipline=discipline,
        name="License",
        number=f"L-{next(_numbers)}",
        jurisdiction="CO",
        expires_on=clock.now().date() + timedelta(days=1000),
        status="verified",
        verified_on=clock.now().date(),
    )
    place, _ = Location.objects.get_or_create(
        organization=at, name="Main", defaults={"city": "Denver", "postal_code": "80202"}
    )
    return PractitionerRole.objects.create(
        practitioner=practitioner, organization=at, discipline=discipline, location=place, **more
    )


def person(at: Organization, *rights: str, discipline: str = "", name: str = "Kim Doe") -> Person:
    """A member with these rights; with a discipline also a practitioner in a role."""
    account = user(name)
    practised = role(at, discipline, account=account) if discipline else None
    member = Member.objects.create(user=account, organization=at, rights=list(rights))
    return Person(member=member, role=practised, token=token(member=member))


def application(at: Organization, scopes: str = ALL_SCOPES) -> Application:
    made: Application = Application.objects.create(
        name=f"{at.name} system",
        organization=at,
        client_type="confidential",
        authorization_grant_type="client-credentials",
        allowed_scopes=scopes,
        hash_client_secret=False,  # half a second each, in every test
    )
    return made


def token(*, member: Member | None = None, of: Application | None = None, scopes: str = ALL_SCOPES) -> str:
    """A bearer token of a member, or of an organization's application."""
    text = secrets.token_urlsafe(24)
    if of is None:
        assert member is not None
        of = Application.objects.create(
            name="tool",
            client_type="confidential",
            authorization_grant_type="client-credentials",
            allowed_scopes=scopes,
            hash_client_secret=False,
        )
    made = AccessToken(
        user=member.user if member else None,
        member=member,
        application=of,
        scope=scopes,
        expires=clock.real_now() + timedelta(days=1),
    )
    set_token_value(made, text)
    made.save()
    return text


def clinic(name: str, discipline: str, **more: Any) -> Clinic:
    place = organization(name, **more)
    return Clinic(
        organization=place,
        practitioner=person(place, "practitioner", discipline=discipline, name=f"{name} Practitioner"),
        coordinator=person(place, "coordinator", name=f"{name} Coordinator"),
        admin=person(place, "admin", name=f"{name} Admin"),
        auditor=person(place, "auditor", name=f"{name} Auditor"),
        system=Api(token(of=application(place))),
    )


# The directory


def credential(of: PractitionerRole, **more: Any) -> Credential:
    """Another credential of a role's practitioner, verified and in force unless said otherwise."""
    return Credential.objects.create(
        **{
            "practitioner": of.practitioner,
            "organization": of.organization,
            "kind": "certification",
            "discipline": of.discipline,
            "name": "Certificate",
            "status": "verified",
            **more,
        }
    )


def signed_in(account: User) -> Api:
    """An HTTP client with a session, as a browser has one."""
    http = Api()
    http.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    return http


# --- clients -------------------------------------------------------------------------------------------------------


def client(at: Clinic, **facts: Any) -> Any:
    """A client registered through the API by the clinic's practitioner."""
    named = {"family_name": f"Canary{next(_numbers)}", "given_name": "Probe", "birth_date": "1980-02-03", **facts}
    answer = at.http.send("POST", "clients", named)
    assert answer.status_code == 201, answer.content
    return answer.json()


def consent(at: Clinic, client_id: Any, *others: Clinic, **more: Any) -> Any:
    """A consent recorded by the clinic: it and the others share with each other."""
    body = {
        "organization_ids": [other.id for other in others],
        "categories": ["plan", "notes", "outcomes"],
        "method": "in_person",
        **more,
    }
    answer = at.http.send("POST", f"clients/{client_id}/consents", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


# --- referrals -----------------------------------------------------------------------------------------------------

REPORT = {
    "answer": "Rotation 50 to 70 degrees after two visits.",
    "findings": "Trigger points left levator scapulae.",
    "recommendations": "Load from next week.",
}


def referral_body(to: Any, **more: Any) -> dict[str, Any]:
    """What a sender writes; ``to`` is a clinic (its practitioner) or a recipient as the contract has it."""
    return {
        "to": to if isinstance(to, dict) else {"practitioner_role_id": to.role_id},
        "kind": "evaluate_and_treat",
        "priority": "routine",
        "reason": "Guarding limits exercise",
        "question": "Can soft-tissue work restore rotation?",
        "regions": [{"region": "cervical", "side": "left"}],
        "red_flags": {"asked": True, "positive": []},
        "send": True,
        **more,
    }


def referral(sender: Clinic, to: Any, **more: Any) -> Any:
    """A referral that was created through the API; with ``client_id`` and consent it is sent."""
    answer = sender.http.send("POST", "referrals", referral_body(to, **more))
    assert answer.status_code == 201, answer.content
    return answer.json()


def sent(sender: Clinic, to: Clinic, **more: Any) -> Any:
    """A client with a consent that covers the recipient, and a referral on its way."""
    made = client(sender)
    consent(sender, made["id"], to)
    return referral(sender, to, client_id=made["id"], **more)


def try_move(who: Any, referral_id: str, name: str, **details: Any) -> Any:
    http = who if isinstance(who, Api) else who.http
    return http.send("POST", f"referrals/{referral_id}/transitions", {"name": name, **details})


def move(who: Any, referral_id: str, name: str, **details: Any) -> Any:
    answer = try_move(who, referral_id, name, **details)
    assert answer.status_code == 200, answer.content
    return answer.json()


def visit_window(days: int = 2) -> dict[str, str]:
    start = (clock.now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=50)).isoformat()}
