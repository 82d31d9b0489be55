"""Small decisions of the connectors for which no server is needed: words for a lost answer, stages, types, defaults."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from invsync_tui.connectors.base import (
    CartCapabilities,
    CartLocation,
    DoubtPolicy,
    ListingRow,
    QuantityBasis,
    RowErrors,
    SourceCapabilities,
)
from invsync_tui.connectors.carts import vendure
from invsync_tui.connectors.carts.vendure import VendureCart
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.connectors.network import call_log
from invsync_tui.connectors.network.network_errors import Route, explain
from invsync_tui.connectors.sources import tryton
from invsync_tui.connectors.sources.tryton import TrytonSource
from tests.support.servers.graphql_stub import Answer, Asked, graphql_stub
from tests.support.servers.vendure.stub import LOGGED_IN, connection_to


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDURE_SECRET", "secret")


ROUTE = Route("https://cart.test/api")


@pytest.mark.parametrize(
    ("error", "what", "advice"),
    [
        (httpx.ConnectTimeout("x"), "no connection to cart.test:443 in time", "the network and the firewall"),
        (httpx.ReadTimeout("x"), "did not finish its answer within 7 s", "--deadline SECONDS"),
        (httpx.PoolTimeout("x"), "other requests took too long", "Nothing is lost"),
    ],
)
def test_the_kinds_of_a_timeout_are_told_apart(error: Exception, what: str, advice: str) -> None:
    found = explain(error, ROUTE, "shop", 7)
    assert isinstance(found, UnavailableError)
    assert what in found.what
    assert advice in found.advice


@pytest.mark.parametrize(("kind", "word"), [("ean", "EAN"), ("Upc", "UPC"), ("", "CUSTOM"), (None, "CUSTOM")])
def test_an_identifier_without_a_type_is_custom(kind: str | None, word: str) -> None:
    assert tryton.alias_type(kind) == word


@pytest.mark.parametrize(
    ("stage", "cursor", "then"),
    [
        ("moves", "17", "moves:17"),
        ("moves", None, "products:"),
        ("products", "4", "products:4"),
        ("products", None, None),
    ],
)
def test_a_delta_reads_all_pages_of_a_stage_before_the_next(stage: str, cursor: str | None, then: str | None) -> None:
    assert tryton._next_stage(stage, cursor) == then


def test_a_delta_of_vendure_looks_two_seconds_back_and_never_before_the_beginning() -> None:
    assert vendure.changed_after(60) == {"updatedAt": {"after": "1970-01-01T00:00:58+00:00"}}
    assert vendure.changed_after(1) == {"updatedAt": {"after": "1970-01-01T00:00:00+00:00"}}


def test_a_listing_of_which_nothing_more_is_known_withholds_nothing() -> None:
    row = ListingRow("1", "A")
    assert (row.allocated, row.elsewhere, row.elsewhere_allocated, row.threshold) == (0, None, 0, 0)
    assert (row.quantity, row.tracked, row.skip, row.updated_at) == (None, None, None, None)


CHANNELS = [
    {"code": "__default_channel__", "token": "token-0", "permissions": []},
    {"code": "west", "token": "token-1", "permissions": []},
]


@pytest.mark.parametrize(
    ("channels", "option", "token"),
    [(CHANNELS, "", "token-0"), (CHANNELS, "token-1", "token-1"), (CHANNELS, "token-2", None), (None, "", None)],
)
async def test_a_vendure_shop_is_known_by_the_token_of_its_channel(
    channels: object, option: str, token: str | None
) -> None:
    me = Answer({"data": {"me": {"identifier": "bot", "channels": channels}}})

    def answer(asked: Asked) -> Answer:
        return LOGGED_IN if asked.operation == "Login" else me

    with graphql_stub(answer) as stub:
        options = {"channel": option} if option else {}
        cart = VendureCart(connection_to(stub.url, **options))
        found = await cart.identity()
        await cart.close()
    digest = {"channel": hashlib.blake2b(token.encode(), digest_size=8).hexdigest()} if token else {}
    assert found == digest


async def test_a_closed_vendure_cart_leaves_no_connection_open_and_no_session_behind() -> None:
    me = Answer({"data": {"me": {"identifier": "bot", "channels": []}}})
    with graphql_stub(lambda asked: LOGGED_IN if asked.operation == "Login" else me) as stub:
        cart = VendureCart(connection_to(stub.url))
        await cart.identity()
        client = cart._api.http._client
        assert client is not None
        await cart.close()
        assert client.is_closed
        await cart.identity()
        await cart.close()
        assert stub.operations() == ["Login", "Me", "Login", "Me"]


async def test_vendure_is_asked_for_200_listings_in_a_request_and_for_the_rest_in_the_next() -> None:
    asked_for: list[tuple[int, int]] = []

    def answer(asked: Asked) -> Answer:
        if asked.operation == "Login":
            return LOGGED_IN
        options = json.loads(asked.body)["variables"]["options"]
        refs = options.get("filter", {}).get("id", {}).get("in", [])
        asked_for.append((options["take"], len(refs)))
        return Answer({"data": {"globalSettings": {}, "productVariants": {"items": [], "totalItems": 0}}})

    with graphql_stub(answer) as stub:
        cart = VendureCart(connection_to(stub.url))
        cart._locations.choose([CartLocation("1", "here")])
        assert (await cart.listings_page(None)).rows == []
        assert await cart.read([str(n) for n in range(401)]) == []
        await cart.close()
    assert asked_for == [(200, 0), (200, 200), (200, 200), (1, 1)]


def test_what_the_connectors_declare_that_they_can_do() -> None:
    # Only what is declared: runs are planned by these records alone. Batches of 50 were tried on a real Vendure.
    vendure = VendureCart(connection_to("http://127.0.0.1:9")).capabilities
    assert vendure == CartCapabilities(
        quantity_basis=QuantityBasis.ON_HAND, max_batch=50, row_errors=RowErrors.WHOLE_BATCH,
        doubt_policy=DoubtPolicy.READ_BACK, returns_quantity=True, delta_read=True, has_locations=True,
        reads_locations=True, stable_pages=True, page_size=200, read_batch=200,
    )  # fmt: skip
    tryton = TrytonSource(connection_to("http://127.0.0.1:9/wms")).capabilities
    assert tryton == SourceCapabilities(delta=True, page_size=1000)


def test_an_endless_system_is_stopped_at_the_answer_and_at_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "ANSWERS_MOST", 3)
    monkeypatch.setattr(call_log, "BYTES_MOST", 100)
    with call_log.one_call() as call:
        for _ in range(3):
            call_log.note_answer(10, "/items")
        assert (call.answers, call.size) == (3, 30)
        with pytest.raises(ContractError, match="4 answers of 40 bytes"):
            call_log.note_answer(10, "/items")
    with call_log.one_call():
        call_log.note_answer(100, "/items")
        with pytest.raises(ContractError, match="2 answers of 101 bytes"):
            call_log.note_answer(1, "/items")
