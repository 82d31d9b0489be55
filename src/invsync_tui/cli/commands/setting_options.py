"""Options for settings, made from the table of settings, and back into texts for the operation."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from invsync_tui.operations.settings.fields import Setting


def add_settings(parser: argparse.ArgumentParser, settings: Iterable[Setting], *, adding: bool) -> None:
    """One option per setting; what is `adding` has its name as an argument of its own."""
    for setting in settings:
        if setting.name == "name" and adding:
            continue
        default = f" (default {setting.default})" if setting.default and adding else ""
        said = f"{setting.option_help or setting.help}{default}".replace("%", "%%")
        metavar = setting.value.metavar
        if setting.repeated:
            parser.add_argument(setting.flag, metavar=metavar, action="append", default=[], help=said)
        else:
            parser.add_argument(setting.flag, metavar=metavar, help=said)


def texts(args: argparse.Namespace, settings: Iterable[Setting], adding: str = "") -> dict[str, str]:
    """What was given, by setting; what is given in parts is left out. What is added has a name of its own, and its
    system by the option `adding`."""
    mine = {one.dest: one.name for one in settings if not one.repeated and not (adding and one.name == "name")}
    names = mine | ({adding: adding} if adding else {})
    found = {name: getattr(args, dest, None) for dest, name in names.items()}
    return {name: value for name, value in found.items() if value is not None}
