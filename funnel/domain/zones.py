"""The time zones that lists show, and the many older names that tzdata keeps for them.

Browsers say what they have always said (Chromium: ``Asia/Calcutta``, ``Europe/Kiev``); a list has
one name for each place. Both come from tzdata itself: ``zone.tab`` and the links of ``tzdata.zi``.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources

# Old spellings of a place whose link leads to another country's city with the same rules.
_SAME_PLACE = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
# These name rules and no place: nobody who says EST means Panama, where its link leads.
_NO_PLACE = frozenset({"CET", "EET", "EST", "HST", "MET", "MST", "WET"})
_UTC = frozenset({"Etc/UTC", "Etc/GMT"})


def listed_zone(name: str) -> str:
    """Return the name under which lists have a zone: "Asia/Kolkata" for "Asia/Calcutta".

    The rules are the same. What no list has (``Etc/GMT+5``, ``EST``) and what is no zone comes
    back as it is.
    """
    return _listed_names().get(name, name)


@cache
def listed_zones() -> tuple[str, ...]:
    """Return a zone or more for every country, and UTC."""
    # zone.tab has a zone for every country; zone1970.tab would leave Oslo and Amsterdam out.
    table = _read("zone.tab")
    named = (line.split("\t")[2] for line in table.splitlines() if not line.startswith("#"))
    return ("UTC", *named)


@cache
def older_names() -> Mapping[str, tuple[str, ...]]:
    """Return the other names of each listed zone that has any."""
    found: dict[str, tuple[str, ...]] = {}
    for older, name in sorted(_listed_names().items()):
        found[name] = (*found.get(name, ()), older)
    return found


@cache
def _listed_names() -> dict[str, str]:
    listed = set(listed_zones())
    targets = dict.fromkeys(_UTC, "UTC") | _links() | _SAME_PLACE
    return {
        older: found
        for older, target in targets.items()
        if older not in listed | _NO_PLACE
        and (found := "UTC" if target in _UTC else target) in listed
    }


def _links() -> dict[str, str]:
    """Return every link of tzdata: older name to zone; its lines read ``L zone older-name``."""
    lines = (line.split() for line in _read("tzdata.zi").splitlines() if line.startswith("L "))
    return {older: zone for _, zone, older in lines}


def _read(name: str) -> str:
    return resources.files("tzdata.zoneinfo").joinpath(name).read_text("utf-8")
