"""Visits of care on the referral page: seen, entered, and said how they went, by forms alone."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.careplans.in_error import void
from tests.careplans.plans import alone, done
from tests.notes.writing import signed
from tests.record.briefs import lines
from tests.referrals.stories import in_state, move_to, now, read
from tests.workspace.browsing import Browser, shown_in
from tests.workspace.note_writer import writer


def local(hours: float) -> str:
    """A time as the browser's field has it, by the clinic's clock."""
    return (now() + timedelta(hours=hours)).astimezone(ZoneInfo("America/Denver")).strftime("%Y-%m-%dT%H:%M")


def test_a_visit_in_care_is_entered_on_the_page(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    browser = Browser(south.coordinator).open(f"/referrals/{care['id']}")
    typed = {"visit.starts_at": local(-3), "visit.minutes": "30"}

    browser.press(f"/referrals/{care['id']}/visits", **typed, state="done")

    (visit,) = read(south, care["id"]).json()["visits"]
    assert (visit["state"], visit["is_current"]) == ("done", False)
    assert "The visit is entered." in browser.page


def test_a_booked_visit_of_care_is_followed_up_on_the_page(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{care['id']}")
    typed = {"visit.starts_at": local(24), "visit.minutes": "50"}
    browser.press(f"/referrals/{care['id']}/visits", **typed, state="booked")
    (visit,) = read(south, care["id"]).json()["visits"]
    address = f"/referrals/{care['id']}/visits/{visit['id']}"
    assert "We cancel" in browser.page
    assert "Took place" not in browser.page

    move_to(now() + timedelta(hours=26))
    browser.open(f"/referrals/{care['id']}").press(address, press="done")

    assert [each["state"] for each in read(south, care["id"]).json()["visits"]] == ["done"]
    assert address not in browser.page


def test_what_was_typed_stays_when_it_is_refused(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{care['id']}")

    ahead = local(24)
    browser.press(f"/referrals/{care['id']}/visits", **{"visit.starts_at": ahead}, state="done")

    assert "The visit has not begun yet." in browser.page
    assert ahead in browser.page
    assert read(south, care["id"]).json()["visits"] == []


def test_the_sender_is_offered_no_visit_to_enter(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)

    for person in (north.practitioner, south.auditor):
        assert f"/referrals/{care['id']}/visits" not in Browser(person).open(f"/referrals/{care['id']}").page


# --- its note --------------------------------------------------------------------------------------------------------


def visit_of(clinic: make.Clinic, referral_id: str, person: make.Person, *, hours: float) -> str:
    """A visit of care that took place, entered by this person, so many hours ago."""
    browser = Browser(person).open(f"/referrals/{referral_id}")
    typed = {"visit.starts_at": local(-hours), "visit.minutes": "30"}
    browser.press(f"/referrals/{referral_id}/visits", **typed, state="done")
    return str(read(clinic, referral_id).json()["visits"][-1]["id"])


def test_a_visit_of_ones_own_leads_to_its_note_until_that_is_signed(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    held = visit_of(south, care["id"], south.practitioner, hours=5)
    link = f"/notes/new?client={care['client']['id']}&visit={held}"
    page = Browser(south.practitioner).open(f"/referrals/{care['id']}")
    assert link in page.page

    note = signed(south, care["client"]["id"], visit_id=held, asks=[], techniques=[])

    page.open(f"/referrals/{care['id']}")
    assert link not in page.page
    assert f"/notes/{note['id']}" in page.page


def test_a_visit_entered_on_the_page_is_of_whoever_treats_and_enters_it_else_of_who_has_the_referral(
    north: make.Clinic, south: make.Clinic
) -> None:
    care = in_state("in_care", north, south)
    stand_in = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Stand In")
    people = (south.coordinator, south.practitioner, stand_in)

    for hours, person in enumerate(people, start=2):
        visit_of(south, care["id"], person, hours=hours)

    with acting_as(south.practitioner.actor):
        roles = list(Visit.objects.filter(organization_id=south.id, state="done").order_by("-starts_at"))
    held = [visit.practitioner_role_id for visit in roles if visit.starts_at < now() - timedelta(hours=1)]
    assert [str(role) for role in held[:3]] == [south.role_id, south.role_id, str(stand_in.role and stand_in.role.pk)]


def test_a_visit_of_a_colleague_or_to_come_leads_to_no_note(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy", name="Col League")
    held = visit_of(south, care["id"], south.practitioner, hours=5)
    browser = Browser(south.practitioner).open(f"/referrals/{care['id']}")
    to_come = {"visit.starts_at": local(24), "visit.minutes": "50"}
    browser.press(f"/referrals/{care['id']}/visits", **to_come, state="booked")
    later = read(south, care["id"]).json()["visits"][-1]["id"]

    for person, visit_id in ((colleague, held), (south.coordinator, held), (south.practitioner, later)):
        assert f"visit={visit_id}" not in Browser(person).open(f"/referrals/{care['id']}").page


def test_the_brief_tells_of_a_visit_by_the_note_that_its_page_wrote(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    client_id = care["client"]["id"]
    visit_of(south, care["id"], south.practitioner, hours=1)
    assert [line["kind"] for line in lines(north, client_id, "visit", "note")] == ["visit"]

    writer(south).begin(client_id).write(press="sign", subjective="Better.")

    assert [line["kind"] for line in lines(north, client_id, "visit", "note")] == ["note"]


# --- which lines of a plan it counts for -----------------------------------------------------------------------------


def two_lines(clinic: make.Clinic, client_id: str) -> tuple[str, str]:
    plan = alone(clinic, client_id)
    manual = plan.line(clinic, focus="Manual therapy", technique_ids=["mfr"], avoid=[])
    exercise = plan.line(clinic, focus="Exercise", technique_ids=["therex"], avoid=[], visit_budget=4)
    return manual["id"], exercise["id"]


def counted(clinic: make.Clinic, visit_id: str) -> dict[str, str]:
    answer = clinic.http.send("GET", f"visits/{visit_id}").json()
    return {one["line_id"]: one["because"] for one in answer["counts_for"]}


def test_a_visit_is_entered_for_one_of_two_lines(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    manual, exercise = two_lines(south, care["client"]["id"])
    browser, address = Browser(south.practitioner).open(f"/referrals/{care['id']}"), f"/referrals/{care['id']}/visits"
    assert shown_in(browser.page, address)["line_ids"] == [manual, exercise]

    browser.send(address, **{"visit.starts_at": local(-3)}, state="done", line_ids=[exercise])

    (visit,) = read(south, care["id"]).json()["visits"]
    assert counted(south, visit["id"]) == {exercise: "named"}
    assert "Counts for Exercise<" in browser.page


def test_ticks_that_are_left_as_they_were_name_nothing(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    manual, exercise = two_lines(south, care["client"]["id"])
    browser, address = Browser(south.practitioner).open(f"/referrals/{care['id']}"), f"/referrals/{care['id']}/visits"
    browser.send(address, **{"visit.starts_at": local(24)}, state="booked")
    (visit,) = read(south, care["id"]).json()["visits"]
    move_to(now() + timedelta(hours=26))

    browser.open(f"/referrals/{care['id']}").send(f"{address}/{visit['id']}", press="done")
    assert counted(south, visit["id"]) == {manual: "discipline", exercise: "discipline"}
    told = {"techniques": [{"technique": "therex", "regions": [{"region": "knee", "side": "left"}]}], "findings": []}
    signed(south, care["client"]["id"], visit_id=visit["id"], asks=[], **told)

    assert counted(south, visit["id"]) == {exercise: "technique"}
    assert "Counts for Exercise<" in browser.open(f"/referrals/{care['id']}").page


def test_a_line_that_has_ended_since_keeps_the_visit_whether_or_not_others_are_chosen(
    north: make.Clinic, south: make.Clinic
) -> None:
    care = in_state("in_care", north, south)
    plan = alone(south, care["client"]["id"])
    manual, exercise, ended = (
        plan.line(south, focus=focus, technique_ids=[], avoid=[])["id"] for focus in ("Manual", "Exercise", "Taping")
    )
    browser, page = Browser(south.practitioner).open(f"/referrals/{care['id']}"), f"/referrals/{care['id']}"
    browser.send(f"{page}/visits", **{"visit.starts_at": local(24)}, state="booked")
    (visit,) = read(south, care["id"]).json()["visits"]
    address = f"{page}/visits/{visit['id']}"
    move_to(now() + timedelta(hours=26))
    done(plan.patch(south, f"/interventions/{ended}", {"state": "ended", "ended_reason": "done"}))

    browser.open(page).send(address, press="done")
    assert counted(south, visit["id"]) == dict.fromkeys((manual, exercise, ended), "discipline")
    assert "Counts for Manual, Exercise, Taping<" in browser.open(page).page
    ticked = shown_in(browser.page, address)["line_ids"]
    browser.send(address, press="counts_for", line_ids=[pk for pk in ticked if pk != exercise])

    assert counted(south, visit["id"]) == dict.fromkeys((manual, ended), "named")


def test_a_line_for_another_circle_is_offered_and_counts_only_when_it_is_ticked(
    north: make.Clinic, south: make.Clinic
) -> None:
    care = in_state("in_care", north, south)
    client_id, own = care["client"]["id"], make.client(south)["id"]
    manual, exercise = two_lines(south, client_id)
    elsewhere = alone(south, own).line(south, focus="For others", technique_ids=[], avoid=[])["id"]
    done(south.http.send("POST", f"clients/{client_id}/registration", {"own_client_id": own}), 200, 201)
    browser, address = Browser(south.practitioner).open(f"/referrals/{care['id']}"), f"/referrals/{care['id']}/visits"
    assert "For others" in browser.page
    assert shown_in(browser.page, address)["line_ids"] == [manual, exercise]

    browser.send(address, **{"visit.starts_at": local(-3)}, state="done", line_ids=[exercise])

    (visit,) = read(south, care["id"]).json()["visits"]
    assert elsewhere not in counted(south, visit["id"])
    assert counted(south, visit["id"]) == {exercise: "named"}


def test_where_every_line_is_for_another_circle_none_is_ticked_and_none_is_named(
    north: make.Clinic, south: make.Clinic
) -> None:
    care = in_state("in_care", north, south)
    client_id, own = care["client"]["id"], make.client(south)["id"]
    two_lines(south, own)
    done(south.http.send("POST", f"clients/{client_id}/registration", {"own_client_id": own}), 200, 201)
    browser, address = Browser(south.practitioner).open(f"/referrals/{care['id']}"), f"/referrals/{care['id']}/visits"
    assert "line_ids" not in {name for name, values in shown_in(browser.page, address).items() if values != [""]}

    browser.send(address, **{"visit.starts_at": local(24)}, state="booked")

    (visit,) = read(south, care["id"]).json()["visits"]
    answer = south.http.send("GET", f"visits/{visit['id']}").json()
    assert (answer["line_ids"], answer["counts_for"]) == (None, [])


def test_a_line_that_was_entered_in_error_is_not_offered(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    plan = alone(south, care["client"]["id"])
    for focus in ("Manual", "Exercise"):
        plan.line(south, focus=focus, technique_ids=[], avoid=[])
    wrong = alone(south, care["client"]["id"])
    wrong.line(south, focus="Never meant", technique_ids=[], avoid=[])
    void(wrong, south, reason="wrong_entry")

    page = Browser(south.practitioner).open(f"/referrals/{care['id']}").page

    assert "Exercise" in page
    assert "Never meant" not in page


def test_a_visit_that_took_place_is_said_to_be_for_one_line_and_then_for_none(
    north: make.Clinic, south: make.Clinic
) -> None:
    care = in_state("in_care", north, south)
    manual, _ = two_lines(south, care["client"]["id"])
    browser, page = Browser(south.practitioner), f"/referrals/{care['id']}"
    browser.open(page).send(f"{page}/visits", **{"visit.starts_at": local(24)}, state="booked")
    held = read(south, care["id"]).json()["visits"][0]["id"]
    move_to(now() + timedelta(hours=26))
    browser.open(page)
    address = f"{page}/visits/{held}"

    browser.send(address, press="done", line_ids=[manual])
    assert counted(south, held) == {manual: "named"}
    browser.send(address, press="counts_for", line_ids=[])

    assert counted(south, held) == {}
    assert "Counts for no line of the plan" in browser.page


def test_a_coordinator_chooses_by_pace_and_reads_nothing_clinical(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    two_lines(south, care["client"]["id"])

    page = Browser(south.coordinator).open(f"/referrals/{care['id']}").page

    assert "Once a week for 6 weeks, 50 minutes, at most 4 visits" in page
    assert "Manual therapy" not in page


def test_the_only_line_is_not_asked_for(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    only = alone(south, care["client"]["id"]).line(south, focus="Exercise", technique_ids=[], avoid=[])["id"]
    browser = Browser(south.practitioner).open(f"/referrals/{care['id']}")
    assert "line_ids" not in browser.page

    browser.press(f"/referrals/{care['id']}/visits", **{"visit.starts_at": local(24)}, state="booked")

    (visit,) = read(south, care["id"]).json()["visits"]
    assert counted(south, visit["id"]) == {only: "discipline"}


def test_a_line_that_is_not_the_clinics_own_is_refused_on_the_page(north: make.Clinic, south: make.Clinic) -> None:
    care = in_state("in_care", north, south)
    two_lines(south, care["client"]["id"])
    theirs = alone(north, care["client"]["id"]).line(north)["id"]
    browser, address = Browser(south.practitioner).open(f"/referrals/{care['id']}"), f"/referrals/{care['id']}/visits"

    for wrong in (theirs, "x"):
        browser.open(f"/referrals/{care['id']}").send(
            address, **{"visit.starts_at": local(24)}, state="booked", line_ids=[wrong]
        )
        assert browser.status == 400

    assert read(south, care["id"]).json()["visits"] == []
