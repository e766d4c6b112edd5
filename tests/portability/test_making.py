"""Making goes in steps: real progress, bounded statements, and no half file whenever a worker dies."""

import json
import os
import signal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit import work
from backend.audit.models import AccessLog
from backend.directory.actors import actor_of_member
from backend.lib.unit_of_work import acting_as
from backend.portability import files, jobs, making
from backend.portability.contents import CONTENTS
from backend.portability.models import Export, Piece
from backend.portability.reading import reading_of
from backend.record.queries.feed import SUBJECTS
from tests import make
from tests.faults.crowds import wait_until
from tests.faults.test_worker import let_leases_run_out, start_worker
from tests.notes.writing import signed
from tests.portability.exporting import ask, made, taken
from tests.portability.stories import whole

pytestmark = pytest.mark.django_db(transaction=True)


def read(clinic: make.Clinic, export: Any) -> Export:
    with acting_as(clinic.practitioner.actor):
        return Export.objects.get(pk=export["id"])


def pieces(clinic: make.Clinic, kind: str = "") -> int:
    with acting_as(clinic.practitioner.actor):
        return Piece.objects.filter(**({"kind": kind} if kind else {})).count()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BATCH", 2)
    monkeypatch.setattr(making, "BATCHES_IN_A_STEP", 3)


def test_it_is_made_in_steps_whose_progress_is_seen(north: make.Clinic, south: make.Clinic, small_steps: None) -> None:
    story = whole(north, south)
    work.run_due()
    asked = ask(north, story.client_id)

    seen = []
    while work.run_one():
        seen.append(north.http.send("GET", f"exports/{asked['id']}").json())

    progress = [one["progress"] for one in seen]
    assert progress == sorted(progress)
    assert len(set(progress)) > 8
    assert {one["state"] for one in seen[:-1]} <= {"running", "done"}
    assert (seen[-1]["state"], progress[-1]) == ("done", 100)


