"""Accounts, organizations, practitioners, roles, credentials, members, applications."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "backend.directory"
    label = "directory"
