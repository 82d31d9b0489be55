"""What each small write about listings, links and batches changes, and that it changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.rules.outcomes import Outcome
from invsync_tui.store.listings import links, listings, push_batches
from invsync_tui.store.listings.links import NewLink
from invsync_tui.store.listings.listings import Decided
from invsync_tui.store.listings.push_batches import Answer, Waits
from tests.support.stores.small_writes import AT, BATCHES, SEQ, Case, batch, check, listed, waits

CASES: dict[str, Case] = {
    "listings that cannot be read": (
        (
            listed("skip = 'BAD_ROW'", "A"),
            listed("skip = 'OTHER'", "C"),
        ),
        lambda w, tx: listings.record_unreadable(tx, w.first, ["L-SKU-A", "L-SKU-B", "L-SKU-C"], SEQ),
        """
        listing L-SKU-B in Acme Shop: seq 10 -> 900
        listing L-SKU-B in Acme Shop: skip None -> 'BAD_ROW'
        listing L-SKU-C in Acme Shop: seq 10 -> 900
        listing L-SKU-C in Acme Shop: skip 'OTHER' -> 'BAD_ROW'
        -> 2
        """,
    ),
    "listings that are gone, one with a namesake": (
        (
            listed("key = (SELECT key FROM listing WHERE cart_id = :c AND ref = 'L-SKU-A')", "C"),
            listed("outcome = 'planned', run_id = 77, inflight = 'b-9', pending = 1", "A"),
            listed("outcome = 'equal', run_id = 77, inflight = 'b-8', pending = 1", "B"),
            (
                f"{BATCHES} ('b-8', :c, 77, 1, '[]', x'', 'submitted', 1, 1), "
                "('b-9', :c, 77, 1, '[]', x'', 'intent', 1, 1)"
            ),
        ),
        lambda w, tx: listings.flag_gone(tx, w.first, [w.shown["A"], w.shown["B"]], AT, SEQ),
        """
        census listings, 14, '': n 5 -> 3
        listing L-SKU-A in Acme Shop: gone_at None -> 1760001000
        listing L-SKU-A in Acme Shop: inflight 'b-9' -> None
        listing L-SKU-A in Acme Shop: pending 1 -> 0
        listing L-SKU-A in Acme Shop: run_id 77 -> None
        listing L-SKU-A in Acme Shop: seq 10 -> 900
        listing L-SKU-B in Acme Shop: gone_at None -> 1760001000
        listing L-SKU-B in Acme Shop: pending 1 -> 0
        listing L-SKU-B in Acme Shop: seq 10 -> 900
        listing L-SKU-C in Acme Shop: seq 10 -> 900
        -> 2
        """,
    ),
    "a plan decides": (
        (
            listed("heal = 1", "A"),
            listed("heal = 1", "B"),
        ),
        lambda w, tx: listings.decide(
            tx,
            [
                Decided(8, 9, "equal", "UNCHANGED", "", 0, 4, w.shown["A"]),
                Decided(None, None, "failed", "BAD_ROW", "why", 1, 4, w.shown["B"]),
            ],
        ),
        """
        listing L-SKU-A in Acme Shop: desired None -> 8
        listing L-SKU-A in Acme Shop: heal 1 -> 0
        listing L-SKU-A in Acme Shop: outcome None -> 'equal'
        listing L-SKU-A in Acme Shop: reason None -> 'UNCHANGED'
        listing L-SKU-A in Acme Shop: run_id None -> 4
        listing L-SKU-A in Acme Shop: target None -> 9
        listing L-SKU-B in Acme Shop: error '' -> 'why'
        listing L-SKU-B in Acme Shop: outcome None -> 'failed'
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        listing L-SKU-B in Acme Shop: reason None -> 'BAD_ROW'
        listing L-SKU-B in Acme Shop: run_id None -> 4
        """,
    ),
    "a listing shows what it should": (
        (listed("desired = 8, target = 9, pending = 1, heal = 1", "A"),),
        lambda w, tx: listings.confirm_equal(tx, [w.shown["A"]], AT),
        """
        listing L-SKU-A in Acme Shop: acked None -> 8
        listing L-SKU-A in Acme Shop: heal 1 -> 0
        listing L-SKU-A in Acme Shop: pending 1 -> 0
        listing L-SKU-A in Acme Shop: shown None -> 9
        listing L-SKU-A in Acme Shop: synced_at None -> 1760001000
        """,
    ),
    "listings turn out to be right": (
        (
            listed("desired = 8, target = 9, pending = 1, outcome = 'planned'", "A"),
            listed("desired = 8, target = 9, outcome = 'planned', reason = 'CLAMPED'", "B"),
        ),
        lambda w, tx: listings.mark_equal(tx, [w.shown["A"], w.shown["B"]], AT),
        """
        listing L-SKU-A in Acme Shop: acked None -> 8
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'equal'
        listing L-SKU-A in Acme Shop: pending 1 -> 0
        listing L-SKU-A in Acme Shop: reason None -> 'UNCHANGED'
        listing L-SKU-A in Acme Shop: shown None -> 9
        listing L-SKU-A in Acme Shop: synced_at None -> 1760001000
        listing L-SKU-B in Acme Shop: acked None -> 8
        listing L-SKU-B in Acme Shop: outcome 'planned' -> 'equal'
        listing L-SKU-B in Acme Shop: shown None -> 9
        listing L-SKU-B in Acme Shop: synced_at None -> 1760001000
        """,
    ),
    "a run ends before it sent everything": (
        (
            listed("run_id = 77, outcome = 'planned'", "A"),
            listed("run_id = 77, outcome = 'planned', inflight = 'b-1'", "B"),
            listed("run_id = 77, outcome = 'equal'", "C"),
            listed("run_id = 78, outcome = 'planned'", "D"),
            listed("run_id = 78, outcome = 'planned', inflight = 'b-2'", "K"),
        ),
        lambda w, tx: listings.end_planned(tx, 77, Outcome.SKIPPED, "BAD_ROW", "by hand"),
        """
        listing L-SKU-A in Acme Shop: error '' -> 'by hand'
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'skipped'
        listing L-SKU-A in Acme Shop: pending 0 -> 1
        listing L-SKU-A in Acme Shop: reason None -> 'BAD_ROW'
        listing L-SKU-B in Acme Shop: error '' -> 'by hand'
        listing L-SKU-B in Acme Shop: outcome 'planned' -> 'in_doubt'
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        -> 1
        """,
    ),
    "what a cart accepted does not count where it shows another number": (
        (
            listed("acked = 5, observed = 5, allocated = 0", "A"),
            listed("acked = 5, observed = 7, allocated = 1", "B"),
            listed("acked = 5, observed = NULL", "C"),
            listed("acked = 5, observed = 9, gone_at = 4", "D"),
            listed("acked = NULL, observed = 9", "K"),
        ),
        lambda w, tx: listings.forget_where_changed(tx, list(w.shown.values()), SEQ),
        """
        listing L-SKU-B in Acme Shop: acked 5 -> None
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        listing L-SKU-B in Acme Shop: seq 10 -> 900
        listing L-SKU-C in Acme Shop: acked 5 -> None
        listing L-SKU-C in Acme Shop: pending 0 -> 1
        listing L-SKU-C in Acme Shop: seq 10 -> 900
        -> 2
        """,
    ),
    "a cart was read right before a push, and one row cannot be sent": (
        (),
        lambda w, tx: (
            listings.refresh(tx, [(4, 3, 2, w.shown["A"])]),
            listings.fail_planned(tx, [w.shown["B"]], "BAD_ROW", "why"),
        ),
        """
        listing L-SKU-A in Acme Shop: allocated 0 -> 2
        listing L-SKU-A in Acme Shop: observed 5 -> 3
        listing L-SKU-A in Acme Shop: target None -> 4
        listing L-SKU-B in Acme Shop: error '' -> 'why'
        listing L-SKU-B in Acme Shop: outcome None -> 'failed'
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        listing L-SKU-B in Acme Shop: reason None -> 'BAD_ROW'
        -> (None, None)
        """,
    ),
    "links: one is made anew, one goes to another product": (
        ("INSERT INTO link VALUES (:c, 'L-SKU-A', :B, 'manual', 5, 'bob')",),
        lambda w, tx: links.put(
            tx,
            w.first,
            [NewLink("L-SKU-A", w.ids["C"], "manual"), NewLink("L-SKU-D", w.ids["A"], "digit")],
            "ann",
            AT,
            SEQ,
        ),
        """
        link Acme Shop, L-SKU-A: made_at 5 -> 1760001000
        link Acme Shop, L-SKU-A: made_by 'bob' -> 'ann'
        link Acme Shop, L-SKU-A: product_id B of Acme -> C of Acme
        link Acme Shop, L-SKU-D: +
        link Acme Shop, L-SKU-D: + kind 'digit'
        link Acme Shop, L-SKU-D: + made_at 1760001000
        link Acme Shop, L-SKU-D: + made_by 'ann'
        link Acme Shop, L-SKU-D: + product_id A of Acme
        listing L-SKU-A in Acme Shop: seq 10 -> 900
        listing L-SKU-D in Acme Shop: seq 10 -> 900
        product A of Acme: seq 7 -> 900
        product B of Acme: seq 7 -> 900
        product C of Acme: seq 7 -> 900
        """,
    ),
    "a link is taken back": (
        (
            (
                "INSERT INTO link VALUES (:c, 'L-SKU-A', :B, 'manual', 5, 'bob'), "
                "(:d, 'L-SKU-A', :B, 'manual', 5, 'bob'), (:c, 'L-SKU-B', :B, 'manual', 5, 'bob')"
            ),
        ),
        lambda w, tx: len(links.remove(tx, w.first, ["L-SKU-A", "L-SKU-C"], SEQ)),
        """
        link Acme Shop, L-SKU-A: -
        listing L-SKU-A in Acme Shop: seq 10 -> 900
        product B of Acme: seq 7 -> 900
        -> 1
        """,
    ),
    "a batch is about to be sent": (
        (),
        lambda w, tx: push_batches.intend(tx, batch(w, "AB", 77), AT),
        """
        listing L-SKU-A in Acme Shop: inflight None -> 'b-1'
        listing L-SKU-B in Acme Shop: inflight None -> 'b-1'
        push_batch b-1: +
        push_batch b-1: + answer_by_ms 77000
        push_batch b-1: + attempts 1
        push_batch b-1: + cart_id Acme Shop
        push_batch b-1: + created_at 1760001000
        push_batch b-1: + epoch 3
        push_batch b-1: + items [['L-SKU-A in Acme Shop', 'L-SKU-A', 8, 9, 5], ['L-SKU-B in Acme Shop', 'L-SKU-B', 8, 9, 5]]
        push_batch b-1: + run_id 77
        push_batch b-1: + state 'intent'
        push_batch b-1: + within_ms 5000
        """,
    ),
    "a batch is sent once more": (
        ((f"{BATCHES} ('b-1', :c, 77, 1, '[]', x'', 'intent', 1, 1), ('b-2', :c, 77, 1, '[]', x'', 'intent', 1, 1)"),),
        lambda w, tx: push_batches.repeat(tx, "b-1", 4, 99_000, 6000),
        """
        push_batch b-1: answer_by_ms 1 -> 99000
        push_batch b-1: attempts 0 -> 1
        push_batch b-1: epoch 1 -> 4
        push_batch b-1: within_ms 0 -> 6000
        """,
    ),
    "rows of a batch were set": (
        (
            *waits("ABC"),
            listed("run_id = 77", "A"),
            listed("desired = 3", "B"),
            listed("inflight = 'b-7'", "C"),
        ),
        lambda w, tx: push_batches.settle(
            tx, batch(w, "ABC"), [Answer(item, "set", None, "", 8) for item in batch(w, "ABC").items], 77, AT
        ),
        """
        listing L-SKU-A in Acme Shop: acked 5 -> 8
        listing L-SKU-A in Acme Shop: acked_epoch 0 -> 3
        listing L-SKU-A in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-A in Acme Shop: observed 5 -> 9
        listing L-SKU-A in Acme Shop: observed_at 1760000000 -> 1760001000
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'set'
        listing L-SKU-A in Acme Shop: shown None -> 9
        listing L-SKU-A in Acme Shop: synced_at None -> 1760001000
        listing L-SKU-B in Acme Shop: acked 5 -> 8
        listing L-SKU-B in Acme Shop: acked_epoch 0 -> 3
        listing L-SKU-B in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-B in Acme Shop: observed 5 -> 9
        listing L-SKU-B in Acme Shop: observed_at 1760000000 -> 1760001000
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        listing L-SKU-B in Acme Shop: shown None -> 9
        listing L-SKU-B in Acme Shop: synced_at None -> 1760001000
        """,
    ),
    "rows of a batch were not set": (
        (
            *waits("ABCD"),
            listed("run_id = 77, observed = 4", "A"),
            listed("run_id = 77, observed = 4", "B"),
            listed("run_id = 78, observed = 4", "C"),
            listed("inflight = 'b-7'", "D"),
        ),
        lambda w, tx: push_batches.settle(
            tx,
            batch(w, "ABCD"),
            [
                Answer(item, "failed", reason, "no", shown)
                for item, reason, shown in zip(
                    batch(w, "ABCD").items,
                    ("REJECTED_BY_CART", "VERIFY_FAILED", "REJECTED_BY_CART", "VERIFY_FAILED"),
                    (None, None, 6, 6),
                    strict=True,
                )
            ],
            77,
            AT,
        ),
        """
        listing L-SKU-A in Acme Shop: error '' -> 'no'
        listing L-SKU-A in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'failed'
        listing L-SKU-A in Acme Shop: pending 0 -> 1
        listing L-SKU-A in Acme Shop: reason None -> 'REJECTED_BY_CART'
        listing L-SKU-B in Acme Shop: acked 5 -> None
        listing L-SKU-B in Acme Shop: error '' -> 'no'
        listing L-SKU-B in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-B in Acme Shop: observed 4 -> None
        listing L-SKU-B in Acme Shop: outcome 'planned' -> 'failed'
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        listing L-SKU-B in Acme Shop: reason None -> 'VERIFY_FAILED'
        listing L-SKU-C in Acme Shop: error '' -> 'no'
        listing L-SKU-C in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-C in Acme Shop: observed 4 -> 6
        listing L-SKU-C in Acme Shop: pending 0 -> 1
        """,
    ),
    "a batch is applied later": (
        (
            *waits("AB"),
            (f"{BATCHES} ('b-1', :c, 77, 1, '[]', x'', 'intent', 1, 1), ('b-2', :c, 77, 1, '[]', x'', 'intent', 1, 1)"),
            listed("inflight = 'b-7'", "B"),
        ),
        lambda w, tx: push_batches.submit(tx, batch(w, "AB"), "T-1", Waits(AT + 60, AT + 600), AT),
        """
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'submitted'
        listing L-SKU-A in Acme Shop: pending 0 -> 1
        push_batch b-1: give_up_at None -> 1760001600
        push_batch b-1: look_after None -> 1760001060
        push_batch b-1: state 'intent' -> 'submitted'
        push_batch b-1: ticket '' -> 'T-1'
        push_batch b-1: waits_since None -> 1760001000
        """,
    ),
    "a run takes over what became of a batch": (
        (
            *waits("ABC"),
            listed("desired = 3", "B"),
            listed("inflight = 'b-7'", "C"),
        ),
        lambda w, tx: push_batches.adopt(tx, batch(w, "ABC"), 99),
        """
        listing L-SKU-A in Acme Shop: run_id None -> 99
        listing L-SKU-B in Acme Shop: outcome 'planned' -> None
        """,
    ),
    "a batch was not applied": (
        (
            *waits("AB"),
            listed("run_id = 77", "A"),
            listed("inflight = 'b-7'", "B"),
        ),
        lambda w, tx: push_batches.not_applied(tx, batch(w, "AB"), batch(w, "AB").items, "shows 5"),
        """
        listing L-SKU-A in Acme Shop: error '' -> 'shows 5'
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'failed'
        listing L-SKU-A in Acme Shop: reason None -> 'VERIFY_FAILED'
        listing L-SKU-A in Acme Shop: run_id 77 -> None
        """,
    ),
    "listings are untied from a batch": (
        (
            *waits("ABCD"),
            listed("inflight = 'b-7'", "B"),
            listed("inflight = 'b-7'", "D"),
        ),
        lambda w, tx: (
            push_batches.release(tx, batch(w, "AB"), batch(w, "AB").items),
            push_batches.delete_old(tx, batch(w, "CD"), batch(w, "CD").items),
        ),
        """
        listing L-SKU-A in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-A in Acme Shop: pending 0 -> 1
        listing L-SKU-C in Acme Shop: acked 5 -> None
        listing L-SKU-C in Acme Shop: inflight 'b-1' -> None
        listing L-SKU-C in Acme Shop: observed 5 -> None
        listing L-SKU-C in Acme Shop: pending 0 -> 1
        -> (None, None)
        """,
    ),
    "a batch ends, and another is in doubt": (
        (
            *waits("ABC"),
            (f"{BATCHES} ('b-1', :c, 77, 1, '[]', x'', 'intent', 1, 1), ('b-2', :c, 77, 1, '[]', x'', 'intent', 1, 1)"),
            listed("run_id = 77", "A"),
            listed("run_id = 78", "B"),
            listed("inflight = 'b-7', run_id = 77", "C"),
        ),
        lambda w, tx: (
            push_batches.end(tx, "b-2", "answered", "x", AT),
            push_batches.doubt(tx, batch(w, "ABC"), 77, "lost"),
        ),
        """
        listing L-SKU-A in Acme Shop: error '' -> 'lost'
        listing L-SKU-A in Acme Shop: outcome 'planned' -> 'in_doubt'
        listing L-SKU-A in Acme Shop: pending 0 -> 1
        push_batch b-1: error '' -> 'lost'
        push_batch b-1: state 'intent' -> 'in_doubt'
        push_batch b-2: ended_at None -> 1760001000
        push_batch b-2: error '' -> 'x'
        push_batch b-2: state 'intent' -> 'answered'
        -> (None, None)
        """,
    ),
    "waits that were noted by a clock that was ahead begin once more": (
        (
            (
                f"{BATCHES} ('b-1', :c, 77, 1, '[]', x'', 'intent', 1, 1), "
                "('b-2', :c, 77, 1, '[]', x'', 'submitted', 1, 1), "
                "('b-3', :c, 77, 1, '[]', x'', 'answered', 1, 1), "
                "('b-4', :d, 77, 1, '[]', x'', 'in_doubt', 1, 1), "
                "('b-5', :c, 77, 1, '[]', x'', 'in_doubt', 1, 1)"
            ),
            (
                "UPDATE push_batch SET look_after = 110, give_up_at = 200, waits_since = iif(id = 'b-2', 100, 101) "
                "WHERE id LIKE 'b-_'"
            ),
        ),
        lambda w, tx: push_batches.count_waits_anew(tx, w.first, 90, 100),
        """
        push_batch b-1: give_up_at 200 -> 189
        push_batch b-1: look_after 110 -> 99
        push_batch b-1: waits_since 101 -> 90
        push_batch b-5: give_up_at 200 -> 189
        push_batch b-5: look_after 110 -> 99
        push_batch b-5: waits_since 101 -> 90
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_write_changes_these_columns_and_no_others(tmp_path: Path, name: str) -> None:
    check(tmp_path, CASES[name])
