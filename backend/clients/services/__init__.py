"""Everything that changes a client, their consents, their safety floor, and who may see them."""

from backend.clients.services.access import break_the_glass, check_may_break_the_glass, refused_attempt
from backend.clients.services.consents import (
    expire_consent,
    give_consent,
    refuse_consent,
    renew_consent,
    withdraw_consent,
)
from backend.clients.services.identity import (
    link_client,
    merge_clients,
    preview_merge,
    undo_merge,
    unlink_client,
)
from backend.clients.services.people import (
    add_representative,
    change_client,
    end_representative,
    mark_deceased,
    mark_moved,
    register_client,
    set_identifiers,
    undo_death,
    upsert_client,
)
from backend.clients.services.safety import (
    clear_hold,
    end_precaution,
    hold_for_red_flag,
    mark_precaution_entered_in_error,
    place_hold,
    record_precaution,
)

__all__ = [
    "add_representative",
    "break_the_glass",
    "change_client",
    "check_may_break_the_glass",
    "clear_hold",
    "end_precaution",
    "end_representative",
    "expire_consent",
    "give_consent",
    "hold_for_red_flag",
    "link_client",
    "mark_deceased",
    "mark_moved",
    "mark_precaution_entered_in_error",
    "merge_clients",
    "place_hold",
    "preview_merge",
    "record_precaution",
    "refuse_consent",
    "refused_attempt",
    "register_client",
    "renew_consent",
    "set_identifiers",
    "undo_death",
    "undo_merge",
    "unlink_client",
    "upsert_client",
    "withdraw_consent",
]
