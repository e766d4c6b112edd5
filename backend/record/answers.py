"""What a reader is shown, together with how the look at it is written down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """``log`` writes who looked at what others wrote; a page calls it also when its form was refused."""

    body: dict[str, Any]
    log: Callable[[], None]

    def logged(self) -> dict[str, Any]:
        self.log()
        return self.body
