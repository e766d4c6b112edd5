"""The sandbox's mail backend: nothing leaves the machine, everything lands in the mailbox page."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from backend.audit.models import MovedClock
from backend.lib import clock
from backend.lib.ids import uuid7
from backend.notifications.models import SandboxMail


class MailboxBackend(BaseEmailBackend):
    """Keeps each mail with its text. A mail sent twice stays one, by its Message-ID."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        moved = MovedClock.objects.values_list("moved_by", flat=True).first() or timedelta()
        SandboxMail.objects.bulk_create(
            [
                SandboxMail(
                    message_id=message.extra_headers.get("Message-ID") or f"<{uuid7()}@sandbox>",
                    to=to,
                    subject=str(message.subject),
                    text=str(message.body),
                    sent_at=clock.real_now() + moved,
                )
                for message in email_messages
                for to in message.recipients()
            ],
            ignore_conflicts=True,
        )
        return len(email_messages)
