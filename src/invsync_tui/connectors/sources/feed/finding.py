"""Finds the files of a feed: where they lie by the address, which of them are read, and whether they are complete."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from invsync_tui import clock
from invsync_tui.connectors.base import Absent, Connection
from invsync_tui.connectors.errors import NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.feed.about import SETTLE
from invsync_tui.connectors.sources.feed.disk import DiskPlace
from invsync_tui.connectors.sources.feed.file_order import Choice, DateInName, Order, choose, in_order
from invsync_tui.connectors.sources.feed.ftp import FtpPlace
from invsync_tui.connectors.sources.feed.places import MARKER, FeedFile, FeedFolder, check_name
from invsync_tui.connectors.sources.feed.settings import FeedSettings, is_pattern
from invsync_tui.connectors.sources.feed.sftp import SftpPlace
from invsync_tui.connectors.sources.feed.web import WebPlace
from invsync_tui.plain_text import counted


class Names(NamedTuple):
    """Names or patterns of the files; `products` is '' for none."""

    stock: str
    products: str


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files to read. `done` are all stock files that need not be looked at again once these are read."""

    stock: tuple[FeedFile, ...]
    products: FeedFile | None
    done: tuple[FeedFile, ...]
    choice: Choice
    """How the stock files were chosen."""
    seen: tuple[FeedFile, ...] = ()
    """All files that the option names."""

    def arrived(self, files: Sequence[FeedFile]) -> FoundFiles:
        """The same with what is known of each of `all` once it was fetched."""
        products = files[0] if self.products is not None else None
        stock = files[1:] if self.products is not None else files
        return replace(self, stock=tuple(stock), products=products)

    def described(self, now: float) -> str:
        """The files with their ages, and why these and no others are read, for the connection test."""
        text = "; ".join(file.described(now) for file in self.all)
        choice = self.choice
        if choice.why and len(self.seen) > 1:
            which = choice.files[0].name if len(choice.files) == 1 else f"{len(choice.files)} files"
            text += f". Of {len(self.seen)} files {which} is read: {choice.why}."
        elif choice.doubt:
            text += "."
        if choice.doubt:
            text += f" Warning: {choice.doubt}"
        if choice.undated:
            text += f" {counted(choice.undated, 'name has', 'names have')} no such date and are not read."
        return text

    @property
    def all(self) -> tuple[FeedFile, ...]:
        """Each file to read."""
        return self.stock if self.products is None else (self.products, *self.stock)


def place_of(connection: Connection, settings: FeedSettings) -> tuple[FeedFolder, Names]:
    """The place of the address and the names there; NotConfiguredError where no file is named."""
    parts = urlsplit(connection.url)
    if parts.scheme not in ("", "file"):
        return _remote_place(connection, settings)
    path = Path(unquote(parts.path) if parts.scheme == "file" else connection.url)
    file = settings.file
    if not file and not path.is_dir():
        path, file = path.parent, path.name
    names = _names(file, settings)
    return DiskPlace(path, settings.archive, connection.deadline, connection.name), names


def identity_of(connection: Connection, settings: FeedSettings) -> dict[str, str]:
    """The place of the stock and the name or pattern of its files, and the login, which has a folder of its own on many servers.

    How it is reached (ftp, ftps, a port) is left out, as the files are the same ones; a query, as it may hold a key.
    """
    parts = urlsplit(connection.url)
    remote = parts.scheme not in ("", "file")
    path = unquote(parts.path) if parts.scheme else connection.url
    if settings.file:
        path = f"{path.rstrip('/')}/{settings.file}"
    if not remote:
        return {"files": path}
    return {"files": f"{parts.hostname or ''}{path}", **({"login": connection.login} if connection.login else {})}


def _remote_place(connection: Connection, settings: FeedSettings) -> tuple[FeedFolder, Names]:
    parts = urlsplit(connection.url)
    folder, file = unquote(parts.path), settings.file
    if not file:
        folder, _, file = folder.rpartition("/")
    names = _names(file, settings)
    if settings.archive and parts.scheme in ("http", "https"):
        raise NotConfiguredError(
            f"There is no archive by {parts.scheme}.", advice="Clear the option archive: --option archive="
        )
    if parts.scheme == "sftp":
        return SftpPlace(connection, folder, settings.archive), names
    if parts.scheme in ("ftp", "ftps"):
        return FtpPlace(connection, folder, settings.archive), names
    if any(map(is_pattern, names)):
        raise NotConfiguredError("A web server has no list of files.", advice="Name one file: --option file=stock.csv")
    return WebPlace(connection, folder), names


