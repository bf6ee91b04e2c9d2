"""A board whose other half answers at the far end of a byte stream. Matches hal.ports.Board.

Readings come with the turn, drive and status go with it. What must be answered within the
turn (store, counter, RTC, entropy, identity) is a call: it sends, waits, and takes the clock
from the reply. Buffers are allocated once.
"""

import struct

from hal.compat import const
from hal.lockstep import frames
from hal.lockstep.channel import LinkBroken, Restart
from hal.ports import ERR_FAILED, OK, RF_LINK_UP, RF_MAINS

# As many as the stand-in gatekeeper reads in a turn: so the network's queue in front of it
# fills and overflows alike in every home.
NET_IN = const(32)
NET_OUT = const(512)
# Data bytes in one call, at most.
CHUNK = const(1024)


class LockstepBoard:
    """Plays every port over one Channel."""

    def __init__(self, channel):
        self._channel = channel
        self._drive = None
        self._status = None
        self._fed = False
        self._flags = RF_MAINS
        self._values = (0,) * (1 + len(frames.READINGS))
        self._net_in = bytearray(NET_IN)
        self._net_in_count = 0
        self._net_out = bytearray(NET_OUT)
        self._net_out_count = 0
        self._now_ms = 0
        self.head = 0
        # One object plays the ports whose methods do not clash.
        self.clock = self
        self.watchdog = self
        self.link = self
        self.scratch = _Scratch()
        self.store = _Store(self)
        self.rtc = None
        self.identity = None
        self.local = None
        self.entropy = _Entropy(self)
        self.counter = _Counter(self)

    # The three calls of a tick.

    def read(self, readings):
        """Write the readings of this turn's frame into `readings`."""
        values = self._values
        place = 1
        for name in frames.READINGS:
            setattr(readings, name, values[place])
            place += 1

    def write(self, drive):
        """Keep `drive` for the end of the turn, or for the first call in it."""
        self._drive = drive

    def show(self, status):
        """Keep `status` likewise."""
        self._status = status

    # Small parts.

    def ticks_ms(self):
        """The far end's clock, as the last frame told it."""
        return self._now_ms

    def feed(self):
        """Goes with the end of the turn."""
        self._fed = True

    def receive(self, into):
        """Hand out network bytes that came with turns."""
        held = self._net_in
        count = min(len(into), self._net_in_count)
        for index in range(count):
            into[index] = held[index]
        left = self._net_in_count - count
        for index in range(left):
            held[index] = held[index + count]
        self._net_in_count = left
        return count

    def send(self, data, count):
        """Take what fits in this turn, or nothing without a carrier."""
        if not self._flags & RF_LINK_UP or count < 0:
            return 0
        count = min(count, len(data), NET_OUT - self._net_out_count)
        for index in range(count):
            self._net_out[self._net_out_count + index] = data[index]
        self._net_out_count += count
        return count

    # Turns.

    def wait_for(self, kind):
        """Wait for a frame of `kind`; False after a goodbye. Restart for a new BOOT, LinkBroken for any other."""
        came = self._channel.receive()
        if came == frames.BYE:
            return False
        if came != kind:
            if came == frames.BOOT:
                raise Restart
            raise LinkBroken("frame " + str(came) + " came where " + str(kind) + " was due")
        return True

    def boot(self):
        """Wait for BOOT and take the head, the clock and which parts there are."""
        if not self.wait_for(frames.BOOT):
            return False
        values = struct.unpack_from(frames.BOOT_FORMAT, self._channel.rx, frames.HEAD)
        self.head = values[0]
        self._now_ms = values[1]
        self.scratch.write(values[4])
        if values[2]:
            self.rtc = _Rtc(self)
        if values[3]:
            self.identity = _Identity(self)
        return True

    def begin_turn(self):
        """Wait for the next turn; False after a goodbye."""
        if not self.wait_for(frames.TURN_IN):
            return False
        channel = self._channel
        values = struct.unpack_from(frames.TURN_IN_FORMAT, channel.rx, frames.HEAD)
        self._values = values
        self._now_ms = values[0]
        self._flags = values[3]
        count = channel.length - frames.TURN_IN_SIZE
        if count > NET_IN - self._net_in_count:
            raise LinkBroken("more network bytes came than there is room for")
        start = frames.HEAD + frames.TURN_IN_SIZE
        for index in range(count):
            self._net_in[self._net_in_count + index] = channel.rx[start + index]
        self._net_in_count += count
        return True

    def end_turn(self, drive, status):
        """Send what the turn left."""
        channel = self._channel
        count = self._net_out_count
        channel.room(frames.TURN_OUT_SIZE + count)
        self._pack(drive, status, frames.OUT_FED if self._fed else 0)
        start = frames.HEAD + frames.TURN_OUT_SIZE
        for index in range(count):
            channel.tx[start + index] = self._net_out[index]
        self._net_out_count = 0
        self._fed = False
        self._drive = None
        channel.send(frames.TURN_OUT, frames.TURN_OUT_SIZE + count)

    def _pack(self, d, s, flags):
        struct.pack_into(
            frames.TURN_OUT_FORMAT, self._channel.tx, frames.HEAD, flags, NET_IN - self._net_in_count,
            self.scratch.read(), d.step_rate_mhz, d.step_end, d.enable, d.relay,
            s.delivery, s.trust, s.rate_ul_h, s.drug, s.segment, s.commanded_ul, s.commanded_rest, s.delivered_ul,
            s.uncertain_ul, s.lost_ul, s.vtbi_ul, s.bolus, s.bolus_left_ul, s.lockout_s, s.window_ul,
            s.therapy_alarms, s.trust_alarms, s.alarm, s.priority, s.silenced, s.message,
            s.lamp, s.tone_hz, s.battery_min, s.reservoir_min, s.offered_milli, s.operator,
        )  # fmt: skip

    def call(self, operation, area=0, offset=0, count=0, data=None, into=None):
        """Ask the far end and return its result; `into` takes the bytes of the reply."""
        channel = self._channel
        kind = frames.CALL
        size = 0
        if self._drive is not None and self._status is not None:
            # The motor must not wait for the store.
            kind = frames.EFFECT_CALL
            size = frames.TURN_OUT_SIZE
        start = frames.HEAD + size
        size += frames.CALL_SIZE
        if data is not None:
            size += len(data)
        channel.room(size)
        if kind == frames.EFFECT_CALL:
            self._pack(self._drive, self._status, 0)
            self._drive = None
        struct.pack_into(frames.CALL_FORMAT, channel.tx, start, operation, area, offset, count)
        if data is not None:
            start += frames.CALL_SIZE
            channel.tx[start : start + len(data)] = data
        channel.send(kind, size)
        if not self.wait_for(frames.REPLY):
            raise LinkBroken("goodbye came in mid-turn")
        result, self._now_ms = struct.unpack_from(frames.REPLY_FORMAT, channel.rx, frames.HEAD)
        if into is not None and result == OK:
            if channel.length != frames.REPLY_SIZE + len(into):
                return ERR_FAILED
            start = frames.HEAD + frames.REPLY_SIZE
            into[:] = memoryview(channel.rx)[start : start + len(into)]
        return result


