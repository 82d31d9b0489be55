"""What is printed: nothing that commands a terminal, in the terminal's own characters, and one line where it cannot be."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from invsync_tui.cli.main import COMMANDS
from invsync_tui.cli.text import table
from invsync_tui.plain_text import STAND_IN, clean, width
from tests.support.shell import INVSYNC, Shell

HOSTILE = "A\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b31m\x7f\u202e\u2066\u200b\u2028\rZ\nB"
"""The clipboard, the screen, a C1 command, text from right to left, a width of nothing, line breaks."""
OWN = ("\x1b[K", "\r\n", "\r")
"""What we send ourselves: rewriting the progress line; the terminal makes \\r\\n of a line's end."""
COMMANDS_THAT_READ: Sequence[Sequence[str]] = (
    ("status",), ("merchants",), ("carts",), ("carts", "1"), ("warehouses",), ("levels", "1"), ("runs",), ("runs", "1"),
    ("runs", "1", "--changes"), ("audit",), ("bookmarks",), ("events",), ("info",), ("metrics",), ("docs",), ("docs", HOSTILE),
    ("held",), ("aliases",), ("aliases", "1"), ("listings", "1"), ("listings", "1", "--csv"), ("levels", "1", "--csv"),
    ("search", "A"), ("search", "A", "--csv"), ("sku", HOSTILE.replace("\n", "")), ("why", HOSTILE), ("why", "A"), ("doctor",),
    ("history", "A"), ("drift", "1"), ("verify", "1"), ("identity", "1"), ("links", "1"), ("compare", "A", "B"),
    ("settings", "show", "1"), ("settings", HOSTILE), ("plan", "1"), ("connections", "test", "1"), ("replay", "A"),
    ("connections", "list"), ("sync", HOSTILE), ("keys",), ("cancel", "1"), ("release", "1"), (HOSTILE,), ("--" + HOSTILE,),
    ("--store", f"/tmp/{HOSTILE}", "status"), ("--config", HOSTILE, "status"), ("levels", HOSTILE), ("db",),
)  # fmt: skip


def plant(shell: Shell) -> None:
    """Something hostile in every text field of every row that there is, and a row where there is none."""
    with sqlite3.connect(shell.store) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA foreign_keys = OFF")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%' AND name NOT LIKE 'sqlite%' "
            "AND name NOT IN ('alembic_version', 'meta')"
        ).fetchall():
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            if not connection.execute(f"SELECT 1 FROM {name}").fetchone():
                _add(connection, name, columns)
            for _, column, kind, *_ in columns:
                if kind == "TEXT":
                    with_json = connection.execute(f"SELECT {column} FROM {name} LIMIT 1").fetchone()
                    if with_json and str(with_json[0])[:1] not in "{[":
                        _try(connection, f"UPDATE {name} SET {column} = ? WHERE typeof({column}) = 'text'", (HOSTILE,))


def _add(connection: sqlite3.Connection, name: str, columns: Sequence[Sequence[object]]) -> None:
    values = [HOSTILE if kind == "TEXT" else 1 for _, _, kind, *_ in columns]
    _try(connection, f"INSERT INTO {name} VALUES ({', '.join('?' * len(values))})", values)


def _try(connection: sqlite3.Connection, statement: str, values: Sequence[object]) -> None:
    with suppress(sqlite3.Error):  # a constraint: nothing hostile can be there
        connection.execute(statement, values)


