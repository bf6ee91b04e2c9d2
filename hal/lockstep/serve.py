"""The device's loop: boot the firmware on a lockstep board and take turns until goodbye."""

from hal.lockstep import frames
from hal.lockstep.board import LockstepBoard
from hal.lockstep.channel import Channel, LinkBroken, Restart


class Server:
    """Serves one step at a time, for an interpreter that frees memory only between calls.

    `make_app(board)` gives an object with step(), drive and controller.status. `about` names the
    interpreter. A host that boots anew gets a new firmware. However a firmware ends, its drive is
    left off. `ended_well` is True after a goodbye, or an end of the stream between two frames.
    """

    def __init__(self, reader, writer, make_app, about, make_channel=Channel):
        self._channel = make_channel(reader, writer)
        self._board = None
        self._make_app = make_app
        self._about = about
        self._app = None
        self._drive = None
        self._why = ""  # the firmware, or the link, is gone
        self.ended_well = False

    def may_go_on(self):
        """Whether the host only ended its run: it neither wants the stream back, nor did the stream end."""
        return self._channel.over and not self._channel.left

    def step(self):
        """Boot, or take the next turn, once its frame has come. False when there is no further step.

        Lets no exception out: what went wrong is sent, and sent again to a host that asks.
        """
        try:
            if self._why:
                return self._explain()
            if self._app is None:
                going = self._boot()
            else:
                going = self._turn()
            if not going:
                self._off()
                self.ended_well = True
            return going
        except Restart:
            self._off()
            self._channel.again()
            return True
        except LinkBroken as broken:
            self._why = str(broken)
        except Exception as error:
            self._why = type(error).__name__ + ": " + str(error)
        self._off()
        try:
            self._say(frames.ERROR, self._why)
        except OSError:
            return False  # nobody is left to hear it
        return True

    def _boot(self):
        self._board = LockstepBoard(self._channel)
        if not self._board.boot():
            return False
        self._app = self._make_app(self._board)
        self._drive = self._app.drive
        self._say(frames.HELLO, self._about)
        return True

    def _turn(self):
        board = self._board
        app = self._app
        if not board.begin_turn():
            return False
        app.step()
        board.end_turn(app.drive, app.controller.status)
        return True

    def _explain(self):
        """Say why there is no firmware, until the host ends or boots anew."""
        try:
            came = self._channel.receive()
            if came == frames.BYE:
                return False
            if came == frames.BOOT:
                self._why = ""
                self._channel.again()
            else:
                self._say(frames.ERROR, self._why)
            return True
        except (LinkBroken, OSError):
            return False

    def _off(self):
        """This firmware takes no turn any more, and leaves nothing running."""
        drive = self._drive
        if drive is not None:
            drive.step_rate_mhz = 0
            drive.enable = 0
            drive.relay = 0
        self._drive = self._app = self._board = None

    def _say(self, kind, text):
        data = text.encode()[: frames.MAX_PAYLOAD]
        channel = self._channel
        channel.room(len(data))
        channel.tx[frames.HEAD : frames.HEAD + len(data)] = data
        channel.send(kind, len(data))


def serve(reader, writer, make_app, about, make_channel=Channel):
    """Serve until the end. Returns True after a goodbye, False where the link or the firmware failed."""
    server = Server(reader, writer, make_app, about, make_channel)
    while server.step():
        pass
    return server.ended_well
