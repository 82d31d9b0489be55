"""The fake of Shopify does what Shopify's documentation says of writing stock; asked here without any connector.

SETTING: https://shopify.dev/changelog/finalizing-compare-and-swap-redesign-for-inventory-set-quantities
KEYS: https://shopify.dev/docs/api/usage/implementing-idempotency
CODES: https://shopify.dev/docs/api/admin-graphql/2026-07/enums/InventorySetQuantitiesUserErrorCode
ACTIVATE: https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/inventoryActivate
PRESERVED: https://shopify.dev/changelog/inventoryactivate-now-preserves-available-quantity
LEGACY: https://shopify.dev/changelog/allow-item-activation-at-legacy-location
STATES: https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps
LIMITS: https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.servers.shopify.requests import SET, ask, codes, numbers, put, row
from tests.support.servers.shopify.server import ShopifyServer, shopify_server

ACTIVATE = """mutation Activate($item: ID!, $at: ID!, $available: Int, $legacy: Boolean, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $at, available: $available, stockAtLegacyLocation: $legacy)
    @idempotent(key: $key) { inventoryLevel { id isActive } userErrors { field message } } }"""


@pytest.fixture
def server() -> Iterator[ShopifyServer]:
    """Two items, of which 5 and 6 are available."""
    with shopify_server(products=2) as made:
        yield made


def items(server: ShopifyServer) -> list[str]:
    return list(server.shop.items)


def activate(server: ShopifyServer, key: str, item: str, at: str, **given: Any) -> Any:
    return ask(server, ACTIVATE, item=item, at=at, key=key, **given).data["inventoryActivate"]


class TestCompareAndSet:
    def test_sets_where_the_number_is_as_expected_or_null_opts_out(self, server: ShopifyServer) -> None:
        """SETTING."""
        one, two = items(server)
        done = put(server, "a", row(server, one, 12, 5), row(server, two, 0, None))
        assert done["userErrors"] == [] and server.shop.shown() == {one: 12, two: 0}
        changes = done["inventoryAdjustmentGroup"]["changes"]
        assert [change["quantityAfterChange"] for change in changes] == [12, 0] and server.violations == []

    def test_one_stale_row_lets_nothing_through(self, server: ShopifyServer) -> None:
        """SETTING; CODES."""
        one, two = items(server)
        refused = put(server, "a", row(server, one, 12, 5), row(server, two, 1, 99))
        (error,) = refused["userErrors"]
        assert error["code"] == "CHANGE_FROM_QUANTITY_STALE" and refused["inventoryAdjustmentGroup"] is None
        assert error["field"] == ["input", "quantities", "1", "changeFromQuantity"]
        assert server.shop.shown() == {one: 5, two: 6}

    def test_a_row_without_the_field_is_an_error_at_run_time(self, server: ShopifyServer) -> None:
        """SETTING ("will result in an error at runtime"); https://github.com/luke-selrai/openclaw-workshop-kit/issues/218"""
        one, _ = items(server)
        bare = row(server, one, 1)
        del bare["changeFromQuantity"]
        given = {"name": "available", "reason": "correction", "quantities": [bare]}
        got = ask(server, SET, input=given, key="a")
        assert got.status == 200 and got.code == "INVALID_FIELD_ARGUMENTS" and server.shop.shown()[one] == 5

    @pytest.mark.parametrize("version", ["2026-04", "2026-07", "2026-10"])
    @pytest.mark.parametrize("where", ["compareQuantity", "ignoreCompareQuantity"])
    def test_the_fields_before_are_gone(self, server: ShopifyServer, version: str, where: str) -> None:
        """SETTING ("will be removed in version 2026-04")."""
        one, _ = items(server)
        given: dict[str, Any] = {"name": "available", "reason": "correction"}
        given |= {"ignoreCompareQuantity": True} if where == "ignoreCompareQuantity" else {}
        more = {"compareQuantity": 5} if where == "compareQuantity" else {}
        got = ask(server, SET, version, input=given | {"quantities": [row(server, one, 1, **more)]}, key="a")
        assert where in got.body["errors"][0]["message"] and server.shop.shown()[one] == 5

    def test_on_hand_is_compared_with_what_is_on_hand(self, server: ShopifyServer) -> None:
        """STATES; CODES."""
        one, _ = items(server)
        server.shop.order({one: 2})
        assert codes(put(server, "a", row(server, one, 9, 3), name="on_hand")) == ["CHANGE_FROM_QUANTITY_STALE"]
        assert codes(put(server, "b", row(server, one, 9, 5), name="on_hand")) == []
        assert server.shop.shown()[one] == 7


