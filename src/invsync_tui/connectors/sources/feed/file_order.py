"""Which of several files of a feed is the newest: by the date in its name, by the numbers in it, or by when it was written.

Numbers in names compare from left to right, so a name that begins with the day or the month would stand still at the turn of
a month or a year: `stock_31-12-2026` is higher than `stock_01-01-2027`. Of such names the time that the file was written
decides, unless the option `name_date` says where the date is.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.connectors.base import Absent
from invsync_tui.connectors.errors import NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.feed.places import FeedFile
from invsync_tui.connectors.sources.feed.settings import FeedSettings, is_pattern
from invsync_tui.plain_text import counted

_NUMBER_WIDTH = 14
"""Digits of a number in a file's name, filled up: names compare as their numbers do."""
_MONTHS = "|".join(name.lower() for name in calendar.month_abbr if name)


class Order(StrEnum):
    """What decides which file is the newest; also the first word of a mark, since marks of two kinds do not compare."""

    DATE = "date"
    """The date in the name, as the option name_date says."""
    NAME = "name"
    """The numbers in the name, from left to right."""
    TIME = "time"
    """When the file was written."""


class Choice(NamedTuple):
    """The files to read. `doubt` says why the choice may be another than the operator means; '' for none."""

    files: list[FeedFile]
    order: Order
    why: str = ""
    doubt: str = ""
    undated: int = 0
    """Files whose name has no date where one was to be there; they are not looked at."""


# --- dates in names ----------------------------------------------------------------------------------------------------

_TOKENS = {
    "YYYY": r"(?P<year>[0-9]{4})", "YY": r"(?P<short>[0-9]{2})", "MMM": rf"(?P<word>{_MONTHS})[a-z]*",
    "MM": r"(?P<month>[0-9]{1,2})", "DD": r"(?P<day>[0-9]{1,2})", "hh": r"(?P<hour>[0-9]{2})",
    "mm": r"(?P<minute>[0-9]{2})", "ss": r"(?P<second>[0-9]{2})",
}  # fmt: skip
_TOKEN = re.compile("YYYY|YY|MMM|MM|DD|hh|mm|ss")


class DateInName:
    """The option name_date, such as DD-MM-YYYY: where names have their date. NotConfiguredError for one without a year."""

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = _TOKEN.findall(text)
        parts = _TOKEN.split(text)
        wrong = len(set(tokens)) < len(tokens) or {"MM", "MMM"} <= set(tokens) or {"YYYY", "YY"} <= set(tokens)
        if wrong or not {"YYYY", "YY"} & set(tokens) or re.search("[0-9A-Za-z]{2}", "/".join(parts).replace("T", "/")):
            raise NotConfiguredError(
                f"The option name_date is {text!r}.",
                advice="Write the date as it stands in the names, with YYYY or YY, MM or MMM, DD, hh, mm, ss: DD-MM-YYYY.",
            )
        # Digits that touch, as in DDMMYYYY, can only be told apart by their number.
        touching = {token for token, behind in zip(tokens, parts[1:-1], strict=False) if not behind}
        touching |= {token for token, before in zip(tokens[1:], parts[1:-1], strict=False) if not before}
        pieces = [re.escape(parts[0])]
        for token, behind in zip(tokens, parts[1:], strict=True):
            piece = _TOKENS[token]
            pieces += [piece.replace("{1,2}", "{2}") if token in touching else piece, re.escape(behind)]
        self._find = re.compile(f"(?<![0-9]){''.join(pieces)}(?![0-9])", re.IGNORECASE)

    def of(self, name: str) -> datetime | None:
        """The first date of this form in a name; None where it has none."""
        for match in self._find.finditer(name):
            part = match.groupdict()
            year = int(part.get("year") or 0) or 2000 + int(part.get("short") or 0)
            word = part.get("word")
            month = _MONTHS.split("|").index(word.lower()) + 1 if word else int(part.get("month") or 1)
            hour, minute, seconds = (int(part.get(name) or 0) for name in ("hour", "minute", "second"))
            try:
                return datetime(year, month, int(part.get("day") or 1), hour, minute, seconds, tzinfo=UTC)
            except ValueError:
                continue
        return None


