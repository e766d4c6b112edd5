"""A clinic's systems and tools, and the tokens they get."""

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from backend.audit.models import IdempotentRequest
from backend.directory.models import Application
from tests import make

SYSTEM = {"name": "Calendar", "scopes": ["referrals:read", "directory:read"]}
TOOL: dict[str, Any] = {
    "name": "Phone",
    "kind": "tool",
    "scopes": ["directory:read"],
    "redirect_uris": ["https://tool.example.org/back"],
    "is_public": True,
}


def connect(clinic: make.Clinic, body: dict[str, Any]) -> dict[str, Any]:
    answer = clinic.admin.http.send("POST", "applications", body)
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


def ask_token(**fields: str) -> Any:
    return make.Api().post("/oauth/token", fields)


def token_of(application: dict[str, Any], **more: str) -> Any:
    return ask_token(
        grant_type="client_credentials",
        client_id=application["client_id"],
        client_secret=application["client_secret"],
        **more,
    )


def test_a_system_gets_a_token_for_its_scopes_and_acts_for_its_clinic(north: make.Clinic) -> None:
    application = connect(north, SYSTEM)

    answer = token_of(application)

    body = answer.json()
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 600)
    assert set(body["scope"].split()) == set(SYSTEM["scopes"])
    me = make.Api(body["access_token"]).send("GET", "me").json()
    assert me["application"] == {"id": application["id"], "name": "Calendar"}
    assert me["organization"]["id"] == north.id


def test_a_token_never_carries_more_than_the_application_may(north: make.Clinic) -> None:
    answer = token_of(connect(north, SYSTEM), scope="clients:read")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_wrong_secret_is_answered_as_oauth_says(north: make.Clinic, secret: str) -> None:
    application = {**connect(north, SYSTEM), "client_secret": secret}

    answer = token_of(application)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_secret_is_shown_once_and_kept_nowhere(north: make.Clinic) -> None:
    made = north.admin.http.send("POST", "applications", SYSTEM, **{"Idempotency-Key": "one"})
    again = north.admin.http.send("POST", "applications", SYSTEM, **{"Idempotency-Key": "one"})

    secret = made.json()["client_secret"]
    assert len(secret) > 40
    assert (again.status_code, again["Idempotency-Replayed"], again.json()["client_secret"]) == (201, "true", None)
    assert again.json()["id"] == made.json()["id"]
    assert "client_secret" not in north.admin.http.send("GET", f"applications/{made.json()['id']}").json()
    assert secret not in json.dumps(north.admin.http.send("GET", "applications").json())
    assert secret not in Application.objects.get(pk=made.json()["id"]).client_secret
    assert secret.encode() not in bytes(IdempotentRequest.objects.get().body or b"")


def test_rotating_ends_the_former_secret_and_its_tokens(north: make.Clinic) -> None:
    application = connect(north, SYSTEM)
    token = token_of(application).json()["access_token"]

    rotated = north.admin.http.send("POST", f"applications/{application['id']}/rotate-secret")

    assert rotated.status_code == 200
    assert make.Api(token).send("GET", "me").status_code == 401
    assert token_of(application).status_code == 401
    assert token_of(rotated.json()).status_code == 200


def test_an_ended_application_gets_nothing_any_more(north: make.Clinic) -> None:
    application = connect(north, SYSTEM)
    token = token_of(application).json()["access_token"]

    north.admin.http.send("POST", f"applications/{application['id']}/end")

    assert make.Api(token).send("GET", "me").status_code == 401
    assert token_of(application).status_code == 401
    listed = north.admin.http.send("GET", "applications").json()["results"]
    assert application["id"] not in [row["id"] for row in listed]


def test_new_scopes_end_the_tokens_of_the_former_ones(north: make.Clinic) -> None:
    application = connect(north, SYSTEM)
    token = token_of(application).json()["access_token"]
    path = f"applications/{application['id']}"
    tag = north.admin.http.send("GET", path)["ETag"]

    answer = north.admin.http.send("PATCH", path, {"scopes": ["events:read"]}, **{"If-Match": tag})

    assert (answer.status_code, answer.json()["scopes"]) == (200, ["events:read"])
    assert make.Api(token).send("GET", "me").status_code == 401
    assert token_of(application).json()["scope"] == "events:read"


