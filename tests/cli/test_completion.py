"""Completion in a shell: what is offered where, and the real shells of this machine."""

from __future__ import annotations

import os
import resource
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from invsync_tui.cli.command_words import read_line
from invsync_tui.cli.main import COMMANDS
from tests.support.processes.shell import Shell
from tests.support.processes.skips import needs

OFFERED = (
    # (what is typed, what is among the candidates, what is not)
    (["ru"], {"runs"}, {"status", "complete"}),
    ([""], set(COMMANDS), {"complete", "thaw"}),
    (["merchants", ""], {"add", "set", "rename", "remove"}, {"Acme"}),
    (["sync", "A"], {"Acme"}, {"Acme Shop"}),
    (["sync", "a"], {"Acme"}, set()),
    (["sync", "Acme", "--cart", ""], {"Acme Shop"}, {"Acme"}),
    (["listings", "Acme"], {"Acme Shop"}, {"Acme"}),
    (["listings", "Acme Shop", "--only", "mis"], {"mismatch"}, {"held"}),
    (["carts", "set", ""], {"Acme Shop"}, {"Acme"}),
    (["merchants", "set", "Acme", "--sync", ""], {"on", "off"}, set()),
    (["merchants", "add", "New", "--source", ""], {"tryton", "sql"}, {"shopify"}),
    (["carts", "add", "Acme", "New", "--system", ""], {"shopify", "vendure"}, {"tryton"}),
    (["connections", "about", "t"], {"tryton"}, {"vendure"}),
    (["settings", "show", ""], {"merchant:Acme", "cart:Acme Shop"}, set()),
    (["settings", "set", "cart:Acme Shop", "mini"], {"minimum="}, set()),
    (["settings", "set", "merchant:Acme", ""], {"sync="}, {"minimum="}),
    (["runs", "--m"], {"--merchant"}, {"--limit"}),
    (["--json", "runs", "--json", "--"], {"--merchant", "--store"}, {"--json"}),
    (["db", "backup", ""], {":files"}, set()),
    (["serve", "--log-file", ""], {":files"}, set()),
    (["thaw", ""], {"Acme Shop"}, set()),
    (["merchants", "add", "New", "--secret", ""], set(), {"env:ACME"}),
    (["carts", "set", "Acme Shop", "--url", ""], set(), {"http://127.0.0.1:9"}),
    (["nonsense", ""], set(), set(COMMANDS)),
    (["sync", "--nonsense", ""], set(), {"Acme"}),
)


def offered(shell: Shell, *words: str) -> list[str]:
    """What the program offers for some words."""
    return [line.partition("\t")[0] for line in shell.ok("complete", "fish", "invsync", *words).out.splitlines()]


@pytest.mark.parametrize(("words", "there", "absent"), OFFERED, ids=[" ".join(words) for words, _, _ in OFFERED])
def test_what_may_stand_at_the_end_of_the_line_is_offered(
    acme: Shell, words: list[str], there: set[str], absent: set[str]
) -> None:
    found = offered(acme, *words)
    assert there <= set(found) and absent.isdisjoint(found), found
    assert len(found) == len(set(found))


def test_the_store_that_is_named_on_the_line_is_meant(acme: Shell) -> None:
    other = acme.home / "other.db"
    acme.ok("--store", str(other), "init")
    assert offered(acme, "--store", str(other), "sync", "") == []
    assert offered(acme, "sync", "--store", str(acme.store), "") == ["Acme"]


@pytest.mark.parametrize("store", ["none", "damaged", "no-config"])
def test_nothing_is_offered_and_nothing_said_where_the_names_cannot_be_read(shell: Shell, store: str) -> None:
    if store == "damaged":
        shell.store.write_bytes(b"\xa5" * 9000)
    (shell.home / "broken.toml").write_text("nonsense = [")
    config = ["--config", str(shell.home / "broken.toml")] if store == "no-config" else []
    answer = shell.run("complete", "fish", "invsync", *config, "sync", "")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert store == "damaged" or not shell.store.exists()


@pytest.mark.parametrize("words", [[], ["fish"], ["bash"], ["bash", ""], ["nonsense", "x"], ["fish", "invsync"]])
def test_a_call_that_makes_no_sense_is_quiet(shell: Shell, words: list[str]) -> None:
    answer = shell.run("complete", *words)
    assert (answer.code, answer.err) == (0, "")


def test_a_name_that_would_command_the_terminal_is_not_offered(acme: Shell) -> None:
    with sqlite3.connect(acme.store) as connection:
        connection.execute("UPDATE merchant SET name = ?", ("\x1b[2Jx\nnew",))
    assert offered(acme, "sync", "") == []


