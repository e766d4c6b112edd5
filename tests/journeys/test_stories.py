"""The three worked client stories and one that goes on, replayed through HTTP by the code of the demo."""

import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from backend.audit import work
from backend.demo import people
from backend.demo.api import Refused, Service
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
    "ST4-R2": ("closed", "acknowledged"),
}
# State, versions, who agreed to the newest of them, and who reads the record today, by story. The first plan ended more
# than thirty days ago, so only the client's own clinic still reads it.
PLANS = {
    "nora": ("completed", 4, {"chiropractic", "physical_therapy", "massage_therapy"}, ["chiropractic"]),
    "hal": (
        "completed",
        2,
        {"chiropractic", "physical_therapy", "massage_therapy"},
        ["physical_therapy", "massage_therapy"],
    ),
    "mika": ("active", 2, {"physical_therapy"}, ["physical_therapy", "massage_therapy"]),
}

# Visits of each line that has a budget: one for every note of a visit that was signed while the line stood.
USED = {
    "nora": {"thrust": 3, "soft": 2, "flexors": 1},
    "hal": {"exercise": 3, "soft": 1, "low_force": 0},
    "mika": {"loading": 4, "recovery": 3, "sport": 0},
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
    return Replay(Service(live_server.url), keys, lambda line: None)


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
    told = sum(len(r["steps"]) for story in stories for r in story["referrals"] if r["key"] in ENDS)
    assert sum(len(found["history"]) for found in seen.values()) == told
    _check_plans(replay)
    _check_notes(replay, [story for story in stories if story["client"]["key"] in PLANS])
    _check_who_reads_what(replay)
    _check_what_waits(replay)
    _check_what_was_entered_in_error(replay)
    _check_what_became_of_who_left(replay)
    _check_how_plans_went(replay)
    _check_what_was_answered(replay)
    _check_how_notes_were_signed(replay)
    _check_what_is_asked(replay)
    _check_the_report_from_notes(replay)
    _check_what_was_read(replay)
    _check_the_export(replay)


def _check_plans(replay: Replay) -> None:
    disciplines = {person["organization_id"]: discipline for discipline, person in replay.people.items()}
    for key, (state, number, agreed, readers) in PLANS.items():
        path = f"care-plans/{replay.charts[key].plan_id}"
        seen = [replay.clinics.get(discipline, path) for discipline in readers]
        assert {(plan["state"], plan["published"]) for plan in seen} == {(state, number)}
        lines = [[(line["id"], line["state"], line["load"]) for line in plan["interventions"]] for plan in seen]
        assert lines.count(lines[0]) == len(lines), "each clinic reads the same lines"
        assert _visits_used(replay, readers[0], path) == USED[key]
        answers = replay.clinics.get(readers[0], f"{path}/agreements")["results"]
        latest = {row["organization"]["id"]: row["answer"] for row in reversed(answers) if row["number"] == number}
        assert {disciplines[pk] for pk, answer in latest.items() if answer == "agree"} == agreed


def _visits_used(replay: Replay, reader: str, path: str) -> dict[str, int]:
    """Of the budgets that lines have, by the line's name in the script."""
    chart = next(chart for chart in replay.charts.values() if path.endswith(chart.plan_id))
    names = {pk: name for name, pk in chart.line_ids.items()}
    lines = replay.clinics.get(reader, f"{path}/progress")["interventions"]
    return {names[line["id"]]: line["visits_done"] for line in lines if line["visit_budget"]}


def _check_notes(replay: Replay, stories: list[dict[str, Any]]) -> None:
    for story in stories:
        key = story["client"]["key"]
        signed = [entry for entry in story["record"] if entry[3] == "note"]
        for discipline in PLANS[key][3]:
            path = f"notes?client_id={replay.charts[key].client_id}&state=signed&limit=100"
            read = replay.clinics.get(discipline, path)["results"]
            assert len(read) == len(signed), "every clinic that shares the record reads every signed note"
        drafts = replay.clinics.get("massage_therapy", f"notes?client_id={replay.charts[key].client_id}&state=draft")
        assert len(drafts["results"]) == sum(entry[3] == "draft_note" for entry in story["record"])


def _check_who_reads_what(replay: Replay) -> None:
    """Notes of each visibility, label and fate, in the story that goes on."""
    chart = replay.charts["ruth"]
    names = {pk: name for name, pk in chart.note_ids.items()}
    read: dict[str, dict[str, Any]] = {}
    for discipline in ("physical_therapy", "massage_therapy", "chiropractic"):
        rows = replay.clinics.get(discipline, f"notes?client_id={chart.client_id}&limit=100")["results"]
        read[discipline] = {names[row["id"]]: row for row in rows}
    whose = {name: {who for who, rows in read.items() if name in rows} for name in names.values()}

    team = {"physical_therapy", "massage_therapy"}
    assert whose["sensitive"] == team, "whom the consent names"
    assert whose["private"] == {"massage_therapy"}, "its author"
    assert whose["mistaken"] == {"massage_therapy"}, "taken away from the others"
    assert whose["waiting"] == {"physical_therapy"}, "not signed for before somebody answers for the student"
    assert whose["soft_first"] == whose["learning"] == team
    assert len(read["chiropractic"]) == 2, "who left reads what it wrote"
    assert [set(read[who]["partly"]) >= {"subjective"} for who in ("physical_therapy", "massage_therapy")] == [
        True,
        False,
    ]
    amended = replay.clinics.get("physical_therapy", f"notes/{chart.note_ids['soft_first']}")
    assert len(amended["addenda"]) == 1
    first = replay.clinics.get("massage_therapy", f"notes/{chart.note_ids['first']}")
    assert [file["name"] for file in first["attachments"]] == ["ultrasound.pdf"]


def _check_what_waits(replay: Replay) -> None:
    """The story that goes on leaves something to do for each clinic that is on the plan."""
    plan_id = replay.charts["ruth"].plan_id
    waits = {
        (discipline, step)
        for discipline in ("physical_therapy", "massage_therapy")
        for step in ("answer", "proposal", "decision", "objection", "publication")
        for plan in replay.clinics.get(discipline, f"care-plans?waits_for={step}")["results"]
        if plan["id"] == plan_id
    }
    assert waits == {("physical_therapy", "decision"), ("physical_therapy", "proposal"), ("massage_therapy", "answer")}


def _check_what_was_entered_in_error(replay: Replay) -> None:
    """A line in the wrong client's plan is with who wrote it alone; one that was saved twice is struck through for all."""
    chart = replay.charts["ruth"]
    wrong, twice = (
        f"care-plans/{chart.plan_id}/interventions/{chart.line_ids[name]}" for name in ("calf", "soft_twice")
    )

    assert replay.clinics.get("massage_therapy", wrong)["entered_in_error"]["reason"] == "wrong_client"
    with pytest.raises(Refused, match="404"):
        replay.clinics.get("physical_therapy", wrong)
    reasons = [
        replay.clinics.get(who, twice)["entered_in_error"]["reason"] for who in ("massage_therapy", "physical_therapy")
    ]
    assert reasons == ["duplicate", "duplicate"]
    newest = replay.clinics.get("physical_therapy", f"care-plans/{chart.plan_id}/versions/3")
    in_force = {line["id"] for line in newest["body"]["interventions"]}
    assert not in_force & {chart.line_ids["calf"], chart.line_ids["soft_twice"]}


def _check_what_became_of_who_left(replay: Replay) -> None:
    """Of two lines one was taken over and one dropped; a goal is still to be decided on."""
    chart, lead = replay.charts["ruth"], replay.people["physical_therapy"]["organization_id"]
    plan = replay.clinics.get("physical_therapy", f"care-plans/{chart.plan_id}")
    lines = {line["id"]: line for line in plan["interventions"]}
    left = {name: lines[chart.line_ids[name]] for name in ("thoracic", "tape")}

    assert {line["ended_reason"] for line in left.values()} == {"left"}
    assert {name: line["decision"] for name, line in left.items()} == {"thoracic": "take_over", "tape": "drop"}
    taken = [line for line in lines.values() if line["continues_id"] == chart.line_ids["thoracic"]]
    assert [(line["organization"]["id"], line["state"]) for line in taken] == [(lead, "active")]
    assert [waiting["kind"] for waiting in plan["to_decide"]] == ["goals"]


def _check_how_plans_went(replay: Replay) -> None:
    """One plan changed its lead; another was put on hold and resumed."""
    hal, mika = (f"care-plans/{replay.charts[key].plan_id}" for key in ("hal", "mika"))
    clinics = [replay.people[discipline]["organization"] for discipline in ("physical_therapy", "massage_therapy")]

    leads = _values_of("lead", replay.clinics.get("physical_therapy", f"{hal}/changes?limit=100"))
    assert leads == [(None, clinics[0]), tuple(clinics)]
    assert replay.clinics.get("physical_therapy", hal)["lead"]["organization"]["display"] == clinics[1]
    states = _values_of("state", replay.clinics.get("physical_therapy", f"{mika}/changes?limit=100"))
    assert states == [(None, "draft"), ("draft", "active"), ("active", "on_hold"), ("on_hold", "active")]


def _values_of(field: str, changes: Any) -> list[tuple[Any, Any]]:
    """From what to what a field of the plan itself went, oldest first."""
    return [
        (one["from"], one["to"])
        for change in reversed(changes["results"])
        if change["what"]["type"] == "care_plan"
        for one in change["fields"]
        if one["name"] == field
    ]


def _check_what_was_answered(replay: Replay) -> None:
    """An objection, and the next version, to which who objected agreed; one proposal accepted, one declined."""
    massage = replay.people["massage_therapy"]["organization_id"]
    nora = f"care-plans/{replay.charts['nora'].plan_id}"
    answers = replay.clinics.get("chiropractic", f"{nora}/agreements")["results"]
    said = {row["number"]: row["answer"] for row in answers if row["organization"]["id"] == massage}
    assert (said[3], said[4]) == ("object", "agree")

    states = {
        name: {
            row["id"]: row["state"]
            for row in replay.clinics.get("physical_therapy", f"care-plans/{chart.plan_id}/proposals")["results"]
        }[pk]
        for chart in (replay.charts["hal"], replay.charts["ruth"])
        for name, pk in chart.proposal_ids.items()
    }
    assert (states["light"], states["shorter"]) == ("accepted", "declined")


def _check_how_notes_were_signed(replay: Replay) -> None:
    """One that began as a copy, of which a part was left as it was; one signed in the clinic's own software."""
    names = replay.charts["ruth"].note_ids
    copied = replay.clinics.get("physical_therapy", f"notes/{names['copied']}")
    assert copied["copied_from_id"] == names["soft_first"]
    assert copied["copied_parts"] == ["subjective", "objective", "assessment", "plan", "findings", "techniques"]
    assert copied["untouched"] == ["plan"], "the others were written anew or confirmed"

    elsewhere = replay.clinics.get("physical_therapy", f"notes/{names['elsewhere']}")
    assert (elsewhere["state"], elsewhere["signature"]["kind"]) == ("signed", "elsewhere")
    assert elsewhere["signature"]["practitioner"].startswith("Imre Kovacs")


def _check_what_is_asked(replay: Replay) -> None:
    client = f"clients/{replay.charts['ruth'].client_id}"
    asks = replay.clinics.get("physical_therapy", f"{client}/asks")["results"]
    assert "contact_me" in {ask["kind"] for ask in asks}
    places = replay.clinics.get("physical_therapy", f"{client}/body-map")["places"]
    assert "numbness" in {finding["kind"] for place in places for finding in place["findings"]}


def _check_the_report_from_notes(replay: Replay) -> None:
    """It quotes the notes it was drafted from; the sender names the version of the plan that came of it."""
    chart, closed = replay.charts["ruth"], replay.referral("ST4-R2")
    path = f"referrals/{closed['id']}/reports"
    (report,) = replay.clinics.get("physical_therapy", path)["results"]

    quoted = {quote["note_id"] for quote in report["quotes"]}
    assert chart.note_ids["elsewhere"] in quoted
    assert len(quoted) == 2
    assert report["plan_change"] == "updated"
    assert closed["plan_version"]["care_plan_id"] == chart.plan_id
    assert closed["plan_version"]["number"] == 3


def _check_what_was_read(replay: Replay) -> None:
    """Some of the brief was marked as read, and something is new."""
    lines = replay.clinics.get("physical_therapy", f"clients/{replay.charts['ruth'].client_id}/brief")["lines"]
    assert {line["is_read"] for line in lines} == {True, False}


def _check_the_export(replay: Replay) -> None:
    asked = replay.clinics.get("physical_therapy", f"exports?client_id={replay.charts['ruth'].client_id}")["results"]
    assert [export["state"] for export in asked] == ["done"]
    files = {file["format"]: (file, _bytes(replay, file["href"])) for file in asked[0]["files"]}
    assert all(hashlib.sha256(content).hexdigest() == file["sha256"] for file, content in files.values())
    assert "Ruth" in json.dumps(json.loads(files["json"][1]))
    assert files["pdf"][1].startswith(b"%PDF")


def _bytes(replay: Replay, href: str) -> bytes:
    token = replay.people["physical_therapy"]["token"]
    request = urllib.request.Request(f"{replay.service.base_url}{href}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())
