"""Opening the pages of care plans, as their tests need it."""

import re
from typing import Any

from tests import make
from tests.careplans.plans import Plan
from tests.workspace.browsing import Browser, forms_in


def open_plan(plan: Plan, who: make.Person, rest: str = "") -> Browser:
    return Browser(who).open(f"/care-plans/{plan.id}{rest}")


def line_of(plan: Plan, clinic: make.Clinic) -> Any:
    return next(row for row in plan.whole(clinic)["interventions"] if row["organization"]["id"] == clinic.id)


def open_line(plan: Plan, who: make.Person, of: make.Clinic) -> tuple[Browser, str]:
    """The form of a clinic's line, and its address."""
    address = f"/care-plans/{plan.id}/interventions/{line_of(plan, of)['id']}"
    return Browser(who).open(address), address


def columns_of(page: str) -> list[str]:
    return re.findall(r'<section class="column[^>]*aria-label="([^"]*)"', page)


def forms_about(page: str) -> list[str]:
    return [action for action, _ in forms_in(page) if action.startswith("/care-plans/")]
