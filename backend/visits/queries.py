"""Which lines of care plans visits count for, and which ones a visit may name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from backend.careplans.models import Intervention
from backend.clients.queries import ask_guard, records_of
from backend.lib.actor import Actor


class Because(StrEnum):
    """Why a visit counts for a line."""

    NAMED = "named"
    TECHNIQUE = "technique"
    REGION = "region"
    DISCIPLINE = "discipline"


@dataclass(frozen=True, slots=True)
class Counted:
    """A line that a visit counts for."""

    line_id: UUID
    because: Because


def lines_counted(visit_ids: Iterable[UUID]) -> Mapping[UUID, list[Counted]]:
    """For each visit of the caller's clinic, the lines of care plans that it counts for. One statement.

    A visit counts for the lines that it names, whatever else is known; named for none, it counts for none. Where nobody
    said, it may be for each line of its clinic that stood when it began, in an open plan of the same record (or of one
    that it was merged with), of the discipline of whoever held it. Of these it counts for

    1. the lines that plan a technique which the signed notes of the visit say was done: in that place, when one of them
       plans it there, else wherever they plan it;
    2. when none does, the lines for a place that the notes say was treated;
    3. when the notes say nothing that tells lines apart, or there is none yet, all of them.

    A visit under a record that is only linked counts where it is named: whoever reads the other plan is not to learn
    from its numbers that the person is seen elsewhere. For the same reason a note decides only where it is for the care
    team and not sensitive. Left and right are two places, every other side is not.
    The rule stands in the database (``count_visits``), where a plan's ``visits_used`` asks the same.
    """
    found: dict[UUID, list[Counted]] = defaultdict(list)
    rows = ask_guard("SELECT * FROM count_own_visits(%s) ORDER BY visit_id, line_id", [list(visit_ids)])
    for visit_id, line_id, because in rows:
        found[visit_id].append(Counted(line_id, Because(because)))
    return found


def lines_for(client_id: UUID, actor: Actor) -> QuerySet[Intervention]:
    """The lines that a visit of the caller's clinic with this client may name: none that was entered in error."""
    lines: QuerySet[Intervention] = Intervention.objects.visible_to(actor)
    stands = lines.filter(entered_in_error_at=None, plan__entered_in_error_at=None)
    return stands.filter(organization_id=actor.clinic_id, plan__client_id__in=records_of(client_id, actor))
