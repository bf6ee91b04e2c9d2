"""The device's loop: boot the firmware on a lockstep board and take turns until goodbye."""

from hal.lockstep import frames
from hal.lockstep.board import LockstepBoard
from hal.lockstep.channel import Channel, LinkBroken, Restart


def serve(reader, writer, make_app, about, make_channel=Channel):
    """Serve turns. `make_app(board)` gives an object with step(), drive and controller.status.

    `about` names the interpreter. A host that boots anew gets a new firmware. Returns True after
    a goodbye, False where the link or the firmware failed; why was sent, and is sent again to a
    host that asks. However it ends, the drive is left off.
    """
    channel = make_channel(reader, writer)
    while True:
        drive = None
        try:
            board = LockstepBoard(channel)
            if not board.boot():
                return True
            app = make_app(board)
            drive = app.drive
            _say(channel, frames.HELLO, about)
            while board.begin_turn():
                app.step()
                board.end_turn(drive, app.controller.status)
            return True
        except Restart:
            channel.again()
            continue
        except LinkBroken as broken:
            why = str(broken)
        except Exception as error:
            why = type(error).__name__ + ": " + str(error)
        finally:
            if drive is not None:
                _off(drive)
        if not _end(channel, why):
            return False


def _off(drive):
    drive.step_rate_mhz = 0
    drive.enable = 0
    drive.relay = 0


def _end(channel, why):
    """Say why, to whoever asks; True where the host boots anew."""
    try:
        _say(channel, frames.ERROR, why)
        while True:
            came = channel.receive()
            if came == frames.BOOT:
                channel.again()
                return True
            if came == frames.BYE:
                return False
            _say(channel, frames.ERROR, why)
    except (LinkBroken, OSError):
        return False  # nobody is left to hear it


def _say(channel, kind, text):
    data = text.encode()[: frames.MAX_PAYLOAD]
    channel.room(len(data))
    channel.tx[frames.HEAD : frames.HEAD + len(data)] = data
    channel.send(kind, len(data))
