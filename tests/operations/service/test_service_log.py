"""One line for each record, no secrets, no control characters; files that are private and do not grow without bound."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.connectors.network.http_log import remember_secret
from invsync_tui.operations.service import log as service_log
from invsync_tui.operations.service.log import LogFormat, OneLine


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, told = list(root.handlers), root.level, logging.raiseExceptions
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        handler.close()
    root.handlers[:], logging.raiseExceptions = handlers, told
    root.setLevel(level)


def record(text: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("invsync", logging.WARNING, "x.py", 1, "%s", (text,), None)
    made.__dict__.update(extra)
    return made


HOSTILE = "bad\nline\r\x1b]52;c;aGk=\x07\x00 \u202e\u2028end"


@pytest.mark.parametrize("form", LogFormat)
def test_a_hostile_text_is_one_line_without_control_characters(form: LogFormat) -> None:
    line = OneLine(form).format(record(HOSTILE, event="run", fields={"error": HOSTILE, "counts": {"a\nb": 1}}))
    assert line.isprintable() and "end" in line
    if form is LogFormat.JSON:
        found = json.loads(line)
        assert (found["level"], found["event"]) == ("warning", "run")
        assert found["message"].isprintable() and found["error"].isprintable()


@pytest.mark.parametrize("form", LogFormat)
def test_a_secret_never_reaches_the_log(form: LogFormat) -> None:
    remember_secret("s3cr3t-of-the-wms")
    line = OneLine(form).format(record("login s3cr3t-of-the-wms", fields={"error": "token=abcdefgh s3cr3t-of-the-wms"}))
    assert "s3cr3t" not in line and "abcdefgh" not in line


def test_a_secret_at_the_cut_does_not_leave_its_beginning() -> None:
    remember_secret("s3cr3t-of-the-wms")
    line = OneLine(LogFormat.TEXT).format(record("x " * 995 + "s3cr3t-of-the-wms" + " y" * 995))
    assert "s3cr3t" not in line


def test_a_huge_answer_does_not_fill_the_log() -> None:
    assert len(OneLine(LogFormat.TEXT).format(record("x" * 1_000_000))) < 3000


def test_a_defect_is_one_line_that_says_where(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise KeyError("no such\nthing")
    except KeyError:
        logging.getLogger("invsync").exception("run 7")
    line = OneLine(LogFormat.TEXT).format(caplog.records[-1])
    assert line.isprintable() and "KeyError" in line and "test_service_log.py:" in line


def test_a_log_file_is_private_and_put_aside_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_log, "LOG_BYTES", 2000)
    path = tmp_path / "w.log"
    service_log.start(LogFormat.TEXT, logging.INFO, path)
    for n in range(500):
        logging.getLogger("invsync").info("line %s", n)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["w.log", "w.log.1", "w.log.2", "w.log.3"]
    assert all(file.stat().st_size <= 2000 for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert "line 499" in path.read_text()


def test_a_log_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "w.log"
    service_log.start(LogFormat.TEXT, logging.INFO, path)
    logging.getLogger("invsync").info("before")
    path.rename(tmp_path / "old")
    service_log.reopen()
    logging.getLogger("invsync").info("after")
    assert "before" in (tmp_path / "old").read_text() and "after" not in (tmp_path / "old").read_text()
    assert "after" in path.read_text()


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_log_file_that_was_moved_or_removed_without_a_word_is_begun_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "w.log"
    service_log.start(LogFormat.TEXT, logging.INFO, path)
    logging.getLogger("invsync").info("before")
    if how == "moved":
        path.rename(tmp_path / "old")
    else:
        path.unlink()
    logging.getLogger("invsync").info("after")
    text = path.read_text()
    assert "after" in text and "before" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_processes_that_share_a_log_file_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_log, "LOG_BYTES", 2000)
    path = tmp_path / "w.log"
    both = [service_log._PrivateFile(path) for _ in range(2)]
    # when one of them puts the file aside several times
    for n in range(200):
        both[0].emit(record(f"first {n}"))
    # then the other writes into the present one, and not into one that is about to go
    both[1].emit(record("second"))
    assert "second" in path.read_text()
    for each in both:
        each.close()


def test_a_log_that_cannot_be_put_aside_goes_on_in_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_log, "LOG_BYTES", 2000)
    tries: list[str] = []

    def refuses(source: str, _: str) -> None:
        tries.append(source)
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "w.log"
    service_log.start(LogFormat.TEXT, logging.INFO, path)
    monkeypatch.setattr(service_log._PrivateFile, "rotate", lambda _, source, to: refuses(source, to))
    # when it grows past what it may in a folder in which nothing can be renamed
    for n in range(200):
        logging.getLogger("invsync").info("line %s", n)
    # then every record is there, and it was tried now and then
    lines = path.read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == [str(n) for n in range(200)]
    assert 2 <= len(tries) <= len(path.read_bytes()) / 2000
    # and it is put aside as soon as that can be done
    monkeypatch.undo()
    monkeypatch.setattr(logging.getLogger().handlers[0], "maxBytes", 2000)
    for n in range(100):
        logging.getLogger("invsync").info("line %s", 200 + n)
    assert (tmp_path / "w.log.1").exists() and "line 299" in path.read_text()


def test_a_log_whose_folder_is_away_goes_on_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    service_log.start(LogFormat.TEXT, logging.INFO, folder / "w.log")
    # when the folder is away while the log is to be opened again
    folder.rename(tmp_path / "away")
    service_log.reopen()
    logging.getLogger("invsync").info("lost")
    # then nothing fails, and what comes after it is there
    folder.mkdir()
    logging.getLogger("invsync").info("kept")
    assert "kept" in (folder / "w.log").read_text()


def test_a_log_is_begun_with_one_line_a_record_and_without_chatty_libraries(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", True)
    for name in service_log.CHATTY:
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    service_log.start(LogFormat.JSON, logging.INFO)
    logging.getLogger("invsync").info("one\ntwo")
    logging.getLogger("invsync").debug("not said")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "one two"
    assert logging.raiseExceptions is False
    assert {logging.getLogger(name).level for name in service_log.CHATTY} == {logging.WARNING}
