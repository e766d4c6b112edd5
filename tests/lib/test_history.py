"""Every table about a client's care has a history that only triggers write and nobody changes; or a reason to have none."""

import json
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from backend.lib import request_ids
from backend.lib.actor import Actor, ActorKind, system_of
from backend.lib.history import Change, history_of
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as, context_of
from backend.lib.walls import KEEP_AS_FOUND
from tests import make
from tests.attacks.sql import refused, rows
from tests.careplans.plans import alone

# Nothing clinical stands in these apps: accounts and clinics, links, mails, what happened, what waits, exports for a day.
NOT_CLINICAL = {"audit", "directory", "links", "notifications", "portability"}
ONLY_INSERTED = "rows are only added, and none is changed or removed"
OWN_NUMBERS = "an organization's own number for a row"
WHO = "who may see whom: opened and ended by the guard, told by events and the access log"
PERSON = "the person, not the care: earlier names and addresses are not for whoever sees the client today"
STEPS = "the loop has a history of its own: a step for each move, and what was sent is a snapshot"
FILES = "bytes never change and are hung once; what is taken off a draft is gone on purpose"
WITHOUT_HISTORY = {
    "careplans.PlanVersion": ONLY_INSERTED,
    "careplans.Agreement": ONLY_INSERTED,
    "careplans.Decision": ONLY_INSERTED,
    "careplans.PlanIdentifier": OWN_NUMBERS,
    "notes.Addendum": ONLY_INSERTED,
    "notes.NoteIdentifier": OWN_NUMBERS,
    "notes.NoteFile": FILES,
    "attachments.Attachment": FILES,
    "referrals.PlanChange": ONLY_INSERTED,
    "referrals.ReportQuote": ONLY_INSERTED,
    "clients.ReadMark": ONLY_INSERTED,
    "clients.Client": PERSON,
    "clients.Representative": PERSON,
    "clients.ClientIdentifier": OWN_NUMBERS,
    "clients.Registration": WHO,
    "clients.Access": WHO,
    **{
        f"referrals.{name}": STEPS
        for name in (
            "Referral", "PoolPass", "Guest", "Step", "ReferralVisit", "Press", "Package", "Message", "Report", "OfferedTime",
            "ContactAttempt", "ReferralFile",
        )
    },
}  # fmt: skip


def clinical() -> list[type[Model]]:
    ours = [model for model in apps.get_models() if model.__module__.startswith("backend.")]
    return [model for model in ours if model._meta.app_label not in NOT_CLINICAL and not issubclass(model, Change)]


def tracked() -> list[type[Model]]:
    return [model for model in clinical() if hasattr(model, "pgh_event_model")]


def histories() -> list[str]:
    return [history_of(model)._meta.db_table for model in tracked()]


def test_every_clinical_table_has_a_history_or_a_reason() -> None:
    without = {model._meta.label for model in clinical()} - {model._meta.label for model in tracked()}

    assert without == set(WITHOUT_HISTORY)
    assert len(tracked()) == 16


def test_a_history_holds_every_field_of_its_table() -> None:
    for model in tracked():
        kept = {field.name for field in history_of(model)._meta.concrete_fields}
        assert {field.name for field in model._meta.concrete_fields if not field.generated} - kept == {"id"}, model


def test_insert_update_and_delete_are_written_by_the_guard_and_by_nobody_else(db: None) -> None:
    found = {}
    with connection.cursor() as cursor:
        for model in tracked():
            cursor.execute(
                "SELECT t.tgname, t.tgtype & 28, t.tgenabled, p.prosecdef, pg_get_userbyid(p.proowner),"
                " has_function_privilege(p.oid, 'EXECUTE'), p.prosrc LIKE '%%should_ignore%%'"
                " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
                " WHERE t.tgrelid = %s::regclass AND t.tgname LIKE 'pgtrigger%%' ORDER BY t.tgname",
                [model._meta.db_table],
            )
            found[model._meta.label] = [row[1:] for row in cursor.fetchall()]

    guarded = ("O", True, "trialogue_guard", False, False)
    update, insert, delete = 16, 4, 8
    assert set(map(tuple, found.values())) == {((update, *guarded), (insert, *guarded), (delete, *guarded))}


