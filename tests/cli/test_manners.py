"""How the command behaves towards shells, scripts and terminals."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys

import pytest

from invsync_tui.cli import main
from invsync_tui.cli.main import COMMANDS
from tests.support.processes.shell import INVSYNC, Shell, check

HEAVY = ("textual", "rich", "sqlmodel", "sqlalchemy", "httpx", "alembic", "pydantic")
WITHOUT_HEAVY = (["--version"], ["--help"], ["status"], ["runs"], ["merchants"], ["carts"], ["completion", "bash"])


def loaded(shell: Shell, code: str) -> set[str]:
    """Heavy modules that a piece of Python has loaded at its end."""
    program = f"import sys\n{code}\nprint('@', *(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=shell.environment(), capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.rpartition("@")[2].split())


@pytest.mark.parametrize("arguments", WITHOUT_HEAVY, ids=" ".join)
def test_fast_commands_load_nothing_heavy(acme: Shell, arguments: list[str]) -> None:
    assert loaded(acme, f"from invsync_tui.cli.main import run; run({arguments!r})") == set()


def test_the_rules_load_nothing_heavy(shell: Shell) -> None:
    modules = "eligibility, matching, outcomes, quantity, safety"
    assert loaded(shell, f"from invsync_tui.rules import {modules}") == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(shell: Shell, name: str) -> None:
    text = shell.ok(name, "--help").out
    assert "example:" in text and f"invsync {name}" in text


@pytest.mark.parametrize(("former", "present"), main.ALIASES.items())
def test_a_former_name_of_a_command_works_and_is_shown_nowhere(shell: Shell, former: str, present: str) -> None:
    assert shell.ok("--read-only", former, "--help").out == shell.ok(present, "--help").out
    assert former not in COMMANDS and f" {former} " not in shell.ok("--help").out


def test_only_the_command_itself_is_renamed() -> None:
    assert main._renamed(["--store", "heal", "heal", "radar"]) == ["--store", "heal", "correct", "radar"]
    assert main._renamed(["search", "thaw"]) == ["search", "thaw"]
    assert main._renamed(["--json"]) == ["--json"]


@pytest.mark.parametrize("order", [["merchants", "add"], ["merchants", "set"], ["carts", "add"], ["carts", "set"]])
def test_every_sub_command_has_help_with_an_example(shell: Shell, order: list[str]) -> None:
    assert f"  invsync {' '.join(order)}" in shell.ok(*order, "--help").out


def test_global_options_stand_before_or_after_the_command(acme: Shell) -> None:
    other = str(acme.home / "other.db")
    assert acme.ok("--store", other, "--json", "init").document["store"] == other
    assert acme.ok("merchants", "--json", "--store", other).document["merchants"] == []
    assert len(acme.ok("--json", "merchants").document["merchants"]) == 1


def test_version(shell: Shell) -> None:
    assert shell.ok("--version").out.startswith("invsync ")
    check("version", shell.ok("--version", "--json").document)


def test_quiet_prints_nothing_and_tells_by_exit_code(acme: Shell) -> None:
    answer = acme.run("status", "--quiet")
    assert (answer.code, answer.out, answer.err) == (1, "", "")


@pytest.mark.parametrize("shell_name", ["tcsh"])
def test_completion_knows_every_command(shell: Shell, shell_name: str) -> None:
    script = shell.ok("completion", shell_name).out
    assert all(name in script for name in COMMANDS)


def test_bash_takes_the_completion(shell: Shell) -> None:
    script = shell.ok("completion", "bash").out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=30)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["frobnicate"], "there is no command 'frobnicate'. See: invsync --help"),
        (["sync"], "MERCHANT"),
        (["runs", "--limit", "0"], "from 1 to 1000"),
        (["runs", "9" * 21], "is not a number such as 42"),
        (["cancel", "9" * 5000], "is not a number such as 42"),
        (["apply", "-1"], "--help"),
        (["held", "one"], "'one' is not a number such as 42"),
        (["release", "1"], "--reason"),
        (["runs", "--lim", "3"], "unrecognized"),
        (["connections", "test"], "give MERCHANT or --cart"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_wrong_command_line_is_one_line_and_code_2(shell: Shell, arguments: list[str], told: str) -> None:
    answer = shell.run(*arguments, "--json")
    assert answer.code == 2 and told in answer.error and "--help" in answer.error
    check("error", answer.document)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["stauts"], "status"),
        (["merchants", "ad"], "add"),
        (["audit", "--mercant", "Acme"], "--merchant"),
        (["carts", "add", "A", "B", "--systm", "sandbox"], "--system"),
        (["runs", "--state", "faild"], "failed"),
        (["sync", "Acm"], "'Acme'"),
        (["listings", "Acme Shp"], "'Acme Shop'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_is_misspelled_is_guessed_behind_one_prefix(acme: Shell, arguments: list[str], meant: str) -> None:
    answer = acme.run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert f"Did you mean {meant}?" in answer.error and not answer.error.startswith("invsync: invsync")


def test_without_a_store_it_says_how_to_make_one(shell: Shell) -> None:
    for arguments in (["status"], ["merchants"], ["sync", "Acme"]):
        answer = shell.run(*arguments)
        assert answer.code == 2 and "invsync init" in answer.error and str(shell.store) in answer.error
    assert not shell.store.exists()


def test_a_file_that_is_no_store_is_left_as_it_was(shell: Shell) -> None:
    shell.store.write_text("precious")
    for arguments in (["init"], ["status"], ["serve"]):
        assert shell.run(*arguments).code == 2
    assert shell.store.read_text() == "precious"


def test_a_reader_that_leaves_early_is_no_error(acme: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*INVSYNC, "carts"], env=acme.environment(), stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_names_cannot_command_the_terminal(acme: Shell) -> None:
    with sqlite3.connect(acme.store) as connection:
        connection.execute("UPDATE merchant SET name = ?", ("\x1b[2J[red]x\u202e\nnew",))
        connection.execute("UPDATE cart SET name = ?", ("\x9b31mShop",))
    for command in (["merchants"], ["carts"], ["status"]):
        text = acme.run(*command).out
        assert "?[2J[red]x? new" in text
        assert not set(text) & {"\x1b", "\x9b", "\u202e", "\r"}
    assert "\\u001b" in acme.ok("merchants", "--json").out


def test_times_carry_offset_and_age(acme: Shell) -> None:
    acme.ok("freeze", "Acme", "--reason", "stocktaking")
    text = acme.ok("freeze").out
    assert re.search(r"T\d\d:\d\d:\d\d\+0[12]:00 \((just now|[^)]+ ago)\)", text), text


def test_without_a_service_no_time_of_a_next_run_is_promised(acme: Shell) -> None:
    line = next(line for line in acme.ok("merchants").out.splitlines() if "Next inventory run" in line)
    assert line.endswith("not before a service runs: invsync serve")
    assert acme.json("merchants")["merchants"][0]["next_run_at"] is None


def test_init_is_done_once(shell: Shell) -> None:
    first, second = shell.json("init"), shell.json("init")
    assert (first["created"], second["created"]) == (True, False)
    assert shell.store.stat().st_mode & 0o777 == 0o600


def test_the_control_room_is_refused_without_a_terminal(acme: Shell) -> None:
    answer = acme.run()
    assert answer.code == 2 and "terminal" in answer.error


def test_a_defect_is_one_line_unless_debugging(acme: Shell) -> None:
    with sqlite3.connect(acme.store) as connection:
        connection.execute("UPDATE cart SET options = 'broken'")
    answer = acme.run("carts", "--json")
    assert answer.code == 1 and "defect" in answer.error
    check("error", answer.document)
    assert "Traceback" in acme.run("carts", env={"INVSYNC_DEBUG": "1"}).err


def test_status_tells_findings_by_exit_code(acme: Shell) -> None:
    answer = acme.run("status", "--json")
    check("status", answer.document)
    assert answer.code == 1 and not answer.document["healthy"]


def test_known_systems_are_listed(acme: Shell) -> None:
    document = acme.json("connections", "list")
    assert "tryton" in document["sources"] and "vendure" in document["carts"]


def test_a_system_tells_how_it_is_set_up(acme: Shell) -> None:
    document = acme.json("connections", "about", "tryton")
    check("connections", document)
    (told,) = document["connectors"]
    assert (told["kind"], told["title"]) == ("wms", "Tryton")
    assert [option["name"] for option in told["options"] if option["required"]] == ["database"]
    shown = acme.run("connections", "about", "tryton").out
    assert "invsync merchants add MERCHANT --source tryton" in shown and "option database (required)" in shown
    assert acme.run("connections", "about", "sandbox", "--markdown").out.count("# Sandbox") == 2


def test_a_system_that_is_not_there_is_guessed(acme: Shell) -> None:
    answer = acme.run("connections", "about", "trytn")
    assert answer.code == 2 and "tryton" in answer.err
