"""A refusal that stores nothing."""

from typing import Any

from django.db import connection

from backend.lib.unit_of_work import acting_as
from tests import make
from tests.referrals.stories import assert_readable


def rows_stored() -> dict[str, int]:
    """How many rows each table holds that sending may write, whoever may see them."""
    tables = [
        "referrals_referral", "referrals_package", "referrals_guest", "referrals_step", "referrals_message",
        "audit_event", "audit_work", "clients_access", "clients_hold", "clients_consent",
    ]  # fmt: skip
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[table] = cursor.fetchone()[0]
    return counts


class NothingStored:
    """Fails when what was refused left a row behind. Counts as the sender, and what has no wall whole."""

    def __init__(self, *clinics: make.Clinic) -> None:
        self.clinics = clinics

    def counted(self) -> list[dict[str, int]]:
        found = []
        for clinic in self.clinics:
            with acting_as(clinic.practitioner.actor):
                found.append(rows_stored())
        return found

    def __enter__(self) -> "NothingStored":
        self.before = self.counted()
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            assert self.counted() == self.before


def refused(sender: make.Clinic, to: Any, status: int, code: str, *others: make.Clinic, **more: Any) -> Any:
    """A send that is refused and stores nothing, on either side."""
    with NothingStored(sender, *others):
        answer = sender.http.send("POST", "referrals", make.referral_body(to, **more))
        return assert_readable(answer, status, code)
