"""What the pickers of regions and recipients hold, in the shape of the contract."""

from typing import Any

from django.http import QueryDict

from backend.catalog.queries import catalog
from backend.workspace import words


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
    """The recipient that was picked: ``role:<id>``, ``clinic:<id>:<discipline>``, ``pool:<discipline>`` or ``guest``."""
    typed = typed if typed is not None else QueryDict()
    match typed.get("to", "").split(":"):
        case ["role", pk]:
            return {"practitioner_role_id": pk}
        case ["clinic", pk, discipline]:
            return {"organization_id": pk, "discipline": discipline}
        case ["pool", discipline]:
            return {"discipline": discipline, "near": typed.get("near", "").strip()}
        case ["guest"]:
            asked = {"name": "guest_name", "discipline": "guest_discipline", "email": "guest_email"}
            return {"guest": {key: text for key, name in asked.items() if (text := typed.get(name, "").strip())}}
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
