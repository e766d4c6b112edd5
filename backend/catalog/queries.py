"""The catalog of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings

from backend.catalog.entries import Catalog
from backend.catalog.loaders import load_catalog

DATA_DIR = Path(__file__).parent / "data"

_in_use: list[Catalog] = []


def catalog() -> Catalog:
    """The catalog made from ``settings.CATALOG_DIRS``, read once. Raises CatalogError when the data are broken."""
    return _in_use[-1] if _in_use else _loaded(tuple(getattr(settings, "CATALOG_DIRS", (DATA_DIR,))))


@contextmanager
def use_catalog(replacement: Catalog) -> Iterator[Catalog]:
    """Within the block ``catalog()`` is the given one, in every thread; for tests."""
    _in_use.append(replacement)
    try:
        yield replacement
    finally:
        _in_use.pop()


@cache
def _loaded(dirs: tuple[Path, ...]) -> Catalog:
    return load_catalog(dirs)
