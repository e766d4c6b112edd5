"""Attacks on the rows of referrals, in SQL: what the second wall must hold when the first was forgotten."""

from typing import Any

import pytest

from backend.attachments.models import Attachment
from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import insert, refused, rows
from tests.referrals.stories import in_state

CONTENT = "SELECT referral_id FROM referrals_package WHERE referral_id = %s"


@pytest.fixture
def waiting(north: make.Clinic, south: make.Clinic) -> Any:
    """A referral that south may answer: it has read the package and accepted nothing."""
    return make.sent(north, south)


def referral_row(**columns: Any) -> tuple[str, list[Any]]:
    """A referral as somebody would forge it."""
    facts = {
        "id": uuid7(), "version": 1, "state": "draft", "kind": "co_manage", "priority": "routine", "transfer": False,
        "recipient_kind": "practitioner_role", "discipline": "physical_therapy", "pool_near": "", "regions": "[]",
        "technique_ids": [], "order_number": "", "order_by": "", "has_red_flag": False, "reminders": 0, "waitlist_count": 0,
        "no_show_count": 0, "return_count": 0, "closed_how": "", "content_gone_because": "", "state_entered_at": "now",
        "created_at": "now", "updated_at": "now",
    }  # fmt: skip
    return insert("referrals_referral", **{**facts, **columns})


def pool_referral(north: make.Clinic) -> Any:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    return make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"])


def client_of(waiting: Any) -> Any:
    return waiting["client"]["id"]


def withdraw(north: make.Clinic, client_id: str) -> None:
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    assert north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {}).status_code == 200


# --- the envelope ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "sender_organization_id = '{south}'",
        "client_id = NULL, kind = 'advice'",
        "client_id = '{other}'",
        "consent_id = NULL",
        "sent_at = now() - interval '1 year'",
        "content_gone_because = 'sent_in_error'",
        "kind = 'advice'",
        "discipline = 'chiropractic'",
        "transfer = NOT transfer",
        "recipient_organization_id = '{outsider}'",
        "recipient_organization_id = NULL",
        'sender_identifier = \'{{"system": "x", "value": "1"}}\'',
        "redirected_to_id = id",
    ],
)
def test_a_recipient_changes_nothing_of_what_it_was_sent(
    waiting: Any, south: make.Clinic, outsider: make.Clinic, change: str
) -> None:
    filled = change.format(south=south.id, outsider=outsider.id, other=make.client(south)["id"])
    assert refused(south, f"UPDATE referrals_referral SET {filled} WHERE id = %s", waiting["id"])


def test_the_sender_does_not_move_a_sent_referral_to_another_clinic_or_client(
    waiting: Any, north: make.Clinic, outsider: make.Clinic
) -> None:
    move = "UPDATE referrals_referral SET recipient_organization_id = %s WHERE id = %s"
    assert refused(north, move, outsider.id, waiting["id"])
    other = make.client(north)["id"]
    assert refused(north, "UPDATE referrals_referral SET client_id = %s WHERE id = %s", other, waiting["id"])


def test_accepting_by_hand_opens_nothing_when_the_consent_has_ended(
    waiting: Any, north: make.Clinic, south: make.Clinic
) -> None:
    assert rows(south, CONTENT, waiting["id"])
    withdraw(north, client_of(waiting))
    assert refused(south, "UPDATE referrals_referral SET accepted_at = now() WHERE id = %s", waiting["id"])
    assert not rows(south, CONTENT, waiting["id"])


def test_what_was_sent_in_error_is_not_brought_back_by_the_recipient(
    waiting: Any, north: make.Clinic, south: make.Clinic
) -> None:
    make.move(south, waiting["id"], "accept")
    make.move(north, waiting["id"], "withdraw", reason="sent_in_error")
    assert refused(south, "UPDATE referrals_referral SET content_gone_because = '' WHERE id = %s", waiting["id"])
    assert not rows(south, CONTENT, waiting["id"])