# --- names whose numbers do not grow with the time ----------------------------------------------------------------------

_DAY_MONTH_YEAR = re.compile(r"(?<![0-9])([0-9]{1,2})[-_. ]([0-9]{1,2})[-_. ]20[0-9]{2}(?![0-9])")
_YEAR_FIRST = re.compile(
    r"(?<![0-9])20[0-9]{2}([-_. ]?)(0?[1-9]|1[0-2])\1(0?[1-9]|[12][0-9]|3[01])(?![0-9]{1,3}(?![0-9]))"
    r"|(?<![0-9])(?<![0-9][-_. ])20[0-9]{2}[-_. ]?(0?[1-9]|1[0-2])(?![0-9])"
)
_MONTH_WORD = re.compile(rf"([0-9][-_. ]?({_MONTHS})[a-z]*|(?<![a-z])({_MONTHS})[a-z]*[-_. ]?[0-9])", re.IGNORECASE)
_YEAR_LAST = re.compile(r"(?<![0-9])([0-9]{1,2})[-_. ]([0-9]{1,2})[-_. ](20)?([0-9]{2})(?![0-9])")
_RUN = re.compile(r"(?<![0-9])([0-9]{2})([0-9]{2})((?:20)?[0-9]{2})(?:[0-9]{4}|[0-9]{6})?(?![0-9])")
_NO_YEAR = re.compile(r"(?<![0-9])(?<![0-9][-_. ])([0-9]{1,2})[-_.]([0-9]{1,2})(?![0-9])(?![-_. ][0-9])")


YEAR_LAST = "names with the day or month before the year"


def _is_day_and_month(first: str, second: str) -> bool:
    numbers = sorted((int(first), int(second)))
    return 1 <= numbers[0] <= 12 and numbers[1] <= 31


def _is_near(year: str) -> bool:
    """Whether two digits are a year that files of today may have."""
    return -2 <= int(year) - datetime.fromtimestamp(clock.now(), UTC).year % 100 <= 1


def unclear(name: str) -> str:
    """Why the numbers of a name do not grow with the time; '' where they do, as far as one can see."""
    if (match := _DAY_MONTH_YEAR.search(name)) and _is_day_and_month(*match.groups()):
        return YEAR_LAST
    if _YEAR_FIRST.search(name):
        return ""
    if _MONTH_WORD.search(name):
        return "names with a month in words"
    return _unclear_digits(name)


def _unclear_digits(name: str) -> str:
    if match := _YEAR_LAST.search(name):
        first, second, century, _ = match.groups()
        return YEAR_LAST if _is_day_and_month(first, second) and (century or not _is_near(first)) else ""
    match = _RUN.search(name)
    if match and _is_date_in_a_run(*match.groups()):
        return YEAR_LAST
    match = _NO_YEAR.search(name)
    return "names with a day and a month and no year" if match and _is_day_and_month(*match.groups()) else ""


def _is_date_in_a_run(first: str, second: str, year: str) -> bool:
    """Whether digits that touch are a day, a month and a year rather than a year, a month and a day, or a counter."""
    return _is_day_and_month(first, second) and _is_near(year[-2:]) and (len(year) == 4 or not _is_near(first))


