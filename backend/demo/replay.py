"""Replays the stories through the public API, in the order of their days, while the sandbox's clock moves to now."""

import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from backend.audit.models import MovedClock
from backend.demo.api import Clinics, Service
from backend.demo.charting import Chart
from backend.demo.guest import Guest, waited_for
from backend.lib import clock
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as

ZONE = ZoneInfo("America/Denver")
STORIES = Path(__file__).parent / "stories.json"
EXPORT_TAKES = 240  # looks, a quarter of a second apart
OF_A_DRAFT = ("answer", "findings", "recommendations", "quoted_note_ids")
Say = Callable[[str], None]
Keys = dict[str, list[dict[str, Any]]]


@dataclass(order=True)
class Beat:
    """One thing that happens in a story, on its day."""

    at: datetime
    order: int
    act: Callable[[], None] = field(compare=False)


class Replay:
    """The three clinics living through the stories."""

    def __init__(self, service: Service, keys: Keys, say: Say) -> None:
        self.service, self.say, people = service, say, keys["people"]
        self.script = json.loads(STORIES.read_text())
        treating = [p for p in reversed(people) if "practitioner" in p["roles"]]
        self.people = {p["discipline"]: p for p in treating}  # the first of each
        student = next(p for p in people if p["is_student"])
        self.clinics = Clinics(service, {**self.people, "student": student}, keys["systems"])
        self.clients: dict[str, str] = {}
        self.referrals: dict[str, str] = {}
        self.guests: dict[str, tuple[Guest, str]] = {}  # and when each saw the client
        self.charts: dict[str, Chart] = {}
        self.circles: dict[str, set[str]] = {}  # with whom the first clinic of a client may share, by client
        self.queue: list[Beat] = []
        self.today = clock.real_now().replace(minute=0, second=0, microsecond=0)
        self.begins = self.today - timedelta(days=self.script["days_back"])

    @property
    def is_done(self) -> bool:
        someone = self.people["massage_therapy"]
        search = {"identifier": {"system": "urn:trialogue:demo", "value": "last"}}
        found = self.service.call("POST", "/api/v1/referrals/search", search, token=someone["token"])
        return bool(found["results"])

    def run(self) -> None:
        """From the first day of the first story to now."""
        for story in self.script["stories"]:
            self._plan(story)
        beats, done = len(self.queue), 0
        while self.queue:
            beat = heapq.heappop(self.queue)
            self._move_clock_to(beat.at)
            beat.act()
            done += 1
            if done % 10 == 0 or done == beats:
                self.say(f"  {done} of {beats} moves replayed")
        self._move_clock_to(self.today)
        self.come_to_rest()
        exports = [self._ask_for_export(**asked) for asked in self.script["exports"]]
        self._leave_some_waiting()
        for by, path in exports:
            waited_for(partial(self._made, by, path), what=f"the export of {path}", patience=EXPORT_TAKES)

    # --- the stories ---------------------------------------------------------------------------------------------

    def _plan(self, story: dict[str, Any]) -> None:
        client, start = story["client"], self.begins + timedelta(days=story["start"])
        self.say(f"  {story['title']}")
        self._beat(start, 0, 8, lambda: self._open_record(client, start))
        for referral in story["referrals"]:
            for number, (day, name, *details) in enumerate(referral["steps"]):
                key = f"{referral['key']}-{number}"
                self._beat(start, day, 9, partial(self._step, referral, start, name, *details, key=key))
        for number, (day, hour, by, name, *details) in enumerate(story["record"]):
            self._beat(start, day, hour, partial(self._write, client["key"], number, by, name, *details))

    def _beat(self, start: datetime, day: int, hour: int, act: Callable[[], None]) -> None:
        at = start.replace(hour=0) + timedelta(days=day, hours=hour + 7)  # clinics in Denver open at 8; 15 h UTC
        heapq.heappush(self.queue, Beat(at, len(self.queue), act))

    def _open_record(self, client: dict[str, Any], start: datetime) -> None:
        """The client comes to the first clinic, and says yes to the team at once."""
        self.register(client)
        circle = {
            "organization_ids": [self.people[discipline]["organization_id"] for discipline in client["circle"]],
            "categories": ["plan", "notes", "outcomes"],
            "method": "in_person",
        }
        client_id = self.clients[f"{client['key']}@{client['home']}"]
        self.clinics.post(client["home"], f"clients/{client_id}/consents", circle, key=f"{client['key']}-circle")
        self.circles[client_id] = set(client["circle"])
        self.charts[client["key"]] = Chart(self.clinics, client_id, start, client["key"])

    def _write(self, key: str, number: int, by: str, name: str, details: dict[str, Any] | None = None) -> None:
        self.charts[key].write(by, name, details or {}, number=number)

    def register(self, client: dict[str, Any]) -> None:
        homes = [client["home"], *([client["also_at"]] if "also_at" in client else [])]
        for home in homes:
            made = self.clinics.post(
                home,
                "clients",
                {
                    "given_name": client["given_name"],
                    "family_name": client["family_name"],
                    "birth_date": f"{self.today.year - client['age']}-05-14",
                    "gender": client["gender"],
                    "email": f"{client['key']}@clients.example",
                    "phone": f"+1 303 555 {140 + len(self.clients):04}",
                },
                key=f"{client['key']}-{home}",
            )
            self.clients[f"{client['key']}@{home}"] = made["id"]
            for code in client.get("precautions", []):
                body = {"code": code, "regions": []}
                self.clinics.post(home, f"clients/{made['id']}/precautions", body, key=f"{client['key']}-{home}-{code}")

    def _client_key(self, referral: dict[str, Any]) -> str:
        stories = self.script["stories"]
        return next(str(story["client"]["key"]) for story in stories if referral in story["referrals"])

    def _client_of(self, referral: dict[str, Any]) -> str:
        key = self._client_key(referral)
        home = referral["from"] if referral.get("own_record") else referral.get("client_of")
        found = f"{key}@{home}" if home else next(k for k in self.clients if k.startswith(f"{key}@"))
        return self.clients[found]

    def _step(
        self, referral: dict[str, Any], start: datetime, name: str, details: dict[str, Any] | None = None, *, key: str
    ) -> None:
        details = details or {}
        if name == "send":
            self._send(referral, self._client_of(referral), key)
            return
        sender, recipient = referral["from"], str(referral.get("to"))
        if name in ("interim", "final"):
            report = self._report(referral, details, key)
            self._move(recipient, referral, "report", {"final": name == "final", "report": report}, key)
        elif name == "guest_accept":
            self._accept_as_guest(referral)
        elif name == "guest_report":
            guest, seen_at = self.guests[referral["key"]]
            guest.move("report", seen_at=seen_at, outcome="answered", final="yes", **details)
        elif name == "recorded_report":
            details = dict(details)
            who = {"who": details.pop("who", referral["to_guest"]["name"]), "how": details.pop("how", "phone")}
            self._move(sender, referral, "report", {"final": True, "report": details, "recorded": who}, key)
        elif name == "accept_as_own":
            own = self.clients[f"hal@{recipient}"]
            self._move(recipient, referral, "accept", {"own_client_id": own}, key)
        elif name == "book":
            at = (start + timedelta(days=details["day"])).replace(hour=0) + timedelta(hours=details["hour"] + 7)
            span = {"starts_at": at.isoformat(), "ends_at": (at + timedelta(minutes=50)).isoformat()}
            self._move(recipient, referral, "book", {"visit": span}, key)
        elif name == "read_report":
            unread = self.clinics.get(sender, f"referrals/{self.referrals[referral['key']]}")["unread_reports"]
            self._move(sender, referral, name, {"report_id": unread[0]["id"], **details}, key)
        else:
            if "version" in details:
                details = {**details, "care_plan_id": self.charts[self._client_key(referral)].plan_id}
            by_sender = name in ("give_information", "acknowledge", "withdraw")
            self._move(sender if by_sender else recipient, referral, name, details, key)

    def _report(self, referral: dict[str, Any], details: dict[str, Any], key: str) -> dict[str, Any]:
        """In words of its own; with ``from_notes`` what they do not say is as the notes of its clinic say it."""
        own = {name: text for name, text in details.items() if name != "from_notes"}
        if "from_notes" not in details:
            return own
        path = f"referrals/{self.referrals[referral['key']]}/report-draft"
        draft = self.clinics.post(referral["to"], path, {}, key=f"{key}-draft")
        return {**{name: draft[name] for name in OF_A_DRAFT}, **own}

    def _accept_as_guest(self, referral: dict[str, Any]) -> None:
        """Through the pages of the secure link, like anybody without an account; the client is seen at once."""
        invited = referral["to_guest"]
        guest = Guest(self.service, self.people[referral["from"]]["token"], invited["email"])
        guest.come_in(
            name=invited["name"],
            clinic="Orthopedics at the Park",
            license_kind="Physician",
            license_number="MD-20417",
            place="Colorado",
        )
        guest.move("accept")
        now = datetime.fromisoformat(self._now(referral["from"])).astimezone(ZONE)
        self.guests[referral["key"]] = guest, now.strftime("%Y-%m-%dT%H:%M")

    def _send(self, referral: dict[str, Any], client_id: str, key: str) -> None:
        sender = referral["from"]
        if guest := referral.get("to_guest"):
            to: dict[str, Any] = {"guest": guest}
            asked: dict[str, Any] = {"guests": [{"email": guest["email"]}]}
        elif pool := referral.get("to_pool"):
            to, asked = pool, {"pools": [pool]}
        else:
            to = {"practitioner_role_id": self.people[referral["to"]]["practitioner_role_id"]}
            asked = {"organization_ids": [self.people[referral["to"]]["organization_id"]]}
        if referral.get("to") not in self.circles.get(client_id, ()):
            consent = {**asked, "categories": ["plan", "notes", "outcomes"], "method": "in_person"}
            self.clinics.post(sender, f"clients/{client_id}/consents", consent, key=f"{key}-consent")
        body = {
            "client_id": client_id,
            "to": to,
            "kind": referral.get("kind", "evaluate_and_treat"),
            "priority": referral.get("priority", "routine"),
            "reason": referral["reason"],
            "question": referral["question"],
            "regions": [{"region": referral["region"], "side": referral["side"]}],
            "red_flags": {"asked": True, "positive": referral.get("red_flags", [])},
            "sender_identifier": {"system": "urn:trialogue:demo", "value": referral["key"]},
            "send": True,
        }
        self.referrals[referral["key"]] = self.clinics.post(sender, "referrals", body, key=key)["id"]

    def referral(self, key: str) -> dict[str, Any]:
        """A story's referral as its sender reads it now."""
        senders = {r["key"]: r["from"] for story in self.script["stories"] for r in story["referrals"]}
        found: dict[str, Any] = self.clinics.get(senders[key], f"referrals/{self.referrals[key]}")
        return found

    def figures(self, discipline: str) -> dict[str, Any]:
        """What waits on whom, for the clinic of a discipline."""
        found: dict[str, Any] = self.clinics.get(discipline, "referrals/figures")
        return found

    # --- what is left to be taken away ---------------------------------------------------------------------------

    def _ask_for_export(self, client: str, by: str) -> tuple[str, str]:
        """Whoever asks, and where they find it."""
        asked = self.clinics.post(by, f"clients/{self.charts[client].client_id}/export", {}, key=f"{client}-export")
        return by, f"exports/{asked['id']}"

    def _made(self, by: str, path: str) -> str | None:
        state = str(self.clinics.get(by, path)["state"])
        return None if state in ("waiting", "running") else state

    # --- what is left open ---------------------------------------------------------------------------------------

    def _leave_some_waiting(self) -> None:
        """A few clients in the middle of the loop, so that every inbox has something to do."""
        last = len(self.script["waiting"]) - 1
        for number, case in enumerate(self.script["waiting"]):
            given, family, age = case["client"]
            key = f"waiting-{number}"
            client = {
                "key": key, "home": case["from"], "given_name": given, "family_name": family, "age": age, "gender": "unknown",
            }  # fmt: skip
            self.register(client)
            referral = {**case, "key": "last" if number == last else key}
            self._send(referral, self.clients[f"{key}@{case['from']}"], key)
            for name in case["steps"]:
                self._move(case["to"], referral, *self._waiting_step(name), f"{key}-{name}")

    def _waiting_step(self, name: str) -> tuple[str, dict[str, Any]]:
        day = self.today.replace(hour=16) + timedelta(days=3)
        spans = [
            {
                "starts_at": (day + timedelta(days=n)).isoformat(),
                "ends_at": (day + timedelta(days=n, minutes=50)).isoformat(),
            }
            for n in range(3)
        ]
        details: dict[str, dict[str, Any]] = {
            "ask_information": {"question": "Any leg weakness?"},
            "offer_times": {"times": spans},
            "book": {"visit": spans[0]},
            "decline": {"reason": "no_capacity", "detail": "Full until next month."},
            "waitlist": {"review_on": (self.today + timedelta(days=10)).date().isoformat()},
            "final": {
                "final": True,
                "report": {"answer": "One adjustment helped.", "findings": "C5-6 moves.", "recommendations": "Go on."},
            },
        }
        return "report" if name == "final" else name, details.get(name, {})

    # --- calls ---------------------------------------------------------------------------------------------------

    def _move(self, discipline: str, referral: dict[str, Any], name: str, details: dict[str, Any], key: str) -> Any:
        path = f"referrals/{self.referrals[referral['key']]}/transitions"
        return self.clinics.post(discipline, path, {"name": name, **details}, key=key)

    def _now(self, discipline: str) -> str:
        return str(self.clinics.get(discipline, "me")["now"])

    # --- the clock -----------------------------------------------------------------------------------------------

    def set_back(self) -> None:
        """Puts the sandbox's clock to the first day; only possible before anything happened."""
        with acting_as(WORKER):
            MovedClock.objects.update_or_create(pk=1, defaults={"moved_by": self.begins - clock.real_now()})

    def _move_clock_to(self, moment: datetime) -> None:
        now = datetime.fromisoformat(self._now("massage_therapy"))
        seconds = int((moment - now).total_seconds())
        if seconds > 0:
            token = self.people["massage_therapy"]["token"]
            self.service.call("POST", "/api/v1/sandbox/clock", {"advance": f"PT{seconds}S"}, token=token)

    def come_to_rest(self) -> None:
        """The demo's clock shows the real time from here on."""
        with acting_as(WORKER):
            MovedClock.objects.filter(moved_by__lt=timedelta()).delete()
