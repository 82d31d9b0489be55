"""All keys of the control room, derived from the bindings of its screens and widgets; and the keymap of the configuration.

The one sheet that `?`, `invsync keys` and the documentation can be compared with. Nothing here is typed twice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import _character_to_key

from invsync_tui.tui.navigation.routes import ROUTES
from invsync_tui.tui.widgets.footer import SHORT_KEYS

PACKAGE = "invsync_tui.tui"


@dataclass(frozen=True, slots=True)
class Part:
    """A screen or widget: where its class is, and what it is called."""

    title: str
    module: str
    name: str


EVERYWHERE = Part("Everywhere", "app", "ControlRoom")
PARTS = (
    EVERYWHERE,
    Part("Parts of a screen", "screens.base.base_screen", "BaseScreen"),
    Part("Tables", "widgets.table", "WindowTable"),
    Part("Pages of text", "widgets.text_view", "TextView"),
    Part("Lines with a link", "widgets.text_view", "LinkedTextView"),
    Part("Choice of a theme", "widgets.theme_list", "ThemeList"),
    Part("Command line and filters", "widgets.prompt", "Prompt"),
    Part("Command line", "widgets.prompt", "CommandLine"),
    Part("Lists", "screens.base.list_screen", "ListScreen"),
    Part("Lists that take conditions", "screens.base.conditions", "ConditionsScreen"),
    Part("Setting up merchants and carts", "screens.base.set_up_screen", "SetUpScreen"),
    Part("Reports", "screens.base.report_screen", "ReportScreen"),
    Part("Changes to listings", "screens.base.listing_actions", "ListingActionsScreen"),
    Part("Listings in tabs", "screens.base.listing_tabs", "ListingTabsScreen"),
    Part("Lists of an alias type", "screens.catalog.aliases", "OfKindScreen"),
    Part("Support bundles", "screens.base.report_screen", "BundleScreen"),
    *(Part(route.title, route.module, route.screen) for route in ROUTES),
    Part("Edit Setup", "screens.settings.edit_setup", "EditSetupScreen"),
    Part("Fields of a form", "widgets.form", "FormView"),
    Part("A field that is edited", "widgets.field_input", "FieldInput"),
    Part("Rows of choices", "widgets.choice_table", "ChoiceTable"),
    Part("Choices", "screens.base.dialogs", "ListDialog"),
    Part("Question", "screens.base.dialogs", "ChoiceDialog"),
    Part("Confirmation", "screens.base.dialogs", "ConfirmDialog"),
    Part("Removal", "screens.base.remove_dialog", "RemoveDialog"),
    Part("Help", "screens.base.help", "HelpScreen"),
)
"""In the order of the sheet. A test holds it against the screens that there are."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One thing that can be done: its id, for the keymap, and its keys."""

    id: str
    keys: tuple[str, ...]
    label: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Group:
    """The keys of one screen or widget."""

    title: str
    entries: tuple[KeyEntry, ...]


@cache
def _class_of(part: Part) -> type[DOMNode]:
    node_class: type[DOMNode] = getattr(import_module(f"{PACKAGE}.{part.module}"), part.name)
    return node_class


def _own(bindings: Sequence[BindingType]) -> Iterator[Binding]:
    """Bindings, one per key."""
    yield from Binding.make_bindings(bindings)


def sheet(keymap: Mapping[str, str] | None = None) -> tuple[Group, ...]:
    """Every screen's and widget's own keys, as this keymap has them."""
    groups = (Group(part.title, _entries(_class_of(part), keymap or {})) for part in PARTS)
    return tuple(group for group in groups if group.entries)


def _entries(owner: type[DOMNode], keymap: Mapping[str, str]) -> tuple[KeyEntry, ...]:
    by_action: dict[tuple[str | None, str], list[Binding]] = {}
    for binding in _own(owner.__dict__.get("BINDINGS", ())):
        if binding.description:
            by_action.setdefault((binding.id, binding.action), []).append(binding)
    return tuple(_entry(same, keymap) for same in by_action.values())


