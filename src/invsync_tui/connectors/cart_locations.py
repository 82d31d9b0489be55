"""Which of a cart's locations a connection sets stock at."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.connectors.base import CartLocation
from invsync_tui.connectors.errors import NotConfiguredError


def choose_location(locations: Sequence[CartLocation], wanted: str) -> CartLocation:
    """The location with the id or else the name `wanted`; the only one there is where nothing is wanted."""
    found = [at for at in locations if at.ref == wanted] or [at for at in locations if at.name == wanted]
    if not wanted and len(locations) == 1:
        return locations[0]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{at.name} ({at.ref})" for at in locations) or "none"
    if not wanted:
        what = "The cart has several locations and none is chosen" if locations else "The cart has no location"
    else:
        what = f"Several locations are called {wanted!r}" if found else f"There is no location {wanted!r}"
    raise NotConfiguredError(
        f"{what}. Locations: {known}.", advice="Set the option location to one of them, by id or name."
    )
