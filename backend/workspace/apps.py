"""Server-rendered pages for staff."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "backend.workspace"
    label = "workspace"
