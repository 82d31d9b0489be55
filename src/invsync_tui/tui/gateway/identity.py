"""What the identity workbench asks of the rest of the program. Runs on the reader thread, as all of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity import (
        AcceptProgress,
        ComparedProduct,
        IdentityCounts,
        LinkLine,
        RenameLine,
        UnmatchedLine,
    )
    from invsync_tui.operations.rows import Ordering, Rows
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.gateway.settings import Call


class IdentityGateway(Protocol):
    """Questions and orders about which product a listing means."""

    def unmatched(
        self, cart_id: int, kind: str | None, text: str, ordering: Ordering | None
    ) -> Rows[UnmatchedLine]: ...
    def links(self, cart_id: int, text: str, ordering: Ordering | None) -> Rows[LinkLine]: ...
    def renamed(self, cart_id: int, text: str, ordering: Ordering | None) -> Rows[RenameLine]: ...
    def tally(self, cart_id: int) -> IdentityCounts: ...
    def accept(self, cart_id: int, shown: Mapping[str, int]) -> str: ...
    def accept_piece(self, cart_id: int, kind: str, after: tuple[str, int] | None) -> AcceptProgress: ...
    def link(self, cart_id: int, ref: str, product_id: int) -> str: ...
    def remove(self, cart_id: int, ref: str) -> str: ...
    def rivals(self, product_ids: Sequence[int]) -> tuple[ComparedProduct, ...]: ...


class IdentityOperations:
    """The same by `invsync_tui.operations`."""

    def __init__(self, session: Callable[[], Session], call: Call) -> None:
        self._session = session
        self._call = call

    def unmatched(self, cart_id: int, kind: str | None, text: str, ordering: Ordering | None) -> Rows[UnmatchedLine]:
        from invsync_tui.operations.listings import identity

        return self._call(lambda: identity.unmatched(self._session(), cart_id, kind, text, ordering))

    def rivals(self, product_ids: Sequence[int]) -> tuple[ComparedProduct, ...]:
        from invsync_tui.operations.listings import identity

        return self._call(lambda: identity.side_by_side(self._session(), product_ids))

    def links(self, cart_id: int, text: str, ordering: Ordering | None) -> Rows[LinkLine]:
        from invsync_tui.operations.listings import identity

        return self._call(lambda: identity.link_list(self._session(), cart_id, "", text, ordering))

    def renamed(self, cart_id: int, text: str, ordering: Ordering | None) -> Rows[RenameLine]:
        from invsync_tui.operations.listings import identity

        return self._call(lambda: identity.renamed(self._session(), cart_id, text, ordering))

    def tally(self, cart_id: int) -> IdentityCounts:
        from invsync_tui.operations.listings import identity

        return self._call(lambda: identity.tally(self._session(), cart_id))

    def accept(self, cart_id: int, shown: Mapping[str, int]) -> str:
        from invsync_tui.operations.listings import links as listings_links

        return self._call(lambda: listings_links.accept(self._session(), cart_id, shown))

    def accept_piece(self, cart_id: int, kind: str, after: tuple[str, int] | None) -> AcceptProgress:
        from invsync_tui.operations.listings import links as listings_links

        return self._call(lambda: listings_links.accept_piece(self._session(), cart_id, kind, after))

    def link(self, cart_id: int, ref: str, product_id: int) -> str:
        from invsync_tui.operations.listings import links as listings_links

        return self._call(lambda: listings_links.link(self._session(), cart_id, ref, product_id))

    def remove(self, cart_id: int, ref: str) -> str:
        from invsync_tui.operations.listings import links as listings_links

        return self._call(lambda: listings_links.remove(self._session(), cart_id, [ref]))
