"""What changes between making an export and taking it away: what is not the reader's to read does not go out."""

from contextlib import closing
from typing import Any

import psycopg2
import pytest

from backend.audit.work import run_due
from backend.lib import typesetting
from backend.lib.unit_of_work import acting_as
from backend.portability import jobs
from backend.portability.models import Piece
from tests import make
from tests.careplans.plans import consent_of, shared, withdraw
from tests.notes.writing import signed
from tests.portability.exporting import ask, exported, made, taken
from tests.portability.stories import Story, whole

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story(north: make.Clinic, south: make.Clinic) -> Story:
    return whole(north, south)


def refused(who: Any, export: Any) -> str:
    """The code of the refusal, the same for each format, and nothing of it is left."""
    http = who if isinstance(who, make.Api) else who.http
    answers = [http.send("GET", f"exports/{export['id']}/{kind}") for kind in ("json", "pdf", "zip")]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    read = http.send("GET", f"exports/{export['id']}").json()
    assert (read["state"], read["failed_because"], read["files"]) == ("failed", "outdated", [])
    return str(answers[0].json()["code"])


def test_a_consent_withdrawn_between_making_and_taking_stops_the_export(
    story: Story, north: make.Clinic, south: make.Clinic
) -> None:
    export = made(south, story.client_id)

    story.withdraw(north)

    assert refused(south, export) == "export_outdated"
    with acting_as(south.practitioner.actor):
        assert Piece.objects.count() == 0
    assert "Zqgoal" not in str(exported(south, story.client_id))


def test_a_consent_withdrawn_while_it_is_made_stops_it_too(
    story: Story, north: make.Clinic, south: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(south, story.client_id)
    real = typesetting.pdf_of

    def withdrawn_meanwhile(*args: Any, **more: Any) -> bytes:
        story.withdraw(north)
        return real(*args, **more)

    monkeypatch.setattr(jobs, "pdf_of", withdrawn_meanwhile)
    run_due()

    assert refused(south, asked) == "export_failed"


def test_a_note_about_another_client_does_not_go_out(north: make.Clinic, south: make.Clinic, story: Story) -> None:
    note = signed(north, story.client_id, subjective="Zqmistaken", asks=[])
    export = made(south, story.client_id)

    answer = north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})

    assert answer.status_code == 200
    assert refused(south, export) == "export_outdated"


def test_a_quote_of_a_note_about_another_client_does_not_go_out_either(north: make.Clinic, south: make.Clinic) -> None:
    client_id = str(make.client(north)["id"])
    consent = make.consent(north, client_id, south)
    referral = make.referral(north, south, client_id=client_id)
    make.move(south, referral["id"], "accept")
    make.move(south, referral["id"], "start")
    note = signed(south, client_id, asks=[])
    report = {**make.REPORT, "quoted_note_ids": [note["id"]]}
    make.move(south, referral["id"], "report", final=True, report=report)
    withdraw(north, client_id, consent["id"])
    export = made(north, client_id)  # with the report; the note itself is closed to its reader

    answer = south.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})

    assert answer.status_code == 200
    assert refused(north, export) == "export_outdated"
    assert note["content_hash"] not in str(exported(north, client_id))


def test_a_person_left_out_meanwhile_takes_nothing_away(story: Story, south: make.Clinic, owner_url: str) -> None:
    export = made(south, story.client_id)
    role = south.practitioner.role
    assert role is not None

    leave_out(owner_url, story.consent_id, str(role.practitioner_id))

    assert refused(south, export) == "export_outdated"


def leave_out(owner_url: str, consent_id: str, practitioner_id: str) -> None:
    """By the database's owner: no service changes a circle."""
    with closing(psycopg2.connect(owner_url)) as owner, owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE clients_consent DISABLE TRIGGER clients_consent_circle")
        cursor.execute(
            "UPDATE clients_consent SET excluded_practitioner_ids = ARRAY[%s::uuid] WHERE id = %s",
            [practitioner_id, consent_id],
        )


def test_what_is_new_or_signed_meanwhile_is_no_reason_to_refuse(
    story: Story, north: make.Clinic, south: make.Clinic
) -> None:
    export = made(south, story.client_id)

    signed(south, story.client_id, subjective="Zqlater", asks=[])
    north.http.send("POST", f"clients/{story.client_id}/precautions", {"code": "osteop", "regions": []})

    assert b"Zqlater" not in taken(south, export)


def test_a_token_that_reads_less_takes_nothing_away(story: Story, north: make.Clinic) -> None:
    export = made(north, story.client_id)
    narrow = make.Api(make.token(member=north.practitioner.member, scopes="clients:read"))

    answer = narrow.send("GET", f"exports/{export['id']}/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "export_outdated")


def test_the_home_clinic_keeps_its_export_when_the_circle_ends(story: Story, north: make.Clinic) -> None:
    """Its own, and what it accepted; what others wrote is closed to it."""
    export = made(north, story.client_id, "own")

    story.withdraw(north)

    assert b"Zqsubjective" in taken(north, export)


def test_the_lines_of_others_in_ones_own_plan_do_not_go_out_either(north: make.Clinic, south: make.Clinic) -> None:
    """The home clinic works on alone: its plan stays open to it, and what others wrote in it does not."""
    plan = shared(north, south)
    plan.line(south, focus="Zqsouthern", technique_ids=[])
    export = made(north, plan.client_id)
    assert b"Zqsouthern" in taken(north, export)

    withdraw(north, plan.client_id, consent_of(plan, north))

    assert refused(north, export) == "export_outdated"
    assert "Zqsouthern" not in str(exported(north, plan.client_id))


def test_the_name_goes_with_a_referral_that_was_sent_in_error(north: make.Clinic, south: make.Clinic) -> None:
    client_id = make.client(north, family_name="Zqfamily")["id"]
    make.consent(north, client_id, south)
    referral = make.referral(north, south, client_id=client_id)["id"]
    make.move(south, referral, "accept")
    make.move(south, referral, "book", visit=make.visit_window(3))
    export = made(south, client_id, "own")
    assert b"Zqfamily" in taken(south, export)

    make.move(north, referral, "withdraw", reason="sent_in_error")

    assert refused(south, export) == "export_outdated"
    assert "Zqfamily" not in str(exported(south, client_id, "own"))
