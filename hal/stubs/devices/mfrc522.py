"""MFRC522: a card reader on SPI, and cards that answer it. Source: NXP MFRC522 rev 3.9; ISO/IEC 14443-3.

As far as anticollision and selection go: FIFO, bit framing, receive time-out, collisions of two
cards that answer at once. Cards check a selection's CRC_A as a card does.
"""

_COMMAND, _IRQ, _ERROR, _FIFO_DATA, _FIFO_LEVEL, _FRAMING = 0x01, 0x04, 0x06, 0x09, 0x0A, 0x0D
_TX_CONTROL, _VERSION = 0x14, 0x37
_IDLE, _TRANSCEIVE, _SOFT_RESET = 0x0, 0xC, 0xF
_RX_IRQ, _IDLE_IRQ, _TIMER_IRQ = 0x20, 0x10, 0x01
_COLLISION = 0x08
_REQA, _WUPA = 0x26, 0x52
_CASCADE = b"\x88"
_ANSWER_US, _TIMEOUT_US = 300, 25_000
_RESET_US = 40


class Card:
    """A card with a UID of 4, 7 or 10 bytes."""

    def __init__(self, uid):
        if len(uid) not in (4, 7, 10):
            raise ValueError("a UID has 4, 7 or 10 bytes")
        parts = {4: [uid], 7: [_CASCADE + uid[:3], uid[3:]], 10: [_CASCADE + uid[:3], _CASCADE + uid[3:6], uid[6:]]}
        self._parts = parts[len(uid)]
        self._level = -1  # idle; else the cascade level it is at

    def leave_field(self):
        """No power, no state."""
        self._level = -1

    def answer(self, frame, last_bits):
        """What it answers to a frame, as bytes; None for nothing."""
        if last_bits == 7 and len(frame) == 1 and frame[0] in (_REQA, _WUPA):
            if self._level > 0:  # active: a request out of turn sends it back to idle, silently (14443-3, 6.3)
                self._level = -1
                return None
            self._level = 0
            return b"\x04\x00" if len(self._parts) == 1 else b"\x44\x00"
        if self._level < 0 or self._level >= len(self._parts) or len(frame) < 2:
            return None
        if frame[0] != 0x93 + 2 * self._level or last_bits:
            self._level = -1
            return None
        part = self._parts[self._level]
        whole = part + bytes([part[0] ^ part[1] ^ part[2] ^ part[3]])
        if frame[1] == 0x20 and len(frame) == 2:
            return whole
        if frame[1] == 0x70 and frame[2:7] == whole and frame[7:] == crc_a(frame[:7]):
            self._level += 1
            more = self._level < len(self._parts)
            sak = bytes([0x04 if more else 0x08])
            return sak + crc_a(sak)
        self._level = -1
        return None


class Mfrc522:
    """The reader. `field` lists the cards in it; `present` False: nothing is soldered, MISO floats."""

    def __init__(self, chip, select, reset):
        self._chip = chip
        self._select, self._reset = chip.wire(select), chip.wire(reset)
        self._select.watchers.append(self._framed)
        self._reset.watchers.append(self._on_reset)
        self.field = []
        self.present = True
        self.version = 0x92
        self._address = None
        self._clear()

    def selected(self):
        """Whether chip select is low."""
        return self.present and self._select.level() == 0

    def exchange(self, byte):
        """One byte each way: an address first, then data; a read's answer comes a byte later."""
        if self._reset.level() == 0:
            return 0
        if self._address is None:
            self._address = byte
            return 0
        register = self._address >> 1 & 0x3F
        if self._address & 0x80:
            self._address = byte
            return self._read(register)
        self._write(register, byte)
        return 0

    def _framed(self, level):
        self._address = None

    def _on_reset(self, level):
        self._clear()
        if level == 0:
            self._lose_field()

    def _clear(self):
        self._registers = bytearray(64)
        self._registers[_COMMAND] = 0x20
        self._registers[_TX_CONTROL] = 0x80
        self._fifo = bytearray()
        self._ready_us = self._chip.us + _RESET_US
        self._due = None  # (when, irq bits, answer)

    def _lose_field(self):
        for card in self.field:
            card.leave_field()

    def _settle(self):
        if self._due is not None and self._chip.us >= self._due[0]:
            _, irq, answer = self._due
            self._due = None
            self._registers[_IRQ] |= irq
            self._fifo = bytearray(answer)

    def _read(self, register):
        self._settle()
        if register == _VERSION:
            return self.version
        if register == _FIFO_LEVEL:
            return len(self._fifo)
        if register == _FIFO_DATA:
            return self._fifo.pop(0) if self._fifo else 0
        return self._registers[register]

    def _write(self, register, value):
        self._settle()
        if register == _COMMAND:
            self._command(value & 0x0F)
        elif register == _FIFO_DATA:
            if len(self._fifo) < 64:
                self._fifo.append(value)
        elif register == _FIFO_LEVEL:
            if value & 0x80:
                self._fifo.clear()
        elif register == _IRQ:
            bits = value & 0x7F
            self._registers[_IRQ] = self._registers[_IRQ] | bits if value & 0x80 else self._registers[_IRQ] & ~bits
        else:
            self._registers[register] = value
            if register == _TX_CONTROL and not value & 3:
                self._lose_field()
            if register == _FRAMING and value & 0x80:
                self._start()

    def _command(self, command):
        if command == _SOFT_RESET:
            self._clear()
        self._registers[_COMMAND] = command
        if command == _IDLE:
            self._due = None

    def _start(self):
        """StartSend: only Transceive listens to it, and only with the antenna on."""
        if self._registers[_COMMAND] & 0x0F != _TRANSCEIVE or self._chip.us < self._ready_us:
            return
        frame, last_bits = bytes(self._fifo), self._registers[_FRAMING] & 7
        self._fifo.clear()
        self._registers[_ERROR] = 0
        answers = []
        if self._registers[_TX_CONTROL] & 3:
            answers = [answer for answer in (card.answer(frame, last_bits) for card in tuple(self.field)) if answer]
        if not answers:
            self._due = (self._chip.us + _TIMEOUT_US, _TIMER_IRQ, b"")
            return
        merged = answers[0]
        if any(answer != merged for answer in answers):
            self._registers[_ERROR] |= _COLLISION
            merged = bytes(a | b for a, b in zip(answers[0], answers[1]))
        self._due = (self._chip.us + _ANSWER_US, _RX_IRQ | _IDLE_IRQ, merged)


def crc_a(data):
    """CRC_A of ISO/IEC 14443-3, two bytes, least first."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte ^= byte << 4 & 0xFF
        crc = crc >> 8 ^ byte << 8 ^ byte << 3 ^ byte >> 4
    return (crc & 0xFFFF).to_bytes(2, "little")
