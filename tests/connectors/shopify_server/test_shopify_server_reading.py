"""The fake of Shopify does what Shopify's documentation says of reading; asked here without any connector.

CODES: https://shopify.dev/docs/api/usage/response-codes
VERSIONS: https://shopify.dev/docs/api/usage/versioning
COST: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits and, of what is given back,
    https://help.shopify.com/en/api/graphql-admin-api/graphql-admin-api-rate-limits
SCOPES: https://shopify.dev/docs/api/usage/access-scopes
PAGES: https://shopify.dev/docs/api/usage/pagination-graphql
LOCATIONS: https://shopify.dev/docs/api/admin-graphql/latest/queries/locations
ORDERS: https://shopify.dev/docs/api/admin-graphql/latest/objects/Order and .../objects/LineItem
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.servers.shopify.requests import VERSION, ask, codes, put, row, send
from tests.support.servers.shopify.server import Bucket, ShopifyServer, shopify_server

VARIANTS = """query Variants($first: Int, $after: String) { productVariants(first: $first, after: $after) {
  nodes { id sku inventoryItem { id } } pageInfo { hasNextPage endCursor } } }"""
ORDERS = """query Orders($query: String, $after: String, $first: Int = 2) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id name updatedAt cancelledAt lineItems(first: 5) { nodes { quantity currentQuantity variant { sku } } } }
    pageInfo { hasNextPage endCursor } } }"""
COST = 2 + 10 * 2
"""Of ten variants with their items."""


@pytest.fixture
def server() -> Iterator[ShopifyServer]:
    """Five variants."""
    with shopify_server(products=5) as made:
        yield made


def skus(page: Any) -> list[str]:
    return [node["sku"] for node in page["nodes"]]


class TestRequests:
    @pytest.mark.parametrize("token", ["", "shpat_of_somebody_else"])
    def test_a_wrong_token_is_401_with_a_text(self, server: ShopifyServer, token: str) -> None:
        """CODES; the body: https://github.com/gatsbyjs/gatsby-starter-shopify/issues/65"""
        got = send(server, f"/admin/api/{VERSION}/graphql.json", b"{}", **{"X-Shopify-Access-Token": token})
        assert got.status == 401 and isinstance(got.body["errors"], str)

    def test_another_content_type_is_400(self, server: ShopifyServer) -> None:
        """CODES ("the Content-Type header wasn't correctly set to application/json")."""
        got = send(server, f"/admin/api/{VERSION}/graphql.json", b"query=x", **{"Content-Type": "text/plain"})
        assert got.status == 400 and server.violations

    def test_another_address_is_404(self, server: ShopifyServer) -> None:
        """CODES."""
        assert send(server, "/admin/api/graphiql", b"{}").status == 404

    def test_a_shop_behind_a_status_answers_nothing(self, server: ShopifyServer) -> None:
        """CODES: 402 frozen, 403 forbidden, 423 locked, 430 security, 5xx; such an answer has no data."""
        for status in (402, 403, 423, 430, 500, 503):
            server.status = status
            got = ask(server, "{ shop { name } }")
            assert got.status == status and "data" not in got.body
        server.status = 200
        assert ask(server, "{ shop { name } }").data == {"shop": {"name": "Fake"}}

    def test_a_mutation_behind_a_status_is_not_done(self, server: ShopifyServer) -> None:
        """CODES."""
        one = next(iter(server.shop.items))
        server.status = 503
        with pytest.raises(AssertionError):
            put(server, "a", row(server, one, 1))
        assert server.shop.shown()[one] == 5 and server.keys == {}


class TestVersions:
    @pytest.mark.parametrize("version", ["2026-04", "2026-07", "2026-10"])
    def test_the_answer_says_its_version(self, server: ShopifyServer, version: str) -> None:
        """VERSIONS."""
        got = ask(server, "{ shop { name } }", version)
        assert got.headers["X-Shopify-API-Version"] == version

    def test_a_retired_one_falls_forward_to_the_oldest(self, server: ShopifyServer) -> None:
        """VERSIONS: no error, another schema: what is gone is refused by its types."""
        got = ask(server, "{ shop { name } }", "2025-10")
        assert got.status == 200 and got.headers["X-Shopify-API-Version"] == "2026-04"
        text = """mutation { inventorySetQuantities(input: {name: "available", reason: "other",
            ignoreCompareQuantity: true, quantities: []}) { userErrors { code } } }"""
        assert "ignoreCompareQuantity" in ask(server, text, "2025-10").body["errors"][0]["message"]


