"""Who may open a file at all; which files, the ties say."""

from typing import TYPE_CHECKING

from backend.lib.actor import Actor, ActorKind

if TYPE_CHECKING:
    from backend.attachments.models import Attachment


def keeps_files(actor: Actor) -> bool:
    """Whether the caller may upload: practitioners and coordinators, systems, and who came by a link."""
    return actor.kind != ActorKind.MEMBER or actor.has_right("practitioner", "coordinator")


def is_uploader(actor: Actor, file: "Attachment") -> bool:
    """Whose upload it is: an organization's, or that of who came by a link."""
    if actor.is_staff:
        return file.organization_id == actor.organization_id
    return file.link_id is not None and file.link_id == actor.link_id
