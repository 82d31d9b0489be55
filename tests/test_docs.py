"""The documentation is true as far as a program can tell: links, paths, names and commands exist; what is made is fresh."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from invsync_tui.cli.parser import UsageError
from tests import generated
from tests.support.repository import reference_pages

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "invsync_tui"
SCHEMAS = PACKAGE / "cli" / "schemas"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [page for page in PAGES if page.parent.name != "reference"]
"""Pages that somebody wrote; the others are made."""
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
DOTTED = re.compile(r"(?:rules|store|connectors|sync|operations|cli|tui)(?:\.[A-Za-z_]\w*)+")
FILE = re.compile(r"[\w./*-]+(?:/|\.(?:py|md|toml|json|lock|txt))")
NOT_OURS = {"config.toml", "store.db", "terminal.json"}
"""Files of the user's."""

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
written = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))


@functools.cache
def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_is_made_is_not_stale() -> None:
    stale = [
        path.name for path, text in generated.made().items() if not path.exists() or path.read_text("utf-8") != text
    ]
    assert stale == [], "run: python -m tests.generated"


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = [target for target in LINK.findall(prose(page)) if not leads(page, target)]
    assert dead == []


def leads(page: Path, target: str) -> bool:
    if re.match(r"\w+:", target):
        return True
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    return there.exists() and (not anchor or anchor in anchors(there))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for target in LINK.findall(prose(page)):
            there = (page.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.exists() and there not in reached:
                waiting.append(there)
    assert set(PAGES) <= reached


@written
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = [word for text in CODE.findall(prose(page)) for word in text.split() if FILE.fullmatch(word)]
    assert [name for name in named if name not in NOT_OURS and not exists(page, name)] == []


def exists(page: Path, name: str) -> bool:
    """Whether a file of this repository, or of the package, is meant; what begins at the root is the reader's."""
    if name.startswith(("/", "~")):
        return True
    return any(
        next(folder.glob(name), None) or (folder / name).exists() for folder in (ROOT, PACKAGE, SCHEMAS, page.parent)
    )


@written
def test_every_name_of_the_program_exists(page: Path) -> None:
    named = [text for text in CODE.findall(prose(page)) if DOTTED.fullmatch(text) and text not in NOT_OURS]
    assert [name for name in named if not FILE.fullmatch(name) and not importable(f"invsync_tui.{name}")] == []
    modules = re.findall(r"python -m (tests[\w.]*)", page.read_text("utf-8"))
    assert [name for name in modules if not (ROOT / name.replace(".", "/")).with_suffix(".py").exists()
            and not (ROOT / name.replace(".", "/") / "__main__.py").exists()] == []  # fmt: skip


def importable(name: str) -> bool:
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        return all((found := getattr(found, part, None)) is not None for part in parts[n:])
    return False


@written
def test_every_command_that_is_shown_is_understood(page: Path) -> None:
    wrong = []
    for words in shown(page):
        try:
            reference_pages.command_line().parse_args(words)
        except UsageError as error:
            wrong.append(f"{shlex.join(words)}: {error}")
    assert wrong == []


def shown(page: Path) -> Iterator[list[str]]:
    """Command lines of invsync in the blocks for a shell, without the program's name."""
    for language, block in FENCE.findall(page.read_text("utf-8")):
        if language != "sh":
            continue
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split(" && "):
                words = shlex.split(part, comments=True)
                if words and words[0].rpartition("/")[2] == "invsync":
                    yield words[1:]


@written
def test_every_command_that_is_mentioned_exists(page: Path) -> None:
    known = reference_pages.subcommands(reference_pages.command_line())
    mentioned = [found for text in CODE.findall(prose(page)) for found in re.findall(r"\binvsync ([a-z]+)\b", text)]
    assert sorted(set(mentioned) - known.keys()) == []


def test_the_table_of_documents_has_every_command_and_every_schema() -> None:
    rows = [row for row in prose(ROOT / "docs" / "json.md").splitlines() if row.startswith("| ")]
    commands = {name.replace("\\", "") for row in rows for name in CODE.findall(row.split(" | ")[0])}
    spoken = {" ".join(word for word in command.split() if word.islower() and word.isalpha()) for command in commands}
    names = {words for name in spoken for words in (name, name.split(" ")[0])}
    wanted = set()
    for name, (_, parser) in reference_pages.subcommands(reference_pages.command_line()).items():
        wanted |= (
            {f"{name} {below}" for below in reference_pages.subcommands(parser)} if name == "connections" else {name}
        )
    assert sorted(wanted - names) == []
    schemas = {schema for row in rows for schema in re.findall(r"`(\w+\.json)`", row)}
    assert sorted({path.name for path in SCHEMAS.glob("*.json")} - schemas) == []


def test_the_manual_gives_the_default_of_every_setting_that_has_one() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")
    page = page.partition("## Reasons")[0]
    rows = {row.split("`")[1]: row.split(" | ")[-1].strip(" |") for row in page.splitlines() if row.startswith("| `")}
    assert (rows["zero-count"], rows["share"], rows["max"], rows["correct-drift"]) == ("25", "100", "none", "never")
    assert (rows["name"], rows["units-per-listing"], rows["deadline"]) == ("-", "1", "30s")
