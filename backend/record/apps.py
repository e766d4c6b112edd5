"""One client across clinics: the event feed."""

from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "backend.record"
    label = "record"
