"""The forms of what stands in a plan, made from its input serializers: for one's own row, a new one, or a proposal."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from backend.careplans.models import Intervention
from backend.careplans.services import ROWS
from backend.catalog.entries import PlanTemplate
from backend.catalog.queries import catalog
from backend.directory.models import PractitionerRole
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.rest.fields import Amount, PlainText, StrictSerializer
from backend.workspace import words
from backend.workspace.colleagues import colleagues_here
from backend.workspace.forms import Choices, Field, Form, as_shown, differs
from backend.workspace.pages import field_errors

Body = Mapping[str, Any]

# What a press on less or more goes through; half a time a week is every other week.
LADDERS: Mapping[str, tuple[float, ...]] = {
    "times_per_week": (0.25, 0.5, 1, 2, 3, 4, 5, 6, 7),
    "weeks": tuple(range(1, 53)),
    "minutes": tuple(range(5, 121, 5)),
    "visit_budget": tuple(range(1, 101)),
    "line.times_per_week": (0.25, 0.5, 1, 2, 3, 4, 5, 6, 7),
    "line.weeks": tuple(range(1, 53)),
}
# Where the first press leads when nothing is said yet; elsewhere to 1.
FIRST: Mapping[str, float] = {"minutes": 30}
# A day that is mostly one of the next weeks, and how its chips begin to say so.
DAYS = {"review_on": "Review", "due_on": "Due", "from_on": "First day", "until_on": "Last day"}
WEEKS_AHEAD = (1, 2)
HELP = {"times_per_week": "0.5 is every other week"}
ENDING = ("ended_reason", "ended_detail")
# What of a line is changed most often; the rest is behind one press.
PACE = ("times_per_week", "weeks", "state", *ENDING)
LABELS = {
    "focus": "What it is about",
    "practitioner_role_id": "Who does it (you, when nobody is chosen)",
    "technique_ids": "Techniques",
    "times_per_week": "Times a week",
    "weeks": "For how many weeks",
    "minutes": "Minutes each time",
    "load": "Load (that of the techniques, when none is chosen)",
    "avoid": "Nobody should treat",
    "avoid.region": "Where",
    "avoid.side": "Side",
    "avoid.technique_id": "With this technique only",
    "avoid.note": "Why, or how",
    "home_programme": "At home",
    "visit_budget": "Visits at most",
    "state": "How it goes on",
    "ended_reason": "If it ends, why",
    "ended_detail": "In a sentence",
    "words": "In the client's words",
    "measure": "Measured by",
    "baseline": "Began at",
    "due_on": "Due",
    "text": "Problem",
    "icd10": "ICD-10-CM code (such as M54.2)",
    "name": "Phase",
    "position": "Order",
    "from_on": "First day",
    "until_on": "Last day",
    "line.times_per_week": "Times a week",
    "line.weeks": "For how many weeks",
    "line.focus": "What you do about it",
    "goal.words": "What the client wants to do again, in their words",
    "title": "What the plan is for",
    "review_on": "Looked at again on",
}
STATES: Mapping[str, dict[str, str]] = {
    "interventions": {"active": "Goes on", "paused": "Paused", "ended": "Ended"},
    "goals": {"active": "Still wanted", "achieved": "Achieved", "not_achieved": "Not achieved", "dropped": "Dropped"},
    "problems": {"active": "Active", "resolved": "Resolved"},
}
WHY = (
    "Responds well",
    "No change so far",
    "Sore afterwards",
    "Too much at once",
    "The client asks for it",
    "It clashes with our work",
)


class FirstGoal(StrictSerializer):
    words = PlainText(max_length=500)


class FirstLine(StrictSerializer):
    focus = PlainText(max_length=300)
    times_per_week = Amount(required=False, min_value=0.1, max_value=21)
    weeks = serializers.IntegerField(required=False, min_value=1, max_value=104)


class FirstPlan(StrictSerializer):
    """What the page asks to begin a plan."""

    title = PlainText(max_length=200)
    review_on = serializers.DateField(required=False)
    goal = FirstGoal(required=False)
    line = FirstLine(required=False)


class PlanHeader(StrictSerializer):
    """What the lead changes of the plan itself."""

    title = PlainText(max_length=200)
    review_on = serializers.DateField(required=False, allow_null=True)


def plan_form(serializer: type[Any], zone: str, **more: Any) -> Form:
    """A form about the plan as a whole."""
    return _for_thumbs(Form(serializer, zone=zone, labels=LABELS, **more))


def row_form(
    kind: str,
    actor: Actor,
    zone: str,
    *,
    row: Body | None = None,
    typed: QueryDict | None = None,
    problem: Problem | None = None,
    is_proposal: bool = False,
    is_taken_over: bool = False,
    disciplines: Iterable[str] = (),
    problems: Iterable[str] = (),
) -> Form:
    """The form of a row; ``disciplines`` are those whose techniques are offered, else the reader's clinic's.

    ``problems`` are those of the plan: what fits them is first among the measures that are offered for a goal.
    """
    choices = _choices(
        kind, actor, None if is_taken_over else row, is_proposal=is_proposal, disciplines=list(disciplines)
    )
    form = Form(
        ROWS[kind].patch if row and not is_taken_over else ROWS[kind].fields,
        zone=zone,
        typed=typed,
        initial=_values(row) if row else {},
        choices=choices,
        labels=LABELS,
        leave_out=_left_out(None if is_taken_over else row, choices, is_proposal=is_proposal, kind=kind),
        required=("state",) if row and not is_taken_over else (),
        errors=row_errors(problem),
    )
    if kind == "goals":
        _offer_measures(form, problems)
    return _for_thumbs(form)


def shown_first(form: Form, *, is_new: bool) -> list[Field]:
    """What is changed most often: of a line that is there its pace, of everything else all of it, in this order."""
    if not any(field.name in LADDERS for field in form.fields):
        return form.fields
    order = {name: place for place, name in enumerate(("focus", *PACE) if is_new else PACE)}
    asked = [field for field in form.fields if is_new or field.name in order]
    return sorted(asked, key=lambda field: order.get(field.name, len(order)))


def changed_only(serializer: type[serializers.Serializer[Any]], said: Body, row: Body) -> dict[str, Any]:
    """What was typed and is different from the row as it stands."""
    fields, values = serializer().fields, as_typed(row)
    changed = {name: text for name, text in said.items() if differs(fields[name], text, values.get(name))}
    return {name: as_shown(fields[name], text) for name, text in changed.items()}


def as_typed(row: Body) -> dict[str, Any]:
    """A row with what a form says under another name."""
    role = row.get("practitioner_role")
    return {**row, **({"practitioner_role_id": role["id"]} if role else {})}


def stepped(typed: QueryDict) -> QueryDict:
    """What was typed, with the number whose “less” or “more” was pressed one step further."""
    name, _, way = typed.get("step", "").partition(" ")
    after = typed.copy()
    if name in LADDERS and way in ("less", "more"):
        after[name] = f"{_next(name, typed.get(name, ''), is_more=way == 'more'):g}"
    return after


def started_from(typed: QueryDict, template: PlanTemplate | None, zone: str) -> QueryDict:
    """What was typed, and what this template says where nothing was typed or another template had spoken."""
    before = said_by(catalog().plan_templates.get(typed.get("template", "")), zone)
    after = typed.copy()
    for name, now in said_by(template, zone).items():
        if typed.get(name, "") in ("", before[name]):
            after[name] = now
    return after


def said_by(template: PlanTemplate | None, zone: str) -> dict[str, str]:
    """What a template says of the plan itself."""
    if template is None:
        return {"title": "", "review_on": ""}
    review_on = words.today(zone) + timedelta(weeks=template.review_weeks)
    return {"title": template.label, "review_on": review_on.isoformat()}


def row_errors(problem: Problem | None) -> dict[str, str]:
    """The refusal by field: a proposal's fields are named within ``changes``, parts of a list by their list."""
    found = {}
    for pointer, said in field_errors(problem).items():
        name = pointer.removeprefix("changes.")
        found[name.split(".")[0] if name.startswith(("technique_ids", "regions")) else name] = said
    return found