class TestCost:
    def test_is_asked_for_before_and_given_back_after(self, server: ShopifyServer) -> None:
        """COST: by the size of the page before, by what was returned after."""
        server.bucket = Bucket(most=1000, per_second=0, left=1000)
        cost = ask(server, VARIANTS, first=10).body["extensions"]["cost"]
        assert cost["requestedQueryCost"] == COST and cost["actualQueryCost"] == 2 + 5 * 2
        status = cost["throttleStatus"]
        assert (status["maximumAvailable"], status["currentlyAvailable"], status["restoreRate"]) == (1000, 988, 0)

    def test_a_mutation_is_ten(self, server: ShopifyServer) -> None:
        """COST; https://github.com/Shopify/function-examples/issues/164"""
        text = 'mutation { inventoryItemUpdate(id: "gid://shopify/InventoryItem/1", input: {}) { userErrors { message } } }'
        assert ask(server, text.replace("{}", "{tracked: true}")).body["extensions"]["cost"]["requestedQueryCost"] == 10

    def test_scalars_are_nothing_and_an_object_is_one(self, server: ShopifyServer) -> None:
        """COST."""
        assert ask(server, "{ shop { id name myshopifyDomain } }").body["extensions"]["cost"]["actualQueryCost"] == 1

    def test_more_than_a_thousand_is_refused_whatever_is_left(self, server: ShopifyServer) -> None:
        """COST: "enforced before query execution"; the form: https://gist.github.com/lacom/56e3834834e250270062583f425274b9"""
        text = (
            "{ productVariants(first: 250) { nodes { inventoryItem { inventoryLevels(first: 3) { nodes { id } } } } } }"
        )
        got = ask(server, text)
        assert got.status == 200 and got.code == "MAX_COST_EXCEEDED" and "data" not in got.body
        extensions = got.body["errors"][0]["extensions"]
        assert extensions["maxCost"] == 1000 and extensions["cost"] > 1000

    def test_an_empty_bucket_is_throttled_with_200_and_nothing_is_done(self, server: ShopifyServer) -> None:
        """COST; the form: https://gist.github.com/lacom/56e3834834e250270062583f425274b9"""
        server.bucket = Bucket(most=1000, per_second=0, left=COST - 1)
        got = ask(server, VARIANTS, first=10)
        assert got.status == 200 and got.code == "THROTTLED" and "data" not in got.body
        cost = got.body["extensions"]["cost"]
        assert cost["requestedQueryCost"] == COST and cost["actualQueryCost"] is None
        assert cost["throttleStatus"]["currentlyAvailable"] == COST - 1

    def test_the_bucket_fills_by_its_rate_and_not_over(self, server: ShopifyServer) -> None:
        """COST: "your quota refills continuously"."""
        server.bucket = Bucket(most=1000, per_second=100, left=0)
        server.bucket.at -= 0.5
        got = ask(server, VARIANTS, first=10)
        assert 38 <= got.body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 200
        server.bucket.at -= 3600
        assert (
            ask(server, VARIANTS, first=10).body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] <= 1000
        )


class TestScopes:
    @pytest.mark.parametrize(
        ("field", "text", "missing"),
        [
            ("productVariants", "{ productVariants(first: 1) { nodes { id } } }", "read_products"),
            ("orders", "{ orders(first: 1) { nodes { id } } }", "read_orders"),
        ],
    )
    def test_a_field_without_its_scope(self, server: ShopifyServer, field: str, text: str, missing: str) -> None:
        """SCOPES; the form: https://github.com/Shopify/function-examples/issues/164"""
        server.scopes = tuple(name for name in server.scopes if name != missing)
        got = ask(server, text)
        (error,) = got.body["errors"]
        assert got.status == 200 and error["extensions"]["code"] == "ACCESS_DENIED" and error["path"] == [field]
        assert missing in error["message"] and missing in error["extensions"]["requiredAccess"]

    def test_writing_needs_its_own_scope_and_reading_comes_with_it(self, server: ShopifyServer) -> None:
        """SCOPES."""
        server.scopes = ("write_products", "read_inventory")
        assert skus(ask(server, VARIANTS, first=1).data["productVariants"]) == ["SKU-0"]
        one = next(iter(server.shop.items))
        with pytest.raises(AssertionError, match="ACCESS_DENIED"):
            put(server, "a", row(server, one, 1))
        assert server.shop.shown()[one] == 5

    def test_an_app_may_ask_for_what_it_was_granted(self, server: ShopifyServer) -> None:
        """https://shopify.dev/docs/api/admin-graphql/latest/queries/currentAppInstallation"""
        server.scopes = ("read_products",)
        found = ask(server, "{ currentAppInstallation { accessScopes { handle } } }").data
        assert found["currentAppInstallation"]["accessScopes"] == [{"handle": "read_products"}]


