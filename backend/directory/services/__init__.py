"""Changing the directory. Each function takes, decides, changes and records, in the caller's transaction."""

from backend.directory.services.answers import record_answer
from backend.directory.services.applications import (
    add_application,
    change_application,
    end_application,
    rotate_secret,
)
from backend.directory.services.members import add_member, change_member, end_member
from backend.directory.services.organizations import (
    add_location,
    change_location,
    change_organization,
    due_time_checks,
    open_organization,
)
from backend.directory.services.practitioners import (
    add_credential,
    add_practitioner,
    change_credential,
    change_practitioner,
    judge_credential,
)
from backend.directory.services.roles import agree_to_transmission, change_role, end_role, start_role

__all__ = [
    "add_application",
    "add_credential",
    "add_location",
    "add_member",
    "add_practitioner",
    "agree_to_transmission",
    "change_application",
    "change_credential",
    "change_location",
    "change_member",
    "change_organization",
    "change_practitioner",
    "change_role",
    "due_time_checks",
    "end_application",
    "end_member",
    "end_role",
    "judge_credential",
    "open_organization",
    "record_answer",
    "rotate_secret",
    "start_role",
]
