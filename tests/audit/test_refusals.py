"""Who was refused a look at something of a client is on the access log; the answers stay alike."""

from typing import Any
from uuid import uuid4

from backend.audit.models import AccessLog
from backend.lib.unit_of_work import acting_as
from tests import make


def refusals(clinic: make.Clinic) -> list[tuple[Any, ...]]:
    with acting_as(clinic.practitioner.actor):
        found = AccessLog.objects.filter(action="refused").order_by("at")
        return list(found.values_list("subject_type", "subject_id", "why"))


def test_a_refused_look_is_written_down_and_reads_like_a_random_one(north: make.Clinic, outsider: make.Clinic) -> None:
    client, random = make.client(north), uuid4()

    foreign = outsider.http.send("GET", f"clients/{client['id']}")
    nothing = outsider.http.send("GET", f"clients/{random}")

    assert (foreign.status_code, nothing.status_code) == (404, 404)
    assert foreign.json()["detail"] == nothing.json()["detail"]
    assert [(kind, str(pk), why) for kind, pk, why in refusals(outsider)] == [
        ("clients", client["id"], "404"),
        ("clients", str(random), "404"),
    ]
    assert refusals(north) == []


def test_what_is_visible_but_not_ones_own_to_do_is_written_down_too(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    refused = make.try_move(north, sent["id"], "accept")

    assert refused.status_code == 403
    assert [(kind, why) for kind, _, why in refusals(north)] == [("referrals", "403")]
