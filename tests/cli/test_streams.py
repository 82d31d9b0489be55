"""What is printed: nothing that commands a terminal, in the terminal's own characters, and one line where it cannot be."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import sqlite3
import subprocess
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from invsync_tui.cli.main import COMMANDS
from invsync_tui.cli.text import table
from invsync_tui.plain_text import STAND_IN, clean, width
from tests.support.processes import forked
from tests.support.processes.shell import INVSYNC, Shell
from tests.support.stores.hostile_store import (
    CART,
    HELD_RUN,
    HOSTILE,
    MERCHANT,
    PLAN,
    RUN,
    SKU,
    VISIBLE,
    free_text,
    hostile_store,
)

OWN = ("\x1b[K", "\r\n", "\r")
"""What we send ourselves: rewriting the progress line; the terminal makes \\r\\n of a line's end."""
COMMANDS_THAT_READ: Sequence[Sequence[str]] = (
    ("status",), ("merchants",), ("carts",), ("carts", MERCHANT), ("warehouses", MERCHANT), ("levels", MERCHANT),
    ("levels", MERCHANT, "--csv"), ("runs",), ("runs", RUN), ("runs", RUN, "--changes"), ("runs", "--who", HOSTILE + RUN),
    ("audit",), ("events",), ("held", HELD_RUN), ("held", HELD_RUN, "--csv"), ("aliases", MERCHANT),
    ("aliases", MERCHANT, "--collisions", "--type", HOSTILE + "1"), ("aliases", MERCHANT, "--missing", "--type", HOSTILE + "1"),
    ("listings", CART), ("listings", CART, "--csv"), ("listings", CART, "--only", "failed"), ("search", "]52"),
    ("search", "]52", "--csv"), ("sku", SKU), ("sku", HOSTILE.replace("\n", "")), ("why", SKU), ("why", SKU, "--cart", CART),
    ("why", HOSTILE), ("why", SKU, "--cart", CART, "--records"), ("doctor",), ("doctor", MERCHANT, "--all"), ("history", SKU),
    ("drift", CART), ("identity", CART), ("identity", CART, "--renamed"), ("links", CART), ("compare", SKU, HOSTILE + "2"),
    ("settings", "show", f"cart:{CART}"), ("settings", "show", f"merchant:{MERCHANT}"), ("settings", HOSTILE), ("plan", CART),
    ("plan", "--kept", PLAN), ("plan", CART, "--csv"), ("connections", "test", MERCHANT), ("replay", HOSTILE),
    ("verify", HOSTILE), ("sync", HOSTILE), (HOSTILE,), ("--" + HOSTILE,), ("--store", f"/tmp/{HOSTILE}", "status"),
    ("--config", HOSTILE, "status"), ("levels", HOSTILE), ("docs", HOSTILE), ("metrics",),
)  # fmt: skip
"""Those that show what others set."""
SAY_NOTHING_OF_OTHERS: Sequence[Sequence[str]] = (
    ("bookmarks",), ("info",), ("docs",), ("keys",), ("db",), ("cancel", RUN), ("release", RUN), ("connections", "list"),
    ("replay", RUN),
)  # fmt: skip
EMPTY = {"worker", "hook_address", "hook_delivery", "hook_ref", "level_fraction"}
"""Tables that the store of the neighbors has no row of."""


@pytest.fixture
def hostile(shell: Shell) -> Shell:
    """A shell whose store is full of hostile text."""
    hostile_store(shell.store)
    return shell


