"""A strict fake of a WooCommerce shop on loopback: `with woocommerce_server() as server: ...`.

Written from https://woocommerce.github.io/woocommerce-rest-api-docs/ and from what was seen on a real WooCommerce 7.9.0, not from
any client. What a client should not have sent is answered as the real one answers it, and kept in `server.violations`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from invsync_tui.connectors.base import Connection
from tests.support.servers.woocommerce import rules
from tests.support.servers.woocommerce.api import Api, Call, Found, Rights
from tests.support.servers.woocommerce.rules import WooError
from tests.support.servers.woocommerce.shop import Item, Order, Shop

KEY = "ck_" + "0123456789abcdef" * 2 + "01234567"
SECRET = "cs_" + "fedcba9876543210" * 2 + "fedcba98"
VARIABLE = "INVSYNC_WOOCOMMERCE_SECRET"
NOTICE = (
    "<br />\n<b>Notice</b>:  Undefined index: width in <b>/var/www/html/wp-content/plugins/x/x.php</b> on line "
    "<b>12</b><br />\n"
)
FIREWALL = (
    "<!DOCTYPE html><html><head><title>Attention Required!</title></head>"
    "<body><h1>Sorry, you have been blocked</h1></body></html>"
)
NOT_FOUND = "<!DOCTYPE html><html><head><title>Page not found &#8211; Shop</title></head><body></body></html>"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came. `key_in`: "header", "query" or "" where it carried none."""

    method: str
    target: str
    route: str
    query: Mapping[str, Any]
    body: Any
    key_in: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class WooServer:
    """The control of a running fake, and a `kit.CartServer`. Set a field and the next request meets it."""

    url: str = ""
    shop: Shop = field(default_factory=Shop)
    api: Api = field(init=False)
    folder: str = ""
    """Where WordPress lies below the host, as "/shop"."""
    key: str = KEY
    secret: str = SECRET
    permissions: str = "read_write"
    """Of the key: read, write or read_write."""
    user: Rights = field(default_factory=Rights)
    """Of the WordPress user behind the key."""
    https: str = "yes"
    """Whether WordPress thinks that a request came by https: yes, no, or forwarded (if X-Forwarded-Proto says so).
    Where it does not, keys are not looked at. Over TLS of its own it always does."""
    drops_authorization: bool = False
    """The web server does not hand the Authorization header on to PHP."""
    firewall: int | None = None
    """A status with which something in front of the shop answers in HTML."""
    firewall_spares_reading: bool = False
    redirect_to: str = ""
    """A base address to which everything is sent by 301."""
    broken: bool = False
    """Every request ends in a PHP error: 500 in JSON."""
    active: bool = True
    """False: WordPress is there, WooCommerce is not activated."""
    notice: str = ""
    """Printed before the JSON, as `NOTICE`."""
    delay: float = 0.0
    """Seconds before each answer, after the request has taken effect."""
    lose_requests: int = 0
    """So many requests from now on end without an answer before they take effect."""
    lose_answers: int = 0
    """So many writes from now on take effect and end without an answer."""
    requests: list[Seen] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _turn: threading.RLock = field(default_factory=threading.RLock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.api = Api(self.shop)

    # --- kit.CartServer ----------------------------------------------------------------------------------------------

    def connection(self, url: str = "") -> Connection:
        return Connection("WooCommerce", "woocommerce", url or self.url, login=self.key, secret=f"env:{VARIABLE}")

    def secrets(self) -> tuple[str, ...]:
        basic = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        return (self.secret, basic)

    def shown(self) -> Mapping[str, int | None]:
        with self._turn:
            items = [item for item in self.shop.items.values() if item.kind != "variable" and item.status != "trash"]
            return {ref_of(item): self.shop.quantity(item) for item in items}

    def add(self, sku: str, quantity: int) -> str:
        """A simple product with managed stock. The SKU is taken as it is, also a blank or doubled one."""
        return self.add_product(sku, quantity)

    def remove(self, listing: str) -> None:
        with self._turn:
            item = self.item(listing)
            for gone in (item, *self.shop.children(item.id)):
                del self.shop.items[gone.id]

    def set(self, listing: str, quantity: int) -> None:
        """Somebody's edit in the administration; it moves `date_modified`."""
        with self._turn:
            self.shop.write(self.item(listing), {"manage_stock": True, "stock_quantity": quantity})

    def ail(self, fix: str) -> str:
        """A product whose stock is not managed."""
        return self.add_product(f"AILING-{fix}", None)

    # --- more of the state -------------------------------------------------------------------------------------------

    def item(self, ref: str) -> Item:
        """A product (also a variable one) by "PRODUCT", a variation by "PRODUCT/VARIATION"."""
        return self.shop.items[int(ref.rpartition("/")[2])]

    def add_product(self, sku: str, quantity: int | None, **more: Any) -> str:
        """A product; `kind`, `status`, `backorders`, `name` and other fields of an `Item` by name. Returns its reference."""
        with self._turn:
            return ref_of(self.shop.put(sku, quantity, **more))

    def add_variation(self, parent: str, sku: str, quantity: int | None, **more: Any) -> str:
        """A variation of a variable product; quantity None: its parent's stock, or unmanaged."""
        with self._turn:
            return ref_of(self.shop.put(sku, quantity, kind="variation", parent=int(parent), **more))

    def raw(self, listing: str, **fields: Any) -> None:
        """Let it answer with these values in these fields, whatever they are."""
        with self._turn:
            self.item(listing).odd.update(fields)

    def sell(self, listing: str, quantity: int = 1, status: str = "processing") -> Order:
        """An order with one line: it takes the stock and leaves the product's `date_modified`."""
        with self._turn:
            return self.shop.sell([(self.item(listing).id, quantity)], status)

    def turn(self, order: Order, status: str) -> None:
        """Give an order another status, with what that does to the stock."""
        with self._turn:
            self.shop.turn(order, status)

    def advance(self, seconds: float) -> None:
        """Let the server's clock be so much later."""
        self.shop.shift += timedelta(seconds=seconds)

    def writes(self) -> list[Seen]:
        """The requests so far that were no GET."""
        return [seen for seen in self.requests if seen.method != "GET"]

    # --- answering ---------------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, tls: bool) -> Reply | None:
        """The answer; None: the connection is cut."""
        with self._turn:
            reply = self._answer(method, target, headers, body, tls=tls)
        if self.delay:
            self._stopped.wait(self.delay)
        return reply

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, tls: bool) -> Reply | None:
        parts = urlsplit(target)
        query = rules.read_query(parts.query)
        route = self._route(parts.path, query)
        basic = _basic(headers.get("authorization", ""))
        in_query = "consumer_key" in query or "consumer_secret" in query
        key_in = "header" if basic else "query" if in_query else ""
        self.requests.append(Seen(method, target, route or parts.path, query, _json(body), key_in))
        if self.lose_requests:
            self.lose_requests -= 1
            return None
        writing = method not in ("GET", "HEAD", "OPTIONS")
        if in_front := self._in_front(target, writing=writing):
            return in_front
        if route is None:
            return Reply(404, NOT_FOUND.encode(), {"Content-Type": "text/html; charset=UTF-8"})
        if self.broken:
            message = "<p>There has been a critical error on this website.</p>"
            return self._reply(500, {"code": "internal_server_error", "message": message, "data": {"status": 500}}, {})
        secure = tls or {"yes": True, "no": False}.get(self.https, headers.get("x-forwarded-proto", "") == "https")
        try:
            rights = self._rights(basic, query, secure=secure, writing=writing, route=route)
            given = self._body(body, headers) if writing else None
            answer = self._found(method, route, query, given, rights)
            reply = self._reply(200, answer.value, answer.headers)
        except WooError as error:
            reply = self._reply(error.status, error.body(), {})
        if writing and reply.status == 200 and self.lose_answers:
            self.lose_answers -= 1
            return None
        return reply

    def _in_front(self, target: str, *, writing: bool) -> Reply | None:
        """What answers before WordPress sees anything."""
        if self.firewall and (writing or not self.firewall_spares_reading):
            return Reply(self.firewall, FIREWALL.encode(), {"Content-Type": "text/html; charset=UTF-8"})
        if self.redirect_to:
            place = {"Location": self.redirect_to.rstrip("/") + target, "Content-Type": "text/html; charset=UTF-8"}
            return Reply(301, b"<html><body>Moved Permanently</body></html>", place)
        return None

    def _route(self, path: str, query: Mapping[str, Any]) -> str | None:
        """The route in WordPress's REST API; None where the address is none of it."""
        if not (path == self.folder or path.startswith(f"{self.folder}/")):
            return None
        below = path.removeprefix(self.folder)
        if below in ("", "/", "/index.php") and isinstance(query.get("rest_route"), str):
            return str(query["rest_route"])
        if self.api.plain_permalinks or not (below == "/wp-json" or below.startswith("/wp-json/")):
            return None
        return below.removeprefix("/wp-json") or "/"

    def _rights(
        self, basic: tuple[str, str] | None, query: Mapping[str, Any], *, secure: bool, writing: bool, route: str
    ) -> Rights:
        """Whose request it is. Over http, with an unknown key or without any it is nobody's, and WordPress goes on."""
        given = None if self.drops_authorization else basic
        if query.get("consumer_key") and query.get("consumer_secret"):
            given = (str(query["consumer_key"]), str(query["consumer_secret"]))
        if any(name.startswith("oauth_") for name in query):
            self.violations.append("OAuth 1.0a is not modelled by this fake")
        if not route.startswith("/wc/") or not secure or given is None or given[0] != self.key:
            return Rights(known=False)
        if given[1] != self.secret:
            raise WooError(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")
        if ("write" if writing else "read") not in self.permissions:
            message = f"The API key provided does not have {'write' if writing else 'read'} permissions."
            raise WooError(401, "woocommerce_rest_authentication_error", message)
        return self.user

    def _body(self, body: bytes, headers: Mapping[str, str]) -> Any:
        """A body is read only where its type says JSON; one that is no JSON is refused."""
        if not headers.get("content-type", "").lower().startswith("application/json"):
            self.violations.append("a body whose Content-Type is not application/json is not read as JSON")
            return None
        try:
            return json.loads(body)
        except ValueError:
            self.violations.append("the body is not JSON")
            raise WooError(400, "rest_invalid_json", "Invalid JSON body passed.") from None

    def _found(self, method: str, route: str, query: Mapping[str, Any], given: Any, rights: Rights) -> Found:
        if route == "/" and method == "GET":
            return self._root()
        if not self.active and route.startswith("/wc/"):
            raise rules.no_route()
        raw = {name: value for name, value in query.items() if name != "rest_route"}
        named = {name: value for name, value in raw.items() if name not in ("consumer_key", "consumer_secret")}

        def note(sentence: str) -> None:
            self.violations.append(f"{method} {route}: {sentence}")

        return self.api.answer(Call(method, route, named, raw, given, note), rights)

    def _root(self) -> Found:
        """The index of WordPress, open to everybody."""
        hours = self.shop.offset / timedelta(hours=1)
        namespaces = ["oembed/1.0", *(["wc/v1", "wc/v2", "wc/v3"] if self.active else []), "wp/v2"]
        index = {
            "name": "Shop", "description": "", "url": self.shop.site, "home": self.shop.site, "gmt_offset": hours,
            "timezone_string": "", "namespaces": namespaces, "authentication": [], "routes": {},
        }  # fmt: skip
        return Found(index, {})

    def _reply(self, status: int, value: Any, headers: Mapping[str, str]) -> Reply:
        usual = {"Content-Type": "application/json; charset=UTF-8", "X-Robots-Tag": "noindex", "Allow": "GET"}
        return Reply(status, (self.notice + json.dumps(value)).encode(), {**usual, **headers})


def ref_of(item: Item) -> str:
    """The reference of a listing: "PRODUCT", or "PRODUCT/VARIATION"."""
    return f"{item.parent}/{item.id}" if item.kind == "variation" else str(item.id)


def _basic(header: str) -> tuple[str, str] | None:
    """User and password of a Basic header."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body


class _Http(ThreadingHTTPServer):
    """Keeps its connections, to cut them at the end."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, woo: WooServer, tls: ssl.SSLContext | None) -> None:
        self.woo, self.tls = woo, tls
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is its own affair; a fault of this fake is told."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.woo.violations.append(f"the fake failed: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.server.woo.answer(self.command, self.path, headers, body, tls=self.server.tls is not None)
        except Exception:
            self.close_connection = True
            raise
        if reply is None:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        usual = {"Date": self.date_time_string(), "Content-Length": str(len(reply.body))}
        for name, value in {**usual, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815 (names of http.server)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the requests are kept."""


@contextmanager
def woocommerce_server(
    *, products: int = 12, folder: str = "", tls: ssl.SSLContext | None = None
) -> Iterator[WooServer]:
    """A shop of simple products with managed stock, on a free loopback port; it is gone when the block ends."""
    woo = WooServer(folder=folder)
    server = _Http(woo, tls)
    woo.url = woo.shop.site = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}{folder}"
    for number in range(products):
        woo.add(f"WOO-{number + 1:03d}", 10 + number)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = woo.secret
    try:
        yield woo
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
        woo._stopped.set()
        server.shutdown()
        server.server_close()
        for connection in list(server.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)
