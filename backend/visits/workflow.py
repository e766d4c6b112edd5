"""The life of a visit, as one table."""

from typing import Any

from backend.lib.rest.transitions import Details
from backend.lib.workflow import Transition, Workflow
from backend.visits import inputs
from backend.visits.models import Visit

CLINIC = "clinic"
PLANNED, BOOKED = Visit.State.PLANNED.value, Visit.State.BOOKED.value
DONE, MISSED, CANCELLED = Visit.State.DONE.value, Visit.State.MISSED.value, Visit.State.CANCELLED.value
COMING, HELD = (PLANNED, BOOKED), (DONE, MISSED)


def step(name: str, sources: tuple[str, ...], target: str, label: str, summary: str, **more: Any) -> Transition[Visit]:
    """A row; the event is ``visit.<target>``."""
    more.setdefault("input", Details)
    return Transition(
        name=name,
        sources=sources,
        target=target,
        by=(CLINIC,),
        event=f"visit.{target}",
        label=label,
        summary=summary,
        **more,
    )


WORKFLOW: Workflow[Visit] = Workflow(
    (
        step("book", (PLANNED,), BOOKED, "Book", "It is in the calendar now."),
        step("record_done", COMING, DONE, "Took place", "The client was seen.", input=inputs.Done),
        step("record_no_show", (BOOKED,), MISSED, "Did not come", "The client did not come."),
        step("cancel", COMING, CANCELLED, "Cancel", "It will not take place.", input=inputs.Cancel),
    )
)
