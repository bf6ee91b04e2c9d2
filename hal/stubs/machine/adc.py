"""`machine.ADC`: 12 bits stretched to 16, from whatever `chip.analogue` says is on the pin.

`chip.analogue[channel]()` gives the voltage's 16-bit count; hal/stubs/devices/voltage.py makes
such sources with noise. A conversion takes 2 µs (RP2040 datasheet, 4.9.2).
"""

from hal.stubs.chip import current
from hal.stubs.machine.mux import number_of, take
from hal.stubs.machine.pin import Pin

_FIRST, _LAST = 26, 29
_SENSOR = 4
_CONVERSION_US = 2
_FLOATING = 0x0A30  # what an input that nothing drives happens to read: no rail, and no meaning


class ADC:
    """One channel, by Pin, GPIO number or channel number. ValueError where there is none."""

    CORE_TEMP = _SENSOR

    def __init__(self, source):
        self._chip = current()
        if isinstance(source, Pin):
            if not _FIRST <= source.number <= _LAST:
                raise ValueError("Pin doesn't have ADC capabilities")
            source = source.number
        if not (0 <= source <= _SENSOR or _FIRST <= source <= _LAST):
            raise ValueError("invalid channel")
        if source == _SENSOR:
            self._channel = _SENSOR
        else:
            number = source if source >= _FIRST else source + _FIRST
            self._channel = take(number_of(number), "adc") - _FIRST

    def read_u16(self):
        """Convert once: 0 … 65535 in 4096 steps."""
        self._chip.advance(_CONVERSION_US)
        source = self._chip.analogue.get(self._channel)
        count = _FLOATING if source is None else source()
        raw = min(max(int(count), 0), 0xFFFF) >> 4
        return raw << 4 | raw >> 8
