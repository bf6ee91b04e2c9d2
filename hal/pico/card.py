"""MFRC522: which contactless card lies on the reader. Matches hal.ports.Identity.

A card's UID is a number that anyone can read and copy: it proves nothing, so nobody logs in by it. A card that
proves something has a chip that is spoken to by ISO/IEC 14443-4 (blocks, chaining, waiting times); this driver stops at
14443-3 and asks no card anything.

Sources: NXP MFRC522 rev 3.9; ISO/IEC 14443-3 (anticollision, selection, CRC_A). `idle` does one
step, some 20 register accesses and 2 ms at most; it never waits for a card.
"""

import time

from machine import SPI, Pin

from hal.compat import const, crc32, ticks_add, ticks_diff
from hal.pico import pins
from hal.ports import ERR_ABSENT, ERR_FAILED, OK

EVERY_MS = const(250)
HOLD_MS = const(1000)  # a card that answered so lately still lies there: it skips every second call
_PATIENCE_MS = const(60)
_START_MS = const(50)
_RETRY_MS = const(5000)

# Registers.
_COMMAND = const(0x01)
_IRQ = const(0x04)
_ERROR = const(0x06)
_FIFO = const(0x09)
_LEVEL = const(0x0A)
_FRAMING = const(0x0D)
_VERSION = const(0x37)
# Commands.
_IDLE = const(0x00)
_TRANSCEIVE = const(0x0C)
# Interrupt bits: received or idle, timer.
_ANSWERED = const(0x30)
_TIMED_OUT = const(0x01)
_WRONG = const(0x1B)  # overflow, collision, parity, protocol
_WUPA = const(0x52)
_CASCADE = const(0x88)
_UID_GOES_ON = const(0x04)
# Register, value: timer of 25 ms after each transmission, 100 % ASK, CRC preset 0x6363, antenna on.
_SET_UP = b"\x2a\x80\x2b\xa9\x2c\x03\x2d\xe8\x15\x40\x11\x3d\x14\x83"

# Steps.
_OFF = const(0)
_STARTING = const(1)
_REST = const(2)
_ASKED = const(3)  # is anyone there?
_LISTING = const(4)  # who, at this level?
_CHOOSING = const(5)  # you


