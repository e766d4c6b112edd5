"""Everything that changes a plan. Take, decide, change, record."""

from backend.careplans.services.ending import end_access, end_with_death, watch_access
from backend.careplans.services.errors import enter_plan_in_error, enter_row_in_error
from backend.careplans.services.leading import hand_over_lead, tell_lead_passed
from backend.careplans.services.plans import change_plan, move_plan, write_plan
from backend.careplans.services.proposals import move_proposal, propose
from backend.careplans.services.rows import ROWS, add_row, change_row, decide
from backend.careplans.services.team import (
    add_member,
    end_membership,
    hand_over_role,
    join_team,
    leave_teams,
    move_plans,
)
from backend.careplans.services.versions import answer_version, publish

__all__ = [
    "ROWS",
    "add_member",
    "add_row",
    "answer_version",
    "change_plan",
    "change_row",
    "decide",
    "end_access",
    "end_membership",
    "end_with_death",
    "enter_plan_in_error",
    "enter_row_in_error",
    "hand_over_lead",
    "hand_over_role",
    "join_team",
    "leave_teams",
    "move_plan",
    "move_plans",
    "move_proposal",
    "propose",
    "publish",
    "tell_lead_passed",
    "watch_access",
    "write_plan",
]
