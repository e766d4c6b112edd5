"""Two plans about one client in two circles, with a word in each part by each party, and who reads which of them.

As ``everything.py`` is for notes: whatever shows plans is held against ``readable``, which is the sentences of the product
written down a second time.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from backend.audit.work import run_due
from tests import make
from tests.careplans.in_error import void
from tests.careplans.plans import Plan, accepted, alone, done, leave, withdraw
from tests.record.everything import Reader, Words, people

# What a coordinator, who plans times, reads in words.
OF_TIMES = frozenset({"phase"})
# The lists of rows, by the part of a plan that each holds words of.
KINDS = {"problem": "problems", "goal": "goals", "line": "interventions", "phase": "phases"}
WRONG_CLIENT = "wrong_client"
Word = tuple[int, str]


@dataclass(frozen=True)
class Told:
    """One event: the clinics that got it, and the proposal it is about, by its word, when it is about one.

    An event about a mistake is delivered whatever its reader still reads.
    """

    type: str
    to: frozenset[str]
    about: Word | None = None


@dataclass
class Planned:
    """A plan, whose words stand in it, and what became of its team and of its rows.

    ``asked`` are the two sides of its proposals, each about a line of the second; ``rows`` the ids of the rows by what
    they say; ``in_error`` what was entered in error, and why; ``reason`` the same of the plan as a whole; ``waiting`` the
    proposals that wait for an answer; ``since_published`` the rows that changed after the version; ``log`` what was told.
    """

    plan: Plan
    consent_id: str
    home: make.Clinic
    others: tuple[make.Clinic, ...]
    numbers: dict[str, int]
    words: set[Word] = field(default_factory=set)
    asked: dict[Word, tuple[str, str]] = field(default_factory=dict)
    rows: dict[Word, str] = field(default_factory=dict)
    titled_by: int = 0
    left: set[str] = field(default_factory=set)
    is_withdrawn: bool = False
    in_error: dict[Word, str] = field(default_factory=dict)
    reason: str = ""
    waiting: set[Word] = field(default_factory=set)
    since_published: set[Word] = field(default_factory=set)
    log: list[Told] = field(default_factory=list)

    @property
    def parties(self) -> frozenset[str]:
        return frozenset(self.numbers)

    def said(self, clinic: make.Clinic, part: str) -> str:
        """A word of this clinic's in this part; from now on it stands in the plan."""
        number = self.numbers[clinic.id]
        self.words.add((number, part))
        return f"Zq{part} zq{number}{part}."

    def is_party(self, clinic: make.Clinic) -> bool:
        """Whether the clinic is or was on the team: so long it is shown that there is a plan."""
        return clinic.id in self.numbers

    def is_open_to(self, clinic: make.Clinic) -> bool:
        is_closed = clinic.id in self.left or self.is_withdrawn or self.is_taken_from(clinic)
        return self.is_party(clinic) and not is_closed

    def is_taken_from(self, clinic: make.Clinic) -> bool:
        """The plan is about a wrong client: it stays with its lead, and with each other what that one wrote."""
        return self.reason == WRONG_CLIENT and self.leads() != clinic.id

    def taken_from(self, clinic: make.Clinic) -> Words:
        """Rows of others about a wrong client, and the proposals about such rows for all but their two sides."""
        rows = {word for word, reason in self.in_error.items() if reason == WRONG_CLIENT}
        whys = {why for why, sides in self.asked.items() if (self.numbers[sides[1]], "line") in rows}
        others = {word for word in rows if word[0] != self.numbers[clinic.id]}
        return frozenset(others | {why for why in whys if clinic.id not in self.asked[why]})

    def readable(self, clinic: make.Clinic, *, reads_text: bool = True) -> Words:
        """The words that stand in the plan now, as far as they are for this clinic."""
        if not self.is_party(clinic):
            return frozenset()
        number = self.numbers[clinic.id]
        found = {word for word in self.words if self.is_open_to(clinic) or word[0] == number}
        if not self.is_taken_from(clinic):
            found |= {word for word, sides in self.asked.items() if clinic.id in sides}
        if not self.is_open_to(clinic):  # title and phases are the lead's to write, and to read
            of_lead = {(self.titled_by, "title"), (self.titled_by, "phase")}
            found = found | of_lead if self.leads() == clinic.id else found - of_lead
        found -= self.taken_from(clinic)
        return frozenset(word for word in found if reads_text or word[1] in OF_TIMES)

    def counted(self, clinic: make.Clinic) -> Words:
        """The goals and lines whose progress this clinic reads: nothing that is in error counts."""
        of_progress = {word for word in self.readable(clinic) if word[1] in ("goal", "line")}
        return frozenset() if self.reason else frozenset(of_progress - set(self.in_error))

    def leads(self) -> str:
        """Who leads now, as the client's home reads it."""
        return str(self.plan.whole(self.home)["lead"]["organization"]["id"])

    def earlier(self, clinic: make.Clinic, *, reads_text: bool = True) -> Words:
        """What only the history tells: what stood there before the others joined, title and phases as one's own clinic led."""
        number = self.numbers[clinic.id]
        words = {(number, "early")} if clinic.id == self.home.id else set()
        words |= {(number, "title"), (number, "phase")} if number == self.titled_by else set()
        return frozenset(word for word in words if reads_text or word[1] in OF_TIMES)

    def moments(self, clinic: make.Clinic, *, reads_text: bool = True) -> Counter[tuple[str, str]]:
        """What of it stands on a timeline for a reader of this clinic, as kind and what; proposals are clinical."""
        if not self.is_party(clinic):
            return Counter()
        found = Counter({("plan", "begun"): 1, ("plan", "finished"): int(bool(self.reason))})
        publishes = int(self.leads() == clinic.id)
        if self.is_open_to(clinic):
            found["plan", "published"] = publishes = 1
        # Each party objected; whoever publishes a version agrees to it.
        found["plan", "answered"] = publishes + (len(self.parties) if self.is_open_to(clinic) else 1)
        if reads_text:
            found["proposal", "made"] = len([word for word in self.readable(clinic) if word[1] == "why"])
        return +found

    def told_in_brief(self, clinic: make.Clinic, *, wrote: bool) -> Counter[str]:
        """The kinds of lines of a brief for a practitioner of this clinic: who wrote all of its words, or a colleague."""
        if not self.is_open_to(clinic):
            return +Counter({"plan_line": 0 if wrote or not self.is_party(clinic) else 1})
        own, published = self.numbers[clinic.id], wrote and self.leads() == clinic.id
        if self.reason:
            return +Counter({"plan": int(not published)})
        visible = {word for word in self.readable(clinic) if word[1] in ("goal", "line")}
        rows = visible if published else visible & self.since_published
        rows = {word for word in rows if not (wrote and word[0] == own)}
        return +Counter(
            {
                "plan_version": int(not published),
                "agreement": len(self.parties) - 1,
                "proposal": len([why for why in self.waiting if self.asked[why][1] == clinic.id]),
                "goal": len([word for word in rows if word[1] == "goal"]),
                "plan_line": len([word for word in rows if word[1] == "line"]),
            }
        )

    def events(self, clinic: make.Clinic) -> Counter[str]:
        """The types in the clinic's feed: what it was told while it was on the team, of proposals those it still reads."""
        readable = self.readable(clinic)
        reached = [told for told in self.log if clinic.id in told.to]
        return Counter(told.type for told in reached if told.about is None or told.about in readable)

    def tell(self, type: str, *, also: str = "", about: Word | None = None) -> None:
        """Writes down that the team, and this clinic, are told."""
        to = self.parties - self.left | ({also} if also else frozenset())
        self.log.append(Told(type, frozenset(to), about))

    def end_for(self, clinic: make.Clinic) -> None:
        done(leave(self.plan, clinic, clinic), 200)
        self.left.add(clinic.id)
        self.since_published.add((self.numbers[clinic.id], "line"))
        self.tell("care_plan.member_left", also=clinic.id)
        self.tell("care_plan.lines_to_decide")
        self._lapse({why for why in self.waiting if clinic.id in self.asked[why]}, also=clinic.id)

    def enter_in_error(self, clinic: make.Clinic, part: str, reason: str) -> None:
        word = (self.numbers[clinic.id], part)
        done(void(self.plan, clinic, f"/{KINDS[part]}/{self.rows[word]}", reason=reason), 200)
        self.in_error[word] = reason
        self.since_published.add(word)
        self.log.append(Told("care_plan.row_entered_in_error", self.parties))
        self._lapse({why for why in self.waiting if part == "line" and self.asked[why][1] == clinic.id})

    def enter_whole_in_error(self, lead: make.Clinic, reason: str) -> None:
        done(void(self.plan, lead, reason=reason), 200)
        self.reason = reason
        self.log.append(Told("care_plan.entered_in_error", self.parties))
        self._lapse(set(self.waiting))

    def _lapse(self, whys: set[Word], also: str = "") -> None:
        """Nobody answers these any more."""
        for why in whys:
            self.tell("proposal.lapsed", also=also, about=why)
        self.waiting -= whys

    def withdraw(self) -> None:
        withdraw(self.home, self.plan.client_id, self.consent_id)
        self.is_withdrawn = True


