"""`invsync settings`: shows, compares, previews and saves the settings of a merchant or a cart."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Parser, Subparsers, UsageError, command, row_number
from invsync_tui.cli.text import clean, fields, moment, utc
from invsync_tui.operations.settings import secret_parts
from invsync_tui.operations.settings.fields import FORMER_NAMES
from invsync_tui.operations.settings.setting import Setting
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import Change, Conflict, Form, Preview, Saved
    from invsync_tui.operations.session import Session

SETTINGS_EXAMPLES = """\
example:
  invsync settings show cart:"Acme Shop"
  invsync settings diff cart:3 minimum=0 warehouses=EAST,WEST --preview
  invsync settings set cart:3 minimum=0 --rev 4 --reason "sell the last ones too"
  invsync settings set merchant:Acme sync=on every=30m
  invsync settings diff merchant:Acme zero-count=50     how many of its carts have another limit
  invsync settings set merchant:Acme zero-count=50      the limit of all its carts

SUBJECT is merchant:NAME or cart:NAME; numbers do as well. --rev is the revision that `show` printed: if somebody has
saved since, nothing is saved and what they changed is printed (exit code 1)."""


def add_settings(subparsers: Subparsers) -> None:
    """Add `invsync settings` with its arguments."""
    parser = command(
        subparsers, "settings", "show, compare and save settings of a merchant or a cart", SETTINGS_EXAMPLES
    )
    subcommands = parser.add_subparsers(metavar="show|diff|set", required=True, parser_class=Parser)
    _add(subcommands, "show", "show the settings with what may be chosen").set_defaults(
        run=run_settings, subcommand="show"
    )
    for subcommand, summary in (("diff", "tell what would change, without saving"), ("set", "save settings")):
        subparser = _add(subcommands, subcommand, summary)
        subparser.add_argument("given", metavar="NAME=VALUE", nargs="+", help="as `show` names and writes them")
        subparser.add_argument("--preview", action="store_true", help="count what it would do to a cart's listings")
        if subcommand == "set":
            subparser.add_argument("--rev", metavar="N", type=row_number, help="save only if it is still this revision")
            subparser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
        subparser.set_defaults(run=run_settings, subcommand=subcommand)


def _add(subcommands: Subparsers, name: str, summary: str) -> Parser:
    parser = command(subcommands, name, summary, SETTINGS_EXAMPLES)
    parser.add_argument("subject", metavar="SUBJECT", help="merchant:NAME or cart:NAME")
    return parser


def run_settings(args: argparse.Namespace) -> int:
    """Show, compare or save the settings."""
    with opened(args) as session:
        subject = _subject(session, args.subject)
        if args.subcommand == "show":
            return _show(args, session, subject)
        values = _values(args.given)
        return (_diff if args.subcommand == "diff" else _set)(args, session, subject, values)


def _subject(session: Session, text: str) -> str:
    """merchant:1 of merchant:Acme."""
    from invsync_tui.operations import names

    kind, colon, called = text.partition(":")
    if not colon or kind not in ("merchant", "cart"):
        raise UsageError("invsync settings: SUBJECT is merchant:NAME or cart:NAME. See: invsync settings --help")
    merchant = names.merchant(session, called) if kind == "merchant" else names.cart(session, called)
    return f"{kind}:{merchant.id}"


def _values(assignments: Sequence[str]) -> dict[str, str]:
    result: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"invsync settings: {assignment!r} is not NAME=VALUE. See: invsync settings --help")
        result[FORMER_NAMES.get(name, name)] = value
    return result


def _show(args: argparse.Namespace, session: Session, subject: str) -> int:
    from invsync_tui.operations.settings import forms

    form = forms.form(session, subject)
    output = Output(args)
    output.text([clean(f"{form.title}, revision {form.rev}"), *fields(_form_rows(form))])
    output.document({"settings": asdict(form)})
    return Exit.OK


def _form_rows(form: Form) -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for field in form.fields:
        result.append((f"{field.name} ({field.label})", field.value or "-"))
        result += [("", f"{choice.value}: {choice.note}") for choice in field.choices]
        result += [("", f"off: {field.off_means}")] if field.off_means else []
    return result


def _diff(args: argparse.Namespace, session: Session, subject: str, values: Mapping[str, str]) -> int:
    from invsync_tui.operations.settings import forms

    problems = forms.check(session, subject, values)
    changes = forms.diff(session, subject, values)
    preview = _preview(session, subject, values) if args.preview and not problems else None
    output = Output(args)
    output.text(
        [*(clean(f"{problem.field}: {problem.text}") for problem in problems), *_lines(changes), *_previewed(preview)]
    )
    shown = {
        "changes": _changes(changes),
        "problems": [asdict(problem) for problem in problems],
        "preview": _counts(preview),
    }
    output.document({"subject": subject, **shown})
    return Exit.USAGE if problems else Exit.OK


def _set(args: argparse.Namespace, session: Session, subject: str, values: Mapping[str, str]) -> int:
    from invsync_tui.operations.lists.list_views import Conflict
    from invsync_tui.operations.settings import forms

    rev = forms.form(session, subject).rev if args.rev is None else args.rev
    _must_be_right(forms.check(session, subject, values))
    preview = _preview(session, subject, values) if args.preview else None
    answer = forms.save(session, subject, rev, values, args.reason)
    output = Output(args)
    if isinstance(answer, Conflict):
        output.text(_conflicting(answer))
        output.document({"subject": subject, "saved": None, "conflict": _conflict(answer), "preview": None})
        return Exit.FAILED
    output.text([*_lines(answer.changes), *_previewed(preview), clean(f"Revision {answer.rev}. {answer.note}")])
    output.document({"subject": subject, "saved": _saved(answer), "conflict": None, "preview": _counts(preview)})
    return Exit.OK


def _must_be_right(problems: Sequence[Any]) -> None:
    from invsync_tui.operations.errors import InvalidError

    if problems:
        raise InvalidError(problems[0].field, problems[0].text)


def _preview(session: Session, subject: str, values: Mapping[str, str]) -> Preview:
    """All of it: a script has the time."""
    from invsync_tui.operations.settings import forms

    kind, _, number = subject.partition(":")
    if kind != "cart":
        raise UsageError("invsync settings: --preview is for carts.")
    preview = forms.preview(session, int(number), values)
    while preview.counted < preview.total:
        preview = forms.preview(session, int(number), values, preview)
    return preview


def _lines(changes: Sequence[Change]) -> list[str]:
    lines = [clean(f"{change.label}: {change.before or '-'} -> {change.after or '-'}") for change in changes]
    return lines or ["Nothing would change."]


def _previewed(preview: Preview | None) -> list[str]:
    if preview is None:
        return []
    matches = f"{preview.lose_match} lose their match, {preview.gain_match} gain one"
    text = f"{preview.changed} change, {preview.to_zero} go to 0, {matches}"
    return [f"Of {counted(preview.counted, 'listing')}: {text}."]


def _counts(preview: Preview | None) -> dict[str, int] | None:
    if preview is None:
        return None
    return {key: value for key, value in asdict(preview).items() if key != "last"}


def _changes(changes: Sequence[Change]) -> list[dict[str, str]]:
    return [asdict(change) for change in changes]


def _saved(answer: Saved) -> dict[str, Any]:
    return {"rev": answer.rev, "changes": _changes(answer.changes), "note": answer.note}


def _conflict(answer: Conflict) -> dict[str, Any]:
    shown = {"rev": answer.rev, "who": answer.who, "at": utc(answer.at or None)}
    return {**shown, "theirs": _changes(answer.theirs), "both": list(answer.both)}


def _conflicting(answer: Conflict) -> list[str]:
    lines = [f"Nothing was saved: {answer.who or 'somebody'} saved revision {answer.rev} {moment(answer.at or None)}:"]
    lines += [f"  {line}" for line in _lines(answer.theirs)]
    again = f"Look at it, then save on top of it: --rev {answer.rev}"
    return [
        clean(line) for line in [*lines, *([f"Both changed: {', '.join(answer.both)}."] if answer.both else []), again]
    ]


def add_setting_options(parser: argparse.ArgumentParser, settings: Iterable[Setting], *, adding: bool) -> None:
    """One option per setting; what is `adding` has its name as an argument of its own."""
    for setting in settings:
        if setting.name == "name" and adding:
            continue
        default = f" (default {setting.default})" if setting.default and adding else ""
        help_text = f"{setting.option_help or setting.help}{default}".replace("%", "%%")
        metavar = setting.value.metavar
        if setting.repeated:
            parser.add_argument(setting.flag, metavar=metavar, action="append", default=[], help=help_text)
        else:
            parser.add_argument(setting.flag, metavar=metavar, help=help_text)
        for former, name in FORMER_NAMES.items():
            if name == setting.name:
                parser.add_argument(f"--{former}", dest=setting.dest, help=argparse.SUPPRESS)


def texts(args: argparse.Namespace, settings: Iterable[Setting], adding: str = "") -> dict[str, str]:
    """What was given, by setting; what is given in parts is left out. What is added has a name of its own, and its
    system by the option `adding`."""
    mine = {
        setting.dest: setting.name
        for setting in settings
        if not setting.repeated and not (adding and setting.name == "name")
    }
    names = mine | ({adding: adding} if adding else {})
    texts_by_name = {name: getattr(args, dest, None) for dest, name in names.items()}
    return {name: value for name, value in texts_by_name.items() if value is not None} | secret_parts.given(args.secret)
