"""The rows of the catalog, one frozen class per kind, and the questions asked of them together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

Side = Literal["left", "right", "midline", "bilateral"]
Load = Literal["low", "moderate", "high"]
Confidence = Literal["confirmed", "partly", "unconfirmed", "convention"]
BodyView = Literal["front", "back"]
Better = Literal["lower", "higher"]
NoteKind = Literal["initial_evaluation", "progress", "re_evaluation", "discharge", "phone"]

ANY_REGION = "any"


class Refers(NamedTuple):
    """Marks a text as the code of a row of another kind."""

    kind: str
    besides: str | None = None


DisciplineCode = Annotated[str, Refers("disciplines")]
GroupCode = Annotated[str, Refers("technique_groups")]
MeasureCode = Annotated[str, Refers("measures")]
PlanTemplateCode = Annotated[str, Refers("plan_templates")]
LevelCode = Annotated[str, Refers("precaution_levels")]
RegionCode = Annotated[str, Refers("regions")]
RegionCodeOrAny = Annotated[str, Refers("regions", besides=ANY_REGION)]
SourceCode = Annotated[str, Refers("sources")]
UrgencyCode = Annotated[str, Refers("urgencies")]
ZoneCode = Annotated[str, Refers("body_zones")]


class UnknownCode(LookupError):
    """A code that is not in the catalog."""

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(f"The catalog has no {code!r} among its {kind.replace('_', ' ')}.")
        self.kind = kind
        self.code = code


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from; ``how`` says whether it was read, recalled, agreed by convention or the seed."""

    code: str
    label: str
    url: str | None
    how: Literal["seed", "convention", "read", "recalled"]


