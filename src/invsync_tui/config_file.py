"""Changes one line of the user's configuration file; the rest of it stays as it was typed."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path

from invsync_tui.config import ConfigError
from invsync_tui.user_files import PRIVATE, write_whole

MARK = "\ufeff"
"""What some editors put in front of a file in UTF-8. It belongs to no line, and stays where it is."""


def set_theme(path: Path, theme: str) -> None:
    """Keep a theme in a configuration file, which is made where there is none; ConfigError says why it cannot."""
    try:
        path = path.resolve()
        text = path.read_bytes().decode("utf-8") if path.exists() else ""
        mode = path.stat().st_mode & 0o777 if path.exists() else PRIVATE
        changed = with_theme(text, theme)
        write_whole(path, changed, mode)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: it cannot be written: {why}. Set theme = {theme!r} in it by hand.") from error


def with_theme(text: str, theme: str) -> str:
    """The text of a file with its top-level theme set; ConfigError where the file is not TOML."""
    mark, text = text[: text.startswith(MARK)], text.removeprefix(MARK)
    lines = io.StringIO(text, newline="").readlines()  # as TOML counts them: other characters that end a line do not
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    top = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    at = next((n for n in range(top) if re.match(r"""\s*["']?theme["']?\s*=""", lines[n])), None)
    if at is None:
        lines.insert(0, f'theme = "{theme}"{end}')
    else:
        comment = re.search(r"\s+#.*$", lines[at].rstrip("\r\n"))
        lines[at] = f'theme = "{theme}"{comment.group(0) if comment else ""}{end}'
    changed = "".join(lines)
    try:
        is_theme = tomllib.loads(changed).get("theme") == theme
    except tomllib.TOMLDecodeError:
        is_theme = False
    if not is_theme:
        raise ConfigError(f"The configuration file cannot be changed safely. Set theme = {theme!r} in it by hand.")
    return mark + changed