class TestRefusedRows:
    """CODES: all of them in the answer, with the path of what is wrong, and nothing done."""

    @pytest.mark.parametrize(
        ("wrong", "code", "field"),
        [
            ({"inventoryItemId": "gid://shopify/InventoryItem/1"}, "INVALID_INVENTORY_ITEM", "inventoryItemId"),
            ({"locationId": "gid://shopify/Location/1"}, "INVALID_LOCATION", "locationId"),
            ({"quantity": -1}, "INVALID_QUANTITY_NEGATIVE", "quantity"),
            ({"quantity": 1_000_000_001}, "INVALID_QUANTITY_TOO_HIGH", "quantity"),
        ],
    )
    def test_by_row(self, server: ShopifyServer, wrong: dict[str, Any], code: str, field: str) -> None:
        one, two = items(server)
        refused = put(server, "a", row(server, one, 12), row(server, two, 1) | wrong)
        (error,) = refused["userErrors"]
        assert (error["code"], error["field"]) == (code, ["input", "quantities", "1", field])
        assert server.shop.shown() == {one: 5, two: 6}

    def test_the_highest_number_is_taken(self, server: ShopifyServer) -> None:
        one, _ = items(server)
        assert codes(put(server, "a", row(server, one, 1_000_000_000))) == []

    @pytest.mark.parametrize(
        ("wrong", "code"), [({"name": "committed"}, "INVALID_NAME"), ({"reason": "because"}, "INVALID_REASON")]
    )
    def test_by_input(self, server: ShopifyServer, wrong: dict[str, str], code: str) -> None:
        one, _ = items(server)
        assert codes(put(server, "a", row(server, one, 1), **wrong)) == [code] and server.shop.shown()[one] == 5

    def test_the_same_item_twice_at_a_location(self, server: ShopifyServer) -> None:
        one, _ = items(server)
        refused = put(server, "a", row(server, one, 1), row(server, one, 2))
        assert codes(refused) == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"] and server.shop.shown()[one] == 5

    def test_the_same_item_at_two_locations_is_fine(self, server: ShopifyServer) -> None:
        one, _ = items(server)
        there = server.shop.add_location("Other")
        server.shop.items[one].levels[there] = 3
        assert codes(put(server, "a", row(server, one, 1), row(server, one, 2, locationId=there))) == []
        assert server.shop.items[one].levels == {server.shop.main: 1, there: 2}

    def test_a_parent_of_a_bundle(self, server: ShopifyServer) -> None:
        bundle = server.shop.add("KIT", 4, bundle=True)
        assert codes(put(server, "a", row(server, bundle, 1))) == ["NON_MUTABLE_INVENTORY_ITEM"]

    def test_an_item_that_is_not_tracked_keeps_numbers(self, server: ShopifyServer) -> None:
        """CODES has none for it."""
        loose = server.shop.add("LOOSE", 4, tracked=False)
        assert codes(put(server, "a", row(server, loose, 1))) == [] and server.shop.shown()[loose] == 1

    def test_a_location_that_was_deactivated(self, server: ShopifyServer) -> None:
        """https://shopify.dev/docs/api/admin-graphql/latest/queries/locations ("can no longer stock inventory")"""
        one, _ = items(server)
        server.shop.closed.add(server.shop.main)
        assert codes(put(server, "a", row(server, one, 1))) == ["INVALID_LOCATION"] and numbers(server, one) is None

    def test_250_rows_and_no_more(self, server: ShopifyServer) -> None:
        """LIMITS: "Requests return an error if an input array exceeds 250 items." Ids are an array, too."""
        refs = [server.shop.add(f"MANY-{number}", 1) for number in range(251)]
        rows = [row(server, ref, 2) for ref in refs]
        given = {"name": "available", "reason": "correction", "quantities": rows}
        assert ask(server, SET, input=given, key="a").code == "MAX_INPUT_SIZE_EXCEEDED"
        assert (
            ask(server, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=refs).code == "MAX_INPUT_SIZE_EXCEEDED"
        )
        assert {server.shop.shown()[ref] for ref in refs} == {1}
        assert codes(put(server, "a", *rows[:250])) == []


class TestNotStocked:
    def test_is_refused_while_there_is_a_code_for_it(self, server: ShopifyServer) -> None:
        """CODES of 2026-07."""
        absent = server.shop.add("ABSENT", None)
        assert codes(put(server, "a", row(server, absent, 3))) == ["ITEM_NOT_STOCKED_AT_LOCATION"]

    def test_is_taken_and_stays_inactive_since(self, server: ShopifyServer) -> None:
        """The enum of 2026-10 has no such code, and a shop was seen to take the number for a location that is not
        connected: https://community.shopify.dev/t/changes-to-setting-inventory-levels-at-disconnected-locations/33834"""
        absent = server.shop.add("ABSENT", None)
        assert codes(put(server, "a", row(server, absent, 3), version="2026-10")) == []
        server.shop.stocks_anywhere = True
        assert codes(put(server, "b", row(server, absent, 4))) == []
        kept = numbers(server, absent, inactive=True)
        assert numbers(server, absent) is None and kept is not None
        assert (kept["available"], kept["active"]) == (4, False)


