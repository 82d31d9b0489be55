"""What a cart is checked for besides: values that others changed, listings that cannot be set, a second run, large batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invsync_tui.connectors.errors import BatchTooLargeError, ConnectorError
from invsync_tui.kit import later_checks
from invsync_tui.kit.checks import Check, Scene, everything
from invsync_tui.kit.proxy import Fault
from invsync_tui.rules.outcomes import Reason

HINDERED = (Reason.CART_NOT_TRACKING, Reason.NOT_STOCKED_AT_LOCATION, Reason.BUNDLE_PARENT)


async def compare_and_set(scene: Scene) -> None:
    """What somebody else changed since it was read is not overwritten, where the cart can tell; who says so has not written."""
    ref = next(iter(scene.server.shown()))
    before = scene.server.shown()[ref]
    theirs = (before or 0) + 40
    scene.server.set(ref, theirs)
    async with scene.opened() as cart:
        answer = await later_checks.send(cart, {ref: (before or 0) + 7}, {ref: before})
        rows = {row.ref: row for row in await later_checks.settled(scene, cart, answer)}
    row = rows.get(ref)
    conflict = row is not None and row.reason is Reason.CAS_CONFLICT
    shows = scene.server.shown()[ref]
    assert not conflict or shows == theirs, f"it reports a conflict and has written: {shows}, not {theirs}"
    if getattr(scene.server, "compares", False):
        assert conflict, f"what somebody else changed is overwritten: it shows {shows}, and the answer is {row}"
    if not conflict:
        raise NotImplementedError("the cart sets without comparing")


async def hindered(scene: Scene) -> None:
    """A listing that cannot be set is listed and read with its reason: untracked, not stocked at the location, a bundle."""
    reasons = dict(scene.server.hindered()) if hasattr(scene.server, "hindered") else {}
    ailing: dict[str, Reason] = {}
    if hasattr(scene.server, "ail"):
        fixes = (fix for fix in scene.connector.about.fixes if fix.reason in HINDERED)
        ailing = {scene.server.ail(fix.name): fix.reason for fix in fixes}
    if not (reasons := reasons | ailing):
        raise NotImplementedError("its server cannot make a listing that cannot be set")
    try:
        await _says_why(scene, reasons)
    finally:
        for ref in ailing:  # other checks want listings that can be set
            scene.server.remove(ref)


async def _says_why(scene: Scene, reasons: Mapping[str, Reason]) -> None:
    async with scene.opened() as cart:
        listed = {row.ref: row for row in await everything(cart) if not row.location}
        again = {row.ref: row for row in await cart.read(list(reasons))}
    for ref, reason in reasons.items():
        for name, rows in (("the list", listed), ("read", again)):
            assert ref in rows, f"a listing that cannot be set ({reason.value}) is not in {name}"
            row = rows[ref]
            named = row.skip or (Reason.CART_NOT_TRACKING if row.tracked is False else None)
            assert named is reason, f"{name} says {named} of a listing that is {reason.value}"


async def quiet_second_run(scene: Scene) -> None:
    """What was sent is what is read afterwards, so that a second run has nothing to send."""
    async with scene.opened() as cart:
        rows_now = [row for row in await everything(cart) if row.skip is None and row.tracked is not False]
        settable = [row.ref for row in rows_now if not row.location]
        refs = (await later_checks.one_batch(cart, settable))[: cart.capabilities.max_batch]
        before = dict(scene.server.shown())
        targets = {ref: (0, 1, 120)[number % 3] for number, ref in enumerate(refs)}
        answer = await later_checks.send(cart, targets, before)
        await later_checks.settled(scene, cart, answer)
        rows = {row.ref: row.quantity for row in await everything(cart) if not row.location}
    again = {ref: (rows.get(ref), quantity) for ref, quantity in targets.items() if rows.get(ref) != quantity}
    assert not again, f"a second run would send again (read, sent): {dict(list(again.items())[:3])}"


async def untouched(scene: Scene) -> None:
    """Of a listing that is set nothing changes but its quantity, and of the others nothing at all, here and elsewhere."""
    async with scene.opened() as cart:
        rows = await everything(cart)
        ref = next(row.ref for row in rows if row.skip is None and row.tracked is not False and not row.location)
        before, records = _facts(rows, ref), _records(scene)
        quantities = dict(scene.server.shown())
        answer = await later_checks.send(cart, {ref: (quantities[ref] or 0) + 3}, quantities)
        await later_checks.settled(scene, cart, answer)
        after = _facts(await everything(cart), ref)
    changed = {key: (before[key], after.get(key)) for key in before if after.get(key) != before[key]}
    assert not changed, f"it has changed more than a quantity: {dict(list(changed.items())[:2])}"
    now = _records(scene)
    differ = [name for name in records if now.get(name) != records[name]]
    assert not differ, f"it has changed more than a quantity of {differ[:3]}, as the shop has it"


def _facts(rows: list[Any], ref: str) -> dict[tuple[str, str], Any]:
    """By location and reference, all that is read, without the quantity of the listing that is set."""
    return {
        (row.location, row.ref): row._replace(updated_at=None, quantity=None if row.ref == ref else row.quantity)
        for row in rows
    }


def _records(scene: Scene) -> Mapping[str, object]:
    return dict(scene.server.other_facts()) if hasattr(scene.server, "other_facts") else {}


async def too_large(scene: Scene) -> None:
    """A batch that is refused for its size is reported as such, so that the push sends halves; nothing of it was done."""
    before = dict(scene.server.shown())
    async with scene.opened() as cart:
        refs = (await later_checks.one_batch(cart, list(before)))[:2]
        scene.let(Fault.TOO_LARGE)
        try:
            await later_checks.send(cart, {ref: 88 + n for n, ref in enumerate(refs)}, before)
        except BatchTooLargeError:
            pass
        except ConnectorError as error:
            raise AssertionError(f"a 413 is {type(error).__name__}, not BatchTooLargeError") from error
        else:
            raise AssertionError("a batch that was refused for its size is taken for a good one")
        scene.proxy.clear()
        answer = await later_checks.send(cart, {refs[0]: 88}, before, later_checks.BATCH[::-1])
        await later_checks.settled(scene, cart, answer)
    assert scene.server.shown()[refs[0]] == 88, "half of the batch is refused too"
    assert all(scene.server.shown()[ref] == before[ref] for ref in refs[1:])


CHECKS = (
    Check(17, "what somebody else changed meanwhile is not overwritten", compare_and_set),
    Check(18, "listings that cannot be set are named", hindered),
    Check(19, "a second run has nothing to send", quiet_second_run),
    Check(25, "a batch that is refused for its size is reported as such", too_large),
    Check(50, "of a listing that is set nothing changes but its quantity", untouched),
)
