"""What the doctor says of a described REST system: records that could not be read, and answers that may have been cut."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.checks import SourceFacts
from invsync_tui.connectors.sources.rest import DEFAULT, RestSource
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.connectors.rest_example import connection
from tests.support.servers.http_stub import Request, as_json, stub_server

PLAIN = """
[products]
path = "/items"
list = "data"
fields = { ref = "id", sku = "sku" }
[levels]
path = "/stock"
list = "data"
fields = { product = "id", available = "qty" }
"""


def verdicts(notes: Mapping[str, int]) -> dict[str, Verdict]:
    facts = SourceFacts(Connection("Demo", "rest", "https://x.example"), "Demo", "", True, "", notes=notes)
    return {review.id: review.verdict for review in RestSource.review(facts)}


@pytest.mark.parametrize(
    ("notes", "records", "complete"),
    [
        ({}, Verdict.SKIPPED, Verdict.SKIPPED),
        ({"records": 12, "rejected": 0, "products_at_once": 12}, Verdict.PASS, Verdict.PASS),
        ({"records": 12, "rejected": 1, "products_at_once": 49}, Verdict.FAIL, Verdict.PASS),
        ({"records": 200, "rejected": 0, "levels_at_once": 100}, Verdict.PASS, Verdict.FAIL),
        ({"records": 200, "rejected": 0, "levels_at_once": 101, "warehouses_at_once": 50}, Verdict.PASS, Verdict.FAIL),
        ({"records": 0, "rejected": 0, "levels_at_once": 0}, Verdict.PASS, Verdict.PASS),
    ],
)
def test_rejected_records_and_round_answers_are_found(
    notes: Mapping[str, int], records: Verdict, complete: Verdict
) -> None:
    assert verdicts(notes) == {"rest.records": records, "rest.complete": complete}


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        (100, "", {"records": 200, "rejected": 0, "products_at_once": 100, "levels_at_once": 100}),
        (100, 'total = "count"\n', {"records": 200, "rejected": 0, "levels_at_once": 100}),
        (7, "", {"records": 14, "rejected": 1, "products_at_once": 7, "levels_at_once": 7}),
    ],
)
async def test_what_was_read_is_counted_anew_by_each_download(
    tmp_path: Path, rows: int, more: str, expected: Mapping[str, int]
) -> None:
    def answer(request: Request) -> object:
        data = [{"id": f"P{n}", "sku": f"S{n}", "qty": n} for n in range(rows)]
        if rows == 7 and request.path == "/stock":
            data[3]["qty"] = None
        return as_json({"data": data, "count": rows})

    with stub_server() as stub:
        stub.answering = answer  # type: ignore[assignment]
        text = PLAIN.replace('list = "data"\n', f'list = "data"\n{more}', 1)
        source = RestSource(connection(tmp_path, stub.url, text))
        for _ in range(2):
            await source.open()
            await source.products_page(None)
            await source.levels_page(DEFAULT, None)
            assert await source.notes() == expected
        await source.close()