class TestPages:
    def read(self, server: ShopifyServer, after: str | None = None) -> Any:
        return ask(server, VARIANTS, first=2, after=after).data["productVariants"]

    def test_go_on_after_a_cursor_until_there_is_none(self, server: ShopifyServer) -> None:
        """PAGES."""
        seen, after = [], None
        for _ in range(3):
            page = self.read(server, after)
            seen += skus(page)
            after = page["pageInfo"]["endCursor"]
        assert seen == [f"SKU-{number}" for number in range(5)] and page["pageInfo"]["hasNextPage"] is False

    def test_a_deleted_record_hides_no_other_and_a_new_one_comes_last(self, server: ShopifyServer) -> None:
        """PAGES: a cursor is a place in the order, by id where nothing else is asked for."""
        page = self.read(server)
        for ref in [*server.shop.items][:2]:
            server.remove(ref)
        server.add("NEW", 1)
        second = self.read(server, page["pageInfo"]["endCursor"])
        assert skus(second) == ["SKU-2", "SKU-3"]
        assert skus(self.read(server, second["pageInfo"]["endCursor"])) == ["SKU-4", "NEW"]

    @pytest.mark.parametrize("first", [0, 251, None])
    def test_of_no_size_or_above_250_are_refused(self, server: ShopifyServer, first: int | None) -> None:
        """PAGES: "a maximum of 250 resources"."""
        got = ask(server, VARIANTS, first=first)
        assert got.body["errors"] and not got.body.get("data")

    def test_a_cursor_that_is_none_is_refused(self, server: ShopifyServer) -> None:
        """PAGES: cursors are opaque; a number is none."""
        assert "cursor" in ask(server, VARIANTS, first=2, after="1003").body["errors"][0]["message"]

    def test_an_empty_shop_has_an_empty_page(self, server: ShopifyServer) -> None:
        """PAGES."""
        server.shop.items.clear()
        page = self.read(server)
        assert page == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}

    def test_ids_that_are_gone_are_null_in_their_places(self, server: ShopifyServer) -> None:
        """https://shopify.dev/docs/api/admin-graphql/latest/queries/nodes"""
        one, two, *_ = server.shop.items
        server.remove(one)
        assert ask(server, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[one, two]).data == {
            "nodes": [None, {"id": two}]
        }
        assert server.add("NEW", 1) not in (one, two)

    @pytest.mark.parametrize(("limit", "count"), [("", 5), ("(limit: 3)", 3), ("(limit: null)", 5)])
    def test_a_count_has_a_limit(self, server: ShopifyServer, limit: str, count: int) -> None:
        """https://shopify.dev/docs/api/admin-graphql/latest/queries/productVariantsCount"""
        found = ask(server, f"{{ productVariantsCount{limit} {{ count precision }} }}").data["productVariantsCount"]
        assert found == {"count": count, "precision": "EXACT" if count == 5 else "AT_LEAST"}


