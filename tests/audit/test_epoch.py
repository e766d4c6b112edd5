"""A new epoch begins exactly when the database is on another server."""

import pytest
from django.core.management import call_command
from django.db import connection

from backend.audit.epoch import begin_epoch
from backend.audit.models import FeedEpoch

pytestmark = pytest.mark.django_db


def current_epoch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT feed_epoch()")
        epoch: int = cursor.fetchone()[0]
    return epoch


def test_the_first_call_notes_the_server_and_later_calls_change_nothing() -> None:
    assert begin_epoch()
    noted = list(FeedEpoch.objects.values_list("id", "system_identifier"))

    assert not begin_epoch()
    assert list(FeedEpoch.objects.values_list("id", "system_identifier")) == noted
    assert noted[0][1].replace(".", "").isdigit()


def test_on_another_server_the_epoch_grows() -> None:
    restored = FeedEpoch.objects.create(system_identifier="7123456789012345678.1")

    call_command("begin_epoch", verbosity=0)

    assert current_epoch() > restored.id
    assert not begin_epoch()


def test_the_same_server_on_another_timeline_is_another() -> None:
    begin_epoch()
    here = FeedEpoch.objects.get()
    before = current_epoch()
    here.system_identifier = here.system_identifier.split(".")[0] + ".999"
    here.save()

    assert begin_epoch()
    assert current_epoch() > before
