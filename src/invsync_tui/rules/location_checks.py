"""Checks of carts of one merchant that set stock at locations of one shop: what one of them sells, another may sell too."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from invsync_tui.rules.merchant_checks import SAMPLE, Check, Item, Section


@dataclass(frozen=True, slots=True)
class LocationFacts:
    """A cart that is switched on, with the location that it sets. Carts with the same `shop` lead to one shop."""

    cart_id: int
    name: str
    merchant: str
    shop: str
    at: frozenset[str]
    """What the location is called: its reference, and the option as it was typed."""
    push_kind: int
    share: int
    """Percent of the stock."""
    warehouses: Mapping[int, str]
    """Those with levels that feed it: codes by number."""

    def set(self, option: str) -> str:
        """The command that changes one of its settings."""
        return f"invsync carts set {shlex.quote(self.name)} --merchant {shlex.quote(self.merchant)} {option}"


def location_checks(carts: Sequence[LocationFacts]) -> dict[int, list[Check]]:
    """By cart number, the checks of each cart whose shop others of these lead to as well."""
    by_shop: dict[str, list[LocationFacts]] = defaultdict(list)
    for facts in carts:
        by_shop[facts.shop].append(facts)
    return {
        facts.cart_id: list(_checks(facts, of_shop, feeds))
        for of_shop in by_shop.values()
        if len(of_shop) > 1
        for feeds in [_fed_by(of_shop)]
        for facts in of_shop
    }


def feeding_others(carts: Sequence[LocationFacts]) -> dict[int, frozenset[int]]:
    """By cart number, the warehouses that feed other locations of its shop; only of carts whose shop has some."""
    by_shop: dict[str, list[LocationFacts]] = defaultdict(list)
    for facts in carts:
        by_shop[facts.shop].append(facts)
    others = {
        facts.cart_id: [other for other in by_shop[facts.shop] if other is not facts and not other.at & facts.at]
        for facts in carts
    }
    return {
        number: frozenset(warehouse for other in at_others for warehouse in other.warehouses)
        for number, at_others in others.items()
        if at_others
    }


def sold_at_others(
    carts: Sequence[LocationFacts], cart_id: int, stocked: Collection[int], mine: Collection[int]
) -> bool | None:
    """Whether all warehouses with levels (`stocked`) that do not feed a cart (`mine` do) feed other locations of its shop;
    None: it has none."""
    fed = feeding_others(carts).get(cart_id)
    return None if fed is None else fed >= set(stocked) - set(mine)


def _fed_by(carts: Sequence[LocationFacts]) -> Mapping[int, Sequence[LocationFacts]]:
    """By warehouse, the carts that it feeds."""
    fed: dict[int, list[LocationFacts]] = defaultdict(list)
    for facts in carts:
        for warehouse in facts.warehouses:
            fed[warehouse].append(facts)
    return fed


def _checks(
    facts: LocationFacts, of_shop: Sequence[LocationFacts], feeds: Mapping[int, Sequence[LocationFacts]]
) -> Iterator[Check]:
    same = [other for other in of_shop if other is not facts and other.at & facts.at]
    yield _once(facts, [other for other in same if other.push_kind == facts.push_kind])
    yield _sold_once(facts, {other.cart_id for other in same}, feeds)


def _once(facts: LocationFacts, same: Sequence[LocationFacts]) -> Check:
    """Whether no other cart sets the same listings at the same location."""
    item = Item("cart.location_once", Section.WAREHOUSE, facts.name)
    if not same:
        return item.passed("no other cart sets its location")
    names = _named([other.name for other in same])
    return item.failed(
        f"its location is also set by {names}",
        "Two carts set the same listings at the same location: each overwrites the other's numbers.",
        f"Choose another location, or switch one of them off: {facts.set('--upload off')}",
    )


def _sold_once(facts: LocationFacts, same: set[int], feeds: Mapping[int, Sequence[LocationFacts]]) -> Check:
    """Whether the locations of the shop together offer each unit of a warehouse once."""
    item = Item("cart.stock_shared", Section.WAREHOUSE, facts.name)
    twice: list[str] = []
    others: dict[str, int] = {}
    for warehouse, code in facts.warehouses.items():
        sharing = [other for other in feeds[warehouse] if other is not facts and other.cart_id not in same]
        if sharing and facts.share + sum(other.share for other in sharing) > 100:
            twice.append(code)
            others |= {other.name: other.share for other in sharing}
    if not twice:
        return item.passed("its warehouses offer no unit at two locations of the shop")
    shares = _named([f"{name} ({share} %)" for name, share in others.items()])
    return item.failed(
        f"{_named(twice)} {'feeds' if len(twice) == 1 else 'feed'} {facts.name} ({facts.share} %) and also {shares}",
        "The shop adds up what its locations have: it sells the same units once at each of them.",
        f"Choose different warehouses for each location: {facts.set('--warehouse CODE')}; "
        "or shares that come to 100 % together: --share PERCENT",
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:SAMPLE]) + ", ..." * (len(names) > SAMPLE)
