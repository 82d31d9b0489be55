"""Turns a secret's reference into the secret, in the process that calls the connector and nowhere else.

All connectors use this one function. It never holds up the event loop, and it ends: a command has a deadline, what it
writes has a limit, and a file has to be one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import stat
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from invsync_tui.connectors.about import SecretPart
from invsync_tui.connectors.addresses import expanded
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError
from invsync_tui.connectors.network.http_log import remember_secret

COMMAND_TIMEOUT = 15.0
"""Seconds a `command:` reference may take, and a file."""
SECRET_MOST = 16 * 1024
"""Bytes of a secret."""
AFTER_END = 0.5
"""Seconds to wait for the output of a command that has ended, and left somebody behind who holds it open."""
LOOK = 0.01
"""Seconds between looks whether a command has ended."""
REFERENCE_ADVICE = "Use env:NAME, file:PATH or command:ARGV; secrets are never stored."


async def _from_env(name: str) -> bytes:
    value = os.environ.get(name)
    if not value:
        raise NotConfiguredError(
            f"The environment variable {name} is empty or not set.",
            advice=f"Set {name} for the process that runs the sync.",
        )
    return value.encode("utf-8", "surrogateescape")


async def _from_file(name: str) -> bytes:
    path = expanded(name)
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT):
            there, content = await asyncio.to_thread(_read, path)
    except (OSError, TimeoutError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it does not answer"
        raise NotConfiguredError(
            f"The secret file {path} cannot be read ({why}).", advice="Create it, or correct the path."
        ) from error
    if not stat.S_ISREG(there.st_mode):
        raise NotConfiguredError(f"The secret file {path} is not a file.", advice="Name a plain file in the reference.")
    if open_to_others(there):
        raise NotConfiguredError(
            f"The secret file {path} is open to others.", advice=f"chmod 600 {shlex.quote(str(path))}"
        )
    return content


def open_to_others(there: os.stat_result) -> bool:
    """Whether a secret's file is readable, or can be written, by more users than need it.

    A file of root's may be read by a group: whoever is not root reads it by that alone. Secrets of a container that does not run
    as root have no other form, nor have those that a service manager hands on.
    """
    by_group = stat.S_IRGRP if there.st_uid == 0 != os.geteuid() else 0
    return bool(there.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~by_group)


def _read(path: Path) -> tuple[os.stat_result, bytes]:
    """What it is, and its content; of something that is no file, a device or a pipe, nothing is read."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        there = os.fstat(handle)
        return there, os.read(handle, SECRET_MOST + 1) if stat.S_ISREG(there.st_mode) else b""
    finally:
        os.close(handle)


async def _from_command(line: str) -> bytes:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise NotConfiguredError("The secret's command has unbalanced quotes.", advice=REFERENCE_ADVICE) from error
    if not words:
        raise NotConfiguredError("The secret's command is empty.", advice=REFERENCE_ADVICE)
    program = Path(words[0]).name
    starting = asyncio.ensure_future(_started(words))
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):
            await _end(await starting)  # it may have started in this very moment
        raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not one"
        raise _failed(program, f"cannot be started ({why})") from error
    return await _output(process, program)


async def _started(words: list[str]) -> asyncio.subprocess.Process:
    """The operator's own command, from the operator's own settings; run without a shell, in a group of its own."""
    return await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a command with all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(_exit_code(process))
    process._transport.close()  # type: ignore[attr-defined] # else a pipe that others hold open stays ours


async def _exit_code(process: asyncio.subprocess.Process) -> int:
    """Once the command itself has ended. `process.wait` also waits for those who hold its output open."""
    while process.returncode is None:  # noqa: ASYNC110 (there is nothing else to wait for)
        await asyncio.sleep(LOOK)
    return process.returncode


async def _output(process: asyncio.subprocess.Process, program: str) -> bytes:
    """What a command writes; it and all that it started are gone when this returns or raises."""
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT):
            output, code = await _until_end(process)
    except TimeoutError as error:
        raise _failed(program, f"took more than {COMMAND_TIMEOUT:g} s") from error
    finally:
        await _end(process)
    if len(output) > SECRET_MOST:
        raise _failed(program, f"writes more than {SECRET_MOST} bytes")
    if code:
        raise _failed(program, f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}")
    return output


