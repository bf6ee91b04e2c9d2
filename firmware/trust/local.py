"""The local port: a serial line at the pump, over which its credentials come in. Shut but in maintenance.

It is open while the pump is in maintenance, which has no patient and which only the key switch begins, and while that
key is turned. What opens then (install.py) is loaded then. Shut, it says so to whoever ends a line, and nothing more.
Stepped in the main loop, never in a turn.
"""

from firmware.therapy import messages as msg
from firmware.therapy.tables import ST_MAINTENANCE
from hal.compat import const
from hal.ports import RF_KEY_SWITCH

_PIECE = const(32)  # bytes looked at in a step
_LINE_ENDS = const(10)
SHUT = b"kvo shut 0 17f261ea\n"
LOST = b"kvo lost 0 72395268\n"


class LocalPort:
    """`step` looks at the board's `local`, where it has one. `gatekeeper`: see install.credentials_of."""

    __slots__ = ("_board", "_gatekeeper", "_installer", "_piece")

    def __init__(self, board, gatekeeper):
        self._board = board
        self._gatekeeper = gatekeeper
        self._piece = bytearray(_PIECE)
        self._installer = None

    def step(self, state, flags, remote):
        """Take and answer a few bytes; `state`: of delivery, `flags`: of the last readings. Lets no exception out."""
        number = remote.wanted()
        if number >= 0:
            self._take(remote, number)
        if self._board.local is None:
            return
        try:
            if state == ST_MAINTENANCE and flags & RF_KEY_SWITCH:
                self._install()
            else:
                self._say_shut()
        except MemoryError:
            self._installer = None
            self._board.local.send(LOST, len(LOST))
        except Exception:  # a port that is gone: the main loop goes on
            self._installer = None

    def _install(self):
        if self._installer is None:
            from firmware.trust.install import Installer

            board = self._board
            self._installer = Installer(board.local, board.store, self._gatekeeper, board.counter)
        self._installer.step()

    def _take(self, remote, number):
        """A person wants what was carried here in force: it will be looked at when the pump starts next."""
        try:
            from firmware.trust.taking import confirm

            message = confirm(self._board, self._gatekeeper, remote, number)
        except MemoryError:
            message = msg.BUSY
        if message == msg.AT_NEXT_START:
            remote.took(number)
        remote.say(message)

    def _say_shut(self):
        self._installer = None  # what was half said is forgotten
        port = self._board.local
        for place in range(port.receive(self._piece)):
            if self._piece[place] == _LINE_ENDS:
                port.send(SHUT, len(SHUT))
                return