def _names(file: str, settings: FeedSettings) -> Names:
    check_name(file, "file")
    if settings.products_file:
        check_name(settings.products_file, "products_file")
    if settings.name_date:
        DateInName(settings.name_date)
    if settings.archive and settings.which == "all" and settings.absent is not Absent.UNCHANGED:
        raise NotConfiguredError(
            "An archive needs one file with all stock.", advice="Set which=newest, or clear the option archive."
        )
    return Names(file, settings.products_file)


async def find_files(place: FeedFolder, settings: FeedSettings, names: Names) -> FoundFiles:
    """The files as they are now. UnavailableError for none, for one that is not complete, and for one that is too old."""
    files: Sequence[FeedFile] = await place.files(names.stock)
    if settings.absent is Absent.UNCHANGED:
        files = _not_read_yet(files, settings)
    if settings.complete == "marker":
        files = [file for file in files if file.archived or await place.has(file.name + MARKER)] or _no_marker(files)
    choice = choose(files, settings, names.stock)
    stock = choice.files
    products = None
    if names.products:
        products = await _products(place, settings, names.products)
    await _refuse_unfinished(place, [*stock, *([products] if products else [])], settings)
    refuse_old(stock, settings, clock.now() + (place.clock_offset or 0.0))
    return FoundFiles(tuple(stock), products, tuple(_done(files, choice, settings)), choice, tuple(files))


def _not_read_yet(files: Sequence[FeedFile], settings: FeedSettings) -> Sequence[FeedFile]:
    """Files of changes that are not in the archive. UnavailableError for one that is older than one that was read: what it
    says may have been overtaken."""
    read, fresh = [file for file in files if file.archived], [file for file in files if not file.archived]
    if not fresh and read:
        raise UnavailableError("There is no new file at the address.", advice="Look at the export of the WMS.")
    if read and fresh and settings.which == "all":
        ordered = in_order([*read, *fresh], settings).files
        late = [
            file
            for at, file in enumerate(ordered)
            if not file.archived and any(other.archived for other in ordered[at + 1 :])
        ]
        if late:
            raise UnavailableError(
                f"{late[0].name} came after a newer file was read.",
                advice="Remove it, or let the WMS write one file with everything.",
            )
    return fresh


def _done(files: Sequence[FeedFile], choice: Choice, settings: FeedSettings) -> list[FeedFile]:
    """Those that are not newer than what was chosen, by what chose it; of files without a date nobody knows it."""
    if choice.order is Order.DATE:
        date = DateInName(settings.name_date)
        return [file for file in files if date.of(file.name) is not None]
    if choice.order is Order.NAME:
        return list(files)
    written = max(file.time or 0 for file in choice.files)
    return [file for file in files if (file.time or 0) <= written]


def _no_marker(files: object) -> list[FeedFile]:
    if files:
        raise UnavailableError(
            f"No file has a marker file ({MARKER}) beside it.",
            advice="It is read once the marker is there; see the option complete.",
        )
    return []


async def _products(place: FeedFolder, settings: FeedSettings, name: str) -> FeedFile:
    """The file with names and codes. Its name may have another form of date than those of the stock, or none."""
    files = await place.files(name)
    if settings.name_date and not any(map(DateInName(settings.name_date).of, (file.name for file in files))):
        settings = replace(settings, name_date="")
    return choose(files, settings, name).files[-1]


async def _refuse_unfinished(place: FeedFolder, files: Sequence[FeedFile], settings: FeedSettings) -> None:
    """Each file is looked at twice, however old it seems: its time is of a clock that may differ from ours by anything,
    also on a disk, which may be of another machine. On one of this machine it is known when it changed last."""
    if settings.complete != "stable" or not place.shows_growth:
        return
    growing = [file for file in files if not file.archived]
    if isinstance(place, DiskPlace):
        growing = [file for file in growing if not await place.at_rest(file)]
    if not growing:
        return
    await asyncio.sleep(SETTLE)
    for file in growing:
        if await place.look(file) != file:
            raise UnavailableError(f"{file.name} is still being written.", advice="It is read in the next run.")


def refuse_old(files: Sequence[FeedFile], settings: FeedSettings, now: float) -> None:
    """UnavailableError for a file that was written longer ago than is allowed; of files of changes the newest matters."""
    if settings.absent is Absent.UNCHANGED:
        files = [max(files, key=lambda file: file.time or 0)]
    for file in files:
        age = now - (file.time or 0)
        if settings.max_age and file.time is not None and age > settings.max_age:
            raise UnavailableError(
                f"{file.name} was written {age / 3600:.0f} hours ago; at most {settings.max_age // 3600} are allowed.",
                advice="Look at the export of the WMS; the limit is the option max_age.",
            )
