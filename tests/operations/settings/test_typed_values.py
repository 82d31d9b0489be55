"""Values as they are typed: the first that is allowed, the last, and what is said of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.settings import values
from invsync_tui.operations.time_text import ago, moment

NOW = 1_760_000_000


def web_address(field: str, text: str) -> str:
    return values.address_of("invsync.sources", "tryton", field, text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("1m", 60), ("90s", 90), ("15min", 900), ("2 h", 7200), ("1d", 86400), ("30D", 30 * 86400)],
)
def test_a_time_is_read_in_its_unit(text: str, seconds: int) -> None:
    assert values.duration("--every", text, values.SCHEDULE_LEAST, values.SCHEDULE_MOST) == seconds


@pytest.mark.parametrize("text", ["59s", "0s", "31d", "2592001s", "", "1", "h", "1 week", "-1h", "1.5h"])
def test_a_time_beyond_its_range_or_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        values.duration("--every", text, values.SCHEDULE_LEAST, values.SCHEDULE_MOST)


@pytest.mark.parametrize("text", ["off", " OFF ", "none", "None"])
def test_off_and_none_are_no_time(text: str) -> None:
    assert values.duration_or_none("--every", text, 60, 600) is None
    assert values.read_schedule("--every", text) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (90, "90s"), (3600, "1h"), (5400, "90m"), (86400, "1d"), (90000, "25h")],
)
def test_a_span_is_told_in_the_largest_unit_that_divides_it(seconds: int, text: str) -> None:
    assert values.span(seconds) == text


@pytest.mark.parametrize(
    ("text", "found"), [("0", 0), ("7", 7), (" 10 ", 10), ("-1", None), ("11", None), ("1.0", None), ("٣", None)]
)
def test_a_whole_number_is_read_within_its_range(text: str, found: int | None) -> None:
    if found is None:
        with pytest.raises(InvalidError):
            values.whole("--buffer", text, 0, 10)
    else:
        assert values.whole("--buffer", text, 0, 10) == found
        assert values.whole_or_none("--buffer", text, 0, 10) == found
    assert values.whole_or_none("--buffer", " None ") is None


def test_the_largest_quantity_is_a_billion() -> None:
    assert values.whole("--buffer", "1000000000") == 10**9
    with pytest.raises(InvalidError):
        values.whole("--buffer", "1000000001")


@pytest.mark.parametrize(("text", "on"), [("on", True), (" ON ", True), ("off", False), ("Off", False)])
def test_a_switch_is_on_or_off(text: str, on: bool) -> None:
    assert values.switch("--sync", text) is on
    with pytest.raises(InvalidError):
        values.switch("--sync", text + "!")


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (values.line, "x" * values.TEXT_MOST, "x" * (values.TEXT_MOST + 1)),
        (values.line, "", "a\nb"),
        (values.name, "x" * values.NAME_MOST, "x" * (values.NAME_MOST + 1)),
        (values.name, "Shop 2", "2"),
        (values.name, "a", " "),
        (web_address, "https://a.test", "ftp://a.test"),
        (web_address, "http://a.test:1/x", "http://a.test:0/x"),
        (web_address, "https://a.test/x", "https://user@a.test/x"),
        (web_address, "https://a.test/y", "https://:word@a.test/y"),
        (web_address, "https://a.test/z", "https://a.test/z?key=1"),
        (web_address, "https://a.test/v", "https://a.test/v#part"),
        (web_address, "https://a.test/w", "https://a.test/w?"),
        (web_address, "https://b.test/w", "https:///w"),
        (values.secret, "env:A_1", "env:1A"),
        (values.secret, "file:/a b", "file: a"),
        (values.secret, "command:pass show x", "hunter2"),
        (values.secret, "", " "),
    ],
)
def test_what_may_be_saved_is_told_from_what_may_not(read: Callable[[str, str], Any], good: str, bad: str) -> None:
    assert read("--field", good) == good
    with pytest.raises(InvalidError) as refused:
        read("--field", bad)
    assert refused.value.field == "--field"
    assert "hunter2" not in str(refused.value)


def test_an_address_is_kept_without_the_slash_at_its_end() -> None:
    assert web_address("--url", " https://a.test/x/ ") == "https://a.test/x"


def test_options_are_put_on_top_and_taken_away() -> None:
    present = {"shop": "main", "place": "east"}
    assert values.options(["shop=other", "place=", "new.x=a=b"], present) == {"shop": "other", "new.x": "a=b"}
    assert present == {"shop": "main", "place": "east"}
    for wrong in ("shop", "=x", "1a=x", "api_key=x", "My_Password=x", f"{'a' * 51}=x"):
        with pytest.raises(InvalidError):
            values.options([wrong], present)
    assert values.options([f"{'a' * 50}=x"]) == {"a" * 50: "x"}


@pytest.mark.parametrize("text", ["", "  "])
def test_a_reason_says_something(text: str) -> None:
    with pytest.raises(InvalidError):
        values.reason(text)
    assert values.reason(" counted again ") == "counted again"


# --- times ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (-5, "just now"), (0, "just now"), (1, "1 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3599, "59 min ago"),
        (3600, "1 h ago"), (86399, "23 h ago"), (86400, "1 day ago"), (172800, "2 days ago"),
    ],
)  # fmt: skip
def test_an_age_is_told_in_its_largest_unit(passed: int, text: str) -> None:
    assert ago(NOW - passed, NOW) == text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("-2h", NOW - 7200), ("2 hours ago", NOW - 7200), ("90 secs", NOW - 90), ("1 week ago", NOW - 7 * 86400),
        ("-1d", NOW - 86400), ("3 min ago", NOW - 180), ("100000000", 100_000_000), (str(NOW), NOW),
        ("2025-10-09T08:53:20Z", NOW), ("2025-10-09T10:53:20+02:00", NOW),
    ],
)  # fmt: skip
def test_a_point_in_time_is_read_in_each_of_its_ways(text: str, at: int) -> None:
    assert moment("--at", text, NOW) == at


@pytest.mark.parametrize(
    "text", [str(NOW + 1), "99999999", "2 moons ago", "tomorrow", "", "2025-10-09T08:53:21Z", "1" * 13]
)
def test_what_is_no_time_or_in_the_future_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        moment("--at", text, NOW)


def test_no_time_at_all_ago_is_before_now() -> None:
    assert moment("--at", "0 s ago", NOW) == NOW - 1
