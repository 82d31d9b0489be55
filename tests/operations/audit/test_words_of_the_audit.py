"""An entry of the audit in words: subjects, values that were replaced, and the whole sentence, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invsync_tui.operations.audit import audit_text
from invsync_tui.operations.audit.audit_text import Changed, Names
from invsync_tui.store.paging.audit import Entry

KNOWN = Names(
    merchants={1: "Acme", 2: "Bolt"}, carts={1: "East Shop", 7: ""}, warehouses={1: "EAST", 2: "WEST"},
    runs={4: (2, None), 5: (1, 1), 6: (9, None), 8: (1, 9)},
)  # fmt: skip


def entry(before: Any = "", after: Any = "") -> Entry:
    """`before` and `after` as words, or as what JSON they are."""
    texts = [text if isinstance(text, str) else json.dumps(text) for text in (before, after)]
    return Entry(1, 10, "ann", "cart set", "cart:1", *texts, "")


@pytest.mark.parametrize(("subject", "words"), [
    ("merchant:2", "merchant Bolt"), ("cart:1", "cart East Shop"), ("warehouse:2", "warehouse WEST"),
    ("cart:2", "cart 2, removed"), ("merchant:9", "merchant 9, removed"), ("warehouse:9", "warehouse 9, removed"),
    ("cart:7", "cart "), ("run:4", "run 4, Bolt"), ("run:5", "run 5, East Shop"), ("run:6", "run 6"),
    ("run:8", "run 8"), ("run:9", "run 9"), ("plan:1", "plan 1"), ("store", "store"), ("cart:x", "cart x"),
])  # fmt: skip
def test_what_an_entry_is_about(subject: str, words: str) -> None:
    assert audit_text.about(subject, KNOWN) == words


@pytest.mark.parametrize(("stored", "words"), [
    ("thaw", "unfreeze"), ("radar", "drift check"), ("heal", "correct"), ("radar set", "drift check schedule"),
    ("cart set", "cart settings"), ("merchant set", "merchant settings"), ("audit.removed", "audit shortened"),
    ("plant", "demo faults"), ("release", "release"),
])  # fmt: skip
def test_what_was_done(stored: str, words: str) -> None:
    assert audit_text.action(stored) == words


HELD_BY = [{"text": "first push of this cart: 931 listings would be updated"}, {"text": "5 of 9 go to zero"}]
SKUS = [{"id": n, "sku": f"S{n}", "override": n or None} for n in range(7)]

CASES: list[tuple[Entry, list[Changed], str]] = [
    (entry(), [], ""),
    (entry("held", "cancelled"), [], "held to canceled"),
    (entry("run:4"), [], "run 4"),
    (entry("", "running"), [], "running"),
    (entry(["jump", "zero"]), [], ""),
    (
        entry([{"breaker": "ZERO", "text": "3 to 0"}, {"text": ""}, "x", {"text": "2 jump"}], "requested"),
        [],
        "3 to 0; 2 jump",
    ),
    (
        entry({"buffer": 1, "name": "Old", "rev": 3}, {"buffer": 2, "name": "New", "rev": 3}),
        [Changed("Buffer", "1", "2"), Changed("Display name", "Old", "New")],
        "Buffer: 1 to 2; Display name: Old to New",
    ),
    (
        entry({"every": None, "warehouses": [1, 9], "upload_enabled": True}, {"every": 900, "warehouses": []}),
        [
            Changed("Schedule", "off", "15m"),
            Changed("Sync Inventory With Warehouse", "EAST, warehouse 9", "all"),
            Changed("Inventory Upload Service", "on", ""),
        ],
        "Schedule: off to 15m; Sync Inventory With Warehouse: EAST, warehouse 9 to all; Inventory Upload Service: on",
    ),
    (
        entry("", {"push_kind": 0, "warehouses": "x"}),
        [Changed("Push Inventory Using Alias", "", "0"), Changed("Sync Inventory With Warehouse", "", "x")],
        "Push Inventory Using Alias: 0; Sync Inventory With Warehouse: x",
    ),
    (
        entry({"gone_thing": {"a": True, "b": []}}, {"gone_thing": None}),
        [Changed("Gone thing", "a on, b none", "none")],
        "Gone thing: a on, b none to none",
    ),
    (
        entry({"listings": SKUS[:2], "total": 2}, {"override": 5}),
        [Changed("S0", "none", "5"), Changed("S1", "1", "5")],
        "S0: none to 5; S1: 1 to 5",
    ),
    (
        entry({"listings": SKUS, "total": 30}),
        [Changed(f"S{n}", "", "") for n in range(7)],
        "S0; S1; S2; S3; S4; and 25 more",
    ),
    (entry("", {"listings": SKUS[:5]}), [Changed(f"S{n}", "", "") for n in range(5)], "S0; S1; S2; S3; S4"),
    (entry("", {"listings": SKUS[:6]}), [Changed(f"S{n}", "", "") for n in range(6)], "S0; S1; S2; S3; S4; and 1 more"),
    (entry("", {"listings": [{"id": 3}]}), [Changed("3", "", "")], "3"),
    (
        entry("", {"links": [{"ref": "L1", "product": 4}], "total": 1}),
        [Changed("L1", "", "product 4")],
        "L1: product 4",
    ),
    (
        entry(HELD_BY)._replace(action="release"),
        [],
        "first push of this cart: 931 listings released; 5 of 9 go to zero",
    ),
    (
        entry(HELD_BY, ["zero", "jump"])._replace(action="release"),
        [],
        "first push of this cart: 931 listings released; 5 of 9 go to zero; only to zero, large changes",
    ),
    (entry(HELD_BY), [], "first push of this cart: 931 listings would be updated; 5 of 9 go to zero"),
    (entry({"links": [{"ref": "L1", "product": 4}]}), [Changed("L1", "product 4", "")], "L1: product 4"),
]


@pytest.mark.parametrize(("made", "changed", "sentence"), CASES)
def test_what_was_replaced_by_what(made: Entry, changed: list[Changed], sentence: str) -> None:
    found = audit_text.changes(made, KNOWN)
    assert list(found) == changed
    assert audit_text.sentence(made, found) == sentence
