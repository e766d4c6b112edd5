"""What the pickers of regions and recipients hold, in the shape of the contract."""

from typing import Any

from django.http import QueryDict

from backend.catalog.queries import catalog
from backend.workspace import words

GUEST = ("name", "discipline", "email")


def places_in(typed: QueryDict | None) -> list[dict[str, str]]:
    """The regions that were ticked in the region picker, each with the side chosen for it."""
    chosen: list[dict[str, str]] = []
    if typed is None:
        return chosen
    for code in typed.getlist("region"):
        region = catalog().regions.get(code)
        fallback = "midline" if region and "midline" in region.sides else ""
        chosen.append({"region": code, "side": typed.get(f"side-{code}", "") or fallback})
    return chosen


def recipient_in(typed: QueryDict | None) -> dict[str, Any] | None:
    """The recipient that was picked in a form."""
    typed = typed if typed is not None else QueryDict()
    guest = {name: typed.get(f"guest_{name}", "") for name in GUEST}
    return recipient_of(typed.get("to", ""), near=typed.get("near", ""), guest=guest)


def recipient_of(to: str, *, near: str, guest: dict[str, str]) -> dict[str, Any] | None:
    """What was picked: ``role:<id>``, ``clinic:<id>:<discipline>``, ``pool:<discipline>`` or ``guest``."""
    match to.split(":"):
        case ["role", pk]:
            return {"practitioner_role_id": pk}
        case ["clinic", pk, discipline]:
            return {"organization_id": pk, "discipline": discipline}
        case ["pool", discipline]:
            return {"discipline": discipline, "near": near.strip()}
        case ["guest"]:
            return {"guest": {name: text for name in GUEST if (text := guest.get(name, "").strip())}}
    return None


def region_rows(chosen: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Every region with its sides, for the picker."""
    sides = {place["region"]: place.get("side", "") for place in chosen}
    return [
        {
            "code": region.code,
            "label": region.label,
            "is_chosen": region.code in sides,
            "side": sides.get(region.code, "midline" if "midline" in region.sides else ""),
            "sides": [(side, {"midline": "middle"}.get(side, words.SIDES[side])) for side in region.sides],
        }
        for region in catalog().regions.values()
    ]
