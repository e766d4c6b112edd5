"""The demo: three clinics, four stories, replayed through the public API."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "backend.demo"
    label = "demo"
