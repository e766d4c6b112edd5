"""Lists by keyset: stable under inserts, no counting, an encrypted cursor that is bound to caller and filters."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from backend.lib.cursors import BadCursor, open_cursor, seal
from backend.lib.problems import BadRequest, invalid
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.views import canonical

M = TypeVar("M")
LIMIT, MOST = 50, 100


@dataclass(frozen=True)
class Page(Generic[M]):
    rows: Sequence[M]
    next: str | None
    previous: str | None

    def response(self, render: Callable[[M], Mapping[str, Any]]) -> Response:
        body = {"results": [render(row) for row in self.rows], "next": self.next, "previous": self.previous}
        links = [f'<{url}>; rel="{name}"' for name, url in (("next", self.next), ("prev", self.previous)) if url]
        return Response(body, headers={"Link": ", ".join(links)} if links else None)


@dataclass(frozen=True)
class Keyset:
    """Where a page begins, in which order, and how many rows: one more than are shown."""

    columns: tuple[tuple[str, bool], ...]
    after: tuple[Any, ...] | None
    most: int

    @property
    def is_usual(self) -> bool:
        """What nearly everybody asks for: the first page of the usual size."""
        return self.after is None and self.most == LIMIT + 1

    def of(self, queryset: "QuerySet[Any, M]") -> "QuerySet[Any, M]":
        queryset = queryset.order_by(*(F(name).desc() if down else F(name).asc() for name, down in self.columns))
        if self.after is not None:
            queryset = queryset.filter(_beyond(self.columns, self.after))
        return queryset[: self.most]


def page_of(
    found: "QuerySet[Any, M] | Callable[[Keyset], Sequence[M]]",
    request: Request,
    *,
    order: Sequence[str] = ("-created_at", "-id"),
    filters: Mapping[str, Any] | None = None,
    at: str | None = None,
    keep: Mapping[str, str] | None = None,
    size: int = LIMIT,
) -> Page[M]:
    """One page of a queryset, or of what a function finds for a keyset, by the ``limit`` and ``cursor`` parameters.

    ``order`` names plain columns that together are unique. ``filters`` is what the list was asked for; a cursor made
    for other filters or another caller is 400 ``bad_cursor``. ``at`` is the address under which the next page is found
    (a search by POST goes on with GET); ``keep`` adds parameters to it, such as the sealed question of that search.
    ``size`` is how many rows a page has unless asked otherwise.
    """
    limit = limit_of(request, default=size)
    purpose, bound_to = at or request.path, _bound_to(request, filters or {})
    backwards, after = _place(request, purpose=purpose, bound_to=bound_to, columns=len(order))
    columns = tuple((name.lstrip("-"), name.startswith("-") != backwards) for name in order)
    keyset = Keyset(columns, after, limit + 1)
    rows = list(found(keyset) if callable(found) else keyset.of(found))
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()

    def link(direction: str, row: M) -> str:
        values = [row[name] if isinstance(row, dict) else getattr(row, name) for name, _ in columns]
        cursor = seal([direction, *values], purpose=purpose, bound_to=bound_to)
        return request.build_absolute_uri(
            f"{purpose}?{urlencode({**_kept(request), **(keep or {}), 'limit': limit, 'cursor': cursor})}"
        )

    has_next = more if not backwards else after is not None
    has_previous = more if backwards else after is not None
    return Page(
        rows,
        next=link("next", rows[-1]) if rows and has_next else None,
        previous=link("previous", rows[0]) if rows and has_previous else None,
    )


def limit_of(request: Request, *, most: int = MOST, default: int = LIMIT) -> int:
    text = request.query_params.get("limit", str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= most:
        raise invalid("/limit", f"The limit is a number from 1 to {most}.")
    return int(text)


def _place(request: Request, *, purpose: str, bound_to: str, columns: int) -> tuple[bool, tuple[Any, ...] | None]:
    """Whether the page lies before the row in the cursor, and that row's columns; without a cursor the first page."""
    text = request.query_params.get("cursor")
    if not text:
        return False, None
    try:
        direction, *row = open_cursor(text, purpose=purpose, bound_to=bound_to)
        if len(row) != columns:
            raise BadCursor
    except (BadCursor, ValueError) as error:
        raise BadRequest(
            "This cursor does not belong to this list; begin again without it.", code="bad_cursor"
        ) from error
    return direction == "previous", tuple(row)


def _beyond(columns: Sequence[tuple[str, bool]], values: Sequence[Any]) -> Q:
    """Rows after the given one, spelled out per column so that mixed directions work."""
    beyond, equal = Q(), Q()
    for (name, down), value in zip(columns, values, strict=True):
        beyond |= equal & Q(**{f"{name}__{'lt' if down else 'gt'}": value})
        equal &= Q(**{name: value})
    return beyond


def _bound_to(request: Request, filters: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{actor_of(request).caller_key}|{canonical(filters)}".encode()).hexdigest()


def _kept(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in request.query_params.items() if name not in ("cursor", "limit")}
