"""The fake of Shopify runs bulk operations as Shopify's documentation says; asked here without any connector.

BULK: https://shopify.dev/docs/api/usage/bulk-operations/queries
OPERATION: https://shopify.dev/docs/api/admin-graphql/latest/objects/BulkOperation
LINES: https://github.com/Shopify/shopify-api-ruby/issues/729
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.servers.shopify.requests import ask
from tests.support.servers.shopify.server import ShopifyServer, shopify_server

RUN = """mutation Run($query: String!) { bulkOperationRunQuery(query: $query) {
  bulkOperation { id status } userErrors { code field message } } }"""
LOOK = """query Look($id: ID!) { bulkOperation(id: $id) {
  status errorCode objectCount rootObjectCount url partialDataUrl } }"""
FLAT = "{ productVariants { edges { node { id sku } } } }"
NESTED = """{ productVariants { edges { node { id inventoryItem { tracked inventoryLevels {
  edges { node { id quantities(names: ["available"]) { quantity } } } } } } } } }"""


@pytest.fixture
def server() -> Iterator[ShopifyServer]:
    """Three variants."""
    with shopify_server(products=3) as made:
        yield made


def run(server: ShopifyServer, query: str = FLAT) -> Any:
    return ask(server, RUN, query=query).data["bulkOperationRunQuery"]


def look(server: ShopifyServer, ref: str) -> Any:
    return ask(server, LOOK, id=ref).data["bulkOperation"]


def started(server: ShopifyServer, query: str = FLAT) -> str:
    done = run(server, query)
    assert done["userErrors"] == [] and done["bulkOperation"]["status"] == "CREATED"
    return str(done["bulkOperation"]["id"])


def lines(url: str) -> list[Any]:
    """The file, which is fetched without any login."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return [json.loads(line) for line in answer.read().splitlines()]


def test_runs_and_ends_with_a_file_of_lines(server: ShopifyServer) -> None:
    """OPERATION."""
    server.bulk.running = 1
    ref = started(server)
    assert look(server, ref) == {
        "status": "RUNNING", "errorCode": None, "objectCount": "0", "rootObjectCount": "0", "url": None,
        "partialDataUrl": None,
    }  # fmt: skip
    ended = look(server, ref)
    assert (ended["status"], ended["objectCount"], ended["rootObjectCount"]) == ("COMPLETED", "3", "3")
    assert [line["sku"] for line in lines(ended["url"])] == ["SKU-0", "SKU-1", "SKU-2"]


def test_reads_more_than_a_page(server: ShopifyServer) -> None:
    """BULK: "Instead of manually paginating results"; `first` has no meaning there."""
    for number in range(300):
        server.add(f"MORE-{number}", 1)
    ended = look(server, started(server, FLAT.replace("productVariants", "productVariants(first: 2)")))
    assert ended["objectCount"] == "303" and len(lines(ended["url"])) == 303


def test_what_is_nested_has_lines_of_its_own_after_its_parent(server: ShopifyServer) -> None:
    """LINES; OPERATION: rootObjectCount counts only those at the root."""
    ended = look(server, started(server, NESTED))
    assert (ended["objectCount"], ended["rootObjectCount"]) == ("6", "3")
    found = lines(ended["url"])
    for parent, child in zip(found[::2], found[1::2], strict=True):
        assert parent["inventoryItem"] == {"tracked": True} and "__parentId" not in parent
        assert child["__parentId"] == parent["id"] and child["quantities"][0]["quantity"] >= 5


def test_an_empty_result_has_no_address(server: ShopifyServer) -> None:
    """OPERATION: url is nullable; "Returns null when there's no data available"."""
    server.shop.items.clear()
    ended = look(server, started(server))
    assert ended["status"] == "COMPLETED" and ended["url"] is None and ended["objectCount"] == "0"


def test_one_that_fails_has_a_part_under_another_address(server: ShopifyServer) -> None:
    """OPERATION: partialDataUrl."""
    server.bulk.ends = "FAILED"
    ended = look(server, started(server))
    assert (ended["status"], ended["errorCode"], ended["url"]) == ("FAILED", "TIMEOUT", None)
    assert len(lines(ended["partialDataUrl"])) == 1
    server.shop.items.clear()
    assert look(server, started(server))["partialDataUrl"] is None


@pytest.mark.parametrize("state", ["CANCELED", "EXPIRED"])
def test_one_that_ends_otherwise_has_no_file(server: ShopifyServer, state: str) -> None:
    """https://shopify.dev/docs/api/admin-graphql/latest/enums/BulkOperationStatus"""
    server.bulk.ends = state
    ended = look(server, started(server))
    assert ended["status"] == state and ended["url"] is None and ended["partialDataUrl"] is None


def test_five_at_once_and_no_more(server: ShopifyServer) -> None:
    """BULK: since 2026-01; https://shopify.dev/docs/api/admin-graphql/latest/enums/BulkOperationUserErrorCode"""
    refs = [started(server) for _ in range(5)]
    refused = run(server)
    assert refused["bulkOperation"] is None and refused["userErrors"][0]["code"] == "LIMIT_REACHED"
    look(server, refs[0])
    assert started(server)


def test_without_the_scope_it_fails_later(server: ShopifyServer) -> None:
    """https://shopify.dev/docs/api/admin-graphql/latest/enums/BulkOperationErrorCode"""
    server.scopes = ("read_orders",)
    ended = look(server, started(server))
    assert (ended["status"], ended["errorCode"], ended["url"]) == ("FAILED", "ACCESS_DENIED", None)


@pytest.mark.parametrize(
    "query",
    [
        "{ shop { name } }",
        "query($first: Int) { productVariants(first: $first) { edges { node { id } } } }",
        "{ productVariants { edges { node { id } } } orders { edges { node { id } } } }",
        NESTED.replace("{ id inventoryItem", "{ inventoryItem"),
        """{ products { edges { node { id variants { edges { node { id inventoryItem { id inventoryLevels {
           edges { node { id } } } } } } } } } } }""",
        "{ productVariants { edges { node { stock } } } }",
    ],
    ids=["no connection", "variables", "two fields", "no id of the parent", "three levels", "not in the schema"],
)
def test_a_query_that_cannot_run_in_bulk_is_refused(server: ShopifyServer, query: str) -> None:
    """BULK: one field at the top, at least one connection and at most five, two levels."""
    refused = run(server, query)
    assert refused["bulkOperation"] is None and refused["userErrors"][0]["code"] == "INVALID" and server.violations


def test_an_unknown_operation_is_null(server: ShopifyServer) -> None:
    """https://shopify.dev/docs/api/admin-graphql/latest/queries/bulkOperation"""
    assert look(server, "gid://shopify/BulkOperation/99") is None
