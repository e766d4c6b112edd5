"""Addresses of guests (/g/…), clients (/c/…), claiming, and the sandbox's mailbox."""

from django.urls import include, path

from backend.portal import client, guest
from backend.portal.doors import CLIENT, GUEST, steps_of
from backend.portal.mailbox import mailbox

guest_pages = [
    path("", guest.page),
    *steps_of(GUEST),
    path("/not-me", guest.not_me),
    path("/who", guest.who),
    path("/move", guest.move),
    path("/message", guest.message),
    path("/files", guest.add_file),
    path("/files/<uuid:file_id>", guest.file),
    path("/letter", guest.letter),
    path("/claim", guest.claim),
]
client_pages = [
    path("", client.page),
    *steps_of(CLIENT),
    path("/answer/<uuid:referral_id>", client.answer),
    path("/choose/<uuid:referral_id>", client.choose),
    path("/cancel/<uuid:referral_id>", client.cancel),
    path("/stop/<uuid:consent_id>", client.stop),
]
urlpatterns = [
    path("g/<str:token>", include(guest_pages)),
    path("c/<str:token>", include(client_pages)),
    path("claim", guest.claim_with_account),
    path("mailbox", mailbox),
]
