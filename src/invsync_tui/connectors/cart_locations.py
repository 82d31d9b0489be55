"""Which of a shop's locations a connection sets stock at, and which others carts of ours set through connections like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from invsync_tui.connectors.base import CartLocation, Connection
from invsync_tui.connectors.errors import NotConfiguredError

OPTION = "location"
"""The option of a connection that names the location, in every cart that has some."""


def choose_location(locations: Sequence[CartLocation], wanted: str) -> CartLocation:
    """The location with the id or else the name `wanted`; the only one there is where nothing is wanted."""
    matches = _called(locations, wanted)
    if not wanted and len(locations) == 1:
        return locations[0]
    if len(matches) == 1:
        return matches[0]
    known = listed(locations)
    if not wanted:
        what = "The cart has several locations and none is chosen" if locations else "The cart has no location"
    else:
        what = f"Several locations are called {wanted!r}" if matches else f"There is no location {wanted!r}"
    raise NotConfiguredError(
        f"{what}. Locations: {known}.", advice="Set the option location to one of them, by id or name."
    )


def _called(locations: Sequence[CartLocation], wanted: str) -> list[CartLocation]:
    return [at for at in locations if at.ref == wanted] or [at for at in locations if at.name == wanted]


def listed(locations: Sequence[CartLocation]) -> str:
    """Names of locations for a sentence, with their ids."""
    return ", ".join(f"{at.name} ({at.ref})" for at in locations) or "none"


class ChosenLocations:
    """The locations of one open connection: its own, and those that other carts of ours set.

    `full_ref` makes a reference of what an operator wrote, for carts whose ids are long.
    """

    def __init__(self, connection: Connection, full_ref: Callable[[str], str] = str) -> None:
        self._connection = connection
        self._full_ref = full_ref
        self._own: CartLocation | None = None
        self.others: Mapping[str, CartLocation] = {}
        """By the word of `Connection.also_at`; one that the shop does not have is left to the cart that sets it."""
        self.count = 0
        """How many the shop has."""

    def choose(self, locations: Sequence[CartLocation]) -> CartLocation:
        """Find the locations among those of the shop; NotConfiguredError where the own one cannot be told."""
        own = choose_location(locations, self._word(self._connection.options.get(OPTION, ""), locations))
        others = {}
        for word in self._connection.also_at:
            matches = _called(locations, self._word(word, locations))
            if len(matches) == 1 and matches[0].ref != own.ref:
                others[word] = matches[0]
        self._own, self.others, self.count = own, others, len(locations)
        return own

    def _word(self, wanted: str, locations: Sequence[CartLocation]) -> str:
        wanted = wanted.strip()
        return wanted if any(at.name == wanted for at in locations) else self._full_ref(wanted)

    @property
    def own(self) -> CartLocation:
        """Where stock is set; NotConfiguredError before the cart is open."""
        if self._own is None:
            raise NotConfiguredError("No location is chosen yet: the cart is not open.", where=self._connection.name)
        return self._own

    @property
    def ref(self) -> str:
        """The reference of `own`; '' before the cart is open."""
        return self._own.ref if self._own is not None else ""

    def by_word(self) -> list[tuple[str, CartLocation]]:
        """The own location as '', then the others, each as `ListingRow.location` has it."""
        return [("", self.own), *self.others.items()]

    def ours(self) -> frozenset[str]:
        """References of all of them."""
        return frozenset(at.ref for _, at in self.by_word())

    @property
    def elsewhere(self) -> bool:
        """Whether the shop has locations beside these."""
        return self.count > len(self.ours())

    def summary(self, locations: Sequence[CartLocation]) -> str:
        """The step `location` of a connection test."""
        own = self.choose(locations)
        text = f"Stock is set at {own.name} ({own.ref})."
        if self.others:
            text += f" Other carts of yours set it at {listed(list(self.others.values()))}."
        return text
