"""What a list may be asked for."""

from rest_framework import serializers

from backend.lib.rest.fields import Moment, StrictSerializer


class PageQuery(StrictSerializer):
    limit = serializers.CharField(required=False, help_text="1 to 100, default 50.")
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of an earlier page.")


class UpdatedSinceQuery(PageQuery):
    updated_since = Moment(required=False, help_text="Only rows changed at or after this time.")


class SearchedQuery(PageQuery):
    search = serializers.CharField(help_text="The sealed question of the search, as `next` carries it.")
