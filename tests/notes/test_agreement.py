"""Whatever is written, withdrawn and taken back: list, detail, asks and feed agree on what each caller sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.lib.unit_of_work import acting_as
from backend.notes.models import Ask, Note
from tests import make
from tests.notes.writing import BODY, SECTIONS, asks, draft, ids_listed, read, share, sign

pytestmark = pytest.mark.django_db

NOTES = st.fixed_dictionaries(
    {
        "visibility": st.sampled_from(["care_team", "clinic", "author"]),
        "is_sensitive": st.booleans(),
        "shared_sections": st.lists(st.sampled_from(SECTIONS), unique=True),
    }
)
ENDS = st.sampled_from(["draft", "signed", "signed", "signed", "wrong_client", "wrong_entry"])
CATEGORIES = st.lists(st.sampled_from(["plan", "notes", "sensitive"]), unique=True)


@contextmanager
def forgotten() -> Iterator[None]:
    """What one example does is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.lists(st.tuples(st.booleans(), NOTES, ENDS), min_size=1, max_size=3),
    categories=CATEGORIES,
    withdrawn=st.booleans(),
)
def test_every_way_of_reading_agrees(
    north: make.Clinic,
    south: make.Clinic,
    outsider: make.Clinic,
    client_id: str,
    written: list[tuple[bool, dict[str, Any], str]],
    categories: list[str],
    withdrawn: bool,
) -> None:
    with forgotten():
        consent = share(north, client_id, south, categories=categories)
        notes = [write(north if by_north else south, client_id, how, end) for by_north, how, end in written]
        if withdrawn:
            north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})

        for clinic in (north, south, outsider):
            check_agreement(clinic, client_id, notes)
            others = [note for note in notes if note["organization"]["id"] != clinic.id]
            seen = [note for note in others if read(clinic.http, note["id"]).status_code == 200]
            assert {note["id"] for note in seen} == expected(clinic, others, categories, withdrawn)
            check_sections(clinic, seen)


def write(clinic: make.Clinic, client_id: str, how: dict[str, Any], end: str) -> Any:
    """A note of this clinic, brought to this end."""
    asked: dict[str, Any] = {"asks": []} if how["visibility"] == "author" else {}
    note = draft(clinic, client_id, techniques=[], **how, **asked)
    if end != "draft":
        note = sign(clinic.http, note["id"])
    if end.startswith("wrong"):
        note = clinic.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": end}).json()
    return note


def expected(clinic: make.Clinic, others: list[Any], categories: list[str], withdrawn: bool) -> set[str]:
    """The rule in one sentence each: a second opinion."""
    in_circle = not withdrawn and "notes" in categories and clinic.organization.name != "Outsider Clinic"
    return {
        note["id"]
        for note in others
        if in_circle
        and note["visibility"] == "care_team"
        and (not note["is_sensitive"] or "sensitive" in categories)
        and (note["state"] == "signed" or (note["entered_in_error"] or {}).get("reason") == "wrong_entry")
    }


def check_agreement(clinic: make.Clinic, client_id: str, notes: list[Any]) -> None:
    """List, filtered list, detail, addenda, rows behind the walls, and the list of asks."""
    by_detail = {note["id"] for note in notes if read(clinic.http, note["id"]).status_code == 200}
    actor = clinic.practitioner.actor
    with acting_as(actor):
        rows = {str(pk) for pk in Note.objects.values_list("pk", flat=True)}
        asked = {str(pk) for pk in Ask.objects.visible_to(actor).active().values_list("pk", flat=True)}
    assert set(ids_listed(clinic.http)) == set(ids_listed(clinic.http, f"?client_id={client_id}")) == by_detail == rows
    assert by_detail == {
        note["id"] for note in notes if clinic.http.send("GET", f"notes/{note['id']}/addenda").status_code == 200
    }
    if clinic.http.send("GET", f"clients/{client_id}").status_code == 200:
        assert {row["id"] for row in asks(clinic.http, client_id)["results"]} == asked


def check_sections(clinic: make.Clinic, seen: list[Any]) -> None:
    for note in seen:
        theirs = read(clinic.http, note["id"]).json()
        assert {name for name in SECTIONS if name in theirs} == set(note["shared_sections"])
        assert {name for name in SECTIONS if theirs.get(name) == BODY[name]} == set(note["shared_sections"])
        assert ("integrity" in theirs) == (set(note["shared_sections"]) == set(SECTIONS))