def planned(client_id: str, home: make.Clinic, *others: make.Clinic, first: int, hands_over: bool = False) -> Planned:
    """An active plan of these, published once, in which each has written whatever it may."""
    consent_id = accepted(home, others[0], client_id)["id"] if len(others) == 1 else _circle(client_id, home, *others)
    plan = alone(home, client_id, title="Begun.")
    numbers = {clinic.id: first + place for place, clinic in enumerate((home, *others))}
    made = Planned(plan, consent_id, home, others, numbers)
    goal = plan.goal(home, words=f"Zqearly zq{first}early.")
    for type in ("care_plan.created", "care_plan.activated", "care_plan.row_added"):
        made.log.append(Told(type, frozenset({home.id})))
    for place, other in enumerate(others, start=1):
        plan.add(home, other)
        made.log.append(Told("care_plan.member_joined", frozenset({home.id, *(each.id for each in others[:place])})))
    done(plan.patch(home, f"/goals/{goal['id']}", {"words": made.said(home, "goal")}))
    made.tell("care_plan.row_changed")
    made.rows[(first, "goal")] = goal["id"]
    if hands_over:
        done(plan.post(home, "/lead", {"organization_id": others[0].id}), 200)
        made.tell("care_plan.lead_passed")
    _write(made, others[0] if hands_over else home)
    run_due()  # whoever accepted is put on the team by the worker, too
    return made


