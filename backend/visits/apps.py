"""Visits of all clinics."""

from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "backend.visits"
    label = "visits"

    def ready(self) -> None:
        from backend.clients import hooks
        from backend.visits import reactions

        hooks.on_death.append(reactions.end_with_death)
