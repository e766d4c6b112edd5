"""Addresses of notes and asks, under /api/v1."""

from django.urls import path

from backend.notes import api, api_printing

urlpatterns = [
    path("notes", api.Notes.as_view()),
    path("notes/<str:note_id>", api.OneNote.as_view()),
    path("notes/<str:note_id>/changes", api.ChangesOfNote.as_view()),
    path("notes/<uuid:note_id>/document", api_printing.NoteDocument.as_view()),
    path("notes/<str:note_id>/sign", api.SignNote.as_view()),
    path("notes/<str:note_id>/cosign", api.CosignNote.as_view()),
    path("notes/<str:note_id>/addenda", api.Addenda.as_view()),
    path("notes/<str:note_id>/attachments", api.NoteAttachments.as_view()),
    path("notes/<str:note_id>/entered-in-error", api.NoteInError.as_view()),
    path("notes/<str:note_id>/close-unsigned", api.CloseUnsigned.as_view()),
    path("notes/<str:note_id>/asks/<str:ask_id>/end", api.EndAsk.as_view()),
    path("clients/<str:client_id>/asks", api.AsksOfClient.as_view()),
]
