"""The histories of several tables as one list, newest first: what changed, from what to what, by whom, in which request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Expression, F, JSONField, OuterRef, Q, QuerySet, Subquery, UUIDField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject, Trim
from django.utils.dateparse import parse_datetime

from backend.directory.models import Application, Member, Organization
from backend.directory.wording import SIDES, Difference, Wording, differences, sentence
from backend.lib.actor import Actor, ActorKind
from backend.lib.expressions import Utc
from backend.lib.history import history_of
from backend.lib.prepared import Prepared
from backend.lib.rest.fields import utc
from backend.lib.rest.pages import LIMIT, Keyset
from backend.lib.zones import moment_in_words

Raw = dict[str, Any]
NEWEST_FIRST = ("-pgh_created_at", "-pgh_id")
LATEST = Keyset((("pgh_created_at", True), ("pgh_id", True)), None, LIMIT + 1)
ACTIONS = ("created", "changed", "removed")
NOBODY = {str(ActorKind.CLIENT): "The client", str(ActorKind.SYSTEM): "Trialogue"}


@dataclass(frozen=True, slots=True)
class Told:
    """One table whose history is told: what its rows are called, which of their fields are shown, and which names a row.

    ``within`` is the column that holds the id of the whole they belong to. ``signed`` is the name that a system's change
    was made in. Without a ``word`` it is the whole itself.
    """

    model: Any
    what: str
    word: str
    shows: Mapping[str, Expression | F]
    named: str = ""
    within: str = "pgh_obj_id"
    signed: Expression | F = field(default_factory=lambda: Value(""))
    wording: Wording = field(default_factory=Wording)

    def without(self, *names: str) -> "Told":
        """The same, and these fields are kept to themselves."""
        shows = {name: shown for name, shown in self.shows.items() if name not in names}
        return replace(self, shows=shows, named="" if self.named in names else self.named)


class History:
    """What is told of several kinds of rows that belong to one whole."""

    def __init__(self, *kinds: Told) -> None:
        self.kinds = {kind.what: kind for kind in kinds}
        # Every wall stands in the statement several times, so that planning it takes longer than running it.
        self._latest = Prepared(partial(self._page, keyset=LATEST))

    def rows(self, actor: Actor, whole_id: UUID, keyset: Keyset) -> Sequence[Raw]:
        """A page of what changed, as far as the actor reads it, in one statement."""
        if keyset == LATEST:
            return self._latest.rows(actor, whole_id=whole_id)
        return list(self._page(actor, whole_id=whole_id, keyset=keyset))

    def latest(self, actor: Actor, whole_id: UUID) -> list[Raw]:
        """The newest changes as they are answered and shown."""
        return [self.told(row) for row in self.rows(actor, whole_id, LATEST)[:LIMIT]]

    def told(self, row: Raw) -> Raw:
        """One change as it is answered."""
        return _told(self.kinds[row["what"]], row)

    def differences(self, told: Raw, zone: str) -> list[Difference]:
        """What a change that was told says of before and after, in words."""
        kind = self.kinds[told["what"]["type"]]
        moments = [name for name, shown in kind.shows.items() if isinstance(shown, Utc)]
        return differences(
            kind.wording, [_local(one, zone) if one["name"] in moments else one for one in told["fields"]]
        )

    def _page(self, actor: Actor, *, whole_id: UUID, keyset: Keyset) -> "QuerySet[Any, Raw]":
        first, *others = (keyset.of(_of_kind(kind, whole_id, actor)) for kind in self.kinds.values())
        if not others:
            return first
        order = [f"-{name}" if down else name for name, down in keyset.columns]
        return first.union(*others, all=True).order_by(*order)[: keyset.most]


def _told(kind: Told, row: Raw) -> Raw:
    context, fields = row["pgh_context"] or {}, _fields(kind, row)
    return {
        "id": str(row["pgh_id"]),
        "at": utc(row["pgh_moment"]),
        "recorded_at": utc(row["pgh_created_at"]),
        "by": row["member_name"] or row["signed"] or row["application_name"] or NOBODY.get(context.get("kind", "")),
        "organization": _label(context.get("organization_id"), row["organization_name"]),
        "actor": context.get("kind"),
        "request_id": context.get("request_id"),
        "what": {"type": kind.what, "id": str(row["pgh_obj_id"])},
        "action": row["pgh_label"],
        "fields": fields,
        "label": _sentence(kind, row, fields),
    }


def _of_kind(kind: Told, whole_id: UUID, actor: Actor) -> "QuerySet[Any, Raw]":
    seen = history_of(kind.model).objects.visible_to(actor)
    shown = JSONObject(**kind.shows)
    earlier = seen.filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_created_at__lt=OuterRef("pgh_created_at"))
    before = earlier.order_by(*NEWEST_FIRST).values(shown=shown)[:1]
    found = seen.filter(**{kind.within: whole_id}, pgh_label__in=ACTIONS).annotate(
        what=Value(kind.what),
        after=shown,
        before=Coalesce(Subquery(before), Value({}, output_field=JSONField())),
        **_who(kind),
    )
    # Something that is not shown may have changed: then there is nothing to tell.
    says_something = ~Q(pgh_label="changed") | ~Q(before=F("after"))
    told: QuerySet[Any, Raw] = found.filter(says_something).values(
        "pgh_id", "pgh_created_at", "pgh_moment", "pgh_label", "pgh_obj_id", "pgh_context", "what", "after", "before",
        "signed", "member_name", "application_name", "organization_name",
    )  # fmt: skip
    return told


def _who(kind: Told) -> Mapping[str, Any]:
    """Names for the ids of the context, as the directory knows them."""
    members = Member.objects.filter(pk=_from_context("member_id"))
    applications = Application.objects.filter(pk=_from_context("application_id"))
    organizations = Organization.objects.filter(pk=_from_context("organization_id"))
    person = Trim(Concat(F("user__first_name"), Value(" "), F("user__last_name")))
    return {
        "signed": kind.signed,
        "member_name": Subquery(members.values(name=person)),
        "application_name": Subquery(applications.values("name")),
        "organization_name": Subquery(organizations.values("name")),
    }


def _from_context(name: str) -> Cast:
    return Cast(KeyTextTransform(name, OuterRef("pgh_context")), UUIDField())


def _fields(kind: Told, row: Raw) -> list[Raw]:
    """Each field that is another than before, in the order in which the kind names them."""
    gone = row["pgh_label"] == "removed"
    before = row["after"] if gone else row["before"]
    after = {} if gone else row["after"]
    values = [(name, _known(before.get(name)), _known(after.get(name))) for name in kind.shows]
    return [{"name": name, "from": old, "to": new} for name, old, new in values if old != new]


def _local(one: Raw, zone: str) -> Raw:
    """A field that is a time, by a clock that people read."""
    return {**one, **{side: moment_in_words(parse_datetime(one[side] or ""), zone) or None for side in SIDES}}


def _known(value: Any) -> Any:
    return None if value in ("", [], {}) else value


def _label(organization_id: str | None, name: str | None) -> Raw | None:
    return {"id": organization_id, "display": name or ""} if organization_id else None


def _sentence(kind: Told, row: Raw, fields: Sequence[Raw]) -> str:
    """What happened, in a line."""
    name = row["after"].get(kind.named) if kind.named else None
    subject = f"{kind.word} “{kind.wording.named(name)}”" if name else kind.word
    return sentence(kind.wording, subject, row["pgh_label"], fields, was_seen=bool(row["before"]))
