"""Who reads a referral's content, field by field and moment by moment; what is not visible is as if it did not exist."""

from typing import Any
from uuid import uuid4

import pytest

from backend.audit import work
from backend.audit.models import AccessLog
from backend.clients.models import Access
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.referrals.stories import advance, assert_readable, event_types, in_state, read, row, withdraw_consent

CANARY = "canary word"


@pytest.fixture
def sent(north: make.Clinic, south: make.Clinic) -> Any:
    return make.sent(north, south, findings=f"{CANARY} in the findings", reason=f"{CANARY} in the reason")


def consent_of(clinic: make.Clinic, referral: Any) -> Any:
    return clinic.http.send("GET", f"clients/{referral['client']['id']}/consents").json()["results"][0]


def everything(who: Any, referral: Any, client_id: str) -> str:
    """Every way out of the API that could show the content, as one text."""
    http = who if isinstance(who, make.Api) else who.http
    answers = [
        http.send("GET", "referrals"),
        http.send("GET", f"referrals?client_id={client_id}"),
        http.send("GET", f"referrals/{referral['id']}"),
        *(http.send("GET", f"referrals/{referral['id']}/{part}") for part in ("messages", "reports", "attachments")),
        http.send("GET", f"clients/{client_id}"),
        http.send("GET", "events"),
        http.send("POST", "clients/search", {"query": referral["client"]["display"].split()[-1]}),
    ]
    return "\n".join(answer.content.decode() for answer in answers)


def test_before_accepting_the_recipient_reads_the_package_and_nothing_else(
    north: make.Clinic, south: make.Clinic, sent: Any
) -> None:
    shown = read(south, sent["id"]).json()

    assert shown["package"]["findings"] == f"{CANARY} in the findings"
    assert shown["package"]["client"]["birth_date"] == "1980-02-03"
    assert south.http.send("GET", f"clients/{sent['client']['id']}").status_code == 404
    assert south.http.send("GET", f"clients/{sent['client']['id']}/consents").status_code == 404
    assert south.http.send("GET", "clients").json()["results"] == []


