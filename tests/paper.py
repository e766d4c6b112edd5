"""What was put on paper, as it was before it became a PDF."""

import json
from types import ModuleType
from typing import Any

import pytest

from backend.lib import typesetting
from backend.lib.typesetting import pdf_of


def pages_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What this module has set from now on, page by page; the PDF is made all the same."""
    pages: list[Any] = []

    def keep(page: Any, **more: Any) -> bytes:
        pages.append(page)
        return pdf_of(page, **more)

    monkeypatch.setattr(module, "pdf_of", keep)
    return pages


def in_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on pages are printed so that their words can be looked for; setting them is tested elsewhere."""
    monkeypatch.setattr(typesetting, "_compiled", lambda page, *_: json.dumps(page, default=str).encode())
