"""What referrals tell the directory: how long an answer took."""

from uuid import UUID

from django.db import connection

from backend.lib.ids import uuid7

ADD = """
INSERT INTO directory_answerstat (id, role_id, from_organization_id, answered, total_minutes) VALUES (%s, %s, %s, 1, %s)
ON CONFLICT (role_id, from_organization_id) DO UPDATE
SET answered = directory_answerstat.answered + 1,
    total_minutes = directory_answerstat.total_minutes + excluded.total_minutes
"""


def record_answer(role_id: UUID, from_organization_id: UUID, minutes: int) -> None:
    """Counts one answer (accepted, declined …) of a role to an organization, `minutes` after it was sent."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, [uuid7(), role_id, from_organization_id, max(minutes, 0)])
