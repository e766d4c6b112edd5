"""What is in force for whom: the one place that compares rows with what a party agreed to.

Nothing of this is stored. A published version is frozen and an agreement is a row, so that what a party is bound to
follows from the two: the newest version it said yes to, and whatever stays within that.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.careplans.inputs import LOADS

Row = Mapping[str, Any]
Kind = Literal["goals", "interventions"]
UNLIMITED = float("inf")
COUNTED = ("times_per_week", "weeks", "visit_budget")
PROMISED = ("words", "measure", "unit", "target", "due_on")


def needs_agreement(kind: Kind, agreed: Row | None, now: Row) -> list[str]:
    """The fields in which a row goes beyond what was agreed: none, and it is in force at once.

    A row that is not in the agreed version goes beyond it as a whole.
    """
    if agreed is None:
        return [] if has_ended(now) else ["id"]
    return _beyond_goal(agreed, now) if kind == "goals" else _beyond_line(agreed, now)


def has_ended(row: Row) -> bool:
    return bool(row["state"] == "ended")


@dataclass(frozen=True)
class Standing:
    """Who counts in a plan now, and what each of them agreed to.

    ``parties`` are the organizations whose membership lives. ``agreed`` holds, for each that said yes to some version,
    the rows of the newest such version, by kind and id.
    """

    parties: Collection[str]
    agreed: Mapping[str, Mapping[Kind, Mapping[str, Row]]]

    def in_force_for(self, party: str, kind: Kind, row: Row) -> Row | None:
        """The row as it is in force for a party, or None when nothing of it is.

        Alone on a plan nobody is asked, and about what was entered in error or decided upon neither. A party that has
        agreed to nothing yet is bound to nothing but its own rows.
        """
        if len(self.parties) <= 1 or row["entered_in_error"] or row["decision"]:
            return row
        if party not in self.agreed:
            return row if row["organization"]["id"] == party else None
        frozen = self.agreed[party][kind].get(row["id"])
        return frozen if needs_agreement(kind, frozen, row) else row

    def waiting_for(self, kind: Kind, row: Row) -> list[str]:
        """The parties for whom the row is not in force as it stands."""
        return sorted(party for party in self.parties if self.in_force_for(party, kind, row) is not row)


def agreed_rows(body: Mapping[str, Any]) -> dict[Kind, dict[str, Row]]:
    """The rows of a version that parties agree to, by kind and id."""
    kinds: tuple[Kind, ...] = ("goals", "interventions")
    return {kind: {row["id"]: row for row in body[kind]} for kind in kinds}


def _beyond_line(agreed: Row, now: Row) -> list[str]:
    if has_ended(now):
        return []
    beyond = [name for name in COUNTED if _limit(now[name]) > _limit(agreed[name])]
    if LOADS.index(now["load"]) > LOADS.index(agreed["load"]):
        beyond.append("load")
    if any(place not in now["avoid"] for place in agreed["avoid"]):
        beyond.append("avoid")
    if now["state"] == "active" != agreed["state"]:
        beyond.append("state")
    return beyond


def _beyond_goal(agreed: Row, now: Row) -> list[str]:
    beyond = [name for name in PROMISED if now[name] != agreed[name]]
    if (now["state"] == "dropped") != (agreed["state"] == "dropped"):
        beyond.append("state")
    return beyond


def _limit(count: float | None) -> float:
    return UNLIMITED if count is None else count
