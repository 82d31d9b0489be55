"""Edit Setup of merchants and carts: what is saved, what is wrong with what was typed, what would change, saving it.

Texts go in and out as an operator types them. Two who edit at the same time: the second is told, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from invsync_tui.connectors import registry
from invsync_tui.operations.errors import InvalidError, NotFoundError, StaleError, as_operation_error
from invsync_tui.operations.lists.list_views import Change, Choice, Conflict, Field, FieldProblem, Form, Preview, Saved
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import (
    additions,
    cart_locations,
    carts,
    choices,
    connector_options,
    fields,
    merchants,
    secret_parts,
    views,
)
from invsync_tui.operations.settings import preview as settings_preview
from invsync_tui.operations.settings.fields import ALIAS, WAREHOUSES
from invsync_tui.operations.settings.merchants import COLUMNS, Limits
from invsync_tui.operations.settings.setting import SECTION_HELP, Section, Setting
from invsync_tui.operations.settings.views import ConnectionSetup
from invsync_tui.plain_text import counted
from invsync_tui.store.listings import plans
from invsync_tui.store.paging import counts
from invsync_tui.store.settings import read as settings_read
from invsync_tui.store.settings import read as store_read

COUNTED_MOST = 50_000
"""Listings in stock are counted up to here when a form is opened: more takes noticeable time."""


@dataclass(frozen=True, slots=True)
class _StoredSettings:
    """A subject's settings with what is stored for them."""

    kind: str
    number: int
    columns: Mapping[str, Any]
    settings: tuple[Setting, ...]
    choices: Mapping[str, tuple[Choice, ...]]
    limits: Limits | None = None
    """Of a merchant: what its carts have for the limits that the form shows as the merchant's."""
    new: additions.NewSubject | None = None
    """What it adds; None for settings that are stored."""

    @property
    def rev(self) -> int:
        return int(self.columns["rev"])

    def setting(self, name: str) -> Setting:
        """The setting of a field."""
        for row in self.settings:
            if row.name == name:
                return row
        if name == connector_options.ALL:
            return fields.setting(fields.CART, name)  # all of them as one text, as scripts give it
        known = [row.name for row in self.settings]
        raise fields.unknown(name, known)

    def given(self, values: Mapping[str, str]) -> dict[str, str]:
        """What is given, with the options of the connector each for itself where the form has them so."""
        if any(setting.name == connector_options.ALL for setting in self.settings):
            return dict(values)
        try:
            return connector_options.apart(values, self.columns.get(connector_options.ALL))
        except InvalidError:
            return dict(values)  # told as what is wrong with that text

    def text(self, setting: Setting) -> str:
        """What is stored, as it is typed."""
        return setting.show(self.columns[setting.column])


def form(session: Session, subject: str) -> Form:
    """The form of `merchant:1` or `cart:3`, or of one that is to be added, see `additions`."""
    sheet = _sheet(session, subject)
    title = f"{'Merchant' if sheet.kind == 'merchant' else 'Cart'} {sheet.columns['name']}".strip()
    sections = additions.SECTIONS if sheet.new is not None else tuple(Section)
    shown = tuple(
        Field(
            row.name,
            row.label,
            row.kind,
            sheet.text(row),
            row.help,
            sheet.choices.get(row.name, ()),
            row.optional,
            str(row.section),
            row.off_means,
        )
        for section in sections
        for row in sheet.settings
        if row.section is section
    )
    there = {row.section for row in shown}
    return Form(subject, title, sheet.rev, shown, {str(s): h for s, h in SECTION_HELP.items() if s in there})


def check(session: Session, subject: str, values: Mapping[str, str]) -> tuple[FieldProblem, ...]:
    """What keeps these values from being saved; () if nothing does."""
    sheet = _sheet(session, subject)
    return _problems(session, sheet, sheet.given(values))


def incomplete(session: Session, subject: str, values: Mapping[str, str]) -> tuple[FieldProblem, ...]:
    """What keeps something new from being added: what is wrong, and what is not given; () if nothing does."""
    sheet = _sheet(session, subject)
    if sheet.new is None:
        return check(session, subject, values)
    values = sheet.given(values)
    texts = {setting.name: values.get(setting.name, sheet.text(setting)) for setting in sheet.settings}
    absent = additions.missing(sheet.new, sheet.settings, texts)
    wrong = _problems(session, sheet, {name: text for name, text in texts.items() if name not in absent})
    problems = absent | {problem.field: problem.text for problem in wrong}
    return tuple(
        FieldProblem(setting.name, problems[setting.name]) for setting in sheet.settings if setting.name in problems
    )


