"""The note editor loses no words: refusals, two devices, keeping itself; and it is about the right person."""

from typing import Any

import pytest

from tests import make
from tests.notes.writing import BODY, draft, ids_listed, read, share
from tests.workspace.note_writer import Writer, only_note, visit, writer

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


def on_two_devices(who: make.Clinic, begun: Any) -> tuple[Writer, Writer]:
    """The same draft, open on both."""
    path = f"/notes/{begun['id']}/edit?sure=1"
    phone, tablet = writer(who), writer(who)
    phone.open(path)
    tablet.open(path)
    return phone, tablet


def test_what_another_device_changed_is_shown_beside_ones_own_words(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    phone, tablet = on_two_devices(north, begun)
    tablet.write(subjective="From the tablet.", pain="7")

    phone.write(subjective="From the phone.", pain="3")

    assert phone.status == 412
    assert "You changed this note on another device (" in phone.page
    assert phone.fields()["subjective"] == ["From the phone."]
    assert "From the tablet." in phone.page
    assert "On the server now:</strong> 7" in phone.page
    assert " data-stale" in phone.page
    assert read(north.http, begun["id"]).json()["subjective"] == "From the tablet."


def test_after_a_conflict_either_words_can_be_kept_and_added_rows_stay(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    phone, tablet = on_two_devices(north, begun)
    tablet.write(subjective="Tablet S.", plan="Tablet P.", **{"add-techniques-technique": "stretch"})
    phone.write(subjective="Phone S.", plan="Phone P.")

    phone.write(theirs=["plan"])

    note = read(north.http, begun["id"]).json()
    assert (note["subjective"], note["plan"]) == ("Phone S.", "Tablet P.")
    assert [row["technique"] for row in note["techniques"]] == ["tpt", "stretch"]


LISTS = ("findings", "techniques", "measures", "asks")
ROM = {"measure": "rom", "value": 55, "remark": "rotation left"}
GONE = "A row that you had ticked was taken off this note meanwhile."


@pytest.mark.parametrize("name", LISTS)
def test_a_ticked_row_that_the_note_has_no_more_is_a_conflict_and_nothing_is_signed_without_it(
    north: make.Clinic, client_id: str, name: str
) -> None:
    begun = draft(north, client_id, measures=[ROM])
    page = writer(north)
    page.open(f"/notes/{begun['id']}/edit?sure=1")
    as_shown = page.fields()
    unticked: dict[str, Any] = {name: []}
    page.write(**unticked)
    assert read(north.http, begun["id"]).json()[name] == []

    now = {part: page.fields()[part] for part in ("version", "once")}
    page.write(press="sign", **{**as_shown, **now, "subjective": ["Mine."]})

    note = read(north.http, begun["id"]).json()
    assert (page.status, note["state"], note["subjective"]) == (409, "draft", BODY["subjective"])
    assert f"{GONE} Nothing of the note was changed" in page.page
    assert f'<p class="error">{GONE} Add it again if it belongs here.</p>' in page.page
    assert page.fields()["subjective"] == ["Mine."]
    page.write(press="sign")
    assert read(north.http, begun["id"]).json()["state"] == "signed"


def test_words_and_a_row_in_conflict_are_told_together(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    phone, tablet = on_two_devices(north, begun)
    tablet.write(subjective="From the tablet.", asks=[])

    phone.write(press="sign", subjective="From the phone.")

    assert phone.status == 412
    assert "From the tablet." in phone.page
    assert f'<p class="error">{GONE} Add it again if it belongs here.</p>' in phone.page
    assert read(north.http, begun["id"]).json()["state"] == "draft"


def test_a_page_whose_words_were_refused_says_that_they_are_nowhere_else(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id)
    page, other = writer(north), writer(north)
    for each in (page, other):
        each.open(f"/notes/{begun['id']}/edit?sure=1")
    assert "data-unsaved" not in page.page

    page.write(subjective="a" * 20_001)
    assert (page.status, " data-unsaved" in page.page, " data-stale" in page.page) == (400, True, False)
    other.write(subjective="Theirs.")
    page.write(subjective="Mine.")

    assert (page.status, ' data-unsaved data-stale="1"' in page.page) == (412, True)


HOSTILE = ("\x00", "<b>", "-1", "1e999", "9" * 5_000, "0001-01-01T00:00", "cervical:nowhere", "a" * 20_001)
FIELDS = (
    "kind", "visit", "occurred_at", "visibility", "shared", "is_sensitive", "pain", "subjective", "pressed-assessment",
    "confirmed", "copy_from", "client", "version", "read", "press", "theirs", "practitioner_role_id", "writer", "once",
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
        name: page.http.post("/notes/new", {**fields, "once": f"{position}", name: value}).status_code
        for position, name in enumerate(FIELDS)
    }

    assert {name: status for name, status in found.items() if status >= 500} == {}


# --- an editor that keeps itself ------------------------------------------------------------------------------------


def keep(page: Writer, **typed: Any) -> Any:
    """What the script of the editor sends: the form itself, without what counts only with a press."""
    pressed_only = ("add-", "attachments", *LISTS)
    fields = {name: said for name, said in page.fields().items() if not name.startswith(pressed_only)}
    return page.http.post(page.path, {**fields, **typed, "press": "draft"}, headers={"HX-Request": "true"})


def test_how_strong_a_pain_is_keeps_itself_and_no_row_goes(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id, measures=[ROM])
    page = writer(north)
    page.open(f"/notes/{begun['id']}/edit?sure=1")
    _, pain = page.fields()["findings"]

    answer = keep(page, **{f"intensity-{pain}": "2"})

    note = read(north.http, begun["id"]).json()
    assert answer.status_code == 200
    assert [(row["kind"], row["intensity"]) for row in note["findings"]] == [("trigger_point", None), ("pain", 2)]
    assert [len(note[name]) for name in LISTS] == [2, 1, 1, 1]


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


def test_the_key_of_words_is_another_for_each_device_person_and_note(
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


def test_what_was_not_touched_on_one_device_stays_as_the_other_one_left_it(north: make.Clinic, client_id: str) -> None:
    begun = draft(north, client_id, asks=[])
    phone, tablet = on_two_devices(north, begun)
    tablet.write(plan="Tablet P.", pain="7", visibility="author", **{"pressed-assessment": "Plateau."})

    phone.write(subjective="Phone S.")
    assert phone.status == 412
    assert phone.fields()["plan"] == ["Tablet P."]
    phone.write()

    note = read(north.http, begun["id"]).json()
    assert (note["subjective"], note["plan"], note["visibility"]) == ("Phone S.", "Tablet P.", "author")
    assert note["assessment"].startswith("Plateau.\n")
    assert [row["value"] for row in note["measures"]] == [7]


@pytest.mark.parametrize("read_on_it", ["", "{", "[]", "3", "[" * 50_000])
def test_a_page_that_does_not_say_what_it_showed_counts_as_typed(
    north: make.Clinic, client_id: str, read_on_it: str
) -> None:
    begun = draft(north, client_id)
    phone, tablet = on_two_devices(north, begun)
    tablet.write(plan="Tablet P.")

    phone.write(subjective="Phone S.", read=read_on_it)

    assert phone.status == 412
    assert "Tablet P." in phone.page
    assert phone.fields()["plan"] == [begun["plan"]]
