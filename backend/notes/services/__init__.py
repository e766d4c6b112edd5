"""Everything that changes a note: drafting, signing, amending, taking back; and ending what it asks."""

from backend.notes.services.asks import end_ask
from backend.notes.services.drafts import change_draft, discard_draft, draft_note
from backend.notes.services.moves import amend_note, move_note

__all__ = ["amend_note", "change_draft", "discard_draft", "draft_note", "end_ask", "move_note"]
