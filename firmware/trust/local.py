"""The local port: a serial line at the pump, over which its credentials come in. Shut but in maintenance.

It is open while the key switch is turned and the pump is in maintenance, which has no patient; and, isolated, while an
infusion runs on by the policy `sustain`, since a recovery touches no dose. What opens then (recovery.py) is loaded
then. Shut, it says so to whoever ends a line, and nothing more. Stepped in the main loop, never in a turn.
"""

from firmware.therapy import messages as msg
from firmware.therapy.tables import ST_MAINTENANCE, TR_ISOLATED
from hal.compat import const
from hal.ports import RF_KEY_SWITCH

_PIECE = const(32)  # bytes looked at in a step
_LINE_ENDS = const(10)
REFUSED = const(4)  # in the audit, of an isolated pump: recovery.REFUSED, and the place of "shut" in its REASONS
REFUSED_SHUT = const(18)
SHUT = b"kvo shut 0 17f261ea\n"
LOST = b"kvo lost 0 72395268\n"


class LocalPort:
    """`step` looks at the board's `local`, where it has one. `gatekeeper`: see install.credentials_of."""

    __slots__ = ("_board", "_gatekeeper", "_installer", "_piece", "_post", "_remote", "make_service")

    def __init__(self, board, gatekeeper, post=None):
        """`post(event)`: therapy's mailbox; without it there is no recovery."""
        self._board = board
        self._gatekeeper = gatekeeper
        self._remote = None
        self._post = post
        self._piece = bytearray(_PIECE)
        self._installer = None
        self.make_service = None  # a test may hand in another, before the port opens

    def step(self, state, flags, remote):
        """Take and answer a few bytes; `state`: of delivery, `flags`: of the last readings. Lets no exception out."""
        self._remote = remote
        number = remote.wanted()
        if number >= 0:
            self._take(remote, number)
        if self._board.local is None:
            return
        try:
            if flags & RF_KEY_SWITCH and (state == ST_MAINTENANCE or self._runs_on()):
                self._serve()
            else:
                self._say_shut()
        except MemoryError:
            self._leave()
            self._board.local.send(LOST, len(LOST))
        except Exception:  # a port that is gone: the main loop goes on
            self._leave()

    def _runs_on(self):
        return self._post is not None and self._remote.trust() >= TR_ISOLATED and self._remote.is_sustained()

    def _serve(self):
        if self._installer is None:
            self._installer = self._make()
        self._installer.step()

    def _make(self):
        board = self._board
        if self._post is None:
            from firmware.trust.install import Installer

            return Installer(board.local, board.store, self._gatekeeper, board.counter)
        make = self.make_service
        if make is None:
            from firmware.trust.recovery import Recovery

            make = Recovery
        return make(
            board.local, board.store, self._gatekeeper, self._remote, board.counter, board.entropy, self._post
        )

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

    def _leave(self):
        installer = self._installer
        self._installer = None  # what was half said is forgotten
        if installer is not None:
            installer.leave()

    def _say_shut(self):
        installer = self._installer
        if installer is not None and installer.out:  # a recovery that is complete shuts the port: its answer is owed
            installer.step()
            return
        self._leave()
        port = self._board.local
        for place in range(port.receive(self._piece)):
            if self._piece[place] == _LINE_ENDS:
                port.send(SHUT, len(SHUT))
                if self._post is not None and self._remote.trust() >= TR_ISOLATED:
                    self._gatekeeper.audit.recovery(REFUSED, REFUSED_SHUT, 0, bytes(32))
                return
