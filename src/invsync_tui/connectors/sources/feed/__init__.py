"""A feed as a source: stock in CSV, TSV or Excel files that another system writes.

The SKU is the product's reference, or the column that the option `id` names; a row without a SKU goes by its first other
code. `open` copies the files into a private folder, reads them into a temporary SQLite file in a thread, and refuses a
file as a whole where it is not complete, too old, or without a row that can be read. Pages are reads of that file.

A cursor carries the file's fingerprint: a download that goes on with another file begins the stage anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from invsync_tui import clock
from invsync_tui.connectors.base import (
    Absent,
    Budget,
    CheckStep,
    Connection,
    LevelRow,
    Page,
    ProductRow,
    SourceCapabilities,
    WarehouseRow,
    run_check_steps,
)
from invsync_tui.connectors.errors import ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.network.private_folders import private_folder
from invsync_tui.connectors.sources.feed import checks
from invsync_tui.connectors.sources.feed.about import ABOUT
from invsync_tui.connectors.sources.feed.example import example
from invsync_tui.connectors.sources.feed.file_order import mark_of
from invsync_tui.connectors.sources.feed.finding import FoundFiles, find_files, identity_of, place_of, refuse_old
from invsync_tui.connectors.sources.feed.loading import Loaded
from invsync_tui.connectors.sources.feed.places import FeedFile, FeedFolder
from invsync_tui.connectors.sources.feed.reading import Fetched, read_files
from invsync_tui.connectors.sources.feed.settings import FeedSettings, parse_covers, parse_settings
from invsync_tui.connectors.sources.feed.staging import Rows, Staging
from invsync_tui.plain_text import counted

PAGE_SIZE = 2000
_FOLDER = "invsync-feed-"
"""Temporary folders are called so."""


def _size(path: Path) -> int:
    return path.stat().st_size


def _absent(text: str) -> Absent:
    """What the option says; the default for a text that is none of its choices, which `open` refuses."""
    return Absent(text.strip()) if text.strip() in set(Absent) else Absent.UNKNOWN


def _fingerprint(paths: Sequence[Path]) -> str:
    """Of the content of some files. It names a version of them and protects nothing."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:12]


