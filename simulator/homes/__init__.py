"""Homes: where the one firmware runs while the simulator plays the rest of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.homes.base import Dark, Home, HomeError, LinkLost
from simulator.homes.cpython import CPythonHome, provisioned

HOMES = ("cpython", "micropython", "webassembly")
# Before a URL: the home at the far end of that byte stream.
STREAM = "stream:"

__all__ = ["HOMES", "STREAM", "Dark", "Home", "HomeError", "LinkLost", "open_home"]


def open_home(
    name: str | Home, board: Any, make_app: Callable[[Any], Any] | None = None, judges: bool = False
) -> Home:
    """Boot the firmware on `board` in the home `name` of HOMES, or at the far end of a byte stream ("stream:URL").

    `name` may be a home, not booted yet or closed. `make_app(board)` builds another firmware, for
    mutants; home cpython only. `judges`: with the gatekeeper of a device instead of the one that
    believes a script. Raises HomeError, with a remedy, where the home is not to be had here.
    """
    if isinstance(name, str) and name not in HOMES and not name.startswith(STREAM):
        raise HomeError(f"there is no home {name!r}; choose one of {', '.join(HOMES)}")
    home: Home
    if name == "cpython":
        home = CPythonHome(provisioned if judges and make_app is None else make_app)
    elif make_app is not None:  # those behind the link build their own
        raise HomeError("another firmware can only be given to home cpython")
    elif not isinstance(name, str):
        home = name
    elif name == "micropython":
        from simulator.homes.micropython import MicroPythonHome  # only these homes pay for the link

        home = MicroPythonHome(judges=judges)
    elif judges and name.startswith(STREAM):
        raise HomeError("a pump behind a byte stream brings its own gatekeeper; choose one of " + ", ".join(HOMES))
    elif name.startswith(STREAM):
        from simulator.homes.stream import StreamHome

        home = StreamHome(name.removeprefix(STREAM))
    else:
        from simulator.homes.webassembly import WebAssemblyHome

        home = WebAssemblyHome(judges=judges)
    try:
        home.boot(board)
    except BaseException:
        home.close()
        raise
    return home