class _Store:
    """The far end's store, in calls of at most CHUNK bytes."""

    def __init__(self, board):
        self._board = board
        self._sizes = {}  # an area keeps its size

    def size(self, area):
        """Bytes in `area`."""
        if area not in self._sizes:
            self._sizes[area] = self._board.call(frames.OP_SIZE, area)
        return self._sizes[area]

    def read(self, area, offset, into):
        """Fill `into`; stops at the first chunk that is refused."""
        view = memoryview(into)
        place = 0
        while place < len(into):
            count = min(len(into) - place, CHUNK)
            piece = view[place : place + count]
            rc = self._board.call(frames.OP_READ, area, offset + place, count, None, piece)
            if rc:
                return rc
            place += count
        return OK

    def write(self, area, offset, data):
        """Write `data`; a chunk that is refused leaves it half written, as on any flash."""
        view = memoryview(data)
        place = 0
        while place < len(data):
            count = min(len(data) - place, CHUNK)
            rc = self._board.call(frames.OP_WRITE, area, offset + place, count, view[place : place + count])
            if rc:
                return rc
            place += count
        return OK

    def erase(self, area):
        """Set the whole area to 0xFF; the reply's clock tells how long it took."""
        return self._board.call(frames.OP_ERASE, area)

    def erase_block(self, area, offset):
        """Set a block to 0xFF, in as much time."""
        return self._board.call(frames.OP_ERASE_BLOCK, area, offset)


class _Rtc:
    def __init__(self, board):
        self._board = board

    def read_s(self):
        return self._board.call(frames.OP_RTC)


class _Entropy:
    def __init__(self, board):
        self._board = board

    def fill(self, into):
        return self._board.call(frames.OP_ENTROPY, 0, 0, len(into), None, into)


class _Counter:
    def __init__(self, board):
        self._board = board

    def read(self):
        return self._board.call(frames.OP_COUNTER_READ)

    def advance(self):
        return self._board.call(frames.OP_COUNTER_ADVANCE)


class _Scratch:
    """The word goes with the end of each turn; the far end keeps it over a reset."""

    def __init__(self):
        self._word = 0

    def read(self):
        return self._word

    def write(self, word):
        self._word = word


class _Identity:
    def __init__(self, board):
        self._board = board

    def present(self):
        return self._board.call(frames.OP_IDENTITY)

    def ask(self, question):
        return self._board.call(frames.OP_CARD_ASK, 0, 0, len(question), question)

    def answer(self, into):
        return self._board.call(frames.OP_CARD_ANSWER, 0, 0, len(into), None, into)
