"""Where the store and the configuration are, and who has precedence."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.config import ConfigError, Flags, load
from tests.support.processes.shell import Shell, check


def written(folder: Path, text: str) -> dict[str, str]:
    path = folder / "config" / "invsync" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return {"XDG_CONFIG_HOME": str(folder / "config")}


def test_without_anything_the_store_is_in_the_data_folder(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    assert load(Flags(), environ).store == tmp_path / "invsync" / "store.db"


def test_a_relative_base_folder_is_ignored(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": "relative", "XDG_CONFIG_HOME": str(tmp_path)}
    assert load(Flags(), environ).store == Path.home() / ".local/share/invsync/store.db"


def test_flag_before_environment_before_file(tmp_path: Path) -> None:
    environ = written(tmp_path, 'store = "file.db"\nread_only = true\n')
    assert load(Flags(), environ).store == tmp_path / "config" / "invsync" / "file.db"
    assert load(Flags(), environ).read_only
    environ |= {"INVSYNC_STORE": "/environment.db", "INVSYNC_READ_ONLY": "0"}
    assert (load(Flags(), environ).store, load(Flags(), environ).read_only) == (Path("/environment.db"), False)
    found = load(Flags(store="/flag.db", read_only=True), environ)
    assert (found.store, found.read_only) == (Path("/flag.db"), True)


def test_the_file_sets_the_terminals_manners(tmp_path: Path) -> None:
    found = load(Flags(), written(tmp_path, "ascii = true\nmouse = false\n"))
    assert (found.ascii_only, found.mouse) == (True, False)
    assert load(Flags(mouse=True), {"XDG_CONFIG_HOME": str(tmp_path / "config")}).mouse is True


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("ascii = true\nstoer = 'x'\n", 2, "unknown key 'stoer'"),
        ("\n[colors]\nred = 1\n", 2, "unknown key 'colors'"),
        ("mouse = 'yes'\n", 1, "true or false"),
        ("store = 7\n", 1, "text in quotes"),
        ("ascii = true\nmouse = \n", 2, "not TOML"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        load(Flags(), written(tmp_path, text))
    assert f"config.toml:{line}: " in str(caught.value)


def test_a_mark_of_the_encoding_and_other_ends_of_lines_are_read(tmp_path: Path) -> None:
    environ = written(tmp_path, "")
    path = tmp_path / "config" / "invsync" / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfascii = true\r\nmouse = false\r\n")
    assert load(Flags(), environ).ascii_only
    path.write_bytes(b"\xef\xbb\xbfascii = true\r\nmousse = false\r\n")
    with pytest.raises(ConfigError, match=r"config\.toml:2: unknown key 'mousse'"):
        load(Flags(), environ)


def test_a_home_folder_of_another_user_is_named_as_what_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs as another user than its image was made for."""

    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    environ = written(tmp_path, "")
    monkeypatch.setattr(Path, "open", refuses)
    with pytest.raises(ConfigError, match=r"Permission denied\. Check the file and its mode\. If .* set HOME\."):
        load(Flags(), environ)
    with pytest.raises(ConfigError, match=r"its mode\.$"):
        load(Flags(config=str(tmp_path / "config" / "invsync" / "config.toml")), environ)


def test_an_unclear_switch_in_the_environment_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="INVSYNC_READ_ONLY"):
        load(Flags(), {"INVSYNC_READ_ONLY": "perhaps", "XDG_CONFIG_HOME": str(tmp_path)})


def test_a_mistake_ends_the_command_with_code_2(shell: Shell) -> None:
    path = shell.home / "mine.toml"
    path.write_text("stoer = 'x'\n")
    for arguments in (["status", "--config", str(path)], ["--config", "missing.toml", "status"]):
        answer = shell.run(*arguments, "--json")
        assert answer.code == 2
        check("error", answer.document)
        assert answer.document["error"]["kind"] == "config"