def on_a_terminal(shell: Shell, *arguments: str, env: dict[str, str] | None = None) -> str:
    """What a terminal gets, standard error included."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*INVSYNC, *(word.replace("\0", "") for word in arguments)],
        env=shell.environment({"TERM": "xterm", **(env or {})}), stdin=theirs, stdout=theirs, stderr=theirs, cwd=shell.home,
    )  # fmt: skip
    os.close(theirs)
    got = b"".join(_chunks(ours))
    process.wait(60)
    os.close(ours)
    return got.decode("utf-8")


def _chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def forbidden(text: str) -> set[str]:
    """Characters that act instead of being read."""
    for own in OWN:
        text = text.replace(own, "")
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\n\t"}


@pytest.mark.slow
@pytest.mark.parametrize("json_wanted", [False, True])
def test_nothing_in_the_store_commands_a_terminal_by_any_command(acme: Shell, json_wanted: bool) -> None:
    # given a store with hostile text in every field
    plant(acme)
    for arguments in COMMANDS_THAT_READ:
        # when a command prints it on a terminal
        text = on_a_terminal(acme, *arguments, *(["--json"] if json_wanted else []))
        # then nothing of it is more than text
        assert not forbidden(text), (arguments, text)
        assert text, arguments


def test_an_error_log_and_traceback_commands_nothing_either(acme: Shell) -> None:
    plant(acme)
    for command in ("carts", "doctor", "status"):
        assert not forbidden(on_a_terminal(acme, command, HOSTILE, env={"INVSYNC_DEBUG": "1"}))


def test_csv_is_exact_in_a_file_and_clean_on_a_terminal(acme: Shell) -> None:
    with sqlite3.connect(acme.store) as connection:
        connection.execute("UPDATE cart SET name = ?", (HOSTILE + "Läden",))
    assert not forbidden(on_a_terminal(acme, "listings", "1", "--csv"))
    assert acme.run("listings", "1", "--csv", env={"LC_ALL": "C"}).code == 0


def test_json_on_a_terminal_is_printable_ascii(acme: Shell) -> None:
    plant(acme)
    text = on_a_terminal(acme, "merchants", "--json").replace("\r\n", "")
    assert text.isascii() and text.isprintable()
    assert HOSTILE in json.dumps(json.loads(text)).encode().decode("unicode_escape")


@pytest.mark.parametrize(
    "command", [["status"], ["merchants"], ["keys"], ["--help"], ["merchants", "--json"], ["--version"]]
)
def test_a_full_disk_under_the_answer_is_one_line_and_a_failure(acme: Shell, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*INVSYNC, *command], env=acme.environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "No space left" in done.stderr and "defect" not in done.stderr


def test_a_closed_standard_output_is_one_line_and_never_the_store(acme: Shell) -> None:
    before = acme.store.read_bytes()
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *INVSYNC, "merchants"],
        env=acme.environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "closed" in done.stderr
    assert acme.store.read_bytes() == before


def test_a_closed_standard_error_is_no_failure(acme: Shell) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *INVSYNC, "merchants"],
        env=acme.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "Acme" in done.stdout


@pytest.mark.parametrize("locale", ["C", "POSIX", "de_DE.ISO-8859-1", "en_US"])
def test_a_locale_without_unicode_gets_ascii_in_as_many_columns(acme: Shell, locale: str) -> None:
    with sqlite3.connect(acme.store) as connection:
        connection.execute("UPDATE merchant SET name = 'Läden 漢 €…'")
        connection.execute("UPDATE cart SET name = '漢字 – Laden'")
    for command in (["merchants"], ["carts"], ["status"], ["sync", "Lädén"]):
        answer = acme.run(*command, env={"LC_ALL": locale})
        assert (answer.out + answer.err).isascii(), answer
        assert "Traceback" not in answer.err and "defect" not in answer.err


def test_a_user_without_a_home_and_without_a_name_can_work_and_is_told_what_to_set(acme: Shell) -> None:
    script = (
        "import os, pwd, pathlib, sys\n"
        "for name in ('HOME', 'USER', 'LOGNAME', 'LNAME', 'USERNAME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'):\n"
        "    os.environ.pop(name, None)\n"
        "def nobody(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = nobody\n"
        "from invsync_tui.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    python = [INVSYNC[0], "-c", script]
    done = subprocess.run([*python, "merchants"], env=acme.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Acme" in done.stdout, done
    env = {name: value for name, value in acme.environment().items() if name != "INVSYNC_STORE"}
    done = subprocess.run([*python, "merchants"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "HOME" in done.stderr and done.stderr.count("\n") == 1, done


SCRIPTS = [
    "हिन्दी नमस्ते",
    "ภาษาไทย",
    "العربية",
    "שָׁלוֹם",
    "漢字カナ",
    "👨‍👩‍👧 x",
    "❤️",
    "é",
    "தமிழ்",
    "🇩🇪",
    "မြန်မာ",
    "a\u0300\u0301\u0302",
    "plain",
]


def test_a_column_begins_in_the_same_place_in_every_script() -> None:
    lines = table(("NAME", "STOCK"), [(name, "42") for name in SCRIPTS])
    for line in lines[1:]:
        # Not one sign that a terminal might give a column of its own.
        assert not any(unicodedata.category(char) == "Mc" for char in line)
        assert width(line) == width(lines[0]), line


def test_the_cleaner_leaves_nothing_that_acts() -> None:
    every = "".join(map(chr, [*range(0x250), *range(0x2000, 0x2100), *range(0xFE00, 0xFF00), *range(0xE0000, 0xE0080)]))
    assert not forbidden(clean(every)) and not forbidden(clean(every, STAND_IN))


def test_every_command_is_in_this_test_or_changes_something() -> None:
    read = {arguments[0] for arguments in COMMANDS_THAT_READ}
    changing = {
        "demo", "init", "serve", "discard", "apply", "undo", "safe", "freeze", "unfreeze", "bundle", "correct",
        "verify", "link", "unlink", "completion", "dev",
    }  # fmt: skip
    assert set(COMMANDS) - read - changing == set()
