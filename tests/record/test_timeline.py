"""The timeline of one client: what stands there for whom, how it is narrowed and paged, and who looked."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import AccessLog
from backend.lib import clock
from backend.lib.unit_of_work import acting_as
from backend.record.gists import LINES
from backend.record.moments import BY_NAME
from tests import make
from tests.careplans.plans import alone
from tests.notes.writing import BODY, draft, share, signed
from tests.record.everything import pages

pytestmark = pytest.mark.django_db
# Who calls; the client and what became part of them; the page; names; why, and who looked at the client and at what.
MOST = 8


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north)["id"])


def ask(http: make.Api, client_id: str, query: str = "") -> Any:
    return http.send("GET", f"clients/{client_id}/timeline{query}")


def items(http: make.Api, client_id: str, query: str = "?limit=100") -> list[Any]:
    return pages(http, f"clients/{client_id}/timeline{query}")


def moments(http: make.Api, client_id: str, query: str = "?limit=100") -> set[tuple[str, str]]:
    return {(item["kind"], item["what"]) for item in items(http, client_id, query)}


def loop(north: make.Clinic, south: make.Clinic, client_id: str) -> str:
    """A referral that went to the end of the loop, with a visit, a message and a report that is alarming."""
    make.consent(north, client_id, south)
    referral_id = str(make.referral(north, south, client_id=client_id)["id"])
    make.move(south, referral_id, "accept")
    north.http.send("POST", f"referrals/{referral_id}/messages", {"text": "She can come on Tuesdays. Or not."})
    make.move(south, referral_id, "book", visit=make.visit_window())
    make.move(south, referral_id, "start")
    make.move(south, referral_id, "report", final=True, report={**make.REPORT, "has_red_flag": True})
    return referral_id


def test_every_moment_has_a_line(north: make.Clinic) -> None:
    assert set(LINES) == set(BY_NAME)


def test_what_both_clinics_did_stands_there_newest_first_with_who_and_what(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    referral_id = loop(north, south, client_id)
    note = signed(south, client_id, techniques=[])
    north.http.send(
        "POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": [], "note": "Warfarin."}
    )

    shown = items(north.http, client_id)

    assert [item["occurred_at"] for item in shown] == sorted((item["occurred_at"] for item in shown), reverse=True)
    by_kind = {(item["kind"], item["what"]): item for item in shown}
    written, report = by_kind["note", "written"], by_kind["report", "reported"]
    assert written["gist"] == "Progress note: pain 5/10; Findings fit the referral pattern."
    assert (written["id"], written["href"]) == (note["id"], f"/api/v1/notes/{note['id']}")
    assert written["author"] == {"id": south.role_id, "display": "South Practitioner"}
    assert (written["discipline"], written["organization"]["display"]) == ("physical_therapy", "South Physio")
    assert (report["flags"], report["href"]) == (["unread_report", "red"], f"/api/v1/referrals/{referral_id}/reports")
    assert by_kind["message", "said"]["gist"] == "“She can come on Tuesdays.”"
    assert by_kind["precaution", "recorded"]["gist"] == "Anticoagulant / antiplatelet therapy: Warfarin."
    assert by_kind["visit", "visited"]["href"] == f"/api/v1/referrals/{referral_id}"
    assert by_kind["referral", "sent"]["gist"].startswith("Referral to South Physio: evaluate and treat; Guarding")
    assert by_kind["consent", "given"]["gist"].startswith("The client said yes: North Massage, South Physio share plan")


def test_a_hold_leads_to_the_holds(north: make.Clinic, client_id: str) -> None:
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    placed = north.http.send("POST", f"clients/{client_id}/holds", hold).json()

    shown = [item for item in items(north.http, client_id) if item["kind"] == "hold"]

    assert [(item["id"], item["href"]) for item in shown] == [(placed["id"], f"/api/v1/clients/{client_id}/holds")]


def test_every_address_a_reader_is_given_opens(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    loop(north, south, client_id)
    signed(north, client_id)
    plan = alone(north, client_id)
    plan.add(north, south)
    line = plan.line(north)
    plan.publish(north)
    plan.answer(south, 1, "object", sentence="Too much.")
    plan.post(south, "/proposals", {"kind": "end", "about": "intervention", "row_id": line["id"], "why": "Done."})

    for clinic in (north, south):
        shown = items(clinic.http, client_id)
        statuses = {item["href"]: clinic.http.send("GET", item["href"]).status_code for item in shown}
        assert {address: status for address, status in statuses.items() if status != 200} == {}
        assert {("plan", "begun"), ("plan", "published"), ("plan", "answered"), ("proposal", "made")} <= {
            (item["kind"], item["what"]) for item in shown
        }


def test_a_coordinator_reads_that_something_is_there_and_nothing_clinical(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    loop(north, south, client_id)
    signed(north, client_id)
    plan = alone(north, client_id)
    plan.publish(north)
    note = {"code": "anticoag", "regions": [], "note": "Warfarin."}
    north.http.send("POST", f"clients/{client_id}/precautions", note)

    answer = ask(north.coordinator.http, client_id, "?limit=100")

    gists = {(item["kind"], item["what"]): item["gist"] for item in answer.json()["results"]}
    assert gists["note", "written"] == "Progress note."
    assert gists["report", "reported"] == "Final report."
    flags = {flag for item in answer.json()["results"] for flag in item["flags"]}
    assert flags == {"unread_report"}
    assert gists["plan", "begun"] == "Care plan begun."
    assert gists["precaution", "recorded"] == "Anticoagulant / antiplatelet therapy."
    assert "No thrust" not in gists["ask", "asked"]
    said = [BODY["assessment"], "No thrust", "Warfarin", make.REPORT["answer"]]
    assert [words for words in said if words in answer.content.decode()] == []
    assert ask(north.admin.http, client_id).status_code == 403


def test_two_circles_of_one_client_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic, client_id: str
) -> None:
    for clinic in (south, east):
        share(north, client_id, clinic)
    theirs = {c.id: signed(c, client_id, techniques=[])["id"] for c in (north, south, east)}

    def seen(clinic: make.Clinic) -> set[str]:
        return {item["id"] for item in items(clinic.http, client_id, "?kinds=note")}

    def clinics(clinic: make.Clinic) -> str:
        return str(ask(clinic.http, client_id, "?limit=100").content.decode())

    assert seen(north) == set(theirs.values())
    assert seen(south) == {theirs[north.id], theirs[south.id]}
    assert seen(east) == {theirs[north.id], theirs[east.id]}
    assert ("East" in clinics(south), "South" in clinics(east)) == (False, False)
    assert ask(outsider.http, client_id).status_code == 404


def test_a_withdrawn_consent_empties_it_between_two_requests(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    consent = share(north, client_id, south)
    theirs, ours = signed(south, client_id, techniques=[]), signed(north, client_id)
    first = ask(south.http, client_id, "?limit=1").json()
    assert first["next"]

    north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})

    random = ask(south.http, "0198c1a0-0000-7000-8000-00000000000f")
    for address in (f"clients/{client_id}/timeline", first["next"].removeprefix("http://testserver")):
        answer = south.http.send("GET", address)
        assert (answer.status_code, answer.json()["code"]) == (404, random.json()["code"])
    assert {item["id"] for item in items(north.http, client_id, "?kinds=note")} == {ours["id"]}
    assert theirs["id"] not in ask(north.http, client_id, "?limit=100").content.decode()


def test_what_was_about_a_wrong_client_is_gone_for_the_others_and_marked_at_home(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    notes = {reason: signed(north, client_id)["id"] for reason in ("wrong_client", "wrong_entry")}
    for reason, note_id in notes.items():
        north.http.send("POST", f"notes/{note_id}/entered-in-error", {"reason": reason})

    ours = {item["id"]: item["flags"] for item in items(north.http, client_id, "?kinds=note")}
    theirs = {item["id"]: item["flags"] for item in items(south.http, client_id, "?kinds=note")}

    assert ours == {note_id: ["entered_in_error"] for note_id in notes.values()}
    assert theirs == {notes["wrong_entry"]: ["entered_in_error"]}
    assert {item["flags"][0] for item in items(south.http, client_id, "?kinds=ask") if item["what"] == "asked"} == {
        "entered_in_error"
    }


def test_a_pools_referral_is_not_tied_to_a_client_whom_the_pool_knows_otherwise(
    north: make.Clinic, east: make.Clinic, client_id: str
) -> None:
    share(north, client_id, east)
    make.consent(north, client_id, pools=[{"discipline": "chiropractic"}])
    pooled = make.referral(north, {"discipline": "chiropractic"}, client_id=client_id)
    assert pooled["id"] in [row["id"] for row in east.http.send("GET", "referrals").json()["results"]]

    assert pooled["id"] not in ask(east.http, client_id, "?limit=100").content.decode()
    assert pooled["id"] in ask(north.http, client_id, "?limit=100").content.decode()


def test_drafts_stay_in_their_clinic_and_late_facts_stand_where_they_happened(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    newer = signed(north, client_id, occurred_at=(clock.now() - timedelta(days=1)).isoformat())
    late = signed(north, client_id, occurred_at=(clock.now() - timedelta(days=3)).isoformat())
    unsigned = draft(north, client_id)

    ours, theirs = (items(clinic.http, client_id, "?kinds=note") for clinic in (north, south))

    assert [item["id"] for item in ours] == [unsigned["id"], newer["id"], late["id"]]
    assert [item["id"] for item in theirs] == [newer["id"], late["id"]]
    assert ours[0]["flags"] == ["unsigned"]
    assert ours[2]["occurred_at"] < ours[2]["recorded_at"]


def test_a_visit_stands_where_it_was_booked_until_it_begins(north: make.Clinic, client_id: str) -> None:
    north.http.send("POST", "visits", {"client_id": client_id, **make.visit_window(30)})
    note = signed(north, client_id)

    shown = items(north.http, client_id, "?kinds=note,visit")

    assert [item["kind"] for item in shown] == ["note", "visit"]
    assert shown[0]["id"] == note["id"]
    assert shown[1]["gist"].startswith("Visit booked for ")


def test_it_is_narrowed_by_kind_discipline_organization_and_time(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    signed(south, client_id, techniques=[])
    signed(north, client_id, occurred_at=(clock.now() - timedelta(days=5)).isoformat())
    since = (clock.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")

    assert moments(north.http, client_id, "?kinds=note,ask") == {("note", "written"), ("ask", "asked")}
    assert {item["organization"]["id"] for item in items(north.http, client_id, f"?organization_id={south.id}")} == {
        south.id
    }
    assert {item["discipline"] for item in items(north.http, client_id, "?discipline=physical_therapy")} == {
        "physical_therapy"
    }
    assert len(items(north.http, client_id, f"?kinds=note&since={since}")) == 1
    refused = [
        ask(north.http, client_id, query) for query in ("?kinds=nonsense", "?discipline=magic", "?since=now", "?x=1")
    ]
    assert [answer.status_code for answer in refused] == [400] * 4
    assert refused[0].json()["errors"][0]["code"] == "unknown_value"


def test_pages_stay_stable_while_rows_arrive_and_a_cursor_is_nobody_elses(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    for _ in range(4):
        signed(north, client_id)
    whole = [(item["id"], item["what"]) for item in items(north.http, client_id)]
    first = ask(north.http, client_id, "?limit=5").json()
    signed(north, client_id)

    seen, address = [(item["id"], item["what"]) for item in first["results"]], first["next"]
    while address:
        page = north.http.send("GET", address.removeprefix("http://testserver")).json()
        seen, address = [*seen, *((item["id"], item["what"]) for item in page["results"])], page["next"]
        back = page["previous"]

    assert seen == whole
    assert north.http.send("GET", back.removeprefix("http://testserver")).status_code == 200
    others = south.http.send("GET", first["next"].removeprefix("http://testserver"))
    elsewhere = north.http.send("GET", first["next"].removeprefix("http://testserver") + "&kinds=note")
    assert [answer.json()["code"] for answer in (others, elsewhere)] == ["bad_cursor"] * 2


def test_a_token_reads_the_kinds_whose_scope_it_carries(north: make.Clinic, client_id: str) -> None:
    signed(north, client_id)
    alone(north, client_id)
    system = make.Api(make.token(of=make.application(north.organization), scopes="clients:read"))

    shown = moments(system, client_id)

    assert {kind for kind, _ in shown} == {"access", "ask"}
    assert BODY["assessment"] not in ask(system, client_id).content.decode()
    refused = ask(system, client_id, "?kinds=note")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


def test_every_look_is_logged_at_the_client_and_at_each_note_that_was_shown(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    note = signed(north, client_id)

    for http in (north.http, south.http, north.auditor.http):
        ask(http, client_id, "?kinds=note")

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(client_id=client_id, subject_type__in=["timeline", "note"]).order_by("at")
        seen = [(look.actor_display, look.subject_type, str(look.subject_id), look.why) for look in looks]
    assert seen == [
        ("South Physio Practitioner", "timeline", client_id, "referral"),
        ("South Physio Practitioner", "note", note["id"], "circle"),
        ("North Massage Auditor", "timeline", client_id, "home"),
        ("North Massage Auditor", "note", note["id"], "own"),
    ]


def test_a_page_takes_few_statements_and_no_more_for_many_rows(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    signed(north, client_id)

    def statements(query: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ask(south.http, client_id, query).status_code == 200
        return len([each for each in seen if "SAVEPOINT" not in each["sql"]])

    few = [statements(query) for query in ("", "?kinds=note", f"?organization_id={north.id}&limit=7")]
    for _ in range(6):
        signed(north, client_id)
    many = [statements(query) for query in ("", "?kinds=note", f"?organization_id={north.id}&limit=7")]

    assert few == many
    assert max(many) <= MOST
