"""What each small write about a cart's state, webhooks, schedules and findings changes, and that it changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.rules.redaction import Redactor
from invsync_tui.store import hooks
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.diagnosis import findings
from invsync_tui.store.hooks import Notice
from invsync_tui.store.settings import schedule
from tests.support.stores.small_writes import AT, OURS, Case, check, listed

REDACTED = Redactor()("no answer")

CASES: dict[str, Case] = {
    "errors of a pull and of a push": (
        (),
        lambda w, tx: (
            sync_marks.record_source_error(tx, w.merchant, REDACTED, "AUTH_FAILED"),
            sync_marks.record_cart_error(tx, w.first, REDACTED, "CART_UNAVAILABLE"),
        ),
        """
        cart Acme Shop: last_error '' -> 'no answer'
        cart Acme Shop: last_reason '' -> 'CART_UNAVAILABLE'
        source 3: last_error '' -> 'no answer'
        source 3: last_reason '' -> 'AUTH_FAILED'
        -> (None, None)
        """,
    ),
    "a push without an error": (
        (f"UPDATE cart SET last_error = 'x', last_reason = 'AUTH_FAILED' {OURS}",),
        lambda w, tx: sync_marks.record_cart_error(tx, w.first, REDACTED, ""),
        """
        cart Acme Shop: last_error 'x' -> ''
        cart Acme Shop: last_reason 'AUTH_FAILED' -> ''
        """,
    ),
    "the listings of a cart were read": (
        (),
        lambda w, tx: sync_marks.record_observed(tx, w.first, AT, 1, None, complete=True),
        """
        cart Acme Shop: listed_at None -> 1760001000
        cart Acme Shop: observed_at None -> 1760001000
        """,
    ),
    "some listings of a cart were read": (
        (f"UPDATE cart SET listed_at = 30 {OURS}",),
        lambda w, tx: sync_marks.record_observed(tx, w.first, AT, 1, 30, complete=False),
        """
        cart Acme Shop: observed_at None -> 1760001000
        """,
    ),
    "listings were read before the settings changed, or beside another read": (
        (),
        lambda w, tx: (
            sync_marks.record_observed(tx, w.first, AT, 2, None, complete=True),
            sync_marks.record_observed(tx, w.first, AT, 1, 30, complete=True),
        ),
        """
        -> (None, None)
        """,
    ),
    "matched, about to be sent, and warehouses accepted as gone": (
        (),
        lambda w, tx: (
            sync_marks.record_matched(tx, w.first, 44, 3),
            sync_marks.record_sending(tx, w.first, 5),
            sync_marks.accept_gone(tx, w.first, [9, 4]),
        ),
        """
        cart Acme Shop: gone_accepted '[]' -> '[4, 9]'
        cart Acme Shop: match_mark 6 -> 44
        cart Acme Shop: matched_rev 0 -> 3
        cart Acme Shop: pushed_rules_rev 0 -> 5
        -> (None, None, None)
        """,
    ),
    "a push handled everything and nothing is pending": (
        (
            f"UPDATE cart SET pushed_rules_rev = 1, rules_rev = 2 {OURS}",
            "UPDATE listing SET pending = 0 WHERE cart_id = :c",
            listed("pending = 1, gone_at = 5", "A"),
        ),
        lambda w, tx: sync_marks.record_pushed(tx, w.first, 88, 2),
        """
        cart Acme Shop: pushed_rules_rev 1 -> 2
        cart Acme Shop: watermark 7 -> 88
        """,
    ),
    "a push handled everything and a listing is pending": (
        (
            f"UPDATE cart SET pushed_rules_rev = 1, rules_rev = 2 {OURS}",
            "UPDATE listing SET pending = 0 WHERE cart_id = :c",
            listed("pending = 1", "A"),
        ),
        lambda w, tx: sync_marks.record_pushed(tx, w.first, 88, 2),
        """
        cart Acme Shop: watermark 7 -> 88
        """,
    ),
    "a push of a cart to which nothing was ever sent": (
        ("UPDATE listing SET pending = 0 WHERE cart_id = :c",),
        lambda w, tx: sync_marks.record_pushed(tx, w.first, 88, 1),
        """
        cart Acme Shop: watermark 7 -> 88
        """,
    ),
    "a push under former settings": (
        (),
        lambda w, tx: sync_marks.record_pushed(tx, w.first, 88, 2),
        """

        """,
    ),
    "where a cart leads, and the clocks": (
        (),
        lambda w, tx: (
            sync_marks.record_opened(tx, w.first, "s", "l"),
            sync_marks.record_cart_clock(tx, w.first, 7),
            sync_marks.record_source_clock(tx, w.merchant, 8),
        ),
        """
        cart Acme Shop: clock_offset None -> 7
        cart Acme Shop: location '' -> 'l'
        cart Acme Shop: shop '' -> 's'
        source 3: clock_offset None -> 8
        -> (None, None, None)
        """,
    ),
    "a webhook announces listings of a cart and of its further location": (
        (
            "UPDATE cart SET of_cart = :c WHERE id = :d",
            "INSERT INTO hook_address (cart_id, token, made_at) VALUES (:c, 't', 1)",
            "INSERT INTO hook_ref (cart_id, ref, at) VALUES (:c, 'L-SKU-A', 5)",
        ),
        lambda w, tx: hooks.take(
            tx,
            [
                Notice(w.first, "d1", ["L-SKU-A", "L-SKU-A", "L-NOBODY", ""], True),
                Notice(w.first, "d1", ["L-SKU-B"], False),
                Notice(w.first, "", ["L-SKU-C"], False),
            ],
            [],
            AT,
        ),
        """
        hook_address Acme Shop: heard_at None -> 1760001000
        hook_delivery Acme Shop, d1: +
        hook_delivery Acme Shop, d1: + at 1760001000
        hook_ref Acme Shop, '': +
        hook_ref Acme Shop, '': + at 1760001000
        hook_ref Acme Shop, '': + times 1
        hook_ref Acme Shop, L-SKU-A: times 1 -> 2
        hook_ref Acme Shop, L-SKU-C: +
        hook_ref Acme Shop, L-SKU-C: + at 1760001000
        hook_ref Acme Shop, L-SKU-C: + times 1
        hook_ref Second Shop, '': +
        hook_ref Second Shop, '': + at 1760001000
        hook_ref Second Shop, '': + times 1
        hook_ref Second Shop, L-SKU-A: +
        hook_ref Second Shop, L-SKU-A: + at 1760001000
        hook_ref Second Shop, L-SKU-A: + times 1
        hook_ref Second Shop, L-SKU-C: +
        hook_ref Second Shop, L-SKU-C: + at 1760001000
        hook_ref Second Shop, L-SKU-C: + times 1
        """,
    ),
    "webhooks with a wrong signature, and old deliveries": (
        (
            "INSERT INTO hook_address (cart_id, token, made_at) VALUES (:c, 't', 1), (:d, 'u', 1)",
            (
                "INSERT INTO hook_delivery (cart_id, delivery, at) VALUES (:c, 'old', :at - 172801), "
                "(:c, 'kept', :at - 172800), (:c, 'ahead', :at + 172801), (:c, 'near', :at + 172800), "
                "(:d, 'old', 1)"
            ),
        ),
        lambda w, tx: hooks.take(tx, [Notice(w.first, "d1", [], False)], [w.second], AT),
        """
        hook_address Acme Shop: heard_at None -> 1760001000
        hook_address Second Shop: refused_at None -> 1760001000
        hook_delivery Acme Shop, ahead: -
        hook_delivery Acme Shop, d1: +
        hook_delivery Acme Shop, d1: + at 1760001000
        hook_delivery Acme Shop, old: -
        """,
    ),
    "an address is given anew": (
        (
            (
                "INSERT INTO hook_address (cart_id, token, made_at, heard_at, refused_at) VALUES "
                "(:c, 't', 1, 2, 3), (:d, 'u', 1, 2, 3)"
            ),
        ),
        lambda w, tx: (hooks.put_address(tx, w.first, "new", AT), [address.token for address in hooks.addresses(tx)]),
        """
        hook_address Acme Shop: heard_at 2 -> None
        hook_address Acme Shop: made_at 1 -> 1760001000
        hook_address Acme Shop: refused_at 3 -> None
        -> (None, ['new', 'u'])
        """,
    ),
    "what was announced was read": (
        (
            (
                "INSERT INTO hook_ref (cart_id, ref, at, times) VALUES (:c, 'A', 5, 1), (:c, 'B', 5, 2), "
                "(:c, 'C', 5, 1), (:d, 'A', 5, 1)"
            ),
        ),
        lambda w, tx: hooks.done(tx, w.first, {"A": 1, "B": 1}),
        """
        hook_ref Acme Shop, A: -
        """,
    ),
    "a schedule is put, moved and dropped": (
        (
            (
                "INSERT INTO schedule (kind, key, every, next_at) VALUES ('push', :c, 60, 5), "
                "('push', :d, 60, 5), ('radar', :c, 60, 5), ('pull', :m, 60, 5), ('radar', :d, 60, 5)"
            ),
        ),
        lambda w, tx: (
            schedule.put(tx, "push", w.first, 90, 3, 7),
            schedule.move(tx, "radar", w.first, 8),
            schedule.drop(tx, "push", w.second),
        ),
        """
        schedule push, 14: every 60 -> 90
        schedule push, 14: jitter 0 -> 3
        schedule push, 14: next_at 5 -> 7
        schedule push, 15: -
        schedule radar, 14: next_at 5 -> 8
        -> (None, None, None)
        """,
    ),
    "runs fail, end well, and are cancelled": (
        (
            (
                "INSERT INTO schedule (kind, key, every, next_at, failures) VALUES "
                "('push', :c, 60, :at + 900, 2), ('push', :d, 60, :at + 900, 2), "
                "('radar', :c, 60, :at + 900, 2), ('pull', :m, 60, :at + 900, 0), "
                "('radar', :d, 60, :at + 30, 2)"
            ),
        ),
        lambda w, tx: tuple(
            schedule.record_result(tx, kind, key, state, AT)
            for kind, key, state in (
                ("push", w.first, "failed"),
                ("push", w.second, "done"),
                ("radar", w.first, "cancelled"),
                ("pull", w.merchant, "done"),
                ("radar", w.second, "done"),
            )
        ),
        """
        schedule push, 14: failures 2 -> 3
        schedule push, 15: failures 2 -> 0
        schedule push, 15: next_at 1760001900 -> 1760001060
        schedule radar, 15: failures 2 -> 0
        -> (None, None, None, None, None)
        """,
    ),
    "findings of a cart": (
        (
            (
                "INSERT INTO finding (merchant_id, cart_id, cause, n, since, run_id) VALUES "
                "(:m, :c, 'NOT_IN_CART', 2, 5, 1), (:m, :c, 'DUPLICATE', 2, 5, 1), "
                "(:m, :c, 'BAD_ROW', 2, 5, 1), (:m, :d, 'BAD_ROW', 2, 5, 1), (:m, 0, 'BAD_ROW', 2, 5, 1)"
            ),
        ),
        lambda w, tx: findings.record(tx, w.merchant, w.first, {"NOT_IN_CART": 2, "DUPLICATE": 3, "NEW": 1}, 9, AT),
        """
        finding Acme, Acme Shop, BAD_ROW: -
        finding Acme, Acme Shop, DUPLICATE: n 2 -> 3
        finding Acme, Acme Shop, NEW: +
        finding Acme, Acme Shop, NEW: + n 1
        finding Acme, Acme Shop, NEW: + run_id 9
        finding Acme, Acme Shop, NEW: + since 1760001000
        -> ['NEW']
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_write_changes_these_columns_and_no_others(tmp_path: Path, name: str) -> None:
    check(tmp_path, CASES[name])
