"""A strict fake of a Shopify shop on loopback: `with shopify_server() as server: ...`.

It executes Shopify's official schema, so that a request of a wrong shape is refused by the real types. What types cannot say
is written from the documentation: compare-and-set, idempotency, 250 rows, the price of a query, the bucket of points, scopes.
Each such rule has a test of its own with its source in tests/connectors/shopify_server. What a client should not have sent is
kept in `server.violations`.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, execute, value_from_ast_untyped
from graphql.language import FieldNode, OperationDefinitionNode

from invsync_tui.connectors.base import Connection
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server
from tests.support.servers.shopify import cost
from tests.support.servers.shopify.bulk import BulkOperations
from tests.support.servers.shopify.logins import CLIENT, REDIRECT, TOKEN, Logins
from tests.support.servers.shopify.paging import cut
from tests.support.servers.shopify.refusals import INPUT_MOST, allowed, guarded, longest_input, raised, refused
from tests.support.servers.shopify.schema import checked, schema_of
from tests.support.servers.shopify.shop import UNSTOCKED, Shop

__all__ = ["CLIENT", "REDIRECT", "TOKEN", "ShopifyServer", "shopify_server"]

VARIABLE = "INVSYNC_SHOPIFY_TOKEN"
SUPPORTED = ("2026-04", "2026-07", "2026-10")
SCOPES = ("read_products", "read_inventory", "write_inventory", "read_locations", "read_orders")
KEY_LASTS = 24 * 3600.0
"""Seconds for which a key is remembered: https://shopify.dev/docs/api/usage/implementing-idempotency"""
WITH_A_KEY = ("inventorySetQuantities", "inventoryActivate")
"""Mutations that document an idempotency key and require one."""


@dataclass
class Bucket:
    """Points, by a clock that runs on."""

    most: float = 20_000.0
    per_second: float = 20_000.0
    left: float = 20_000.0
    at: float = field(default_factory=time.monotonic)

    def refill(self) -> None:
        now = time.monotonic()
        self.left = min(self.most, self.left + (now - self.at) * self.per_second)
        self.at = now


