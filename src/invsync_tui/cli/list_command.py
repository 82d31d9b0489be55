"""What every command that prints a long list shares: options, pages with a token for the next one, text, JSON and CSV."""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from invsync_tui.cli.output import Output, print_data
from invsync_tui.cli.parser import UsageError, add_moment
from invsync_tui.cli.text import table

if TYPE_CHECKING:
    from invsync_tui.operations.lists.export import Cell
    from invsync_tui.operations.lists.rows import Ordering, Rows
    from invsync_tui.rules.listing_filter import Language

Line = TypeVar("Line")

WHEN = "a date, a time, -2d, '2 hours ago', or epoch seconds"
LIMIT, LIMIT_MOST = 50, 100_000
FIRST_SIGN = "-"
"""In front of a column: descending."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[Line]):
    """How lines of a list are printed: `cells` for CSV under `columns`, `record` for JSON, `text` for a reader."""

    columns: Sequence[str]
    cells: Callable[[Line], Sequence[Cell]]
    record: Callable[[Line], Mapping[str, Any]]
    heads: Sequence[str]
    text: Callable[[Line], Sequence[str]]
    empty: str
    """What to say, and to do next, where there is nothing."""


def add_options(parser: argparse.ArgumentParser, limit: int = LIMIT) -> None:
    """--limit, --after and --csv."""
    parser.add_argument("--limit", metavar="N", type=_limit, default=limit, help=f"how many (default {limit})")
    parser.add_argument("--after", metavar="TOKEN", help="the page behind this one: `next` of the JSON document")
    parser.add_argument("--csv", action="store_true", help="print CSV; cells that a spreadsheet would run are defused")


def add_period(parser: argparse.ArgumentParser, which: str = "") -> None:
    """--since and --until, of a list whose lines have a time; `which` says what time it is where there are several."""
    add_moment(parser, "--since", f"{which}not before: {WHEN}")
    add_moment(parser, "--until", f"{which}not after: {WHEN}")


def period(args: argparse.Namespace) -> tuple[int | None, int | None]:
    """The first and the last moment that --since and --until ask for, in epoch seconds; None where one is open."""
    from invsync_tui.operations.time_text import moment

    now = int(time.time())
    since = None if args.since is None else moment("--since", args.since, now)
    return since, None if args.until is None else moment("--until", args.until, now)


def add_sort(parser: argparse.ArgumentParser, columns: str) -> None:
    """Add the option --sort with the columns that it takes."""
    parser.add_argument(
        "--sort", metavar="COL", help=f"by {columns}; {FIRST_SIGN}COL (as --sort={FIRST_SIGN}COL): descending"
    )


def add_filter(parser: argparse.ArgumentParser, looked_for: str, example: str) -> None:
    """Add the option --filter: words are looked for in something, `example` is a condition that the list knows."""
    parser.add_argument(
        "--filter",
        metavar="TEXT",
        default="",
        help=f"{looked_for}, conditions such as {example!r}, or @NAME of a saved filter",
    )


def filter_text(args: argparse.Namespace, language: Language | None = None) -> str:
    """The filter that is asked for, by its saved name too, in the language of its list; UsageError if it means nothing."""
    from invsync_tui.preferences import Preferences, UnknownFilterError
    from invsync_tui.rules.listing_filter import FilterError, parse

    try:
        text = Preferences.of(os.environ).filter_text(args.filter)
        parse(text, language)
    except (FilterError, UnknownFilterError) as error:
        raise UsageError(f"--filter: {error}") from error
    return text


def ordering(args: argparse.Namespace) -> Ordering | None:
    """What --sort asks for."""
    from invsync_tui.operations.lists.rows import Ordering

    if not args.sort:
        return None
    return Ordering(args.sort.removeprefix(FIRST_SIGN), args.sort.startswith(FIRST_SIGN))


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LIMIT_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number from 1 to {LIMIT_MOST}")
    return int(text)


def token(key: Sequence[Any]) -> str:
    """A place in a list as one word."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def place(text: str | None) -> tuple[Any, ...] | None:
    """The place of a token; None for no token."""
    if text is None:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        parts = None
    if not isinstance(parts, list) or not all(isinstance(part, str | int | None) for part in parts):
        raise UsageError(f"--after: {text!r} is not the `next` of a page. Leave it out for the first page.")
    return tuple(parts)


def page(args: argparse.Namespace, rows: Rows[Line]) -> tuple[Sequence[Line], str | None]:
    """The lines that are asked for, and the token of the next page; None on the last one."""
    from invsync_tui.operations.errors import OperationError

    try:
        after = rows.after(place(args.after), args.limit + 1)
    except OperationError as error:
        if args.after is None:
            raise
        raise UsageError(f"--after: this token is of another list or order ({error}).") from error
    page = after[: args.limit]
    return page, token(rows.key(page[-1])) if len(after) > args.limit else None


def print_page(
    args: argparse.Namespace,
    name: str,
    shape: Shape[Line],
    lines_and_next: tuple[Sequence[Line], str | None],
    more: Mapping[str, Any],
) -> None:
    """Print a page as it was asked for. In JSON it is `name`, with `next` and whatever else belongs to it."""
    lines, following = lines_and_next
    output = Output(args)
    if args.csv and not output.json:
        print_csv(shape.columns, [shape.cells(line) for line in lines])
        return
    output.text(table(shape.heads, [shape.text(line) for line in lines]) if lines else [shape.empty])
    if following:
        output.text(f"\nMore: --after {following}")
    output.document({name: [shape.record(line) for line in lines], "next": following, **more})


def print_csv(columns: Sequence[str], lines: Sequence[Sequence[Cell]]) -> None:
    """Print lines under their columns; cells that a spreadsheet would run are defused."""
    from invsync_tui.operations.lists.export import line as csv_line

    print_data([csv_line(columns), *(csv_line(cells) for cells in lines)])


def whole(
    lines: Sequence[Line], args: argparse.Namespace, number: Callable[[Line], int]
) -> tuple[Sequence[Line], str | None]:
    """A page of a short list that is in memory anyway; its places are the numbers of its lines."""
    start = place(args.after)
    rest = lines
    if start is not None:
        known = [number(line) for line in lines]
        if len(start) != 1 or start[0] not in known:
            raise UsageError("--after: this token is of another list. Leave it out for the first page.")
        rest = lines[known.index(start[0]) + 1 :]
    page = rest[: args.limit]
    return page, token((number(page[-1]),)) if len(rest) > args.limit else None


def counted(rows: Rows[Any]) -> Mapping[str, Any]:
    """How many there are, as JSON has it."""
    count = rows.count()
    return {"count": {"n": count.n, "exact": count.exact}}
