"""I2C 0 with bounds: at most two tries of a transfer, at most one time-out, and a bus that is freed again.

100 kHz, because the PCF8574 is a 100 kHz part. A device that refuses is tried once more. A
transfer that times out leaves the bus down: every call then fails at once, and after REST_MS one
of them first pulses SCL nine times (UM10204, 3.1.16) and tries. So a turn loses a time-out and a
freeing at most, 6 ms. Calls return OK or ERR_*; none raises and none allocates unless it fails.

`writeto` and `readfrom_mem_into` alone are used: `writeto_mem` and `writevto` take heap on an RP2040.
"""

import time

from machine import I2C, Pin

from hal.compat import const, ticks_diff
from hal.pico import pins
from hal.ports import ERR_FAILED, OK

FREQ_HZ = const(100_000)
TIMEOUT_US = const(5000)  # a transfer of 34 bytes, the longest, takes 3.2 ms
REST_MS = const(500)
_ETIMEDOUT = const(110)
_CLOCKS = const(9)
_HALF_CLOCK_US = const(5)


class Bus:
    """The bus. `failures` and `freed` count what went wrong, for a person with a terminal."""

    def __init__(self):
        self._scl = Pin(pins.I2C_SCL, Pin.IN)
        self._sda = Pin(pins.I2C_SDA, Pin.IN)
        self._i2c = self._open()
        self._down = False
        self._down_ms = time.ticks_ms()
        self._freeing = False
        self.failures = 0
        self.freed = 0

    def write(self, address, data):
        """Write all of `data`."""
        tries = 2
        while tries and self._ready():
            try:
                self._i2c.writeto(address, data)
                return OK
            except OSError as error:
                self._failed(error)
            tries -= 1
        return ERR_FAILED

    def read(self, address, into):
        """Fill `into`. After a failure its content says nothing."""
        tries = 2
        while tries and self._ready():
            try:
                self._i2c.readfrom_into(address, into)
                return OK
            except OSError as error:
                self._failed(error)
            tries -= 1
        return ERR_FAILED

    def read_register(self, address, register, into):
        """Fill `into` from a register of 8 bits on."""
        tries = 2
        while tries and self._ready():
            try:
                self._i2c.readfrom_mem_into(address, register, into)
                return OK
            except OSError as error:
                self._failed(error)
            tries -= 1
        return ERR_FAILED

    def _ready(self):
        """Whether the bus may be used; frees it where it is time to."""
        if self._freeing:  # a turn has come in between
            return False
        if self._down:
            if ticks_diff(time.ticks_ms(), self._down_ms) < REST_MS:
                return False
            self._free()
        return True

    def _failed(self, error):
        self.failures = self.failures + 1 & 0x3FFFFFFF
        if error.errno == _ETIMEDOUT:
            self._down = True
            self._down_ms = time.ticks_ms()

    def _open(self):
        """Take the pins. The object is the same each time: the RP2040 has one for each bus."""
        return I2C(0, scl=self._scl, sda=self._sda, freq=FREQ_HZ, timeout=TIMEOUT_US)

    def _free(self):
        """Let a device that waits to finish a byte finish it, then a stop."""
        self._freeing = True
        try:
            scl = self._scl
            sda = self._sda
            scl.init(Pin.OPEN_DRAIN, value=1)
            sda.init(Pin.OPEN_DRAIN, value=1)
            for _ in range(_CLOCKS):
                scl.value(0)
                time.sleep_us(_HALF_CLOCK_US)
                scl.value(1)
                time.sleep_us(_HALF_CLOCK_US)
            sda.value(0)
            time.sleep_us(_HALF_CLOCK_US)
            sda.value(1)
            self._i2c = self._open()
            self._down = False
            self.freed = self.freed + 1 & 0x3FFFFFFF
        finally:
            self._freeing = False
