"""A referral and what hangs on it: package, steps, messages, reports, offered times, contacts, files.

The referral row is the envelope: parties, state, due times, codes. What people wrote about the client is in rows of its
own (package, messages, reports), so that the envelope can be shown where the content may not.
"""

from backend.referrals.models.content import (
    ContactAttempt,
    Message,
    OfferedTime,
    Package,
    ReferralFile,
    Report,
    ReportQuerySet,
)
from backend.referrals.models.facts import Guest, Press, ReferralVisit, Step
from backend.referrals.models.links import PlanChange, ReportQuote, TakenAway
from backend.referrals.models.referral import RECIPIENT_MOVES, SENDER_MOVES, PoolPass, Referral, ReferralQuerySet

__all__ = [
    "RECIPIENT_MOVES",
    "SENDER_MOVES",
    "ContactAttempt",
    "Guest",
    "Message",
    "OfferedTime",
    "Package",
    "PlanChange",
    "PoolPass",
    "Press",
    "Referral",
    "ReferralFile",
    "ReferralQuerySet",
    "ReferralVisit",
    "Report",
    "ReportQuerySet",
    "ReportQuote",
    "Step",
    "TakenAway",
]
