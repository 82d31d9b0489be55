"""Switches the mouse on and off while the program runs. Every move of a mouse sends bytes upstream, so SSH starts without."""

from __future__ import annotations

from textual.app import App


def mouse_is_on(app: App[int]) -> bool:
    """Whether the terminal reports the mouse."""
    return bool(getattr(app._driver, "_mouse", False))


def set_mouse(app: App[int], *, on: bool) -> bool:
    """Whether it could be switched: Textual has no public way yet, and not every driver has this one."""
    driver = app._driver
    switch = getattr(driver, "_enable_mouse_support" if on else "_disable_mouse_support", None)
    if driver is None or switch is None or not hasattr(driver, "_mouse"):
        return False
    # Both methods act only while the driver believes that it has a mouse.
    driver._mouse = True
    switch()
    driver._mouse = on
    driver.flush()
    return True
