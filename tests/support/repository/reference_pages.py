"""The pages of `docs/reference/` as Markdown, made from the program's own tables, parsers and schemas."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from invsync_tui.cli import main
from invsync_tui.cli.parser import Parser, add_globals
from invsync_tui.rules import safety_rules, words
from invsync_tui.rules.outcomes import REASONS, Reason, ReasonInfo
from invsync_tui.rules.safety import SafetyRule
from invsync_tui.tui import keymap

MADE = "by `python -m tests.generated`; do not edit it here."
TIME = "RFC 3339 in UTC"
Schema = Mapping[str, Any]


def cells(*texts: str) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def table(*heading: str) -> list[str]:
    """The first two lines of a Markdown table."""
    return [cells(*heading), "|" + "---|" * len(heading)]


# --- commands --------------------------------------------------------------------------------------------------------


@cache
def command_line() -> Parser:
    """The parser with every command."""
    return main.parser()


def subcommands(parser: argparse.ArgumentParser) -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Each visible sub-command with its summary and its parser, in the order of the help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {choice.dest: (choice.help or "", action.choices[choice.dest]) for choice in action._choices_actions}
    return {}


def commands() -> str:
    """docs/reference/commands.md."""
    commands = subcommands(command_line())
    lines = [
        "# Commands",
        "",
        f"Made from the program's own command line {MADE}",
        "`invsync COMMAND --help` prints the same. Exit codes and the documents of `--json` are in",
        "[../json.md](../json.md); which command is for which task is in",
        "[../howto/everyday-tasks.md](../howto/everyday-tasks.md).",
        "",
        *table("command", "what it does"),
        *(cells(f"[`{name}`](#{name})", summary) for name, (summary, _) in commands.items()),
        "",
        "## Options of every command",
        "",
        *_options(_globals()),
        "",
        "Without a command `invsync` opens the control room, with these options:",
        "",
        *_options(_own(command_line())),
    ]
    for name, (_, parser) in commands.items():
        lines += ["", f"## {name}", *_command(parser, "###")]
    return "\n".join(lines) + "\n"


def _globals() -> list[argparse.Action]:
    empty = Parser(add_help=False)
    add_globals(empty)
    return empty._actions


def _own(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Arguments and options of a command alone, without sub-commands, hidden ones and those of every command."""
    everywhere = {flag for action in _globals() for flag in action.option_strings} | {"-h", "--help"}
    kinds = (argparse._SubParsersAction,)
    return [
        action
        for action in parser._actions
        if not isinstance(action, kinds)
        and action.help is not argparse.SUPPRESS
        and not set(action.option_strings) & everywhere
    ]


def _command(parser: argparse.ArgumentParser, level: str) -> Iterator[str]:
    own = _own(parser)
    yield from ("", parser.description or "")
    if any(action.required for action in own) or not subcommands(parser):
        yield from ("", f"`{_usage(parser, own)}`")
    if own:
        yield ""
        yield from _options(own)
    if parser.epilog:
        yield from ("", "```text", parser.epilog.rstrip(), "```")
    for name, (_, child) in subcommands(parser).items():
        yield from ("", f"{level} {parser.prog.removeprefix('invsync ')} {name}")
        yield from _command(child, level + "#")


def _usage(parser: argparse.ArgumentParser, own: list[argparse.Action]) -> str:
    needed = [_word(action) for action in own if not action.option_strings]
    needed += [f"{action.option_strings[-1]} {_word(action)}".strip() for action in own if _needed_option(action)]
    others = any(action.option_strings and not action.required for action in own)
    return " ".join([parser.prog, *needed, *(["[options]"] if others else [])])


