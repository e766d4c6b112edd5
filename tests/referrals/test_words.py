"""The history has words for every step, for staff and for guests."""

from backend.portal import words as portal
from backend.referrals.words import STEPS
from backend.referrals.workflow import WORKFLOW


def test_every_step_of_the_workflow_has_words_and_nothing_else_has() -> None:
    assert set(STEPS) == set(portal.STEPS) == set(WORKFLOW.names)


def test_guests_read_other_words_only_where_they_differ() -> None:
    differ = {name for name in STEPS if portal.STEPS[name] != STEPS[name]}

    assert differ == {"consent_given", "ask_information", "refuse", "consent_ended", "expire"}
