"""A strict fake of a Shopify shop on loopback: `with shopify_server() as server: ...`.

It executes Shopify's official schema, so that a request of a wrong shape is refused by the real types. What types cannot say
is written from the documentation: compare-and-set, idempotency, 250 rows, the price of a query, the bucket of points. The
texts of errors at run time are ours. What a client should not have sent is kept in `server.violations`.
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
from urllib.parse import parse_qsl, urlencode, urlsplit

from graphql import execute
from graphql.language import FieldNode, InlineFragmentNode, OperationDefinitionNode

from invsync_tui.connectors.base import Connection
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server
from tests.support.servers.shopify.bulk import BulkOperations
from tests.support.servers.shopify.schema import checked, schema_of
from tests.support.servers.shopify.shop import Shop

TOKEN = "shpat_" + "0123456789abcdef" * 2
CLIENT = "0123456789abcdef" * 2
"""The client id of an app, whose secret is the token."""
VARIABLE = "INVSYNC_SHOPIFY_TOKEN"
REDIRECT = "https://localhost/invsync"
SUPPORTED = ("2026-04", "2026-07", "2026-10")
SCOPES = ("read_products", "read_inventory", "write_inventory", "read_locations", "read_orders")
QUERY_MOST = 1000
INPUT_MOST = 250
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
class ShopifyServer:
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

    def _grant(self, request: Request) -> Answer:
        """The client credentials grant: a token for a day; the one before is no longer taken."""
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") in ("authorization_code", "refresh_token"):
            return self._grant_of_login(form)
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": TOKEN}
        if form != wanted or request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return as_json({"error": "invalid_client"}, 400)
        self.granted.append(f"token-for-a-day-{len(self.granted)}")
        return as_json({"access_token": self.granted[-1], "scope": ",".join(self.scopes), "expires_in": self.lasts})

    def browse(self, address: str) -> str:
        """Where the browser ends after the app was allowed: the authorization code grant."""
        query = dict(parse_qsl(urlsplit(address).query, strict_parsing=True))
        scopes = set(query.pop("scope").split(","))
        state = query.pop("state")
        assert query == {"client_id": CLIENT, "redirect_uri": REDIRECT, "response_type": "code"}, query
        assert scopes >= {"read_products", "write_inventory"} and len(state) > 20
        self.codes.append(f"code-of-the-shop-{len(self.codes)}")
        return f"{REDIRECT}?{urlencode({'code': self.codes[-1], 'hmac': 'x', 'shop': 'my-shop', 'state': state})}"

    def _grant_of_login(self, form: dict[str, str]) -> Answer:
        """An expiring offline token: for an hour, with a refresh token that is good once."""
        if (form.pop("client_id", ""), form.pop("client_secret", "")) != (CLIENT, TOKEN):
            return as_json({"error": "invalid_client"}, 401)
        wanted = {"grant_type": "refresh_token", "refresh_token": f"shprt-{len(self.granted) - 1}"}
        if self.codes and form.get("grant_type") == "authorization_code":
            code = self.codes.pop()
            wanted = {
                "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "expiring": "1",
            }  # fmt: skip
        if form != wanted:
            return as_json({"error": "invalid_grant"}, 400)
        self.granted.append(f"shpat-for-an-hour-{len(self.granted)}")
        refresh = f"shprt-{len(self.granted) - 1}"
        return as_json(
            {
                "access_token": self.granted[-1], "scope": ",".join(self.scopes), "expires_in": 3600,
                "refresh_token": refresh, "refresh_token_expires_in": 7776000,
            }
        )  # fmt: skip

    def _wrong(self, what: str) -> None:
        self.violations.append(what)

    def _answer(self, request: Request) -> Answer:
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
        version = parts[3] if parts[3] >= self.oldest and parts[3] in SUPPORTED else self.oldest
        self.version = version
        if self.version == SUPPORTED[-1] and self.shop.unstocked_code == "ITEM_NOT_STOCKED_AT_LOCATION":
            self.shop.unstocked_code = (
                "INVALID_LOCATION"  # the schema of 2026-10 has lost the code; which one it is now is not known
            )
        body = self.instead.pop(0) if self.instead else self._execute(version, request.json())
        if isinstance(body, Answer):
            return body
        if self.lose and b"mutation" in request.body and "data" in body:
            self.lose -= 1
            return Answer(200, b'{"data"', {"Content-Length": "1000"})
        return as_json(self.changed(body), **{"X-Shopify-API-Version": version})

    def _execute(self, version: str, asked: Mapping[str, Any]) -> Any:
        document, wrong = checked(version, asked["query"])
        variables = asked.get("variables") or {}
        if wrong:
            self.violations.extend(wrong)
            return {"errors": [{"message": message} for message in wrong]}
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        price = _price(operation, variables)
        if price > QUERY_MOST:
            self._wrong(f"a query of {price} points")
            return _refused(
                "MAX_COST_EXCEEDED", f"Query cost is {price}, which exceeds the single query max cost limit"
            )
        if not self._paid(price, writes=operation.operation.value == "mutation"):
            self.throttled += 1
            return {**_refused("THROTTLED", "Throttled"), "extensions": {"cost": self._cost(price, None)}}
        refused = self._before_mutation(operation, variables)
        if refused is not None:
            return refused
        done = execute(schema_of(version), document, self._root(), variable_values=variables)
        for error in done.errors or ():
            self._wrong(str(error))
        answer = {"data": done.data, "extensions": {"cost": self._cost(price, price)}}
        return answer | ({"errors": [{"message": str(error)} for error in done.errors]} if done.errors else {})

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

    def _before_mutation(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Any:
        """What the types do not say: the key, the compare-and-set field and the number of rows."""
        if operation.operation.value != "mutation":
            return None
        (mutation,) = operation.selection_set.selections
        assert isinstance(mutation, FieldNode)
        keyed = any(directive.name.value == "idempotent" for directive in mutation.directives or ())
        wants = mutation.name.value in WITH_A_KEY
        if keyed is not wants or (wants and not str(variables.get("key", "")).strip()):
            self._wrong("no idempotency key" if wants else "a key for a mutation that documents none")
            return _refused("BAD_REQUEST", f"The @idempotent directive is {'required' if wants else 'not supported'}.")
        return self._wrong_rows(variables) if mutation.name.value == "inventorySetQuantities" else None

    def _wrong_rows(self, variables: Mapping[str, Any]) -> Any:
        rows = variables["input"]["quantities"]
        if not all("changeFromQuantity" in row for row in rows):
            self._wrong("no changeFromQuantity")
            return _refused("INVALID_FIELD_ARGUMENTS", "changeFromQuantity is required.")
        if len(rows) > INPUT_MOST:
            self._wrong(f"{len(rows)} rows")
            return _refused(
                "MAX_INPUT_SIZE_EXCEEDED", "The input array size is greater than the maximum allowed of 250."
            )
        return None

    def _root(self) -> Mapping[str, Any]:
        return {
            "shop": {"id": "gid://shopify/Shop/7", "name": "Fake", "myshopifyDomain": "fake.myshopify.com"},
            "currentAppInstallation": {"accessScopes": [{"handle": name} for name in self.scopes]},
            "locations": self.shop.locations_page,
            "productVariants": self.shop.variants_page,
            "nodes": lambda info, ids: [self.shop.node(ref) for ref in ids],
            "orders": self.shop.orders_page,
            "order": lambda info, id: self.shop.order_record(id),  # noqa: A006 (the argument's name)
            "productVariantsCount": lambda info, limit, **_: {"count": min(limit, len(self.shop.items))},
            "bulkOperation": lambda info, id: self.bulk.look(id),  # noqa: A006 (the argument's name)
            "bulkOperationRunQuery": lambda info, query, **_: self.bulk.run(self.version, query),
            "inventorySetQuantities": self._set_quantities,
            "inventoryItemUpdate": lambda info, id, input: self.shop.track(id, input),  # noqa: A006 (the argument's names)
            "inventoryActivate": self._activate,
        }

    def _bulk_root(self) -> Mapping[str, Any]:
        """What a bulk operation reads: connections by their edges, all at once."""

        def variants(info: Any, **_: Any) -> Any:
            nodes = self.shop.variants_page(info, 250)["nodes"]
            records = list(nodes)
            while len(nodes) == 250:
                nodes = self.shop.variants_page(info, 250, nodes[-1]["id"].rpartition("/")[2])["nodes"]
                records += nodes
            return {"edges": [{"node": record} for record in records]}

        return {"productVariants": variants}

    def _activate(self, info: Any, inventoryItemId: str, locationId: str, available: int, **_: Any) -> Any:  # noqa: N803
        return self.shop.activate(inventoryItemId, locationId, available)

    def _set_quantities(self, info: Any, input: Mapping[str, Any]) -> Any:  # noqa: A002 (the argument's name)
        key = info.variable_values.coerced["key"]
        known = self.keys.get(key)
        if known is not None and known[0] != input:
            self._wrong("a key with other rows")
            return _with_errors([("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None)])
        if known is not None:
            self.repeated += 1
            failed = bool(known[1]["userErrors"])
            return _with_errors([("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", None)]) if failed else known[1]
        pairs = [(row["inventoryItemId"], row["locationId"]) for row in input["quantities"]]
        if len(set(pairs)) < len(pairs):
            self._wrong("a row twice")
        answer = self.shop.set_quantities(input)
        self.keys[key] = input, answer
        return answer


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _with_errors(errors: list[tuple[str, int | None]]) -> Mapping[str, Any]:
    return {
        "inventoryAdjustmentGroup": None,
        "userErrors": [{"code": code, "message": code.lower(), "field": None} for code, _ in errors],
    }


def _price(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """An object is a point, a list that is paged two and its records, a mutation ten; a scalar is nothing."""

    def of(selections: Any) -> int:
        total = 0
        for node in selections:
            if isinstance(node, InlineFragmentNode):
                total += of(node.selection_set.selections)
            elif isinstance(node, FieldNode) and node.selection_set is not None:
                total += of_field(node)
        return total

    def of_field(node: FieldNode) -> int:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        assert node.selection_set is not None
        children = of(node.selection_set.selections)
        if node.name.value in ("pageInfo", "nodes") and "ids" not in given:
            return children if node.name.value == "nodes" else 0
        if "first" in given:
            return 2 + number(given["first"]) * (1 + children)
        if "ids" in given:
            return len(variables["ids"]) * (1 + children)
        return 1 + children

    def number(value: Any) -> int:
        return int(value.value) if hasattr(value, "value") else int(variables[value.name.value])

    return of(operation.selection_set.selections) + (10 if operation.operation.value == "mutation" else 0)


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