class TestLocations:
    def names(self, server: ShopifyServer, given: str = "") -> list[str]:
        found = ask(server, f"{{ locations(first: 9{given}) {{ nodes {{ name isActive }} }} }}").data["locations"]
        return [node["name"] for node in found["nodes"]]

    def test_only_those_that_can_hold_stock_are_shown(self, server: ShopifyServer) -> None:
        """LOCATIONS: active ones by default, those of a fulfillment service where they are asked for; by name."""
        server.shop.closed.add(server.shop.add_location("Closed"))
        server.shop.add_location("Annex")
        server.shop.services["gid://shopify/Location/9"] = "Service"
        assert self.names(server) == ["Annex", "Main"]
        assert self.names(server, ", includeInactive: true") == ["Annex", "Closed", "Main"]
        assert self.names(server, ", includeLegacy: true") == ["Annex", "Main", "Service"]
        assert self.names(server, ", sortKey: ID") == ["Main", "Annex"]


class TestOrders:
    def read(self, server: ShopifyServer, **given: Any) -> Any:
        return ask(server, ORDERS, **given).data["orders"]

    def test_an_edited_order_says_both_numbers_and_when(self, server: ShopifyServer) -> None:
        """ORDERS: quantity with removed units, currentQuantity without."""
        one = next(iter(server.shop.items))
        order = server.shop.order({one: 3})
        before = self.read(server)["nodes"][0]["updatedAt"]
        server.shop.edit(order, one, -2)
        (found,) = self.read(server)["nodes"]
        assert found["lineItems"]["nodes"] == [{"quantity": 3, "currentQuantity": 1, "variant": {"sku": "SKU-0"}}]
        assert found["updatedAt"] > before and server.shop.shown()[one] == 4

    def test_are_found_by_when_they_changed(self, server: ShopifyServer) -> None:
        """https://shopify.dev/docs/api/usage/search-syntax; moments are compared, not texts."""
        one = next(iter(server.shop.items))
        old, new = server.shop.order({one: 1}), server.shop.order({one: 1})
        old.updated_at, new.updated_at = "2026-11-20T12:00:00Z", "2026-11-20T12:00:00.500000+00:00"
        for since, found in (("2026-11-20T12:00:00Z", 2), ("2026-11-20T13:00:00.1+01:00", 1), ("2026-11-21", 0)):
            assert len(self.read(server, query=f"updated_at:>='{since}'")["nodes"]) == found

    def test_one_that_changes_meanwhile_comes_again_at_the_end(self, server: ShopifyServer) -> None:
        """PAGES: by the key that is asked for."""
        one = next(iter(server.shop.items))
        first, *_ = orders = [server.shop.order({one: 1}) for _ in range(4)]
        for number, order in enumerate(orders):
            order.updated_at = f"2026-11-20T12:00:0{number}Z"
        page = self.read(server)
        server.shop.cancel(first)
        rest = self.read(server, after=page["pageInfo"]["endCursor"], first=9)["nodes"]
        assert [order["id"] for order in rest] == [orders[2].ref, orders[3].ref, first.ref]
        assert rest[-1]["cancelledAt"] is not None

    def test_old_ones_need_a_scope_of_their_own(self, server: ShopifyServer) -> None:
        """ORDERS: "Only the last 60 days' worth of orders"."""
        one = next(iter(server.shop.items))
        order = server.shop.order({one: 1})
        order.created_at = (datetime.now(UTC) - timedelta(days=61)).isoformat()
        single = "query($id: ID!) { order(id: $id) { id } }"
        assert self.read(server)["nodes"] == [] and ask(server, single, id=order.ref).data == {"order": None}
        server.scopes += ("read_all_orders",)
        assert len(self.read(server)["nodes"]) == 1 and ask(server, single, id=order.ref).data["order"] is not None

    def test_a_line_of_a_deleted_variant_has_none(self, server: ShopifyServer) -> None:
        """ORDERS: variant is nullable."""
        one = next(iter(server.shop.items))
        server.shop.order({one: 1})
        server.remove(one)
        assert self.read(server)["nodes"][0]["lineItems"]["nodes"][0]["variant"] is None


def test_a_violation_is_kept_and_a_right_request_is_none(server: ShopifyServer) -> None:
    """The types of the official schema refuse what is not in them."""
    assert ask(server, VARIANTS, first=2).status == 200 and server.violations == []
    got = ask(server, "{ productVariants(first: 1) { nodes { stock } } }")
    assert "stock" in got.body["errors"][0]["message"] and len(server.violations) == 1
    assert codes(put(server, "a", row(server, next(iter(server.shop.items)), 1))) == []
    assert json.dumps(server.shop.taken)
