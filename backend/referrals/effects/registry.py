"""Which function is the effect of which transition."""

from collections.abc import Callable

from backend.referrals.move import Move

Effect = Callable[[Move], None]
_effects: dict[str, Effect] = {}


def of(*names: str) -> Callable[[Effect], Effect]:
    """Registers a function as the effect of the named transitions."""

    def register(effect: Effect) -> Effect:
        _effects.update(dict.fromkeys(names, effect))
        return effect

    return register


def effect_of(name: str) -> Effect | None:
    """What the transition changes besides the state; None when that is all it does."""
    return _effects.get(name)