def add(session: Session, subject: str, values: Mapping[str, str]) -> additions.Added:
    """Add the merchant or the cart that was typed; InvalidError tells the first value that cannot be saved."""
    sheet = _sheet(session, subject)
    if sheet.new is None:
        raise NotFoundError(f"{subject!r} is nothing to be added.")
    problems = incomplete(session, subject, values)
    if problems:
        raise InvalidError(problems[0].field, problems[0].text)
    texts = {name: sheet.text(sheet.setting(name)) for name in additions.ALWAYS if _has(sheet, name)}
    texts |= sheet.given(values)
    options = [
        f"{name.removeprefix(connector_options.PREFIX)}={texts.pop(name).strip()}"
        for name in list(texts)
        if connector_options.is_option(sheet.setting(name))
    ]
    options += _merged(sheet, texts.pop(connector_options.ALL, None))
    name = texts.pop("name").strip()
    if sheet.kind == "merchant":
        added = merchants.add(session, name, texts | {"source": sheet.new.system}, options)
        return additions.Added(f"merchant:{added.id}", added.name)
    chosen = _read(sheet.setting(WAREHOUSES), texts.pop(WAREHOUSES, ""))
    codes = choices.references(session, sheet.new.merchant_id, chosen)
    owner = str(sheet.new.merchant_id)
    if sheet.new.of_cart is not None:
        at = cart_locations.At(str(sheet.new.of_cart), options[-1].partition("=")[2])
        cart = carts.add(session, owner, name, texts, (), codes, at)
    else:
        cart = carts.add(session, owner, name, texts | {"system": sheet.new.system}, options, codes)
    return additions.Added(f"cart:{cart.id}", cart.name)


def connection(session: Session, subject: str, values: Mapping[str, str]) -> ConnectionSetup:
    """The connection that was typed, for a test of it before it is saved."""
    sheet = _sheet(session, subject)
    row = {**sheet.columns, **_stored(sheet, sheet.given(values))}
    return views.connection_of(row)


def _has(sheet: _StoredSettings, name: str) -> bool:
    return any(setting.name == name for setting in sheet.settings)


def diff(session: Session, subject: str, values: Mapping[str, str]) -> tuple[Change, ...]:
    """What saving these values would change. Those that cannot be saved are left out; see `check`."""
    sheet = _sheet(session, subject)
    values = sheet.given(values)
    wrong = {problem.field for problem in _problems(session, sheet, values)}
    return _changes(sheet, {name: text for name, text in values.items() if name not in wrong})


def preview(session: Session, cart_id: int, values: Mapping[str, str], after: Preview | None = None) -> Preview:
    """What these values would do to the cart's listings. Call it again with its answer until `counted` is `total`."""
    sheet = _sheet(session, f"cart:{cart_id}")
    wanted = _stored(sheet, sheet.given(values))
    return settings_preview.preview(session, cart_id, sheet.columns, wanted, after)


def columns(session: Session, subject: str, values: Mapping[str, str]) -> dict[str, Any]:
    """These values as they would be stored, by column; InvalidError tells the first that cannot be."""
    sheet = _sheet(session, subject)
    values = sheet.given(values)
    problems = _problems(session, sheet, values)
    if problems:
        raise InvalidError(problems[0].field, problems[0].text)
    return _stored(sheet, values)


def save(session: Session, subject: str, rev: int, values: Mapping[str, str], reason: str = "") -> Saved | Conflict:
    """Save what the caller changed, if nobody has saved since revision `rev`; else tell who did and what."""
    sheet = _sheet(session, subject)
    values = sheet.given(values)
    changes = _changes(sheet, values)
    try:
        _save(
            session,
            sheet,
            rev,
            {name: values[name] for name in dict.fromkeys(change.name for change in changes)},
            reason,
        )
    except StaleError:
        return _conflict(session, subject, rev, values)
    return Saved(_sheet(session, subject).rev, changes, _note(sheet, changes))


# --- parts -----------------------------------------------------------------------------------------------------------


def _sheet(session: Session, subject: str) -> _StoredSettings:
    new = additions.parsed(session, subject)
    return _stored_sheet(session, subject) if new is None else _new_sheet(session, new)


