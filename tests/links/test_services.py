"""Links: made in one's own name, ended in time, and seen by nobody else."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, ProgrammingError, transaction

from backend.lib import clock
from backend.lib.actor import ANONYMOUS, Actor, ActorKind, system_of
from backend.lib.ids import uuid7
from backend.lib.unit_of_work import acting_as
from backend.links.actors import actor_behind, holder_of
from backend.links.models import Code, Link
from backend.links.services import (
    end_links_of_referral,
    find_link,
    make_link,
    request_code,
    revoke_links_of_client,
    revoke_links_of_referral,
)
from backend.links.tokens import token_of
from tests import make
from tests.links.links import client_link, fresh, guest_link, referral_of
from tests.make import Clinic

pytestmark = pytest.mark.django_db


def registered_client(clinic: Clinic) -> Actor:
    """A client of the clinic, as they are behind a link of theirs."""
    client_id = UUID(make.client(clinic)["id"])
    return Actor(kind=ActorKind.CLIENT, client_id=client_id)


def test_a_link_is_found_by_its_token(north: Clinic) -> None:
    link = guest_link(north)

    with acting_as(ANONYMOUS):
        assert find_link(token_of(link)) == link
        assert find_link("no-such-token") is None


def test_the_holder_of_a_link_sees_only_that_link(north: Clinic) -> None:
    link, other = guest_link(north), guest_link(north)

    with acting_as(holder_of(link)):
        assert list(Link.objects.all()) == [link]
        assert list(Link.objects.visible_to(holder_of(link))) == [link]
        assert not Link.objects.filter(pk=other.pk).exists()


def test_nobody_sees_links_without_one(north: Clinic, outsider: Clinic) -> None:
    guest_link(north)

    for actor in (ANONYMOUS, system_of(outsider.organization.id)):
        with acting_as(actor):
            assert not Link.objects.exists()
            assert not Link.objects.visible_to(actor).exists()


def test_the_clinic_sees_its_link_and_never_a_code(north: Clinic) -> None:
    link = guest_link(north)
    with acting_as(holder_of(link)):
        request_code(link)

    with acting_as(system_of(north.organization.id)):
        assert list(Link.objects.all()) == [link]
        assert not Code.objects.exists()


def test_no_clinic_makes_a_link_in_the_name_of_another(north: Clinic, outsider: Clinic) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(system_of(outsider.organization.id)):
        make_link(
            actor=system_of(outsider.organization.id),
            purpose=Link.Purpose.GUEST,
            organization_id=north.organization.id,
            contact="guest@example.org",
            referral_id=uuid7(),
        )


@pytest.mark.parametrize("change", [{"contact": "thief@example.org"}, {"referral_id": uuid7()}, {"client_id": uuid7()}])
def test_what_a_link_opens_and_to_whom_is_never_changed(north: Clinic, change: dict[str, object]) -> None:
    link = guest_link(north)

    with pytest.raises(DatabaseError, match="never changed"), acting_as(holder_of(link)):
        Link.objects.update(**change)


def test_a_link_opens_something(north: Clinic) -> None:
    actor = system_of(north.organization.id)

    with pytest.raises(DatabaseError, match="a_link_opens_something"), acting_as(actor):
        make_link(
            actor=actor, purpose=Link.Purpose.CLIENT, organization_id=north.organization.id, contact="a@example.org"
        )


def test_a_link_ends_when_the_moved_clock_says_so(north: Clinic) -> None:
    link = guest_link(north, expires_at=clock.now() + timedelta(days=14))

    assert link.is_live
    with clock.fixed_at(clock.now() + timedelta(days=14, seconds=1)):
        assert not link.is_live


def test_the_links_of_a_referral_end_together(north: Clinic, outsider: Clinic) -> None:
    referral_id = referral_of(north)
    link, other = guest_link(north, referral_id=referral_id), guest_link(north)
    for actor, expected in ((system_of(outsider.organization.id), 0), (system_of(north.organization.id), 1)):
        with acting_as(actor):
            assert revoke_links_of_referral(referral_id, actor=actor) == expected

    assert not fresh(link).is_live
    assert fresh(other).is_live


def test_a_revoked_link_stays_revoked(north: Clinic) -> None:
    link = guest_link(north)
    with acting_as(system_of(north.organization.id)):
        revoke_links_of_referral(link.referral_id or uuid7(), actor=system_of(north.organization.id))

    with pytest.raises(DatabaseError, match="never changed"), acting_as(holder_of(link)):
        Link.objects.update(revoked_at=None)


def test_the_links_of_a_finished_referral_live_on_until_a_day(north: Clinic) -> None:
    link, actor = guest_link(north), system_of(north.organization.id)
    at = clock.now() + timedelta(days=30)

    with acting_as(actor):
        assert end_links_of_referral(link.referral_id or uuid7(), at=at, actor=actor) == 1

    assert fresh(link).expires_at == at


def test_a_clinic_of_the_client_ends_the_links_of_all_clinics(north: Clinic, south: Clinic, outsider: Clinic) -> None:
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")
    client = Actor(kind=ActorKind.CLIENT, client_id=UUID(sent["client"]["id"]))
    assert client.client_id
    ours, theirs = client_link(north, client_id=client.client_id), client_link(south, client_id=client.client_id)
    elsewhere = client_link(south)

    with pytest.raises(ProgrammingError), acting_as(system_of(outsider.organization.id)), transaction.atomic():
        revoke_links_of_client(client.client_id)
    with acting_as(system_of(north.organization.id)):
        assert revoke_links_of_client(client.client_id) == 2

    assert [fresh(each).is_live for each in (ours, theirs, elsewhere)] == [False, False, True]


def test_whoever_gave_the_code_is_the_guest_or_the_client_of_that_link(north: Clinic) -> None:
    guest, client = guest_link(north), client_link(north)

    assert actor_behind(guest) == Actor(
        kind=ActorKind.GUEST, referral_id=guest.referral_id, link_id=guest.id, display="guest@example.org"
    )
    assert actor_behind(client) == Actor(kind=ActorKind.CLIENT, client_id=client.client_id, link_id=client.id)
