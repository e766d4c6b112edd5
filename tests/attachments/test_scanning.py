"""A file that a scanner has not seen, or has refused, reaches nobody but its uploader; without a scanner files say so."""

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from backend.attachments import checks, clamd
from backend.attachments.models import Attachment
from backend.attachments.services import store_attachment
from backend.audit.models import Event, Work
from backend.audit.work import run_due
from backend.lib.actor import WORKER, Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from backend.referrals.files import attach
from backend.referrals.models import Referral
from tests import make
from tests.attachments import scanner
from tests.attachments.files import PDF, TEXT, opened, uploaded
from tests.attachments.scanner import EICAR
from tests.attacks.sql import refused, rows
from tests.notes.test_visibility import WITHOUT_ASKS
from tests.notes.writing import change, draft, read, share, sign, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def scanning(settings: Any) -> Any:
    settings.ATTACHMENT_SCANNER = "tests.attachments.scanner.is_clean"
    scanner.shown.clear()
    scanner.in_a_transaction.clear()
    return settings


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, "" if answer.status_code == 200 else answer.json()["code"]


def state(clinic: make.Clinic, note: Any) -> list[str]:
    return [file["scan_state"] for file in read(clinic.http, note["id"]).json()["attachments"]]


def test_without_a_scanner_a_file_is_served_and_says_that_nobody_looked(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    file = uploaded(north)
    note = signed(north, client_id, attachment_ids=[file["id"]])

    assert (file["scan_state"], state(south, note)) == ("not_scanned", ["not_scanned"])
    assert code(opened(south.http, file)) == (200, "")
    assert not Work.objects.filter(kind="attachment.scan").exists()


@pytest.mark.django_db(transaction=True)
def test_until_the_scanner_has_looked_only_the_uploader_opens_a_file(
    scanning: Any, north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    file, letter = uploaded(north), uploaded(north)
    note = signed(north, client_id, attachment_ids=[file["id"]])
    make.referral(north, south, client_id=client_id, attachment_ids=[letter["id"]])
    assert (file["scan_state"], scanner.shown) == ("waiting", [])

    waiting = [[code(opened(clinic.http, each)) for each in (file, letter)] for clinic in (north, south)]
    run_due()

    assert waiting == [[(200, "")] * 2, [(409, "not_scanned_yet")] * 2]
    assert (scanner.shown, scanner.in_a_transaction) == ([PDF, PDF], [False, False])
    assert (state(south, note), state(north, note)) == (["clean"], ["clean"])
    assert [code(opened(south.http, each)) for each in (file, letter)] == [(200, "")] * 2
    assert read(south.http, note["id"]).json()["integrity"] == "intact"


def test_what_the_scanner_refuses_is_opened_for_nobody_and_its_uploader_is_told(
    scanning: Any, north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    file = uploaded(north, EICAR, "invoice.txt")
    note = draft(north, client_id, attachment_ids=[file["id"]])
    run_due()

    assert [code(opened(clinic.http, file)) for clinic in (north, south)] == [(409, "file_refused"), (404, "not_found")]
    refused_to_sign = north.http.send("POST", f"notes/{note['id']}/sign", {})
    assert code(refused_to_sign) == (409, "file_refused")
    assert "invoice.txt" in refused_to_sign.json()["detail"]
    for clinic, told in ((north, 1), (south, 0)):
        with acting_as(clinic.practitioner.actor):
            assert Event.objects.filter(type="attachment.refused", subject_id=file["id"]).count() == told
    taken_off = change(north.http, note, attachment_ids=[]).json()
    assert sign(north.http, taken_off["id"])["attachments"] == []


def test_a_refused_file_that_was_sent_already_is_never_served(
    scanning: Any, north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    make.consent(north, client_id, south)
    file = uploaded(north, EICAR, "invoice.txt")
    sent = make.referral(north, south, client_id=client_id, attachment_ids=[file["id"]])["id"]

    run_due()

    assert [code(opened(clinic.http, file)) for clinic in (north, south)] == [(409, "file_refused")] * 2
    page = make.signed_in(south.practitioner.member.user).get(f"/referrals/{sent}").content.decode()
    assert ("invoice.txt (refused by the virus scanner" in page, f"/files/{file['id']}" in page) == (True, False)


def test_a_referral_goes_on_without_what_was_refused_and_not_before_what_another_added_was_scanned(
    scanning: Any, north: make.Clinic, south: make.Clinic, east: make.Clinic, client_id: str
) -> None:
    for clinic in (south, east):
        make.consent(north, client_id, clinic)
    files = [uploaded(north)["id"], uploaded(north, EICAR)["id"]]
    sent = make.referral(north, south, client_id=client_id, attachment_ids=files)["id"]
    run_due()
    theirs = uploaded(south, TEXT)["id"]
    actor = south.practitioner.actor
    with acting_as(actor):
        attach([theirs], referral=Referral.objects.get(pk=sent), actor=actor)
    make.move(south, sent, "decline", reason="no_capacity")
    to = {"practitioner_role_id": east.role_id}

    too_early = make.try_move(north, sent, "redirect", to=to)
    run_due()
    went_on = make.move(north, sent, "redirect", to=to)["redirected_to_id"]

    assert code(too_early) == (409, "not_scanned_yet")
    listed = east.http.send("GET", f"referrals/{went_on}/attachments").json()["results"]
    assert sorted(file["size"] for file in listed) == sorted([len(PDF), len(TEXT)])


@pytest.mark.parametrize("trouble", ["is_away", "is_slow"])
def test_a_scanner_that_does_not_say_in_time_is_asked_again_and_the_file_waits(
    scanning: Any, north: make.Clinic, south: make.Clinic, client_id: str, trouble: str
) -> None:
    share(north, client_id, south)
    file = uploaded(north)
    signed(north, client_id, attachment_ids=[file["id"]])
    scanning.ATTACHMENT_SCANNER = f"tests.attachments.scanner.{trouble}"
    run_due()
    assert code(opened(south.http, file)) == (409, "not_scanned_yet")

    scanning.ATTACHMENT_SCANNER = "tests.attachments.scanner.is_clean"
    Work.objects.filter(kind="attachment.scan").update(lease_until=None)
    run_due()

    assert code(opened(south.http, file)) == (200, "")
    assert not Work.objects.filter(kind="attachment.scan").exists()


def test_files_that_the_clinics_own_system_does_not_see_are_scanned_too(
    scanning: Any, north: make.Clinic, client_id: str
) -> None:
    private = uploaded(north)
    note = signed(north, client_id, visibility="author", attachment_ids=[private["id"]], **WITHOUT_ASKS)
    guest = Actor(kind=ActorKind.GUEST, referral_id=uuid7(), link_id=uuid7(), display="Gil Guest")
    with acting_as(guest):
        of_guest = store_attachment(actor=guest, name="x.txt", content=EICAR)

    run_due()

    assert state(north, note) == ["clean"]
    with acting_as(guest):
        assert Attachment.objects.visible_to(guest).get(pk=of_guest.pk).scan_state == "refused"


def test_a_file_that_was_taken_off_needs_no_scan(scanning: Any, north: make.Clinic, client_id: str) -> None:
    note = draft(north, client_id, attachment_ids=[uploaded(north)["id"]])
    change(north.http, note, attachment_ids=[])

    run_due()

    assert (scanner.shown, Work.objects.filter(kind="attachment.scan").count()) == ([], 0)


def test_the_guards_door_to_the_bytes_opens_only_for_work_that_is_leased(scanning: Any, north: make.Clinic) -> None:
    file = uploaded(north)["id"]

    for actor in (WORKER, north.practitioner.actor, Actor(kind=ActorKind.ANONYMOUS)):
        assert refused(actor, "SELECT file_to_scan(%s)", file)
        assert refused(actor, "SELECT judge_file(%s, 'clean')", file)
        assert refused(actor, "UPDATE attachments_attachment SET scan_state = 'clean' WHERE id = %s", file)
    assert code(opened(north.http, file)) == (200, "")
    assert rows(north, "SELECT scan_state FROM attachments_attachment WHERE id = %s", file) == [("waiting",)]


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("", []),
        ("backend.attachments.clamd.is_clean", []),
        ("backend.attachments.clamd.CHUNK", ["trialogue.E003"]),
        ("backend.attachments.clamd.is_dirty", ["trialogue.E003"]),
        ("clean", ["trialogue.E003"]),
    ],
)
def test_a_scanner_that_is_not_there_is_an_error_at_the_start(settings: Any, named: str, found: list[str]) -> None:
    settings.ATTACHMENT_SCANNER = named

    assert [each.id for each in checks.the_scanner_can_be_called(None)] == found


# --- a clamd -------------------------------------------------------------------------------------------------------


class Clamd(threading.Thread):
    """Listens once, takes an INSTREAM and gives one answer."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(daemon=True)
        self.answer, self.received = answer, b""
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listening.getsockname()[1]}"

    def run(self) -> None:
        connection, _ = self.listening.accept()
        with connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while size := struct.unpack("!I", stream.read(4))[0]:
                self.received += stream.read(size)
            connection.sendall(self.answer)


@pytest.fixture
def answering(settings: Any) -> Iterator[Any]:
    started: list[Clamd] = []

    def start(answer: bytes) -> Clamd:
        server = Clamd(answer)
        started.append(server)
        settings.CLAMD_ADDRESS = server.address
        server.start()
        return server

    yield start
    for server in started:
        server.join(timeout=5)
        server.listening.close()


@pytest.mark.parametrize(
    ("answer", "verdict"), [(b"stream: OK\0", True), (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", False)]
)
def test_a_clamd_is_shown_the_bytes_and_believed(answering: Any, answer: bytes, verdict: bool) -> None:
    content = TEXT * 20_000
    server = answering(answer)

    assert clamd.is_clean(content) is verdict

    server.join(timeout=5)
    assert server.received == content


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK", b"nonsense\0"])
def test_a_clamd_that_cannot_say_has_not_said_clean(answering: Any, answer: bytes) -> None:
    answering(answer)

    if answer == b"stream: OK":
        assert clamd.is_clean(TEXT) is True
    else:
        with pytest.raises(clamd.NoAnswer):
            clamd.is_clean(TEXT)