def _next(name: str, typed: str, *, is_more: bool) -> float:
    ladder = LADDERS[name]
    try:
        now = float(typed)
    except ValueError:
        return FIRST.get(name, 1)
    further = [value for value in ladder if (value > now if is_more else value < now)]
    if not further:
        return ladder[-1 if is_more else 0]
    return min(further) if is_more else max(further)


def _offer_measures(form: Form, problems: Iterable[str]) -> None:
    """What a goal may be measured by, to choose from or to say otherwise."""
    offered = [
        (measure.label, f"{measure.unit}, {measure.better} is better")
        for measure in catalog().measures_fitting(problems)
    ]
    for field in form.fields:
        if field.name == "measure":
            field.choices = offered


def _for_thumbs(form: Form) -> Form:
    """Numbers are stepped, days are chosen among the next weeks."""
    today = words.today(form.zone)
    for field in form.fields:
        if field.name in LADDERS:
            field.kind, field.help = "stepper", HELP.get(field.name.split(".")[-1], "")
            field.first = f"{FIRST.get(field.name, 1):g}"
            field.choices = [(f"{value:g}", "") for value in LADDERS[field.name]]
        elif field.name in DAYS:
            field.kind, field.help, field.choices = "day", DAYS[field.name], _weeks_ahead(today)
    return form


