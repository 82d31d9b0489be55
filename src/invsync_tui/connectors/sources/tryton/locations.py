"""Which of a Tryton warehouse's locations hold goods that are for sale.

A warehouse has zones: goods wait in the input zone until they are put away, lie in the storage zone, and wait in the
output zone until they are shipped. Only what lies in the storage zone is for sale. A quantity that is asked for the
warehouse itself has all three in it, unless Tryton is told to skip the warehouse in favor of its storage location.
Where a merchant has put the input or output zone below the storage location, or keeps goods there that are not for sale, the
zone's locations are named one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from invsync_tui.connectors.sources.not_for_sale import Location

FIELDS = ("storage_location.parent", "input_location.parent", "output_location.parent")
"""Fields of a warehouse that `layout` needs. Dotted ones come as a record under the name with a dot behind it."""
PLACE_FIELDS = ("parent", "type", "name", "code")
STORES = frozenset({"storage", "view"})
"""Types of locations that goods for sale lie in; losses, productions and partners are others."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Zone:
    """Where a warehouse's goods for sale lie: below its storage location, or in `locations` alone where these are named."""

    warehouse: int
    storage: int | None = None
    apart: frozenset[int] = frozenset()
    """Locations that may lie below the storage location and hold nothing for sale: the input and output zone, and what an
    operator names."""
    locations: tuple[int, ...] = ()

    def context(self) -> dict[str, Any]:
        """What Tryton has to be asked with for a quantity."""
        if self.locations:
            return {"locations": list(self.locations), "with_childs": False}
        return {"locations": [self.warehouse], "stock_skip_warehouse": True}

    def leaving(self) -> list[Any]:
        """A clause for moves that lead out of it."""
        if self.locations:
            ids = list(self.locations)
            return [["from_location", "in", ids], ["to_location", "not in", ids]]
        where = [[self.storage], "parent"]
        return [["from_location", "child_of", *where], ["to_location", "not child_of", *where]]


def layout(row: Row) -> Zone:
    """A warehouse's zone as its own record tells it."""
    number = int(row["id"])
    storage, entry, out = (row.get(f"{name}_location.") or {} for name in ("storage", "input", "output"))
    if type(storage.get("id")) is not int:
        return Zone(number)
    beside = {None, number, storage.get("parent")}
    below = [
        place["id"]
        for place in (entry, out)
        if type(place.get("id")) is int and place["id"] != storage["id"] and place.get("parent") not in beside
    ]
    return Zone(number, int(storage["id"]), frozenset(below))


def location(row: Row) -> Location:
    """A record with PLACE_FIELDS as what an operator may name."""
    return Location(row["id"], tuple(str(row[name]) for name in ("name", "code") if row.get(name)))


def named(zone: Zone, places: Iterable[Row]) -> Zone:
    """The zone with its locations named, out of all locations below its storage location."""
    known = {row["id"]: row for row in places}
    below: dict[Any, list[int]] = defaultdict(list)
    for row in known.values():
        below[row.get("parent")].append(row["id"])
    if zone.storage is None or not zone.apart & known.keys():
        return zone
    ids, waiting = [], [zone.storage]
    while waiting:
        number = waiting.pop()
        if number == zone.storage or known[number].get("type") in STORES:
            ids.append(number)
        waiting += [child for child in below.pop(number, ()) if child not in zone.apart]
    return Zone(zone.warehouse, zone.storage, zone.apart, tuple(ids))
