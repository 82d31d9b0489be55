"""The fake of WooCommerce does what the real one does where connectors go wrong; asked here without any connector."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.client import RemoteDisconnected
from typing import Any

import pytest

from invsync_tui.kit.servers import CartServer
from tests.support.servers.woocommerce.api import Rights
from tests.support.servers.woocommerce.server import KEY, NOTICE, SECRET, WooServer, woocommerce_server


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def value(self) -> Any:
        return json.loads(self.text)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


def ask(
    server: WooServer,
    path: str,
    method: str = "GET",
    body: Any = None,
    *,
    login: str = f"{KEY}:{SECRET}",
    base: str = "/wp-json/wc/v3/",
    **headers: str,
) -> Got:
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    usual = {"Content-Type": "application/json"} if data is not None else {}
    request = urllib.request.Request(server.url + base + path, data, {**usual, **headers}, method=method)
    try:
        with urllib.request.build_opener(NoRedirects).open(request, timeout=10) as answer:
            return Got(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Got(error.code, error.read().decode(), dict(error.headers))


def update(server: WooServer, *rows: dict[str, Any], parent: str = "") -> list[dict[str, Any]]:
    path = f"products/{parent}/variations/batch" if parent else "products/batch"
    got = ask(server, path, "POST", {"update": list(rows)})
    assert got.status == 200
    answers: list[dict[str, Any]] = got.value["update"]
    return answers


@pytest.fixture
def server() -> Iterator[WooServer]:
    with woocommerce_server() as server:
        yield server


@pytest.fixture
def first(server: WooServer) -> str:
    return next(iter(server.shown()))


def test_it_is_a_server_for_the_suite_of_connectors(server: WooServer) -> None:
    kit: CartServer = server
    ref = kit.add("NEW", 4)
    kit.set(ref, 6)
    assert kit.shown()[ref] == 6
    kit.remove(ref)
    assert ref not in kit.shown()
    assert kit.connection(kit.url).login == KEY and SECRET in kit.secrets()
    assert ask(server, f"products/{ref}").value["code"] == "woocommerce_rest_product_invalid_id"


def test_pages_say_totals_and_link_to_each_other(server: WooServer) -> None:
    got = ask(server, "products?per_page=5&page=2&orderby=id&order=asc")
    assert [row["sku"] for row in got.value] == [f"WOO-{number:03d}" for number in range(6, 11)]
    assert (got.headers["X-WP-Total"], got.headers["X-WP-TotalPages"]) == ("12", "3")
    assert "page=1" in got.headers["Link"] and 'page=3&orderby=id&order=asc>; rel="next"' in got.headers["Link"]
    assert ask(server, "products?per_page=5&page=9").value == []
    assert len(ask(server, "products").value) == 10
    assert not server.violations


def test_a_page_of_more_than_a_hundred_is_refused_and_noted(server: WooServer) -> None:
    got = ask(server, "products?per_page=101")
    assert (got.status, got.value["code"]) == (400, "rest_invalid_param")
    assert list(got.value["data"]["params"]) == ["per_page"] and got.value["data"]["status"] == 400
    assert len(server.violations) == 1


@pytest.mark.parametrize(
    "query", ["orderby=modified_date", "status=published", "modified_after=yesterday", "include=1,x", "type=bundle"]
)
def test_wrong_values_are_refused_and_noted(server: WooServer, query: str) -> None:
    assert ask(server, f"products?{query}").status == 400
    assert server.violations


def test_an_unknown_parameter_is_ignored_and_noted(server: WooServer) -> None:
    assert ask(server, "products?limit=3").status == 200
    assert server.violations == ["GET /wc/v3/products: parameter limit is unknown"]


def test_lists_are_filtered_by_sku_include_type_and_status(server: WooServer, first: str) -> None:
    parent = server.add_product("PARENT", None, kind="variable")
    child = server.add_variation(parent, "RED", 3)
    draft = server.add_product("DRAFT", 1, status="draft")
    server.add_product("GONE", 1, status="trash")
    server.add_product("SET", None, kind="bundle")
    found = ask(server, "products?sku=red,WOO-001&_fields=id,type,parent_id&orderby=id&order=asc").value
    assert [(row["type"], row["parent_id"]) for row in found] == [("simple", 0), ("variation", int(parent))]
    assert {row["sku"] for row in ask(server, f"products?include={first},{draft}&_fields=sku").value} == {
        "WOO-001",
        "DRAFT",
    }
    assert [row["sku"] for row in ask(server, "products?type=bundle").value] == ["SET"]
    assert [row["sku"] for row in ask(server, "products?status=draft").value] == ["DRAFT"]
    skus = {row["sku"] for row in ask(server, "products?per_page=100").value}
    assert not {"RED", "GONE"} & skus and {"PARENT", "DRAFT"} <= skus
    assert [row["id"] for row in ask(server, f"products/{parent}/variations").value] == [int(child.partition("/")[2])]
    assert not server.violations


def test_a_quantity_of_what_is_not_managed_is_lost_without_a_word(server: WooServer) -> None:
    ref = server.add_product("LOOSE", None)
    (answer,) = update(server, {"id": int(ref), "stock_quantity": 9})
    assert answer["stock_quantity"] is None and answer["manage_stock"] is False and "error" not in answer
    (answer,) = update(server, {"id": int(ref), "manage_stock": True})
    assert answer["manage_stock"] is True and server.shown()[ref] is None and not server.violations


def test_variations_share_their_parents_stock(server: WooServer) -> None:
    parent = server.add_product("PARENT", 7, kind="variable")
    shared, own = server.add_variation(parent, "A", None), server.add_variation(parent, "B", 2)
    rows = {row["sku"]: row for row in ask(server, f"products/{parent}/variations").value}
    assert (rows["A"]["manage_stock"], rows["A"]["stock_quantity"]) == ("parent", 7)
    assert (rows["B"]["manage_stock"], rows["B"]["stock_quantity"]) == (True, 2)
    (answer,) = update(server, {"id": int(shared.partition("/")[2]), "stock_quantity": 50}, parent=parent)
    assert answer["stock_quantity"] == 7
    server.sell(shared, 3)
    assert dict(server.shown())[shared] == 4 and dict(server.shown())[own] == 2


def test_a_batch_takes_anything_for_a_number_and_a_single_write_does_not(server: WooServer, first: str) -> None:
    wanted = {"abc": 0, None: 0, 2.7: 2, "5": 5, -4: -4}
    for sent, stored in wanted.items():
        (answer,) = update(server, {"id": int(first), "stock_quantity": sent})
        assert answer["stock_quantity"] == stored == server.shown()[first]
    assert len(server.violations) == 3
    got = ask(server, f"products/{first}", "PUT", {"stock_quantity": "abc"})
    assert (got.status, got.value["data"]["params"]) == (
        400,
        {"stock_quantity": "stock_quantity is not of type integer."},
    )


def test_the_status_follows_the_quantity(server: WooServer, first: str) -> None:
    back = server.add_product("BACK", 1, backorders="notify")
    statuses = [
        update(server, {"id": int(ref), "stock_quantity": quantity, "stock_status": "instock"})[0]["stock_status"]
        for ref, quantity in ((first, 0), (first, 3), (back, 0))
    ]
    assert statuses == ["outofstock", "instock", "onbackorder"]


def test_a_row_that_is_refused_costs_no_other(server: WooServer, first: str) -> None:
    parent = server.add_product("PARENT", None, kind="variable")
    child = int(server.add_variation(parent, "RED", 3).partition("/")[2])
    rows = update(server, *({"id": number, "stock_quantity": 8} for number in (99999, child, int(first))))
    assert [row.get("error", {}).get("code") for row in rows] == [
        "woocommerce_rest_product_invalid_id", "woocommerce_rest_invalid_product_id", None,
    ]  # fmt: skip
    assert server.shown()[first] == 8 and server.shown()[f"{parent}/{child}"] == 3


def test_more_than_a_hundred_rows_are_refused_whole(server: WooServer, first: str) -> None:
    got = ask(server, "products/batch", "POST", {"update": [{"id": int(first), "stock_quantity": 1}] * 101})
    assert (got.status, got.value["code"]) == (413, "woocommerce_rest_request_entity_too_large")
    assert server.shown()[first] == 10 and server.violations


def test_a_wrong_id_under_a_parent_is_accepted_and_does_damage(server: WooServer, first: str) -> None:
    parent = server.add_product("PARENT", None, kind="variable")
    (answer,) = update(server, {"id": int(first), "stock_quantity": 1}, parent=parent)
    assert answer["parent_id"] == int(parent) and server.violations


def test_a_doubled_sku_is_refused_on_write_and_survives_in_old_data(server: WooServer, first: str) -> None:
    doubled, blank = server.add("WOO-001", 1), server.add("", 1)
    assert {row["id"] for row in ask(server, "products?sku=woo-001").value} == {int(first), int(doubled)}
    assert ask(server, f"products/{blank}").value["sku"] == ""
    (row,) = update(server, {"id": int(blank), "sku": "Woo-002"})
    assert row["error"]["code"] == "product_invalid_sku" and row["error"]["data"]["resource_id"]
    assert "error" not in update(server, {"id": int(doubled), "stock_quantity": 5})[0]


def test_a_sale_does_not_move_the_date_and_a_write_without_a_change_does(server: WooServer, first: str) -> None:
    since = (server.shop.now() + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%S")
    changed = f"products?modified_after={since}&dates_are_gmt=true"
    server.advance(60)
    order = server.sell(first, 2)
    assert server.shown()[first] == 8 and ask(server, changed).value == []
    (sold,) = ask(server, f"orders?modified_after={since}&dates_are_gmt=true&status=processing,on-hold").value
    assert sold["id"] == order.id
    assert [(line["product_id"], line["variation_id"], line["quantity"]) for line in sold["line_items"]] == [
        (int(first), 0, 2)
    ]
    update(server, {"id": int(first), "stock_quantity": 8})
    assert [row["id"] for row in ask(server, changed).value] == [int(first)]
    server.turn(order, "cancelled")
    assert server.shown()[first] == 10 and not server.violations


def test_dates_are_the_shops_own_unless_asked_otherwise(server: WooServer, first: str) -> None:
    row = ask(server, f"products/{first}").value
    assert row["date_modified"] < row["date_modified_gmt"]
    day = row["date_modified_gmt"]
    server.advance(3600)
    server.set(first, 3)
    assert ask(server, f"products?modified_after={day}").value == []
    assert len(ask(server, f"products?modified_after={day}Z").value) == 1
    assert len(ask(server, f"products?modified_after={day}&dates_are_gmt=true").value) == 1
    server.api.ignores_dates_are_gmt = True
    assert ask(server, f"products?modified_after={day}&dates_are_gmt=true").value == []


def test_a_variation_may_be_answered_with_what_it_does_not_keep(server: WooServer) -> None:
    parent = server.add_product("PARENT", None, kind="variable")
    child = server.add_variation(parent, "RED", 3)
    server.api.forgets_variation_writes = True
    (answer,) = update(server, {"id": int(child.partition("/")[2]), "stock_quantity": 8}, parent=parent)
    assert answer["stock_quantity"] == 8 and server.shown()[child] == 3


def test_a_variation_without_a_sku_shows_its_parents(server: WooServer) -> None:
    parent = server.add_product("PARENT", None, kind="variable")
    server.add_variation(parent, "", 3)
    (row,) = ask(server, f"products/{parent}/variations").value
    assert (row["sku"], row["parent_id"]) == ("PARENT", int(parent))
    assert [row["type"] for row in ask(server, "products?sku=PARENT").value] == ["variable"]


def test_variations_below_a_wrong_product(server: WooServer, first: str) -> None:
    child = server.add_variation(server.add_product("PARENT", None, kind="variable"), "RED", 3).partition("/")[2]
    paths = ("products/99999/variations", f"products/{first}/variations/{child}")
    assert [ask(server, path).status for path in paths] == [404, 404]
    server.api.checks_parents = False
    found = [ask(server, path).value for path in paths]
    assert found[0] == [] and found[1]["sku"] == "RED"


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("", "woocommerce_rest_cannot_view"),
        ("ck_other:x", "woocommerce_rest_cannot_view"),
        (f"{KEY}:wrong", "woocommerce_rest_authentication_error"),
    ],
)
def test_logins_that_fail(server: WooServer, login: str, code: str) -> None:
    got = ask(server, "products", login=login)
    assert (got.status, got.value["code"]) == (401, code)


def test_keys_count_only_where_wordpress_thinks_it_is_https(server: WooServer) -> None:
    in_query = f"products?consumer_key={KEY}&consumer_secret={SECRET}"
    assert ask(server, in_query, login="").status == 200
    server.https = "forwarded"
    assert [ask(server, "products").status, ask(server, in_query, login="").status] == [401, 401]
    assert ask(server, "products", **{"X-Forwarded-Proto": "https"}).status == 200
    assert {seen.key_in for seen in server.requests} == {"query", "header"}


def test_a_web_server_that_drops_the_header_leaves_only_the_query(server: WooServer) -> None:
    server.drops_authorization = True
    assert ask(server, "products").value["code"] == "woocommerce_rest_cannot_view"
    got = ask(server, f"products?per_page=5&consumer_key={KEY}&consumer_secret={SECRET}", login="")
    assert got.status == 200 and SECRET in got.headers["Link"]


def test_keys_and_users_that_may_only_read(server: WooServer, first: str) -> None:
    body = {"update": [{"id": int(first), "stock_quantity": 1}]}
    server.permissions = "read"
    refused = ask(server, "products/batch", "POST", body)
    assert (refused.status, refused.value["code"]) == (401, "woocommerce_rest_authentication_error")
    server.permissions, server.user = "read_write", Rights(edit=False, manage=False)
    refused = ask(server, "products/batch", "POST", body)
    assert (refused.status, refused.value["code"]) == (403, "woocommerce_rest_cannot_batch")
    assert ask(server, "system_status").status == 403 and ask(server, "products").status == 200
    assert server.shown()[first] == 10


def test_what_stands_before_the_shop_answers_in_html(server: WooServer) -> None:
    server.firewall = 403
    got = ask(server, "products")
    assert (got.status, got.text[:9]) == (403, "<!DOCTYPE")
    server.firewall, server.redirect_to = None, "https://www.shop.example"
    got = ask(server, "products?page=1")
    assert (got.status, got.headers["Location"]) == (301, "https://www.shop.example/wp-json/wc/v3/products?page=1")


def test_plain_permalinks_lead_only_by_rest_route(server: WooServer) -> None:
    server.api.plain_permalinks = True
    got = ask(server, "products")
    assert (got.status, got.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")
    got = ask(server, "products&per_page=5", base="/?rest_route=/wc/v3/")
    assert len(got.value) == 5 and "/?rest_route=/wc/v3/products&per_page=5&page=2>" in got.headers["Link"]
    assert not server.violations


def test_the_index_and_the_settings(server: WooServer) -> None:
    index = ask(server, "", base="/wp-json/", login="").value
    assert index["gmt_offset"] == -5 and "wc/v3" in index["namespaces"]
    assert ask(server, "system_status").value["settings"]["currency"] == "USD"
    server.shop.tracks_stock = False
    assert ask(server, "settings/products/woocommerce_manage_stock").value["value"] == "no"
    server.active = False
    assert ask(server, "products").value["code"] == "rest_no_route"
    assert not server.violations


def test_a_notice_before_the_json(server: WooServer) -> None:
    server.notice = NOTICE
    assert ask(server, "products").text.startswith("<br />\n<b>Notice</b>")


def test_answers_come_late_or_not_at_all(server: WooServer, first: str) -> None:
    server.lose_answers, body = 1, {"update": [{"id": int(first), "stock_quantity": 1}]}
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        ask(server, "products/batch", "POST", body)
    assert server.shown()[first] == 1
    server.lose_requests, server.delay, body["update"][0]["stock_quantity"] = 1, 0.05, 2
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        ask(server, "products/batch", "POST", body)
    assert server.shown()[first] == 1
    began = time.monotonic()
    assert ask(server, "products").status == 200 and time.monotonic() - began >= 0.05


def test_bodies_that_are_no_json_and_fields_that_are_unknown(server: WooServer, first: str) -> None:
    assert ask(server, "products/batch", "POST", b"{").value["code"] == "rest_invalid_json"
    assert ask(server, f"products/{first}", "PUT", {"quantity": 3, "price": "1"}).status == 200
    assert ask(server, "products/batch", "POST", b"{}", **{"Content-Type": "text/plain"}).value == []
    assert ask(server, "products/levels").value["code"] == "rest_no_route"
    assert len(server.violations) == 6 and server.shown()[first] == 10


def test_values_that_plugins_leave_are_answered_as_they_are(server: WooServer, first: str) -> None:
    server.raw(first, stock_quantity=2.5, sku=None)
    row = ask(server, f"products/{first}?_fields=sku,stock_quantity").value
    assert row == {"sku": None, "stock_quantity": 2.5}
