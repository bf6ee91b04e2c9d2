"""`machine.PWM` of the RP2040 at 125 MHz. It sounds only when both frequency and duty are set.

The two pins of a slice have one frequency, as on the chip: setting one sets the other.
"""

from hal.stubs.chip import current
from hal.stubs.machine.mux import number_of, take

_CLOCK_HZ = 125_000_000
_LEAST_HZ = 8  # below it the divider is too small: 125 MHz / (256 × 65534)
_MOST_HZ = _CLOCK_HZ // 2
_FULL = 65535


class PWM:
    """One output. `wire.pwm` is (Hz, duty of 65535) while it runs, None while it does not."""

    def __init__(self, pin, freq=-1, *, duty_u16=-1, duty_ns=-1, invert=-1):
        self._chip = current()
        self._number = take(number_of(pin), "pwm")
        self._wire = self._chip.wire(self._number)
        self._wire.pwm = None
        self._duty = None
        self.init(freq, duty_u16=duty_u16, duty_ns=duty_ns, invert=invert)

    def init(self, freq=-1, *, duty_u16=-1, duty_ns=-1, invert=-1):
        """Set up anew."""
        if freq != -1:
            self.freq(freq)
        if duty_u16 != -1:
            self.duty_u16(duty_u16)
        if duty_ns != -1:
            self.duty_ns(duty_ns)

    def freq(self, hz=None):
        """The slice's frequency, or set it; ValueError past what the divider can do."""
        slices = self._slices()
        if hz is None:
            return slices.get(self._slice(), 0)
        if hz < _LEAST_HZ:
            raise ValueError("freq too small")
        if hz > _MOST_HZ:
            raise ValueError("freq too large")
        slices[self._slice()] = hz
        for number in range(len(self._chip.wires)):
            wire = self._chip.wire(number)
            if wire.function == "pwm" and number >> 1 & 7 == self._slice() and getattr(wire, "pwm", None):
                wire.pwm = (hz, wire.pwm[1])
        self._run()
        return None

    def duty_u16(self, duty=None):
        """High time in 65535ths, or set it. ValueError outside: the chip would wrap it and say nothing."""
        if duty is None:
            return self._duty or 0
        if not 0 <= duty <= _FULL:
            raise ValueError("duty_u16 out of range")
        self._duty = duty
        self._run()
        return None

    def duty_ns(self, ns=None):
        """High time in ns, or set it; ValueError for longer than a period."""
        period_ns = 1_000_000_000 // max(self.freq(), 1)
        if ns is None:
            return (self._duty or 0) * period_ns // _FULL
        if ns > period_ns:
            raise ValueError("duty larger than period")
        self._duty = ns * _FULL // period_ns
        self._run()
        return None

    def deinit(self):
        """Stop."""
        self._wire.pwm = None

    def _run(self):
        hz = self.freq()
        if hz and self._duty is not None:
            self._wire.pwm = (hz, self._duty)

    def _slice(self):
        return self._number >> 1 & 7

    def _slices(self):
        if not hasattr(self._chip, "pwm_slices"):
            self._chip.pwm_slices = {}
        return self._chip.pwm_slices
