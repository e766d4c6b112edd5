"""The workflow against a grid that was drawn by hand: a second opinion, not a copy."""

from types import SimpleNamespace
from typing import Any

import pytest

from backend.notes.models import Note
from backend.notes.workflow import WORKFLOW
from backend.record.event_types import event_types

COLUMNS = {
    "dra": "draft", "awa": "awaiting_cosignature", "sig": "signed", "err": "entered_in_error", "clo": "closed_unsigned",
}  # fmt: skip
LETTERS = {"U": "author", "C": "colleague", "A": "admin", "Y": "system", "D": "drafter"}

# Who may, in which state. U author, C colleague of the same clinic, A admin, Y the clinic's system, D the one that began it, . nobody.
GRID = """
                dra  awa  sig  err  clo
sign            UD   .    .    .    .
cosign          .    C    .    .    .
amend           .    UCY  UCY  .    .
enter_in_error  .    UA   UA   UA   UA
close_unsigned  A    .    .    .    .
"""
# Where each leads; "=" stays where it is.
LEADS_TO = {
    "sign": "signed awaiting_cosignature",
    "cosign": "signed",
    "amend": "=",
    "enter_in_error": "entered_in_error",
    "close_unsigned": "closed_unsigned",
}


def grid() -> dict[tuple[str, str], set[str]]:
    header, *lines = GRID.strip("\n").splitlines()
    states = [COLUMNS[short] for short in header.split()]
    return {
        (name, state): {LETTERS[letter] for letter in cell if letter != "."}
        for name, *cells in (line.split() for line in lines)
        for state, cell in zip(states, cells, strict=True)
    }


def test_the_grid_has_every_transition_and_every_state() -> None:
    assert {name for name, _ in grid()} == set(WORKFLOW.names)
    assert set(COLUMNS.values()) == set(Note.State.values)


@pytest.mark.parametrize(("cell", "who"), grid().items(), ids=lambda value: " ".join(sorted(value)))
def test_each_cell_is_as_drawn(cell: tuple[str, str], who: set[str]) -> None:
    name, state = cell
    row = WORKFLOW[name]

    assert (set(row.by) if state in row.sources else set()) == who


def test_each_transition_leads_where_it_was_drawn() -> None:
    found = {row.name: row.possible_targets if row.target else ("=",) for row in WORKFLOW.rows}

    assert found == {name: tuple(targets.split()) for name, targets in LEADS_TO.items()}


@pytest.mark.parametrize(("reason", "ways_out"), [("wrong_client", []), ("wrong_entry", ["enter_in_error"])])
def test_what_is_in_error_has_no_way_out_but_having_been_about_a_wrong_client(reason: str, ways_out: list[str]) -> None:
    subject: Any = SimpleNamespace(state="entered_in_error", entered_in_error_reason=reason)
    assert [row.name for row in WORKFLOW.available(subject, set(LETTERS.values()))] == ways_out


def test_a_student_leads_to_waiting_and_whoever_is_licensed_to_signed() -> None:
    subject: Any = SimpleNamespace(state="draft")

    assert WORKFLOW["sign"].target_for(subject, {"is_student": True}) == "awaiting_cosignature"
    assert WORKFLOW["sign"].target_for(subject, {"is_student": False}) == "signed"


def test_every_event_is_listed() -> None:
    assert [row.event for row in WORKFLOW.rows if row.event not in event_types()] == []
