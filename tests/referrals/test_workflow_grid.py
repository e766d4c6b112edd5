"""The workflow against a grid that was drawn by hand from the product's table: a second opinion, not a copy."""

from pathlib import Path

import pytest

from backend.lib.problems import Problem
from backend.record.event_types import event_types
from backend.referrals import deadlines, rendering
from backend.referrals import workflow as w
from backend.referrals.workflow import STATES, WORKFLOW

COLUMNS = {
    "dra": "draft", "awa": "awaiting_consent", "sen": "sent", "nee": "needs_information", "acc": "accepted",
    "off": "times_offered", "wai": "waitlisted", "boo": "booked", "car": "in_care", "can": "cancellation_requested",
    "rep": "reported", "dec": "declined", "exp": "expired", "unr": "unreachable", "cde": "client_declined",
    "clo": "closed", "wit": "withdrawn", "red": "redirected",
}  # fmt: skip
LETTERS = {"S": "sender", "R": "recipient", "P": "pool", "C": "client", "Y": "system"}

# Who may, in which state. S sender, R recipient, P member of a pool, C client, Y the service itself, . nobody.
GRID = """
                      dra  awa  sen  nee  acc  off  wai  boo  car  can  rep  dec  exp  unr  cde  clo  wit  red
send                  S    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
ask_consent           S    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
consent_given         .    CS   .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
consent_refused       .    CS   .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
ask_information       .    .    R    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
give_information      .    .    .    S    .    .    .    .    .    .    .    .    .    .    .    .    .    .
accept                .    .    RP   .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
pass                  .    .    P    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
release               .    .    .    .    R    .    .    .    .    .    .    .    .    .    .    .    .    .
offer_times           .    .    .    .    R    .    R    .    .    .    .    .    .    .    .    .    .    .
choose_time           .    .    .    .    .    CR   .    .    .    .    .    .    .    .    .    .    .    .
times_lapsed          .    .    .    .    .    Y    .    .    .    .    .    .    .    .    .    .    .    .
waitlist              .    .    .    .    R    .    R    .    .    .    .    .    .    .    .    .    .    .
book                  .    .    .    .    R    R    R    R    .    .    .    .    .    .    .    .    .    .
cancel_visit          .    .    .    .    .    .    .    RC   .    .    .    .    .    .    .    .    .    .
record_no_show        .    .    .    .    .    .    .    R    .    .    .    .    .    .    .    .    .    .
log_contact           .    .    .    .    R    R    R    .    .    .    .    .    .    .    .    .    .    .
give_up_contact       .    .    .    .    R    R    R    .    .    .    .    .    .    .    .    .    .    .
decline               .    .    R    .    R    R    R    R    .    .    .    .    .    .    .    .    .    .
assign                SR   SR   SR   SR   SR   SR   SR   SR   SR   SR   SR   SR   SR   SR   SR   .    .    .
start                 .    .    .    .    R    R    R    R    .    .    .    .    .    .    .    .    .    .
report                .    .    RP   .    RP   .    .    RP   RP   .    .    .    .    .    .    .    .    .
read_report           .    .    .    .    .    .    .    .    S    .    .    .    .    .    .    .    .    .
return_report         .    .    .    .    .    .    .    .    .    .    S    .    .    .    .    .    .    .
acknowledge           .    .    .    .    .    .    .    .    .    .    S    S    S    S    S    .    .    .
convert               .    .    .    .    .    .    .    .    .    .    S    .    .    .    .    .    .    .
withdraw              SY   SY   SY   SY   SY   SY   SY   SY   .    .    .    .    .    .    .    .    .    .
request_cancellation  .    .    .    .    .    .    .    .    S    .    .    .    .    .    .    .    .    .
agree                 .    .    .    .    .    .    .    .    .    RY   .    .    .    .    .    .    .    .
refuse                .    .    .    .    .    .    .    .    .    R    .    .    .    .    .    .    .    .
close_without_report  .    .    .    .    .    .    .    .    S    .    .    .    .    .    .    .    .    .
redirect              .    .    S    .    .    .    .    .    .    .    .    S    S    S    S    .    .    .
consent_ended         .    Y    Y    Y    Y    Y    Y    Y    .    .    .    .    .    .    .    .    .    .
expire                .    Y    Y    Y    .    .    .    .    .    .    .    .    .    .    .    .    .    .
close_unacknowledged  .    .    .    .    .    .    .    .    .    .    Y    .    .    .    .    .    .    .
"""

