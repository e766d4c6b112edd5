from backend.clients import services as cs
from backend.lib.unit_of_work import acting_as
from tests import make


def client(clinic, **facts):
    a = clinic.practitioner.actor
    with acting_as(a):
        return {
            "id": str(
                cs.register_client(
                    actor=a, family_name=facts.pop("family_name", "Canary"), given_name="Probe", **facts
                ).pk
            )
        }


def consent(clinic, client_id, *others, **more):
    a = clinic.practitioner.actor
    with acting_as(a):
        return cs.give_consent(
            client_id,
            actor=a,
            categories=["plan", "notes", "outcomes"],
            organization_ids=[o.organization.id for o in others],
            method="in_person",
            **more,
        )


if not hasattr(make, "client"):
    make.client = client
    make.consent = consent
