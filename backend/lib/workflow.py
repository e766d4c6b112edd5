"""Workflows as tables: one row per transition, from which behaviour, refusals, buttons and documents are made."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backend.lib.problems import BadRequest, Conflict, Forbidden

S = TypeVar("S")
Rule = Callable[[S, Mapping[str, Any]], bool]


@dataclass(frozen=True, kw_only=True)
class Transition(Generic[S]):
    """One row of the table.

    ``target`` None means that the state stays. A transition with several possible targets lists them in ``targets`` and
    decides in ``choose_target``. ``by`` names the parties that may make it, ``rights`` what a member of such a party
    needs inside their organization, ``offered`` when it is listed as possible although its state fits.
    """

    name: str
    sources: tuple[str, ...]
    target: str | None
    by: tuple[str, ...]
    event: str
    summary: str
    label: str
    rights: frozenset[str] = frozenset({"practitioner", "coordinator"})
    input: type | None = None
    requires: tuple["Rule[S]", ...] = ()
    offered: "Rule[S] | None" = None
    targets: tuple[str, ...] = ()
    choose_target: Callable[[S, Mapping[str, Any]], str] | None = None

    def target_for(self, subject: S, details: Mapping[str, Any]) -> str:
        if self.choose_target:
            return self.choose_target(subject, details)
        return self.target or state_of(subject)

    @property
    def possible_targets(self) -> tuple[str, ...]:
        """Every state this transition can lead to; for documents and the diagram."""
        return self.targets or ((self.target,) if self.target else self.sources)


@dataclass(frozen=True)
class Workflow(Generic[S]):
    """The rows, by name."""

    rows: tuple[Transition[S], ...]

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        assert len(names) == len(set(names)), "every transition has one row"

    def __getitem__(self, name: str) -> Transition[S]:
        return next(row for row in self.rows if row.name == name)

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.rows]

    def known(self, name: object) -> Transition[S]:
        """The row of this name, or 400."""
        if not isinstance(name, str) or name not in self.names:
            raise BadRequest(
                "There is no such step. The steps are listed in the catalog of transitions.", code="unknown_transition"
            )
        return self[name]

    def available(
        self, subject: S, parties: Collection[str], rights: Collection[str] | None = None
    ) -> list[Transition[S]]:
        """The rows these parties can take now; with ``rights``, only those a person with such rights may take."""
        return [
            row
            for row in self.rows
            if state_of(subject) in row.sources
            and set(row.by) & set(parties)
            and (row.offered is None or row.offered(subject, {}))
            and (rights is None or not row.rights or row.rights & set(rights))
        ]

    def check_party(self, row: Transition[S], parties: Collection[str]) -> None:
        """403 ``wrong_party`` when none of the caller's sides makes this transition."""
        if not set(row.by) & set(parties):
            raise Forbidden(
                f"“{row.label}” is for the {' or the '.join(row.by)}, and that is not your side here.",
                code="wrong_party",
            )

    def check_state(
        self, row: Transition[S], subject: S, parties: Collection[str], *, last_step: Callable[[], Any] | None = None
    ) -> None:
        """409 ``wrong_state`` with the ways out, and the last step, when the transition does not start here or its rule says no."""
        starts_here = state_of(subject) in row.sources
        if starts_here and (row.offered is None or row.offered(subject, {})):
            return
        why = (getattr(row.offered, "__doc__", None) or "").strip() if starts_here else ""
        known = {"last": last_step()} if last_step else {}
        raise self.wrong_state(row, subject, parties, why=why, **known)

    def wrong_state(
        self, row: Transition[S], subject: S, parties: Collection[str], *, why: str = "", **problem: Any
    ) -> Conflict:
        state = state_of(subject)
        ways_out = [step.name for step in self.available(subject, parties)]
        return Conflict(
            (why or f"“{row.label}” is not possible while this is {state.replace('_', ' ')}.")
            + (f" Possible now: {', '.join(way.replace('_', ' ') for way in ways_out)}." if ways_out else ""),
            code="wrong_state",
            state=state,
            available=ways_out,
            **problem,
        )

    def require(self, row: Transition[S], subject: S, details: Mapping[str, Any]) -> None:
        """Asks every rule of the row; the docstring of the first that says no is what the caller reads."""
        for rule in row.requires:
            if not rule(subject, details):
                raise Conflict((rule.__doc__ or "").strip(), code=getattr(rule, "__name__", "refused"))

    def diagram(self) -> str:
        """The table as a Mermaid state diagram; the documents hold a copy that a test compares."""
        edges: list[str] = []
        for row in self.rows:
            for source in row.sources:
                targets: Iterable[str] = row.targets or ((row.target or source),)
                edges += [f"    {source} --> {target}: {row.name}" for target in targets]
        return "\n".join(["stateDiagram-v2", f"    [*] --> {self.rows[0].sources[0]}", *edges])


def state_of(subject: Any) -> str:
    """The state a row is in; every subject of a workflow has the field ``state``."""
    return str(subject.state)
