"""The quantity chain as a table: step, number, running total, and the rule with the setting that it comes from."""

from __future__ import annotations

from invsync_tui.operations.diagnosis.evidence_text import RECORD_LINES, record_lines
from invsync_tui.operations.diagnosis.why_table import setting_of, table_rows
from invsync_tui.rules.quantity import CHAIN, ChainRules, Facts, Reading, Step, decide

NOW = 1_760_000_000


def test_a_chain_reads_as_numbers_and_a_running_total() -> None:
    readings = (Reading("EAST", 1200, NOW), Reading("WEST", 34, NOW))
    facts = Facts(now=NOW, readings=readings, pending=3, pending_orders=("1042",), shown=12, acked=1)
    rows = table_rows(decide(facts, ChainRules(buffer=1000, share_percent=50)).steps)
    assert [(row.step, row.number, row.total) for row in rows] == [
        ("stock", "+1,200", "1,200"),
        ("stock", "+34", "1,234"),
        ("open orders", "-3", "1,231"),
        ("buffer", "-1,000", "231"),
        ("share", "-116", "115"),
        ("compare", "", "115"),
    ]
    assert rows[0].rule == "EAST: available 1200 (setting: Sync Inventory With Warehouse)"
    assert rows[1].rule == "WEST: available 34", "the setting is named once"
    assert rows[3].rule == "buffer 1000 (setting: Buffer)"


def test_what_changes_nothing_says_so_and_what_is_unknown_is_not_nothing() -> None:
    steps = (Step("sum", None, 42, "of old"), Step("basis", 42, 42, "holds back 0"), Step("skip", 42, None, "locked"))
    assert [(row.number, row.total) for row in table_rows(steps)] == [("= 42", "42"), ("0", "42"), ("", "not sent")]
    (unread,) = table_rows((Step("sum", None, None, "never read"),))
    assert unread[:3] == ("stock", "", "unknown")
    assert table_rows((Step("compare", 7, None, "x"),))[0].total == "unknown"


def test_the_two_cut_offs_are_set_in_two_places() -> None:
    (minimum, end) = (setting_of("cutoff", text) for text in ("below Minimum Inventory Level 5", "at or below 2"))
    assert minimum is not None and minimum.label == "Minimum Inventory Level"
    assert end is not None and end.label == "Show 0 at or below"
    assert setting_of("compare", "") is None


def test_every_step_of_the_chain_has_words() -> None:
    words = [table_rows((Step(step, 1, 2, "x"),))[0].step for step in CHAIN]
    assert len(set(words)) == len(CHAIN) and all(words)


def test_a_record_is_keys_and_values() -> None:
    raw = '{"ref":"P1","levels":{"on_hand":31,"lots":[{"id":7},{"id":8}]},"gone":null,"kit":false,"none":[]}'
    assert record_lines(raw) == [
        ("ref", "P1"), ("levels.on_hand", "31"), ("levels.lots.1.id", "7"), ("levels.lots.2.id", "8"),
        ("gone", "null"), ("kit", "false"), ("none", "[]"),
    ]  # fmt: skip


def test_a_record_that_is_no_json_or_too_long_is_still_shown() -> None:
    assert record_lines("…quantity: 4…") == [("", "…quantity: 4…")]
    assert record_lines("[" * 5000) == [("", "[" * 5000)], "no depth of nesting is an error"
    many = record_lines(str(list(range(RECORD_LINES + 10))))
    assert len(many) == RECORD_LINES + 1 and many[-1] == ("", "10 more values")
