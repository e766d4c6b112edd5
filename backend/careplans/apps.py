"""Care plans that several organizations write together."""

from django.apps import AppConfig


class CareplansConfig(AppConfig):
    name = "backend.careplans"
    label = "careplans"

    def ready(self) -> None:
        from backend.careplans import reactions, services  # noqa: F401 - registers what follows from the end of an access
        from backend.clients import hooks

        hooks.on_consent_ended.append(services.move_plans)
        hooks.on_death.append(services.end_with_death)
