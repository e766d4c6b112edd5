"""Clients, registrations, consents (circles), access, precautions, holds."""

from importlib import import_module

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "backend.clients"
    label = "clients"

    def ready(self) -> None:
        import_module("backend.clients.jobs")
