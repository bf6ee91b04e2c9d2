"""DS3231: a clock with a battery, its registers in BCD. Source: Maxim DS3231 datasheet, rev 10, figure 1.

It runs on the chip's time. With the battery gone a loss of power stops the oscillator: the flag
says so, and the time begins anew at 2000-01-01.
"""

import calendar
import time

from hal.stubs.devices.i2c_device import I2cDevice

_SIZE = 0x13
_STATUS = 0x0F
_OSF = 0x80
_CENTURY = 0x80
_TWELVE, _PM = 0x40, 0x20
_EPOCH = calendar.timegm((2000, 1, 1, 0, 0, 0))


class Ds3231(I2cDevice):
    """Fresh from the bag: never set, so the flag stands."""

    def __init__(self, chip):
        I2cDevice.__init__(self)
        self._chip = chip
        self._registers = bytearray(_SIZE)
        self._registers[_STATUS] = _OSF
        self._pointer = 0
        self._origin_s = _EPOCH  # unix time at `_origin_us`
        self._origin_us = chip.us
        self.battery = True

    def lose_power(self):
        """VCC gone; without a battery the oscillator stops."""
        if not self.battery:
            self._registers[_STATUS] |= _OSF
            self._origin_s, self._origin_us = _EPOCH, self._chip.us

    def set_unix(self, seconds):
        """As if a good program had set it."""
        self._origin_s, self._origin_us = seconds, self._chip.us
        self._registers[_STATUS] &= ~_OSF

    def garble(self, register, value):
        """A register that a disturbance has changed, until it is written again."""
        self._registers[register] = value
        self._garbled = register

    _garbled = None

    def write(self, data):
        """A register's number, then what goes from there on."""
        if not data:
            return True
        self._pointer = data[0] % _SIZE
        touched = False
        for byte in data[1:]:
            if not touched and self._pointer <= 6:
                self._latch()
            touched = touched or self._pointer <= 6
            if self._pointer == _STATUS:
                byte = byte & (0x7F | self._registers[_STATUS] & _OSF)  # the flag can only be cleared
            self._registers[self._pointer] = byte
            self._pointer = (self._pointer + 1) % _SIZE
        if touched:
            self._garbled = None
            self._take()
        return True

    def read(self, count):
        """From the pointer on, round the end. The time is latched at the start of the transfer."""
        self._latch()
        given = bytearray()
        for _ in range(count):
            given.append(self._registers[self._pointer])
            self._pointer = (self._pointer + 1) % _SIZE
        return bytes(given)

    def _now_s(self):
        return self._origin_s + (self._chip.us - self._origin_us) // 1_000_000

    def _latch(self):
        now = time.gmtime(self._now_s())
        century = _CENTURY if now.tm_year >= 2100 else 0
        fields = (
            _bcd(now.tm_sec), _bcd(now.tm_min), _bcd(now.tm_hour), now.tm_wday + 1, _bcd(now.tm_mday),
            _bcd(now.tm_mon) | century, _bcd(now.tm_year % 100),
        )  # fmt: skip
        for register, value in enumerate(fields):
            if register != self._garbled:
                self._registers[register] = value

    def _take(self):
        """What the registers say is the time from now on."""
        second, minute, hour, _, day, month, year = self._registers[:7]
        century = 100 if month & _CENTURY else 0
        if hour & _TWELVE:
            hours = _binary(hour & 0x1F) % 12 + (12 if hour & _PM else 0)
        else:
            hours = _binary(hour)
        date = (2000 + century + _binary(year), _binary(month & 0x1F), _binary(day))
        moment = (*date, hours, _binary(minute), _binary(second))
        self._origin_s, self._origin_us = calendar.timegm(moment), self._chip.us


def _bcd(value):
    return value // 10 << 4 | value % 10


def _binary(value):
    return (value >> 4) * 10 + (value & 15)
