"""Reading lists of a WooCommerce by id, so that records that are deleted meanwhile hide no others.

Lists are paged by number only (`offset`, `per_page` of at most 100). The last known record is asked for again: where it is
not at its place any more, records before it were deleted, and pages further back are read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from invsync_tui.connectors.carts.woocommerce import api
from invsync_tui.connectors.errors import ContractError
from invsync_tui.connectors.values import name_of

PER_PAGE_MOST = 100
BY_ID = (("orderby", "id"), ("order", "asc"))


class ListPosition(NamedTuple):
    """Where a read of a list goes on: after `skip` records, the last of which was `last`."""

    skip: int = 0
    last: str = ""


class Slice(NamedTuple):
    """Records that were not returned yet, where the next ones are (None at the end), and how many there are in all."""

    records: list[Any]
    following: ListPosition | None
    total: int | None


class ListReader:
    """One list, read from its beginning."""

    def __init__(self, web: api.WooApi, path: str, query: api.Pairs) -> None:
        self._api, self._path, self._query = web, path, query
        self._served: set[str] = set()
        """The ids that were returned so far."""

    async def slice(self, place: ListPosition, size: int = PER_PAGE_MOST) -> Slice:
        """The records after a place."""
        if not place.last:
            self._served = set()
        skip = max(0, place.skip - 1)
        take = min(PER_PAGE_MOST, size + 1 if place.last else size)
        entries, total = await self._take(skip, take)
        if place.last and not (entries and name_of(entries[0]) == place.last):
            while skip > 0 and not any(name_of(record) in self._served for record in entries):
                skip = max(0, skip - max(1, take - 1))
                entries, total = await self._take(skip, take)
        end = skip + len(entries)
        more = len(entries) >= take if total is None else end < total
        following = ListPosition(end, name_of(entries[-1])) if entries and more else None
        fresh = [record for record in entries if name_of(record) == "?" or name_of(record) not in self._served]
        self._served.update(name_of(record) for record in entries)
        return Slice(fresh, following, total)

    async def _take(self, skip: int, take: int) -> tuple[list[Any], int | None]:
        query = (*self._query, *BY_ID, ("per_page", str(take)), ("offset", str(skip)))
        return await records(self._api, self._path, query)

    async def all(self) -> AsyncIterator[Any]:
        """All records of the list, page after page."""
        place: ListPosition | None = ListPosition()
        while place is not None:
            entries, place, _ = await self.slice(place)
            for record in entries:
                yield record


async def records(web: api.WooApi, path: str, query: api.Pairs) -> tuple[list[Any], int | None]:
    """The records of one answer, and how many there are in all by `X-WP-Total`; None where that cannot be read."""
    response = await web.get(path, query)
    document = api.document(response)
    if not isinstance(document, list):
        raise ContractError("The answer is not a list of records.", where=response.where)
    total = response.headers.get("x-wp-total", "").strip()
    return document, int(total) if total.isascii() and total.isdigit() and len(total) < 10 else None
