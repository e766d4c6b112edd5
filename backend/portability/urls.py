"""Addresses of exports, under /api/v1/."""

from django.urls import path

from backend.portability import api

urlpatterns = [
    path("clients/<str:client_id>/export", api.ExportOfClient.as_view()),
    path("exports", api.Exports.as_view()),
    path("exports/<str:export_id>", api.OneExport.as_view()),
    path("exports/<str:export_id>/json", api.ExportedJson.as_view()),
    path("exports/<str:export_id>/pdf", api.ExportedPdf.as_view()),
    path("exports/<str:export_id>/zip", api.ExportedZip.as_view()),
]
