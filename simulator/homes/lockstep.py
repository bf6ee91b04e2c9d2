"""The host's end of the lockstep link: plays a board to a firmware behind a byte stream."""

from __future__ import annotations

import struct
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from hal import ports
from hal.compat import MASK
from hal.lockstep import frames
from simulator.homes.base import HomeError, LinkLost
from simulator.homes.peer import Peer

_sensed = attrgetter(*frames.READINGS)
_TURN_IN = struct.Struct(frames.TURN_IN_FORMAT)
_TURN_OUT = struct.Struct(frames.TURN_OUT_FORMAT)
_REPLY = struct.Struct(frames.REPLY_FORMAT)
_CALL = struct.Struct(frames.CALL_FORMAT)
# Until the device says how many network bytes it has room for.
_FIRST_ROOM = 32
# Calls whose reply carries bytes.
_FILLS: dict[int, Callable[[Any, int, int, bytearray], int]] = {
    frames.OP_READ: lambda board, area, offset, into: board.store.read(area, offset, into),
    frames.OP_ENTROPY: lambda board, area, offset, into: board.entropy.fill(into),
    frames.OP_CARD_ANSWER: lambda board, area, offset, into: board.identity.answer(into),
}


class Lockstep:
    """One firmware behind a Peer, on `board`. The base of every home but the first."""

    def __init__(self, peer: Peer, board: Any) -> None:
        self._peer = peer
        self._board = board
        self._readings = ports.Readings()
        self._network = bytearray(_FIRST_ROOM)
        self._effect = False
        self._turns = 0
        self.drive = ports.Drive()
        self.status = ports.Status()
        self.about = ""

    def boot(self) -> None:
        """Boot the firmware: serves its calls until it is up."""
        board = self._board
        payload = struct.pack(
            frames.BOOT_FORMAT, board.head, board.clock.ticks_ms(), board.rtc is not None, board.identity is not None,
            board.scratch.read(),
        )  # fmt: skip
        self.about = self._serve(frames.BOOT, payload, frames.HELLO).decode("utf-8", "replace")

    def turn(self) -> None:
        """One turn: readings and network bytes in, calls served, drive, status and bytes out."""
        board = self._board
        readings = self._readings
        board.read(readings)
        try:
            payload = _TURN_IN.pack(board.clock.ticks_ms(), *_sensed(readings))
        except struct.error as wrong:
            raise HomeError(f"a reading does not fit the link's 32 bits: {wrong}") from None
        if self._network:
            count = board.link.receive(self._network)
            if count:
                payload += self._network[:count]
        self._effect = False
        self._turns += 1
        self._take(self._serve(frames.TURN_IN, payload, frames.TURN_OUT))

    def bye(self) -> None:
        """Tell the device that there is no further turn."""
        self._peer.bye()

    def _serve(self, kind: int, payload: bytes, until: int) -> bytes:
        """Ask, and answer calls until a frame of kind `until` comes; return its payload."""
        try:
            while True:
                kind, payload = self._peer.exchange(kind, payload)
                if kind == until:
                    return payload
                if kind == frames.EFFECT_CALL:
                    self._take(payload[: frames.TURN_OUT_SIZE])
                    payload = payload[frames.TURN_OUT_SIZE :]
                elif kind == frames.ERROR:
                    raise HomeError(f"the firmware is gone: {payload.decode('utf-8', 'replace')}")
                elif kind != frames.CALL:
                    raise HomeError(f"the device sent a frame of kind {kind} out of turn")
                kind, payload = frames.REPLY, self._answer(payload)
        except LinkLost as lost:
            where = f"turn {self._turns}" if self._turns else "the boot"
            raise LinkLost(f"{where}: {lost}") from None

    def _take(self, payload: bytes) -> None:
        if len(payload) < frames.TURN_OUT_SIZE:
            raise HomeError("the device's turn is too short")
        drive, status, board = self.drive, self.status, self._board
        (
            flags, room, scratch, drive.step_rate_mhz, drive.step_end, drive.enable, drive.relay,
            status.delivery, status.trust, status.rate_ul_h, status.drug, status.segment, status.commanded_ul,
            status.commanded_rest, status.delivered_ul, status.uncertain_ul, status.lost_ul, status.vtbi_ul,
            status.bolus, status.bolus_left_ul, status.lockout_s, status.window_ul, status.therapy_alarms,
            status.trust_alarms, status.alarm, status.priority, status.silenced, status.message,
            status.lamp, status.tone_hz, status.battery_min, status.reservoir_min,
            status.offered_milli, status.operator,
        ) = _TURN_OUT.unpack_from(payload)  # fmt: skip
        if not self._effect:
            self._effect = True
            board.write(drive)
            board.show(status)
        board.scratch.write(scratch)
        if room != len(self._network):
            self._network = bytearray(min(max(room, 0), frames.MAX_PAYLOAD - frames.TURN_IN_SIZE))
        if flags & frames.OUT_FED:
            board.watchdog.feed()
        if len(payload) > frames.TURN_OUT_SIZE:
            out = payload[frames.TURN_OUT_SIZE :]
            board.link.send(out, len(out))

    def _answer(self, payload: bytes) -> bytes:
        """Carry out a call; the payload of its reply."""
        if len(payload) < frames.CALL_SIZE:
            raise HomeError("the device's call is too short")
        operation, area, offset, count = _CALL.unpack_from(payload)
        rc, data = self._carry_out(operation, area, offset, count, payload[frames.CALL_SIZE :])
        return _REPLY.pack(min(rc, MASK), self._board.clock.ticks_ms()) + data

    def _carry_out(self, operation: int, area: int, offset: int, count: int, data: bytes) -> tuple[int, bytes]:
        board = self._board
        if operation == frames.OP_WRITE:
            return board.store.write(area, offset, data), b""
        if operation in _FILLS:
            if not 0 <= count <= frames.MAX_PAYLOAD - frames.REPLY_SIZE:
                return ports.ERR_RANGE, b""
            into = bytearray(count)
            rc = _FILLS[operation](board, area, offset, into)
            return rc, bytes(into) if rc == ports.OK else b""
        if operation == frames.OP_SIZE:
            return board.store.size(area), b""
        if operation == frames.OP_ERASE:
            return board.store.erase(area), b""
        if operation == frames.OP_ERASE_BLOCK:
            return board.store.erase_block(area, offset), b""
        if operation == frames.OP_COUNTER_READ:
            return board.counter.read(), b""
        if operation == frames.OP_COUNTER_ADVANCE:
            return board.counter.advance(), b""
        if operation == frames.OP_RTC:
            return board.rtc.read_s(), b""
        if operation == frames.OP_IDENTITY:
            return board.identity.present(), b""
        if operation == frames.OP_CARD_ASK:
            return board.identity.ask(data), b""
        raise HomeError(f"the device called for operation {operation}, which the link does not have")
