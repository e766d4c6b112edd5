"""How codes of the catalog read in a sentence."""

from collections.abc import Iterable, Mapping

from backend.catalog.queries import catalog

SIDES = {"left": "left", "right": "right", "bilateral": "both sides"}


def label_of(kind: str, code: str) -> str:
    """What a code of the catalog is called; the code itself when the catalog does not know it any more."""
    found = getattr(catalog(), kind).get(code)
    return str(found.label) if found else code


def places(regions: Iterable[Mapping[str, str]]) -> str:
    """Neck, left; Low back."""
    return "; ".join(_place(place["region"], place.get("side", "")) for place in regions)


def _place(code: str, side: str) -> str:
    label = label_of("regions", code)
    return f"{label}, {SIDES[side]}" if side in SIDES else label
