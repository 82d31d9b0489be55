"""What a connector is checked for that changes or looks up something when a person asks for it."""

from __future__ import annotations

from typing import Any

from invsync_tui.connectors.about import About, Fix
from invsync_tui.connectors.on_request import Fixes, Previews, apply, needs, plan
from invsync_tui.kit.checks import Check, Scene, everything


def _about(scene: Scene) -> About:
    about = getattr(scene.connector, "about", None)
    assert isinstance(about, About), "it has no `about`"
    return about


def _has(connector: Any, protocol: type, what: str) -> None:
    assert isinstance(connector, protocol), what


async def fixes(scene: Scene) -> None:
    """A fix that is planned changes nothing; one that is made changes the listing that needs it, and no other."""
    declared = _about(scene).fixes
    if not declared:
        assert not hasattr(scene.connector, "fix"), "it has `fix` and declares none"
        raise NotImplementedError("it fixes nothing in the shop")
    names = [fix.name for fix in declared]
    assert len(set(names)) == len(names) and all(name.isidentifier() and name.islower() for name in names), names
    assert all(fix.what.endswith(".") and fix.then.endswith(".") for fix in declared), "a fix does not say what it does"
    if not hasattr(scene.server, "ail"):
        raise NotImplementedError("its server cannot make a listing that needs a fix")
    for fix in declared:
        await _check_fix(scene, fix)


async def _check_fix(scene: Scene, fix: Fix) -> None:
    ref: str = scene.server.ail(fix.name)
    async with scene.opened() as cart:
        _has(cart, Fixes, "it declares fixes and has no `fix`")
        before = await _facts(cart)
        (row,) = await cart.read([ref])
        assert needs(row, fix.reason), f"the listing does not need {fix.name}: {row}"
        healthy = next(other for other in before if other != ref and not needs(before[other], fix.reason))
        planned = {made.ref: made for made in await plan(cart, fix, [ref, healthy])}
        assert planned[ref].why_not == "", f"{fix.name} cannot be made: {planned[ref].why_not}"
        assert planned[healthy].why_not, f"{fix.name} would change a listing that does not need it"
        assert await _facts(cart) == before, f"planning {fix.name} has changed something"
        (made,), renamed = await apply(cart, fix, [ref])
        assert made.why_not == "" and made.row is not None, f"{fix.name} was not made: {made.why_not}"
        after = await _facts(cart)
        touched = {ref, made.row.ref}
        assert made.row.ref in after and (made.row.ref != ref) == (ref in renamed)
        rest = {other: row for other, row in before.items() if other not in touched}
        assert {other: row for other, row in after.items() if other not in touched} == rest, (
            f"{fix.name} has changed other listings"
        )
        (again,), _ = await apply(cart, fix, [made.row.ref])
        assert again.why_not, f"{fix.name} is made again for a listing that does not need it"
        assert await _facts(cart) == after


async def _facts(cart: Any) -> dict[str, Any]:
    return {row.ref: row._replace(updated_at=None) for row in await everything(cart)}


async def previews(scene: Scene) -> None:
    """What it looks up for a person has lines, and changes nothing."""
    declared = _about(scene).previews
    if not declared:
        assert not hasattr(scene.connector, "preview"), "it has `preview` and declares none"
        raise NotImplementedError("it has nothing to look up")
    assert all(preview.what.endswith(".") for preview in declared), "a preview does not say what it shows"
    made = scene.connector(scene.connection())
    try:
        _has(made, Previews, "it declares previews and has no `preview`")
        for preview in declared:
            lines = await made.preview(preview.name)
            assert lines and all(line.isprintable() for line in lines), f"{preview.name} shows {lines}"
    finally:
        await made.close()


FIXES = Check(38, "a fix is made when it is asked for, and changes nothing else", fixes)
PREVIEWS = Check(39, "what is looked up is shown, and changes nothing", previews)
