"""Addresses of clients and what hangs on them."""

from django.urls import path

from backend.clients.api import access, clients, consents, identity, safety

urlpatterns = [
    path("clients", clients.Clients.as_view()),
    path("clients/search", clients.SearchClients.as_view()),
    path("clients/batch", clients.ClientBatch.as_view()),
    path("clients/<str:client_id>", clients.OneClient.as_view()),
    path("clients/<str:client_id>/registration", identity.ClientRegistration.as_view()),
    path("clients/<str:client_id>/registration/undo", identity.UndoRegistration.as_view()),
    path("clients/<str:client_id>/merge", identity.MergeClient.as_view()),
    path("clients/<str:client_id>/merge/undo", identity.UndoMerge.as_view()),
    path("clients/<str:client_id>/death", identity.ClientDeath.as_view()),
    path("clients/<str:client_id>/death/entered-in-error", identity.DeathInError.as_view()),
    path("clients/<str:client_id>/moved", identity.ClientMoved.as_view()),
    path("clients/<str:client_id>/consents", consents.Consents.as_view()),
    path("clients/<str:client_id>/consents/<str:consent_id>", consents.OneConsent.as_view()),
    path("clients/<str:client_id>/consents/<str:consent_id>/withdraw", consents.WithdrawConsent.as_view()),
    path("clients/<str:client_id>/consents/<str:consent_id>/renew", consents.RenewConsent.as_view()),
    path("clients/<str:client_id>/precautions", safety.Precautions.as_view()),
    path("clients/<str:client_id>/precautions/<str:precaution_id>/end", safety.EndPrecaution.as_view()),
    path(
        "clients/<str:client_id>/precautions/<str:precaution_id>/entered-in-error", safety.PrecautionInError.as_view()
    ),
    path("clients/<str:client_id>/holds", safety.Holds.as_view()),
    path("clients/<str:client_id>/holds/<str:hold_id>/clear", safety.ClearHold.as_view()),
    path("clients/<str:client_id>/representatives", safety.Representatives.as_view()),
    path("clients/<str:client_id>/representatives/<str:representative_id>/end", safety.EndRepresentative.as_view()),
    path("clients/<str:client_id>/access", access.WhoSees.as_view()),
    path("clients/<str:client_id>/break-glass", access.BreakGlass.as_view()),
]
