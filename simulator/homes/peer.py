"""The host's frames over a byte stream that may lose, double and garble them.

A request that gets no answer in time is sent again, with the same sequence number; an answer
counts only with that number. So nothing is done twice at either end (docs/lockstep.md).
"""

from __future__ import annotations

import os
import struct
import time
from binascii import crc32
from collections.abc import Callable
from typing import NamedTuple

from hal.lockstep import frames
from simulator.homes.base import HomeError, LinkLost

_HEAD = struct.Struct("<BBHI")
_FIRST = frames.MARK | frames.VERSION
_LONGEST = frames.HEAD + frames.MAX_PAYLOAD + frames.TAIL
# A device that waits for the rest of a frame whose length was garbled gets it, and finds it bad.
_FILLER = bytes(_LONGEST)
# So many bytes that were no frame are kept, to be shown.
_SHOWN = 120
# An answer is late when it takes this many times as long as they did so far.
_LATE = 8


class Patience(NamedTuple):
    """How long to wait for an answer, in seconds of the wall clock; no simulated time passes meanwhile.

    silence_s, tries: when to give up, once both are used up: a machine that stood still for a while
    is no lost link. first_s: when to ask again, until it is known how long answers
    take. least_s: never sooner. Each further wait is twice as long, up to a quarter of silence_s.
    """

    silence_s: float
    tries: int
    first_s: float
    least_s: float


# A pipe loses nothing: whoever is silent on one has gone.
PIPE = Patience(60.0, 1, 60.0, 60.0)


class Peer:
    """Requests and answers over two functions: `send(data)` writes all, `receive` returns some bytes.

    `receive(want, timeout_s)` waits for up to `want` bytes (more do no harm) and returns them,
    None where none came in time, b"" at the end of the stream. Both may raise HomeError.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        receive: Callable[[int, float], bytes | None],
        patience: Patience = PIPE,
    ) -> None:
        self._send = send
        self._receive = receive
        self._patience = patience
        # A frame of an earlier run, held back somewhere, has another number.
        self._sequence = int.from_bytes(os.urandom(4), "little") & frames.SEQUENCE_MASK
        self._data = b""
        self._usual_s = 0.0  # the time an answer takes, smoothed; 0: not known
        self._passed_over = b""
        self._echoes = 0
        self.sent_again = 0
        self.spoilt = 0  # bytes that were no frame

    def exchange(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        """Send a request, again where need be; return the answer's kind and payload.

        LinkLost where none comes, HomeError where what comes is another version.
        """
        request = self._framed(kind, payload)
        patience = self._patience
        begun = time.monotonic()
        wait_s = max(patience.least_s, _LATE * self._usual_s) if self._usual_s else patience.first_s
        self._send(request)
        tries = 1
        while True:
            answer = self._answer(begun, wait_s)
            if answer is not None:
                if tries == 1:  # else it may answer an earlier try
                    self._usual_s += ((time.monotonic() - begun) - self._usual_s) / (8 if self._usual_s else 1)
                return answer
            gone_s = time.monotonic() - begun
            if gone_s >= patience.silence_s and tries >= patience.tries:
                raise LinkLost(self._silent(gone_s, tries))
            tries += 1
            wait_s = min(2 * wait_s, patience.silence_s / 4)
            self.sent_again += 1
            self._send((_FILLER if tries > 2 else b"") + request)

    def bye(self) -> None:
        """Send a goodbye; nothing answers it."""
        self._send(self._framed(frames.BYE, b""))

    def leave(self) -> None:
        """Send a goodbye that asks for the stream back: a board's console."""
        self._send(self._framed(frames.LEAVE, b""))

    def _framed(self, kind: int, payload: bytes) -> bytes:
        """The next request, with the next sequence number."""
        self._sequence = (self._sequence + 1) & frames.SEQUENCE_MASK
        data = _HEAD.pack(_FIRST, kind, len(payload), self._sequence) + payload
        return data + crc32(data).to_bytes(4, "little")

    def _answer(self, begun: float, wait_s: float) -> tuple[int, bytes] | None:
        """Wait for the answer to the present request; None where the stream was silent for `wait_s`, or babbles."""
        while True:
            frame = self._frame(wait_s, begun + self._patience.silence_s)
            if frame is None:
                return None
            kind, sequence, payload = frame
            if kind < frames.HELLO:
                self._echoes += 1
                if self._echoes > 1 and not self._usual_s:  # nobody has answered, ever
                    raise LinkLost(self._silent(time.monotonic() - begun, self._echoes))
            elif sequence == self._sequence:
                return kind, payload
            if time.monotonic() - begun > self._patience.silence_s:
                return None

    def _frame(self, wait_s: float, until: float) -> tuple[int, int, bytes] | None:
        """The next whole frame as kind, sequence, payload; None after `wait_s` of silence, or of babble until then."""
        data = self._data
        while True:
            size = frames.size(data) if len(data) >= frames.HEAD else frames.HEAD
            if size and len(data) < size:
                more = self._receive(size - len(data), wait_s)
                if more is None:
                    if not data:
                        self._data = data
                        return None
                    data = self._past(data)  # what has begun here does not go on
                    wait_s = 0.0
                    continue
                if not more:
                    raise LinkLost("the device ended without a word" + self._said(data))
                data += more
                continue
            if size and crc32(data[: size - frames.TAIL]).to_bytes(4, "little") == data[size - frames.TAIL : size]:
                self._data = data[size:]
                if data[0] != _FIRST:
                    raise HomeError(
                        f"the device speaks link version {data[0] & 15}, this simulator {frames.VERSION}; "
                        "flash the firmware of this release"
                    )
                end = size - frames.TAIL
                return data[1], frames.sequence(data), data[frames.HEAD : end]
            data = self._past(data)
            if time.monotonic() >= until:
                self._data = data
                return None

    def _past(self, data: bytes) -> bytes:
        """What is left of `data` from the next place where a frame may begin."""
        place = 1
        while place < len(data) and data[place] & 0xF0 != frames.MARK:
            place += 1
        self.spoilt += place
        if len(self._passed_over) < _SHOWN:
            self._passed_over += data[:place].lstrip(b"\0")
        return data[place:]

    def _silent(self, gone_s: float, tries: int) -> str:
        asked = f"asked {tries} times" if tries > 1 else "asked once"
        return f"the device was silent for {gone_s:.1f} s, {asked}{self._said(b'')}"

    def _said(self, rest: bytes) -> str:
        """What came that was no frame, for people."""
        if self._echoes:
            return "; what is sent comes back: an echo, no device"
        said = (self._passed_over + rest)[:_SHOWN]
        if not said:
            return ""
        hint = "; that is MicroPython's prompt: no firmware runs there" if b">>>" in said or b"raw REPL" in said else ""
        return f"; garbled, or no frame: {repr(said)[1:]}{hint}"
