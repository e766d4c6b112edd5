"""How an event reads, and what the feed may be asked for."""

import re
from typing import Any

from rest_framework import serializers

from backend.audit.models import Event
from backend.lib.actor import Actor
from backend.lib.rest.fields import OpenCode, PlainText, StrictSerializer, utc
from backend.record.event_types import event_types
from backend.record.queries.feed import SUBJECTS, cursor_at, place_of

TYPE = re.compile(r"[a-z_]{1,40}\.(\*|[a-z_]{1,40})")
MOST_TYPES = 50


class TypesField(PlainText):
    """Names and prefixes with commas between them, such as ``referral.*,consent.withdrawn``."""

    default_error_messages = {
        "unknown_type": "“{name}” is not an event type; they are listed in /api/v1/catalog/event-types.",
        "too_many": f"At most {MOST_TYPES} types; a prefix such as referral.* says more with less.",
    }

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]  # one text in, a list out
        names = super().to_internal_value(data).split(",")
        if len(names) > MOST_TYPES:
            self.fail("too_many")
        for name in names:
            if not _is_known(name):
                self.fail("unknown_type", name=name[:80])
        return names


def _is_known(name: str) -> bool:
    """A type there is, or a prefix of one: others would find nothing, by mistake."""
    if not TYPE.fullmatch(name):
        return False
    known = event_types()
    return name in known or (name.endswith(".*") and any(each.startswith(name[:-1]) for each in known))


class FeedQuery(StrictSerializer):
    after = PlainText(required=False, help_text="A cursor of this feed; without it the oldest kept event comes first.")
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=100)
    types = TypesField(
        required=False,
        max_length=2_500,
        help_text="Event types and prefixes with commas between them: `referral.*,consent.withdrawn`.",
    )


class EventSubjectSerializer(serializers.Serializer[Any]):
    type = OpenCode(help_text="What the event is about, such as `referral`. More may come.")
    id = serializers.UUIDField()
    version = serializers.IntegerField(help_text="Its version then: load it again when yours is older.")
    href = serializers.CharField(allow_null=True, help_text="Where to load it; null when it has no address of its own.")


class EventActorSerializer(serializers.Serializer[Any]):
    kind = OpenCode(help_text="`member`, `system`, `guest` or `client`. More may come.")
    practitioner_role_id = serializers.UUIDField(allow_null=True)
    application_id = serializers.UUIDField(allow_null=True)


class EventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of your copy; the same in `webhook-id`.")
    cursor = serializers.CharField(help_text="Send it as `after` to read what comes behind this event.")
    type = OpenCode(help_text="See `/api/v1/catalog/event-types`. More may come.")
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    organization_id = serializers.UUIDField(help_text="Whose copy this is.")
    subject = EventSubjectSerializer()
    related = serializers.DictField(
        child=serializers.CharField(),
        help_text=(
            "Ids of what else it touches. With `note.signed`, `note.cosigned` and `note.amended` also `signed_hash`: SHA-256 of "
            "what was signed and of the one before it. Keep it: whoever changes the note later does not change your copy."
        ),
    )
    actor = EventActorSerializer()
    request_id = serializers.CharField()


class FeedSerializer(serializers.Serializer[Any]):
    results = EventSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Null when you have read everything there is now.")
    previous = serializers.URLField(allow_null=True, help_text="Always null: a feed is read forwards.")
    cursor = serializers.CharField(help_text="Keep it: the next time, read from here with `after`.")


class EventTypeSerializer(serializers.Serializer[Any]):
    type = OpenCode()
    summary = serializers.CharField(help_text="What happened.")


def rendered(event: Event, actor: Actor) -> dict[str, Any]:
    """One event as ``EventSerializer`` documents it. Ids, codes and hashes only."""
    subject = SUBJECTS.get(event.subject_type)
    href = subject.href if subject else None
    return {
        "id": str(event.id),
        "cursor": cursor_at(place_of(event), actor),
        "type": event.type,
        "occurred_at": utc(event.occurred_at),
        "recorded_at": utc(event.recorded_at),
        "organization_id": str(event.organization_id),
        "subject": {
            "type": subject.type if subject else event.subject_type,
            "id": str(event.subject_id),
            "version": event.subject_version,
            "href": href.format(**{**event.related, "id": event.subject_id, "client_id": event.client_id})
            if href
            else None,
        },
        "related": event.related,
        "actor": {
            "kind": event.actor_kind,
            "practitioner_role_id": _text(event.actor_role_id),
            "application_id": _text(event.actor_application_id),
        },
        "request_id": event.request_id,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
