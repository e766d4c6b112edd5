"""Whatever is written, amended, marked and visited in whatever order: nothing unread is ever lost, and five lines stay five."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.careplans.plans import alone, done
from tests.notes.writing import share, signed
from tests.record.briefs import brief, mark

pytestmark = pytest.mark.django_db
PLAN = "the plan"
QUIET: dict[str, Any] = {"asks": [], "measures": [], "findings": [], "techniques": []}
STEPS = st.lists(
    st.sampled_from(["write", "write", "write", "amend", "hold", "pause", "resume", "mark", "mark one", "visit"]),
    max_size=14,
)


@settings(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_unread_is_never_lost_and_the_oldest_is_always_there(steps: list[str]) -> None:
    with transaction.atomic():
        _play(steps)
        transaction.set_rollback(True)


def _play(steps: list[str]) -> None:
    """A model beside the service: what is unread, in the order in which it came to read as it does."""
    north, south = make.clinic("North Massage", "massage_therapy"), make.clinic("South Physio", "physical_therapy")
    client_id = str(make.client(north)["id"])
    plan = alone(north, client_id)
    share(north, client_id, south)
    plan.add(north, south)
    is_paused = False
    unread: list[str] = []
    notes: list[str] = []
    holds = 0
    for step in steps:
        shown = brief(south, client_id)
        if step == "write":
            notes.append(signed(north, client_id, **QUIET)["id"])
            unread.append(notes[-1])
        elif step == "amend" and notes:
            north.http.send("POST", f"notes/{notes[0]}/addenda", {"reason": "other", "text": "More."})
            unread = [note for note in unread if note != notes[0]] + [notes[0]]
        elif step == ("resume" if is_paused else "pause"):
            done(plan.move(north, step if is_paused else "hold", **({} if is_paused else {"reason": "away"})))
            is_paused = not is_paused
            unread = [thing for thing in unread if thing != PLAN] + [PLAN]
        elif step == "hold":
            body = {"regions": [{"region": "cervical", "side": "left"}], "because": "other"}
            north.http.send("POST", f"clients/{client_id}/holds", body)
            holds += 1
        elif step.startswith("mark") and shown["lines"]:
            chosen = shown["lines"] if step == "mark" else shown["lines"][-1:]
            mark(south, client_id, chosen)
            seen = set(map(_thing, chosen))
            unread = [thing for thing in unread if thing not in seen]
        elif step == "visit":
            signed(south, client_id, **QUIET)
        _check(brief(south, client_id), unread, holds=holds)


def _thing(line: Any) -> str:
    """The note's id; a plan's newest step stands for the plan."""
    return PLAN if line["kind"] == "plan" else line["id"].split(".")[1]


def _check(found: Any, unread: list[str], *, holds: int) -> None:
    lines = [line for line in found["lines"] if not line["is_pinned"]]
    shown = [_thing(line) for line in lines if not line["is_read"]]
    pinned = [line for line in found["lines"] if line["is_pinned"]]

    assert shown == unread[:5]
    assert found["more"] == max(len(unread) - 5, 0)
    assert len(lines) <= 5
    assert found["lines"][: len(pinned)] == pinned
    assert len(pinned) == holds
