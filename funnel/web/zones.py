"""The time zones that a person may choose from, by region; not the aliases of the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources

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
    """One zone of a list: its name, and what people read ("Berlin")."""

    name: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRegion:
    """The zones of one part of the world, by place."""

    name: str
    zones: tuple[ZoneOption, ...]


@lru_cache(maxsize=1)
def zone_regions() -> tuple[ZoneRegion, ...]:
    """Return every zone that a country of today keeps, and UTC, grouped for a list."""
    grouped: dict[str, list[ZoneOption]] = {}
    for name in _names():
        region = _REGIONS.get(name.partition("/")[0], _ELSEWHERE)
        grouped.setdefault(region, []).append(ZoneOption(name=name, place=place_of(name)))
    return tuple(
        ZoneRegion(name=region, zones=tuple(sorted(grouped[region], key=lambda each: each.place)))
        for region in sorted(grouped, key=lambda each: (each == _ELSEWHERE, each))
    )


def place_and_time(zone: str, now: datetime) -> str:
    """Return "Berlin, now 08:52"."""
    return f"{place_of(zone)}, now {hour_of(now, zone)}"


def _names() -> Iterator[str]:
    yield "UTC"
    # zone.tab has a zone for every country; zone1970.tab would leave Oslo and Amsterdam out.
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if not line.startswith("#"):
            yield line.split("\t")[2]
