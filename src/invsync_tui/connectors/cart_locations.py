"""Which of a cart's locations a connection sets stock at."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.connectors.base import CartLocation
from invsync_tui.connectors.errors import NotConfiguredError


def choose_location(locations: Sequence[CartLocation], choice: str) -> CartLocation:
    """The location whose id, or else whose name, is `choice`; the only one there is where `choice` is empty."""
    matches = [at for at in locations if at.ref == choice] or [at for at in locations if at.name == choice]
    if not choice and len(locations) == 1:
        return locations[0]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(f"{at.name} ({at.ref})" for at in locations) or "none"
    if not choice:
        what = "The cart has several locations and none is chosen" if locations else "The cart has no location"
    else:
        what = f"Several locations are called {choice!r}" if matches else f"There is no location {choice!r}"
    raise NotConfiguredError(
        f"{what}. Locations: {known}.", advice="Set the option location to one of them, by id or name."
    )
