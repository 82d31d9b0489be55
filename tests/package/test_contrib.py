"""What administrators copy: systemd units, their environment file and the container file, checked as far as this machine can."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from invsync_tui.cli import main
from invsync_tui.cli.parser import Parser
from invsync_tui.sync.worker import DRAIN_MOST
from tests.support.processes.skips import needs

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
UNITS = sorted(path for path in (CONTRIB / "systemd").iterdir() if path.suffix in (".service", ".timer"))
HARDENING = {
    "NoNewPrivileges": "yes",
    "LimitCORE": "0",
    "ProtectSystem": "strict",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "CapabilityBoundingSet": "",
    "SystemCallFilter": "@system-service",
}


def unit(name: str) -> configparser.ConfigParser:
    """A unit file by section and option; one that is given twice is an error."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(CONTRIB / "systemd" / name, "utf-8")
    return parser


def program(parser: Parser, command: str) -> None:
    """Hold a command line of ours against the parser; UsageError where it is wrong."""
    words = shlex.split(command)
    assert words[0].endswith("invsync"), command
    parser.parse_args(words[1:])


@pytest.fixture(scope="module")
def parser() -> Parser:
    return main.parser()


def test_the_service_notifies_is_watched_and_is_confined() -> None:
    service = unit("invsync.service")["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 30
    assert int(service["TimeoutStopSec"]) > DRAIN_MOST, "runs come to a safe point first"
    for name in ("invsync.service", "invsync-backup.service"):
        assert HARDENING.items() <= dict(unit(name)["Service"]).items(), name
        assert "RestrictSUIDSGID" not in unit(name)["Service"], (
            "the folder of locks gets this bit beside a shared store"
        )
        assert "ProtectProc" not in unit(name)["Service"], "whether another user's worker works is seen in /proc"


def test_the_timer_starts_the_backup_which_removes_old_copies() -> None:
    assert unit("invsync-backup.timer")["Timer"]["OnCalendar"]
    assert "--keep" in unit("invsync-backup.service")["Service"]["ExecStart"]
    assert unit("invsync-backup.service")["Service"]["Type"] == "oneshot"


def test_units_run_commands_that_exist(parser: Parser) -> None:
    for path in UNITS:
        if path.suffix == ".service":
            program(parser, unit(path.name)["Service"]["ExecStart"])


def test_the_environment_file_has_names_that_the_program_knows() -> None:
    text = (CONTRIB / "systemd" / "invsync.env").read_text("utf-8")
    lines = [line.removeprefix("#") for line in text.splitlines() if re.match(r"#?[A-Z_]+=", line)]
    names = {line.partition("=")[0] for line in lines}
    code = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert "INVSYNC_STORE" in names
    assert [name for name in names if name.startswith("INVSYNC_") and name not in code] == []
    for name in ("invsync.service", "invsync-backup.service"):
        assert unit(name)["Service"]["EnvironmentFile"] == "/etc/invsync/invsync.env"


@needs("systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for path in UNITS:  # the program is nowhere on this machine but here
        text = path.read_text("utf-8").replace("/opt/invsync/bin/invsync", sys.executable)
        (tmp_path / path.name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "invsync" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


INSTRUCTIONS = {
    "FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "ENTRYPOINT", "CMD", "HEALTHCHECK", "LABEL", "STOPSIGNAL",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """The container file's instructions with their arguments; lines that are continued are joined."""
    text = (CONTRIB / "Containerfile").read_text("utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def test_the_container_file_copies_what_exists() -> None:
    made = instructions()
    assert {name for name, _ in made} <= INSTRUCTIONS
    assert made[0][0] == "FROM" and ":" in made[0][1], "an image without a tag is another one tomorrow"
    copied = [shlex.split(rest) for name, rest in made if name == "COPY" and not rest.startswith("--from")]
    sources = [word for words in copied for word in words[:-1] if not word.startswith("--")]
    assert sources and [source for source in sources if not (ROOT / source).exists()] == []
    needed = {"pyproject.toml", "README.md", "LICENSE", "src", "docs", "contrib", "requirements.lock"}
    assert needed <= {source.rstrip("/") for source in sources}, "what a wheel is built of"


def test_the_container_runs_as_nobody_special_and_runs_commands_that_exist(parser: Parser) -> None:
    import json

    made = dict(instructions())
    assert made["USER"] not in ("root", "0")
    words = [*json.loads(made["ENTRYPOINT"]), *json.loads(made["CMD"])]
    program(parser, shlex.join(words))
    program(parser, made["HEALTHCHECK"].partition("CMD ")[2])
    assert made["STOPSIGNAL"] == "SIGTERM"
