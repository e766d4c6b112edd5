"""The keys of the workspace: what each does, for the list that ``?`` opens, and which letter makes which move."""

MOVES = {
    "accept": "a",
    "decline": "d",
    "offer_times": "p",
    "ask_information": "i",
    "report": "b",
    "acknowledge": "k",
    "redirect": "f",
}
# Letters first: they are what the switch turns off.
LETTERS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Everywhere",
        (
            ("/", "Find a client"),
            ("?", "This list"),
            ("g t", "Today"),
            ("g i", "Inbox"),
            ("g c", "Clients"),
            ("g n", "Notes"),
            ("r", "Refer"),
            ("n", "Write a note about the client that is shown"),
            ("Shift P", "Privacy on or off"),
        ),
    ),
    (
        "In a list",
        (
            ("j", "Next"),
            ("k", "Previous"),
            ("x", "Select"),
            ("@", "Choose a colleague for what is selected"),
        ),
    ),
    (
        "On a referral, where it is possible",
        (
            ("a", "Accept"),
            ("p", "Offer times"),
            ("i", "Ask for information"),
            ("d", "Decline"),
            ("f", "Send it to somebody else"),
            ("b", "Report back"),
            ("k", "Acknowledge"),
            ("m", "Write a message"),
        ),
    ),
)
ALWAYS = (
    ("Enter", "Open what is chosen"),
    ("Esc", "Close, or go back"),
    ("Ctrl Enter", "The main action; on a Mac ⌘ Enter"),
    ("Alt S, O, A, P", "In a note: to its sections; in Firefox with Shift, on a Mac Ctrl Option"),
    ("Ctrl .", "In a section of a note: its first phrase that does not stand there yet"),
)