def by_name(name: str) -> tuple[object, ...]:
    """A key by which numbers in names compare as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


# --- the choice -------------------------------------------------------------------------------------------------------


def choose(files: Sequence[FeedFile], settings: FeedSettings, name: str) -> Choice:
    """The files to read, in order; UnavailableError where there is none. `name` is the name or pattern they match."""
    if not files:
        raise UnavailableError(
            f"There is no file {name!r} at the address.", advice="Check the option file and the folder of the address."
        )
    ordered = sorted(files, key=lambda file: by_name(file.name))
    if settings.which == "all":
        changes = settings.absent is Absent.UNCHANGED
        return in_order(ordered, settings) if changes else Choice(ordered, Order.TIME)
    if settings.which == "newest_by_time" or not is_pattern(name):
        return Choice([_written_last(ordered)], Order.TIME, "it was written last")
    if settings.name_date:
        return _by_date(ordered, DateInName(settings.name_date))
    if why := next(filter(None, (unclear(file.name) for file in ordered)), ""):
        return _by_time(ordered, why)
    if not re.search("[0-9]", ordered[-1].name):
        return Choice([ordered[-1]], Order.TIME, "its name is the highest", _later(ordered, ordered[-1]))
    return Choice([ordered[-1]], Order.NAME, "its name has the highest numbers", _later(ordered, ordered[-1]))


def in_order(files: Sequence[FeedFile], settings: FeedSettings) -> Choice:
    """All files from the oldest to the newest, by what `which=newest` goes by."""
    files = sorted(files, key=lambda file: by_name(file.name))
    if settings.name_date:
        date = DateInName(settings.name_date)
        dated = [(moment, at) for at, file in enumerate(files) if (moment := date.of(file.name)) is not None]
        if len(dated) < len(files):
            raise NotConfiguredError(
                f"Not each name has a date like {date.text}: {files[-1].name}.", advice="Correct the option name_date."
            )
        return Choice([files[at] for _, at in sorted(dated)], Order.TIME, "from the oldest date in their names")
    if why := next(filter(None, (unclear(file.name) for file in files)), ""):
        chosen = _by_time(files, why)
        by_time = sorted(files, key=lambda file: file.time or 0)
        return Choice(by_time, Order.TIME, "from the one that was written first", chosen.doubt)
    return Choice(list(files), Order.TIME, "from the lowest numbers in their names")


def _written_last(files: Sequence[FeedFile]) -> FeedFile:
    return max(enumerate(files), key=lambda at: (at[1].time or 0, at[0]))[1]


def _by_date(files: Sequence[FeedFile], date: DateInName) -> Choice:
    dated = [(moment, file) for file in files if (moment := date.of(file.name)) is not None]
    if not dated:
        raise NotConfiguredError(
            f"No name has a date like {date.text}: {files[-1].name}.", advice="Correct the option name_date."
        )
    moment, file = max(enumerate(dated), key=lambda at: (at[1][0], at[0]))[1]
    why = f"its name has the newest date, {moment:%Y-%m-%d}{f'{moment: %H:%M:%S}' if 'hh' in date.text else ''}"
    return Choice([file], Order.DATE, why, undated=len(files) - len(dated))


def _by_time(files: Sequence[FeedFile], why: str) -> Choice:
    advice = "Say where the date is in the names: --option name_date=DD-MM-YYYY"
    if len(files) > 1 and any(file.time is None for file in files):
        raise NotConfiguredError(
            f"There are {why}, and the server does not say when each file was written.", advice=advice
        )
    return Choice(
        [_written_last(files)], Order.TIME, "it was written last",
        f"There are {why}, so the numbers in them do not say which is the newest. {advice}",
    )  # fmt: skip


def _later(files: Sequence[FeedFile], chosen: FeedFile) -> str:
    if chosen.time is None:
        return ""
    later = [file for file in files if (file.time or 0) > chosen.time and not file.archived]
    if not later:
        return ""
    return (
        f"{counted(len(later), 'file was', 'files were')} written after it, such as {_written_last(later).name}. If that is "
        "the newer one, set name_date or which=newest_by_time."
    )


def mark_of(files: Sequence[FeedFile], order: Order, name_date: str = "") -> str:
    """What a later reading is compared with: the order's name and digits that grow; '' where nothing is known."""
    if order is Order.DATE:
        moment = DateInName(name_date).of(files[0].name)
        return f"{order}:{moment:%Y%m%d%H%M%S}" if moment else ""
    if order is Order.NAME:
        return f"{order}:{''.join(number.zfill(_NUMBER_WIDTH) for number in re.findall('[0-9]+', files[0].name))}"
    times = [file.time for file in files]
    return f"{order}:{min(time for time in times if time is not None)}" if None not in times else ""