def _circle(client_id: str, home: make.Clinic, *others: make.Clinic) -> str:
    consent_id = make.consent(home, client_id, *others)["id"]
    for other in others:
        make.move(other, make.referral(home, other, client_id=client_id)["id"], "accept")
    return str(consent_id)


def _write(made: Planned, lead: make.Clinic) -> None:
    plan, clinics = made.plan, (made.home, *made.others)
    done(plan.patch(lead, "", {"title": made.said(lead, "title")}))
    made.titled_by = made.numbers[lead.id]
    made.tell("care_plan.changed")
    _write_row(made, lead, "phase", "name")
    for clinic in clinics:
        _write_row(made, clinic, "problem", "text")
        _write_row(made, clinic, "line", "focus")
    for clinic, owner in zip(clinics, (*clinics[1:], clinics[0]), strict=True):
        line_id = made.rows[(made.numbers[owner.id], "line")]
        proposal = {"kind": "end", "about": "intervention", "row_id": line_id, "why": made.said(clinic, "why")}
        done(plan.post(clinic, "/proposals", proposal))
        why = (made.numbers[clinic.id], "why")
        made.asked[why] = (clinic.id, owner.id)
        made.waiting.add(why)
        made.tell("proposal.made", about=why)
    plan.publish(lead)
    made.tell("care_plan.published")
    for clinic in clinics:
        done(plan.answer(clinic, 1, "object", sentence=made.said(clinic, "sentence")))
        made.tell("care_plan.objected")


def _write_row(made: Planned, clinic: make.Clinic, part: str, says: str) -> None:
    row = done(made.plan.post(clinic, f"/{KINDS[part]}", {says: made.said(clinic, part)}))
    made.rows[(made.numbers[clinic.id], part)] = row["id"]
    made.tell("care_plan.row_added")


def readers(*clinics: make.Clinic) -> Iterator[tuple[make.Clinic, Reader]]:
    """Everybody of each clinic. Whoever comes later is told nothing of what was before: call it first, and keep them."""
    return ((clinic, reader) for clinic in clinics for reader in people(clinic))


def ids_of(plans: Collection[Planned]) -> set[str]:
    return {each.plan.id for each in plans}