@dataclass
class ShopifyServer(Logins):
    """The control of a running fake, and a `kit.CartServer`. Set a field and the next request meets it."""

    url: str = ""
    shop: Shop = field(default_factory=Shop)
    bucket: Bucket = field(default_factory=Bucket)
    scopes: tuple[str, ...] = SCOPES
    oldest: str = SUPPORTED[0]
    """What answers for a version that is retired."""
    location: str = ""
    throttle: int = 0
    """Writes that meet an empty bucket."""
    lose: int = 0
    """Writes that are done and whose answer is cut off."""
    login: str = ""
    """Of `connection`: CLIENT for an app that asks for its tokens."""
    lasts: int = 86399
    """Seconds for which a token is granted."""
    granted: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    """Codes of logins in a browser that were not used yet."""
    violations: list[str] = field(default_factory=list)
    throttled: int = 0
    repeated: int = 0
    """Mutations under a key that had been used, which are answered as before."""
    keys: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """By idempotency key, what was asked under it and what was answered."""
    used_at: dict[str, float] = field(default_factory=dict)
    """By idempotency key, when it was first used, by `clock`."""
    status: int = 200
    """Of every answer; with another one nothing is done."""
    busy: set[str] = field(default_factory=set)
    """Idempotency keys whose first request is still in progress."""
    clock: Callable[[], float] = time.monotonic
    instead: list[Any] = field(default_factory=list)
    """Answers that are given once each instead of the shop's."""
    changed: Callable[[Any], Any] = lambda answer: answer
    """What becomes of a good answer on its way."""
    bulk: BulkOperations = field(init=False)
    version: str = ""
    """That of the request in hand."""
    _turn: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.bulk = BulkOperations(self._bulk_root, self._wrong)

    # --- kit.CartServer ---

    def connection(self, url: str) -> Connection:
        options = {"location": self.location} if self.location else {}
        return Connection("shop", "shopify", url, self.login, f"env:{VARIABLE}", options, 10)

    def secrets(self) -> tuple[str, ...]:
        return (TOKEN,)

    def shown(self) -> Mapping[str, int | None]:
        with self._turn:
            return self.shop.shown()

    def add(self, sku: str, quantity: int | None, **values: Any) -> str:
        with self._turn:
            return self.shop.add(sku, quantity, **values)

    def remove(self, listing: str) -> None:
        with self._turn:
            del self.shop.items[listing]

    def set(self, listing: str, quantity: int) -> None:
        with self._turn:
            self.shop.items[listing].levels[self.shop.main] = quantity

    def ail(self, fix: str) -> str:
        with self._turn:
            return (
                self.shop.add(f"AILING-{fix}", 4, tracked=False)
                if fix == "track"
                else self.shop.add(f"AIL-{fix}", None)
            )

    @property
    def compares(self) -> bool:
        return True

    def throttle_next(self) -> None:
        """The bucket is empty; it fills again within a second."""
        with self._turn:
            self.bucket.refill()
            self.bucket.left = min(0.0, self.bucket.left)

    def hindered(self) -> Mapping[str, Reason]:
        with self._turn:
            return {self.shop.add("A-BUNDLE", 4, bundle=True): Reason.BUNDLE_PARENT}

    def other_facts(self) -> Mapping[str, object]:
        """Of each item what is not its quantity at the main location."""
        with self._turn:
            main = self.shop.main
            return {
                ref: repr((item.sku, item.tracked, {at: n for at, n in item.levels.items() if at != main}))
                for ref, item in self.shop.items.items()
            }

    # --- requests ---

    def answer(self, request: Request) -> Answer:
        with self._turn:
            return self._grant(request) if request.path == "/admin/oauth/access_token" else self._answer(request)

    def _wrong(self, what: str) -> None:
        self.violations.append(what)

    def _answer(self, request: Request) -> Answer:
        version = request.path.split("/")[3:4]
        refused_at_once = self._before_query(request)
        if refused_at_once is not None:
            return refused_at_once
        self.version = version[0] if version[0] >= self.oldest and version[0] in SUPPORTED else self.oldest
        body = self.instead.pop(0) if self.instead else self._execute(self.version, request.json())
        if isinstance(body, Answer):
            return body
        if self.lose and b"mutation" in request.body and "data" in body:
            self.lose -= 1
            return Answer(200, b'{"data"', {"Content-Length": "1000"})
        return as_json(self.changed(body), 200, **{"X-Shopify-API-Version": self.version})

    def _before_query(self, request: Request) -> Answer | None:
        """What a request ends with before its query is looked at: https://shopify.dev/docs/api/usage/response-codes"""
        if request.headers.get("x-shopify-access-token") not in (TOKEN, *self.granted[-1:]):
            text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return as_json({"errors": text}, 401)
        parts = request.path.split("/")
        if request.method != "POST" or parts[:3] != ["", "admin", "api"] or parts[4:] != ["graphql.json"]:
            self._wrong(f"{request.method} {request.path}")
            return as_json({"errors": "Not Found"}, 404)
        if request.headers.get("content-type") != "application/json":
            self._wrong("no JSON")
            return as_json({"errors": "Bad Request"}, 400)
        return as_json({"errors": "Unavailable"}, self.status) if self.status != 200 else None

    def _execute(self, version: str, body: Mapping[str, Any]) -> Any:
        document, wrong = checked(version, body["query"])
        variables = body.get("variables") or {}
        if wrong:
            self.violations.extend(wrong)
            return {"errors": [{"message": message} for message in wrong]}
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        variables = _with_defaults(operation, variables)
        price = cost.requested(operation, variables)
        if price > cost.QUERY_MOST:
            self._wrong(f"a query of {price} points")
            why = f"Query cost is {price}, which exceeds the single query max cost limit ({cost.QUERY_MOST})."
            return refused("MAX_COST_EXCEEDED", why, cost=price, maxCost=cost.QUERY_MOST)
        if (longest := longest_input(document, variables)) > INPUT_MOST:
            self._wrong(f"{longest} rows")
            why = f"The input array size of {longest} is greater than the maximum allowed of {INPUT_MOST}."
            return refused("MAX_INPUT_SIZE_EXCEEDED", why)
        if not self._paid(price, writes=operation.operation.value == "mutation"):
            self.throttled += 1
            return {**refused("THROTTLED", "Throttled"), "extensions": {"cost": self._cost(price, None)}}
        return self._keyed(operation, variables) or self._executed(operation, document, variables, price)

    def _executed(self, operation: OperationDefinitionNode, document: Any, variables: Any, price: int) -> Any:
        self.shop.sees_all_orders = "read_all_orders" in self.scopes
        done = execute(schema_of(self.version), document, self._root(), variable_values=variables)
        assert isinstance(done, ExecutionResult)
        for error in done.errors or ():
            if (error.extensions or {}).get("code") != "ACCESS_DENIED":
                self._wrong(str(error))
        came_to = min(price, cost.actual(operation, variables, done.data))
        self.bucket.left = min(self.bucket.most, self.bucket.left + price - came_to)
        answer = {"data": done.data, "extensions": {"cost": self._cost(price, came_to)}}
        return answer | ({"errors": [error.formatted for error in done.errors]} if done.errors else {})

    def _paid(self, price: int, *, writes: bool) -> bool:
        if writes and self.throttle:
            self.throttle -= 1
            self.bucket.refill()
            self.bucket.left = min(0.0, self.bucket.left)
        self.bucket.refill()
        if price > self.bucket.left:
            return False
        self.bucket.left -= price
        return True

    def _cost(self, price: int, actual: int | None) -> Mapping[str, Any]:
        status = {
            "maximumAvailable": self.bucket.most,
            "currentlyAvailable": int(self.bucket.left),
            "restoreRate": self.bucket.per_second,
        }
        return {"requestedQueryCost": price, "actualQueryCost": actual, "throttleStatus": status}

    def _keyed(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Any:
        """What the types do not say of a key: who wants one, and that it is not blank."""
        if operation.operation.value != "mutation":
            return None
        (mutation,) = operation.selection_set.selections
        assert isinstance(mutation, FieldNode)
        key = self._key(mutation, variables)
        wants = mutation.name.value in WITH_A_KEY
        if key is None and wants:
            self._wrong("no idempotency key")
            why = "The @idempotent directive is required for this mutation but was not provided."
            return refused("BAD_REQUEST", why)
        if key is not None and not (wants and key.strip()):
            self._wrong("a blank key" if wants else "a key for a mutation that documents none")
            return refused("BAD_REQUEST", "The @idempotent directive is not accepted here.")
        return None

    def _key(self, node: FieldNode, variables: Mapping[str, Any]) -> str | None:
        for given in node.directives or ():
            if given.name.value == "idempotent":
                (argument,) = given.arguments or ()
                return str(value_from_ast_untyped(argument.value, dict(variables)))
        return None

    def _root(self) -> Mapping[str, Any]:
        fields = {
            "shop": {"id": "gid://shopify/Shop/7", "name": "Fake", "myshopifyDomain": "fake.myshopify.com"},
            "currentAppInstallation": {"accessScopes": [{"handle": name} for name in self.scopes]},
            "locations": self.shop.locations_page,
            "productVariants": self.shop.variants_page,
            "nodes": lambda info, ids: [self.shop.node(ref) for ref in ids],
            "orders": self.shop.orders_page,
            "order": lambda info, id: self.shop.order_record(id),  # noqa: A006 (the argument's name)
            "productVariantsCount": lambda info, limit=10_000, **_: self._count(limit),
            "bulkOperation": lambda info, id: self.bulk.look(id),  # noqa: A006 (the argument's name)
            "bulkOperationRunQuery": lambda info, query, **_: self.bulk.run(self.version, query),
            "inventorySetQuantities": self._set_quantities,
            "inventoryItemUpdate": lambda info, id, input: self.shop.track(id, input),  # noqa: A006 (the argument's names)
            "inventoryActivate": self._activate,
        }
        return {name: guarded(name, resolve, self.scopes) for name, resolve in fields.items()}

    def _count(self, limit: int | None) -> Mapping[str, Any]:
        have = len(self.shop.items)
        most = have if limit is None else limit
        return {"count": min(most, have), "precision": "EXACT" if have <= most else "AT_LEAST"}

    def _bulk_root(self) -> Mapping[str, Any] | None:
        """What a bulk operation reads: connections with all their records. None without the scope."""
        if not allowed("productVariants", self.scopes):
            return None
        return {"productVariants": lambda info, **_: cut(self.shop.variants(), len(self.shop.items))}

    def _activate(self, info: Any, inventoryItemId: str, locationId: str, **given: Any) -> Any:  # noqa: N803
        def wrong(code: str, message: str) -> Mapping[str, Any]:
            return {"inventoryLevel": None, "userErrors": [{"field": None, "message": message}]}

        question = ("inventoryActivate", inventoryItemId, locationId, given)
        return self._once(info, question, wrong, lambda: self.shop.activate(inventoryItemId, locationId, **given))

    def _set_quantities(self, info: Any, input: Mapping[str, Any]) -> Any:  # noqa: A002 (the argument's name)
        def wrong(code: str, message: str) -> Mapping[str, Any]:
            errors = [{"code": code, "message": message, "field": None}]
            return {"inventoryAdjustmentGroup": None, "userErrors": errors}

        if not all("changeFromQuantity" in row for row in input["quantities"]):
            why = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            raise raised("INVALID_FIELD_ARGUMENTS", why)
        has_no_code = self.version >= "2026-10" and self.shop.unstocked_code == UNSTOCKED
        anywhere = self.shop.stocks_anywhere or has_no_code
        question = ("inventorySetQuantities", input)
        return self._once(info, question, wrong, lambda: self.shop.set_quantities(input, anywhere=anywhere))

    def _once(self, info: Any, asked: Any, wrong: Callable[[str, str], Any], do: Callable[[], Any]) -> Any:
        """What a key makes of a mutation: https://shopify.dev/docs/api/usage/implementing-idempotency"""
        (node,) = info.field_nodes
        key = self._key(node, info.variable_values.coerced)
        assert key is not None
        if key in self.busy:
            return wrong("IDEMPOTENCY_CONCURRENT_REQUEST", "This request is currently in progress, please try again.")
        known = self.keys.get(key) if self.clock() - self.used_at.get(key, 0.0) < KEY_LASTS else None
        if known is not None and known[0] != asked:
            self._wrong("a key with other rows")
            why = "The same idempotency key cannot be used with different operation parameters."
            return wrong("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", why)
        if known is not None:
            self.repeated += 1
            why = "A previous request with this idempotency key failed. Retry with a new idempotency key."
            return wrong("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", why) if known[1]["userErrors"] else known[1]
        answer = do()
        self.keys[key] = asked, answer
        self.used_at[key] = self.clock()
        return answer


def _with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    return {**defaults, **variables}


@contextmanager
def shopify_server(products: int = 8, places: int = 1) -> Iterator[ShopifyServer]:
    """A shop with tracked variants, at its first location."""
    schema_of("2026-07")
    server = ShopifyServer()
    for number in range(1, places):
        server.shop.add_location(f"Shop {number}")
    if places > 1:
        server.location = server.shop.main
    for number in range(products):
        server.add(f"SKU-{number}", 5 + number)
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = TOKEN
    try:
        with stub_server() as stub, stub_server() as files:
            server.bulk.files = files.url
            files.answering = server.bulk.file
            _serve(stub, server)
            yield server
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


def _serve(stub: Stub, server: ShopifyServer) -> None:
    server.url = stub.url
    stub.answering = lambda request: _safe(server, request)


def _safe(server: ShopifyServer, request: Request) -> Answer:
    try:
        return server.answer(request)
    except Exception as error:  # a fault of the fake is seen by the test
        server.violations.append(f"the fake failed: {type(error).__name__}: {error}")
        return Answer(500, json.dumps({"errors": "Internal Server Error"}).encode())
