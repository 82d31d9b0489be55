"""Absurd bytes in an answer of the WMS, through a whole download and push: each costs its own record alone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from invsync_tui.connectors import http
from tests.support.runs.sandbox_world import Town


def _sku(town: Town, among: int) -> tuple[str, str]:
    """(SKU, reference) of a product in stock that is no kit."""
    dump = town.wms.dump()
    kits = {
        row[0]
        for row in town.bench.store.read(
            "SELECT p.sku FROM our_kit_component AS k JOIN product AS p ON p.id = k.kit_id"
        )
    }
    products = [(sku, ref) for ref, sku in sorted(dump["products"].items()) if sku not in kits]
    return products[among]


def _altered(patch: pytest.MonkeyPatch, path: str, change: Callable[[bytes], bytes]) -> None:
    """Answers under a path come with other bytes."""
    real = http.Response._as_json

    def as_json(response: http.Response) -> object:
        if path in response.where:
            response = http.Response(response.status, response.headers, change(response.body), response.where)
        return real(response)

    patch.setattr(http.Response, "_as_json", as_json)


def _of_record(ref: str, name: str, value: bytes) -> Callable[[bytes], bytes]:
    """Writes the bytes of one field of the record of a reference."""

    def change(body: bytes) -> bytes:
        document = json.loads(body)
        for records in document.values():
            for record in records if isinstance(records, list) else []:
                if isinstance(record, dict) and record.get("ref") == ref:
                    record[name] = "@@"
        return json.dumps(document).encode().replace(b'"@@"', value)

    return change


ABSURD = [
    b"1e400", b"NaN", b"9223372036854775808", b"9223372036854775807", b"5.9", b"true", b'"5"', b"null", b"[]",
    b"9" * 5000, b'"\xff"', b'"\\ud800"',
]  # fmt: skip


@pytest.mark.parametrize("value", ABSURD, ids=lambda value: repr(value[:20]))
@pytest.mark.parametrize("full", [True, False])
async def test_a_level_of_absurd_bytes_costs_itself_alone(
    synced: Town, monkeypatch: pytest.MonkeyPatch, value: bytes, full: bool
) -> None:
    # given
    (sku, ref), (other, _) = _sku(synced, 0), _sku(synced, 1)
    before = synced.shown()[sku]
    synced.wms.set_level(sku, "EAST", 5)
    synced.wms.set_level(other, "EAST", 4321)
    _altered(monkeypatch, "/api/levels" if full else "/api/changes", _of_record(ref, "available", value))
    # when
    run = await synced.bench.pull(full=full)
    await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done", run.error
    assert synced.bench.reasons(run)["BAD_ROW"] >= 1
    assert any(f"Record {ref}:" in text for text in synced.bench.events(run.id))
    assert synced.shown()[other] == synced.stock()[other]
    assert synced.shown()[sku] == before


@pytest.mark.parametrize("name", ["sku", "ref", "active", "components"])
@pytest.mark.parametrize("value", [b'"\xff\xfe"', b"null", b'{"a":1}'], ids=repr)
async def test_a_product_of_absurd_bytes_stops_no_other(
    synced: Town, monkeypatch: pytest.MonkeyPatch, name: str, value: bytes
) -> None:
    # given
    (sku, ref), (other, _) = _sku(synced, 0), _sku(synced, 1)
    before = synced.shown()[sku]
    synced.wms.set_level(other, "EAST", 4321)
    _altered(monkeypatch, "/api/products", _of_record(ref, name, value))
    # when
    run = await synced.bench.pull(full=True)
    await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done", run.error
    assert synced.shown()[other] == synced.stock()[other]
    assert synced.shown()[sku] == before
    assert synced.bench.sums_hold()


@pytest.mark.parametrize(
    "value", [b"1e400", b"NaN", b"-1", b"5.5", b'"many"', b"true", b"9223372036854775808"], ids=repr
)
async def test_an_absurd_total_stops_nothing(synced: Town, monkeypatch: pytest.MonkeyPatch, value: bytes) -> None:
    # given
    sku, _ = _sku(synced, 0)
    synced.wms.set_level(sku, "EAST", 4321)

    def change(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "total": "@@"}).encode().replace(b'"@@"', value)

    _altered(monkeypatch, "/api/levels", change)
    # when
    run = await synced.bench.pull(full=True)
    await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done", run.error
    assert synced.bench.reasons(run)["BAD_ROW"] >= 1
    assert synced.shown()[sku] == synced.stock()[sku]


async def test_a_level_that_says_two_numbers_is_not_believed(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    (sku, ref), (other, _) = _sku(synced, 0), _sku(synced, 1)
    before = synced.shown()[sku]
    synced.wms.set_level(sku, "EAST", 5)
    synced.wms.set_level(other, "EAST", 4321)
    _altered(monkeypatch, "/api/levels", _of_record(ref, "available", b'5, "available": 7'))
    # when
    run = await synced.bench.pull(full=True)
    await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done", run.error
    assert synced.shown()[other] == synced.stock()[other]
    assert synced.shown()[sku] == before


async def test_sums_of_the_largest_quantities_come_out(synced: Town) -> None:
    # given: the most that a level may have, in each warehouse
    (sku, _), (other, _) = _sku(synced, 0), _sku(synced, 1)
    for place in ("EAST", "WEST", "DEFAULT"):
        synced.wms.set_level(sku, place, 2**31 - 1)
    synced.wms.set_level(other, "EAST", 4321)
    # when
    run = await synced.bench.pull()
    pushed = await synced.bench.push(synced.cart_id)
    # then
    assert (run.state, pushed.state) == ("done", "done"), (run.error, pushed.error)
    assert synced.shown()[other] == synced.stock()[other]
    assert synced.bench.sums_hold()