def _weeks_ahead(today: date) -> Choices:
    """1 week, 2 weeks: the days these are at the clinic."""
    ahead = ((weeks, today + timedelta(weeks=weeks)) for weeks in WEEKS_AHEAD)
    return [(day.isoformat(), f"{weeks} week{'s' if weeks > 1 else ''}") for weeks, day in ahead]


def _values(row: Body) -> dict[str, Any]:
    """A row as the form names its fields: what is avoided, place by place."""
    avoided = {
        f"avoid.{index}.{name}": said
        for index, place in enumerate(row.get("avoid", ()))
        for name, said in place.items()
    }
    return {**as_typed(row), **avoided}


def _choices(
    kind: str, actor: Actor, row: Body | None, *, is_proposal: bool, disciplines: list[str]
) -> dict[str, Choices]:
    if kind != "interventions":
        return {"state": list(STATES[kind].items())} if kind in STATES else {}
    codes = disciplines or ([row["discipline"]] if row else _disciplines_here(actor))
    known = {technique.code: technique.label for code in codes for technique in catalog().techniques_of(code)}
    states = STATES[kind].items()
    return {
        "technique_ids": list(known.items()),
        "practitioner_role_id": colleagues_here(actor),
        "state": [state for state in states if not (is_proposal and state[0] == Intervention.State.ENDED)],
    }


def _disciplines_here(actor: Actor) -> list[str]:
    roles = PractitionerRole.objects.filter(organization_id=actor.clinic_id, ended_at=None)
    return sorted(set(roles.values_list("discipline", flat=True)))


def _left_out(row: Body | None, choices: Mapping[str, Choices], *, is_proposal: bool, kind: str) -> tuple[str, ...]:
    """What makes no sense to ask here; a clinic of one person does not choose who does it."""
    never = ["on_behalf_of"]
    if len(choices.get("practitioner_role_id", ())) <= 1:
        never.append("practitioner_role_id")
    if row is None:
        never += ["state", *ENDING]
    if is_proposal:
        never += ["practitioner_role_id", *ENDING, *(["state"] if kind == "goals" else [])]
    return tuple(never)