# Where each leads; "=" stays where it is. Two words: it depends on what is said.
LEADS_TO = {
    "send": "sent", "ask_consent": "awaiting_consent", "consent_given": "sent", "consent_refused": "client_declined",
    "ask_information": "needs_information", "give_information": "sent", "accept": "accepted", "pass": "sent",
    "release": "sent", "offer_times": "times_offered", "choose_time": "booked", "times_lapsed": "accepted",
    "waitlist": "waitlisted", "book": "booked", "cancel_visit": "accepted", "record_no_show": "accepted",
    "log_contact": "=", "give_up_contact": "unreachable", "decline": "declined", "assign": "=", "start": "in_care",
    "report": "in_care reported", "read_report": "=", "return_report": "in_care accepted", "acknowledge": "closed",
    "convert": "closed", "withdraw": "withdrawn", "request_cancellation": "cancellation_requested",
    "agree": "withdrawn", "refuse": "in_care", "close_without_report": "closed", "redirect": "redirected",
    "consent_ended": "client_declined", "expire": "expired", "close_unacknowledged": "closed",
}  # fmt: skip

WHOSE_MOVE = {
    "draft": "sender", "awaiting_consent": "client", "sent": "recipient", "needs_information": "sender",
    "accepted": "recipient", "times_offered": "client", "waitlisted": "recipient", "booked": "recipient",
    "in_care": "recipient", "cancellation_requested": "recipient", "reported": "sender", "declined": "sender",
    "expired": "sender", "unreachable": "sender", "client_declined": "sender", "closed": None, "withdrawn": None,
    "redirected": None,
}  # fmt: skip

# https://hl7.org/fhir/R4/valueset-task-status.html
TASK_STATUS = {
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold",
    "failed", "completed", "entered-in-error",
}  # fmt: skip
GROUPS = {"draft", "waiting", "in_care", "deciding", "finished"}


def drawn() -> dict[tuple[str, str], set[str]]:
    """(transition, state) → who may, as drawn."""
    head, *lines = [line.split() for line in GRID.strip().splitlines()]
    assert all(len(line) == len(head) + 1 for line in lines), "a cell is missing"
    return {
        (name, COLUMNS[column]): {LETTERS[letter] for letter in cell if letter != "."}
        for name, *cells in lines
        for column, cell in zip(head, cells, strict=True)
    }


def test_the_workflow_is_the_grid_drawn_by_hand() -> None:
    table = {
        (row.name, state): set(row.by) if state in row.sources else set() for row in WORKFLOW.rows for state in STATES
    }

    assert {cell: who for cell, who in table.items() if drawn().get(cell) != who} == {}
    assert set(drawn()) == set(table)


def test_every_transition_leads_where_the_product_says() -> None:
    targets = {row.name: "=" if not row.target else " ".join(row.targets or (row.target,)) for row in WORKFLOW.rows}

    assert targets == LEADS_TO


def test_every_state_says_whose_move_it_is() -> None:
    assert {name: state.mover for name, state in STATES.items()} == WHOSE_MOVE


def test_every_state_has_a_fhir_cell_a_group_and_words() -> None:
    for name, state in STATES.items():
        assert state.fhir_task in TASK_STATUS, name
        assert state.group in GROUPS, name
        assert state.words, name


@pytest.mark.parametrize("state", [name for name, mover in WHOSE_MOVE.items() if mover and name != "draft"])
def test_every_state_with_a_mover_has_a_due_time(state: str) -> None:
    fixed = {"awaiting_consent", "times_offered", "waitlisted"}
    deciding = {"declined", "expired", "unreachable", "client_declined"}

    assert state in fixed or ("deciding" if state in deciding else state) in deadlines.DEFAULTS


def test_every_event_is_named_in_the_past_and_documented() -> None:
    names = [row.event for row in WORKFLOW.rows]

    assert len(names) == len(set(names))
    assert [name for name in names if name not in event_types()] == []


def test_every_transition_reads_well() -> None:
    for row in WORKFLOW.rows:
        assert row.summary.endswith("."), row.name
        assert "_" not in row.label, row.name
        assert row.input is not None, row.name


def test_every_rule_says_no_in_a_sentence() -> None:
    for row in WORKFLOW.rows:
        for rule in (*row.requires, *([row.offered] if row.offered else [])):
            sentence = (rule.__doc__ or "").strip()
            assert sentence.endswith("."), row.name
            assert "_" not in sentence.replace("seen_at", ""), row.name


def test_the_states_integrators_group_by_never_grow() -> None:
    for state in STATES:
        for parties in ({"sender"}, {"recipient"}, {"client"}, set()):
            assert w.state_group(state, parties) in {
                "draft", "waiting_for_them", "waiting_for_us", "in_care", "deciding", "finished",
            }  # fmt: skip


def test_the_committed_diagram_is_the_table() -> None:
    document = (Path(w.__file__).parent / "workflow.md").read_text()
    drawing = document.split("```mermaid\n", maxsplit=1)[1].split("\n```", maxsplit=1)[0]

    assert drawing == WORKFLOW.diagram()


def test_the_catalog_lists_every_transition() -> None:
    assert [row["name"] for row in rendering.transitions()] == WORKFLOW.names


def test_an_unknown_name_is_refused_with_a_sentence() -> None:
    unknown: list[object] = ["fly", "", None, 7, ["accept"], {}]
    for name in unknown:
        with pytest.raises(Problem) as refused:
            WORKFLOW.known(name)
        assert refused.value.code == "unknown_transition"
