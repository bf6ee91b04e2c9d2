"""Homes: where the one firmware runs while the simulator plays the rest of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.homes.base import Dark, Home, HomeError, LinkLost
from simulator.homes.cpython import CPythonHome

HOMES = ("cpython", "micropython")
# Before a URL: the home at the far end of that byte stream.
STREAM = "stream:"

__all__ = ["HOMES", "STREAM", "Dark", "Home", "HomeError", "LinkLost", "open_home"]


def open_home(name: str | Home, board: Any, make_app: Callable[[Any], Any] | None = None) -> Home:
    """Boot the firmware on `board` in the home `name` of HOMES, or at the far end of a byte stream ("stream:URL").

    `name` may be a home, not booted yet or closed. `make_app(board)` builds another firmware, for
    mutants; home cpython only. Raises HomeError, with a remedy, where the home is not to be had here.
    """
    home: Home
    if not isinstance(name, str):
        _only_shipped(make_app)
        home = name
    elif name == "cpython":
        home = CPythonHome(make_app)
    elif name == "micropython":
        _only_shipped(make_app)
        from simulator.homes.micropython import MicroPythonHome  # only this home pays for the link

        home = MicroPythonHome()
    elif name.startswith(STREAM):
        _only_shipped(make_app)
        from simulator.homes.stream import StreamHome

        home = StreamHome(name.removeprefix(STREAM))
    else:
        raise HomeError(f"there is no home {name!r}; choose one of {', '.join(HOMES)}")
    try:
        home.boot(board)
    except BaseException:
        home.close()
        raise
    return home


def _only_shipped(make_app: Callable[[Any], Any] | None) -> None:
    if make_app is not None:
        raise HomeError("another firmware can only be given to home cpython")
