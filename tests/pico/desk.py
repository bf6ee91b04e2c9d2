"""A chip with every part soldered on, for the tests of sensors, panel and links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hal import ports
from hal.pico import pins
from hal.stubs import Chip, installed
from hal.stubs.devices.ds3231 import Ds3231
from hal.stubs.devices.mfrc522 import Mfrc522
from hal.stubs.devices.pcf8574 import Keypad, Pcf8574
from hal.stubs.devices.ssd1306 import Ssd1306
from hal.stubs.devices.voltage import Voltage

TURN_MS = 100
IN_PLACE = 1 << pins.SWITCH_CLAMP | 1 << pins.SWITCH_PLUNGER | 1 << pins.SWITCH_MAINS
PLACES = "123A456B789C*0#D"
CHANNELS = {"pressure": 0, "plunger": 1, "battery": 2, "temperature": 4}


class Desk:
    """The parts, and what the world does to them."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.began_us = chip.us
        self.keypad = Keypad()
        self.closed = IN_PLACE
        self.switches = Pcf8574(lambda: self.closed)
        self.rtc = Ds3231(chip)
        self.display = Ssd1306()
        chip.i2c[0].update(
            {
                pins.KEYPAD_ADDRESS: self.keypad,
                pins.SWITCHES_ADDRESS: self.switches,
                pins.RTC_ADDRESS: self.rtc,
                pins.DISPLAY_ADDRESS: self.display,
            }
        )
        self.reader = Mfrc522(chip, pins.CARD_SELECT, pins.CARD_RESET)
        chip.spi[0] = [self.reader]
        self.counts = {"pressure": 20_000, "plunger": 30_000, "battery": 50_000, "temperature": 14_000}
        for name, channel in CHANNELS.items():
            chip.analogue[channel] = Voltage(chip, channel, lambda name=name: self.counts[name])
        for pin in (pins.STOP, pins.DOOR, pins.AIR):
            chip.wire(pin).set(1)
        self.readings = ports.Readings()

    @property
    def devices(self) -> list:
        """All that hang on the bus."""
        return list(self.chip.i2c[0].values())

    def pass_ms(self, ms: int) -> None:
        """Time goes by."""
        self.chip.advance(ms * 1000)

    def now_ms(self) -> int:
        """What ticks_ms gives."""
        return self.chip.us // 1000 % (1 << 30)

    def press(self, *names: str) -> None:
        """Keys go down."""
        self.keypad.down |= {divmod(PLACES.index(name), 4) for name in names}

    def release(self) -> None:
        """All keys go up."""
        self.keypad.down.clear()


# 2.5 s before the milliseconds go round, on a beat of the turns: there a device's clock goes wrong, if it does.
NEAR_WRAP_US = ((1 << 30) // 100 * 100 - 2500) * 1000


@contextmanager
def desk(us: int = NEAR_WRAP_US) -> Iterator[Desk]:
    """A desk whose chip is installed, and has been on for so long."""
    with installed(Chip(us)) as chip:
        yield Desk(chip)