def _new_sheet(session: Session, new: additions.NewSubject) -> _StoredSettings:
    row = additions.columns(session, new)
    listed: dict[str, tuple[Choice, ...]] = {}
    known = fields.MERCHANT
    if new.kind == "cart":
        loaded = choices.of_cart(session, new.merchant_id)
        known = tuple(loaded[setting.name][0] if setting.resolved else setting for setting in fields.CART)
        listed = {name: choices for name, (_, choices) in loaded.items()}
    with as_operation_error():
        settings = additions.explained(new, _with_options(known, new.group, row))
        listed |= connector_options.choices_of(new.group, new.system)
    return _StoredSettings(new.kind, 0, row, settings, listed, new=new)


def _stored_sheet(session: Session, subject: str) -> _StoredSettings:
    kind, _, number = subject.partition(":")
    if kind not in ("merchant", "cart") or not number.isdecimal():
        raise NotFoundError(f"There are no settings of {subject!r}. Give merchant:NUMBER or cart:NUMBER.")
    with as_operation_error(), session.store.reading() as cx:
        columns = (store_read.merchant if kind == "merchant" else store_read.cart)(cx, int(number))
        limits = Limits(settings_read.limits_of_merchant(cx, int(number)) if kind == "merchant" else ())
    if columns is None:
        raise NotFoundError(f"There is no {kind} {number}. List them with: invsync {kind}s.")
    if kind == "merchant":
        known = tuple(row for row in fields.MERCHANT if row.column in columns)
        settings = (*_with_options(known, registry.SOURCES, columns), *limits.settings())
        listed = connector_options.choices_of(registry.SOURCES, columns["system"]) if "system" in columns else {}
        return _StoredSettings(kind, int(number), columns | limits.columns(), settings, listed, limits)
    loaded = choices.of_cart(session, columns["merchant_id"])
    with as_operation_error(), session.store.reading() as cx:
        stocked = plans.in_stock(cx, int(number), COUNTED_MOST)
        products = counts.products(cx, columns["merchant_id"])
    known = tuple(
        loaded[row.name][0] if row.resolved else _with_numbers(row, columns[row.column], stocked, products)
        for row in fields.CART
    )
    settings = _with_options(known, registry.CARTS, columns)
    listed = {name: choices for name, (_, choices) in loaded.items()}
    listed |= connector_options.choices_of(registry.CARTS, columns["system"])
    return _StoredSettings(kind, int(number), columns, settings, listed)