def test_the_app_only_reads_a_history(db: None, north: make.Clinic) -> None:
    with connection.cursor() as cursor:
        for table in histories():
            for right, has in (
                ("SELECT", True),
                ("INSERT", False),
                ("UPDATE", False),
                ("DELETE", False),
                ("TRUNCATE", False),
            ):
                cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
                assert cursor.fetchone() == (has,), (table, right)
    plan = alone(north)
    plan.goal(north)

    for statement in (
        "INSERT INTO careplans_goalchange SELECT * FROM careplans_goalchange",
        "UPDATE careplans_goalchange SET words = 'x'",
        "DELETE FROM careplans_goalchange",
        "TRUNCATE careplans_goalchange",
        "SELECT 1 FROM pghistory_context",
    ):
        assert refused(north, statement), statement


def test_not_even_the_owner_changes_a_history(
    transactional_db: None, north: make.Clinic, owner_connection: "psycopg2.extensions.connection"
) -> None:
    alone(north).goal(north)

    for statement in (
        "UPDATE careplans_goalchange SET words = 'x'",
        "DELETE FROM careplans_goalchange",
        "TRUNCATE careplans_goalchange",
    ):
        with owner_connection.cursor() as cursor, pytest.raises(psycopg2.errors.RestrictViolation):
            cursor.execute(statement)
        owner_connection.rollback()


def test_every_history_refuses_change_by_trigger(db: None) -> None:
    with connection.cursor() as cursor:
        for table in histories():
            cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass ORDER BY 1", [table])
            assert cursor.fetchall() == [(f"{table}_append_only", "O"), (f"{table}_no_truncate", "O")]


@pytest.mark.django_db(transaction=True)
def test_what_a_table_held_before_is_kept_as_it_was_found(
    north: make.Clinic, owner_connection: "psycopg2.extensions.connection"
) -> None:
    goal = alone(north).goal(north)

    with owner_connection.cursor() as cursor:
        cursor.execute(KEEP_AS_FOUND.format(tracked="careplans_goal", history="careplans_goalchange"))
        cursor.execute(
            "SELECT pgh_obj_id::text, words, target, pgh_context FROM careplans_goalchange WHERE pgh_label = 'found'"
        )
        found = cursor.fetchall()

    assert found == [(goal["id"], goal["words"], goal["target"], None)]


def test_no_setting_of_a_session_makes_a_trigger_skip_a_row(north: make.Clinic) -> None:
    plan = alone(north)
    goal = plan.goal(north)
    with acting_as(north.practitioner.actor), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pgtrigger.ignore', array_agg(tgname)::text, true) FROM pg_trigger WHERE tgname LIKE 'pgtrigger%'"
        )
        cursor.execute("UPDATE careplans_goal SET words = 'Quietly' WHERE id = %s", [goal["id"]])

    kept = rows(north, "SELECT pgh_label, words FROM careplans_goalchange ORDER BY pgh_created_at")
    assert kept == [("created", goal["words"]), ("changed", "Quietly")]


def test_a_change_of_bookkeeping_alone_is_not_kept(north: make.Clinic) -> None:
    goal = alone(north).goal(north)

    rows(north, "UPDATE careplans_goal SET version = 9, updated_at = now(), changed_by = 'x' WHERE id = %s", goal["id"])

    assert len(rows(north, "SELECT 1 FROM careplans_goalchange")) == 1


def test_a_context_holds_ids_only_and_a_token_says_the_same_as_its_actor(north: make.Clinic) -> None:
    request_ids.begin("req-0123456789")
    person = north.practitioner.actor
    callers: list[tuple[Any, Actor]] = [
        (north.http, person),
        (make.signed_in(north.practitioner.member.user), person.but(application_id=None)),
        (north.system, system_of(north.organization.pk).but(application_id=_application_of(north))),
    ]
    for http, actor in callers:
        made = http.send("POST", "clients", {"family_name": "Feld"})
        body = {"code": "anticoag", "regions": []}
        header = {"X-Request-Id": "req-0123456789"}
        answer = http.send("POST", f"clients/{made.json()['id']}/precautions", body, **header)
        assert answer.status_code == 201, answer.content

        kept = rows(
            north, "SELECT pgh_context FROM clients_precautionchange WHERE pgh_obj_id = %s", answer.json()["id"]
        )

        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::jsonb = %s::jsonb", [_text(kept[0][0]), context_of(actor)])
            assert cursor.fetchone() == (True,), (kept, context_of(actor))


def test_a_client_or_guest_is_named_by_their_link() -> None:
    client = Actor(kind=ActorKind.CLIENT, client_id=uuid7(), link_id=uuid7(), display="Nora Feld")

    said = context_of(client)

    assert "Nora" not in said
    assert str(client.link_id) in said
    assert str(client.client_id) in said


def _application_of(clinic: make.Clinic) -> Any:
    return clinic.organization.applications.get().pk


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
