"""Which of several files is the newest, by names of every form that warehouse systems give them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.checks import reviews
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.feed.file_order import DateInName, Order, choose, unclear
from invsync_tui.connectors.sources.feed.places import FeedFile
from invsync_tui.connectors.sources.feed.settings import parse_settings
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.connectors.feed import HEAD, facts, source, write
from tests.support.connectors.feed_files import bench_with, known

DAY = 86_400


@pytest.fixture
def new_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 1, 2, 12, tzinfo=UTC).timestamp())


@pytest.mark.usefixtures("new_year")
@pytest.mark.parametrize(
    "name",
    [
        "stock_31-12-2026.csv", "stock_12-31-2026.csv", "31.12.2026 stock.csv", "stock_1_1_2027.csv", "stock_31122026.csv",
        "stock_12312026.csv", "stock_20122026.csv", "stock_31122026_0930.csv", "stock_311226.csv", "stock_31-12-26.csv",
        "stock_31-12-2026_1200.csv", "stock_311220261530.csv", "31-Dec-2026.csv", "stock_Dec31.csv", "stock_31-12.csv",
    ],
)  # fmt: skip
def test_names_whose_numbers_do_not_grow_with_the_time(name: str) -> None:
    assert unclear(name)


@pytest.mark.usefixtures("new_year")
@pytest.mark.parametrize(
    "name",
    [
        "stock_2026-12-31.csv", "stock_20261231.csv", "stock_20261231_0930.csv", "stock_202612310930.csv", "stock_2026_7.csv",
        "stock_261231.csv", "stock_26-12-31.csv", "stock_9.csv", "stock_000123.csv", "stock_1767225600.csv", "stock.csv",
        "stock_12.csv", "wh2_2026-12-31_10.csv", "stock_99999999.csv",
    ],
)  # fmt: skip
def test_names_whose_numbers_grow_with_the_time(name: str) -> None:
    assert not unclear(name)


@pytest.mark.parametrize(
    ("pattern", "name", "moment"),
    [
        ("DD-MM-YYYY", "stock_31-12-2026.csv", "2026-12-31T00:00:00"),
        ("DD-MM-YYYY", "stock_1-2-2026.csv", "2026-02-01T00:00:00"),
        ("MM-DD-YYYY", "stock_12-31-2026.csv", "2026-12-31T00:00:00"),
        ("DDMMYYYY", "stock_31122026.csv", "2026-12-31T00:00:00"),
        ("DDMMYYYY", "stock_3112202.csv", ""),
        ("DDMMYY_hhmm", "10_311226_0930.csv", "2026-12-31T09:30:00"),
        ("DD-MMM-YYYY", "31-dec-2026.csv", "2026-12-31T00:00:00"),
        ("DD MMM YYYY", "31 December 2026.csv", "2026-12-31T00:00:00"),
        ("YYYY-MM-DDThh.mm.ss", "2026-12-31T23.59.58.csv", "2026-12-31T23:59:58"),
        ("MM.YYYY", "stock 12.2026.csv", "2026-12-01T00:00:00"),
        ("DD-MM-YYYY", "stock_31-02-2026.csv", ""),
        ("DD-MM-YYYY", "stock.csv", ""),
    ],
)
def test_the_date_in_a_name(pattern: str, name: str, moment: str) -> None:
    found = DateInName(pattern).of(name)
    assert (found.strftime("%Y-%m-%dT%H:%M:%S") if found else "") == moment


@pytest.mark.parametrize("pattern", ["DD-MM", "%d-%m-%Y", "day", "DD-DD-YYYY", "MM-MMM-YYYY", "YY-YYYY", "dd-mm-yyyy"])
def test_a_form_of_date_that_cannot_be_one_is_refused(pattern: str) -> None:
    with pytest.raises(NotConfiguredError, match="name_date"):
        DateInName(pattern)


def files(*names_and_times: tuple[str, int | None]) -> list[FeedFile]:
    return [FeedFile(name, 1, time) for name, time in names_and_times]


@pytest.mark.usefixtures("new_year")
@pytest.mark.parametrize("form", ["{:%d-%m-%Y}", "{:%m-%d-%Y}", "{:%d%m%Y}", "{:%d-%b-%Y}", "{:%d.%m.%y}", "{:%Y%m%d}"])
def test_over_a_turn_of_the_year_the_newest_is_the_newest_whatever_form_the_names_have(form: str) -> None:
    days = [datetime(2026, 12, 29, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    named = files(*((f"stock_{form.format(day)}.csv", int(day.timestamp())) for day in days))
    chosen = choose(named, parse_settings({"file": "stock_*.csv"}), "stock_*.csv")
    assert chosen.files == [named[2]]
    assert bool(chosen.doubt) == (form != "{:%Y%m%d}")


def test_with_name_date_the_date_decides_and_not_the_time() -> None:
    named = files(("stock_31-12-2026.csv", 900), ("stock_01-01-2027.csv", 500), ("stock_old.csv", 1000))
    chosen = choose(named, parse_settings({"name_date": "DD-MM-YYYY"}), "stock_*.csv")
    assert (chosen.files, chosen.order, chosen.undated, chosen.doubt) == ([named[1]], Order.DATE, 1, "")


def test_unclear_names_without_times_are_refused_rather_than_guessed() -> None:
    named = files(("stock_31-12-2026.csv", None), ("stock_01-01-2027.csv", None))
    with pytest.raises(NotConfiguredError, match="day or month before the year") as refused:
        choose(named, parse_settings({}), "stock_*.csv")
    assert "name_date" in refused.value.advice


def test_no_name_with_a_date_of_the_form_is_refused() -> None:
    with pytest.raises(NotConfiguredError, match="No name has a date like DD-MM-YYYY"):
        choose(files(("stock_20261231.csv", 1)), parse_settings({"name_date": "DD-MM-YYYY"}), "stock_*.csv")


def test_a_file_with_a_lower_name_that_was_written_later_is_told() -> None:
    named = files(("stock_99.csv", 500), ("stock_1.csv", 900))
    chosen = choose(named, parse_settings({}), "stock_*.csv")
    assert chosen.files == [named[0]] and "1 file was written after it, such as stock_1.csv" in chosen.doubt


@pytest.mark.parametrize("options", [{}, {"name_date": "DD-MM-YYYY"}])
async def test_a_shop_goes_on_over_the_turn_of_the_year(tmp_path: Path, options: dict[str, str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    bench = bench_with(folder, tmp_path, file="stock_*.csv", **options)
    write(folder / "stock_31-12-2026.csv", HEAD + "A-1,5\n", age=2 * DAY)
    assert (await bench.pull()).state == "done"
    write(folder / "stock_01-01-2027.csv", HEAD + "A-1,6\n", age=DAY)
    run = await bench.pull()
    assert (run.state, run.error, known(bench)) == ("done", "", {("Default", "A-1"): 6})
    # and what is older is refused still
    (folder / "stock_01-01-2027.csv").unlink()
    run = await bench.pull()
    assert run.state == "failed" and "is older than what was read last" in run.error


async def test_a_shop_that_was_frozen_by_a_mark_of_before_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    bench = bench_with(folder, tmp_path, file="stock_*.csv")
    write(folder / "stock_31-12-2026.csv", HEAD + "A-1,5\n", age=2 * DAY)
    assert (await bench.pull()).state == "done"
    with bench.store.transaction() as tx:
        tx.execute(
            "UPDATE source SET mark = '000000000000310000000000001200000000002026' WHERE merchant_id = ?",
            (bench.merchant,),
        )
    write(folder / "stock_01-01-2027.csv", HEAD + "A-1,6\n", age=DAY)
    assert (await bench.pull()).state == "done" and known(bench) == {("Default", "A-1"): 6}


async def test_the_connection_test_says_which_file_was_taken_and_why(tmp_path: Path) -> None:
    write(tmp_path / "stock_31-12-2026.csv", HEAD + "A-1,5\n", age=2 * DAY)
    write(tmp_path / "stock_01-01-2027.csv", HEAD + "A-1,6\n", age=DAY)
    for options, words in (
        ({}, ("Of 2 files stock_01-01-2027.csv is read: it was written last", "Warning: There are names with the day")),
        ({"name_date": "DD-MM-YYYY"}, ("stock_01-01-2027.csv is read: its name has the newest date, 2027-01-01",)),
    ):
        feed = source(tmp_path, file="stock_*.csv", **options)
        steps = {step.name: step async for step in feed.check()}
        await feed.close()
        assert all(word in steps["file"].detail for word in words), steps["file"].detail
        assert ("Warning" in steps["file"].detail) == (not options)


@pytest.mark.parametrize(("notes", "verdict"), [({}, Verdict.SKIPPED), ({"newest_in_doubt": 0}, Verdict.PASS),
                                                ({"newest_in_doubt": 1}, Verdict.UNKNOWN)])  # fmt: skip
def test_the_doctor_says_that_it_is_not_sure_which_file_is_the_newest(notes: dict[str, int], verdict: Verdict) -> None:
    found = {review.id: review for review in reviews(facts(notes=notes))}
    assert found["feed.newest"].verdict is verdict
    assert (verdict is Verdict.UNKNOWN) == ("--option name_date=DD-MM-YYYY" in (found["feed.newest"].fix or ""))
