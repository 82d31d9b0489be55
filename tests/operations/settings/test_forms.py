"""Forms: what is typed is checked, compared, previewed by the real chain, and saved without losing anybody's work."""

from __future__ import annotations

import time

import pytest

from invsync_tui.operations.errors import InvalidError, NotFoundError
from invsync_tui.operations.lists.list_views import Conflict, FieldKind, Saved
from invsync_tui.operations.settings import forms
from tests.support.stores.products_store import Shelf, Thing


def subject(acme: Shelf) -> str:
    return f"cart:{acme.cart}"


def value(acme: Shelf, name: str) -> str:
    return next(field.value for field in forms.form(acme.session, subject(acme)).fields if field.name == name)


def saved(answer: Saved | Conflict) -> Saved:
    assert isinstance(answer, Saved)
    return answer


def test_a_form_has_the_guides_words_and_what_is_loaded(acme: Shelf) -> None:
    acme.put([Thing("a", "A", "", (("UPC", "1"),)), Thing("b", "B", "", (("UPC", "1"),)), Thing("c", "C")])
    form = forms.form(acme.session, subject(acme))
    fields = {field.label: field for field in form.fields}
    assert fields["Inventory Upload Service"].value == "on"
    assert [choice.value for choice in fields["Sync Inventory With Warehouse"].choices] == ["Default", "EAST"]
    notes = {choice.value: choice.note for choice in fields["Push Inventory Using Alias"].choices}
    assert notes["UPC"] == "2 products, 1 lacks it, 1 code collides"
    assert fields["Minimum Inventory Level"].value == "0"


@pytest.mark.parametrize(
    ("stocked", "told"), [(10, "1 listing"), (230, "23 listings"), (50_000, "at least 5,000 listings")]
)
def test_a_percentage_of_listings_says_how_many_that_is(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, stocked: int, told: str
) -> None:
    monkeypatch.setattr(forms.plans, "in_stock", lambda cx, cart, most: min(stocked, most))
    helps = {field.name: field.help for field in forms.form(acme.session, subject(acme)).fields}
    assert helps["zero-percent"].endswith(f"; now 10 % = {told}")
    assert "now" not in helps["zero-count"]


def test_other_percentages_say_what_they_are_of(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms.counts, "products", lambda cx, merchant: {acme.merchant: 405}[merchant])
    acme.bench.set_cart(acme.cart, share_percent=45)
    helps = {field.name: field.help for field in forms.form(acme.session, subject(acme)).fields}
    assert helps["shrink-percent"].endswith("; now 20 % = 81 products")
    assert helps["share"].endswith("; now 45 % = 4 of 10 units")


def test_only_these_settings_of_a_cart_may_be_left_empty(acme: Shelf) -> None:
    optional = {field.name for field in forms.form(acme.session, subject(acme)).fields if field.optional}
    assert {name for name in optional if not name.startswith("option-")} == {
        "warehouses",
        "every",
        "max",
        "end-at",
        "stale-after",
        "login",
        "secret",
    }


def test_saving_what_the_form_shows_changes_nothing(acme: Shelf) -> None:
    for one in (subject(acme), f"merchant:{acme.merchant}"):
        form = forms.form(acme.session, one)
        values = {field.name: field.value for field in form.fields}
        assert forms.check(acme.session, one, values) == ()
        assert forms.diff(acme.session, one, values) == ()
        answer = saved(forms.save(acme.session, one, form.rev, values))
        assert (answer.rev, answer.changes, answer.note) == (form.rev, (), "Nothing changed.")
    assert acme.audited() == []


def test_every_wrong_value_is_told_at_once(acme: Shelf) -> None:
    wrong = {"minimum": "-1", "warehouses": "NOWHERE", "alias": "nope", "options": "token=1", "name": "7", "foo": "1"}
    assert {problem.field for problem in forms.check(acme.session, subject(acme), wrong)} == wrong.keys()
    with pytest.raises(InvalidError):
        forms.save(acme.session, subject(acme), 1, {"minimum": "-1"})


