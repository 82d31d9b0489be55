"""What was typed behind `:`, for Up and Down: kept in the state folder, for this user alone, and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from invsync_tui.user_files import state_file, write_whole

MOST = 100
"""Commands that are kept."""
LONGEST = 500
"""Characters of a command that is kept."""
NAME = "command-history"


class CommandHistory:
    """Commands, the latest last. Where nothing can be kept, it lasts as long as the program."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._commands: list[str] | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> CommandHistory:
        """The history of this user."""
        return cls(state_file(environ, NAME))

    @property
    def commands(self) -> Sequence[str]:
        """All that are kept."""
        return self._loaded()

    def add(self, command: str) -> None:
        """Keep a command; one that was typed before moves to the end."""
        command = " ".join(command.split())
        if not command or len(command) > LONGEST:
            return
        before = self._read()  # with what another control room kept meanwhile
        known = [each for each in (self._loaded() if before is None else before) if each != command]
        self._commands = [*known, command][-MOST:]
        self._save()

    def _loaded(self) -> list[str]:
        if self._commands is None:
            self._commands = self._read() or []
        return self._commands

    def _read(self) -> list[str] | None:
        """What is kept; None where there is no file, or it cannot be read."""
        if self._file is None:
            return None
        try:
            text = self._file.read_text("utf-8", errors="replace")
        except OSError:
            return None
        return [line for line in text.splitlines() if line and len(line) <= LONGEST][-MOST:]

    def _save(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                write_whole(self._file, "".join(f"{command}\n" for command in self._loaded()))
