"""A question without a client: what would say who it is about is refused at its field."""

from typing import Any

import pytest

from tests import make

pytestmark = pytest.mark.django_db


def asked(north: make.Clinic, south: make.Clinic, **words: Any) -> Any:
    body = make.referral_body(south, kind="advice", regions=[], **words)
    return north.http.send("POST", "referrals", body)


@pytest.mark.parametrize(
    "text",
    [
        "Runner, born 1980-02-03, with a sore heel.",
        "Heel pain. DOB: 02/03/1980.",
        "D.O.B. 3.2.1980, sore heel",
        "Date of birth is Feb 3, 1980.",
        "Date of birth 3rd February 1980",
        "1980-02-03 (born), sore heel",
        "Write to her: ann.smith@example.org",
        "Ring +1 (303) 555-0142 first.",
        "Her number is 303 555 0142.",
        "Probe Zygmuntowicz has a sore heel.",
        "What would you do for ZYGMUNTOWICZ, probe?",
        "Jose Garcia Lopez limps.",
    ],
)
def test_who_it_is_about_is_refused_at_the_field(north: make.Clinic, south: make.Clinic, text: str) -> None:
    make.client(north, family_name="Zygmuntowicz", given_name="Probe")
    make.client(north, family_name="García-López", given_name="José")

    answer = asked(north, south, question=text)

    assert (answer.status_code, answer.json()["code"]) == (400, "client_required")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/question"]
    assert north.http.send("GET", "referrals").json()["results"] == []


@pytest.mark.parametrize(
    "text",
    [
        "Runner, 45, sore heel since 2026-11-02 10:00. What would you try?",
        "Born runner with 3 x 12 repetitions at 60 kg: too much?",
        "Pain 7/10 on 3/10, 4/10 on 17/10/2026.",
        "Would you probe the joint first?",
        "L4/5, 12 - 15 visits, 2-3 times a week, 6 weeks.",
    ],
)
def test_clinical_words_and_numbers_are_not_taken_for_a_person(
    north: make.Clinic, south: make.Clinic, text: str
) -> None:
    make.client(north, family_name="Zygmuntowicz", given_name="Probe")

    assert asked(north, south, question=text).status_code == 201


def test_a_name_that_only_another_clinic_knows_is_not_given_away(north: make.Clinic, south: make.Clinic) -> None:
    make.client(south, family_name="Zygmuntowicz", given_name="Probe")

    assert asked(north, south, question="Probe Zygmuntowicz has a sore heel.").status_code == 201


def test_every_sentence_is_looked_at_also_when_a_draft_is_changed_or_a_message_written(
    north: make.Clinic, south: make.Clinic
) -> None:
    flags = {"asked": True, "positive": [], "why_not_medicine": "Ask ann@example.org."}
    assert asked(north, south, red_flags=flags).json()["errors"][0]["pointer"] == "/red_flags/why_not_medicine"
    draft = asked(north, south, send=False).json()
    tag = {"If-Match": north.http.send("GET", f"referrals/{draft['id']}")["ETag"]}

    changed = north.http.send("PATCH", f"referrals/{draft['id']}", {"tried": "Rang 303 555 0142."}, **tag)
    written = north.http.send("POST", f"referrals/{draft['id']}/messages", {"text": "DOB 1980-02-03"})

    assert (changed.status_code, changed.json()["errors"][0]["pointer"]) == (400, "/tried")
    assert (written.status_code, written.json()["errors"][0]["pointer"]) == (400, "/text")


def test_a_question_about_a_client_may_name_them(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, family_name="Zygmuntowicz", given_name="Probe")
    make.consent(north, client["id"], south)

    body = make.referral_body(south, kind="advice", question="Probe Zygmuntowicz, born 1980-02-03?")
    answer = north.http.send("POST", "referrals", {**body, "client_id": client["id"]})

    assert answer.status_code == 201
