"""The sandbox cart: several shops over HTTP, and the journal of every row that took effect.

A batch that was received is applied whether or not the client still waits for the answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, TextIO

from invsync_tui.sandbox.hooks import Outbox
from invsync_tui.sandbox.server import Reply, Request, encoded, ok, refusal
from invsync_tui.sandbox.server_faults import Bucket, Kind
from invsync_tui.sandbox.service import Pace, Service
from invsync_tui.sandbox.shop import AppliedRow, Listing, RefusedError, Shop
from invsync_tui.sandbox.table import joined

PAGE_MOST = 1000
EDITABLE = tuple(f.name for f in fields(Listing) if f.name not in ("ref", "updated_at"))


class Log:
    """What was applied, in memory and, where a file is given, as JSON lines."""

    def __init__(self, path: Path | None) -> None:
        self.applied: list[AppliedRow] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8", buffering=1) if path else None

    def note(self, shop: str, key: str, ref: str, quantity: int, before: int | None) -> None:
        """Add one row; the number is its place in the order of all rows."""
        row = AppliedRow(len(self.applied) + 1, time.time(), shop, key, ref, quantity, before)
        self.applied.append(row)
        if self._file:
            self._file.write(json.dumps(asdict(row)) + "\n")


class Cart(Service):
    """The shops as a service."""

    def __init__(self, token: str, shops: Mapping[str, Shop], log: Log) -> None:
        super().__init__(token, Pace())
        self.shops = dict(shops)
        self.log = log
        self.outbox = Outbox(token)
        self.paces = {name: shop.mode.pace() for name, shop in shops.items()}
        self.buckets = {name: pace.bucket() for name, pace in self.paces.items()}

    @staticmethod
    def _parts(request: Request) -> tuple[str, str]:
        """Shop and call of `/shops/{shop}/{call}`."""
        _, _, rest = request.path.partition("/shops/")
        shop, _, call = rest.partition("/")
        return shop, call

    def bucket_of(self, request: Request) -> Bucket | None:
        return self.buckets.get(self._parts(request)[0])

    def pace_of(self, request: Request) -> Pace:
        return self.paces.get(self._parts(request)[0], self.pace)

    def clock_of(self, request: Request) -> int:
        shop = self.shops.get(self._parts(request)[0])
        return shop.mode.clock if shop else 0

    def page_of(self, request: Request) -> int | None:
        name, call = self._parts(request)
        if call != "listings" or name not in self.shops:
            return None
        return self.shops[name].table.number(request.query.get("cursor", ""), _limit(request))

    def answer(self, request: Request) -> Reply:
        name, call = self._parts(request)
        shop = self.shops.get(name)
        if shop is None:
            return refusal(404, "There is no such shop.")
        shop.apply_taken(shop.tickets.due(), self.log)
        match request.method, call:
            case "GET", "":
                return ok({"shop": name, **asdict(shop.mode)})
            case "GET", "listings" | "orders":
                return (self._listings if call == "listings" else self._orders)(request, shop)
            case "POST", "listings/read" | "stock" | "track":
                posts = {"listings/read": self._read, "stock": self._stock, "track": self._track}
                return posts[call](request, shop)
            case "GET", _ if call.startswith("tickets/"):
                return self._ticket(shop, call.removeprefix("tickets/"))
        return refusal(404, "There is no such call.")

    def _read(self, request: Request, shop: Shop) -> Reply:
        known = [str(ref) for ref in request.json()["refs"] if ref in shop.table]
        if self.troubles.take(Kind.NO_ROWS, request.path, None):
            known = []
        return Reply(200, joined("listings", map(shop.table.row, known), None, len(known)))

    @staticmethod
    def _track(request: Request, shop: Shop) -> Reply:
        """{refs}: count the stock of listings from now on, beginning with 0."""
        refs = [str(ref) for ref in request.json()["refs"]]
        return ok({"rows": [{"ref": ref, "error": shop.track(ref)} for ref in refs]})

    def _listings(self, request: Request, shop: Shop) -> Reply:
        after, limit = request.query.get("cursor", ""), _limit(request)
        if "updated_after" in request.query:
            return self._changed(shop, int(request.query["updated_after"]), after, limit)
        keys, cursor = shop.table.page(after, limit)
        if self.troubles.take(Kind.NO_ROWS, request.path, self.page_of(request)):
            keys, cursor = [], None
        rows = [shop.table.row(key) for key in keys]
        if rows and self.troubles.take(Kind.BAD_ROW, request.path, self.page_of(request)):
            rows[0] = rows[0].replace(b'"quantity":', b'"quantity":"many","was":')
        return Reply(200, joined("listings", rows, cursor, len(shop.table)))

    @staticmethod
    def _changed(shop: Shop, since: int, after: str, limit: int) -> Reply:
        refs = shop.changed(since)
        rest = [ref for ref in refs if ref > after]
        keys = rest[:limit]
        return Reply(
            200, joined("listings", map(shop.table.row, keys), keys[-1] if len(rest) > limit else None, len(refs))
        )

    @staticmethod
    def _orders(request: Request, shop: Shop) -> Reply:
        if not shop.mode.orders:
            return refusal(403, "This login may not read orders.")
        after, limit = request.query.get("cursor", ""), _limit(request)
        orders_since = shop.orders_since(int(request.query.get("since", "0")))
        rest = [order for order in orders_since if order.key > after]
        rows = [encoded(asdict(order)) for order in rest[:limit]]
        return Reply(200, joined("orders", rows, rest[limit - 1].key if len(rest) > limit else None, len(orders_since)))

    def _stock(self, request: Request, shop: Shop) -> Reply:
        rows = [(str(row["ref"]), row["quantity"]) for row in request.json()["rows"]]
        if any(type(quantity) is not int for _, quantity in rows):
            return refusal(422, "A quantity is a whole number.")
        if len(rows) > shop.mode.max_batch:
            return refusal(413, f"A batch has at most {shop.mode.max_batch} rows.")
        if shop.mode.one_group and len({shop.listings[ref].group for ref, _ in rows if ref in shop.listings}) > 1:
            return refusal(422, "A batch has listings of one group.")
        key = request.headers.get("idempotency-key", "")
        if shop.mode.idempotency and key:
            return self._once(shop, key, request, rows)
        return self._apply(shop, key, request, rows)

    def _once(self, shop: Shop, key: str, request: Request, rows: Sequence[tuple[str, int]]) -> Reply:
        """Replay the answer to a key that is known. Refused batches did nothing and may be tried again."""
        if key in shop.answers:
            body, answer = shop.answers[key]
            return Reply(200, answer) if body == request.body else refusal(409, "The key belongs to another body.")
        reply = self._apply(shop, key, request, rows)
        if reply.status == 200:
            shop.answers[key] = (request.body, reply.body)
        return reply

    def _apply(self, shop: Shop, key: str, request: Request, rows: Sequence[tuple[str, int]]) -> Reply:
        trouble = self.troubles.take(Kind.REJECT, request.path)
        known = shop.rejects
        if trouble is not None:
            shop.rejects = {**known, **dict.fromkeys(trouble.refs, "The row was refused on purpose.")}
        try:
            if shop.mode.later:
                taken = shop.take(key, rows, request.query.get("place", ""))
                wait = {"look_after": shop.mode.look_after, "give_up_after": shop.mode.give_up_after}
                return ok({"ticket": taken.ticket, **wait})
            return ok({"rows": shop.apply(key, rows, self.log, request.query.get("place", ""))})
        except RefusedError as refused:
            return refusal(422, refused.text, refs=[refused.ref])
        finally:
            shop.rejects = known

    @staticmethod
    def _ticket(shop: Shop, ticket: str) -> Reply:
        """What became of a batch that was taken."""
        batch = shop.tickets.known(ticket)
        if batch is None:
            return refusal(404, f"There is no ticket {ticket}.")
        if batch.answers is None:
            return ok({"state": "waiting", "look_after": shop.mode.look_after})
        return ok({"state": "applied", "rows": batch.answers})

    # --- the control door

    def order(self, name: str, body: Any) -> Reply:
        for shop in self.shops.values():
            shop.apply_taken(shop.tickets.due(), self.log)
        match name:
            case "log":
                return ok([asdict(row) for row in self.log.applied])
            case "dump":
                return ok(self._dump())
            case "tickets":
                return ok([batch.ticket for batch in self.shops[body["shop"]].tickets.waiting()])
            case "order":
                reply = self._take(self.shops[body["shop"]], body)
                self.outbox.announce(body["shop"], "order", [self.shops[body["shop"]].find(body["ref"]).ref])
                return reply
        return self._change(name, body)

    def _change(self, name: str, body: Any) -> Reply:
        """Orders that change a shop."""
        orders = {
            "shop-pace": self._set_shop_pace,
            "hook": self._set_hook,
            "edit": self._edit,
            "clock": self._set_clock,
            "cancel": self._cancel,
            "ship": self._ship,
            "apply": self._apply_taken,
            "lose": self._lose,
            "add": self._add,
            "remove": self._drop,
        }
        if name not in orders:
            return refusal(404, "There is no such order.")
        orders[name](self.shops[body["shop"]], body)
        return ok({})

    def _set_shop_pace(self, shop: Shop, body: Any) -> None:
        """{shop, pace}: how fast the shop answers."""
        pace = Pace(**body["pace"])
        self.paces[shop.name], self.buckets[shop.name] = pace, pace.bucket()

    def _dump(self) -> dict[str, list[dict[str, object]]]:
        return {name: [asdict(listing) for listing in shop.listings.values()] for name, shop in self.shops.items()}

    def _set_hook(self, shop: Shop, body: Any) -> None:
        """{shop, address}: where its webhooks go from now on; '' for nowhere."""
        self.outbox.addresses[shop.name] = str(body["address"])

    def _edit(self, shop: Shop, body: Any) -> None:
        """{shop, ref (or code), any of sku, name, quantity, tracked, allocated}: somebody else's edit or rename."""
        listing = shop.find(body["ref"])
        for name in EDITABLE:
            if name in body:
                setattr(listing, name, body[name])
        shop.touch(listing.ref)
        self.outbox.announce(shop.name, "listing", [listing.ref])

    @staticmethod
    def _set_clock(shop: Shop, body: Any) -> None:
        """{shop, ahead}: the shop's clock is set."""
        shop.mode = replace(shop.mode, clock=int(body["ahead"]))

    @staticmethod
    def _take(shop: Shop, body: Any) -> Reply:
        """{shop, ref, units, taken_at, place, into}: an order, or a further line of one, comes in; answers with its reference."""
        listing, units = shop.find(body["ref"]), int(body.get("units", 1))
        into = body.get("into", "")
        return ok({"order": shop.order(listing, units, body.get("taken_at"), body.get("place", ""), into)})

    def _cancel(self, shop: Shop, body: Any) -> None:
        """{shop, order, units}: an order that was not shipped is cancelled, or some units of it."""
        refs = sorted({order.listing for order in shop.orders.values() if order.ref == body["order"]})
        shop.cancel(body["order"], body.get("units"))
        self.outbox.announce(shop.name, "order", refs)

    @staticmethod
    def _ship(shop: Shop, body: Any) -> None:
        """{shop, ref, units}: an order leaves."""
        shop.ship(shop.find(body["ref"]), int(body.get("units", 1)))

    def _apply_taken(self, shop: Shop, body: Any) -> None:
        """{shop, tickets}: batches that were taken are applied now, in this order; all of them where none is named."""
        waiting = {batch.ticket: batch for batch in shop.tickets.waiting()}
        shop.apply_taken([waiting[ticket] for ticket in body.get("tickets", waiting) if ticket in waiting], self.log)

    @staticmethod
    def _lose(shop: Shop, body: Any) -> None:
        """{shop, tickets, drop}: tickets are not known any more; all of them where none is named."""
        shop.tickets.forget(body.get("tickets", list(shop.tickets.batches)), drop=bool(body.get("drop")))

    @staticmethod
    def _add(shop: Shop, body: Any) -> None:
        """{shop, listing: {ref, sku, name, ...}}"""
        shop.add(Listing(**body["listing"]))

    @staticmethod
    def _drop(shop: Shop, body: Any) -> None:
        """{shop, refs: [...]}"""
        for code in body["refs"]:
            shop.remove(shop.find(code).ref)


def _limit(request: Request) -> int:
    return max(1, min(PAGE_MOST, int(request.query.get("limit", "100"))))
