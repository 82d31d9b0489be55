"""The identity workbench without a store: every kind of line once or more, hostile codes among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from invsync_tui.operations.listings.identity import (
    AcceptProgress,
    ComparedProduct,
    IdentityCounts,
    LinkLine,
    RenameLine,
    UnmatchedLine,
)
from invsync_tui.operations.lists.rows import Ordering
from tests.support.fakes.lists import HOSTILE, NOW, FakeRows, name, sku

WORDS = {
    "CASE": "differs by upper and lower case",
    "ZEROS": "differs by leading zeros",
    "NONE": "no similar product",
}


def unmatched(number: int) -> UnmatchedLine:
    kind = ("CASE", "ZEROS", "AMBIGUOUS", "NONE")[number % 4]
    fits = kind in ("CASE", "ZEROS")
    return UnmatchedLine(
        number, f"L{number:07}", sku(number).lower(), name(number), "NOT_IN_WMS", kind, (kind,) if fits else (),
        WORDS.get(kind, "2 products fit equally well"), number if fits else None, sku(number) if fits else None,
        name(number) if fits else "", sku(number) if fits else None,
        ((number, sku(number)), (number + 1, sku(number + 1))) if kind == "AMBIGUOUS" else (),
    )  # fmt: skip


class FakeIdentity:
    """Which product a listing means; keeps what was changed."""

    def __init__(self) -> None:
        self.lines = {line.cart_listing_id: line for line in map(unmatched, range(1, 41))}
        self.linked: dict[str, LinkLine] = {}
        self.orders: list[tuple[object, ...]] = []

    def unmatched(
        self, cart_id: int, kind: str | None = None, text: str = "", ordering: Ordering | None = None
    ) -> FakeRows[UnmatchedLine]:
        matches = [line for line in self.lines.values() if kind in (None, line.kind) and text in line.sku]
        return FakeRows(matches, {"sku": lambda line: line.sku}, ordering)

    def side_by_side(self, product_ids: Sequence[int]) -> tuple[ComparedProduct, ...]:
        return tuple(
            ComparedProduct(
                n,
                sku(n),
                HOSTILE[n % 5],
                (("UPC", "4000000000031"), ("EAN", f"40000000{n}")),
                (("WH-1", n),),
                (("Demo", HOSTILE[1]),),
            )
            for n in product_ids
        )

    def link_list(
        self, cart_id: int, kind: str = "", text: str = "", ordering: Ordering | None = None
    ) -> FakeRows[LinkLine]:
        matches = [line for line in self.linked.values() if text in line.sku]
        return FakeRows(matches, {"ref": lambda line: line.cart_listing_id}, ordering)

    def renamed(self, cart_id: int, text: str = "", ordering: Ordering | None = None) -> FakeRows[RenameLine]:
        line = RenameLine(3, "L0000003", NOW - 60, HOSTILE[0], HOSTILE[1], name(3), None, None, 3, sku(3))
        return FakeRows([line], {"at": lambda line: line.at}, ordering)

    def tally(self, cart_id: int) -> IdentityCounts:
        counts = dict.fromkeys(("CASE", "ZEROS", "DASH", "AMBIGUOUS", "NONE"), 0)
        for line in self.lines.values():
            counts[line.kind] += 1
        return IdentityCounts(counts, len(self.linked), exact=True)

    def accept(self, cart_id: int, shown: Mapping[str, int]) -> str:
        self.orders.append(("accept", *shown.items()))
        for ref, product in shown.items():
            self._link(ref, product, self.lines[ref].kind)
        return "1 listing linked; the next push uses it."

    def accept_piece(self, cart_id: int, kind: str, after: tuple[str, int] | None = None) -> AcceptProgress:
        self.orders.append(("accept all", kind, after))
        matches = [line for line in self.lines.values() if line.kind == kind][:5]
        for line in matches:
            self._link(line.cart_listing_id, line.product_id or 0, kind)
        return AcceptProgress(len(matches), 5, ("x", 1) if len(matches) == 5 else None)

    def link(self, cart_id: int, listing: str, product: str | int) -> str:
        self.orders.append(("link", listing, product))
        self._link(listing, int(product), "MANUAL")
        return "linked"

    def remove(self, cart_id: int, called: Sequence[str]) -> str:
        (ref,) = called
        self.orders.append(("remove", ref))
        self.lines[ref] = unmatched(int(ref[1:]))
        del self.linked[ref]
        return "1 listing unlinked"

    def _link(self, ref: str, product: int, kind: str) -> None:
        line = self.lines.pop(ref)
        self.linked[ref] = LinkLine(
            ref, line.sku, line.name, product, sku(product), name(product), kind, NOW, "demo", ""
        )