def test_secrets_are_for_admins_in_person_of_that_clinic(north: make.Clinic, south: make.Clinic) -> None:
    application = connect(north, SYSTEM)
    path = f"applications/{application['id']}"

    for who in (north.system, north.http, north.coordinator.http, north.auditor.http):
        assert who.send("GET", "applications").status_code == 403
        assert who.send("POST", "applications", SYSTEM).status_code == 403
        assert who.send("POST", f"{path}/rotate-secret").status_code == 403
    assert south.admin.http.send("POST", f"{path}/rotate-secret").status_code == 404
    assert token_of(application).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**SYSTEM, "scopes": ["everything"]}, "/scopes"),
        ({**SYSTEM, "scopes": []}, "/scopes"),
        ({**SYSTEM, "redirect_uris": ["https://x.example.org/"]}, "/redirect_uris"),
        ({**SYSTEM, "is_public": True}, "/is_public"),
        ({**TOOL, "redirect_uris": []}, "/redirect_uris"),
        ({**TOOL, "redirect_uris": ["javascript:alert(1)"]}, "/redirect_uris"),
        ({**TOOL, "redirect_uris": ["https://x.example.org/#part"]}, "/redirect_uris"),
    ],
)
def test_a_bad_application_names_the_field(north: make.Clinic, body: dict[str, Any], pointer: str) -> None:
    answer = north.admin.http.send("POST", "applications", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


# A person's tool


def authorize(http: make.Api, application: dict[str, Any], **more: str) -> Any:
    query = {
        "response_type": "code",
        "client_id": application["client_id"],
        "redirect_uri": TOOL["redirect_uris"][0],
        "scope": "directory:read",
        "state": "s",
        **more,
    }
    return http.get(f"/oauth/authorize?{urlencode(query)}")


def allow(http: make.Api, page: Any) -> Any:
    """Presses Connect on the page that asks."""
    hidden = {name: value for name, value in page.context["form"].initial.items() if value}
    return http.post("/oauth/authorize", {**hidden, "allow": "Authorize"})


def pkce() -> tuple[str, dict[str, str]]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return verifier, {"code_challenge": challenge, "code_challenge_method": "S256"}


def test_a_persons_tool_acts_as_the_member_and_its_refresh_token_rotates(north: make.Clinic) -> None:
    application, http = connect(north, TOOL), make.signed_in(north.practitioner.member.user)
    verifier, challenge = pkce()
    page = authorize(http, application, **challenge)

    allowed = allow(http, page)
    code = parse_qs(urlsplit(allowed["Location"]).query)["code"][0]
    first = ask_token(
        grant_type="authorization_code",
        client_id=application["client_id"],
        code=code,
        code_verifier=verifier,
        redirect_uri=TOOL["redirect_uris"][0],
    ).json()
    renew = {"grant_type": "refresh_token", "client_id": application["client_id"]}
    second = ask_token(**renew, refresh_token=first["refresh_token"])
    me = make.Api(second.json()["access_token"]).send("GET", "me").json()
    reused = ask_token(**renew, refresh_token=first["refresh_token"])

    assert "https://tool.example.org" in page["Content-Security-Policy"]
    assert me["member"]["id"] == str(north.practitioner.member.id)
    assert me["scopes"] == ["directory:read"]
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    # Somebody has a copy: nothing that was made from it lives on.
    assert make.Api(second.json()["access_token"]).send("GET", "me").status_code == 401
    assert ask_token(**renew, refresh_token=second.json()["refresh_token"]).status_code == 400


@pytest.mark.parametrize("challenge", [{}, {"code_challenge": "a" * 43, "code_challenge_method": "plain"}])
def test_a_tool_without_pkce_is_sent_back(north: make.Clinic, challenge: dict[str, str]) -> None:
    http = make.signed_in(north.practitioner.member.user)

    answer = authorize(http, connect(north, TOOL), **challenge)
    if answer.status_code == 200:
        answer = allow(http, answer)

    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["invalid_request"]


def test_an_address_that_was_not_registered_gets_nothing(north: make.Clinic) -> None:
    http = make.signed_in(north.practitioner.member.user)

    answer = authorize(http, connect(north, TOOL), redirect_uri="https://evil.example.org/", **pkce()[1])

    assert answer.status_code == 400
    assert "Location" not in answer


def test_a_revoked_token_is_refused(north: make.Clinic) -> None:
    application = connect(north, SYSTEM)
    token = token_of(application).json()["access_token"]
    proof = {"client_id": application["client_id"], "client_secret": application["client_secret"]}

    answer = make.Api().post("/oauth/revoke", {"token": token, **proof})

    assert answer.status_code == 200
    assert make.Api(token).send("GET", "me").status_code == 401


@pytest.mark.parametrize("grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code"])
def test_grants_that_are_not_used_are_refused(north: make.Clinic, grant: str) -> None:
    application = connect(north, SYSTEM)

    answer = ask_token(
        grant_type=grant,
        client_id=application["client_id"],
        client_secret=application["client_secret"],
        username="a",
        password="b",
        device_code="c",
    )

    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})
