"""What somebody may mean who writes a time zone by hand."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from funnel.domain.subscriber import known_zone
from funnel.domain.zones import listed_zone

_LIKE_ENOUGH = 0.7


def nearest_zone(given: str) -> str | None:
    """Return the zone that ``given`` comes nearest to, by its place or its whole name.

    "berlin", "New York" and "Europa/Berlin" have one; ``None`` for what resembles nothing.
    """
    name = known_zone(given.strip().replace(" ", "_"))
    if name is not None:
        return name
    wanted = _as_key(given)
    for names in (_by_place(), _by_name()):
        if wanted in names:
            return names[wanted]
    place = wanted.rpartition("/")[2]
    return _like(place, _by_place()) or _like(wanted, _by_name())


def _like(wanted: str, names: Mapping[str, str]) -> str | None:
    found = get_close_matches(wanted, names, n=1, cutoff=_LIKE_ENOUGH)
    return names[found[0]] if found else None


@cache
def _by_place() -> dict[str, str]:
    """Zones by the last part of their name, "berlin"; the shortest name where several share it."""
    return {
        _as_key(each.rpartition("/")[2]): listed_zone(each) for each in _ordered() if "/" in each
    }


@cache
def _by_name() -> dict[str, str]:
    return {_as_key(each): listed_zone(each) for each in _ordered()}


def _ordered() -> Iterable[str]:
    # What names an offset or a former country is nobody's place, and copies are no places at all.
    named = (each for each in available_timezones() if not each.startswith(_NO_PLACES))
    return sorted(named, key=lambda each: (-len(each), each))


_NO_PLACES = ("Etc/", "posix/", "right/", "SystemV/")


def _as_key(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
