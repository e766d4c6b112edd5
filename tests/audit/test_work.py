"""Work that failed too often waits for the operator."""

from uuid import uuid4

import pytest

from backend.audit import work
from backend.audit.models import Work
from backend.lib import clock
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as


@pytest.mark.django_db(transaction=True)
def test_the_operator_gives_dead_work_another_life() -> None:
    with acting_as(WORKER):
        dead = Work.objects.create(
            kind="nobody's", subject_id=uuid4(), due_at=clock.now(), attempts=work.MOST_ATTEMPTS, is_dead=True
        )

    raised = work.raise_dead()

    with acting_as(WORKER):
        found = Work.objects.get(pk=dead.pk)
    assert (raised, found.is_dead, found.attempts, found.lease_until) == (1, False, 0, None)
