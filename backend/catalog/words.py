"""How codes of the catalog read in a sentence."""

from collections.abc import Iterable, Mapping

from backend.catalog.queries import catalog

SIDES = {"left": "left", "right": "right", "bilateral": "both sides"}


def places(regions: Iterable[Mapping[str, str]]) -> str:
    """Neck, left; Low back."""
    return "; ".join(_place(place["region"], place.get("side", "")) for place in regions)


def _place(code: str, side: str) -> str:
    region = catalog().regions.get(code)
    label = region.label if region else code
    return f"{label}, {SIDES[side]}" if side in SIDES else label