def _needed_option(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.required


def _word(action: argparse.Action) -> str:
    """What stands for an action's value: MERCHANT, [SKU ...], on|off; '' for a switch."""
    if action.nargs == 0:
        return ""
    name = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    word = name if isinstance(name, str) else " ".join(name)
    return {"?": f"[{word}]", "*": f"[{word} ...]", "+": f"{word} [{word} ...]"}.get(str(action.nargs), word)


def _options(actions: list[argparse.Action]) -> list[str]:
    if not actions:
        return []
    lines = table("argument or option", "what it means")
    for action in actions:
        name = f"{', '.join(action.option_strings)} {_word(action)}".strip()
        lines.append(cells(f"`{name}`", (action.help or "") % {**vars(action), "prog": "invsync"}))
    return lines


# --- reasons ---------------------------------------------------------------------------------------------------------


def reasons() -> str:
    """docs/reference/reasons.md."""
    lines = [
        "# Reasons",
        "",
        f"Made from `invsync_tui/rules/outcomes.py` and `invsync_tui/rules/safety_rules.py` {MADE} A reason says why a SKU",
        "has its outcome in a run, or why a run ended as it did: on the screen, in commands, and as keys of `reasons` in",
        "JSON. A code that is not listed here comes from another version of the program.",
        "",
        *table("code", "meaning"),
        *(cells(f"`{reason}`", REASONS[reason].text) for reason in Reason),
        "",
        "## What to do about each",
        "",
        "*Goes with*: the outcome that the reason mostly stands beside; `note` stands beside any other. *Setting*: the",
        "cart's setting that corrects it, see [settings](settings.md). *List*: where `invsync listings CART --only LIST`",
        "shows all listings that have it. *Check*: the check of `invsync doctor` that reports it.",
    ]
    for kind, group in groupby(sorted(REASONS.items(), key=_kind_order), key=lambda entry: entry[1].kind):
        lines += ["", f"### About: {kind}", "", *table("code", "goes with", "what to do", "setting", "list", "check")]
        lines += [_reason(reason, info) for reason, info in group]
    lines += ["", *_safety_rules()]
    return "\n".join(lines) + "\n"


def _safety_rules() -> list[str]:
    rules = [(safety_rules.code(rule), safety_rules.RULES[rule]) for rule in SafetyRule]
    return [
        "## Safety rules",
        "",
        "A run that ends as `HELD_FOR_REVIEW` was stopped by one or more of these rules, and nothing was sent.",
        "`invsync runs RUN`, `invsync plan` and the run's screen show the code behind each sentence; JSON has it as `code`",
        "in `rules`.",
        "",
        *table("code", "when it holds a run", "limits", "what to do"),
        *(
            cells(f"`{code}`", info.when, ", ".join(f"`{name}`" for name in info.settings) or "-", info.advice)
            for code, info in rules
        ),
    ]


def _kind_order(entry: tuple[Reason, ReasonInfo]) -> int:
    kinds = list(dict.fromkeys(info.kind for info in REASONS.values()))
    return kinds.index(entry[1].kind)


def _reason(reason: Reason, info: ReasonInfo) -> str:
    fix = f" `{info.fix}`" if info.fix.startswith("invsync ") else ""
    facts = (info.setting, info.listings, info.check)
    return cells(
        f"`{reason}`", words.outcome(info.outcome), info.advice + fix, *(f"`{fact}`" if fact else "-" for fact in facts)
    )


# --- JSON documents --------------------------------------------------------------------------------------------------


def documents(folder: Path, pages: Mapping[Path, str]) -> str:
    """docs/reference/json.md, from the folder of the schemas; of those that are made at the same time, from their text."""
    lines = [
        "# JSON documents",
        "",
        f"Made from the schemas in `src/invsync_tui/cli/schemas` {MADE}",
        "What holds for all documents (version, times, exit codes, pages of lists) is in [../json.md](../json.md). Every",
        "document has `version` besides. `a.b` is the field `b` of the object `a`, `a[]` an element of the list `a`, `a.*`",
        "a value of an object whose names are data. A field that may be absent says so.",
    ]
    for path in sorted(folder.glob("*.json")):
        schema = json.loads(pages[path] if path in pages else path.read_text("utf-8"))
        lines += ["", f"## {path.stem}"]
        _, _, note = schema.get("title", "").partition(": ")
        if note:
            lines += ["", f"{note[:1].upper()}{note[1:]}."]
        shapes = schema.get("oneOf") or schema.get("anyOf") or [schema]
        for n, shape in enumerate(shapes, 1):
            if len(shapes) > 1:
                lines += ["", f"Shape {n}" + (f": {shape['description']}" if "description" in shape else "") + "."]
            lines += ["", *table("field", "type", "meaning")]
            fields = [row for row in _fields(shape, schema, "", ()) if row[0] != "version"]
            lines += [cells(f"`{name}`", kind, meaning) for name, kind, meaning in fields]
    return "\n".join(lines) + "\n"


def _fields(part: Schema, schema: Schema, prefix: str, within: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(name, type, meaning) of the properties of an object, and of those of their objects."""
    for name, below in part.get("properties", {}).items():
        path = f"{prefix}{name}"
        optional = "" if name in part.get("required", ()) else "may be absent"
        yield from _field(path, below, schema, within, optional)
    extra = part.get("additionalProperties")
    if isinstance(extra, dict):
        yield from _field(f"{prefix}*", extra, schema, within, "")


def _field(
    path: str, part: Schema, schema: Schema, within: tuple[str, ...], optional: str
) -> Iterator[tuple[str, str, str]]:
    ref = part.get("$ref", "")
    whole = {**_resolved(ref, schema), **part} if ref else part
    sentences = [
        whole.get("description", ""),
        optional,
        f"see `{ref.rpartition('/')[2]}` above" if ref and ref in within else "",
    ]
    yield path, _type(whole, schema), "; ".join(text for text in sentences if text)
    if ref and ref in within:
        return
    deeper = (*within, ref) if ref else within
    for shape in (whole, *_choices(whole)):
        items = shape.get("items")
        if isinstance(items, dict):
            element = {**_resolved(items.get("$ref", ""), schema), **items}
            if _is_record(element):
                yield from _fields(element, schema, f"{path}[].", (*deeper, items.get("$ref", "")))
        if shape.get("$ref") and shape is not whole:
            shape = _resolved(shape["$ref"], schema)  # noqa: PLW2901 (a choice by reference)
        yield from _fields(shape, schema, f"{path}.", deeper)


def _is_record(part: Schema) -> bool:
    return "properties" in part or isinstance(part.get("additionalProperties"), dict)


def _choices(part: Schema) -> list[Schema]:
    return [*part.get("oneOf", ()), *part.get("anyOf", ())]


def _resolved(ref: str, schema: Schema) -> dict[str, Any]:
    part: Any = schema
    for step in ref.removeprefix("#/").split("/") if ref else ():
        part = part[step]
    return dict(part) if ref else {}


def _type(part: Schema, schema: Schema) -> str:
    if "$ref" in part and not part.get("type"):
        part = {**_resolved(part["$ref"], schema), **part}
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{json.dumps(value)}`" for value in part["enum"])
    if choices := _choices(part):
        return " or ".join(dict.fromkeys(_type(choice, schema) for choice in choices))
    kinds = part.get("type", "any")
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    text = " or ".join(names)
    if "items" in part:
        element = part["items"]
        kind = _type(element, schema) if isinstance(element, dict) else "any"
        text = text.replace("array", f"list of {kind}")
    return text


# --- keys ------------------------------------------------------------------------------------------------------------


def keys() -> str:
    """docs/reference/keys.md."""
    lines = [
        "# Keys",
        "",
        f"Made from the bindings of the screens {MADE} `?` shows those of the",
        "screen that you are on, `invsync keys` prints all. The id is the name under `[keys]` in",
        "[the configuration](../configuration.md); keys without an id cannot be changed.",
    ]
    for group in keymap.sheet():
        lines += ["", f"## {group.title}", "", *table("keys", "what it does", "id")]
        for entry in group.entries:
            pressed = ", ".join(f"`{key}`" if "`" not in key else f"`` {key} ``" for key in entry.keys)
            text = entry.explanation if entry.explanation == entry.label else f"{entry.label}: {entry.explanation}"
            lines.append(cells(pressed, text, f"`{entry.id}`" if entry.id else "-"))
    return "\n".join(lines) + "\n"
