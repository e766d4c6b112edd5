"""Whose looks are logged although what they looked at is their own clinic's: whoever reads it by an auditor's right alone."""

import pytest

from backend.audit.models import AccessLog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.careplans.plans import alone
from tests.notes.writing import signed
from tests.referrals.stories import in_state


@pytest.mark.parametrize(
    ("rights", "are_logged"),
    [
        (("auditor",), True),
        (("auditor", "admin"), True),
        (("auditor", "coordinator"), True),
        (("auditor", "practitioner"), False),
        (("coordinator",), False),
    ],
)
def test_looks_by_an_auditors_right_alone_are_logged_at_home_too(
    north: make.Clinic, south: make.Clinic, rights: tuple[str, ...], are_logged: bool
) -> None:
    client_id = str(make.client(north)["id"])
    owned = {
        "client": f"clients/{client_id}",
        "note": f"notes/{signed(north, client_id)['id']}",
        "care_plan": f"care-plans/{alone(north, client_id).id}",
        "referral": f"referrals/{in_state('sent', north, south)['id']}",
        "timeline": f"clients/{client_id}/timeline",
    }
    discipline = "massage_therapy" if "practitioner" in rights else ""
    who = make.person(north.organization, *rights, discipline=discipline)

    answers = [who.http.send("GET", path).status_code for path in owned.values()]

    with acting_as(north.auditor.actor):
        logged = set(AccessLog.objects.filter(member_id=who.member.id).values_list("subject_type", flat=True))
    assert answers == [200] * len(owned)
    assert logged == (set(owned) if are_logged else set())


def test_an_admin_who_is_shown_no_content_is_not_logged_at_home(north: make.Clinic, south: make.Clinic) -> None:
    note, referral = signed(north, str(make.client(north)["id"])), in_state("sent", north, south)

    for path in (f"notes/{note['id']}", f"referrals/{referral['id']}"):
        assert north.admin.http.send("GET", path).status_code == 200

    with acting_as(north.auditor.actor):
        assert not AccessLog.objects.filter(member_id=north.admin.member.id).exists()
