"""Calls the running service as an integrator would, with keys that make a second run harmless."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy of the environment


class Refused(Exception):
    """The service said no; the message is its own sentence."""


@dataclass(frozen=True)
class Service:
    """The service under one base address."""

    base_url: str

    def call(
        self, method: str, path: str, body: Any = None, *, token: str, key: str = "", version: int | None = None
    ) -> Any:
        """The answer's JSON. A body is JSON, too, or a file's bytes. A POST with a key that was answered before gets that answer again.

        ``version`` is the one that was read of what is changed.
        """
        is_file = isinstance(body, bytes)
        request = urllib.request.Request(  # noqa: S310 - the address is the supervisor's own
            f"{self.base_url}{path}",
            method=method,
            data=body if is_file or body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/octet-stream" if is_file else "application/json",
                **({"Idempotency-Key": key} if key else {}),
                **({"If-Match": f'"{version}.0"'} if version else {}),
            },
        )
        try:
            with LOOPBACK.open(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            problem = json.loads(error.read() or b"{}")
            raise Refused(f"{method} {path}: {error.code} {problem.get('code')}: {problem.get('detail')}") from error

    def token_of(self, system: dict[str, Any]) -> str:
        """What a clinic's own system gets for its secret."""
        named = {name: system[name] for name in ("client_id", "client_secret")}
        form = urllib.parse.urlencode({"grant_type": "client_credentials", **named}).encode()
        with LOOPBACK.open(f"{self.base_url}/oauth/token", form, timeout=60) as answer:
            return str(json.loads(answer.read())["access_token"])


@dataclass(frozen=True)
class Clinics:
    """The practitioner of each discipline and the student, and the systems of their clinics, calling the service."""

    service: Service
    people: dict[str, dict[str, Any]]
    systems: list[dict[str, Any]]

    def get(self, discipline: str, path: str) -> Any:
        return self.service.call("GET", f"/api/v1/{path}", token=self.people[discipline]["token"])

    def post(self, discipline: str, path: str, body: Any, *, key: str) -> Any:
        token = self.people[discipline]["token"]
        return self.service.call("POST", f"/api/v1/{path}", body, token=token, key=f"demo-{key}")

    def deliver(self, discipline: str, path: str, body: Any, *, key: str) -> Any:
        """Sends what the clinic's own system sends."""
        here = self.people[discipline]["organization_id"]
        system = next(system for system in self.systems if system["organization_id"] == here)
        return self.service.call(
            "POST", f"/api/v1/{path}", body, token=self.service.token_of(system), key=f"demo-{key}"
        )

    def keep(self, discipline: str, name: str, content: bytes) -> Any:
        """Uploads a file."""
        path = f"/api/v1/attachments?name={name}"
        return self.service.call("POST", path, content, token=self.people[discipline]["token"])

    def change(self, discipline: str, path: str, body: Any) -> Any:
        """As somebody who has just read it."""
        version = self.get(discipline, path)["version"]
        token = self.people[discipline]["token"]
        return self.service.call("PATCH", f"/api/v1/{path}", body, token=token, version=version)
