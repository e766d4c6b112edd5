"""Mails and reminders from events."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "backend.notifications"
    label = "notifications"

    def ready(self) -> None:
        from backend.clients import hooks
        from backend.notifications import about_clients, about_notes, reactions, sending, services  # noqa: F401 - reactions and work register

        hooks.on_death.append(services.stop_with_death)
