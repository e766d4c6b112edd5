"""One consent is one circle; withdrawing it works on the very next request; it runs out by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from backend.audit import work
from backend.audit.models import Event, MovedClock
from backend.clients import hooks, services
from backend.clients.models import Consent
from backend.clients.queries import circle_of
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.clients.conftest import Shared

pytestmark = pytest.mark.django_db
YES = {"categories": ["plan", "notes"], "method": "verbal"}


def types_at(clinic: make.Clinic, *wanted: str) -> list[str]:
    with acting_as(clinic.practitioner.actor):
        return sorted(Event.objects.filter(type__in=wanted).values_list("type", flat=True))


def move_clock(by: timedelta) -> None:
    MovedClock.objects.update_or_create(pk=1, defaults={"moved_by": by})


def day(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


def test_the_callers_clinic_is_always_in_the_circle_and_guests_are_lower_case(
    north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)

    given = make.consent(north, client["id"], south, guests=[{"email": "Pat@Example.ORG"}], expires_on="2030-06-30")

    assert [row["id"] for row in given["organizations"]] == [north.id, south.id]
    assert given["guests"] == [{"email": "pat@example.org"}]
    assert given["given_by"] == {"name": client["display"], "relationship": "self"}
    assert (given["status"], given["recorded_by"]) == ("given", "North Massage Practitioner")
    assert given["ends_at"] == "2030-07-01T06:00:00Z"  # the last day is included, in Denver


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"method": "link"}, "/method"),
        ({"expires_on": "2001-01-01"}, "/expires_on"),
        ({"organization_ids": [str(uuid4())]}, "/organization_ids/0"),
        ({"excluded_practitioner_ids": [str(uuid4())]}, "/excluded_practitioner_ids/0"),
        ({"categories": ["everything"]}, "/categories/0"),
        ({"occurred_at": "2001-01-01T00:00:00Z"}, "/occurred_at"),
    ],
)
def test_what_cannot_be_consented_is_refused(north: make.Clinic, wrong: dict[str, Any], pointer: str) -> None:
    client = make.client(north)

    answer = north.http.send("POST", f"clients/{client['id']}/consents", {**YES, **wrong})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("who", ["practitioner", "coordinator"])
def test_members_record_consent(north: make.Clinic, who: str) -> None:
    client = make.client(north)

    assert getattr(north, who).http.send("POST", f"clients/{client['id']}/consents", YES).status_code == 201
    assert north.system.send("POST", f"clients/{client['id']}/consents", YES).status_code == 201


def test_being_named_in_a_circle_opens_nothing_by_itself(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    given = make.consent(north, client["id"], south)

    assert south.http.send("GET", f"clients/{client['id']}").status_code == 404
    assert south.http.send("GET", f"clients/{client['id']}/consents/{given['id']}").status_code == 404
    assert types_at(south, "consent.given") == []


def test_a_holder_of_the_shared_record_records_a_consent_of_its_own(
    shared: Shared, south: make.Clinic, east: make.Clinic, north: make.Clinic
) -> None:
    given = make.consent(south, shared.client_id, east)

    assert [row["id"] for row in given["organizations"]] == [south.id, east.id]
    assert len(north.http.send("GET", f"{shared.path}/consents").json()["results"]) == 1


def test_after_withdrawal_the_next_request_sees_nothing(shared: Shared, north: make.Clinic, south: make.Clinic) -> None:
    assert south.http.send("GET", shared.path).status_code == 200

    withdrawn = north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {"reason": "Enough."})

    assert (withdrawn.json()["status"], withdrawn.json()["withdrawn_reason"]) == ("withdrawn", "Enough.")
    assert south.http.send("GET", shared.path).status_code == 404
    assert south.http.send("GET", "clients").json()["results"] == []
    assert south.http.send("POST", "clients/search", {"query": "canary"}).json()["results"] == []
    assert types_at(south, "consent.withdrawn", "access.ended") == ["access.ended", "consent.withdrawn"]
    again = north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})
    assert (again.status_code, again.json()["code"]) == (409, "consent_over")


def test_withdrawing_one_circle_leaves_the_other(shared: Shared, north: make.Clinic, east: make.Clinic) -> None:
    make.consent(north, shared.client_id, east)
    referral = make.referral(north, east, client_id=shared.client_id)
    make.move(east, referral["id"], "accept")

    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})

    assert east.http.send("GET", shared.path).status_code == 200


def test_an_excluded_practitioner_does_not_see_the_client_and_colleagues_do(
    north: make.Clinic, south: make.Clinic
) -> None:
    client = make.client(north)
    assert south.practitioner.role is not None
    excluded = [str(south.practitioner.role.practitioner_id)]
    make.consent(north, client["id"], south, excluded_practitioner_ids=excluded)
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy")
    assert colleague.role is not None
    referral = make.referral(north, {"practitioner_role_id": str(colleague.role.id)}, client_id=client["id"])
    make.move(colleague, referral["id"], "accept")

    assert colleague.http.send("GET", f"clients/{client['id']}").status_code == 200
    assert south.http.send("GET", f"clients/{client['id']}").status_code == 404
    assert south.http.send("GET", "clients").json()["results"] == []


def test_a_short_consent_is_announced_half_way_to_its_end(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    make.consent(north, client["id"], south, expires_on=day(9))

    move_clock(timedelta(days=4))
    work.run_due()
    early = types_at(north, "consent.expiring")
    move_clock(timedelta(days=6))
    work.run_due()

    assert (early, types_at(north, "consent.expiring")) == ([], ["consent.expiring"])


def test_a_consent_ends_with_its_last_day_and_says_so_once(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    given = make.consent(north, client["id"], south, expires_on=day(30))
    referral = make.referral(north, south, client_id=client["id"])
    make.move(south, referral["id"], "accept")

    move_clock(timedelta(days=20))
    work.run_due()
    assert types_at(north, "consent.expiring", "consent.expired") == ["consent.expiring"]
    assert south.http.send("GET", f"clients/{client['id']}").status_code == 200

    move_clock(timedelta(days=32))
    assert south.http.send("GET", f"clients/{client['id']}").status_code == 404
    work.run_due()
    assert types_at(south, "consent.expired", "access.ended") == ["access.ended", "consent.expired"]
    shown = north.http.send("GET", f"clients/{client['id']}/consents/{given['id']}").json()
    assert (shown["status"], shown["is_in_force"]) == ("expired", False)


def test_a_renewal_keeps_what_is_open_open_and_the_earlier_answer(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    given = make.consent(north, client["id"], south, expires_on=day(10))
    referral = make.referral(north, south, client_id=client["id"])
    make.move(south, referral["id"], "accept")
    path = f"clients/{client['id']}/consents/{given['id']}/renew"

    shorter = north.http.send("POST", path, {"expires_on": day(5), "method": "verbal"})
    renewed = north.http.send("POST", path, {"expires_on": day(100), "method": "verbal"})

    assert shorter.status_code == 400
    assert (renewed.status_code, renewed.json()["version"]) == (200, 2)
    assert [answer["method"] for answer in renewed.json()["earlier"]] == ["in_person"]
    move_clock(timedelta(days=50))
    assert south.http.send("GET", f"clients/{client['id']}").status_code == 200


def test_a_consent_covers_whom_it_names_until_it_ends(
    north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    client = make.client(north)
    pools = [{"discipline": "chiropractic", "near": "Denver"}, {"discipline": "massage_therapy"}]
    given = make.consent(north, client["id"], south, guests=[{"email": "pat@example.org"}], pools=pools)
    client_id = UUID(client["id"])

    with acting_as(north.practitioner.actor):

        def covering(**wanted: Any) -> str | None:
            in_force = Consent.objects.in_force().filter(client_id=client_id)
            among = in_force.filter(organization_ids__contains=[north.organization.id])
            return next((str(consent.pk) for consent in among if consent.covers(**wanted)), None)

        assert covering(organization_id=south.organization.id) == given["id"]
        assert covering(organization_id=east.organization.id) is None
        assert covering(guest="PAT@example.org") == given["id"]
        assert covering(guest="sam@example.org") is None
        assert covering(pool=("chiropractic", "denver")) == given["id"]
        assert covering(pool=("chiropractic", "")) is None
        assert covering(pool=("massage_therapy", "Boulder")) == given["id"]
        assert circle_of(client_id, north.organization.id) == {north.organization.id, south.organization.id}
        services.withdraw_consent(UUID(given["id"]), actor=north.practitioner.actor)
        assert covering(organization_id=south.organization.id) is None
        assert circle_of(client_id, north.organization.id) == {north.organization.id}


def test_the_client_answers_by_link_and_withdraws(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    by_link = Actor(kind=ActorKind.CLIENT, client_id=UUID(client["id"]), display="Probe")
    circle = [north.organization.id, south.organization.id]

    with acting_as(by_link):
        given = services.give_consent(by_link.client_id, actor=by_link, organization_ids=circle, categories=["plan"])  # type: ignore[arg-type]  # set above
    with acting_as(by_link):
        services.withdraw_consent(given.pk, actor=by_link)

    assert (given.method, given.organization_id) == ("link", north.organization.id)
    assert types_at(north, "consent.given", "consent.withdrawn") == ["consent.given", "consent.withdrawn"]


def test_a_refusal_is_known_to_who_asked_only(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    actor = north.practitioner.actor

    with acting_as(actor):
        services.refuse_consent(UUID(client["id"]), actor=actor, method="verbal")

    with acting_as(south.practitioner.actor):
        assert not Consent.objects.exists()
    assert types_at(north, "consent.refused") == ["consent.refused"]
    assert types_at(south, "consent.refused") == []


def test_other_apps_react_to_an_ended_consent_in_the_same_transaction(
    shared: Shared, north: make.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(consent: Consent, actor: Actor) -> None:
        assert connection.in_atomic_block
        raise RuntimeError("the other app cannot follow")

    monkeypatch.setattr(hooks, "on_consent_ended", [fail])

    answer = north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})

    assert answer.status_code == 500
    shown = north.http.send("GET", f"{shared.path}/consents/{shared.consent_id}").json()
    assert shown["status"] == "given"


def test_a_late_answer_is_kept_beside_the_time_it_was_recorded(north: make.Clinic) -> None:
    client = make.client(north)
    said_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)

    given = make.consent(north, client["id"], occurred_at=said_at.isoformat())

    assert given["occurred_at"] == said_at.isoformat().replace("+00:00", "Z")
    assert given["given_at"] > given["occurred_at"]
