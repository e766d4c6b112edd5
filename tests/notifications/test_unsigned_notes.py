"""A note that waits a day for a signature: whoever can sign it is told, without a word of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from backend.lib import clock
from tests import make
from tests.careplans.plans import done
from tests.notes.writing import BODY, change, draft, enroll, read, sign
from tests.notifications.test_told import address, at_once, sent_to, set_member
from tests.portal.browsing import NAME, do_work

pytestmark = pytest.mark.django_db(transaction=True)
YOURS = "A note of yours waits for your signature."
STUDENTS = "A student's note waits for your co-signature."
SUBJECT = "A signature is waited for"


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name=NAME)["id"])


def test_whoever_wrote_it_reads_in_the_digest_that_it_waits_and_nothing_of_what_it_says(
    north: make.Clinic, client_id: str
) -> None:
    draft(north, client_id)

    assert do_work(hours=25) == []
    (digest,) = do_work(days=1)

    assert digest.to == [address(north.practitioner)]
    assert f"{YOURS}\nhttp" in digest.body
    assert "/notes#yours" in digest.body
    said = digest.subject + digest.body
    assert [words for words in (NAME, client_id, *_words_of_the_note()) if words in said] == []


def _words_of_the_note() -> list[str]:
    texts = [BODY[name] for name in ("subjective", "objective", "assessment", "plan")]
    return [*texts, *(ask["sentence"] for ask in BODY["asks"])]


def test_without_the_digest_it_is_one_mail_a_day_that_counts_them(north: make.Clinic, client_id: str) -> None:
    at_once(north.practitioner)
    for _ in range(3):
        draft(north, client_id)

    do_work(hours=25)
    do_work()

    assert sent_to(north.practitioner) == [SUBJECT]
    assert "3 notes of yours wait for your signature." in mail.outbox[-1].body


def test_it_leaves_no_mail_in_quiet_hours(north: make.Clinic, client_id: str) -> None:
    there = north.organization.time_zone
    set_member(north.practitioner, daily_digest=False, **_quiet_in(there, hours=23))
    draft(north, client_id)

    at_night = do_work(hours=25)
    in_the_morning = do_work(hours=6)

    assert at_night == []
    assert [m.to for m in in_the_morning] == [[address(north.practitioner)]]


def _quiet_in(zone: str, *, hours: int) -> dict[str, object]:
    """Six hours of quiet that begin so many hours from now."""
    begins = clock.now().astimezone(ZoneInfo(zone)) + timedelta(hours=hours)
    return {"quiet_from": begins.time(), "quiet_until": (begins + timedelta(hours=6)).time()}


@pytest.mark.parametrize("how", ["signed", "discarded", "touched"])
def test_what_was_done_about_it_meanwhile_is_not_asked_for(north: make.Clinic, client_id: str, how: str) -> None:
    at_once(north.practitioner)
    note = draft(north, client_id)
    do_work(hours=20)
    if how == "signed":
        sign(north.http, note["id"])
    elif how == "discarded":
        answer = north.http.send("DELETE", f"notes/{note['id']}", **{"If-Match": f'"{note["version"]}.x"'})
        assert answer.status_code == 204, answer.content
    else:
        assert change(north.http, note, plan="Rest.").status_code == 200

    assert do_work(hours=5) == []
    assert sent_to(north.practitioner) == []


def test_a_note_signed_while_its_mail_was_held_is_not_told_of(north: make.Clinic, client_id: str) -> None:
    set_member(north.practitioner, daily_digest=False, **_quiet_in(north.organization.time_zone, hours=23))
    note = draft(north, client_id)
    assert do_work(hours=25) == []

    sign(north.http, note["id"])

    assert do_work(hours=12) == []


def test_a_student_s_note_is_told_to_those_who_can_co_sign_it_and_to_nobody_else(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    student = enroll(north)
    other = make.person(north.organization, "practitioner", discipline="physical_therapy", name="Another Discipline")
    for person in (north.practitioner, north.coordinator, north.admin, student, other, south.practitioner):
        at_once(person)
    note = draft(north, client_id, by=student.http)
    sign(student.http, note["id"])

    do_work(hours=25)
    do_work()

    assert [m.to for m in mail.outbox] == [[address(north.practitioner)]]
    assert f"{STUDENTS}\n" in mail.outbox[0].body
    assert "/notes#waiting" in mail.outbox[0].body


def test_a_student_s_note_that_was_co_signed_is_not_asked_for(north: make.Clinic, client_id: str) -> None:
    at_once(north.practitioner)
    student = enroll(north)
    note = draft(north, client_id, by=student.http)
    sign(student.http, note["id"])
    do_work(hours=20)

    answer = north.http.send("POST", f"notes/{note['id']}/cosign", {})

    assert answer.status_code == 200, answer.content
    assert do_work(hours=12) == []


def test_a_private_note_is_mailed_about_to_nobody(north: make.Clinic, client_id: str) -> None:
    for person in (north.practitioner, north.admin):
        at_once(person)
    private = draft(north, client_id, visibility="author", asks=[])

    assert do_work(days=3) == []
    assert read(north.http, private["id"]).json()["state"] == "draft"


def test_what_somebody_who_left_did_not_sign_is_told_to_the_admins(north: make.Clinic, client_id: str) -> None:
    for person in (north.practitioner, north.admin, north.coordinator):
        at_once(person)
    draft(north, client_id)
    answer = north.admin.http.send("POST", f"practitioner-roles/{north.role_id}/end", {})
    assert answer.status_code == 200, answer.content
    mail.outbox.clear()

    do_work(hours=25)
    do_work()

    assert sent_to(north.admin) == [SUBJECT]
    assert "A note that somebody who left did not sign waits to be closed." in mail.outbox[-1].body
    assert sent_to(north.practitioner) == []


def test_the_admins_are_told_also_when_its_author_leaves_after_having_been_told(
    north: make.Clinic, client_id: str
) -> None:
    at_once(north.admin)
    draft(north, client_id)
    do_work(hours=30)
    assert sent_to(north.admin) == []

    done(north.admin.http.send("POST", f"practitioner-roles/{north.role_id}/end", {}), 200)
    do_work()

    assert sent_to(north.admin) == [SUBJECT]


def test_who_leaves_with_everything_signed_brings_the_admins_no_mail(north: make.Clinic, client_id: str) -> None:
    at_once(north.admin)
    sign(north.http, draft(north, client_id)["id"])

    done(north.admin.http.send("POST", f"practitioner-roles/{north.role_id}/end", {}), 200)
    do_work(days=2)

    assert SUBJECT not in sent_to(north.admin)
