"""Homes: where the one firmware runs while the simulator plays the rest of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.homes.base import Dark, Home, HomeError
from simulator.homes.cpython import CPythonHome, provisioned

HOMES = ("cpython", "micropython")

__all__ = ["HOMES", "Dark", "Home", "HomeError", "open_home"]


def open_home(
    name: str, board: Any, make_app: Callable[[Any], Any] | None = None, judges: bool = False
) -> Home:
    """Boot the firmware on `board` in the home `name` of HOMES.

    `make_app(board)` builds another firmware, for mutants; home cpython only. `judges`: with the
    gatekeeper of a device instead of the one that believes a script. Raises
    HomeError, with a remedy, where the home is not to be had on this machine.
    """
    if name == "cpython":
        home: Home = CPythonHome(provisioned if judges and make_app is None else make_app)
    elif name == "micropython":
        if make_app is not None:
            raise HomeError("another firmware can only be given to home cpython")
        from simulator.homes.micropython import MicroPythonHome  # only this home pays for the link

        home = MicroPythonHome(judges=judges)
    else:
        raise HomeError(f"there is no home {name!r}; choose one of {', '.join(HOMES)}")
    try:
        home.boot(board)
    except BaseException:
        home.close()
        raise
    return home
