"""Who is calling: one object for people, clinic systems, guests, clients and jobs."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from uuid import UUID


class ActorKind(StrEnum):
    """How a caller came in. The database's row policies read the same words."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    SYSTEM = "system"
    GUEST = "guest"
    CLIENT = "client"
    LINK = "link"  # holds a secure link, has not proved who they are yet
    WORKER = "worker"  # claims work; never reads anything about a client


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A caller, as every service, query and policy sees one.

    A member acts in one organization at a time. ``role_ids`` are the practitioner roles that the member personally
    holds there. ``second_factor`` is true when the person proved a second factor in this session.
    """

    kind: ActorKind
    organization_id: UUID | None = None
    member_id: UUID | None = None
    user_id: UUID | None = None
    practitioner_id: UUID | None = None
    role_ids: frozenset[UUID] = frozenset()
    rights: frozenset[str] = frozenset()
    application_id: UUID | None = None
    scopes: frozenset[str] | None = None
    client_id: UUID | None = None
    referral_id: UUID | None = None
    link_id: UUID | None = None
    display: str = ""
    second_factor: bool = False
    as_person: bool = True

    @property
    def is_known(self) -> bool:
        return self.kind not in (ActorKind.ANONYMOUS, ActorKind.LINK)

    @property
    def is_staff(self) -> bool:
        """Acts for an organization: a member, its system or a job of it."""
        return self.kind in (ActorKind.MEMBER, ActorKind.SYSTEM)

    @property
    def clinic_id(self) -> UUID:
        """The organization a member or system acts for; asked only of those."""
        assert self.organization_id is not None, f"{self.kind} acts for no organization"
        return self.organization_id

    @property
    def treats(self) -> bool:
        return "practitioner" in self.rights

    @property
    def reads_clinical(self) -> bool:
        """What was found, planned, done and written: not for coordinators, and not for admins without another role."""
        return self.kind != ActorKind.MEMBER or self.has_right("practitioner", "auditor")

    @property
    def reads_as_auditor(self) -> bool:
        """Reads what is clinical by an auditor's right alone: each look is logged, also at the clinic's own clients."""
        return self.kind == ActorKind.MEMBER and self.has_right("auditor") and not self.treats

    @property
    def caller_key(self) -> str:
        """Identifies the caller for cursors, idempotency and rate limits."""
        caller = self.member_id or self.link_id or self.application_id
        return f"{self.kind}:{caller or ''}:{self.organization_id or ''}:{self.application_id or ''}"

    def has_right(self, *rights: str) -> bool:
        return any(right in self.rights for right in rights)

    def allows(self, scope: str) -> bool:
        """Whether the token carries the scope; a person's own session is not limited by scopes."""
        return self.scopes is None or scope in self.scopes

    def but(self, **changes: object) -> Self:
        return replace(self, **changes)  # type: ignore[arg-type]  # the fields are checked by the dataclass itself


ANONYMOUS = Actor(kind=ActorKind.ANONYMOUS)
WORKER = Actor(kind=ActorKind.WORKER)


def system_of(organization_id: UUID, *, display: str = "Trialogue") -> Actor:
    """The service itself, acting inside one organization (jobs, reactions, due times)."""
    return Actor(kind=ActorKind.SYSTEM, organization_id=organization_id, display=display, as_person=False)