def test_a_pool_member_takes_no_referral_whose_consent_has_ended(north: make.Clinic, south: make.Clinic) -> None:
    sent = pool_referral(north)
    withdraw(north, sent["client"]["id"])
    take = "UPDATE referrals_referral SET recipient_organization_id = %s, accepted_at = now() WHERE id = %s"
    assert refused(south, take, south.id, sent["id"])
    make_sender = "UPDATE referrals_referral SET sender_organization_id = %s WHERE id = %s"
    assert refused(south, make_sender, south.id, sent["id"])
    assert not rows(south, CONTENT, sent["id"])


def test_the_guard_takes_a_referral_back_from_its_winner_only_and_only_in_time(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = pool_referral(north)
    make.move(south, sent["id"], "accept")
    give_back = "SELECT give_back(%s)"
    for clinic in (north, south, outsider):
        assert refused(clinic, give_back, sent["id"])  # nobody while it is accepted
    returned = "UPDATE referrals_referral SET state = 'sent', release_until = now() - interval '1 hour' WHERE id = %s"
    assert rows(south, returned, sent["id"])
    for clinic in (north, south, outsider):
        assert refused(clinic, give_back, sent["id"])
    assert rows(north, "SELECT recipient_organization_id::text FROM referrals_referral WHERE id = %s", sent["id"]) == [
        (south.id,)
    ]


def test_a_finished_referral_is_not_begun_again(waiting: Any, north: make.Clinic, south: make.Clinic) -> None:
    make.move(north, waiting["id"], "withdraw", reason="better")
    assert refused(south, "UPDATE referrals_referral SET state = 'accepted' WHERE id = %s", waiting["id"])


def test_nobody_deletes_a_referral_that_was_sent(waiting: Any, north: make.Clinic, south: make.Clinic) -> None:
    for clinic in (north, south):
        assert refused(clinic, "DELETE FROM referrals_referral WHERE id = %s", waiting["id"])
    assert refused(south, "DELETE FROM referrals_guest WHERE referral_id = %s", waiting["id"])


# --- forging a referral to open a client ----------------------------------------------------------------------------


def test_no_clinic_writes_a_referral_in_the_name_of_another(
    waiting: Any, north: make.Clinic, outsider: make.Clinic
) -> None:
    forged, values = referral_row(
        sender_organization_id=north.id, recipient_organization_id=outsider.id, client_id=client_of(waiting),
        sent_at="now", accepted_at="now",
    )  # fmt: skip
    assert refused(outsider, forged, *values)


def test_no_clinic_writes_a_referral_about_a_client_it_does_not_see(waiting: Any, outsider: make.Clinic) -> None:
    forged, values = referral_row(
        sender_organization_id=outsider.id, recipient_organization_id=outsider.id, client_id=client_of(waiting)
    )
    assert refused(outsider, forged, *values)


def test_a_package_lets_nobody_refer_on(waiting: Any, south: make.Clinic, outsider: make.Clinic) -> None:
    forged, values = referral_row(
        sender_organization_id=south.id, recipient_organization_id=outsider.id, client_id=client_of(waiting)
    )
    assert refused(south, forged, *values)


def test_a_referral_begins_as_a_draft(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    own = {"sender_organization_id": north.id, "recipient_organization_id": north.id, "client_id": client}
    for more in ({"state": "sent"}, {"sent_at": "now"}, {"accepted_at": "now"}):
        forged, values = referral_row(**own, **more)
        assert refused(north, forged, *values)


# --- the guard's functions -------------------------------------------------------------------------------------------


def test_the_guard_opens_nothing_for_a_clinic_that_is_no_party(waiting: Any, outsider: make.Clinic) -> None:
    for call in ("send_package", "share_record", "join_care_team"):
        rows_or_refused = refused(outsider, f"SELECT {call}(%s, %s)", uuid7(), waiting["id"])
        assert rows_or_refused or not rows(outsider, "SELECT 1 FROM clients_access")
    assert refused(outsider, "SELECT join_circle(%s)", waiting["id"])
    assert refused(outsider, "SELECT * FROM end_access_of_referral(%s, 'x')", waiting["id"])


def test_a_package_becomes_a_shared_record_only_by_accepting(waiting: Any, south: make.Clinic) -> None:
    assert refused(south, "SELECT share_record(%s, %s)", uuid7(), waiting["id"])
    assert refused(south, "SELECT join_circle(%s)", waiting["id"])
    rows(south, "SELECT join_care_team(%s, %s)", uuid7(), waiting["id"])
    assert not rows(
        south, "SELECT 1 FROM clients_access WHERE extent = 'shared_record' AND client_id = %s", client_of(waiting)
    )


def test_a_finished_referral_shares_no_record_again(waiting: Any, north: make.Clinic, south: make.Clinic) -> None:
    make.move(south, waiting["id"], "accept")
    make.move(north, waiting["id"], "withdraw", reason="better")
    assert refused(south, "SELECT share_record(%s, %s)", uuid7(), waiting["id"])
    assert south.http.send("GET", f"clients/{client_of(waiting)}").status_code == 404


def test_nobody_joins_a_care_team_before_the_report(waiting: Any, south: make.Clinic) -> None:
    make.move(south, waiting["id"], "accept")
    rows(south, "SELECT join_care_team(%s, %s)", uuid7(), waiting["id"])
    assert not rows(south, "SELECT 1 FROM clients_access WHERE why = 'care_team'")


def test_a_consent_of_another_client_opens_nothing(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    """A draft of one's own that points at somebody else's consent."""
    other = make.sent(north, south)
    (consent,) = rows(north, "SELECT consent_id FROM referrals_referral WHERE id = %s", other["id"])[0]
    mine = make.client(outsider)["id"]
    draft = make.referral(outsider, {"discipline": "chiropractic"}, client_id=mine, send=False)
    sent = "UPDATE referrals_referral SET state = 'sent', sent_at = now(), consent_id = %s WHERE id = %s"
    assert refused(outsider, sent, consent, draft["id"])
    assert refused(
        outsider,
        "UPDATE referrals_referral SET recipient_organization_id = sender_organization_id, accepted_at = now() WHERE id = %s",
        draft["id"],
    )
    assert refused(outsider, "SELECT join_circle(%s)", draft["id"])
    assert not rows(outsider, "SELECT 1 FROM clients_consent WHERE id = %s", consent)


# --- what hangs on a referral ---------------------------------------------------------------------------------------


def step_row(referral_id: str, organization_id: str | None) -> tuple[str, list[Any]]:
    return insert(
        "referrals_step", id=uuid7(), referral_id=referral_id, name="accept", from_state="sent", to_state="accepted",
        party="recipient", organization_id=organization_id, by="Somebody", manner="", reason="", recorded_at="now",
    )  # fmt: skip


NO_ERROR = {"in_error_by": "", "in_error_reason": "", "in_error_note": ""}


def message_row(referral_id: str, organization_id: str | None) -> tuple[str, list[Any]]:
    return insert(
        "referrals_message", id=uuid7(), referral_id=referral_id, organization_id=organization_id, party="sender",
        by="Somebody", kind="message", text="Forged.", created_at="now", reaches_recipient=True,
        **NO_ERROR,
    )  # fmt: skip


def report_row(referral_id: str, organization_id: str | None, kind: str) -> tuple[str, list[Any]]:
    return insert(
        "referrals_report", id=uuid7(), referral_id=referral_id, organization_id=organization_id, is_final=True, answer="Forged.",
        findings="", recommendations="", outcome="answered", not_completed_reason="", has_red_flag=False, new_precautions=[],
        signature_kind=kind, signed_by="Somebody", signed_license="", signed_at="now", received_at="now",
        document_sha256="", content_hash="", read_by="", plan_change="", **NO_ERROR,
    )  # fmt: skip


def test_a_message_that_comes_after_the_withdrawal_is_not_the_recipients(
    waiting: Any, north: make.Clinic, south: make.Clinic
) -> None:
    """Written past the service, and said to reach: the trigger knows better."""
    make.move(south, waiting["id"], "accept")
    north.http.send("POST", f"referrals/{waiting['id']}/messages", {"text": "Before."})
    withdraw(north, client_of(waiting))
    statement, values = message_row(waiting["id"], north.id)
    rows(north, statement, *values)

    texts = "SELECT text FROM referrals_message WHERE referral_id = %s ORDER BY text"

    assert [text for (text,) in rows(north, texts, waiting["id"])] == ["Before.", "Forged."]
    assert [text for (text,) in rows(south, texts, waiting["id"])] == ["Before."]


def test_a_guest_reads_no_message_that_comes_after_the_end(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    make.consent(north, client, guests=[{"email": "guest@example.org"}])
    to = {"guest": {"name": "Gail Guest", "discipline": "chiropractic", "email": "guest@example.org"}}
    sent = make.referral(north, to, client_id=client)
    make.move(north, sent["id"], "accept", recorded={"who": "Gail Guest", "how": "phone"})
    guest = Actor(kind=ActorKind.GUEST, referral_id=sent["id"], link_id=uuid7())
    withdraw(north, client)
    statement, values = message_row(sent["id"], north.id)
    rows(north, statement, *values)

    assert rows(guest, CONTENT, sent["id"])
    assert not rows(guest, "SELECT text FROM referrals_message WHERE referral_id = %s", sent["id"])


def test_nobody_writes_history_or_messages_in_the_name_of_the_other_side(
    waiting: Any, north: make.Clinic, south: make.Clinic
) -> None:
    for writer, other in ((north, south), (south, north)):
        for row in (step_row, message_row):
            for name in (other.id, None):
                statement, values = row(waiting["id"], name)
                assert refused(writer, statement, *values), (row, name)


def test_a_sender_writes_no_report_of_the_recipient(waiting: Any, north: make.Clinic, south: make.Clinic) -> None:
    make.move(south, waiting["id"], "accept")
    for organization_id, kind in (
        (south.id, "here"),
        (north.id, "here"),
        (None, "guest"),
        (None, "recorded_by_sender"),
    ):
        statement, values = report_row(waiting["id"], organization_id, kind)
        assert refused(north, statement, *values), kind


def test_a_pool_reads_no_history_and_no_visits(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    sent = pool_referral(north)
    assert not rows(outsider, "SELECT 1 FROM referrals_step WHERE referral_id = %s", sent["id"])
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "book", visit=make.visit_window())
    make.move(south, sent["id"], "cancel_visit", by="recipient")
    make.move(south, sent["id"], "release")
    assert rows(outsider, "SELECT 1 FROM referrals_referral WHERE id = %s", sent["id"])
    assert not rows(outsider, "SELECT 1 FROM referrals_referralvisit WHERE referral_id = %s", sent["id"])
    assert not rows(outsider, "SELECT 1 FROM visits_visit")


def test_a_visit_of_another_clinic_is_not_tied_to_ones_own_referral(
    waiting: Any, north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    visit = uuid7()
    made = insert(
        "visits_visit", id=visit, version=1, client_id=client_of(waiting), organization_id=south.id, state="booked",
        starts_at="2030-01-01T10:00Z", ends_at="2030-01-01T11:00Z", time_zone="UTC", cancelled_by="", created_at="now", updated_at="now",
        client_name="",
    )  # fmt: skip
    rows(south, made[0], *made[1])
    draft = make.referral(outsider, south, client_id=make.client(outsider)["id"], send=False)
    tie = insert("referrals_referralvisit", id=uuid7(), referral_id=draft["id"], visit_id=visit, is_current=True)
    assert refused(outsider, tie[0], *tie[1])
    assert not rows(outsider, "SELECT 1 FROM visits_visit WHERE id = %s", visit)


def test_a_file_is_not_hung_on_a_referral_of_others(waiting: Any, outsider: make.Clinic) -> None:
    content = b"%PDF-1.4 forged"
    made = outsider.http.generic("POST", "/api/v1/attachments?name=a.pdf", data=content, content_type="application/pdf")
    assert made.status_code == 201
    file, there = made.json()["id"], {"referral_id": waiting["id"], "created_at": "now", "reaches_recipient": True}
    hang, values = insert("referrals_referralfile", attachment_id=file, organization_id=outsider.id, **there)
    assert refused(outsider, hang, *values)
    assert refused(outsider, "UPDATE attachments_attachment SET hangs_on = 'referral' WHERE id = %s", file)


def test_a_file_is_hung_on_a_report_by_its_writer_on_its_own_referral_as_it_is_signed(
    north: make.Clinic, south: make.Clinic
) -> None:
    one, other = in_state("reported", north, south), in_state("reported", north, south)
    report, signed_at = rows(
        south, "SELECT id, received_at::text FROM referrals_report WHERE referral_id = %s", one["id"]
    )[0]

    def refused_at(who: make.Clinic, referral: Any, moment: str) -> bool:
        file = upload(who)
        hang, values = insert(
            "referrals_referralfile", attachment_id=file, organization_id=who.id, referral_id=referral["id"],
            report_id=report, created_at="now", reaches_recipient=True,
        )  # fmt: skip
        return refused(who, f"SELECT set_config('app.now', %s, true); {hang}", moment, *values)

    assert refused_at(south, other, signed_at)
    assert refused_at(north, one, signed_at)
    assert refused_at(south, one, "2031-01-01T00:00Z")
    assert not refused_at(south, one, signed_at)


def upload(who: make.Clinic) -> str:
    made = who.http.generic("POST", "/api/v1/attachments?name=a.txt", data=b"plain words", content_type="text/plain")
    return str(made.json()["id"])


def test_a_link_alone_is_nobody_files_are_of_who_has_proved_who_they_are(db: None) -> None:
    link = uuid7()
    guest = Actor(kind=ActorKind.GUEST, referral_id=uuid7(), link_id=link)
    nobody = Actor(kind=ActorKind.LINK, link_id=link)
    file = insert(
        "attachments_attachment", id=uuid7(), link_id=link, hangs_on="", name="a.txt", media_type="text/plain", size=1,
        sha256="x", content=b"x", scan_state="not_scanned", by="x", created_at="now",
    )  # fmt: skip

    assert refused(nobody, file[0], *file[1])
    assert not refused(guest, file[0], *file[1])

    assert [len(rows(actor, "SELECT FROM attachments_attachment")) for actor in (guest, nobody)] == [1, 0]
    for actor, sees in ((guest, True), (nobody, False)):
        with acting_as(actor):
            assert Attachment.objects.visible_to(actor).exists() is sees


def test_a_guest_does_not_change_who_was_asked(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    make.consent(north, client, guests=[{"email": "guest@example.org"}])
    to = {"guest": {"name": "Gail Guest", "discipline": "chiropractic", "email": "guest@example.org"}}
    sent = make.referral(north, to, client_id=client)
    guest = Actor(kind=ActorKind.GUEST, referral_id=sent["id"], link_id=uuid7())
    assert rows(guest, CONTENT, sent["id"])
    assert refused(guest, "UPDATE referrals_guest SET email = 'other@example.org' WHERE referral_id = %s", sent["id"])
    assert refused(guest, "DELETE FROM referrals_guest WHERE referral_id = %s", sent["id"])
    assert refused(guest, "UPDATE referrals_referral SET client_id = NULL, kind = 'advice' WHERE id = %s", sent["id"])
    withdraw(north, client)
    assert refused(guest, "UPDATE referrals_referral SET accepted_at = now() WHERE id = %s", sent["id"])
    assert not rows(guest, CONTENT, sent["id"])
