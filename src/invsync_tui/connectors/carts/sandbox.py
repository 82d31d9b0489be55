"""The sandbox cart. It can play several kinds of cart; the connection's options say which one it is.

Options: `shop` (required), `basis` (available, on_hand), `row_errors` (per_row, whole_batch), `idempotency` and
`returns_quantity` (on, off), `orders` (off, on: whether its orders are read), `max_batch`, `location` (one of the shop's
further locations; none: its first), `applies_within` (seconds, for a shop that takes batches under a ticket).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from invsync_tui import clock
from invsync_tui.connectors import stock_elsewhere
from invsync_tui.connectors.about import CART_PORT, About, Example, ExampleLevel, Fix, Hooks, Option, OptionKind
from invsync_tui.connectors.base import (
    BatchScope,
    Budget,
    CartCapabilities,
    CartLocation,
    CheckStep,
    Connection,
    DoubtPolicy,
    HookNews,
    ListingRow,
    OrderLine,
    Page,
    Pending,
    PushItem,
    QuantityBasis,
    RowAnswer,
    RowErrors,
    Submitted,
    refuse_negative,
    unreadable,
)
from invsync_tui.connectors.cart_locations import OPTION
from invsync_tui.connectors.checks import CartFacts, Review, told_by
from invsync_tui.connectors.errors import ConnectorError, ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.hooks import document
from invsync_tui.connectors.json_rest import field_of, page_of
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.sources.sandbox import SandboxSession
from invsync_tui.connectors.values import (
    SECONDS_MOST,
    maybe_seconds,
    maybe_whole,
    reference,
    seconds,
    text,
    whole,
    yes_or_no,
)
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import Reason

PAGE_SIZE = 500
FIRST_PLACE = "first"
"""The reference of the first location of a shop that has several."""
SAYS_ANOTHER_BASIS = "the connection says"
SWITCH = {"on": True, "off": False}


def _capabilities(options: Mapping[str, str]) -> CartCapabilities:
    """What the options declare; NotConfiguredError for a word that is not known."""
    try:
        replays = SWITCH[options.get("idempotency", "on")]
        return CartCapabilities(
            quantity_basis=QuantityBasis(options.get("basis", "available")),
            max_batch=int(options.get("max_batch", "100")),
            batch_scope=BatchScope(options.get("batch_scope", "any")),
            row_errors=RowErrors(options.get("row_errors", "per_row")),
            doubt_policy=DoubtPolicy.IDEMPOTENCY_KEY if replays else DoubtPolicy.READ_BACK,
            returns_quantity=SWITCH[options.get("returns_quantity", "on")],
            delta_read=True,
            reads_locations=True,
            stable_pages=True,
            page_size=PAGE_SIZE,
            read_batch=PAGE_SIZE,
            reports_orders=SWITCH[options.get("orders", "off")],
            applies_within=float(options.get("applies_within", "0")),
        )
    except (KeyError, ValueError) as error:
        raise NotConfiguredError(f"An option of the cart cannot be read: {error}.") from error


def _options_review(facts: CartFacts) -> Review:
    check, shop = "sandbox.options", facts.connection.options.get("shop", "")
    try:
        _capabilities(facts.connection.options)
    except NotConfiguredError as error:
        return Review(check, Verdict.FAIL, "its options", error.what, facts.set("--option NAME=VALUE"))
    if shop:
        return Review(check, Verdict.PASS, f"shop {shop}")
    return Review(check, Verdict.FAIL, "option shop: none", "The shop is not named.", facts.set("--option shop=NAME"))


class SandboxCart:
    """A `Cart` over one shop of the sandbox cart."""

    SHOP_OPTIONS = ("shop",)
    VIEW_OPTIONS = ()
    about = About(
        title="Sandbox cart",
        example="http://127.0.0.1:8790",
        versions="of this package",
        signs_in_as="any name",
        signs_in_with="the password that the sandbox was started with",
        hooks=Hooks(
            signature_header="x-sandbox-signature",
            delivery_header="x-sandbox-delivery",
            topics=("listing", "order"),
            setup=("Start it with --hook SHOP={address}: it signs with its password.",),
        ),
        options=(
            Option("shop", "name of the shop", required=True),
            Option("location", "where it sets stock, if the shop has several locations"),
            Option("basis", "what its numbers mean", kind=OptionKind.CHOICE,
                   choices=tuple(QuantityBasis), default="available"),
            Option("row_errors", "what it says of a bad row in a batch", kind=OptionKind.CHOICE,
                   choices=tuple(RowErrors), default="per_row"),
            Option("idempotency", "whether it does a request with the same key once", kind=OptionKind.CHOICE,
                   choices=("on", "off"), default="on"),
            Option("returns_quantity", "whether its answers have the quantity that is shown now", kind=OptionKind.CHOICE,
                   choices=("on", "off"), default="on"),
            Option("orders", "whether its orders are read", kind=OptionKind.CHOICE, choices=("on", "off"), default="off"),
            Option("applies_within", "seconds within which it applies a batch that it took under a ticket; 0: at once",
                   kind=OptionKind.NUMBER, most=604800, default="0"),
            Option("batch_scope", "what one request may set: any listings, or those of one group", kind=OptionKind.CHOICE,
                   choices=tuple(BatchScope), default="any"),
            Option("max_batch", "listings in one request", kind=OptionKind.NUMBER, least=1, most=1000, default="100"),
        ),
        setup=("Start it with: python -m invsync_tui.sandbox cart --port 8790 --token PASSWORD",),
        fixes=(
            Fix("track", Reason.CART_NOT_TRACKING, "Counts the stock of the listing from now on.", "It shows 0 then."),
        ),
        behavior=("A cart on this machine that can play several kinds of cart and misbehave, for the demo and for tests.",),
        sources=("src/invsync_tui/sandbox, the server itself",),
    )  # fmt: skip

    @staticmethod
    def review(facts: CartFacts) -> Iterator[Review]:
        """Options that can be read, and a shop that counts as they say."""
        yield _options_review(facts)
        failure = told_by(facts, "sandbox.basis", (SAYS_ANOTHER_BASIS,), facts.set("--option basis=WORD"))
        yield failure or Review("sandbox.basis", Verdict.PASS, "no run reported otherwise")

    @staticmethod
    def example(folder: Path, stock: Sequence[ExampleLevel]) -> Example:
        """A shop with a listing of each product, which shows 0."""
        sandbox = ("cart", "--port", str(CART_PORT))
        return Example(f"http://127.0.0.1:{CART_PORT}", options={"shop": "main"}, sandbox=sandbox)

    @staticmethod
    def hook(headers: Mapping[str, str], body: bytes) -> HookNews:
        """The listings that changed; of an order, that too."""
        record = document(body)
        try:
            return HookNews(tuple(text(ref) for ref in record["refs"]), record["topic"] == "order")
        except (KeyError, TypeError) as error:
            raise ValueError(f"it is not as the shop sends it ({type(error).__name__})") from error

    def __init__(self, connection: Connection) -> None:
        self.capabilities = _capabilities(connection.options)
        self._shop = connection.options.get("shop", "")
        self._place = self._at(connection.options.get(OPTION, ""))
        self._others = tuple(word for word in connection.also_at if self._at(word) != self._place)
        self._ours = frozenset({self._place, *map(self._at, self._others)})
        self._base = f"/shops/{quote(self._shop, safe='')}"
        self._agreed = False
        self._session = SandboxSession(connection)

    async def open(self) -> None:
        """No request: the shop is asked what it counts before its listings are read, which comes before any push."""
        if not self._shop:
            raise NotConfiguredError("The shop is not named.", advice="Set the option `shop`.")
        await self._session.log_in()

    async def clock_offset(self) -> float | None:
        """From the shop's own answers; the first is asked for here."""
        await self._agree()
        return self._session.http.clock.offset

    def location_ref(self) -> str:
        return self._place or FIRST_PLACE

    async def _agree(self) -> None:
        """Refuse a shop that means something else by a quantity than the options say. Asked once."""
        if self._agreed:
            return
        response = await self._session.read("GET", f"{self._base}/")
        basis = field_of(response, "basis")
        if basis != self.capabilities.quantity_basis:
            raise NotConfiguredError(
                f"The shop counts {basis}, {SAYS_ANOTHER_BASIS} {self.capabilities.quantity_basis}.",
                where=response.where,
                advice="Correct the option `basis`.",
            )
        self._agreed = True

    async def close(self) -> None:
        await self._session.http.close()

    async def check(self) -> AsyncIterator[CheckStep]:
        try:
            await self.open()
            await self._agree()
            yield CheckStep("Log in", True, f"The token is accepted; the shop is {self._shop}.")
        except ConnectorError as error:
            yield CheckStep("Log in", False, error.what, error.advice)
            return
        try:
            page = await self.listings_page(None)
            message = f"{page.total} in the shop. {stock_elsewhere.describe(page.rows)}"
            yield CheckStep("Listings", True, message.strip())
        except ConnectorError as error:
            yield CheckStep("Listings", False, error.what, error.advice)

    def budget(self) -> Budget | None:
        return self._session.http.limiter.budget()

    async def locations(self) -> Sequence[CartLocation]:
        """The shop's locations; none where it has no further ones."""
        response = await self._session.read("GET", f"{self._base}/")
        further = [place for place in str(field_of(response, "places")).split("/") if place]
        return [CartLocation(place, place) for place in (FIRST_PLACE, *further)] if further else []

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        if cursor is None:
            await self._agree()
        params = {"cursor": cursor or "", "limit": str(PAGE_SIZE)}
        if since is not None:
            params["updated_after"] = str(since)
        response = await self._session.read("GET", f"{self._base}/listings?{urlencode(params)}")
        page = page_of(response, "listings", lambda record: (record, self._listing(record)))
        if not self._others:
            return Page([row for _, row in page.rows], page.next_cursor, page.total, page.rejected)
        rows: list[ListingRow] = []
        rejected = list(page.rejected)
        for record, row in page.rows:
            try:
                rows += [row, *self._further(record, row)]
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                rejected.append((row.ref, f"{type(error).__name__}: {error}"))
            await asyncio.sleep(0)  # with several hundred locations a page has very many listings
        return Page(rows, page.next_cursor, page.total, rejected)

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        response = await self._session.read("POST", f"{self._base}/listings/read", json_body={"refs": list(refs)})
        page = page_of(response, "listings", self._listing)
        return [*page.rows, *(unreadable(ref, why) for ref, why in page.rejected)]

    async def orders_since(self, since: int) -> Sequence[OrderLine]:
        lines: list[OrderLine] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {"since": str(since), "cursor": cursor, "limit": str(PAGE_SIZE)}
            response = await self._session.read("GET", f"{self._base}/orders?{urlencode(params)}")
            page = page_of(response, "orders", _order_line)
            # Absent means cancelled, so an unreadable order must not be left out.
            lines += [OrderLine("" if ref == "?" else ref, "", 0, 0, error=why) for ref, why in page.rejected]
            if page.next_cursor is not None and page.next_cursor <= cursor:
                raise ContractError(f"The cart repeats itself at {cursor!r} while listing orders.")
            lines += page.rows
            cursor = page.next_cursor
        return lines

    def _further(self, record: Mapping[str, Any], row: ListingRow) -> Iterator[ListingRow]:
        """A listing at each further location that is ours."""
        places = _places(record)
        for word in self._others:
            here = places.get(self._at(word), NO_STOCK)
            quantity, allocated = maybe_whole(here["quantity"]), whole(here["allocated"])
            yield row._replace(quantity=quantity, allocated=allocated, location=word)

    def _listing(self, record: Mapping[str, Any]) -> ListingRow:
        """A listing with the stock at our own location, and what those that are not ours have beside it."""
        places = _places(record)
        here = places.get(self._place, NO_STOCK)
        places = {place: stock for place, stock in places.items() if place not in self._ours}
        return ListingRow(
            ref=reference(record["ref"]),
            sku=text(record["sku"]),
            name=text(record["name"]),
            tracked=yes_or_no(record["tracked"]),
            quantity=maybe_whole(here["quantity"]),
            allocated=whole(here["allocated"]),
            updated_at=maybe_seconds(record["updated_at"]),
            elsewhere=sum(maybe_whole(place["quantity"]) or 0 for place in places.values()) if places else None,
            elsewhere_allocated=sum(whole(place["allocated"]) for place in places.values()),
            threshold=whole(record.get("threshold", 0)),
            barcode=text(record.get("barcode", "")),
            cap=maybe_whole(record.get("most"), 0),
            group=text(record.get("group", "")),
        )

    @staticmethod
    def _at(word: str) -> str:
        """A location as listings name it: the first has no name there."""
        return "" if word.strip() == FIRST_PLACE else word.strip()

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        rows = [{"ref": item.ref, "quantity": item.quantity} for item in items]
        refuse_negative(items)
        return json.dumps({"rows": rows}, separators=(",", ":")).encode()

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        headers = {"idempotency-key": batch_id}
        at = f"?{urlencode({'place': self._place})}" if self._place else ""
        response = await self._session.write("POST", f"{self._base}/stock{at}", content=body, headers=headers)
        try:
            if "ticket" in response.json():
                return _taken(response.json())
            return [_answer(record) for record in field_of(response, "rows")]
        except (ContractError, KeyError, TypeError, ValueError) as error:
            # The cart said 200: the rows are applied, we only cannot read how. That is doubt, not failure.
            raise UnavailableError(
                f"The answer cannot be read: {error}", where=response.where, may_have_applied=True
            ) from error

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        response = await self._session.write("POST", f"{self._base}/track", json_body={"refs": list(refs)})
        return [FixAnswer(text(record["ref"]), text(record["error"])) for record in field_of(response, "rows")]

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        response = await self._session.read("GET", f"{self._base}/tickets/{quote(ticket, safe='')}")
        if field_of(response, "state") == "applied":
            return [_answer(record) for record in field_of(response, "rows")]
        return Pending(clock.now() + _duration(field_of(response, "look_after")))


NO_STOCK: Mapping[str, Any] = {"quantity": None, "allocated": 0}


def _places(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a record says of each location, the first as ''."""
    first = {"quantity": record["quantity"], "allocated": record["allocated"]}
    return {"": first, **record.get("places", {})}


def _taken(record: Mapping[str, Any]) -> Submitted:
    """A shop says for how long from now; the times are by our clock."""
    now = clock.now()
    look, give_up = _duration(record["look_after"]), _duration(record["give_up_after"])
    return Submitted(text(record["ticket"]), now + look, now + give_up)


def _duration(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < SECONDS_MOST:
        raise ValueError(f"{value!r} is no number of seconds.")
    return float(value)


def _order_line(record: Mapping[str, Any]) -> OrderLine:
    place = text(record.get("place", ""))
    return OrderLine(
        text(record["ref"]), text(record["listing"]), whole(record["quantity"], 0), seconds(record["taken_at"]), place
    )


def _answer(record: Mapping[str, Any]) -> RowAnswer:
    ref, error = text(record["ref"]), record.get("error")
    if error is not None:
        return RowAnswer(ref, error=text(error), reason=Reason.REJECTED_BY_CART)
    return RowAnswer(ref, maybe_whole(record.get("quantity")))