def test_accepting_opens_the_shared_record(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    make.move(south, sent["id"], "accept")

    shown = south.http.send("GET", f"clients/{sent['client']['id']}")
    assert shown.status_code == 200
    may = south.http.send("GET", f"clients/{sent['client']['id']}/access").json()["may"]
    assert [event_types(south, row["id"]) for row in may] == [["access.started"]]


def test_home_is_only_who_registered_the_client(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    make.move(south, sent["id"], "accept")
    tag = south.http.send("GET", f"clients/{sent['client']['id']}")["ETag"]

    answer = south.http.send("PATCH", f"clients/{sent['client']['id']}", {"city": "Elsewhere"}, **{"If-Match": tag})

    assert_readable(answer, 403, "not_home")


ENDS_UNACCEPTED = ["decline", "withdraw", "consent"]


@pytest.mark.parametrize("how", ENDS_UNACCEPTED)
@pytest.mark.django_db(transaction=True)
def test_a_package_that_was_never_accepted_closes(north: make.Clinic, south: make.Clinic, sent: Any, how: str) -> None:
    client_id = sent["client"]["id"]
    if how == "decline":
        make.move(south, sent["id"], "decline", reason="no_capacity")
    elif how == "withdraw":
        make.move(north, sent["id"], "withdraw", reason="better")
    else:
        withdraw_consent(north, client_id, consent_of(north, sent))

    assert CANARY not in everything(south, sent, client_id)
    shown = read(south, sent["id"]).json()
    assert {"client", "reason", "question", "package", "attachments"} <= set(shown["withheld"])
    assert CANARY in everything(north, sent, client_id)


@pytest.mark.django_db(transaction=True)
def test_an_expired_package_closes(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    advance(days=20)

    assert row(sent["id"], north).state == "expired"
    assert CANARY not in everything(south, sent, sent["client"]["id"])


@pytest.mark.django_db(transaction=True)
def test_an_accepted_package_stays_and_the_shared_record_goes(
    north: make.Clinic, south: make.Clinic, sent: Any
) -> None:
    client_id = sent["client"]["id"]
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "start")
    withdraw_consent(north, client_id, consent_of(north, sent))

    assert south.http.send("GET", f"clients/{client_id}").status_code == 404
    assert read(south, sent["id"]).json()["package"]["findings"] == f"{CANARY} in the findings"
    work.run_due()
    assert read(south, sent["id"]).json()["package"]["findings"] == f"{CANARY} in the findings"
    assert "client.updated" not in event_types(south, client_id)


def test_what_a_party_wrote_stays_with_it(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    south.http.send("POST", f"referrals/{sent['id']}/messages", {"text": "We may have a place in May."})
    make.move(north, sent["id"], "withdraw", reason="sent_in_error")

    assert [m["text"] for m in read(south, sent["id"], "messages").json()["results"]] == ["We may have a place in May."]


def test_sent_in_error_takes_the_content_back_at_once(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    client_id = sent["client"]["id"]
    file = north.http.generic(
        "POST", "/api/v1/attachments?name=a.txt", data=b"canary word", content_type="text/plain"
    ).json()
    number = {"system": "urn:north", "value": "E-1"}
    other = make.referral(
        north, south, client_id=client_id, attachment_ids=[file["id"]], findings=CANARY, sender_identifier=number
    )
    north.http.send("POST", f"referrals/{other['id']}/messages", {"text": CANARY})
    make.move(south, other["id"], "accept")
    assert CANARY in everything(south, other, client_id)
    assert south.http.send("GET", f"attachments/{file['id']}/content").status_code == 200
    make.move(north, sent["id"], "withdraw", reason="better")

    make.move(north, other["id"], "withdraw", reason="sent_in_error", detail=f"{CANARY}: the wrong client.")

    assert CANARY not in everything(south, other, client_id)
    assert south.http.send("GET", f"attachments/{file['id']}/content").status_code == 404
    found = south.http.send("POST", "referrals/search", {"identifier": number})
    assert sent["client"]["display"] not in found.content.decode()
    assert "question" in found.json()["results"][0]["withheld"]
    assert south.http.send("GET", f"clients/{client_id}").status_code == 404
    with acting_as(north.practitioner.actor):
        looked = AccessLog.objects.filter(subject_id=other["id"], organization_id=south.organization.id)
        assert looked.exists(), "nobody can say who had opened it"


def test_advice_and_evaluation_end_their_access_and_treatment_leaves_a_care_team(
    north: make.Clinic, south: make.Clinic
) -> None:
    for kind, status in (("evaluate", 404), ("evaluate_and_treat", 200), ("co_manage", 200)):
        reported = in_state("reported", north, south, kind=kind)
        make.move(north, reported["id"], "acknowledge", plan_change="no_change")

        assert south.http.send("GET", f"clients/{reported['client']['id']}").status_code == status, kind


def test_a_second_final_report_joins_the_care_team_once(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)
    make.move(north, reported["id"], "return_report", missing="The range of motion.")
    make.move(south, reported["id"], "report", final=True, report=make.REPORT)

    with acting_as(north.practitioner.actor):
        assert Access.objects.filter(client_id=reported["client"]["id"], why="care_team").count() == 1


# --- inside a clinic -------------------------------------------------------------------------------------------------


def test_a_coordinator_reads_the_question_and_no_finding(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south, findings=CANARY)

    for clinic in (north, south):
        shown = read(clinic.coordinator, reported["id"]).json()
        assert shown["question"] == reported["question"]
        assert CANARY not in str(shown)
        assert "findings" not in shown["package"]
        assert read(clinic.coordinator, reported["id"], "messages").status_code == 200
        assert_readable(read(clinic.coordinator, reported["id"], "reports"), 403, "right_required")
        assert read(clinic.coordinator, reported["id"], "attachments").json()["results"] == []


def test_a_coordinator_reads_precautions_in_one_line(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    noted = {"code": "anticoag", "regions": [], "note": CANARY}
    assert north.http.send("POST", f"clients/{client['id']}/precautions", noted).status_code == 201
    make.consent(north, client["id"], south)
    sent = make.referral(north, south, client_id=client["id"])

    shown = read(south.coordinator, sent["id"]).json()

    assert shown["package"]["precautions_line"]
    assert CANARY not in str(shown)


def test_an_admin_without_another_role_reads_no_content(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south, findings=CANARY, reason=CANARY)

    for clinic in (north, south):
        shown = read(clinic.admin, reported["id"]).json()
        assert CANARY not in str(shown)
        assert {"client", "reason", "question", "package"} <= set(shown["withheld"])
        assert read(clinic.admin, reported["id"], "messages").json()["results"] == []
        assert_readable(read(clinic.admin, reported["id"], "reports"), 403, "right_required")
        refused = clinic.admin.http.send("POST", f"referrals/{reported['id']}/messages", {"text": "Hello."})
        assert_readable(refused, 403, "wrong_party")


REFUSED = {True: "right_required", False: "wrong_party"}


def test_an_auditor_reads_and_is_logged_also_at_home(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south, findings=CANARY)

    for clinic in (north, south):
        shown = read(clinic.auditor, reported["id"]).json()
        assert shown["package"]["findings"] == CANARY
        assert shown["available_transitions"] == []
        with acting_as(clinic.practitioner.actor):
            looks = AccessLog.objects.filter(member_id=clinic.auditor.member.id, subject_id=reported["id"])
            assert looks.count() == 1
        refused = clinic.auditor.http.send("POST", f"referrals/{reported['id']}/messages", {"text": "Hello."})
        assert_readable(refused, 403, "wrong_party")
        assert_readable(make.try_move(clinic.auditor, reported["id"], "acknowledge"), 403, REFUSED[clinic is north])


def test_a_look_at_another_clinics_client_is_logged_once(north: make.Clinic, south: make.Clinic, sent: Any) -> None:
    with acting_as(north.practitioner.actor):
        before = AccessLog.objects.filter(client_id=sent["client"]["id"]).count()

    read(south, sent["id"])

    with acting_as(north.practitioner.actor):
        assert AccessLog.objects.filter(client_id=sent["client"]["id"]).count() == before + 1


# --- the outsider --------------------------------------------------------------------------------------------------


def same_as_random(http: make.Api, method: str, path: str, real: str, body: Any = None) -> None:
    """The answer for a real id that is not visible is byte-equal to the answer for a random one."""
    answers = []
    for pk in (real, str(uuid4())):
        answer = http.send(
            method, path.format(id=pk), body, **{"X-Request-Id": "req-the-same-for-both", "If-Match": '"1.x"'}
        )
        answers.append((answer.status_code, answer.content))
    assert answers[0] == answers[1], path
    assert answers[0][0] == 404, path


def test_for_the_outsider_it_does_not_exist(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    reported = in_state("reported", north, south, findings=CANARY)

    for http in (outsider.http, outsider.coordinator.http, outsider.admin.http, outsider.auditor.http, outsider.system):
        for path in ("", "/messages", "/reports", "/attachments"):
            same_as_random(http, "GET", "referrals/{id}" + path, reported["id"])
        same_as_random(http, "POST", "referrals/{id}/transitions", reported["id"], {"name": "accept"})
        same_as_random(http, "POST", "referrals/{id}/messages", reported["id"], {"text": "Hello."})
        same_as_random(http, "DELETE", "referrals/{id}", reported["id"])
        same_as_random(http, "PATCH", "referrals/{id}", reported["id"], {"priority": "asap"})
        assert http.send("GET", "referrals").json()["results"] == []
    assert outsider.http.send("GET", f"referrals?client_id={reported['client']['id']}").json()["results"] == []


def test_a_draft_never_leaves_its_clinic(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    draft = make.referral(north, south, client_id=client["id"], send=False)

    same_as_random(south.http, "GET", "referrals/{id}", draft["id"])
    assert read(north.coordinator, draft["id"]).status_code == 200


def test_what_asks_the_client_is_not_shown_to_the_recipient(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    asked = make.referral(north, south, client_id=client["id"], send=False, ask_consent=True)

    same_as_random(south.http, "GET", "referrals/{id}", asked["id"])


def test_a_pool_sees_kind_and_region_and_no_name_age_or_word(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, family_name="Canaryname")
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy", "near": "Denver"}])
    to = {"discipline": "physical_therapy", "near": "Denver"}
    words = {"reason": CANARY, "question": CANARY, "findings": CANARY}
    pool = make.referral(north, to, client_id=client["id"], order={"number": "canary word"}, **words)

    text = south.http.send("GET", "referrals").content.decode() + read(south, pool["id"]).content.decode()

    for secret in (CANARY, "Canaryname", "1980", client["id"], "North Massage", north.role_id):
        assert secret not in text, secret
    glance = read(south, pool["id"]).json()
    assert (glance["kind"], glance["regions"], glance["recipient"]["near"]) == (
        "evaluate_and_treat", pool["regions"], "Denver",
    )  # fmt: skip
    assert sorted(step["name"] for step in glance["available_transitions"]) == ["accept", "pass"]
    for part in ("messages", "reports", "attachments"):
        assert CANARY not in read(south, pool["id"], part).content.decode()


def test_a_pool_that_was_taken_is_gone_for_the_others(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    client = make.client(north)
    make.consent(north, client["id"], pools=[{"discipline": "physical_therapy"}])
    pool = make.referral(north, {"discipline": "physical_therapy"}, client_id=client["id"], findings=CANARY)

    taken = make.move(south, pool["id"], "accept")

    assert taken["package"]["findings"] == CANARY
    same_as_random(outsider.http, "GET", "referrals/{id}", pool["id"])
    assert make.try_move(outsider, pool["id"], "accept").status_code == 404
