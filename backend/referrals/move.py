"""One transition under way: who makes it, with what, and what it will leave behind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from backend.directory.models import PractitionerRole
from backend.lib.actor import Actor, ActorKind
from backend.lib.workflow import Transition
from backend.referrals.models import Guest, Package, Referral

P = TypeVar("P", Package, Guest)


@dataclass
class Move:
    """One transition under way."""

    referral: Referral
    row: Transition[Referral]
    actor: Actor
    party: str
    details: dict[str, Any]
    occurred_at: datetime | None = None
    on_behalf_of: PractitionerRole | None = None
    sentences: list[tuple[str, str]] = field(default_factory=list)
    related: dict[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    comes_back: bool = False
    report_was_returned: bool = False
    restarts_state: bool = False
    draft: Sequence[Package | Guest] = ()
    after: list[Callable[[], None]] = field(default_factory=list)

    @property
    def package(self) -> Package:
        """The draft's package, locked until this move is made."""
        return self._of_draft(Package) or Package.objects.select_for_update(no_key=True).get(pk=self.referral.pk)

    @property
    def guest(self) -> Guest | None:
        """The colleague without an account whom it goes to."""
        if not self.referral.is_guest:
            return None
        return self._of_draft(Guest) or Guest.objects.filter(pk=self.referral.pk).first()

    def _of_draft(self, model: type[P]) -> P | None:
        """What this transaction wrote before it made the move."""
        return next((row for row in self.draft if isinstance(row, model)), None)

    @property
    def client_id(self) -> UUID:
        """The client's id; only asked where there is a client."""
        assert self.referral.client_id is not None
        return self.referral.client_id

    @property
    def is_recorded_for_guest(self) -> bool:
        """The sender's staff write down what a guest answered by phone, fax or letter."""
        return bool(self.details.get("recorded")) and self.referral.is_guest and self.party == "recipient"

    @property
    def by(self) -> str:
        recorded = self.details.get("recorded")
        if recorded:
            return f"{recorded['who']} (recorded by {self.actor.display})"
        if self.actor.kind == ActorKind.SYSTEM and self.actor.application_id is None:
            return "Trialogue"
        return self.actor.display or str(self.actor.kind)

    @property
    def manner(self) -> str:
        recorded = self.details.get("recorded")
        if recorded:
            is_sender = self.actor.organization_id == self.referral.sender_organization_id
            return f"recorded by the {'sender' if is_sender else 'recipient'}, {recorded['how'].replace('_', ' ')}"
        return str(self.details.get("method", ""))

    @property
    def reason_code(self) -> str:
        reason = self.details.get("reason", "")
        return reason if self.row.name in ("decline", "withdraw") else ""

    def say(self, kind: str, text: str | None) -> None:
        if text:
            self.sentences.append((kind, text))