async def _until_end(process: asyncio.subprocess.Process) -> tuple[bytes, int]:
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    output = bytearray()
    reading = asyncio.ensure_future(_collect(process.stdout, output))
    ending = asyncio.ensure_future(_exit_code(process))
    try:
        await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        if len(output) > SECRET_MOST:
            return bytes(output), 0
        code = await ending
        await asyncio.wait({reading}, timeout=AFTER_END)
        return bytes(output), code
    finally:
        for task in (reading, ending):
            task.cancel()
        await asyncio.gather(reading, ending, return_exceptions=True)


async def _collect(stream: asyncio.StreamReader, output: bytearray) -> None:
    while len(output) <= SECRET_MOST and (piece := await stream.read(4096)):
        output += piece


def _failed(program: str, what: str) -> NotConfiguredError:
    return NotConfiguredError(
        f"The secret's command {program} {what}.", advice="Run it by hand, as the user of the sync, to see why."
    )


def _checked(content: bytes, kind: str) -> str:
    """The secret in what was found: one line of text."""
    if len(content) > SECRET_MOST:
        raise NotConfiguredError(
            f"The secret has more than {SECRET_MOST} bytes.", advice=f"Check the {kind}: reference."
        )
    try:
        text = content.decode("utf-8-sig" if kind == "file" else "utf-8")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise NotConfiguredError("The secret is not text in UTF-8.", advice=f"Check the {kind}: reference.") from error
    text = text.rstrip("\r\n") if kind == "env" else text.strip(" \t\r\n")
    if not text:
        raise NotConfiguredError("The secret is empty.", advice=f"Check the {kind}: reference.")
    if not all(c.isprintable() for c in text):
        raise NotConfiguredError(
            "The secret has line breaks or control characters in it.",
            advice=f"It must be one line of text: check the {kind}: reference.",
        )
    return text


_RESOLVERS: dict[str, Callable[[str], Awaitable[bytes]]] = {
    "env": _from_env,
    "file": _from_file,
    "command": _from_command,
}


async def resolve(reference: str) -> str:
    """The secret behind `env:NAME`, `file:PATH` or `command:ARGV`; '' for ''. NotConfiguredError if there is none."""
    if not reference:
        return ""
    kind, _, rest = reference.partition(":")
    resolver = _RESOLVERS.get(kind)
    if resolver is None or not rest:
        raise NotConfiguredError("The secret is not a reference.", advice=REFERENCE_ADVICE)
    secret = _checked(await resolver(rest), kind)
    remember_secret(secret, reference)
    return secret


def reference_of(connection: Connection, parts: Sequence[SecretPart], name: str) -> str:
    """The reference of a declared part; '' where none is given. The first part is the connection's `secret`."""
    return connection.secret if parts and parts[0].name == name else connection.secrets.get(name, "")


async def resolve_part(connection: Connection, parts: Sequence[SecretPart], name: str) -> str:
    """The secret of a declared part; '' where it may be left out and is. NotConfiguredError names the part."""
    part = next(part for part in parts if part.name == name)
    reference = reference_of(connection, parts, name)
    if not reference and part.required:
        raise missing(connection.name, part)
    try:
        return await resolve(reference)
    except NotConfiguredError as error:
        raise NotConfiguredError(
            f"{part.label} ({part.name}): {error.what}", where=connection.name, advice=error.advice
        ) from error


def missing(where: str, part: SecretPart) -> NotConfiguredError:
    """A required part has no reference."""
    return NotConfiguredError(
        f"{part.label} ({part.name}) is not given: {part.help}.",
        where=where,
        # As an example it would look like a secret beside its name, and be blacked out.
        advice=f"Give it by --secret NAME=REFERENCE, where NAME is {part.name}.",
    )


def learn(references: list[str]) -> None:
    """Resolve what can be resolved here, for the gate to know it; blocks, so call it outside an event loop's thread."""
    parts: list[tuple[str, str]] = []

    async def every() -> None:
        for reference in references:
            with contextlib.suppress(ConnectorError):
                parts.append((await resolve(reference), reference))

    thread = threading.Thread(target=lambda: asyncio.run(every()), name="secrets", daemon=True)
    thread.start()
    thread.join()
    for (
        secret,
        reference,
    ) in parts:  # again: the short ones are known to the caller's context alone, and that was another
        remember_secret(secret, reference)
