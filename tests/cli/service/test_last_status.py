"""How a merchant and its carts are said to be doing: the same on the first screen, in the list of carts, and in commands and
documents, also where one of them is switched off."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from invsync_tui.operations.listings import carts
from invsync_tui.operations.merchants import home
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import CartRow
from invsync_tui.tui.screens.listings import carts as carts_screen
from invsync_tui.tui.screens.merchants.text import CELLS
from invsync_tui.tui.text.glyphs import UNICODE
from invsync_tui.tui.widgets.columns import RenderContext
from tests.support.processes.shell import Shell

NOTICE = "Inventory Upload Service was off."
SHOWN = RenderContext(time.time(), UNICODE)
OFF, MERCHANT_OFF = "off", "off: merchant is off"


def said_everywhere(shell: Shell) -> tuple[set[str], set[str]]:
    """What every place says of the merchant, and of its cart."""
    session = Session.open(shell.store)
    try:
        lines = home.few(session, carts=True) or ()
        (listed,) = carts.carts(session)
    finally:
        session.close()
    (merchant,) = (line for line in lines if not isinstance(line, CartRow))
    (beneath,) = (line for line in lines if isinstance(line, CartRow))
    (told,) = shell.run("status", "--json").document["merchants"]
    (merchant_setup,) = shell.json("merchants")["merchants"]
    (cart_setup,) = shell.json("carts")["carts"]
    row = next(line for line in shell.run("status").out.splitlines() if line.startswith("Acme "))
    shown = CELLS["status"](merchant, SHOWN)[0]
    assert f"  {shown}  " in row
    printed = [
        line.split("  ")[-1].strip() for line in shell.ok("carts").out.splitlines() if line.startswith("  Status ")
    ]
    printed += [
        line.split("  ")[-1].strip() for line in shell.ok("merchants").out.splitlines() if line.startswith("  Status ")
    ]
    return (
        {shown, printed[1], told["status"], merchant_setup["status"]},
        {
            CELLS["status"](beneath, SHOWN)[0],
            carts_screen._status(listed, SHOWN)[0],
            printed[0],
            cart_setup["status"],
            beneath.status,
            listed.status,
        },
    )


@pytest.mark.parametrize(
    ("sync", "upload", "of_merchant", "of_cart"),
    [
        (1, 1, "success", "done: " + NOTICE),
        (0, 1, OFF, MERCHANT_OFF),
        (1, 0, "success", OFF),
        (0, 0, OFF, OFF),
    ],
    ids=["both on", "merchant off", "cart off", "both off"],
)
def test_every_place_says_the_same(acme: Shell, sync: int, upload: int, of_merchant: str, of_cart: str) -> None:
    now = int(time.time())
    with closing(sqlite3.connect(acme.store)) as cx, cx:
        cx.execute("UPDATE merchant SET inventory_sync = ?", (sync,))
        cx.execute("UPDATE cart SET upload_enabled = ?", (upload,))
        cx.executemany(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, started_at, ended_at, error) "
            "SELECT ?1, 1, id, 'done', 'test', 'tester', ?2, ?2, ?2, ?3 FROM merchant",
            [("pull", now, ""), ("push", now, NOTICE)],
        )
        cx.execute(
            "INSERT OR REPLACE INTO schedule (kind, key, every, jitter, next_at) VALUES ('push', 1, 600, 0, ?)",
            (now + 60,),
        )
    assert said_everywhere(acme) == ({of_merchant}, {of_cart})
    # What is off has no next run either, in no place.
    with closing(Session.open(acme.store)) as session:
        (listed,) = carts.carts(session)
        (beneath,) = (line for line in home.few(session, carts=True) or () if isinstance(line, CartRow))
    on = bool(sync and upload)
    expected = "no service" if on else "N/A"
    assert carts_screen._next(listed, SHOWN)[0] == CELLS["next"](beneath, SHOWN)[0] == expected


@pytest.mark.parametrize("state", ["running", "requested"])
def test_what_is_under_way_for_what_is_off_is_said(acme: Shell, state: str) -> None:
    with closing(sqlite3.connect(acme.store)) as cx, cx:
        cx.execute("UPDATE merchant SET inventory_sync = 0")
        cx.executemany(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, started_at, heartbeat_at) "
            "SELECT ?1, 1, id, ?2, 'test', 'tester', 1, ?3, ?3 FROM merchant",
            [(kind, state, None if state == "requested" else int(time.time())) for kind in ("pull", "push")],
        )
    for said in said_everywhere(acme):
        (words,) = said
        assert words == "waiting for a worker" if state == "requested" else words.startswith(("running", "stalled"))