class TestKeys:
    def test_a_mutation_without_a_key_is_refused(self, server: ShopifyServer) -> None:
        """https://shopify.dev/changelog/making-idempotency-mandatory-for-inventory-adjustments-and-refund-mutations"""
        one, _ = items(server)
        given = {"name": "available", "reason": "correction", "quantities": [row(server, one, 1)]}
        text = SET.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
        got = ask(server, text, input=given)
        assert got.status == 200 and got.code == "BAD_REQUEST" and server.shop.shown()[one] == 5
        text = ACTIVATE.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
        assert ask(server, text, item=one, at=server.shop.main).code == "BAD_REQUEST"

    @pytest.mark.parametrize("blank", ["", "  "])
    def test_a_blank_key_is_refused(self, server: ShopifyServer, blank: str) -> None:
        """The schema of the directive: "cannot be an empty string or whitespace only"."""
        one, _ = items(server)
        given = {"name": "available", "reason": "correction", "quantities": [row(server, one, 1)]}
        assert ask(server, SET, input=given, key=blank).code == "BAD_REQUEST" and server.shop.shown()[one] == 5

    def test_a_key_may_be_written_into_the_document(self, server: ShopifyServer) -> None:
        """https://shopify.dev/docs/api/usage/idempotent-requests"""
        one, _ = items(server)
        given = {"name": "available", "reason": "correction", "quantities": [row(server, one, 1)]}
        text = SET.replace("$key)", '"4f5b6ebf")').replace(", $key: String!", "")
        assert ask(server, text, input=given).data["inventorySetQuantities"]["userErrors"] == []
        assert server.shop.shown()[one] == 1

    def test_a_repeated_request_is_done_once_and_answered_from_the_present(self, server: ShopifyServer) -> None:
        """KEYS: "constructed from current database state"."""
        one, _ = items(server)
        first = put(server, "a", row(server, one, 12, 5))
        server.set(one, 7)
        server.shop.items[one].tracked = False
        again = put(server, "a", row(server, one, 12, 5))
        assert again["userErrors"] == [] and server.shop.shown()[one] == 7
        assert again["inventoryAdjustmentGroup"]["id"] == first["inventoryAdjustmentGroup"]["id"]
        assert again["inventoryAdjustmentGroup"]["changes"][0]["item"]["tracked"] is False

    def test_a_key_with_other_parameters_is_refused(self, server: ShopifyServer) -> None:
        """KEYS; CODES."""
        one, two = items(server)
        put(server, "a", row(server, one, 12, 5))
        assert codes(put(server, "a", row(server, two, 1, 6))) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
        assert server.shop.shown() == {one: 12, two: 6}

    def test_a_key_that_failed_never_works_again(self, server: ShopifyServer) -> None:
        """CODES: "Retry with a new idempotency key."."""
        one, _ = items(server)
        stale = row(server, one, 12, 99)
        put(server, "a", stale)
        server.set(one, 99)
        assert codes(put(server, "a", stale)) == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]
        assert server.shop.shown()[one] == 99 and codes(put(server, "b", stale)) == []

    def test_a_key_that_is_in_progress(self, server: ShopifyServer) -> None:
        """KEYS; CODES: the same key is good later."""
        one, _ = items(server)
        server.busy.add("a")
        assert codes(put(server, "a", row(server, one, 12, 5))) == ["IDEMPOTENCY_CONCURRENT_REQUEST"]
        server.busy.clear()
        assert server.shop.shown()[one] == 5 and codes(put(server, "a", row(server, one, 12, 5))) == []

    def test_a_key_is_forgotten_after_a_day(self, server: ShopifyServer) -> None:
        """KEYS: "The retention window is 24 hours from the original request.", then it is another operation."""
        one, _ = items(server)
        put(server, "a", row(server, one, 12, 5))
        now = server.clock()
        server.clock = lambda: now + 23.9 * 3600
        assert codes(put(server, "a", row(server, one, 12, 5))) == []
        server.clock = lambda: now + 24.1 * 3600
        assert codes(put(server, "a", row(server, one, 12, 5))) == ["CHANGE_FROM_QUANTITY_STALE"]

    def test_an_activation_has_a_key_as_well(self, server: ShopifyServer) -> None:
        """ACTIVATE; its errors have no code."""
        absent = server.shop.add("ABSENT", None)
        assert activate(server, "a", absent, server.shop.main, available=3)["userErrors"] == []
        assert activate(server, "a", absent, server.shop.main, available=3)["userErrors"] == []
        (error,) = activate(server, "a", absent, server.shop.main, available=4)["userErrors"]
        assert "idempotency key" in error["message"] and server.shop.shown()[absent] == 3