def test_a_saved_change_of_rules_holds_the_next_push(acme: Shelf) -> None:
    acme.put([Thing("a", "A", "", (("UPC", "1"),))])
    given = {"minimum": "5", "warehouses": "EAST", "alias": "upc", "every": "15m", "option-shop": "other"}
    answer = saved(forms.save(acme.session, subject(acme), 1, given, "the fair is over"))
    assert "held" in answer.note and answer.rev == 2
    assert {name: value(acme, name) for name in given} == {**given, "alias": "UPC"}
    assert acme.audited() == [("cart set", subject(acme), "the fair is over")]
    back = {"warehouses": "", "option-shop": "main", "every": "off", "alias": "SKU"}
    saved(forms.save(acme.session, subject(acme), 2, back))
    assert {name: value(acme, name) for name in back} == back


def test_each_option_of_the_connector_is_a_field(acme: Shelf) -> None:
    # given: an option that the connector does not declare any more
    acme.bench.set_cart(acme.cart, options='{"shop": "main", "old": "1"}')
    shown = {field.name: field for field in forms.form(acme.session, subject(acme)).fields if "option" in field.name}
    assert (shown["option-shop"].label, shown["option-shop"].value, shown["option-shop"].optional) == (
        "Shop",
        "main",
        False,
    )
    assert shown["option-ca_file"].label == "CA file"
    assert shown["option-max_batch"].label == "Max batch" and shown["option-max_batch"].value == ""
    assert "not an option of sandbox" in shown["option-old"].help and "options" not in shown
    # when
    assert forms.check(acme.session, subject(acme), {"option-shop": " "})[0].field == "option-shop"
    changed = forms.diff(
        acme.session, subject(acme), {"option-shop": "main", "option-old": "", "option-max_batch": "7"}
    )
    assert [(one.label, one.before, one.after) for one in changed] == [("Max batch", "", "7"), ("Old", "1", "")]
    given = {"option-old": "", "option-max_batch": "7", "buffer": "2"}
    assert forms.columns(acme.session, subject(acme), given)["options"] == '{"shop": "main", "max_batch": "7"}'
    rev = forms.form(acme.session, subject(acme)).rev
    saved(forms.save(acme.session, subject(acme), rev, given))
    # then: the others stay, and who saves on top of the old revision is told which option is another now
    assert acme.bench.one("SELECT options FROM cart WHERE id = ?", acme.cart) == '{"shop": "main", "max_batch": "7"}'
    answer = forms.save(acme.session, subject(acme), rev, {"option-max_batch": "9"})
    assert isinstance(answer, Conflict) and answer.both == ("option-max_batch",)
    assert {one.name for one in answer.theirs} == {"option-max_batch", "buffer"}


def test_a_setting_that_is_misspelled_is_guessed(acme: Shelf) -> None:
    near, far = forms.check(acme.session, subject(acme), {"option-max-batch": "7", "zzz": "7"})
    assert near.text.startswith("there is no such setting. Did you mean option-max_batch? Known: upload, ")
    assert far.text.startswith("there is no such setting. Known: upload, ")


def test_scripts_may_give_all_options_as_one_text(acme: Shelf) -> None:
    acme.bench.set_cart(acme.cart, options='{"shop": "main", "max_batch": "7"}')
    changed = forms.diff(acme.session, subject(acme), {"options": "shop=main, basis=on_hand"})
    assert [(one.name, one.after) for one in changed] == [("option-basis", "on_hand"), ("option-max_batch", "")]
    (problem,) = forms.check(acme.session, subject(acme), {"options": "shop"})
    assert problem.field == "options" and "KEY=VALUE" in problem.text


def test_a_connector_that_is_not_installed_has_one_field_for_its_options(acme: Shelf) -> None:
    acme.bench.set_cart(acme.cart, system="nowhere", options='{"a": "1"}')
    fields = {field.name: field.value for field in forms.form(acme.session, subject(acme)).fields}
    assert fields["options"] == "a=1" and not any(name.startswith("option-") for name in fields)


