"""The device's loop: boot the firmware on a lockstep board and take turns until goodbye."""

from hal.lockstep import frames
from hal.lockstep.board import LockstepBoard
from hal.lockstep.channel import Channel, LinkBroken


def serve(reader, writer, make_app, about):
    """Serve turns. `make_app(board)` gives an object with step(), drive and controller.status.

    `about` names the interpreter. Returns True after a goodbye, False where the link or the
    firmware failed; why was sent.
    """
    channel = Channel(reader, writer)
    board = LockstepBoard(channel)
    try:
        if not board.boot():
            return True
        app = make_app(board)
        _say(channel, frames.HELLO, about)
        while board.begin_turn():
            app.step()
            board.end_turn(app.drive, app.controller.status)
        return True
    except LinkBroken as broken:
        why = str(broken)
    except Exception as error:
        why = type(error).__name__ + ": " + str(error)
    try:
        _say(channel, frames.ERROR, why)
    except OSError:
        pass  # nobody is left to hear it
    return False


def _say(channel, kind, text):
    data = text.encode()
    channel.room(len(data))
    channel.tx[frames.HEAD : frames.HEAD + len(data)] = data
    channel.send(kind, len(data))
