"""`python -m tests.support.processes.fork_server FD`: forks a process for each program that comes over a socket.

Importing SQLAlchemy, SQLModel and Textual takes a second of a processor, and a command a tenth of it. What is forked is
a process of its own as any other: its arguments, environment, folder, streams, terminal and exit code are real. The
modules are frozen for the garbage collector, which would otherwise go through all of them at each end.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module

from tests.support.processes.forked import MOST, PROGRAMS

LIBRARIES = ("alembic.command", "httpx", "orjson", "sqlmodel", "textual.app", "jsonschema")


def main(arguments: Sequence[str]) -> None:
    """Fork until the other end is closed; in a forked process, run its program to its end."""
    control = socket.socket(fileno=int(arguments[0]))
    _load()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files, _, _ = socket.recv_fds(control, MOST, 8)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _watch_over(json.loads(message), files)
            return
        for file in files:
            os.close(file)


def _load() -> None:
    import invsync_tui

    for name in LIBRARIES:
        import_module(name)
    for module in pkgutil.walk_packages(invsync_tui.__path__, "invsync_tui."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            import_module(module.name)
    for module_name, _ in PROGRAMS.values():
        import_module(module_name)


def _watch_over(request: dict[str, object], files: list[int]) -> None:
    """Fork the program, send its number and, after its end, its status. Only the program returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as a started one has it, also where the suite ignores it
    status = files[0]
    program = os.fork()
    if program == 0:
        os.close(status)
        _become(request, files[1:])
        return
    for file in files[1:]:
        os.close(file)
    os.write(status, f"{program}\n".encode())
    _, ended = os.waitpid(program, 0)
    try:
        os.write(status, f"{ended}\n".encode())
    finally:
        os._exit(0)


def _become(request: dict[str, object], files: list[int]) -> None:
    """Take over streams, environment and folder; run the program, which ends the process by SystemExit."""
    if len(files) == 1:
        os.login_tty(files[0])
        for number in (signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)  # as under a shell, also where the suite ignores them
    else:
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in enumerate((nothing, *files)):
            os.dup2(file, number)
            os.close(file)
    _open_streams()
    environment, folder, command = request["environment"], request["folder"], request["command"]
    assert isinstance(environment, dict) and isinstance(folder, str) and isinstance(command, list)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    module_name, function = PROGRAMS[command[0]]
    module = import_module(module_name)
    sys.argv = [str(module.__file__), *command[1:]]
    try:
        status = getattr(module, function)()
    except SystemExit as ended:
        status = ended.code
    _end(status)


def _end(status: object) -> None:
    """End as the interpreter does, but without taking all modules down: that would copy every page of them first.

    An error that nobody has caught goes the interpreter's own way, as does what is not understood here.
    """
    if not (status is None or isinstance(status, int)):
        sys.exit(status)  # type: ignore[arg-type]
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
    except OSError:
        sys.exit(status)  # nobody reads it any more, which the interpreter has an exit code of its own for
    os._exit((status or 0) & 0xFF)


def _open_streams() -> None:
    """Text streams as an interpreter opens them at its start."""
    for name, number, mode in (("stdin", 0, "rb"), ("stdout", 1, "wb"), ("stderr", 2, "wb")):
        before = getattr(sys, name)
        raw = os.fdopen(number, mode, closefd=False)
        by_line = name == "stderr" or raw.isatty()
        stream = io.TextIOWrapper(raw, before.encoding, before.errors, line_buffering=by_line)
        stream.mode = mode[0]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    main(sys.argv[1:])
