"""A terminal's own folder: who is at work with its certificate, and the counters of those who ask at it.

The broker knows a client by its certificate alone, so a second connection with it ends the first: at one terminal one
program works at a time.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.gateway.problem import GatewayError
from simulator.site.counters import next_counter
from simulator.site.files import PRIVATE_FILE, Site

_STEP_S = 0.05
_SHOWN = 60


class TerminalFolder:
    """The folder of one client of a site, by its name."""

    def __init__(self, site: Site, name: str) -> None:
        """SiteError where the site has no such client."""
        self.name = name
        self.folder: Path = site.client(name)

    def next_counter(self, operator: int, now_s: float) -> int:
        """The next counter of an operator at this terminal; site time `now_s`. It rises over every session."""
        return next_counter(self.folder / f"counter-{operator}", now_s)

    @contextmanager
    def in_use(self, what: str, patience_s: float = 0.0) -> Iterator[None]:
        """Hold the terminal for one program, `what` in a word; waits `patience_s` for another to end.

        GatewayError, which says who has it, where it is not free by then.
        """
        path = self.folder / ".in-use"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        except OSError as wrong:
            raise GatewayError(f"{path}: cannot be written ({wrong.strerror}); mend the folder's permissions") from None
        try:
            self._lock(descriptor, patience_s)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{what} (process {os.getpid()})".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= end:
                    who = os.pread(descriptor, _SHOWN, 0).decode(errors="replace") or "another program"
                    raise GatewayError(
                        f"{self.name} is in use: {who}; try again when it has ended, or take another certificate "
                        "(--terminal, --name; 'kvo provision add SITE --client terminal-2' makes one)"
                    ) from None
                time.sleep(_STEP_S)
