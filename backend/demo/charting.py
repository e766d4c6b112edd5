"""What the clinics of a story write down: notes that are signed, and one plan that they change and agree on."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backend.demo.api import Clinics, Refused
from backend.lib.typesetting import Block, Document, Section, pdf_of

Details = dict[str, Any]
TRIES = 120
OF_A_VISIT = ("progress", "re_evaluation", "discharge")
OF_THE_SCRIPT = ("key", "files", "copy_of", "confirmed")  # what of a note's entry is not sent as it stands


@dataclass
class Chart:
    """The record of one story's client. Each kind of entry in the script is a method of the same name."""

    clinics: Clinics
    client_id: str
    begins: datetime
    key: str
    plan_id: str = ""
    note_ids: dict[str, str] = field(default_factory=dict)
    line_ids: dict[str, str] = field(default_factory=dict)
    proposal_ids: dict[str, str] = field(default_factory=dict)

    def write(self, by: str, name: str, details: Details, *, number: int) -> None:
        entry = getattr(self, name)
        entry(by, details, f"{self.key}-chart-{number}")

    # --- notes ---------------------------------------------------------------------------------------------------

    def note(self, by: str, details: Details, key: str) -> None:
        """Signed; after the first visit, which a referral has of its own, with the visit that it tells of."""
        if details["kind"] in OF_A_VISIT:
            details = {**details, "visit_id": self._visit(by, f"{key}-visit")}
        drafted = self.draft_note(by, details, key)
        if confirmed := details.get("confirmed"):
            self.clinics.change(by, f"notes/{drafted['id']}", {"confirmed": confirmed})
        self.clinics.post(by, f"notes/{drafted['id']}/sign", {}, key=f"{key}-sign")

    def draft_note(self, by: str, details: Details, key: str) -> Details:
        """Begun anew, or as a copy of the note that ``copy_of`` names."""
        asks = [self._dated(ask) for ask in details.get("asks", [])]
        kept = [self._file(by, file) for file in details.get("files", [])]
        facts = {name: value for name, value in details.items() if name not in OF_THE_SCRIPT}
        if source := details.get("copy_of"):
            facts["copy_from"] = self.note_ids[source]
        written: Details = self.clinics.post(
            by, "notes", {**facts, "client_id": self.client_id, "asks": asks, "attachment_ids": kept}, key=key
        )
        self.note_ids[details.get("key", key)] = written["id"]
        return written

    def agree_to_transmission(self, by: str, details: Details, key: str) -> None:
        """That the clinic's system delivers what its practitioner signs in the clinic's own software."""
        path = f"practitioner-roles/{self.clinics.people[by]['practitioner_role_id']}/transmission-agreement"
        self.clinics.post(by, path, {"agreed": True}, key=key)

    def note_elsewhere(self, by: str, details: Details, key: str) -> None:
        """Signed in the clinic's own software, whose system delivers it."""
        seen = {"visit_id": self._visit(by, f"{key}-visit"), "occurred_at": self._now(by)}
        role = {"practitioner_role_id": self.clinics.people[by]["practitioner_role_id"]}
        facts = {name: value for name, value in details.items() if name not in ("key", "source")}
        written = self.clinics.deliver(
            by, "notes", {**facts, **seen, "client_id": self.client_id, "on_behalf_of": role}, key=key
        )
        self.note_ids[details["key"]] = written["id"]
        signed = {
            **role,
            "signed_at": self._now(by),
            "source": details["source"],
            "document_sha256": hashlib.sha256(json.dumps(facts).encode()).hexdigest(),
        }
        self.clinics.deliver(by, f"notes/{written['id']}/sign", {"signed_elsewhere": signed}, key=f"{key}-sign")

    def amend(self, by: str, details: Details, key: str) -> None:
        self._about_note(by, "addenda", details, key)

    def cosign(self, by: str, details: Details, key: str) -> None:
        self._about_note(by, "cosign", details, key)

    def enter_in_error(self, by: str, details: Details, key: str) -> None:
        self._about_note(by, "entered-in-error", details, key)

    def _about_note(self, by: str, step: str, details: Details, key: str) -> None:
        facts = {name: value for name, value in details.items() if name != "note"}
        self.clinics.post(by, f"notes/{self.note_ids[details['note']]}/{step}", facts, key=key)

    def _file(self, by: str, file: Details) -> str:
        """A page somebody brought along, as a PDF."""
        clinic = self.clinics.people[by]["organization"]
        page = Document(
            title=file["title"],
            sender=Block("Kept by", [clinic]),
            blocks=[],
            facts=[],
            sections=[Section("Findings", file["text"])],
            footer="Made up for the demo.",
        )
        return str(self.clinics.keep(by, file["name"], pdf_of(page, printed_at=self.begins))["id"])

    def _visit(self, by: str, key: str) -> str:
        """One that has just ended."""
        ends_at = datetime.fromisoformat(self._now(by))
        body = {
            "client_id": self.client_id,
            "practitioner_role_id": self.clinics.people[by]["practitioner_role_id"],
            "state": "done",
            "starts_at": (ends_at - timedelta(minutes=50)).isoformat(),
            "ends_at": ends_at.isoformat(),
        }
        return str(self.clinics.post(by, "visits", body, key=key)["id"])

    def _now(self, by: str) -> str:
        return str(self.clinics.get(by, "me")["now"])

    def read_brief(self, by: str, details: Details, key: str) -> None:
        """What the others did since the last visit, marked as read as far as it was shown."""
        lines = self.clinics.get(by, f"clients/{self.client_id}/brief")["lines"]
        shown = {"line_ids": [line["id"] for line in lines]}
        self.clinics.post(by, f"clients/{self.client_id}/brief/read", shown, key=key)

    def consent(self, by: str, details: Details, key: str) -> None:
        """The client shares more with some of the team, told in person."""
        asked = {name: value for name, value in details.items() if name != "to"}
        asked["organization_ids"] = [self.clinics.people[other]["organization_id"] for other in details["to"]]
        self.clinics.post(by, f"clients/{self.client_id}/consents", {**asked, "method": "in_person"}, key=key)

    def clear_hold(self, by: str, details: Details, key: str) -> None:
        for hold in self.clinics.get(by, f"clients/{self.client_id}/holds")["results"]:
            self.clinics.post(by, f"clients/{self.client_id}/holds/{hold['id']}/clear", details, key=key)

    # --- the plan ------------------------------------------------------------------------------------------------

    def start_plan(self, by: str, details: Details, key: str) -> None:
        head = self._dated(
            {"client_id": self.client_id, "title": details["title"], "review_day": details["review_day"]}
        )
        self.plan_id = self.clinics.post(by, "care-plans", head, key=key)["id"]
        for kind in ("problems", "goals", "phases"):
            for number, row in enumerate(details.get(kind, [])):
                self._add(by, kind, self._dated(row), f"{key}-{kind}-{number}")
        self.move_plan(by, {"name": "activate"}, f"{key}-activate")

    def move_plan(self, by: str, details: Details, key: str) -> None:
        self._add(by, "transitions", details, key)

    def line(self, by: str, details: Details, key: str) -> None:
        self._wait_for_team(by)
        self.line_ids[details["key"]] = self._add(by, "interventions", _fields(details), key)["id"]

    def change_line(self, by: str, details: Details, key: str) -> None:
        path = f"care-plans/{self.plan_id}/interventions/{self.line_ids[details['key']]}"
        self.clinics.change(by, path, _fields(details))

    def line_in_error(self, by: str, details: Details, key: str) -> None:
        self._about_line("entered-in-error", by, details, key)

    def goal(self, by: str, details: Details, key: str) -> None:
        self._add(by, "goals", self._dated(details), key)

    def publish(self, by: str, details: Details, key: str) -> None:
        self._add(by, "versions", {}, key)

    def agree(self, by: str, details: Details, key: str) -> None:
        self._add(by, "agreements", {**details, "answer": "agree"}, key)

    def object(self, by: str, details: Details, key: str) -> None:
        self._add(by, "agreements", {**details, "answer": "object"}, key)

    def propose(self, by: str, details: Details, key: str) -> None:
        about = {"kind": "change", "about": "intervention", "row_id": self.line_ids[details["line"]]}
        proposal = {**about, "changes": details["changes"], "why": details["why"]}
        self.proposal_ids[details.get("key", key)] = self._add(by, "proposals", proposal, key)["id"]

    def accept(self, by: str, details: Details, key: str) -> None:
        self._answer(by, "accept", details, key)

    def decline(self, by: str, details: Details, key: str) -> None:
        self._answer(by, "decline", details, key)

    def leave(self, by: str, details: Details, key: str) -> None:
        """The clinic goes off the team; what it planned waits for the lead."""
        here = self.clinics.people[by]["organization_id"]
        team = self.clinics.get(by, f"care-plans/{self.plan_id}")["team"]
        place = next(member for member in team if member["organization"]["id"] == here and member["until"] is None)
        self._add(by, f"team/{place['id']}/end", details, key)

    def decide(self, by: str, details: Details, key: str) -> None:
        """The lead takes over or drops a line of a clinic that left."""
        self._about_line("decision", by, details, key)

    def hand_over_lead(self, by: str, details: Details, key: str) -> None:
        self._add(by, "lead", {"organization_id": self.clinics.people[details["to"]]["organization_id"]}, key)

    def _about_line(self, step: str, by: str, details: Details, key: str) -> None:
        facts = {name: value for name, value in details.items() if name != "line"}
        self._add(by, f"interventions/{self.line_ids[details['line']]}/{step}", facts, key)

    def _answer(self, by: str, name: str, details: Details, key: str) -> None:
        answer = {"name": name, "answer": details["answer"]}
        self._add(by, f"proposals/{self.proposal_ids[details['key']]}/transitions", answer, key)

    def _wait_for_team(self, by: str) -> None:
        """Whoever accepted is put on the team by the worker, soon after."""
        for _ in range(TRIES):
            try:
                self.clinics.get(by, f"care-plans/{self.plan_id}")
            except Refused:
                time.sleep(0.5)
            else:
                return

    def _add(self, by: str, kind: str, body: Details, key: str) -> Any:
        return self.clinics.post(by, f"care-plans/{self.plan_id}/{kind}", body, key=key)

    def _dated(self, row: Details) -> Details:
        """Days of the story as dates: ``due_day`` becomes ``due_on``; ``until_day`` of an ask is ``until``."""
        dated: Details = {}
        for name, value in row.items():
            if name.endswith("_day"):
                is_ask = "sentence" in row
                name = name.removesuffix("_day") + ("" if is_ask else "_on")
                value = (self.begins + timedelta(days=value)).date().isoformat()
            dated[name] = value
        return dated


def _fields(details: Details) -> Details:
    """Without the name by which the script calls the line."""
    return {name: value for name, value in details.items() if name != "key"}
