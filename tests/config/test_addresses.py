"""Health, documents and what is answered where nothing is."""

import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client, override_settings

from backend.config import health
from backend.lib.problems import Unavailable
from tests import make


def test_alive_asks_no_database() -> None:
    """The test has no database, so a query would fail it."""
    answer = Client().get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_ready_when_migrated() -> None:
    assert Client().get("/health/ready").json() == {"status": "ready"}


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(*_: Any) -> list[object]:
        return [object()]

    monkeypatch.setattr(MigrationExecutor, "migration_plan", plan)

    answer = Client().get("/health/ready")

    assert (answer.status_code, answer.json()["code"]) == (503, "migrations_missing")
    assert answer["Retry-After"] == "5"


def test_not_ready_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(health, "MigrationExecutor", fail)
    monkeypatch.setattr(connection, "close", lambda: None)

    answer = Client().get("/health/ready")

    assert (answer.status_code, answer.json()["code"]) == (Unavailable.status, "database_unavailable")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing", "/fhir/R4/Nothing", "/oauth/device", "/oauth/x"])
def test_programs_read_a_problem_where_nothing_is(path: str) -> None:
    answer = Client().get(path)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"
    assert answer.json()["request_id"] == answer["X-Request-Id"]


@pytest.mark.django_db
def test_people_read_a_page_where_nothing_is() -> None:
    answer = Client().get("/nothing")

    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"Not found" in answer.content


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/me", "application/problem+json"), ("/inbox", "text/html; charset=utf-8")]
)
def test_a_failure_says_so_in_the_readers_language(path: str, kind: str) -> None:
    from django.test import RequestFactory

    from backend.config.errors import server_error

    answer = server_error(RequestFactory().get(path))

    assert (answer.status_code, answer["Content-Type"]) == (500, kind)
    assert b"Something went wrong" in answer.content


@pytest.mark.django_db
@override_settings(BASE_URL="https://trialogue.example.org")
def test_metadata_names_only_what_is_mounted() -> None:
    body = Client().get("/.well-known/oauth-authorization-server").json()

    assert body["issuer"] == "https://trialogue.example.org"
    assert body["grant_types_supported"] == ["authorization_code", "client_credentials", "refresh_token"]
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert "device_authorization_endpoint" not in body
    assert "registration_endpoint" not in body
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        path = body[name].removeprefix("https://trialogue.example.org")
        assert Client().post(path).status_code != 404


@pytest.mark.django_db
def test_smart_configuration_claims_only_what_is_true() -> None:
    body = Client().get("/fhir/R4/.well-known/smart-configuration").json()

    assert body["token_endpoint"].endswith("/oauth/token")
    assert body["capabilities"] == ["client-public", "client-confidential-symmetric"]
    assert "directory:read" in body["scopes_supported"]


@pytest.mark.django_db
def test_the_schema_is_public_and_says_3_1() -> None:
    answer = Client().get("/api/v1/openapi.json")

    assert (answer.status_code, answer.json()["openapi"]) == (200, "3.1.0")
    paths = answer.json()["paths"]
    assert "post" in paths["/api/v1/practitioner-roles/match"]
    assert Client().get("/api/v1/openapi.yaml").content.startswith(b"openapi: 3.1.0")


@pytest.mark.django_db
def test_the_docs_run_no_inline_script_and_ask_no_stranger() -> None:
    page = Client().get("/api/docs")

    html = page.content.decode()
    sources = re.findall(r'<script src="([^"]*)"></script>', html)
    assert len(sources) == html.count("<script") == 3
    assert all(source.startswith(("/static/", "/api/docs")) for source in sources)
    assert "http://" not in html
    assert "https://" not in html
    assert "<style" not in html
    script = Client().get(sources[-1].replace("&amp;", "&"))
    assert script["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/openapi.json" in script.content


def test_sign_in_is_there_and_the_operators_door_leads_to_it(north: make.Clinic) -> None:
    assert Client().get("/accounts/login/").status_code == 200
    assert Client().get("/admin/")["Location"].startswith("/admin/login/")
    assert Client().get("/admin/login/")["Location"].startswith("/accounts/login/")
    assert make.signed_in(north.admin.member.user).get("/admin/").status_code == 302


def test_the_operator_reads_the_directory_and_changes_only_accounts(north: make.Clinic) -> None:
    account = make.user("Olga Operator")
    account.is_staff = account.is_superuser = True
    account.save()
    http = make.signed_in(account)

    assert http.get("/admin/directory/organization/").status_code == 200
    assert http.get(f"/admin/directory/organization/{north.id}/change/").status_code == 200
    assert http.post(f"/admin/directory/organization/{north.id}/change/", {"name": "X"}).status_code == 403
    assert http.get("/admin/directory/accesstoken/").status_code == 404
    assert http.get("/admin/clients/client/").status_code == 404
    assert http.get(f"/admin/directory/user/{north.admin.member.user_id}/change/").status_code == 200
