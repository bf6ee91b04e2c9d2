"""The device's loop: boot the firmware on a lockstep board and take turns until goodbye."""

from hal.lockstep import frames
from hal.lockstep.board import LockstepBoard
from hal.lockstep.channel import Channel, LinkBroken


class Server:
    """Serves one step at a time, for an interpreter that frees memory only between calls.

    `make_app(board)` gives an object with step(), drive and controller.status. `about` names
    the interpreter. `ended_well` is True after a goodbye.
    """

    def __init__(self, reader, writer, make_app, about):
        self._channel = Channel(reader, writer)
        self._board = LockstepBoard(self._channel)
        self._make_app = make_app
        self._about = about
        self._app = None
        self.ended_well = False

    def step(self):
        """Boot, or take the next turn, once its frame has come. False when there is no further step.

        Lets no exception out: what went wrong is sent.
        """
        try:
            if self._app is None:
                going = self._boot()
            else:
                going = self._turn()
            self.ended_well = not going
            return going
        except LinkBroken as broken:
            why = str(broken)
        except Exception as error:
            why = type(error).__name__ + ": " + str(error)
        try:
            self._say(frames.ERROR, why)
        except OSError:
            pass  # nobody is left to hear it
        return False

    def _boot(self):
        board = self._board
        if not board.boot():
            return False
        self._app = self._make_app(board)
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

    def _say(self, kind, text):
        data = text.encode()
        channel = self._channel
        channel.room(len(data))
        channel.tx[frames.HEAD : frames.HEAD + len(data)] = data
        channel.send(kind, len(data))


def serve(reader, writer, make_app, about):
    """Serve until the end. Returns True after a goodbye, False where the link or the firmware failed."""
    server = Server(reader, writer, make_app, about)
    while server.step():
        pass
    return server.ended_well
