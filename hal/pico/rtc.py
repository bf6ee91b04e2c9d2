"""DS3231: the clock that survives power, in seconds since 2020-01-01. Matches hal.ports.Rtc.

Source: Maxim DS3231 datasheet rev 10, figure 1. A time is none (-1) where the oscillator has
stopped since it was set, where a register holds what no clock holds, and from 2054 on, where
seconds no longer fit a small integer of a Pico.
"""

import time

from hal.compat import const, ticks_diff
from hal.pico import pins
from hal.ports import ERR_FAILED, ERR_RANGE, OK

EVERY_MS = const(500)  # a reading takes 1.8 ms of the bus
END_S = const(1_073_001_600)  # 2054-01-01
_FIRST_YEAR = const(20)  # of the century
_STATUS = const(0x0F)
_STOPPED = const(0x80)
_CENTURY = const(0x80)
_TWELVE = const(0x40)
_PM = const(0x20)
_DAY_S = const(86_400)
_PATIENCE = const(3)
_MONTHS = bytes((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))


class Ds3231:
    """The part on a Bus."""

    def __init__(self, bus, address=pins.RTC_ADDRESS):
        self._bus = bus
        self._address = address
        self._registers = bytearray(_STATUS + 1)
        self._seconds = -1
        self._failures = 0
        self._read_ms = time.ticks_ms()
        self._fresh = False  # nothing has been asked yet
        self._rc = OK

    def read(self, readings):
        """Write `rtc_s`, at most EVERY_MS old. OK, or ERR_FAILED where the part is silent.

        A short silence leaves the last good value; a longer one makes it -1, which says all that the
        firmware needs to know: no dose rests on this clock, so its ERR_FAILED is no sensor fault.
        """
        rc = self._sample()
        readings.rtc_s = self._seconds
        return rc

    def read_s(self):
        """Seconds since 2020-01-01, at most EVERY_MS old, or -1; the turn may call it too."""
        self._sample()
        return self._seconds

    def set(self, seconds):
        """Set it and read it back; OK, ERR_RANGE or ERR_FAILED, after which it is to be set again."""
        if not 0 <= seconds < END_S:
            return ERR_RANGE
        data = bytearray(8)
        day = seconds // _DAY_S
        year = _FIRST_YEAR
        while day >= _year_days(year):
            day -= _year_days(year)
            year += 1
        month = 1
        weekday = (seconds // _DAY_S + 2) % 7 + 1  # 2020-01-01 was a Wednesday; Monday is 1
        while day >= _month_days(year, month):
            day -= _month_days(year, month)
            month += 1
        rest = seconds % _DAY_S
        data[1] = _bcd(rest % 60)
        data[2] = _bcd(rest // 60 % 60)
        data[3] = _bcd(rest // 3600)
        data[4] = weekday
        data[5] = _bcd(day + 1)
        data[6] = _bcd(month)
        data[7] = _bcd(year)
        if self._bus.write(self._address, data):
            return ERR_FAILED
        if self._bus.write(self._address, bytes((_STATUS, 0))):  # only now is it a time
            return ERR_FAILED
        self._fresh = False
        return OK if self._sample() == OK and seconds <= self._seconds <= seconds + 1 else ERR_FAILED

    def _sample(self):
        """Ask the part, where that is due; the code of the last time it was."""
        now_ms = time.ticks_ms()
        if self._fresh and 0 <= ticks_diff(now_ms, self._read_ms) < EVERY_MS:
            return self._rc
        self._read_ms = now_ms
        self._fresh = True
        self._rc = self._ask()
        return self._rc

    def _ask(self):
        registers = self._registers
        if self._bus.read_register(self._address, 0, registers):
            self._failures = min(self._failures + 1, _PATIENCE)
            if self._failures >= _PATIENCE:
                self._seconds = -1
            return ERR_FAILED
        self._failures = 0
        self._seconds = -1 if registers[_STATUS] & _STOPPED else seconds_of(registers)
        return OK


def seconds_of(registers):
    """Seconds since 2020-01-01 by seven registers, or -1."""
    second = _binary(registers[0])
    minute = _binary(registers[1])
    hour = _hour(registers[2])
    day = _binary(registers[4])
    month = _binary(registers[5] & 0x7F)
    year = _binary(registers[6])
    if registers[5] & _CENTURY or not (0 <= second < 60 and 0 <= minute < 60 and 0 <= hour < 24):
        return -1
    if not (_FIRST_YEAR <= year <= 53 and 1 <= month <= 12 and 1 <= day <= _month_days(year, month)):
        return -1
    days = day - 1
    for earlier in range(_FIRST_YEAR, year):
        days += _year_days(earlier)
    for earlier in range(1, month):
        days += _month_days(year, earlier)
    return days * _DAY_S + hour * 3600 + minute * 60 + second


def _hour(register):
    if not register & _TWELVE:
        return _binary(register)
    hour = _binary(register & 0x1F)
    if not 1 <= hour <= 12:
        return -1
    return hour % 12 + (12 if register & _PM else 0)


def _year_days(year):
    return 366 if year % 4 == 0 else 365


def _month_days(year, month):
    return 29 if month == 2 and year % 4 == 0 else _MONTHS[month - 1]


def _binary(bcd):
    """A number of two digits, or -1 where one of them is none."""
    if bcd & 0x0F > 9 or bcd >> 4 > 9:
        return -1
    return (bcd >> 4) * 10 + (bcd & 0x0F)


def _bcd(number):
    return number // 10 << 4 | number % 10
