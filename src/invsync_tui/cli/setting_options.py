"""Options for settings, made from the settings' own descriptions, and back into texts for the operation."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from invsync_tui.operations.values import Field


def add_settings(parser: argparse.ArgumentParser, fields: Iterable[Field]) -> None:
    """One option per setting."""
    for field in fields:
        parser.add_argument(field.flag, dest=field.dest, metavar=field.metavar, help=field.help.replace("%", "%%"))


def add_common(parser: argparse.ArgumentParser, every: str) -> None:
    """The settings that merchants and carts share."""
    parser.add_argument(
        "--option",
        metavar="K=V",
        action="append",
        default=[],
        help="a setting of the connector, repeatable; K= takes it away",
    )
    parser.add_argument("--every", metavar="TIME", help=every)


def texts(args: argparse.Namespace, fields: Iterable[Field], *more: str) -> dict[str, str]:
    """What was given, by setting."""
    keys = {field.dest: field.key for field in fields} | {key: key for key in more}
    found = {key: getattr(args, dest, None) for dest, key in keys.items()}
    return {key: value for key, value in found.items() if value is not None}