def test_small_steps_and_big_ones_make_the_same_record(
    north: make.Clinic, south: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = whole(north, south)
    at_once = json.loads(taken(north, made(north, story.client_id)))

    monkeypatch.setattr(making, "BATCH", 2)
    in_steps = json.loads(taken(north, made(north, story.client_id)))

    come_and_go = ("looks", "events")
    for section in CONTENTS:
        if section.name not in come_and_go:
            assert at_once["sections"].get(section.name) == in_steps["sections"].get(section.name), section.name


def test_what_fails_at_the_end_leaves_no_file_and_is_made_when_tried_again(
    north: make.Clinic, south: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = whole(north, south)
    asked, real, failed = ask(north, story.client_id), files.write_zip, list[Any]()

    def fail_once(*args: Any) -> Any:
        if not failed:
            failed.append(args)
            raise RuntimeError("the light went out")
        return real(*args)

    monkeypatch.setattr(files, "write_zip", fail_once)
    work.run_due()
    assert (read(north, asked).state, pieces(north, "json"), pieces(north, "pdf")) == ("running", 0, 0)
    let_leases_run_out()
    work.run_due()

    export = north.http.send("GET", f"exports/{asked['id']}").json()
    assert export["state"] == "done"
    assert json.loads(taken(north, export))["client"]["id"] == story.client_id


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_worker_that_is_killed_in_between_leaves_nothing_twice_and_nothing_out(
    north: make.Clinic, south: make.Clinic, small_steps: None
) -> None:
    story = whole(north, south)
    work.run_due()
    asked = ask(north, story.client_id)

    for _ in range(4):
        before = read(north, asked).version
        worker = start_worker()
        wait_until(lambda before=before: read(north, asked).version != before)  # type: ignore[misc]  # mypy cannot infer the default's type
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        let_leases_run_out()
    work.run_due()

    document = json.loads(taken(north, asked))
    for name, rows in document["sections"].items():
        ids = [row.get("id", json.dumps(row)) for row in rows]
        assert len(ids) == len(set(ids)) or name == "looks", name
    index = {one["section"]: one["count"] for one in document["index"]}
    assert index["notes"] == len(document["sections"]["notes"]) == 4


def test_after_five_tries_the_requester_is_told_that_it_does_not_work(
    north: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(north, make.client(north)["id"])

    def never(*args: Any) -> None:
        raise RuntimeError("the light went out")

    monkeypatch.setattr(making, "read_on", never)
    for _ in range(jobs.MOST_TRIES + 1):
        work.run_due()
        let_leases_run_out()

    told = north.http.send("GET", f"exports/{asked['id']}").json()
    assert (told["state"], told["failed_because"]) == ("failed", "trouble")
    assert "could not be made" in told["detail"]


def test_a_lost_lease_makes_nothing_twice(north: make.Clinic) -> None:
    """Two workers do the same step: the second finds it done."""
    asked = ask(north, make.client(north)["id"])
    claim = work.claim_one()
    while claim is not None and claim.kind != making.MAKE:
        claim = work.claim_one()
    assert claim is not None

    for _ in range(2):
        jobs.make_export(claim)
    work.run_due()
    jobs.make_export(claim)

    document = json.loads(taken(north, asked))
    assert [row["id"] for row in document["sections"]["client"]] == [document["client"]["id"]]
    with acting_as(north.practitioner.actor):
        assert Piece.objects.filter(export_id=asked["id"], kind="json").count() == 1


def statements_of_a_batch(clinic: make.Clinic, client_id: str) -> dict[str, int]:
    """For each section, how many statements one batch of it takes."""
    actor = actor_of_member(clinic.practitioner.member.pk)
    assert actor is not None
    counts = {}
    with acting_as(actor):
        reading = reading_of(actor, client_id)
        for section in CONTENTS:
            with CaptureQueriesContext(connection) as queries:
                section.shown(reading, list(section.found(reading).order_by("pk")[: making.BATCH]))
            counts[section.name] = len(queries)
    return counts


def test_a_batch_takes_as_many_statements_for_thirty_rows_as_for_three(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)
    few = statements_of_a_batch(north, story.client_id)

    for _ in range(20):
        signed(south, story.client_id)
        north.http.send("POST", f"clients/{story.client_id}/precautions", {"code": "osteop", "regions": []})
        north.http.send("POST", f"referrals/{story.referral_id}/messages", {"text": "A word."})
        north.http.send("POST", "visits", {"client_id": story.client_id, **make.visit_window(9)})
        line = story.plan.line(north)["id"]
        proposal = {"kind": "end", "about": "intervention", "row_id": line, "why": "Done."}
        story.plan.post(south, "/proposals", proposal)
        story.plan.publish(north)
    many = statements_of_a_batch(north, story.client_id)

    assert many.pop("events") <= 1 + len(SUBJECTS)  # one for each kind of subject that they tell of
    assert {name: (few[name], many[name]) for name in many if many[name] > few[name]} == {}
    assert max(many.values()) <= 4


def test_more_of_a_kind_than_a_page_shows_is_exported_whole(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    note = signed(north, client_id)
    for number in range(103):
        said = {"reason": "other", "text": f"A word, {number}."}
        assert north.http.send("POST", f"notes/{note['id']}/addenda", said).status_code == 201

    document = json.loads(taken(north, made(north, client_id)))

    (row,) = document["sections"]["notes"]
    assert len(row["addenda"]) == 103


def test_looks_are_written_once_per_row_whatever_is_tried_again(north: make.Clinic, south: make.Clinic) -> None:
    story = whole(north, south)
    made(south, story.client_id)

    with acting_as(north.practitioner.actor):
        looks = AccessLog.objects.filter(action="exported", subject_type="note")
        assert looks.count() == len(set(looks.values_list("subject_id", flat=True))) == 1
