"""The lines of a client's plans on the forms of a visit: asked where there is more than one, ticked by the best guess.

What is sent as it was guessed is not named: a note that is signed later still tells what the visit was for.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict

from backend.careplans.models import CarePlan, Intervention
from backend.careplans.words import how_often
from backend.careplans.workflow import FINISHED
from backend.catalog.queries import catalog
from backend.clients.queries import merged_with
from backend.directory.models import PractitionerRole
from backend.lib.actor import Actor
from backend.visits.inputs import MOST_LINES
from backend.visits.queries import lines_for
from backend.workspace.forms import Choices, Field

NAME, GUESSED = "line_ids", "line_ids.guessed"


def lines_open(client_id: str | UUID | None, actor: Actor) -> list[Intervention]:
    """The lines that the reader's clinic works on now, the first to begin first; none when there is nothing to choose."""
    if not client_id:
        return []
    lines = (
        lines_for(UUID(str(client_id)), actor).exclude(state=Intervention.State.ENDED).exclude(plan__state__in=FINISHED)
    )
    found = list(lines.order_by("created_at", "id")[:MOST_LINES])
    return found if len(found) > 1 else []


def with_those_counted(
    lines: Sequence[Intervention], counted: Collection[UUID], client_id: str | UUID, actor: Actor
) -> list[Intervention]:
    """The open lines, then those that have ended since and that a visit counts for: what is not asked cannot be kept."""
    missing = set(counted) - {line.pk for line in lines}
    if not missing:
        return list(lines)
    ended = lines_for(UUID(str(client_id)), actor).filter(pk__in=missing)
    return [*lines, *ended.order_by("created_at", "id")]


def choices_of(lines: Sequence[Intervention], actor: Actor) -> Choices:
    """By what each is about; for who plans times and reads nothing clinical, by its pace."""
    return [(str(line.pk), line.focus if actor.reads_clinical else _pace(line)) for line in lines]


def guessed_for(lines: Sequence[Intervention], client_id: str | UUID, role_id: UUID | None, actor: Actor) -> list[str]:
    """Those for which a visit of this client with this person would count without a word.

    Of their discipline, or of all; in plans of the same record. A plan of one that is only linked is named or not meant.
    """
    role = PractitionerRole.objects.filter(Q(pk=role_id)).first()
    discipline = role.discipline if role else None
    of_record = CarePlan.objects.visible_to(actor).filter(client_id__in=merged_with(UUID(str(client_id)), actor))
    here = set(of_record.filter(pk__in={line.plan_id for line in lines}).values_list("pk", flat=True))
    return [str(line.pk) for line in lines if line.plan_id in here and discipline in (None, line.discipline)]


def asked(choices: Choices, counted: Collection[UUID], *, key: str) -> Field:
    """Ticked is what the visit counts for, as far as it can be chosen."""
    ticked = sorted({pk for pk, _ in choices} & {str(line_id) for line_id in counted})
    return Field(NAME, "Counts for", "checks", True, choices=choices, value=ticked, id=f"{key}{NAME}")


def is_named(typed: QueryDict) -> bool:
    """Whether lines were chosen otherwise than they were guessed."""
    return f"{NAME}.asked" in typed and set(typed.getlist(NAME)) != set(typed.get(GUESSED, "").split())


def named(typed: QueryDict) -> dict[str, Any]:
    return {NAME: sorted(set(typed.getlist(NAME)))} if is_named(typed) else {}


def _pace(line: Intervention) -> str:
    facts = (
        how_often(line.times_per_week, line.weeks),
        f"{line.minutes} minutes" if line.minutes else "",
        f"at most {line.visit_budget} visits" if line.visit_budget else "",
    )
    said = ", ".join(fact for fact in facts if fact)
    return said.capitalize() or catalog().disciplines[line.discipline].label
