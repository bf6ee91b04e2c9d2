"""`machine.Timer`: soft timers, periodic or once. A callback comes between bytecodes, so never within a C call."""

from hal.stubs.chip import current

_LEAST_US = 1
_DEFAULT_MS = 0xFFFFFFFF
# MicroPython's scheduler holds so many callbacks; one more is dropped.
SCHEDULE_DEPTH = 8


class Timer:
    """Only Timer(-1) exists on this port; ValueError for another, and OSError or ZeroDivisionError by the period."""

    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, id=-1, **settings):  # noqa: A002 (MicroPython's name)
        if id != -1:
            raise ValueError("Timer doesn't exist")
        self._chip = current()
        self._event = None
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, callback=None, period=_DEFAULT_MS, tick_hz=1000, freq=None):
        """Start it anew."""
        self.deinit()
        self._mode = mode
        self._callback = callback
        if freq is not None:
            us = int(1_000_000 / freq)
        elif isinstance(period, int):
            us = period * 1_000_000 // tick_hz
        else:
            raise TypeError(f"can't convert {type(period).__name__} to int")
        # The SDK takes an unsigned number: a negative period is one of ages.
        self._us = max(us, _LEAST_US) if us >= 0 else us % (1 << 64)
        self._event = self._chip.at(self._chip.us + self._us, self._fire)

    def deinit(self):
        """Stop it."""
        if self._event is not None:
            self._chip.cancel(self._event)
            self._event = None

    def _fire(self):
        if self._mode == self.PERIODIC:
            self._event = self._chip.at(self._chip.us + self._us, self._fire)
        else:
            self._event = None
        if self._callback is None:
            raise TypeError("'NoneType' object isn't callable")
        self._chip.soon(self._call, SCHEDULE_DEPTH)

    def _call(self):
        self._callback(self)
