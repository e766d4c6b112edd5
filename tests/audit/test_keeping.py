"""Stored answers to idempotent requests are forgotten after seven days, not before."""

from datetime import timedelta

import psycopg2
import pytest

from backend.audit.keeping import forget_old_answers
from tests import make


@pytest.mark.django_db(transaction=True)
def test_answers_are_forgotten_after_seven_days(
    north: make.Clinic, owner_connection: "psycopg2.extensions.connection"
) -> None:
    for key, age in (("young", timedelta(days=6)), ("old", timedelta(days=8))):
        north.http.send("POST", "clients", {"family_name": "Moss"}, **{"Idempotency-Key": key})
        with owner_connection.cursor() as cursor:
            cursor.execute("UPDATE audit_idempotentrequest SET created_at = created_at - %s WHERE key = %s", [age, key])
    owner_connection.commit()

    assert forget_old_answers() == 1

    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT key FROM audit_idempotentrequest")
        assert cursor.fetchall() == [("young",)]
