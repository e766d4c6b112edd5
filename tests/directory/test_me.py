"""Who is calling."""

from tests import make


def test_a_member_reads_their_rights_and_roles(north: make.Clinic) -> None:
    body = north.practitioner.http.send("GET", "me").json()

    assert (body["mode"], body["roles"]) == ("sandbox", ["practitioner"])
    assert body["organization"] == {"id": north.id, "display": "North Massage", "time_zone": "America/Denver"}
    assert body["member"] == {"id": str(north.practitioner.member.id), "display": "North Massage Practitioner"}
    assert body["practitioner_role_ids"] == [north.role_id]
    assert body["limits"]["requests_per_minute"] > 0
    assert body["now"].endswith("Z")


def test_a_system_is_its_application_and_no_member(north: make.Clinic) -> None:
    body = north.system.send("GET", "me").json()

    assert (body["application"]["name"], body["member"], body["roles"]) == ("North Massage system", None, [])
    assert "referrals:write" in body["scopes"]


def test_a_session_has_every_scope_and_no_application(north: make.Clinic) -> None:
    body = make.signed_in(north.admin.member.user).send("GET", "me").json()

    assert body["application"] is None
    assert {"directory:write", "notes:transmit"} <= set(body["scopes"])


def test_nobody_is_refused(north: make.Clinic) -> None:
    answer = make.Api().send("GET", "me")

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"].startswith("Bearer")