@dataclass(frozen=True, slots=True)
class Discipline:
    """A profession. ``taxonomy_code`` is its NUCC provider taxonomy code, ``mark`` the letters on screen.

    ``credential_kind`` is what a practitioner must hold to treat; ``takes_same_day_red_flags`` says that a referral
    with a same-day red flag may go there without an explanation.
    """

    code: str
    label: str
    mark: str
    practitioner_title: str
    taxonomy_code: str | None
    credential_kind: Literal["license", "certification"]
    license_titles: tuple[str, ...]
    takes_same_day_red_flags: bool
    sources: tuple[SourceCode, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class TechniqueGroup:
    """Techniques that act alike on tissue; precautions speak about groups."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Technique:
    """What is done in a session. ``load`` is the typical mechanical load on the treated region (a convention)."""

    code: str
    label: str
    group: GroupCode
    load: Load
    disciplines: tuple[DisciplineCode, ...]
    regions: tuple[RegionCode, ...]
    synonyms: tuple[str, ...]
    note: str
    sources: tuple[SourceCode, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the body, the sides it can have and its neighbors."""

    code: str
    label: str
    sides: tuple[Side, ...]
    adjacent: tuple[RegionCode, ...]


@dataclass(frozen=True, slots=True)
class BodyZone:
    """A spot of the body map within a region, finer than the region."""

    code: str
    label: str
    region: RegionCode
    view: BodyView


@dataclass(frozen=True, slots=True)
class Muscle:
    """A muscle, where its trigger point is usually found and where that refers to."""

    code: str
    label: str
    region: RegionCode
    sides: tuple[Side, ...]
    trigger_zone: ZoneCode
    referral_zones: tuple[ZoneCode, ...]
    complaint: str
    innervation: str
    sources: tuple[SourceCode, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Measure:
    """An outcome instrument: the range of its score, and which direction is better."""

    code: str
    label: str
    minimum: int | float
    maximum: int | float
    unit: str
    better: Better


@dataclass(frozen=True, slots=True)
class NoteTemplate:
    """What one discipline is reminded of in each part of one kind of note; prompts, never text of a note."""

    code: str
    label: str
    discipline: DisciplineCode
    kind: NoteKind
    subjective: tuple[str, ...]
    objective: tuple[str, ...]
    assessment: tuple[str, ...]
    plan: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotePhrases:
    """Short sentences that one discipline presses instead of typing them, by the part of a note they stand in.

    They say how somebody is and what was done; none names a disease or says that something was examined and ruled out.
    """

    discipline: DisciplineCode
    subjective: tuple[str, ...]
    objective: tuple[str, ...]
    assessment: tuple[str, ...]
    plan: tuple[str, ...]

    @property
    def code(self) -> str:
        return self.discipline


@dataclass(frozen=True, slots=True)
class PlanTemplate:
    """What a care plan can begin with: the problem, when it is looked at again, what its goals may be measured by.

    It plans nobody's work: lines are each clinic's own, goals are the client's words. ``note`` says who looks over it first.
    """

    code: str
    label: str
    problem: str
    icd10: str | None
    review_weeks: int
    measures: tuple[MeasureCode, ...]
    note: str
    sources: tuple[SourceCode, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class PlanPhase:
    """A stretch of a template's plan, in the order of the file: how long it usually is, and what ends it."""

    code: str
    label: str
    template: PlanTemplateCode
    weeks: int
    ends_when: str
    sources: tuple[SourceCode, ...]


@dataclass(frozen=True, slots=True)
class PrecautionLevel:
    """How strongly a precaution limits a treatment."""

    code: str
    label: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Precaution:
    """A condition that limits care. ``strictest_level`` is the strictest any of its rules sets for any technique."""

    code: str
    label: str
    category: str
    strictest_level: LevelCode
    intake_question: str
    synonyms: tuple[str, ...]
    sources: tuple[SourceCode, ...]


@dataclass(frozen=True, slots=True)
class Urgency:
    """How soon a red flag needs a doctor, and what to do. The first row of the file is the most urgent."""

    code: str
    label: str
    action: str


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A sign that may point to serious disease. ``region`` is ``any`` when it is asked whatever the region."""

    code: str
    label: str
    region: RegionCodeOrAny
    urgency: UrgencyCode
    think_of: str
    sources: tuple[SourceCode, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded answer to "why?"."""

    code: str
    label: str
    needs_sentence: bool


@dataclass(frozen=True, slots=True)
class ReferralReasons:
    """Short reasons offered when one discipline refers to another."""

    from_discipline: DisciplineCode
    to_discipline: DisciplineCode
    suggestions: tuple[str, ...]

    @property
    def code(self) -> str:
        return pair_code(self.from_discipline, self.to_discipline)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every row by its code, in the order of the files. Each field is filled from the file of the same name."""

    sources: Mapping[str, Source]
    disciplines: Mapping[str, Discipline]
    technique_groups: Mapping[str, TechniqueGroup]
    techniques: Mapping[str, Technique]
    regions: Mapping[str, Region]
    body_zones: Mapping[str, BodyZone]
    muscles: Mapping[str, Muscle]
    measures: Mapping[str, Measure]
    note_templates: Mapping[str, NoteTemplate]
    note_phrases: Mapping[str, NotePhrases]
    plan_templates: Mapping[str, PlanTemplate]
    plan_phases: Mapping[str, PlanPhase]
    precaution_levels: Mapping[str, PrecautionLevel]
    precautions: Mapping[str, Precaution]
    urgencies: Mapping[str, Urgency]
    red_flags: Mapping[str, RedFlag]
    decline_reasons: Mapping[str, Reason]
    withdraw_reasons: Mapping[str, Reason]
    not_completed_reasons: Mapping[str, Reason]
    referral_reasons: Mapping[str, ReferralReasons]

    def discipline(self, code: str) -> Discipline:
        """The discipline, or UnknownCode."""
        return _one("disciplines", self.disciplines, code)

    def technique(self, code: str) -> Technique:
        """The technique, or UnknownCode."""
        return _one("techniques", self.techniques, code)

    def region(self, code: str) -> Region:
        """The region, or UnknownCode."""
        return _one("regions", self.regions, code)

    def sides_of(self, region: str) -> tuple[Side, ...]:
        """The sides a region can have, or UnknownCode."""
        return self.region(region).sides

    def body_zones_of(self, region: str | None = None) -> list[BodyZone]:
        """The zones of a region, or all of them."""
        return [zone for zone in self.body_zones.values() if region in (None, zone.region)]

    def techniques_of(self, discipline: str) -> list[Technique]:
        """The techniques in the usual scope of a discipline, or UnknownCode."""
        code = self.discipline(discipline).code
        return [technique for technique in self.techniques.values() if code in technique.disciplines]

    def note_templates_for(self, discipline: str | None = None, kind: str | None = None) -> list[NoteTemplate]:
        """The templates of a discipline, of a kind, or of both."""
        templates = self.note_templates.values()
        return [t for t in templates if discipline in (None, t.discipline) and kind in (None, t.kind)]

    def phases_of(self, template: PlanTemplate) -> list[PlanPhase]:
        """The phases of a template, in their order."""
        return [phase for phase in self.plan_phases.values() if phase.template == template.code]

    def measures_fitting(self, problems: Iterable[str]) -> list[Measure]:
        """All measures; first those of the templates that are about one of these problems."""
        asked = set(problems)
        fitting = [code for row in self.plan_templates.values() if row.problem in asked for code in row.measures]
        return [self.measures[code] for code in dict.fromkeys([*fitting, *self.measures])]

    def red_flags_for(self, regions: Iterable[str]) -> list[RedFlag]:
        """The red flags of these regions and of any region, most urgent first, or UnknownCode."""
        asked = {ANY_REGION, *(self.region(region).code for region in regions)}
        urgencies = list(self.urgencies)
        found = [flag for flag in self.red_flags.values() if flag.region in asked]
        return sorted(found, key=lambda flag: urgencies.index(flag.urgency))

    def reason_suggestions(self, from_discipline: str, to_discipline: str) -> tuple[str, ...]:
        """Short reasons for a referral between two disciplines; empty for a pair nobody has written any for."""
        pair = self.referral_reasons.get(pair_code(from_discipline, to_discipline))
        return pair.suggestions if pair else ()

    @staticmethod
    def overlaps(regions_a: Iterable[Mapping[str, Any]], regions_b: Iterable[Mapping[str, Any]]) -> bool:
        """Whether two lists of ``{"region", "side"}`` share a place.

        Only left and right of one region are apart; midline, bilateral and a side that is not known meet every side.
        """
        others = list(regions_b)
        return any(_meet(one, other) for one in regions_a for other in others)


def pair_code(from_discipline: str, to_discipline: str) -> str:
    """The code under which the reasons of a pair of disciplines are kept."""
    return f"{from_discipline}>{to_discipline}"


def _meet(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["region"] == other["region"] and {one.get("side"), other.get("side")} != {"left", "right"}


def _one(kind: str, rows: Mapping[str, T], code: str) -> T:
    if code not in rows:
        raise UnknownCode(kind, code)
    return rows[code]
