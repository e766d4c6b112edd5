"""The note editor by forms alone: what is written, copied, ticked off and signed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.attachments.files import PDF, PNG
from tests.careplans.plans import done
from tests.notes.writing import BODY, draft, ids_listed, read, share, signed
from tests.workspace.browsing import Browser
from tests.workspace.note_writer import only_draft, only_note, visit, writer


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
    assert "Section “Subjective”: words changed" in page.page
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


CARRIED = "Carried over from your note of "
FOLD_OPEN = '<details class="folded" open><summary>Leave sections out, mark as sensitive'
KEPT = ("visibility", "shared_sections", "is_sensitive")


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({}, ""),
        ({"visibility": "clinic"}, ": your clinic only."),
        ({"visibility": "author"}, ": you only."),
        ({"is_sensitive": True}, ": sensitive."),
        ({"shared_sections": ["objective", "plan"]}, ": without Subjective, Assessment."),
        ({"shared_sections": []}, ": without Subjective, Objective, Assessment, Plan."),
        (
            {"visibility": "clinic", "is_sensitive": True, "shared_sections": ["objective", "assessment", "plan"]},
            ": your clinic only; without Subjective; sensitive.",
        ),
    ],
)
@pytest.mark.parametrize("press", ["draft", "sign"])
def test_as_last_time_is_for_whom_it_was_last_time_and_says_so(
    north: make.Clinic, client_id: str, kept: dict[str, Any], said: str, press: str
) -> None:
    last = signed(north, client_id, asks=[], **kept)
    page = writer(north).begin(client_id)
    shown = (CARRIED in page.page, said in page.page, FOLD_OPEN in page.page)

    page.write(press=press, pain="3")

    (copy,) = [read(north.http, pk).json() for pk in ids_listed(north.http) if pk != last["id"]]
    assert shown == (bool(said), True, bool(said))
    assert [copy[name] for name in KEPT] == [last[name] for name in KEPT]
    if press == "draft":
        assert (CARRIED in page.page, FOLD_OPEN in page.page) == (bool(said), bool(said))


def test_a_copy_that_was_opened_to_others_on_the_page_says_no_longer_that_it_was_kept_from_them(
    north: make.Clinic, client_id: str
) -> None:
    signed(north, client_id, asks=[], visibility="author", is_sensitive=True, shared_sections=["plan"])
    page = writer(north).begin(client_id)

    page.write(visibility="care_team", shared=["subjective", "plan"])

    note = only_draft(north)
    assert [note[name] for name in KEPT] == ["care_team", ["subjective", "plan"], True]
    assert ": sensitive. If others should read more" in page.page
    page.write(is_sensitive=[])
    assert (only_draft(north)["is_sensitive"], CARRIED in page.page) == (False, False)


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


def test_a_note_begun_from_the_clients_page_is_tied_to_the_writers_own_visit_around_now(
    north: make.Clinic, client_id: str
) -> None:
    now = visit(north, client_id, starts_in=-40)
    visit(north, client_id, starts_in=90)
    page = writer(north).begin(client_id)
    assert ", at the visit of " in page.page

    page.write(subjective="Here.")

    note = only_note(north)
    assert (note["visit_id"], page.path) == (now, f"/notes/{note['id']}/edit")
    assert writer(north).begin(client_id).path == page.path


def test_a_note_begun_in_the_evening_is_of_the_visit_of_the_day_and_another_can_be_chosen(
    north: make.Clinic, client_id: str
) -> None:
    earlier, today = visit(north, client_id, starts_in=-60 * 50), visit(north, client_id, starts_in=-60 * 9)
    visit(north, client_id, starts_in=-60 * 24 * 9)
    page = writer(north).begin(client_id)
    assert page.fields()["visit"] == [today]
    assert page.page.count("<option value=") - page.page.count('<option value=""') >= 2

    page.write(subjective="Here.", visit=earlier)

    assert only_note(north)["visit_id"] == earlier
    page.write(visit="")
    assert only_note(north)["visit_id"] is None


def test_a_visit_and_a_note_of_a_record_that_was_merged_are_gone_on_from(north: make.Clinic, client_id: str) -> None:
    old = make.client(north)["id"]
    before = signed(north, old)
    held = visit(north, old, starts_in=-40)
    done(north.http.send("POST", f"clients/{old}/merge", {"into": client_id}), 200)
    page = writer(north).begin(client_id)
    assert (page.fields()["visit"], page.fields()["copy_from"]) == ([held], [before["id"]])

    page.write(press="sign", subjective="Here.")

    (note,) = [one for one in north.http.send("GET", "notes").json()["results"] if one["id"] != before["id"]]
    assert (note["visit_id"], note["client"]["id"]) == (held, client_id)
    assert writer(north).begin(client_id).fields()["visit"] == [""]


def test_a_visit_of_a_record_that_is_only_linked_is_not_offered(north: make.Clinic, south: make.Clinic) -> None:
    theirs, own = make.client(north)["id"], make.client(south)["id"]
    share(north, theirs, south)
    done(south.http.send("POST", f"clients/{theirs}/registration", {"own_client_id": own}), 201)
    visit(south, own, starts_in=-40)

    assert writer(south).begin(theirs).fields()["visit"] == [""]


def test_a_call_is_not_what_is_carried_forward(north: make.Clinic, client_id: str) -> None:
    seen = signed(north, client_id)
    signed(north, client_id, kind="phone", subjective="Called.")

    fields = writer(north).begin(client_id).fields()

    assert (fields["copy_from"], fields["kind"]) == ([seen["id"]], ["progress"])


def test_a_call_is_of_no_visit_unless_it_is_chosen(north: make.Clinic, client_id: str) -> None:
    visit(north, client_id, starts_in=-60 * 9)

    assert writer(north).begin(client_id, "&kind=phone").fields()["visit"] == [""]


def test_a_visit_of_a_colleague_or_that_is_long_over_or_was_missed_is_no_default(
    north: make.Clinic, client_id: str
) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    missed, theirs = visit(north, client_id), visit(north, client_id)
    visit(north, client_id, starts_in=-60 * 26)
    with acting_as(north.practitioner.actor):
        Visit.objects.filter(pk=missed).update(state=Visit.State.MISSED)
        Visit.objects.filter(pk=theirs).update(practitioner_role=colleague.role)

    page = writer(north).begin(client_id)
    assert ", now" in page.page
    page.write(subjective="Here.")

    assert only_note(north)["visit_id"] is None


def test_a_visit_whose_note_the_writer_signed_is_no_default_for_another(north: make.Clinic, client_id: str) -> None:
    held = visit(north, client_id)
    first = signed(north, client_id, visit_id=held)

    writer(north).begin(client_id).write(subjective="A call.", kind="phone")

    second = only_draft(north)
    assert (first["visit_id"], second["visit_id"]) == (held, None)


def test_a_draft_of_an_earlier_visit_is_not_gone_on_with_at_the_next(north: make.Clinic, client_id: str) -> None:
    earlier = visit(north, client_id, starts_in=-600)
    draft(north, client_id, visit_id=earlier)
    visit(north, client_id)

    assert writer(north).begin(client_id).path == "/notes/new"


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
