"""Runs tests against planted faults: in copies of the tree, in processes that are forked with the libraries loaded."""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import importlib
import json
import os
import py_compile
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.mutation import tracing
from tests.mutation.faults import Fault
from tests.mutation.reach import Reach
from tests.support.processes.bytecode import LEFT_OUT

LIBRARIES = (
    "pytest", "_pytest.assertion.rewrite", "pytest_asyncio", "xdist", "hypothesis", "sqlmodel", "sqlalchemy", "alembic.command",
    "httpx", "orjson", "jsonschema", "textual.app", "coverage", "pyte",
)  # fmt: skip
OPTIONS = (
    "-o",
    "addopts=",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "-p",
    "no:terminalreporter",
    "-m",
    "not real and not slow",
)
TRACE_MOST = 900.0
"""Seconds for a file of tests while its lines are measured."""
PATIENCE = 60.0
"""Seconds that tests may take beyond six times what they took when they were traced: a fault may make them hang."""


class Question(NamedTuple):
    """A fault and the tests that are asked about it."""

    room: str
    fault: Fault
    tests: tuple[str, ...]
    reach: Reach

    @property
    def deadline(self) -> float:
        return PATIENCE + 6 * sum(self.reach.times[test] for test in self.tests)


class Verdict(NamedTuple):
    """`end` is found, hung, survived or unreached (no test reaches the line)."""

    question: Question
    end: str

    @property
    def found(self) -> bool:
        return self.end in ("found", "hung")


@dataclass
class _Child:
    pid: int
    slot: int
    until: float
    question: Question | None = None
    file: str = ""


