"""What a device remembers of whoever works on it: a cookie for each switch, no account and no table."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from backend.lib.cookies import remember_on_device


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing that is on or off on a device."""

    name: str
    label: str
    explained: str
    usually: bool = False

    @property
    def cookie(self) -> str:
        return f"trialogue_{self.name}"


SWITCHES = {
    switch.name: switch
    for switch in (
        Switch("privacy", "Privacy", "Clients are shown by their initials, for a screen that others can see."),
        Switch("table", "Table mode", "Everything to press is large and far apart, and the screen stays awake."),
        Switch("letters", "Letter keys", "Single letters are shortcuts outside of fields.", usually=True),
    )
}


def is_on(request: HttpRequest, name: str) -> bool:
    switch = SWITCHES[name]
    return request.COOKIES.get(switch.cookie, "on" if switch.usually else "off") == "on"


def remember(response: HttpResponse, name: str, *, is_on: bool) -> None:
    remember_on_device(response, SWITCHES[name].cookie, "on" if is_on else "off")
