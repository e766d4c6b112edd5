"""Notes by forms alone: written, kept, signed, amended, taken back; and who reads what."""

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.lib import clock
from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.attachments.files import PDF, PNG
from tests.notes.writing import BODY, draft, enroll, ids_listed, read, share, sign, signed
from tests.workspace.browsing import Browser

Typed = dict[str, list[str]]


class Fields(HTMLParser):
    """What a browser would send of the editor: hidden, typed, ticked and chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: Typed = {}
        self.is_inside = False
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.is_inside = given.get("class") == "note-editor"
        if not self.is_inside:
            return
        name = given.get("name", "")
        if tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self._add(name, given.get("value", ""))
        elif tag == "textarea":
            self.area = name
            self.typed[name] = [""]
        elif tag == "select":
            self.select = name
        elif tag == "option" and (self.select not in self.typed or "selected" in given):
            self.typed[self.select] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "form":
            self.is_inside = False

    def handle_data(self, data: str) -> None:
        if self.area:
            self.typed[self.area] = [(self.typed[self.area][0] + data).removeprefix("\n")]

    def _add(self, name: str, value: str) -> None:
        self.typed.setdefault(name, []).append(value)


class Writer(Browser):
    """A person who writes notes without script."""

    def begin(self, client_id: str, query: str = "") -> "Writer":
        self.open(f"/notes/new?client={client_id}&sure=1{query}")
        return self

    def fields(self) -> Typed:
        parser = Fields()
        parser.feed(self.page)
        assert parser.typed, self.page
        return parser.typed

    def write(self, press: str = "draft", **typed: Any) -> "Writer":
        """Presses a button of the editor with everything that stands in it, changed as typed."""
        fields = {**self.fields(), **typed}
        at = self.path
        answer: Any = self.http.post(at, {**fields, "press": press}, follow=True)
        self._read(answer)
        return self


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Feld", given_name="Nora", birth_date="1984-06-12")["id"])


def writer(who: make.Clinic) -> Writer:
    return Writer(who.practitioner)


def only_note(clinic: make.Clinic) -> Any:
    (pk,) = ids_listed(clinic.http)
    return read(clinic.http, pk).json()


def only_draft(clinic: make.Clinic) -> Any:
    (draft,) = clinic.http.send("GET", "notes?state=draft").json()["results"]
    return draft


def visit(clinic: make.Clinic, client_id: str, *, starts_in: int = 0, name: str = "Nora Feld") -> str:
    role = clinic.practitioner.role
    assert role is not None
    starts_at = clock.now() + timedelta(minutes=starts_in)
    with acting_as(clinic.practitioner.actor):
        made = Visit.objects.create(
            client_id=client_id, client_name=name, organization_id=clinic.id, practitioner_role=role,
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=50), time_zone="America/Denver",
        )  # fmt: skip
    return str(made.pk)


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_note_is_written_and_signed_without_script(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)

    page.write(
        press="sign",
        pain="4",
        subjective="Headache, better in the mornings.",
        **{
            "pressed-subjective": "Better since last time.",
            "pressed-assessment": "Improving.",
            "add-findings-place": "cervical:right",
            "add-findings-kind": "trigger_point",
            "add-findings-muscle": "subocc",
            "add-findings-refers_to": ["eye"],
            "add-techniques-technique": "tpt",
            "add-techniques-place": "cervical:right",
            "add-techniques-minutes": "15",
            "add-measures-measure": "rom",
            "add-measures-value": "55",
            "add-measures-remark": "rotation left",
            "add-asks-kind": "avoid",
            "add-asks-place": "cervical:right",
            "add-asks-technique": "hvla",
        },
    )

    note = only_note(north)
    assert (page.status, page.path, note["state"]) == (200, f"/notes/{note['id']}", "signed")
    assert note["kind"] == "initial_evaluation"
    assert note["subjective"] == "Better since last time.\nHeadache, better in the mornings."
    assert note["assessment"] == "Improving."
    assert [(row["measure"], row["value"]) for row in note["measures"]] == [("nprs", 4), ("rom", 55)]
    (finding,) = note["findings"]
    assert (finding["kind"], finding["muscle"], finding["refers_to"]) == ("trigger_point", "subocc", ["eye"])
    assert [(row["technique"], row["minutes"]) for row in note["techniques"]] == [("tpt", 15)]
    (ask,) = note["asks"]
    assert (ask["kind"], ask["technique"]) == ("avoid", "hvla")
    assert ask["sentence"] == "Avoid High-velocity thrust (HVLA): Neck, right." or "Neck, right." in ask["sentence"]
    assert "Signed. From now on it is only amended." in page.page


def test_files_go_along_with_a_press_and_come_off_with_one(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    page.write(
        subjective="Posture looked at.",
        files=[SimpleUploadedFile("posture.pdf", PDF), SimpleUploadedFile("scan.png", PNG)],
    )
    posture, scan = only_note(north)["attachments"]

    page.write(attachments=[posture["id"]])

    assert [file["name"] for file in (posture, scan)] == ["posture.pdf", "scan.png"]
    assert only_note(north)["attachments"] == [posture]
    assert "scan.png" not in page.page


def test_a_file_of_no_kind_that_is_kept_is_refused_and_nothing_typed_is_lost(
    north: make.Clinic, client_id: str
) -> None:
    page = writer(north).begin(client_id)

    page.write(subjective="Kept words.", files=SimpleUploadedFile("page.html", b"<script>"))

    assert page.status == 415
    assert "Send a PDF, a PNG or JPEG picture, or plain text." in page.page
    assert "Kept words." in page.page
    assert ids_listed(north.http) == []


def test_the_other_clinic_opens_the_files_of_a_signed_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    writer(north).begin(client_id).write(press="sign", subjective="S.", files=SimpleUploadedFile("posture.pdf", PDF))
    note = only_note(north)
    address = f"/notes/{note['id']}/files/{note['attachments'][0]['id']}"

    page = Browser(south.practitioner).open(f"/notes/{note['id']}")
    opened = page.http.get(address)
    desk = Browser(south.coordinator).open(address)

    assert f'<a href="{address}">posture.pdf</a>' in page.page
    assert (opened.content, opened["Content-Disposition"]) == (PDF, 'attachment; filename="posture.pdf"')
    assert desk.status == 404


def test_a_note_says_what_changed_in_it_and_by_whom(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    page.write(subjective="First words.")
    page.write(press="sign", subjective="Second words.")

    assert "What changed" in page.page
    assert "Section “subjective” changed: text" in page.page
    assert page.page.count("North Massage Practitioner, North Massage") == 4


def test_looking_at_a_new_note_writes_nothing(north: make.Clinic, client_id: str) -> None:
    writer(north).begin(client_id)

    assert ids_listed(north.http) == []


def test_as_last_time_is_there_at_once_and_stays_marked_until_it_is_touched(north: make.Clinic, client_id: str) -> None:
    last = signed(north, client_id)
    page = writer(north).begin(client_id)
    assert page.page.count("Still so") >= 5
    assert BODY["objective"] in page.page

    page.write(press="sign", confirmed=["techniques"], subjective="Headache 3/10.")

    note = read(north.http, next(pk for pk in ids_listed(north.http) if pk != last["id"])).json()
    assert (note["state"], note["copied_from_id"]) == ("signed", last["id"])
    assert note["untouched"] == ["objective", "assessment", "plan", "findings"]
    assert note["subjective"] == "Headache 3/10."
    assert [row["kind"] for row in note["findings"]] == ["trigger_point", "pain"]
    assert (note["measures"], note["asks"]) == ([], [])
    assert "kept as they were: Objective, Assessment, Plan, Findings" in page.page


def test_a_row_that_is_unticked_is_gone_and_a_strength_is_changed(north: make.Clinic, client_id: str) -> None:
    signed(north, client_id)
    page = writer(north).begin(client_id)
    trigger, pain = page.fields()["findings"]

    page.write(findings=[pain], **{f"intensity-{pain}": "2"})

    note = read(north.http, page.path.split("/")[2]).json()
    assert [(row["kind"], row["intensity"]) for row in note["findings"]] == [("pain", 2)]
    assert "findings" not in note["untouched"]
    assert trigger not in page.page


def test_a_row_unticked_after_the_page_kept_itself_is_gone_although_the_draft_calls_it_otherwise(
    north: make.Clinic, client_id: str
) -> None:
    signed(north, client_id)
    page = writer(north).begin(client_id)
    as_shown = page.fields()
    trigger, pain = as_shown["findings"]
    page.write(pain="4")

    again: dict[str, Any] = {
        **as_shown,
        "findings": [pain],
        f"intensity-{pain}": "2",
        "version": page.fields()["version"],
    }
    page.write(**again)

    note = read(north.http, page.path.split("/")[2]).json()
    assert [(row["kind"], row["intensity"]) for row in note["findings"]] == [("pain", 2)]
    assert trigger not in [row["id"] for row in note["findings"]]


def test_a_row_unticked_before_and_another_after_the_page_kept_itself_are_both_gone(
    north: make.Clinic, client_id: str
) -> None:
    signed(north, client_id)
    page = writer(north).begin(client_id)
    as_shown = page.fields()
    _, pain = as_shown["findings"]
    page.write(findings=[pain])
    left = [row["kind"] for row in only_draft(north)["findings"]]

    again: dict[str, Any] = {**as_shown, "findings": [], "version": page.fields()["version"]}
    page.write(**again)

    assert left == ["pain"]
    assert only_draft(north)["findings"] == []


def test_a_measure_that_is_unticked_takes_no_other_with_it(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    for value, remark in (("55", "rotation left"), ("70", "rotation right")):
        added = {"measure": "rom", "value": value, "remark": remark}
        page.write(press="add-measures", **{f"add-measures-{name}": said for name, said in added.items()})
    as_shown = page.fields()
    left, right = as_shown["measures"]
    page.write(measures=[right])

    again: dict[str, Any] = {**as_shown, "measures": [right], "version": page.fields()["version"]}
    page.write(**again)

    assert [row["remark"] for row in only_draft(north)["measures"]] == ["rotation right"]
    assert left != right


def test_a_second_look_goes_on_with_the_draft(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)

    page = writer(north).begin(client_id)

    assert page.path == f"/notes/{begun['id']}/edit"
    assert BODY["subjective"] in page.page


def test_a_note_of_a_visit_is_tied_to_it_and_goes_on_by_it(north: make.Clinic, client_id: str) -> None:
    first, second = visit(north, client_id), visit(north, client_id, starts_in=-90)
    page = writer(north).begin(client_id, f"&visit={first}").write(subjective="Here.")

    note = read(north.http, page.path.split("/")[2]).json()

    assert note["visit_id"] == first
    assert writer(north).begin(client_id, f"&visit={first}").path == page.path
    assert writer(north).begin(client_id, f"&visit={second}").path == "/notes/new"


def test_nothing_that_was_not_changed_is_written_anew(north: make.Clinic, client_id: str) -> None:
    before = draft(north, client_id)
    page = writer(north)
    page.open(f"/notes/{before['id']}/edit?sure=1")

    page.write(plan="Rest.")

    after = read(north.http, before["id"]).json()
    same = set(before) - {"plan", "version", "updated_at"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["plan"] == "Rest."


def test_a_part_left_out_and_a_sensitive_mark_are_kept(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)

    page.write(subjective="Told in trust.", shared=["objective", "plan"], is_sensitive="1", visibility="care_team")

    note = only_note(north)
    assert (note["shared_sections"], note["is_sensitive"]) == (["objective", "plan"], True)


def test_who_will_read_it_is_said_above_the_signature(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    alone = writer(north).begin(client_id).page
    share(north, client_id, south)

    shared = writer(north).begin(client_id).page

    assert "The care team: your clinic, the client; no other clinic" in alone
    assert "The care team: your clinic, South Physio, and the client" in shared


# --- refusals keep what was typed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"add-findings-place": "cervical:right"}, "Say what the finding is and where"),
        ({"add-findings-place": "cervical:right", "add-findings-kind": "pain"}, "Say how strong the pain is, 0 to 10."),
        ({"add-measures-measure": "rom", "add-measures-value": "999"}, "Joint range of motion goes from 0 to 180."),
        ({"add-techniques-minutes": "15"}, "Choose the technique"),
        ({"add-asks-kind": "avoid"}, "Say what you ask and where"),
        ({"occurred_at": "2019-01-01T10:00"}, "7 days"),
    ],
)
def test_a_refused_note_keeps_what_was_typed_and_says_what_is_wrong(
    north: make.Clinic, client_id: str, typed: dict[str, str], sentence: str
) -> None:
    page = writer(north).begin(client_id)

    page.write(press="sign", subjective="Kept words.", **typed)

    assert page.status == 400
    assert sentence in page.page
    fields = page.fields()
    assert fields["subjective"] == ["Kept words."]
    assert {name: fields[name] for name in typed} == {name: [said] for name, said in typed.items()}
    assert ids_listed(north.http) == []


def test_a_license_that_ran_out_signs_nothing_and_the_words_stay(north: make.Clinic, client_id: str) -> None:
    role = north.practitioner.role
    assert role is not None
    role.practitioner.credentials.update(expires_on="2020-01-01")
    page = writer(north).begin(client_id)

    page.write(press="sign", subjective="Kept words.")

    assert page.status == 409
    assert page.fields()["subjective"] == ["Kept words."]
    assert ids_listed(north.http) == []


def test_what_another_device_changed_is_shown_beside_ones_own_words(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    phone, tablet = writer(north), writer(north)
    for device in (phone, tablet):
        device.open(f"/notes/{begun['id']}/edit?sure=1")
    tablet.write(subjective="From the tablet.", pain="7")

    phone.write(subjective="From the phone.")

    assert phone.status == 412
    assert "You changed this note on another device (" in phone.page
    assert phone.fields()["subjective"] == ["From the phone."]
    assert "From the tablet." in phone.page
    assert "On the server now:</strong> 7" in phone.page
    assert " data-stale" in phone.page
    assert read(north.http, begun["id"]).json()["subjective"] == "From the tablet."


def test_after_a_conflict_either_words_can_be_kept_and_added_rows_stay(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    phone, tablet = writer(north), writer(north)
    for device in (phone, tablet):
        device.open(f"/notes/{begun['id']}/edit?sure=1")
    tablet.write(subjective="Tablet S.", plan="Tablet P.", **{"add-techniques-technique": "stretch"})
    phone.write(subjective="Phone S.", plan="Phone P.")

    phone.write(theirs=["plan"])

    note = read(north.http, begun["id"]).json()
    assert (note["subjective"], note["plan"]) == ("Phone S.", "Tablet P.")
    assert [row["technique"] for row in note["techniques"]] == ["tpt", "stretch"]


HOSTILE = ("\x00", "<b>", "-1", "1e999", "9" * 5_000, "0001-01-01T00:00", "cervical:nowhere", "a" * 20_001)
FIELDS = (
    "kind", "visit", "occurred_at", "visibility", "shared", "is_sensitive", "pain", "subjective", "pressed-assessment",
    "confirmed", "copy_from", "client", "version", "press", "theirs", "practitioner_role_id", "writer",
    *(f"add-findings-{part}" for part in ("place", "kind", "muscle", "intensity", "refers_to", "remark")),
    *(f"add-techniques-{part}" for part in ("technique", "place", "minutes")),
    *(f"add-measures-{part}" for part in ("measure", "value", "remark")),
    *(f"add-asks-{part}" for part in ("kind", "place", "technique", "sentence", "until")),
)  # fmt: skip
WHOLE = {
    "add-findings-place": "cervical:right",
    "add-findings-kind": "pain",
    "add-findings-intensity": "5",
    "add-techniques-technique": "tpt",
    "add-measures-measure": "rom",
    "add-measures-value": "5",
    "add-asks-kind": "avoid",
    "add-asks-place": "cervical:right",
}


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_value_of_any_field_is_a_500(north: make.Clinic, client_id: str, value: str) -> None:
    page = writer(north).begin(client_id)
    fields = {**page.fields(), **WHOLE, "press": "draft"}

    found = {
        name: page.http.post("/notes/new", {**fields, name: value, "once": f"{position}"}).status_code
        for position, name in enumerate(FIELDS)
    }

    assert {name: status for name, status in found.items() if status >= 500} == {}


# --- an editor that keeps itself ------------------------------------------------------------------------------------


def keep(page: Writer, **typed: Any) -> Any:
    """What the script of the editor sends: the form itself, without what is only added by a press."""
    fields = {name: said for name, said in page.fields().items() if not name.startswith("add-")}
    return page.http.post(page.path, {**fields, **typed, "press": "draft"}, headers={"HX-Request": "true"})


def test_the_script_of_the_editor_begins_the_draft_and_is_told_where_it_is(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)

    answers = [keep(page, subjective="A word.") for _ in range(2)]

    note = only_note(north)
    said = answers[0].content.decode()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert f'action="/notes/{note["id"]}/edit?sure=1"' in said
    assert "on the server</p>" in said
    assert 'data-seal="' in said


def test_words_whose_answer_was_lost_are_no_conflict_with_themselves(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    page, after_a_reload = writer(north), writer(north)
    for each in (page, after_a_reload):
        each.open(f"/notes/{begun['id']}/edit?sure=1")
    keep(page, subjective="Once.")

    answer = keep(after_a_reload, subjective="Once.")

    assert answer.status_code == 200
    assert 'name="version" value="2"' in answer.content.decode()
    assert read(north.http, begun["id"]).json()["version"] == 2


def test_a_draft_that_another_device_changed_is_kept_no_more(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    page, other = writer(north), writer(north)
    for each in (page, other):
        each.open(f"/notes/{begun['id']}/edit?sure=1")
    other.write(subjective="Theirs.")

    answer = keep(page, subjective="Mine.")

    assert answer.status_code == 412
    assert "data-stops>Not saved: You changed this note on another device" in answer.content.decode()
    assert read(north.http, begun["id"]).json()["subjective"] == "Theirs."


def test_the_key_of_the_device_is_another_for_each_session_person_and_note(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    other = str(make.client(north)["id"])
    mine = writer(north)

    def key_of(page: Writer, about: str) -> str:
        return page.begin(about).page.split('data-key="')[1].split('"')[0]

    same = [key_of(mine, client_id) for _ in range(2)]
    keys = {*same, key_of(mine, other), key_of(writer(north), client_id), key_of(writer(south), client_id)}

    assert len(set(same)) == 1
    assert len(keys) == 4
    assert {len(key) for key in keys} == {44}


def test_signing_out_tells_the_browser_to_drop_what_it_kept(north: make.Clinic) -> None:
    page = writer(north)

    answer = page.http.post("/accounts/logout/")

    assert (answer.status_code, answer["Clear-Site-Data"]) == (302, '"storage"')
    assert " data-signed-out" in page.open("/").page
    assert " data-signed-out" not in writer(north).open("/").page


# --- the right client -----------------------------------------------------------------------------------------------


def test_without_an_appointment_now_the_page_asks_whether_this_is_the_right_person(
    north: make.Clinic, client_id: str
) -> None:
    page = writer(north)

    page.open(f"/notes/new?client={client_id}")

    assert "Is this Nora Feld, born 12 June 1984?" in page.page
    assert "note-editor" not in page.page


@pytest.mark.parametrize(("starts_in", "asks"), [(-10, False), (110, False), (-160, False), (130, True), (-200, True)])
def test_within_two_hours_of_the_appointment_nothing_is_asked(
    north: make.Clinic, client_id: str, starts_in: int, *, asks: bool
) -> None:
    visit(north, client_id, starts_in=starts_in)
    page = writer(north)

    page.open(f"/notes/new?client={client_id}")

    assert ("Is this Nora Feld" in page.page) is asks


def test_the_question_names_who_has_an_appointment_now_also_before_going_on_with_a_draft(
    north: make.Clinic, client_id: str
) -> None:
    begun = draft(north, client_id)
    page = writer(north)
    assert "note-editor" in page.open(f"/notes/{begun['id']}/edit").page
    visit(north, make.client(north)["id"], starts_in=-5, name="Ana Moreno")

    page.open(f"/notes/{begun['id']}/edit")

    assert "Ana Moreno</strong> has an appointment with you now" in page.page
    assert BODY["subjective"] not in page.page
    assert "note-editor" in page.open(f"/notes/{begun['id']}/edit?sure=1").page


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

    page.press(f"/notes/{note['id']}/move", move="enter_in_error", reason="wrong_entry", note="The day before.")

    assert "<strong>Wrong entry</strong>: The day before." in page.page
    assert "<s><div" in page.page
    assert read(north.http, note["id"]).json()["state"] == "entered_in_error"


def test_a_students_note_waits_in_the_list_and_a_colleague_co_signs_it(north: make.Clinic, client_id: str) -> None:
    student = enroll(north)
    note = draft(north, client_id, by=student.http)
    sign(student.http, note["id"])
    page = Browser(north.practitioner).open("/notes")
    assert f"/notes/{note['id']}" in page.page
    assert "Waiting for a co-signature" in page.page

    page.open(f"/notes/{note['id']}").press(f"/notes/{note['id']}/move", move="cosign")

    assert read(north.http, note["id"]).json()["state"] == "signed"
    assert "Co-signed" in page.page
    assert f"/notes/{note['id']}" not in page.open("/notes").page


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