def test_it_writes_nothing_and_loads_nothing_heavy(acme: Shell) -> None:
    before = acme.store.read_bytes()
    program = (
        "import sys; from invsync_tui.cli.main import run; run(['complete', 'fish', 'invsync', 'sync', '']);"
        "print(*(m for m in ('textual', 'sqlalchemy', 'httpx', 'asyncio', 'pydantic') if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=acme.environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr.strip()) == ("Acme\n", "")
    assert acme.store.read_bytes() == before


def test_it_costs_little(acme: Shell) -> None:
    """Processor time of a whole process, the least of three: under 0.2 s here, and a bound that holds on slow machines."""
    offered(acme, "sync", "")  # compiles modules
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        offered(acme, "sync", "")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.6


@pytest.mark.parametrize(
    ("line", "words", "quote"),
    [
        ("invsync sync ", ("invsync", "sync", ""), ""),
        ("A=1 invsync sync", ("invsync", "sync"), ""),
        (r"invsync sync My\ Sh", ("invsync", "sync", "My Sh"), ""),
        ("invsync sync 'My Sh", ("invsync", "sync", "My Sh"), "'"),
        (r'invsync sync "a\"b c', ("invsync", "sync", 'a"b c'), '"'),
        ("invsync sync ''", ("invsync", "sync", ""), ""),
        ("", ("",), ""),
        ("invsync sync x\\", ("invsync", "sync", "x"), ""),
    ],
)
def test_a_line_that_is_typed_is_split_as_bash_does(line: str, words: tuple[str, ...], quote: str) -> None:
    read = read_line(line)
    assert (read.words, read.quote) == (words, quote)


def test_a_candidate_is_quoted_as_the_line_needs_it() -> None:
    assert read_line("invsync sync M").as_typed("My $hop") == r"My\ \$hop"
    assert read_line("invsync sync 'M").as_typed("My $hop") == "My $hop"
    assert read_line("invsync settings show cart:M").as_typed("cart:My Shop") == r"My\ Shop"


# The real shells

BASH = r"""
source "$1"
COMP_LINE=$2; COMP_POINT=${#COMP_LINE}
eval "COMP_WORDS=(invsync)"
_invsync "$3"
printf '%s\n' "${COMPREPLY[@]}"
"""


def in_bash(shell: Shell, program: Path, line: str) -> list[str]:
    script = shell.home / "invsync.bash"
    script.write_text(shell.ok("completion", "bash").out)
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", str(script), line, str(program)],
        env=shell.environment(), capture_output=True, text=True, timeout=60, check=False, cwd=shell.home,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [text for text in done.stdout.splitlines() if text]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The command `invsync` alone in a folder."""
    path = tmp_path / "bin" / "invsync"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m invsync_tui "$@"\n')
    path.chmod(0o755)
    return path


@needs("bash")
def test_bash_completes_commands_options_and_names(acme: Shell, program: Path) -> None:
    assert in_bash(acme, program, "invsync ru") == ["runs"]
    assert in_bash(acme, program, "invsync listings Ac") == [r"Acme\ Shop"]
    assert in_bash(acme, program, "invsync settings show cart:A") == [r"Acme\ Shop"]
    assert in_bash(acme, program, "invsync runs --mer") == ["--merchant"]


@needs("bash")
def test_bash_completes_a_line_that_somebody_types(acme: Shell, program: Path) -> None:
    text = typed(acme, program, ["bash", "--norc", "--noprofile", "-i"], "bash", "invsync carts set Ac")
    assert r"invsync carts set Acme\ Shop" in text


@needs("zsh")
def test_zsh_completes_a_line_that_somebody_types(acme: Shell, program: Path) -> None:
    text = typed(acme, program, ["zsh", "-f", "-i"], "zsh", "invsync carts set Ac")
    assert r"invsync carts set Acme\ Shop" in text


@needs("fish")
def test_fish_completes_commands_options_and_names(acme: Shell, program: Path) -> None:
    script = acme.home / "invsync.fish"
    script.write_text(acme.ok("completion", "fish").out)

    def completed(line: str) -> list[str]:
        asked = f"source {shlex.quote(str(script))}; complete -C {shlex.quote(line)}"
        path = f"{program.parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["fish", "--no-config", "-c", asked],
            env=acme.environment({"PATH": path}), capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return [text.partition("\t")[0] for text in done.stdout.splitlines()]

    assert completed("invsync ru") == ["runs"]
    assert completed("invsync listings Ac") == ["Acme Shop"]
    assert completed("invsync settings show cart:A") == ["cart:Acme Shop"]
    assert "--merchant" in completed("invsync runs --m")


def typed(shell: Shell, program: Path, command: Sequence[str], name: str, line: str) -> str:
    """What is on the terminal after a line and a tab were typed into a shell with our script."""
    import pty
    import select
    import time

    script = shell.home / f"invsync.{name}"
    script.write_text(shell.ok("completion", name).out)
    setup = "autoload -U compinit; compinit -u -D; " if name == "zsh" else ""
    path = f"{program.parent}:{os.environ['PATH']}"
    environment = shell.environment({"PATH": path, "PS1": "$ ", "TERM": "dumb", "INPUTRC": "/dev/null"})
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(shell.home)
        os.execvpe(command[0], list(command), environment)
    seen = b""

    def until(what: bytes, seconds: float = 60.0) -> None:
        nonlocal seen
        end = time.monotonic() + seconds
        while what not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536)

    try:
        os.write(terminal, f"{setup}source {shlex.quote(str(script))}; echo read''y\n".encode())
        until(b"\nready")
        seen = b""
        os.write(terminal, f"{line}\t".encode())
        until(b"Shop")
    finally:
        os.close(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return seen.decode("utf-8", "replace")
