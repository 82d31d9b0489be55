"""What is installed from a wheel and from an sdist: the files, the manual, the manual page, and the tests of an archive."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from invsync_tui.operations import manual
from invsync_tui.operations.errors import NotFoundError
from tests.support.processes.shell import Shell
from tests.support.processes.skips import needs
from tests.support.repository.distribution import built, needs_backend
from tests.support.repository.reference_pages import command_line

ROOT = Path(__file__).parents[2]
EVERY_OTHER = {"dist", "build", "node_modules"}
SAMPLE = ("tests/test_docs.py", "tests/test_layers.py", "tests/rules/test_quantity.py", "tests/tui/keys/test_keys.py")
"""Of the quick selection, which takes three minutes, what is run from the archive, but for INVSYNC_SDIST=whole: what reads
files of the repository, and one file of rules, which need no file but those that are imported when all are collected."""


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist that is built here, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    archive = built("sdist", ROOT, folder)
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
            tar.extractall(folder, filter="data")
        else:
            tar.extractall(folder)
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that is built from the unpacked sdist, as pipx and uv do."""
    return built("wheel", sdist, tmp_path_factory.mktemp("wheel"))


def _tracked(folder: Path) -> set[str]:
    """Files below a folder that are neither made by tools nor hidden, by their path."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not EVERY_OTHER & set(path.relative_to(folder).parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(folder).parts)
    }


@needs_backend
def test_the_sdist_has_whatever_a_checkout_has(sdist: Path) -> None:
    assert _tracked(ROOT) - _tracked(sdist) == set()
    assert (sdist / ".ci" / "run").stat().st_mode & 0o111


@needs_backend
def test_tests_pass_from_an_unpacked_sdist(sdist: Path) -> None:
    """The quick selection is collected; tests of rules and those that read files of the repository pass; CI runs all of it."""
    run = [sys.executable, "-m", "pytest", "-q", "-m", "quick"]
    environment = {**_environment(), "PYTHONPATH": str(sdist / "src")}
    whole = os.environ.get("INVSYNC_SDIST") == "whole"
    for more in ([],) if whole else (["-n", "0", "--collect-only"], ["-n", "0", *SAMPLE]):
        done = subprocess.run(
            [*run, *more], cwd=sdist, env=environment, capture_output=True, text=True, timeout=1200, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("INVSYNC_", "PYTEST_"))}


@needs_backend
def test_the_wheel_has_the_manual_the_manual_page_and_the_units(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    shared = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert {f"share/doc/invsync/{page.relative_to(ROOT / 'docs')}" for page in (ROOT / "docs").rglob("*.md")} <= shared
    assert {
        "share/man/man1/invsync.1",
        "share/invsync/systemd/invsync.service",
        "share/invsync/Containerfile",
    } <= shared
    for suffix in ("cli/shells/invsync.fish", "cli/schemas/docs.json", "py.typed"):
        assert f"invsync_tui/{suffix}" in names
    assert not [name for name in names if name.startswith("tests")]


@needs_backend
def test_an_installed_wheel_runs_and_finds_its_manual(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own that borrows the libraries of this one, so that no index is needed."""
    home = tmp_path / "environment"
    venv.create(home, symlinks=True, with_pip=False)
    python = home / "bin" / "python"
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    code = "import sys; sys.path.append(sys.argv.pop(1)); from pip._internal.cli.main import main; sys.exit(main(sys.argv[1:]))"
    subprocess.run(
        [str(python), "-c", code, libraries, "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True, capture_output=True, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    own = next((home / "lib").glob("python*")) / "site-packages"
    # Behind its own: the libraries, but not the checkout that an editable install of this environment leads to.
    (own / "borrowed.pth").write_text(libraries + "\n")
    program = [str(home / "bin" / "invsync")]
    environment = {**Shell(tmp_path).environment(), "PYTHONNOUSERSITE": "1"}
    environment.pop("PYTHONPATH", None)

    def answer(*arguments: str) -> str:
        done = subprocess.run(
            [*program, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert answer("docs", "monitor", "--path").startswith(str(home / "share" / "doc" / "invsync"))
    assert "# Monitor" in answer("docs", "docs/howto/monitor.md")
    assert str(own) in answer("info")
    answer("init")
    assert "No merchants" in answer("status")


# The manual


def test_every_page_that_help_texts_and_messages_name_is_a_page_of_the_manual() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    code += command_line().format_help()
    named = set(re.findall(r"(?<![\w/.])docs/[\w/-]+\.md", code))
    assert {"docs/json.md", "docs/howto/monitor.md"} <= named
    for name in named:
        assert manual.page(name).path == ROOT / name


def test_pages_are_listed_printed_and_guessed(shell: Shell) -> None:
    pages = shell.json("docs")["pages"]
    assert pages[0]["name"] == "README" and {"howto/monitor", "json"} <= {page["name"] for page in pages}
    assert shell.json("docs", "monitor")["text"] == (ROOT / "docs/howto/monitor.md").read_text("utf-8")
    assert shell.ok("docs", "json").out.startswith("# ")
    assert shell.ok("docs", "json", "--path").out.strip() == str(ROOT / "docs/json.md")
    answer = shell.run("docs", "moniter")
    assert answer.code == 2 and "Did you mean" in answer.error and "monitor" in answer.error


def test_a_manual_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual, "__file__", "/nowhere/a/b/c/d.py")
    monkeypatch.setattr(manual, "DISTRIBUTION", "there-is-no-such-distribution")
    with pytest.raises(NotFoundError, match="not installed"):
        manual.folder()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@needs("groff")
def test_the_manual_page_is_read_without_a_warning() -> None:
    page = ROOT / "docs" / "reference" / "invsync.1"
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-rLL=78n", str(page)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    text = re.sub(r"\x1b\[[\d;]*m|.\x08", "", done.stdout)
    assert "invsync release RUN" in text and "--minimum" in text and "EXIT STATUS" in text
