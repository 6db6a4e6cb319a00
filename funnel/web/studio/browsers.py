"""Which browser a way in belongs to, in words that its owner knows."""

from typing import Final

from funnel.domain.speech import mark, say

# In this order: each of them says the names of those below it too.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Vivaldi", "Vivaldi"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", mark("a Mac")),
    ("CrOS", mark("a Chromebook")),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """Return "Firefox on Windows"; "An unknown browser" where the header says nothing we know."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    if browser and system:
        return say("{browser} on {system}", browser=browser, system=say(system))
    if system:
        return say("A browser on {system}", system=say(system))
    return browser or say("An unknown browser")
