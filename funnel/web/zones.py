"""The time zones that a person may choose from, by region; each has its older names beside it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from funnel.domain.zones import listed_zone, listed_zones, older_names
from funnel.web.moments import hour_of, place_of

_ELSEWHERE = "Elsewhere"
_REGIONS = {
    "Africa": "Africa",
    "America": "America",
    "Antarctica": "Antarctica",
    "Arctic": "Europe",
    "Asia": "Asia",
    "Atlantic": "Atlantic",
    "Australia": "Australia",
    "Europe": "Europe",
    "Indian": "Indian Ocean",
    "Pacific": "Pacific",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneOption:
    """One zone of a list: its name, what people read ("Berlin"), what else a browser calls it."""

    name: str
    place: str
    older: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRegion:
    """The zones of one part of the world, by place."""

    name: str
    zones: tuple[ZoneOption, ...]


def zone_regions(chosen: str = "") -> tuple[ZoneRegion, ...]:
    """Return every zone that a country of today keeps, and UTC, grouped for a list.

    ``chosen`` is among them whatever it is: a list without it would show and post its first zone.
    """
    name = listed_zone(chosen)
    if not name or name in listed_zones():
        return _regions()
    *regions, elsewhere = _regions()
    own = ZoneOption(name=name, place=place_of(name))
    return (*regions, ZoneRegion(name=elsewhere.name, zones=(*elsewhere.zones, own)))


@cache
def _regions() -> tuple[ZoneRegion, ...]:
    """Return the list; "Elsewhere" comes last."""
    grouped: dict[str, list[ZoneOption]] = {}
    for name in listed_zones():
        region = _REGIONS.get(name.partition("/")[0], _ELSEWHERE)
        option = ZoneOption(name=name, place=place_of(name), older=older_names().get(name, ()))
        grouped.setdefault(region, []).append(option)
    return tuple(
        ZoneRegion(name=region, zones=tuple(sorted(grouped[region], key=lambda each: each.place)))
        for region in sorted(grouped, key=lambda each: (each == _ELSEWHERE, each))
    )


def place_and_time(zone: str, now: datetime) -> str:
    """Return "Berlin, now 08:52"."""
    return f"{place_of(zone)}, now {hour_of(now, zone)}"
