"""Changes one line of the user's configuration file; the rest of it stays as it was typed."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from pathlib import Path

from invsync_tui.config import ConfigError

NEW_MODE = 0o600


def set_theme(path: Path, theme: str) -> None:
    """Keep a theme in a configuration file, which is made where there is none; ConfigError says why it cannot."""
    try:
        path = path.resolve()
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        mode = path.stat().st_mode & 0o777 if path.exists() else NEW_MODE
        changed = with_theme(text, theme)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, changed, mode)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: it cannot be written: {why}. Set theme = {theme!r} in it by hand.") from error


def with_theme(text: str, theme: str) -> str:
    """The text of a file with its top-level theme set; ConfigError where the file is not TOML."""
    lines = text.splitlines(keepends=True)
    top = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    at = next((n for n in range(top) if re.match(r"""\s*["']?theme["']?\s*=""", lines[n])), None)
    if at is None:
        lines.insert(0, f'theme = "{theme}"\n')
    else:
        comment = re.search(r"\s+#.*$", lines[at].rstrip("\r\n"))
        lines[at] = f'theme = "{theme}"{comment.group(0) if comment else ""}\n'
    changed = "".join(lines)
    try:
        kept = tomllib.loads(changed).get("theme") == theme
    except tomllib.TOMLDecodeError:
        kept = False
    if not kept:
        raise ConfigError(f"The configuration file cannot be changed safely. Set theme = {theme!r} in it by hand.")
    return changed


def _replace(path: Path, text: str, mode: int) -> None:
    """All of it or nothing."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