class FeedSource:
    """One folder of files, or one file."""

    capabilities: SourceCapabilities
    about = ABOUT
    review = staticmethod(checks.review)
    example = staticmethod(example)

    def __init__(self, connection: Connection) -> None:
        absent = _absent(connection.options.get("absent", ""))
        self.capabilities = SourceCapabilities(
            # A file with changes alone says of the rest that it is as before, so that its reading is as new as the file.
            reports_reading_time=absent is not Absent.UNCHANGED,
            page_size=PAGE_SIZE,
            refuses_older=True,
            absent=absent,
        )
        self._covers = parse_covers(connection.options.get("covers", ""))
        self._connection = connection
        self._settings: FeedSettings | None = None
        self._place: FeedFolder | None = None
        self._found_files: FoundFiles | None = None
        self._folder: Path | None = None
        self._staging: Staging | None = None
        self._loaded: Loaded | None = None
        self._fingerprint = ""

    async def open(self) -> None:
        """Find, copy and read the files. NotConfiguredError, UnavailableError or ContractError where that is not possible."""
        await self._connect()
        await self._find()
        await self._fetch_and_read()

    async def close(self) -> None:
        """Delete the copies and leave the place."""
        staging, self._staging = self._staging, None
        if staging is not None:
            await asyncio.to_thread(staging.close)
        folder, self._folder = self._folder, None
        if folder is not None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        place, self._place = self._place, None
        if place is not None:
            await place.close()

    def budget(self) -> Budget | None:
        """Files have no rate limit."""
        return None

    # --- opening -----------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._settings = parse_settings(self._connection.options)
        try:
            async with asyncio.timeout(self._connection.deadline):  # a network disk may not answer
                place, self._names = await asyncio.to_thread(place_of, self._connection, self._settings)
        except TimeoutError:
            raise UnavailableError(f"{self._connection.url} does not answer.", where=self._connection.name) from None
        self._place = place
        await place.open()

    async def _find(self) -> None:
        place, settings = self._opened_place()
        self._found_files = await find_files(place, settings, self._names)

    async def _fetch_and_read(self) -> None:
        place, settings = self._opened_place()
        if self._found_files is None:
            raise NotConfiguredError("The feed is not open.", where=self._connection.name)
        self._folder = await asyncio.to_thread(private_folder, _FOLDER)
        files: list[Fetched] = []
        arrived: list[FeedFile] = []
        for number, file in enumerate(self._found_files.all):
            target = self._folder / f"file{number}"
            arrived.append(await place.fetch(file, target, settings.max_size))
            size = await asyncio.to_thread(_size, target)
            if await place.look(file) != file or file.size not in (None, size):
                raise UnavailableError(
                    f"{file.name} changed while it was read.", advice="It is read again in the next run."
                )
            files.append(Fetched(target, file.name, file is self._found_files.products))
        self._found_files = self._found_files.arrived(arrived)
        refuse_old(self._found_files.stock, settings, self._now())
        self._fingerprint = await asyncio.to_thread(_fingerprint, [file.path for file in files])
        self._staging = await asyncio.to_thread(Staging, self._folder / "staging.db")
        self._loaded = await self._read(files, settings, self._staging)

    async def _read(self, files: list[Fetched], settings: FeedSettings, staging: Staging) -> Loaded:
        """In a thread that ends soon after this is canceled, and before the files are deleted."""
        stop = threading.Event()
        reading = asyncio.ensure_future(asyncio.to_thread(read_files, files, settings, staging, stop))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.gather(reading, return_exceptions=True)
            raise

    def _opened_place(self) -> tuple[FeedFolder, FeedSettings]:
        if self._place is None or self._settings is None:
            raise NotConfiguredError("The feed is not open.", where=self._connection.name)
        return self._place, self._settings

    def _opened(self) -> tuple[Staging, Loaded]:
        if self._staging is None or self._loaded is None:
            raise NotConfiguredError("The feed is not open.", where=self._connection.name)
        return self._staging, self._loaded

    # --- reading -----------------------------------------------------------------------------------------------------

    async def identity(self) -> Mapping[str, str]:
        """Where the files lie and what they are called. Files do not say whose they are, and files of several companies
        differ by nothing else: an operator who names another place confirms once that it has the same company's stock."""
        return identity_of(self._connection, self._opened_place()[1])

    async def mark(self) -> str:
        """What decides which file is the newest: the date in its name, the numbers in it, or the file's time."""
        self._opened()
        if self._found_files is None or self._settings is None:
            return ""
        return mark_of(self._found_files.stock, self._found_files.choice.order, self._settings.name_date)

    async def warehouses(self) -> Sequence[WarehouseRow]:
        """Those that the file names, in the order of their first row; '' is Default."""
        _, loaded = self._opened()
        return [WarehouseRow(name, name or "Default", name or "Default") for name in loaded.warehouses]

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        """All products in the order of the file; behind them the rows that name none, and codes that cannot be read."""
        staging, _ = self._opened()
        size = self.capabilities.page_size
        stage, after = self._position(cursor)
        if stage == "lost":
            part = await asyncio.to_thread(staging.lost, after, size)
            return Page((), self._cursor("lost", part.after), rejected=part.rejected)
        part = await asyncio.to_thread(staging.products, after, size)
        if part.after is not None:
            return Page(part.rows, self._cursor("rows", part.after))  # type: ignore[arg-type]
        lost = await asyncio.to_thread(staging.lost, 0, size)
        return Page(part.rows, self._cursor("lost", lost.after), rejected=lost.rejected)  # type: ignore[arg-type]

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """Levels of one warehouse in the order of the file."""
        staging, _ = self._opened()
        size = self.capabilities.page_size
        _, after = self._position(cursor)
        part: Rows = await asyncio.to_thread(staging.levels, warehouse.ref, after, size, self._read_at())
        rejected = list(part.rejected)
        if part.after is None and await asyncio.to_thread(staging.has_unnamed):
            # Any product may be the one that such a row is about: nothing here counts as no longer reported.
            rejected.append(("?", "rows that name no product may belong to this warehouse"))
        return Page(part.rows, self._cursor("rows", part.after), rejected=rejected)  # type: ignore[arg-type]

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """A file has no changes."""
        raise NotConfiguredError("A feed is read as a whole.", where=self._connection.name)

    async def notes(self) -> Mapping[str, int]:
        """Rows read and rejected, names that were repaired, and the time of the file."""
        staging, loaded = self._opened()
        good, bad = await asyncio.to_thread(staging.counts)
        return {
            "rows": good, "rejected": bad, "repaired_names": loaded.repaired, "file_time": self._file_time(),
            "newest_in_doubt": int(bool(self._found_files and self._found_files.choice.doubt)),
        }  # fmt: skip

    async def reported(self) -> int | None:
        """Rows of the files where what they lack is 0 or only a part is covered; None where products are counted."""
        if self.capabilities.absent is Absent.ZERO or (self._covers and self.capabilities.absent is Absent.UNKNOWN):
            return await asyncio.to_thread(self._opened()[0].rows_reported)
        return None

    def covers(self, ref: str) -> bool:
        """Whether the files are about the product, by the option covers."""
        return not self._covers or ref.startswith(self._covers)

    async def finished(self) -> None:
        """Move the files that were read, and older ones, to the archive."""
        place, settings = self._opened_place()
        if settings.archive and self._found_files is not None:
            await place.archive([file.name for file in self._found_files.done if not file.archived])

    def _read_at(self) -> int | None:
        """The oldest of the files' times, at the latest now; None where the place does not say, and for files of changes."""
        if self.capabilities.absent is Absent.UNCHANGED:
            return None
        times = [file.time for file in self._found_files.stock] if self._found_files else []
        known = [moment for moment in times if moment is not None]
        return min(*known, int(self._now())) if known and len(known) == len(times) else None

    def _file_time(self) -> int:
        """When the files were written, by our clock: the oldest, or of files of changes the newest; 0 where nobody says."""
        times = [file.time for file in self._found_files.stock if file.time is not None] if self._found_files else []
        if self.capabilities.absent is Absent.UNCHANGED and times:
            return max(times) - round(self._offset())
        read_at = self._read_at()
        return 0 if read_at is None else read_at - round(self._offset())

    async def clock_offset(self) -> float | None:
        """Seconds by which the clock that the files are stamped with is ahead of ours; None where nobody says."""
        return self._opened_place()[0].clock_offset

    def _now(self) -> float:
        """By the clock that the files are stamped with."""
        return clock.now() + self._offset()

    def _offset(self) -> float:
        return (self._place.clock_offset if self._place else None) or 0.0

    def _cursor(self, stage: str, after: int | None) -> str | None:
        return None if after is None else f"{self._fingerprint}:{stage}:{after}"

    def _position(self, cursor: str | None) -> tuple[str, int]:
        """(part of the stage, row number behind which it goes on); the beginning for a cursor of another file."""
        if cursor is None:
            return "rows", 0
        try:
            fingerprint, stage, after = cursor.split(":")
            return (stage, int(after)) if fingerprint == self._fingerprint else ("rows", 0)
        except ValueError as error:
            raise ContractError(f"{cursor!r} is not a cursor of this connector.") from error

    # --- the connection test -----------------------------------------------------------------------------------------

    async def check(self) -> AsyncIterator[CheckStep]:
        """Place, file, rows, columns and the first rows as they were understood."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("address", self._check_place),
            ("file", self._check_file),
            ("rows", self._check_rows),
            ("columns", self._check_columns),
            ("warehouses", self._check_warehouses),
        ]
        ended_well = True
        async for step in run_check_steps(steps):
            ended_well = step.ok
            yield step
        if ended_well:
            for number, text in enumerate(self._opened()[1].preview, 1):
                yield CheckStep(f"row {number}", ok=True, detail=text)

    async def preview(self, name: str) -> Sequence[str]:
        """`columns`: the file, what each column was taken for, and the first rows as they were understood."""
        await self._connect()
        files, rows = await self._check_file(), await self._check_rows()
        loaded = self._opened()[1]
        first = [f"row {number}: {text}" for number, text in enumerate(loaded.preview, 1)]
        return [files, rows, *loaded.columns, *first]

    async def _check_place(self) -> str:
        await self._connect()
        return f"{self._connection.url} can be read."

    async def _check_file(self) -> str:
        await self._find()
        if self._found_files is None:
            return ""
        return self._found_files.described(self._now())

    async def _check_rows(self) -> str:
        await self._fetch_and_read()
        staging, loaded = self._opened()
        good, bad = await asyncio.to_thread(staging.counts)
        text = f"{counted(good, 'row')} understood, {bad} rejected."
        if bad:
            text += f" The first: {next(iter(staging.rejects()))[2]}."
        if loaded.repaired:
            text += f" {counted(loaded.repaired, 'name')} with bytes that are not of this encoding."
        return text

    async def _check_columns(self) -> str:
        return "; ".join(self._opened()[1].columns)

    async def _check_warehouses(self) -> str:
        rows = await self.warehouses()
        return f"{len(rows)} named: {', '.join(row.name for row in rows[:20])}."
