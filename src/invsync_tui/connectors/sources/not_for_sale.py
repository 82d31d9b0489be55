"""Locations within a warehouse whose goods are not for sale, as an operator names them: quarantine, damaged goods, returns.

A WMS counts what lies there as stock like any other. A name that means no location is refused: after a location was renamed,
its goods would be sold without a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from invsync_tui.connectors.about import Option
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import NotConfiguredError

OPTION = Option(
    "not_for_sale",
    "locations within warehouses whose goods are not for sale, each by its name, code or id, with commas between them",
)
MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Location:
    """A location below a warehouse's stock; `names` are all that it may be called."""

    id: int
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is called first."""
        return next(filter(None, self.names), str(self.id))


def words(connection: Connection) -> tuple[str, ...]:
    """What the option names, as it is typed."""
    return tuple(filter(None, (word.strip() for word in connection.options.get(OPTION.name, "").split(","))))


def chosen(wanted: Collection[str], locations: Collection[Location], connection: Connection) -> frozenset[int]:
    """The ids of the named locations, without regard to case. A name that several have, one in each warehouse, means all of
    them. NotConfiguredError for one that means none."""
    by_name: dict[str, set[int]] = defaultdict(set)
    for location in locations:
        for name in (str(location.id), *location.names):
            by_name[_key(name)].add(location.id)
    unknown = [word for word in wanted if not by_name.get(_key(word))]
    if unknown:
        raise NotConfiguredError(
            f"The option {OPTION.name} names {unknown[0]!r}, and no location within a warehouse's stock is called so.",
            where=connection.name,
            advice=f"Correct the option. {_existing(locations)}",
        )
    return frozenset(number for word in wanted for number in by_name[_key(word)])


def described(left_out: Iterable[Location]) -> str:
    """A sentence for the connection test; '' where everything is for sale."""
    titles = sorted({location.title for location in left_out})
    return f" Not for sale: {', '.join(titles)}." if titles else ""


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _existing(locations: Collection[Location]) -> str:
    titles = sorted({location.title for location in locations})
    if not titles:
        return "There are none that this login sees."
    more = f" and {len(titles) - MOST_SHOWN} more" if len(titles) > MOST_SHOWN else ""
    return f"There are: {', '.join(titles[:MOST_SHOWN])}{more}."
