"""The manual that is installed with the program: the pages of `docs/`, found beside it or in share/doc of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from invsync_tui.operations.errors import NotFoundError
from invsync_tui.plain_text import did_you_mean

DISTRIBUTION = "invsync-tui"
INSTALLED = ("share", "doc", "invsync", "README.md")
"""Where a wheel puts the first page, below the folder of its environment."""
TITLE = "# "


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the manual. `name` is its path below the folder without the ending, such as `howto/monitor`."""

    name: str
    title: str
    path: Path


def folder() -> Path:
    """The folder with the pages. NotFoundError where they are not installed."""
    checkout = Path(__file__).parents[3] / "docs"
    if (checkout / "README.md").is_file():
        return checkout
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.parts[-len(INSTALLED) :] == INSTALLED:
            return Path(str(file.locate())).resolve().parent
    raise NotFoundError("The manual is not installed. A wheel of invsync has it, and a checkout has it in docs/.")


def pages() -> tuple[Page, ...]:
    """All pages by name, the index first."""
    base = folder()
    paths = sorted(base.rglob("*.md"), key=lambda path: (path != base / "README.md", path.relative_to(base).as_posix()))
    return tuple(Page(path.relative_to(base).with_suffix("").as_posix(), _title(path), path) for path in paths)


def page(word: str) -> Page:
    """The page of a name: `json`, `docs/json.md`, or the last part alone where it is one page's. NotFoundError otherwise."""
    wanted = word.removeprefix("docs/").removesuffix(".md").casefold()
    known = pages()
    whole = [each for each in known if each.name.casefold() == wanted]
    last = [each for each in known if each.name.rpartition("/")[2].casefold() == wanted]
    if whole or len(last) == 1:
        return (whole or last)[0]
    names = [each.name for each in known]
    raise NotFoundError(f"There is no page {word!r}.{did_you_mean(wanted, names)} All pages: invsync docs")


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        first = next((line for line in lines if line.startswith(TITLE)), "")
    return first.removeprefix(TITLE).strip()
