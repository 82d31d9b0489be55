"""Commands about one merchant or cart say nothing of another one that has the same SKUs under the same references."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from tests.support.processes.shell import Shell
from tests.support.stores.neighbors import NEIGHBORS, crowded_store

OURS, THEIRS = NEIGHBORS
MERCHANT, CART = OURS.name, f"Cart {OURS.carts[0]}"
ABOUT_ONE: Sequence[Sequence[str]] = (
    ("warehouses", MERCHANT), ("levels", MERCHANT), ("levels", MERCHANT, "--all"), ("listings", CART),
    ("plan", CART), ("drift", CART), ("identity", CART), ("links", CART), ("doctor", MERCHANT), ("runs", "--merchant", MERCHANT),
    ("runs", "--cart", CART), ("audit", "--merchant", MERCHANT), ("audit", "--cart", CART), ("events", "--merchant", MERCHANT),
    ("search", "DEMO", "--merchant", MERCHANT), ("why", "DEMO-PACK-00001", "--cart", CART), ("held", "4"), ("runs", "2"),
    ("sku", "DEMO-PACK-00001", "--merchant", MERCHANT), ("settings", "show", f"cart:{CART}"), ("aliases", MERCHANT),
    ("settings", "show", f"merchant:{MERCHANT}"), ("history", "DEMO-PACK-00001", "--cart", CART),
)  # fmt: skip
FOREIGN = re.compile(rf"{THEIRS.name}|Cart ({THEIRS.carts[0]}|{THEIRS.carts[1]})\b|shop-(9|13)\b|\b50.?0\d\d\b")
"""Their names and their quantities."""


@pytest.mark.parametrize("arguments", ABOUT_ONE, ids=" ".join)
def test_a_command_about_one_says_nothing_of_the_other(shell: Shell, arguments: Sequence[str]) -> None:
    shell.store.write_bytes(crowded_store())
    for more in ((), ("--json",)):
        answer = shell.run(*arguments, *more)
        assert answer.code in (0, 1) and answer.out, answer
        assert FOREIGN.search(answer.out) is None, answer.out
