"""What a client needs, and the colleagues who fit."""

from typing import Any

from rest_framework import serializers

from backend.catalog.serializers import CatalogCode
from backend.directory.fields import Language, Near, codes
from backend.directory.matching import Match
from backend.directory.serializers.roles import PractitionerRoleSerializer, role_body
from backend.lib.actor import Actor
from backend.lib.rest.fields import StrictSerializer


class NeedSerializer(StrictSerializer):
    discipline = CatalogCode("disciplines")
    technique_ids = codes("techniques", required=False)
    region = CatalogCode("regions", required=False)
    language = Language(required=False)
    near = Near(required=False)


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(
        choices=[
            "discipline",
            "technique",
            "certification",
            "region",
            "language",
            "distance",
            "answers_in",
            "worked_together",
            "accepting",
            "not_accepting",
            "away",
        ]
    )
    text = serializers.CharField(help_text="A sentence for the person who refers.")


class AnswersInSerializer(serializers.Serializer[Any]):
    minutes = serializers.IntegerField(help_text="Mean time from sent to answered, over all organizations.")
    answered = serializers.IntegerField(help_text="How many answers that was.")


class MatchSerializer(serializers.Serializer[Any]):
    practitioner_role = PractitionerRoleSerializer()
    practitioner_role_id = serializers.UUIDField()
    score = serializers.FloatField(help_text="Sum of what speaks for the colleague; for the order only.")
    reasons = ReasonSerializer(many=True)
    credential_in_force = serializers.BooleanField()
    available = serializers.BooleanField(help_text="Accepting and not away; others come last.")
    answers_in = AnswersInSerializer(allow_null=True, help_text="Null until a referral was answered.")


class MatchesSerializer(serializers.Serializer[Any]):
    results = MatchSerializer(many=True)


def match_body(match: Match, actor: Actor) -> dict[str, Any]:
    role = role_body(match.role, actor)
    minutes = match.answers.minutes
    return {
        "practitioner_role": role,
        "practitioner_role_id": role["id"],
        "score": match.score,
        "reasons": [{"code": reason.code, "text": reason.text} for reason in match.reasons],
        "credential_in_force": True,
        "available": match.is_available,
        "answers_in": None if minutes is None else {"minutes": minutes, "answered": match.answers.answered},
    }
