"""Reads the catalog when the service starts, so that broken data stops the start and not a request."""

from django.apps import AppConfig

from backend.catalog.queries import catalog


class CatalogConfig(AppConfig):
    name = "backend.catalog"

    def ready(self) -> None:
        catalog()
