"""How answers that are not JSON are agreed on."""

from typing import Any

from rest_framework.renderers import BaseRenderer


class AsItIs(BaseRenderer):
    """Agrees to whatever the caller accepts: the answer is bytes of its own kind or a problem, and both say so themselves."""

    media_type = "*/*"
    format = "bytes"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data
