"""Addresses of files, under /api/v1."""

from django.urls import path

from backend.attachments import api

urlpatterns = [
    path("attachments", api.Attachments.as_view()),
    path("attachments/<uuid:attachment_id>/content", api.AttachmentContent.as_view()),
]