def test_the_second_of_two_is_told_and_loses_nothing(acme: Shelf) -> None:
    form = forms.form(acme.session, subject(acme))
    saved(forms.save(acme.session, subject(acme), form.rev, {"minimum": "3", "buffer": "1"}))
    saved(forms.save(acme.session, subject(acme), form.rev + 1, {"minimum": "4"}))
    answer = forms.save(acme.session, subject(acme), form.rev, {"minimum": "9", "max": "50"})
    assert isinstance(answer, Conflict)
    assert (answer.who, answer.rev, answer.both) == ("tester", form.rev + 2, ("minimum",))
    theirs = {change.name: (change.before, change.after) for change in answer.theirs}
    assert theirs == {"minimum": ("0", "4"), "buffer": ("0", "1")}
    assert (value(acme, "minimum"), value(acme, "max")) == ("4", "none")
    saved(forms.save(acme.session, subject(acme), answer.rev, {"minimum": "9", "max": "50"}))
    assert [value(acme, name) for name in ("minimum", "max", "buffer")] == ["9", "50", "1"]


def test_a_schedule_alone_counts_as_a_change(acme: Shelf) -> None:
    merchant = f"merchant:{acme.merchant}"
    saved(forms.save(acme.session, merchant, 1, {"every": "30m"}))
    assert isinstance(forms.save(acme.session, merchant, 1, {"every": "1h"}), Conflict)


def test_a_preview_runs_the_real_chain_and_writes_nothing(acme: Shelf) -> None:
    ids = acme.put(Thing(f"r{n}", f"S{n}", "", (("UPC", f"S{n}"),) if n < 3 else ()) for n in range(10))
    acme.stock(acme.default, [(number, n) for n, number in enumerate(ids)], now=int(time.time()))
    acme.list(f"S{n}" for n in range(10))
    before = acme.bench.store.read("SELECT * FROM listing")
    version = acme.bench.store.one("PRAGMA data_version")
    session = acme.viewer(read_only=True)
    minimum = forms.preview(session, acme.cart, {"minimum": "5"})
    assert (minimum.total, minimum.counted, minimum.changed, minimum.to_zero) == (10, 10, 4, 4)
    alias = forms.preview(session, acme.cart, {"alias": "UPC"})
    assert (alias.lose_match, alias.gain_match) == (7, 0)
    assert forms.preview(session, acme.cart, {"warehouses": "EAST"}).changed == 0, "unknown is not pushed"
    assert forms.preview(session, acme.cart, {"buffer": "2"}).changed == 9
    assert acme.bench.store.read("SELECT * FROM listing") == before
    assert acme.bench.store.one("PRAGMA data_version") == version


def test_a_preview_goes_on_where_it_stopped(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invsync_tui.operations.settings.preview.BUDGET", 0.0)
    monkeypatch.setattr("invsync_tui.operations.settings.preview.CHUNK", 3)
    ids = acme.put(Thing(f"r{n}", f"S{n}") for n in range(8))
    acme.stock(acme.default, [(number, 2) for number in ids], now=int(time.time()))
    acme.list(f"S{n}" for n in range(8))
    found, calls = forms.preview(acme.session, acme.cart, {"minimum": "3"}), 1
    while found.counted < found.total:
        found, calls = forms.preview(acme.session, acme.cart, {"minimum": "3"}, found), calls + 1
    assert (found.counted, found.to_zero, calls) == (8, 8, 3)


def test_unknown_subjects_are_told(acme: Shelf) -> None:
    for one in ("cart:99", "merchant:99", "shop:1", "cart:x", ""):
        with pytest.raises(NotFoundError):
            forms.form(acme.session, one)


def test_an_option_with_fixed_values_is_chosen_from_a_list_that_begins_with_what_holds_without(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE source SET system = 'feed', url = '/srv/feeds', options = '{}' WHERE merchant_id = ?",
            (acme.merchant,),
        )
    shown = {field.name: field for field in forms.form(acme.session, f"merchant:{acme.merchant}").fields}
    decimal = shown["option-decimal"]
    assert (decimal.kind, decimal.value) == (FieldKind.CHOICE, "")
    assert [(choice.value, choice.label) for choice in decimal.choices] == [
        ("", "point"), ("point", "point"), ("comma", "comma"),
    ]  # fmt: skip
    assert shown["option-sku"].kind is FieldKind.TEXT