def _with_options(settings: Sequence[Setting], group: str, columns: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The settings as the system has them, with a field for each option of its connector instead of all as one text."""
    result: list[Setting] = []
    for setting in fields.of_system(settings, group, columns["system"]):
        if setting.name == connector_options.ALL:
            result += connector_options.fields_of(group, columns["system"], setting, columns[setting.column])
        elif setting.name == secret_parts.FIRST:
            result += secret_parts.fields_of(group, columns["system"], setting, columns[secret_parts.COLUMN])
        else:
            result.append(setting)
    return tuple(result)


def _with_numbers(setting: Setting, percent: Any, stocked: int, products: int) -> Setting:
    """A percentage says in its help how many that is now: of listings in stock, of products, of ten units."""
    if setting.name in ("zero-percent", "large-change-percent"):
        least = "at least " * (stocked >= COUNTED_MOST)
        now = f"{percent} % = {least}{counted(stocked * percent // 100, 'listing')}"
    elif setting.name == "shrink-percent":
        now = f"{percent} % = {counted(products * percent // 100, 'product')}"
    elif setting.name == "share":
        now = f"{percent} % = {percent // 10} of 10 units"
    else:
        return setting
    return replace(setting, help=f"{setting.help}; now {now}")


def _read(setting: Setting, text: str) -> Any:
    return setting.read(setting.name, text)


def _problems(session: Session, sheet: _StoredSettings, values: Mapping[str, str]) -> tuple[FieldProblem, ...]:
    problems: list[FieldProblem] = []
    for name, text in values.items():
        try:
            value = _read(sheet.setting(name), text)
        except InvalidError as error:
            problems.append(FieldProblem(name, str(error).removeprefix(f"{error.field}: ")))
            continue
        if name == "name" and value != sheet.columns["name"] and value in _taken(session, sheet):
            problems.append(FieldProblem(name, "this name is taken; choose another."))
        elif sheet.kind == "cart" and sheet.number and text != sheet.text(sheet.setting(name)):
            problem = cart_locations.form_problem(session, sheet.columns, name, text)
            problems += [FieldProblem(name, problem)] if problem else []
    return tuple(problems)


def _taken(session: Session, sheet: _StoredSettings) -> set[str]:
    with as_operation_error(), session.store.reading() as cx:
        if sheet.kind == "merchant":
            return {name for _, name in store_read.names(cx)}
        return {name for _, owner, name in store_read.cart_names(cx) if owner == sheet.columns["merchant_id"]}


def _changes(sheet: _StoredSettings, values: Mapping[str, str]) -> tuple[Change, ...]:
    changes: list[Change] = []
    for setting in sheet.settings:
        if setting.name not in values:
            continue
        value = _read(setting, values[setting.name])
        if _same(setting, value, sheet.columns[setting.column]):
            continue
        after = values[setting.name].strip().upper() if setting.name == ALIAS else _as_text(setting, value)
        limits = sheet.limits if setting.column in COLUMNS else None
        label = limits.label(setting, value) if limits is not None else setting.label
        changes.append(Change(setting.name, label, sheet.text(setting), after))
    for name in values:
        sheet.setting(name)  # unknown names are told, not dropped
    return tuple(changes)


def _same(setting: Setting, value: Any, present: Any) -> bool:
    """SQLite keeps switches as 0 and 1, and options as text in any order."""
    if _is_part(setting) or setting.column == connector_options.ALL:
        return _as_text(setting, value) == setting.show(present)
    return bool(value == present)


def _as_text(setting: Setting, value: Any) -> str:
    """A value that was read, as it is typed."""
    return str(value) if _is_part(setting) else setting.show(value)


def _is_part(setting: Setting) -> bool:
    """Whether it is one of several in a column, an option or a secret."""
    return connector_options.is_option(setting) or secret_parts.is_part(setting.name)


def _stored(sheet: _StoredSettings, values: Mapping[str, str]) -> dict[str, Any]:
    """By column, what these values are stored as."""
    result: dict[str, Any] = {}
    for name, text in values.items():
        setting = sheet.setting(name)
        value = _read(setting, text)
        if _is_part(setting):
            present = result.get(setting.column, sheet.columns[setting.column])
            value = connector_options.with_value(present, setting, value)
        result[setting.column] = value
    return result


def _save(session: Session, sheet: _StoredSettings, rev: int, given: Mapping[str, str], reason: str) -> None:
    texts = dict(given)
    named = [name for name in texts if connector_options.is_option(sheet.setting(name))]
    options = [f"{name.removeprefix(connector_options.PREFIX)}={texts.pop(name).strip()}" for name in named]
    options += _merged(sheet, texts.pop(connector_options.ALL, None))
    if sheet.kind == "merchant":
        merchants.change(session, str(sheet.number), texts, options, rev=rev, reason=reason)
        return
    places = None
    if WAREHOUSES in texts:
        places = choices.references(
            session, sheet.columns["merchant_id"], _read(sheet.setting(WAREHOUSES), texts.pop(WAREHOUSES))
        )
    carts.change(session, str(sheet.number), texts, options, places, rev=rev, reason=reason)


def _merged(sheet: _StoredSettings, text: str | None) -> list[str]:
    """Options as the command line gives them: those that are gone are taken away by `K=`."""
    if text is None:
        return []
    wanted = dict(part.split("=", 1) for part in (part_text.strip() for part_text in text.split(",")) if part)
    present = dict(part.split("=", 1) for part in sheet.text(sheet.setting("options")).split(", ") if part)
    return [f"{key}={wanted.get(key, '')}" for key in {**present, **wanted}]


def _conflict(session: Session, subject: str, rev: int, values: Mapping[str, str]) -> Conflict:
    sheet = _sheet(session, subject)
    with as_operation_error(), session.store.reading() as cx:
        entries = store_read.changes(cx, subject, max(1, sheet.rev - rev))
    theirs: dict[str, Change] = {}
    for entry in entries:
        for row in sheet.settings:
            if row.column not in entry.before:
                continue
            before, after = row.show(entry.before[row.column]), row.show(entry.after.get(row.column))
            if _is_part(row) and before == after:
                continue  # another part of the same column changed
            first = theirs.get(row.name)
            theirs[row.name] = Change(row.name, row.label, first.before if first else before, after)
    newest = entries[-1] if entries else None
    both = tuple(name for name in theirs if name in values)
    return Conflict(sheet.rev, newest.who if newest else "", newest.at if newest else 0, tuple(theirs.values()), both)


def _note(sheet: _StoredSettings, changes: tuple[Change, ...]) -> str:
    if not changes:
        return "Nothing changed."
    if not any(sheet.setting(change.name).changes_rules for change in changes):
        return "It takes effect with the next run."
    if sheet.kind == "cart":
        return "The next push recalculates every listing and is held for review."
    return "The next push of each cart of this merchant recalculates every listing."
