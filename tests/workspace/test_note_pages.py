"""The pages of notes: one note and its acts, the list of what waits, and who reads what."""

from uuid import UUID

from backend.lib import clock
from tests import make
from tests.notes.writing import BODY, change, draft, enroll, ids_listed, read, share, sign, signed
from tests.workspace.browsing import Browser
from tests.workspace.note_writer import writer

# --- one note, and what can be done with it -------------------------------------------------------------------------


def test_a_signed_note_shows_its_text_rows_signature_and_hash(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id, subjective="**Worse** at night\n- left\n- right <b>")

    page = Browser(north.practitioner).open(f"/notes/{note['id']}")

    assert "<strong>Worse</strong> at night" in page.page
    assert "<li>left</li>" in page.page
    assert "trigger point in Suboccipitals, refers to eye" in page.page
    assert "Signed here: the signer was signed in to Trialogue as themselves." in page.page
    assert note["content_hash"][:12] in page.page
    assert f"/notes/{note['id']}/note.pdf" in page.page


def test_a_note_is_amended_with_a_reason_and_the_words_of_a_refusal_stay(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    page = Browser(north.practitioner).open(f"/notes/{note['id']}")
    action = f"/notes/{note['id']}/move"

    page.press(action, move="amend", text="Left, not right.")
    assert (page.status, "Left, not right.</textarea>" in page.page) == (400, True)
    page.press(action, move="amend", reason="correction", section="objective", text="Left, not right.")

    (added,) = read(north.http, note["id"]).json()["addenda"]
    assert (added["reason"], added["section"], added["text"]) == ("correction", "objective", "Left, not right.")
    assert "Correction</strong> to objective" in page.page


def test_a_note_entered_in_error_is_struck_through_with_its_reason(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    page = Browser(north.practitioner).open(f"/notes/{note['id']}")
    page.press(f"/notes/{note['id']}/move", move="amend", reason="correction", text="Left, not right.")
    added = '<div class="written"><p>Left, not right.</p></div>'
    assert (added in page.page, f"<s>{added}</s>" in page.page) == (True, False)

    page.press(f"/notes/{note['id']}/move", move="enter_in_error", reason="wrong_entry", note="The day before.")

    assert "<strong>Wrong entry</strong>: The day before." in page.page
    assert f"<s>{added}</s>" in page.page
    assert page.page.count('<div class="written">') == page.page.count('<s><div class="written">') == 5
    assert read(north.http, note["id"]).json()["state"] == "entered_in_error"


def test_a_students_note_waits_in_the_list_and_a_colleague_co_signs_it(north: make.Clinic, client_id: str) -> None:
    student = enroll(north)
    note = draft(north, client_id, by=student.http)
    sign(student.http, note["id"])
    page = Browser(north.practitioner).open("/notes")
    assert f"/notes/{note['id']}" in page.page
    assert "Waiting for a co-signature" in page.page
    assert "Yours, waiting for a colleague to co-sign" in Browser(student).open("/notes").page

    page.open(f"/notes/{note['id']}").press(f"/notes/{note['id']}/move", move="cosign")

    assert read(north.http, note["id"]).json()["state"] == "signed"
    assert "Co-signed" in page.page
    assert f"/notes/{note['id']}" not in page.open("/notes").page


def test_who_may_not_co_sign_now_is_shown_none_to_co_sign(north: make.Clinic, client_id: str) -> None:
    student, another = enroll(north), enroll(north)
    note = draft(north, client_id, by=student.http)
    sign(student.http, note["id"])

    page = Browser(another).open("/notes")

    assert (f"/notes/{note['id']}" in page.page, "co-sign" in page.page) == (False, False)


def test_what_is_asked_is_ended(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    page = Browser(north.practitioner).open(f"/notes/{note['id']}")
    action = f"/notes/{note['id']}/asks/{note['asks'][0]['id']}/end"

    page.press(action, reason="Settled.")

    assert read(north.http, note["id"]).json()["asks"][0]["ended_at"] is not None
    assert action not in page.page


def test_a_draft_is_thrown_away(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    page = Browser(north.practitioner).open(f"/notes/{begun['id']}/edit?sure=1")

    page.press(f"/notes/{begun['id']}/discard")

    assert (page.path, ids_listed(north.http)) == ("/notes", [])


def test_a_draft_that_was_written_in_since_is_not_thrown_away_but_shown_again(
    north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = Browser(north.practitioner).open(f"/notes/{begun['id']}/edit?sure=1")
    change(north.http, begun, subjective="Written meanwhile.")

    page.press(f"/notes/{begun['id']}/discard")

    assert page.status == 412
    assert "This draft was written in since its page was opened, so it was not thrown away." in page.page
    assert "Written meanwhile.</textarea>" in page.page
    assert ids_listed(north.http) == [begun["id"]]
    page.press(f"/notes/{begun['id']}/discard")
    assert (page.path, ids_listed(north.http)) == ("/notes", [])


def test_what_somebody_who_left_did_not_sign_is_closed_by_an_admin_alone(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    admin = Browser(north.admin).open(f"/notes/{begun['id']}")
    action = f"/notes/{begun['id']}/move"
    admin.press(action, move="close_unsigned")
    assert (admin.status, "still works here" in admin.page) == (409, True)
    role = north.practitioner.role
    assert role is not None
    type(role).objects.filter(pk=role.pk).update(ended_at=clock.now())

    admin.open(f"/notes/{begun['id']}").press(action, move="close_unsigned")

    assert "Closed unsigned" in admin.page
    assert BODY["subjective"] not in admin.page


# --- who reads what -------------------------------------------------------------------------------------------------


def test_the_list_of_unsigned_notes_says_to_each_what_is_theirs(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    begun = draft(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")

    pages = {
        name: Browser(who).open("/notes").page
        for name, who in {
            "author": north.practitioner, "colleague": colleague, "coordinator": north.coordinator,
            "admin": north.admin, "another clinic": south.practitioner,
        }.items()
    }  # fmt: skip

    assert [name for name, page in pages.items() if begun["id"] in page] == [
        "author", "colleague", "coordinator", "admin",
    ]  # fmt: skip
    assert [name for name, page in pages.items() if "Nora Feld" in page] == ["author", "colleague", "coordinator"]
    assert [name for name, page in pages.items() if BODY["subjective"] in page] == []
    assert '<span class="count">1' in pages["author"]
    assert '<span class="count">' not in pages["colleague"]


def test_each_reader_of_a_signed_note_sees_what_is_theirs(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id, shared_sections=["assessment", "plan"])
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    auditor = make.person(north.organization, "auditor", name="Audi Tor")
    readers = {
        "author": north.practitioner, "colleague": colleague, "auditor": auditor, "coordinator": north.coordinator,
        "admin": north.admin, "another clinic": south.practitioner, "outsider": outsider.practitioner,
    }  # fmt: skip

    pages = {name: Browser(who).open(f"/notes/{note['id']}") for name, who in readers.items()}

    def who_read(words: str) -> list[str]:
        return [name for name, page in pages.items() if words in page.page]

    assert who_read(BODY["subjective"]) == ["author", "colleague", "auditor"]
    assert who_read("Suboccipitals") == ["author", "colleague", "auditor"]
    assert who_read(BODY["plan"]) == ["author", "colleague", "auditor", "another clinic"]
    assert who_read('id="move-amend"') == ["author", "colleague"]
    assert who_read('id="move-enter_in_error"') == ["author", "admin"]
    assert {name for name, page in pages.items() if page.status == 404} == {"outsider"}


def test_whom_the_client_excluded_finds_no_note(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    left_out = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Left Out")
    assert left_out.role is not None
    share(north, client_id, south, excluded_practitioner_ids=[str(left_out.role.practitioner_id)])
    note = signed(north, client_id)

    pages = [Browser(who).open(f"/notes/{note['id']}").status for who in (left_out, south.practitioner)]

    assert pages == [404, 200]


def test_a_draft_is_changed_by_nobody_but_its_author(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    share(north, client_id, south)
    begun = draft(north, client_id)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")

    people = (colleague, north.coordinator, north.admin, south.practitioner)
    tried = [Browser(who).open(f"/notes/{begun['id']}/edit").status for who in people]

    assert tried == [403, 403, 403, 404]


def test_a_draft_can_be_finished_after_the_client_withdrew_by_the_name_as_it_stood(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    consent = share(north, client_id, south)
    begun = draft(south, client_id)
    withdrawn = north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})
    assert withdrawn.status_code == 200
    page = writer(south)

    page.open(f"/notes/{begun['id']}/edit")
    assert "Nora Feld" in page.page
    page.write(press="sign", plan="Handed back.")

    assert (page.status, read(south.http, begun["id"]).json()["plan"]) == (200, "Handed back.")


def test_what_was_signed_is_not_edited(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)

    page = Browser(north.practitioner).open(f"/notes/{note['id']}/edit")

    assert (page.status, "amend it" in page.page) == (409, True)


def test_a_note_of_another_author_or_client_is_not_carried_forward(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    of_other_clinic = signed(south, client_id)
    of_other_client = signed(north, make.client(north)["id"])
    page = writer(north).begin(client_id)

    answers = [page.http.post("/notes/new", {**page.fields(), "copy_from": pk, "press": "draft"})
               for pk in (of_other_clinic["id"], of_other_client["id"], "nonsense")]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert ids_listed(north.http, f"?client_id={client_id}&mine=true") == []


def test_the_clients_page_and_a_referral_in_care_lead_to_a_new_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    make.consent(north, client_id, south)
    referral = make.referral(north, south, client_id=client_id)
    make.move(south, referral["id"], "accept")
    make.move(south, referral["id"], "start")
    link = f'href="/notes/new?client={client_id}"'

    pages = [
        Browser(who).open(path).page
        for who, path in (
            (north.practitioner, f"/clients/{client_id}"),
            (south.practitioner, f"/referrals/{referral['id']}"),
            (north.coordinator, f"/clients/{client_id}"),
            (south.coordinator, f"/referrals/{referral['id']}"),
        )
    ]

    assert [link in page for page in pages] == [True, True, False, False]


def test_a_note_is_printed_from_its_page(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)

    answer = Browser(north.practitioner).http.get(f"/notes/{note['id']}/note.pdf")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert UUID(note["id"]).hex[-8:] in answer["Content-Disposition"]


def test_home_says_how_many_notes_wait_and_leads_to_them(north: make.Clinic, client_id: str) -> None:
    draft(north, client_id)
    student = enroll(north)
    sign(student.http, draft(north, client_id, by=student.http, asks=[])["id"])
    draft(north, client_id, visibility="author", asks=[])

    page = Browser(north.practitioner).open("/").page
    desk = Browser(north.coordinator).open("/").page

    assert '<a href="/notes#yours">2 notes wait for your signature</a>' in page
    assert '<a href="/notes#waiting">1 note of a student waits for your co-signature</a>' in page
    assert "/notes#" not in desk


def test_home_says_nothing_of_notes_when_everything_is_signed(north: make.Clinic, client_id: str) -> None:
    signed(north, client_id)

    assert "/notes#" not in Browser(north.practitioner).open("/").page