def _entry(same: Sequence[Binding], keymap: Mapping[str, str]) -> KeyEntry:
    first = same[0]
    chosen = keymap.get(first.id or "")
    if chosen:
        keys = [readable(key.strip()) for key in chosen.split(",")]
    else:
        keys = [binding.key_display or readable(binding.key) for binding in same]
    return KeyEntry(first.id or "", tuple(keys), first.description, first.tooltip or first.description)


def readable(key: str) -> str:
    """A key as an operator reads it."""
    return SHORT_KEYS.get(key) or key.replace("ctrl+", "Ctrl+").replace("shift+", "Shift+")


# --- keymap ------------------------------------------------------------------------------------------------------------


FORMER_IDS = {
    "drift.heal": "drift.correct",
    "drift.heal-all": "drift.correct-all",
    "drift.radar": "drift.verify",
    "listing.fix": "listing.override",
    **{f"paper.{what}": f"text.{what}" for what in ("up", "down", "page-up", "page-down", "top", "end", "lead")},
}
"""By an id of a former version, the present one: keymaps that have it still work."""


def accepted(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """What of a keymap can be used, and what is wrong with the rest, in words."""
    if not keymap:
        return {}, ()
    known = ids()
    usable: dict[str, str] = {}
    wrong: list[str] = []
    for given, keys in keymap.items():
        name = FORMER_IDS.get(given, given)
        problem = _unknown(name, known) or _without_keys(name, keys) or _clash(name, keys, usable)
        if problem:
            wrong.append(problem)
        else:
            usable[name] = keys
    return usable, tuple(wrong)


@cache
def ids() -> frozenset[str]:
    """Everything that can have other keys."""
    return frozenset(entry.id for group in sheet() for entry in group.entries if entry.id)


def _unknown(name: str, known: frozenset[str]) -> str:
    if name in known:
        return ""
    near = difflib.get_close_matches(name, sorted(known), 1)
    hint = f" Did you mean {near[0]}?" if near else " invsync keys lists them."
    return f"[keys] {name}: there is no such id.{hint}"


def _without_keys(name: str, keys: str) -> str:
    empty = not keys.strip() or any(not key.strip() for key in keys.split(","))
    return f'[keys] {name}: give keys, such as "f5,x".' if empty else ""


def _clash(name: str, keys: str, usable: Mapping[str, str]) -> str:
    """Two things on one key of one screen, of which only one could be done."""
    new_keys = {normal(key) for key in keys.split(",")}
    for together in contexts():
        if name not in together:
            continue
        for other, present in together.items():
            taken = {normal(key) for key in usable[other].split(",")} if other in usable else present
            both = new_keys & taken - together[name]
            if other != name and both:
                return f"[keys] {name}: {readable(min(both))} is {other}'s already; the default stays."
    return ""


def normal(key: str) -> str:
    """A key as Textual calls it."""
    key = key.strip()
    return _character_to_key(key) if len(key) == 1 else key


@cache
def contexts() -> tuple[Mapping[str, frozenset[str]], ...]:
    """Ids and default keys of what can be active at the same time: each screen with its widgets and the program's own."""
    screens = [part for part in PARTS if part.module.startswith("screens.")]
    usual = [part for part in PARTS if part.name in ("WindowTable", "TextView", "FormView")]
    return tuple(
        _keys_of([*_lineage(_class_of(screen)), *(_class_of(part) for part in (EVERYWHERE, widget))])
        for screen in screens
        for widget in usual
    )


def _lineage(owner: type[DOMNode]) -> list[type]:
    """Classes of ours whose keys a screen has."""
    classes = [each for each in owner.__mro__ if "BINDINGS" in each.__dict__]
    return [each for each in classes if each.__module__.startswith(PACKAGE)]


def _keys_of(owners: Sequence[type]) -> Mapping[str, frozenset[str]]:
    keys: dict[str, set[str]] = {}
    for owner in owners:
        for binding in _own(owner.__dict__["BINDINGS"]):
            if binding.id:
                keys.setdefault(binding.id, set()).add(normal(binding.key))
    return {name: frozenset(own_keys) for name, own_keys in keys.items()}
