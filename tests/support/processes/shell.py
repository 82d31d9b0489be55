"""Runs the real command in a process of its own, as a script would.

The first of each kind in a run is started by the interpreter, the others are forked with the modules loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.processes import forked

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""

INVSYNC = [sys.executable, "-m", "invsync_tui"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self
        return dict(json.loads(lines[0]))

    @property
    def error(self) -> str:
        """The one line on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("invsync: "), self
        return lines[0]


@dataclass(frozen=True, slots=True)
class Shell:
    """A home folder, a store in it, and the command."""

    home: Path

    @property
    def store(self) -> Path:
        return self.home / "store.db"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("INVSYNC_", "XDG_")) or "SANDBOX" in k}
        return {
            **inherited,
            "HOME": str(self.home),
            "INVSYNC_STORE": str(self.store),
            "TZ": "Europe/Berlin",
            **(more or {}),
        }

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Answer:
        command = [*INVSYNC, *arguments]
        if forked.forkable(command, env):
            return Answer(*forked.run(command, self.environment(env), self.home, timeout=90))
        done = subprocess.run(
            command,
            env=self.environment(env),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str) -> Answer:
        """Run a command that must succeed."""
        answer = self.run(*arguments)
        assert answer.code == 0, answer
        assert "Traceback" not in answer.err, answer
        return answer

    def json(self, *arguments: str) -> dict[str, Any]:
        """The document of a command that must succeed, held against the schema of its command."""
        document = self.ok(*arguments, "--json").document
        check(arguments[0], document)
        return document


def check(schema: str, document: Mapping[str, Any]) -> None:
    """Hold a document against the schema of a command."""
    text = (resources.files("invsync_tui.cli") / "schemas" / f"{schema}.json").read_text(encoding="utf-8")
    Draft202012Validator(json.loads(text)).validate(dict(document))
