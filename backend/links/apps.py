"""Secure links and one-time codes for guests and clients."""

from django.apps import AppConfig


class LinksConfig(AppConfig):
    name = "backend.links"
    label = "links"
