"""The three worked client stories, replayed through HTTP by the code of the demo, come to closed loops."""

import json
import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from backend.audit import work
from backend.demo import people
from backend.demo.api import Service
from backend.demo.replay import STORIES, Replay
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = {
    "ST1-R1": ("closed", "acknowledged"),
    "ST1-R2": ("closed", "acknowledged"),
    "ST2-R1": ("closed", "acknowledged"),
    "ST2-R2": ("withdrawn", "withdrawn"),
    "ST2-R2b": ("closed", "acknowledged"),
    "ST2-R3": ("closed", "acknowledged"),
    "ST3-R1": ("closed", "acknowledged"),
    "ST3-R2": ("closed", "not_fulfilled"),
    "ST3-R3": ("closed", "acknowledged"),
}


@pytest.fixture
def worker() -> Iterator[None]:
    """A worker beside the test, as `make run` has one."""
    ended = threading.Event()

    def work_until_ended() -> None:
        while not ended.wait(0.1):
            work.run_due()
        connection.close()

    thread = threading.Thread(target=work_until_ended)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture
def replay(live_server: LiveServer, worker: None, settings: Settings) -> Replay:
    settings.EMAIL_BACKEND = "backend.notifications.sandbox.MailboxBackend"
    settings.BASE_URL = live_server.url
    with acting_as(WORKER):
        people.open_clinics()
        keys = people.keys()
    return Replay(Service(live_server.url), keys["people"], lambda line: None)


def test_every_story_ends_in_a_closed_loop(replay: Replay) -> None:
    replay.set_back()

    replay.run()

    seen = {key: replay.referral(key) for key in ENDS}
    assert {key: (found["state"], found["closed_how"]) for key, found in seen.items()} == ENDS
    assert {found["whose_move"] for found in seen.values()} == {None}
    counts = [replay.figures(discipline) for discipline in replay.people]
    assert all(found["ours"] and found["theirs"] for found in counts), "something waits on each side"
    assert replay.is_done
    stories = json.loads(STORIES.read_text())["stories"]
    told = sum(len(referral["steps"]) for story in stories for referral in story["referrals"])
    assert sum(len(found["history"]) for found in seen.values()) == told + 1, "the guest's answer is two steps"