class Card:
    """The reader. `uid` and `uid_length` are of the card that was read last; `collisions` of two on the reader."""

    def __init__(self):
        self._spi = SPI(
            0, 1_000_000, sck=Pin(pins.SPI_SCK), mosi=Pin(pins.SPI_MOSI), miso=Pin(pins.SPI_MISO)
        )
        self._select = Pin(pins.CARD_SELECT, Pin.OUT, value=1)
        self._reset = Pin(pins.CARD_RESET, Pin.OUT, value=0)
        self._out = bytearray(2)
        self._in = bytearray(2)
        self._frame = bytearray(9)
        self._answer = bytearray(8)
        self._count = 0
        self._step = _OFF
        self._since_ms = ticks_add(time.ticks_ms(), -_RETRY_MS)
        self._level = 0
        self._reading = bytearray(10)
        self._length = 0
        self.uid = bytearray(10)
        self.uid_length = 0
        self._person = -1
        self._person_ms = 0
        self.collisions = 0
        self.absent = True

    def present(self):
        """Return the card's number, 0 … 2**30 - 1 and the same each time, or -1 for no card, or two."""
        if self._person >= 0 and ticks_diff(time.ticks_ms(), self._person_ms) >= HOLD_MS:
            self._person = -1
        return self._person

    def ask(self, question):
        """ERR_ABSENT: a UID is all that is read here."""
        return ERR_ABSENT

    def answer(self, into):
        """ERR_ABSENT."""
        return ERR_ABSENT

    def idle(self, now_ms):
        """Do one step; OK, or ERR_FAILED where there is no reader."""
        waited_ms = ticks_diff(now_ms, self._since_ms)
        if self._step == _OFF:
            if waited_ms >= _RETRY_MS or waited_ms < 0:
                self._reset.value(1)
                self._go(_STARTING, now_ms)
        elif self._step == _STARTING:
            if waited_ms >= _START_MS:
                self._set_up(now_ms)
        elif self._step == _REST:
            if waited_ms >= EVERY_MS:
                self._frame[0] = _WUPA
                self._send(1, 7)
                self._go(_ASKED, now_ms)
        else:
            self._wait(waited_ms, now_ms)
        return ERR_FAILED if self.absent else OK

    def _go(self, step, now_ms):
        self._step = step
        self._since_ms = now_ms

    def _set_up(self, now_ms):
        version = self._get(_VERSION)
        self.absent = version == 0x00 or version == 0xFF
        if self.absent:
            self._reset.value(0)
            self._go(_OFF, now_ms)
            return
        for place in range(0, len(_SET_UP), 2):
            self._put(_SET_UP[place], _SET_UP[place + 1])
        self._go(_REST, now_ms)

    def _wait(self, waited_ms, now_ms):
        irq = self._get(_IRQ)
        if irq & _ANSWERED:
            error = self._get(_ERROR)
            self._take()
            if error & _WRONG:
                if error & 0x08:
                    self.collisions = self.collisions + 1 & 0x3FFFFFFF
                    self._person = -1  # two cards are nobody
                self._go(_REST, now_ms)
            else:
                self._heard(now_ms)
        elif irq & _TIMED_OUT:
            self._go(_REST, now_ms)
        elif waited_ms >= _PATIENCE_MS:  # its own timer is dead: so is the reader
            self.absent = True
            self._reset.value(0)
            self._go(_OFF, now_ms)

    def _heard(self, now_ms):
        answer = self._answer
        if self._step == _ASKED and self._count == 2:
            self._level = 0
            self._length = 0
            self._list(now_ms)
        elif self._step == _LISTING and self._count == 5 and not _parity(answer):
            frame = self._frame
            frame[1] = 0x70
            for index in range(5):
                frame[index + 2] = answer[index]
            _crc_a(frame, 7)
            self._keep(answer)
            self._send(9, 0)
            self._go(_CHOOSING, now_ms)
        elif self._step == _CHOOSING and self._count == 3:
            if answer[0] & _UID_GOES_ON and self._level < 2:
                self._level += 1
                self._list(now_ms)
            else:
                self._known(now_ms)
        else:
            self._go(_REST, now_ms)

    def _list(self, now_ms):
        self._frame[0] = 0x93 + 2 * self._level
        self._frame[1] = 0x20
        self._send(2, 0)
        self._go(_LISTING, now_ms)

    def _keep(self, answer):
        """Add this level's part of the UID; a cascade tag is none of it."""
        for index in range(1 if answer[0] == _CASCADE and self._level < 2 else 0, 4):
            if self._length < len(self._reading):
                self._reading[self._length] = answer[index]
                self._length += 1

    def _known(self, now_ms):
        for index in range(self._length):
            self.uid[index] = self._reading[index]
        self.uid_length = self._length
        self._person_ms = now_ms
        self._person = crc32(memoryview(self.uid)[: self._length]) & 0x3FFFFFFF
        self._go(_REST, now_ms)

    # Registers and frames.

    def _send(self, count, last_bits):
        self._put(_COMMAND, _IDLE)
        self._put(_IRQ, 0x7F)
        self._put(_LEVEL, 0x80)
        for index in range(count):
            self._put(_FIFO, self._frame[index])
        self._put(_FRAMING, last_bits)
        self._put(_COMMAND, _TRANSCEIVE)
        self._put(_FRAMING, 0x80 | last_bits)

    def _take(self):
        self._count = min(self._get(_LEVEL), len(self._answer))
        for index in range(self._count):
            self._answer[index] = self._get(_FIFO)

    def _put(self, register, value):
        self._out[0] = register << 1
        self._out[1] = value
        self._select.value(0)
        self._spi.write(self._out)
        self._select.value(1)

    def _get(self, register):
        self._out[0] = 0x80 | register << 1
        self._out[1] = 0
        self._select.value(0)
        self._spi.write_readinto(self._out, self._in)
        self._select.value(1)
        return self._in[1]


def _parity(answer):
    """The check byte of an anticollision frame: 0 where it is right."""
    return answer[0] ^ answer[1] ^ answer[2] ^ answer[3] ^ answer[4]


def _crc_a(frame, count):
    """Write CRC_A of the first `count` bytes behind them (ISO/IEC 14443-3, annex B)."""
    crc = 0x6363
    for index in range(count):
        byte = frame[index] ^ (crc & 0xFF)
        byte = (byte ^ byte << 4) & 0xFF
        crc = (crc >> 8 ^ byte << 8 ^ byte << 3 ^ byte >> 4) & 0xFFFF
    frame[count] = crc & 0xFF
    frame[count + 1] = crc >> 8
