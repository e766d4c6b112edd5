"""Every address of the service."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/catalog/", include("backend.catalog.urls")),
]