def on_a_terminal(shell: Shell, *arguments: str, env: dict[str, str] | None = None) -> str:
    """What a terminal gets, standard error included."""
    command = [*INVSYNC, *(word.replace("\0", "") for word in arguments)]
    environment = shell.environment({"TERM": "xterm", **(env or {})})
    ours, theirs = pty.openpty()
    if forked.forkable(command, env):
        process = forked.Forked(command, environment, str(shell.home), (theirs,))
        got = b"".join(_chunks(ours))
        assert process.status(60) is not None
        process.close()
    else:
        started = subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, cwd=shell.home)
        os.close(theirs)
        got = b"".join(_chunks(ours))
        started.wait(60)
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
def test_nothing_in_the_store_commands_a_terminal_by_any_command(hostile: Shell, json_wanted: bool) -> None:
    # given a store with hostile text in every field that others may set
    for arguments in (*COMMANDS_THAT_READ, *SAY_NOTHING_OF_OTHERS):
        # when a command prints it on a terminal
        as_json = json_wanted and "--csv" not in arguments
        text = on_a_terminal(hostile, *arguments, *(["--json"] if as_json else []))
        # then nothing of it is more than text
        assert not forbidden(text), (arguments, text)
        assert text and "defect" not in text, (arguments, text)
        assert VISIBLE in text or arguments in SAY_NOTHING_OF_OTHERS, (arguments, text)


def test_every_free_text_of_the_store_is_hostile(hostile: Shell) -> None:
    # given: tables without a row are those of webhooks, workers and fractions, whose texts no command of this file shows
    with sqlite3.connect(hostile.store) as cx:
        for table, columns in free_text(cx).items():
            for column in columns:
                values = {value for (value,) in cx.execute(f"SELECT {column} FROM {table}")}
                assert all(value.startswith(HOSTILE) for value in values), (table, column, values)
                assert values or table in EMPTY, table


def test_an_error_log_and_traceback_commands_nothing_either(hostile: Shell) -> None:
    for command in ("carts", "doctor", "levels"):
        text = on_a_terminal(hostile, command, HOSTILE, env={"INVSYNC_DEBUG": "1"})
        assert VISIBLE in text and not forbidden(text)


CSV = (("listings", CART), ("levels", MERCHANT), ("search", "]52"), ("plan", CART), ("held", HELD_RUN))


@pytest.mark.parametrize("arguments", CSV, ids=lambda arguments: arguments[0])
def test_csv_is_exact_in_a_file_and_clean_on_a_terminal(hostile: Shell, arguments: Sequence[str]) -> None:
    # when a list goes to a file, whatever the locale
    exact = [piped(hostile, *arguments, "--csv", env={"LC_ALL": locale}) for locale in ("C.UTF-8", "C")]
    # then it has each text to the byte, in fields that a reader of CSV takes apart
    assert exact[0] == exact[1]
    fields = [field for row in csv.reader(io.StringIO(exact[0].decode(), newline="")) for field in row]
    assert sum(field.startswith(HOSTILE) for field in fields) > 3, fields[:40]
    # and on a terminal it has the same lines, cleaned
    text = on_a_terminal(hostile, *arguments, "--csv")
    assert VISIBLE in text and not forbidden(text)


def piped(shell: Shell, *arguments: str, env: dict[str, str]) -> bytes:
    """What a pipe gets from a command that succeeds."""
    done = subprocess.run(
        [*INVSYNC, *arguments], env=shell.environment(env), cwd=shell.home, capture_output=True, check=False
    )
    assert done.returncode == 0, done
    return done.stdout


def test_json_on_a_terminal_is_printable_ascii(hostile: Shell) -> None:
    text = on_a_terminal(hostile, "merchants", "--json").replace("\r\n", "")
    assert text.isascii() and text.isprintable()
    assert MERCHANT in [one["name"] for one in json.loads(text)["merchants"]]


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
    read = {arguments[0] for arguments in (*COMMANDS_THAT_READ, *SAY_NOTHING_OF_OTHERS)}
    changing = {
        "demo", "init", "serve", "discard", "apply", "undo", "safe", "freeze", "unfreeze", "bundle", "correct",
        "verify", "link", "unlink", "completion", "dev",
    }  # fmt: skip
    assert set(COMMANDS) - read - changing == set()
