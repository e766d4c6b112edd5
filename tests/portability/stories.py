"""Clients with something in every section, for tests of exports."""

from dataclasses import dataclass
from typing import Any

from tests import make
from tests.careplans.plans import Plan, alone, done, withdraw
from tests.notes.writing import draft, signed

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Story:
    """A client of North whom South shares, with what each of them wrote."""

    client_id: str
    consent_id: str
    referral_id: str
    plan: Plan

    def withdraw(self, by: make.Clinic) -> None:
        withdraw(by, self.client_id, self.consent_id)


def whole(north: make.Clinic, south: make.Clinic, word: str = "Zq") -> Story:
    """Something in every section of an export; whatever people wrote begins with ``word``."""
    client = make.client(
        north,
        family_name=f"{word}family",
        given_name=f"{word}given",
        local_identifier=f"{word}number",
        email=f"{word}@canary.example".lower(),
    )["id"]
    path = f"clients/{client}"
    _post(north, f"{path}/precautions", {"code": "anticoag", "regions": [], "note": f"{word}precaution"})
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    _post(north, f"{path}/holds", hold)
    _post(north, f"{path}/representatives", {"name": f"{word}mother", "relationship": "parent"})
    consent = make.consent(north, client, south)
    referral = _loop(north, south, client, word)
    plan = _plan(north, south, client, word)
    for clinic in (north, south):
        asks = [{"kind": "avoid", "region": "cervical", "side": "right", "sentence": f"{word}asked"}]
        note = signed(clinic, client, subjective=f"{word}subjective", asks=asks)
        _post(clinic, f"notes/{note['id']}/addenda", {"reason": "correction", "text": f"{word}addendum"})
        signed(clinic, client, subjective=f"{word}secret", visibility="clinic")
    draft(north, client, subjective=f"{word}drafted")
    return Story(client, consent["id"], referral, plan)


def _loop(north: make.Clinic, south: make.Clinic, client_id: str, word: str) -> str:
    """Sent with a letter, accepted, seen, reported once."""
    words = {"reason": f"{word}reason", "question": f"{word}question", "findings": f"{word}findings"}
    letter = upload(north, f"{word}letter.pdf")
    referral = make.referral(north, south, client_id=client_id, attachment_ids=[letter], **words)["id"]
    _post(north, f"referrals/{referral}/messages", {"text": f"{word}message"})
    make.move(south, referral, "accept")
    _post(south, f"referrals/{referral}/messages", {"text": f"{word}answer"})
    make.move(south, referral, "start")
    make.move(south, referral, "report", final=False, report={**make.REPORT, "answer": f"{word}report"})
    _post(south, "visits", {"referral_id": referral, **make.visit_window(30)})
    _post(north, "visits", {"client_id": client_id, **make.visit_window(20)})
    return str(referral)


def _plan(north: make.Clinic, south: make.Clinic, client_id: str, word: str) -> Plan:
    plan = alone(north, client_id, title=f"{word}plan")
    plan.add(north, south)
    done(plan.post(north, "/problems", {"text": f"{word}problem"}), 201)
    done(plan.post(north, "/phases", {"name": f"{word}phase"}), 201)
    line = plan.line(north, focus=f"{word}line")
    plan.line(south, focus=f"{word}southern", technique_ids=[])
    plan.goal(north, words=f"{word}goal")
    proposal = {"kind": "end", "about": "intervention", "row_id": line["id"], "why": f"{word}proposed"}
    done(plan.post(south, "/proposals", proposal), 201)
    plan.publish(north)
    done(plan.answer(south, 1, "object", sentence=f"{word}objection"), 201)
    return plan


def upload(clinic: make.Clinic, name: str) -> str:
    address = f"/api/v1/attachments?name={name}"
    answer = clinic.http.generic("POST", address, PDF, content_type="application/octet-stream")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _post(clinic: make.Clinic, path: str, body: Any) -> Any:
    return done(clinic.http.send("POST", path, body), 201)
