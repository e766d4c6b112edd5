"""Members: invited by admins, until they leave."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.directory.models import AccessToken, Member, PractitionerRole, User
from backend.lib.unit_of_work import acting_as
from tests import make

NEW = {"email": "New.Person@Example.org", "rights": ["coordinator", "auditor"], "given_name": "New"}


def change(who: make.Api, member: Member, body: dict[str, Any]) -> Any:
    tag = who.send("GET", f"members/{member.id}")
    return who.send("PATCH", f"members/{member.id}", body, **{"If-Match": tag.headers.get("ETag", '"1.x"')})


def test_an_admin_adds_a_member_whose_account_has_no_password(north: make.Clinic) -> None:
    answer = north.admin.http.send("POST", "members", NEW)

    assert answer.status_code == 201
    assert (answer.json()["email"], answer.json()["rights"]) == ("new.person@example.org", ["coordinator", "auditor"])
    assert not User.objects.get(email="new.person@example.org").has_usable_password()
    with acting_as(north.admin.actor):
        assert [event.type for event in Event.objects.all()] == ["member.added"]


def test_an_account_that_exists_is_not_made_twice(north: make.Clinic, south: make.Clinic) -> None:
    email = south.coordinator.member.user.email.upper()

    first = north.admin.http.send("POST", "members", {"email": email, "rights": ["auditor"]})
    second = north.admin.http.send("POST", "members", {"email": email, "rights": ["auditor"]})

    assert (first.status_code, second.status_code, second.json()["code"]) == (201, 409, "already_member")
    assert User.objects.filter(email__iexact=email).count() == 1


def test_nobody_but_an_admin_in_person_adds_members(north: make.Clinic, south: make.Clinic) -> None:
    for who in (north.http, north.coordinator.http, north.auditor.http, north.system):
        assert who.send("POST", "members", NEW).status_code == 403
    assert not User.objects.filter(email__iexact=NEW["email"]).exists()


def test_members_are_shown_to_their_own_people_only(north: make.Clinic, south: make.Clinic) -> None:
    listed = north.coordinator.http.send("GET", "members").json()["results"]

    assert {row["organization"]["id"] for row in listed} == {north.id}
    assert len(listed) == 4
    assert south.admin.http.send("GET", f"members/{north.admin.member.id}").status_code == 404
    assert north.system.send("GET", "members").status_code == 403


def test_rights_change_on_the_next_request(north: make.Clinic) -> None:
    answer = change(north.admin.http, north.coordinator.member, {"rights": ["admin", "coordinator"]})

    assert answer.json()["rights"] == ["coordinator", "admin"]
    assert north.coordinator.http.send("GET", "me").json()["roles"] == ["admin", "coordinator"]


def test_a_member_sets_their_quiet_hours_and_not_their_rights(north: make.Clinic) -> None:
    quiet = change(north.coordinator.http, north.coordinator.member, {"quiet_from": "19:00", "daily_digest": False})
    greedy = change(north.coordinator.http, north.coordinator.member, {"rights": ["admin"]})
    other = change(north.coordinator.http, north.auditor.member, {"quiet_from": "19:00"})

    assert (quiet.status_code, quiet.json()["quiet_from"]) == (200, "19:00")
    assert (greedy.status_code, other.status_code) == (403, 403)
    assert Member.objects.get(pk=north.coordinator.member.id).rights == ["coordinator"]


@pytest.mark.parametrize("rights", [[], ["owner"], "admin", None])
def test_rights_are_some_of_four(north: make.Clinic, rights: Any) -> None:
    answer = change(north.admin.http, north.coordinator.member, {"rights": rights})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith("/rights")


def test_the_last_admin_can_neither_go_nor_step_down(north: make.Clinic) -> None:
    gone = north.admin.http.send("POST", f"members/{north.admin.member.id}/end")
    down = change(north.admin.http, north.admin.member, {"rights": ["auditor"]})

    assert [(a.status_code, a.json()["code"]) for a in (gone, down)] == [(409, "last_admin")] * 2
    assert Member.objects.get(pk=north.admin.member.id).rights == ["admin"]


def test_whoever_leaves_is_out_on_the_next_request(north: make.Clinic) -> None:
    account = north.practitioner.member.user
    session = make.signed_in(account)
    assert session.send("GET", "me").status_code == 200

    answer = north.admin.http.send("POST", f"members/{north.practitioner.member.id}/end")

    assert answer.status_code == 200
    assert answer.json()["ended_at"] == answer.json()["updated_at"]
    assert north.http.send("GET", "me").status_code == 401
    assert session.send("GET", "me").status_code == 401
    assert not AccessToken.objects.filter(member=north.practitioner.member).exists()
    role = PractitionerRole.objects.get(pk=north.role_id)
    assert role.ended_at == role.updated_at
    with acting_as(north.admin.actor):
        types = list(Event.objects.order_by("id").values_list("type", flat=True))
    assert types == ["member.ended", "practitioner_role.ended"]


def test_a_former_member_can_come_back(north: make.Clinic) -> None:
    email = north.auditor.member.user.email
    north.admin.http.send("POST", f"members/{north.auditor.member.id}/end")

    answer = north.admin.http.send("POST", "members", {"email": email, "rights": ["auditor"]})

    assert answer.status_code == 201
    assert answer.json()["id"] != str(north.auditor.member.id)
