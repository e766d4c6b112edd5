"""Attacks on the links of the loop, in SQL: quoting what is not one's own, linking a plan that is not, changing either."""

from typing import Any
from uuid import UUID

import pytest

from backend.lib.actor import Actor, ActorKind
from backend.lib.ids import uuid7
from tests import make
from tests.attacks.sql import insert, refused, rows
from tests.careplans.plans import alone
from tests.notes.writing import draft, signed
from tests.referrals.stories import in_state, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def reported(north: make.Clinic, south: make.Clinic) -> Any:
    """A referral with a report by south that quotes nothing yet."""
    return in_state("reported", north, south)


def report_of(referral: Any, reader: make.Clinic) -> str:
    return str(read(reader, referral["id"], "reports").json()["results"][0]["id"])


def quote_row(report_id: str, note_id: str, organization_id: str) -> tuple[str, list[Any]]:
    return insert(
        "referrals_reportquote", id=uuid7(), report_id=report_id, note_id=note_id, organization_id=organization_id,
        note_kind="progress", note_signed_by="x", note_signed_at="now", note_occurred_at="now", content_hash="x",
    )  # fmt: skip


def change_row(referral_id: str, version_id: str, organization_id: str, report_id: str | None = None) -> Any:
    return insert(
        "referrals_planchange", id=uuid7(), referral_id=referral_id, report_id=report_id, version_id=version_id,
        organization_id=organization_id, by="x", created_at="now",
    )  # fmt: skip


def version_of(clinic: make.Clinic, client_id: str = "") -> str:
    plan = alone(clinic, client_id)
    plan.line(clinic)
    plan.publish(clinic)
    return str(rows(clinic, "SELECT id FROM careplans_planversion WHERE plan_id = %s", plan.id)[0][0])


def test_only_a_signed_note_of_the_reporting_clinic_about_this_client_is_quoted(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, reported: Any
) -> None:
    report, client = report_of(reported, north), reported["client"]["id"]
    fits = signed(south, client)["id"]
    private = {"subjective": "x", "asks": []}
    wrong = [
        draft(south, client)["id"],
        signed(south, client, visibility="clinic")["id"],
        signed(south, client, visibility="author", **private)["id"],
        signed(south, client, is_sensitive=True)["id"],
        signed(south, make.client(south)["id"])["id"],
        signed(north, client)["id"],
    ]

    for note in wrong:
        for thief in (south, north, outsider):
            for name in {thief.id, south.id}:
                statement, values = quote_row(report, note, name)
                assert refused(thief, statement, *values), note
    for thief in (north, outsider):
        statement, values = quote_row(report, fits, thief.id)
        assert refused(thief, statement, *values)
    statement, values = quote_row(report, fits, south.id)
    assert rows(south, statement, *values) == [None]


def test_a_quote_and_a_link_to_a_plan_are_never_changed(north: make.Clinic, south: make.Clinic, reported: Any) -> None:
    report, client = report_of(reported, north), reported["client"]["id"]
    statement, values = quote_row(report, signed(south, client)["id"], south.id)
    rows(south, statement, *values)
    statement, values = change_row(reported["id"], version_of(north, client), north.id, report)
    rows(north, statement, *values)

    for clinic, table in ((south, "reportquote"), (north, "planchange")):
        assert rows(clinic, f"SELECT 1 FROM referrals_{table}")
        assert refused(clinic, f"UPDATE referrals_{table} SET id = id")
        assert refused(clinic, f"DELETE FROM referrals_{table}")


def test_nobody_links_a_plan_that_is_not_the_senders_own_for_this_client(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, reported: Any
) -> None:
    report, client = report_of(reported, north), reported["client"]["id"]
    own, of_another, theirs = version_of(north, client), version_of(north), version_of(south, client)
    elsewhere = in_state("reported", north, south)

    for thief, version, name in (
        (north, of_another, north), (north, theirs, north), (south, theirs, south), (south, own, north), (south, own, south),
        (outsider, own, outsider),
    ):  # fmt: skip
        statement, values = change_row(reported["id"], version, name.id)
        assert refused(thief, statement, *values), (thief.organization, version)
    statement, values = change_row(elsewhere["id"], own, north.id)
    assert refused(north, statement, *values)
    statement, values = change_row(reported["id"], own, north.id, report_of(elsewhere, north))
    assert refused(north, statement, *values)
    assert report
    assert not rows(south, "SELECT 1 FROM referrals_planchange")


def test_whether_a_quoted_note_stands_is_told_to_the_parties_only(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic, reported: Any
) -> None:
    report, client = report_of(reported, north), reported["client"]["id"]
    statement, values = quote_row(report, signed(south, client)["id"], south.id)
    rows(south, statement, *values)
    quote = rows(north, "SELECT id FROM referrals_reportquote")[0][0]
    strangers: list[make.Clinic | Actor] = [
        outsider,
        Actor(kind=ActorKind.GUEST, referral_id=uuid7()),
        Actor(kind=ActorKind.CLIENT, client_id=uuid7()),
    ]

    parties: list[make.Clinic | Actor] = [north, south, Actor(kind=ActorKind.CLIENT, client_id=UUID(client))]
    for party in parties:
        assert rows(party, "SELECT quote_stands(%s)", quote) == [(True,)]
    for stranger in strangers:
        assert rows(stranger, "SELECT quote_stands(%s)", quote) == [(False,)]
        assert not rows(stranger, "SELECT 1 FROM referrals_reportquote")
