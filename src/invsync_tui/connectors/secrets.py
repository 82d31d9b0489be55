"""Turns a secret's reference into the secret, in the process that calls the connector and nowhere else."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.exchanges import remember_secret

COMMAND_TIMEOUT = 15.0
"""Seconds a `command:` reference may take."""


def _from_env(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise NotConfiguredError(
            f"The environment variable {name} is empty or not set.",
            advice=f"Set {name} for the process that runs the sync.",
        )
    return value


def _from_file(name: str) -> str:
    path = Path(name).expanduser()
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfiguredError(
            f"The secret file {path} cannot be read: {error}.", advice="Create it, or correct the path."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise NotConfiguredError(f"The secret file {path} is open to others.", advice=f"chmod 600 {path}")
    return text


def _from_command(line: str) -> str:
    try:
        # The operator's own command, from the operator's own settings; run without a shell.
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=True)  # noqa: S603
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NotConfiguredError(
            f"The secret's command failed ({type(error).__name__}).", advice=f"Run it by hand: {line}"
        ) from error
    return done.stdout.strip()


_RESOLVERS = {"env": _from_env, "file": _from_file, "command": _from_command}


def resolve(reference: str) -> str:
    """The secret behind `env:NAME`, `file:PATH` or `command:ARGV`; '' for ''. NotConfiguredError if there is none."""
    if not reference:
        return ""
    kind, _, rest = reference.partition(":")
    resolver = _RESOLVERS.get(kind)
    if resolver is None or not rest:
        raise NotConfiguredError(
            "The secret is not a reference.",
            advice="Use env:NAME, file:PATH or command:ARGV; secrets are never stored.",
        )
    secret = resolver(rest)
    remember_secret(secret)
    return secret