class Yard:
    """Copies of the tree, one for each job, in a folder that goes away at the end."""

    def __init__(self, root: Path, jobs: int) -> None:
        self._root = root
        self._jobs = jobs
        self._folder = Path(tempfile.mkdtemp(prefix="planted-"))

    def __enter__(self) -> Yard:
        for name in LIBRARIES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        for slot in range(self._jobs):
            self._copy(slot)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _tree(self, slot: int) -> Path:
        return self._folder / f"tree{slot}"

    def _copy(self, slot: int) -> None:
        tree = self._tree(slot)
        for name in ("src", "tests", "docs", "screenshots"):
            shutil.copytree(self._root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "LICENSE", "*.md", "requirements*.lock"):
            for path in self._root.glob(name):
                shutil.copy(path, tree / path.name)
        # Compiled files that are checked by content: a fault comes and goes within a second and leaves the size as it is.
        checked = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(tree / "src", quiet=2, invalidation_mode=checked)

    # --- which tests reach what ---

    def reach(self, files: Sequence[str]) -> Reach:
        """Measured once for each file of tests and state of the program."""
        missing = [file for file in files if not self._kept(file).exists()]
        if missing:
            print(f"measuring which lines the tests of {len(missing)} files reach ...", flush=True)
            self._trace(missing)
        found = Reach()
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                found.add(json.loads(self._kept(file).read_text(encoding="utf-8")))
        print(f"{len(found.times)} tests reach {len(found.lines)} lines", flush=True)
        return found

    def _kept(self, file: str) -> Path:
        """Where the lines of a file of tests are kept; another name for every other state of program and tests."""
        digest = hashlib.sha256(self._program)
        digest.update((self._root / file).read_bytes())
        return _cache() / f"{file.replace('/', '-')}-{digest.hexdigest()[:16]}.json"

    @cached_property
    def _program(self) -> bytes:
        digest = hashlib.sha256()
        for path in sorted((self._root / "src").rglob("*.py")):
            digest.update(path.read_bytes())
        return digest.digest()

    def _trace(self, files: Sequence[str]) -> None:
        """A file at a time, so that a test that takes down its process costs one file."""
        waiting, running = list(files), list[_Child]()
        while waiting or running:
            free = [slot for slot in range(self._jobs) if slot not in {child.slot for child in running}]
            for slot in free[: len(waiting)]:
                file = waiting.pop(0)
                out = self._folder / f"{file.replace('/', '-')}.json"
                given = {tracing.WHERE: f"{out}|{self._tree(slot)}/src"}
                pid = self._fork(slot, ("-p", "tests.mutation.tracing", file), given)
                running.append(_Child(pid, slot, time.monotonic() + TRACE_MOST, file=file))
            for child in [one for one in running if self._ended(one) is not None]:
                running.remove(child)
                self._keep(child.file)
            time.sleep(0.05)

    def _keep(self, file: str) -> None:
        out = self._folder / f"{file.replace('/', '-')}.json"
        if not out.exists():
            print(f"  {file} could not be measured: {self._tree(0)}", flush=True)
            return
        record = json.loads(out.read_text(encoding="utf-8"))
        # Paths relative to whichever copy of the tree it was.
        lines = {
            str(Path(*Path(name).relative_to(self._folder).parts[1:])): found for name, found in record["lines"].items()
        }
        kept = self._kept(file)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({**record, "lines": lines}), encoding="utf-8")

    # --- asking ---

    def ask(self, questions: Iterable[Question]) -> Iterator[Verdict]:
        """Each fault in a free copy of the tree; verdicts come as they end."""
        waiting, running = list(questions), list[_Child]()
        while waiting or running:
            free = [slot for slot in range(self._jobs) if slot not in {child.slot for child in running}]
            while free and waiting:
                question = waiting.pop(0)
                if not question.tests:
                    yield Verdict(question, "unreached")
                    continue
                slot = free.pop()
                self._plant(slot, question.fault)
                pid = self._fork(slot, ("-x", *question.tests), {})
                running.append(_Child(pid, slot, time.monotonic() + question.deadline, question))
            for child in list(running):
                end = self._ended(child)
                if end is not None and child.question is not None:
                    running.remove(child)
                    self._restore(child.slot, child.question.fault)
                    yield Verdict(child.question, end)
            time.sleep(0.05)

    def _plant(self, slot: int, fault: Fault) -> None:
        text = (self._root / fault.path).read_text(encoding="utf-8")
        (self._tree(slot) / fault.path).write_text(fault.planted(text), encoding="utf-8")

    def _restore(self, slot: int, fault: Fault) -> None:
        shutil.copy(self._root / fault.path, self._tree(slot) / fault.path)

    def _fork(self, slot: int, arguments: Sequence[str], environment: dict[str, str]) -> int:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = _in_child(self._tree(slot), arguments, environment)
            finally:
                os._exit(code)
        return pid

    def _ended(self, child: _Child) -> str | None:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0 and time.monotonic() < child.until:
            return None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # servers that its tests had started
        if pid == 0:
            os.waitpid(child.pid, 0)
            return "hung"
        return "survived" if os.waitstatus_to_exitcode(status) == 0 else "found"


def _in_child(tree: Path, arguments: Sequence[str], environment: dict[str, str]) -> int:
    """pytest in a copy of the tree, with nothing of this one's program and tests left in memory."""
    import pytest

    os.setsid()
    out = os.open(tree / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "invsync_tui")]:
        del sys.modules[name]
    os.chdir(tree)
    paths = [str(tree / "src"), str(tree)]
    original = str(Path(tracing.__file__).parents[2])
    sys.path[:] = [*paths, *(one for one in sys.path if one not in ("", original, f"{original}/src"))]
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    os.environ.update(environment, PYTHONPATH=os.pathsep.join(paths), PYTHONDONTWRITEBYTECODE="1")
    os.environ[LEFT_OUT] = "1"
    return int(pytest.main([*OPTIONS, f"--rootdir={tree}", *arguments]))


def _cache() -> Path:
    base = os.environ.get("INVSYNC_TEST_CACHE")
    return (Path(base) if base else Path.home() / ".cache" / "invsync-tests") / "mutation"