class TestActivation:
    def test_starts_at_nothing_or_at_what_is_asked_for(self, server: ShopifyServer) -> None:
        """ACTIVATE."""
        for key, given, wanted in (("a", {}, 0), ("b", {"available": 3}, 3)):
            absent = server.shop.add("ABSENT", None)
            assert activate(server, key, absent, server.shop.main, **given)["inventoryLevel"]["isActive"] is True
            assert server.shop.shown()[absent] == wanted

    def test_has_again_what_it_had(self, server: ShopifyServer) -> None:
        """PRESERVED."""
        one, _ = items(server)
        server.shop.items[one].deactivate(server.shop.main)
        assert numbers(server, one) is None
        activate(server, "a", one, server.shop.main)
        assert server.shop.shown()[one] == 5

    def test_of_an_active_one_changes_no_number(self, server: ShopifyServer) -> None:
        """The text is quoted by public code that handles it; the documentation has none."""
        one, _ = items(server)
        assert activate(server, "a", one, server.shop.main)["userErrors"] == []
        (error,) = activate(server, "b", one, server.shop.main, available=1)["userErrors"]
        assert "already active" in error["message"] and server.shop.shown()[one] == 5

    def test_away_from_a_fulfillment_service_takes_it_away_there(self, server: ShopifyServer) -> None:
        """LEGACY."""
        service, absent = "gid://shopify/Location/9", server.shop.add("ABSENT", None)
        server.shop.services[service] = "Service"
        server.shop.items[absent].levels[service] = 8
        assert activate(server, "a", absent, server.shop.main)["userErrors"]
        found = server.shop.items[absent]
        assert found.active(service) and not found.active(server.shop.main)
        assert activate(server, "b", absent, server.shop.main, legacy=True)["userErrors"] == []
        assert found.active(server.shop.main) and not found.active(service)


class TestTracking:
    TRACK = """mutation Track($id: ID!, $tracked: Boolean) { inventoryItemUpdate(id: $id, input: {tracked: $tracked}) {
      inventoryItem { id tracked } userErrors { field message } } }"""

    def test_is_switched_and_keeps_the_numbers(self, server: ShopifyServer) -> None:
        """https://shopify.dev/docs/api/admin-graphql/latest/mutations/inventoryItemUpdate; it takes no key."""
        loose = server.shop.add("LOOSE", 4, tracked=False)
        done = ask(server, self.TRACK, id=loose, tracked=True).data["inventoryItemUpdate"]
        assert done["userErrors"] == [] and server.shop.items[loose].tracked and server.shop.shown()[loose] == 4

    def test_of_an_unknown_item_is_an_error(self, server: ShopifyServer) -> None:
        done = ask(server, self.TRACK, id="gid://shopify/InventoryItem/1", tracked=True).data["inventoryItemUpdate"]
        assert done["inventoryItem"] is None and done["userErrors"]


class TestStates:
    def test_an_order_moves_units_and_what_is_on_hand_stays(self, server: ShopifyServer) -> None:
        """STATES: available down and committed up; when it is fulfilled, committed down."""
        one, _ = items(server)
        order = server.shop.order({one: 2})
        held = {"available": 3, "on_hand": 5, "committed": 2, "safety_stock": 0, "active": True}
        assert numbers(server, one) == held
        server.shop.fulfill(order)
        assert numbers(server, one) == held | {"on_hand": 3, "committed": 0}

    def test_setting_what_is_available_leaves_what_is_committed_and_set_aside(self, server: ShopifyServer) -> None:
        """STATES: on_hand is the sum."""
        one, _ = items(server)
        server.shop.order({one: 2})
        server.shop.items[one].aside[server.shop.main, "safety_stock"] = 4
        put(server, "a", row(server, one, 10, 3))
        wanted = {"available": 10, "on_hand": 16, "committed": 2, "safety_stock": 4, "active": True}
        assert numbers(server, one) == wanted
        put(server, "b", row(server, one, 20, 16), name="on_hand")
        assert numbers(server, one) == wanted | {"available": 14, "on_hand": 20}

    def test_a_cancelled_order_gives_its_units_back(self, server: ShopifyServer) -> None:
        one, _ = items(server)
        server.shop.cancel(server.shop.order({one: 2}))
        found = numbers(server, one)
        assert found is not None and (found["available"], found["committed"], found["on_hand"]) == (5, 0, 5)
