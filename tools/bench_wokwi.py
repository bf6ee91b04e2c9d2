"""The bench for Wokwi, a simulator of boards in the browser: what of the parts it has.

Left out, because Wokwi has no such part (docs.wokwi.com, list of parts): the port expanders, so
keypad and switches too. In place of the DS3231 stands a DS1307, of the same address and time
registers but without the flag that says the clock has stopped; of the encoder, a knob.
"""

from __future__ import annotations

from typing import Any

from hal.pico import pins

Json = dict[str, Any]


def _part(kind: str, name: str, top: float, left: float, rotate: int = 0, **attrs: str) -> Json:
    part: Json = {"type": kind, "id": name, "top": top, "left": left, "attrs": attrs}
    if rotate:
        part["rotate"] = rotate
    return part


def _parts() -> list[Json]:
    return [
        _part("board-pi-pico-w", "pico", 0, 0, env="micropython-20241129-v1.24.1"),
        _part("board-ssd1306", "display", -180, 150, i2cAddress=f"{pins.DISPLAY_ADDRESS:#04x}"),
        _part("wokwi-ds1307", "clock", -170, -60),
        _part("board-mfrc522", "reader", 130, 260),
        _part("wokwi-a4988", "driver", -40, -280, 270),
        _part("wokwi-stepper-motor", "motor", -60, -520, size="17"),
        _part("wokwi-ky-040", "encoder", 250, -300),
        _part("wokwi-potentiometer", "pressure", -60, 300, label="line pressure"),
        _part("wokwi-slide-potentiometer", "plunger", -150, 430, travelLength="100"),
        _part("wokwi-potentiometer", "battery", -60, 420, label="battery"),
        _part("wokwi-slide-switch", "stop", 360, -240),
        _part("wokwi-slide-switch", "door", 360, -160),
        _part("wokwi-slide-switch", "air", 360, -80),
        _part("wokwi-gate-and-2", "stop-door", 460, -240),
        _part("wokwi-gate-and-2", "gate", 460, -80),
        _part("wokwi-gate-and-2", "coil", 460, 80),
        _part("wokwi-relay-module", "relay", 440, 240),
        _part("wokwi-buzzer", "sounder", 300, 60),
        _part("wokwi-led", "red", 260, 0, color="red"),
        _part("wokwi-led", "yellow", 260, 140, color="yellow"),
        _part("wokwi-led", "cyan", 260, 190, color="cyan"),
        *(_part("wokwi-resistor", f"r-{colour}", 330, left, 90, value="470") for colour, left in _LAMPS),
    ]


_LAMPS = (("red", -10), ("yellow", 130), ("cyan", 180))
# Ends at a part, and the pin's name in pins.py.
_SIGNALS = (
    ("driver:STEP", "STEP"), ("driver:DIR", "DIR"), ("driver:ENABLE", "DRIVER_OFF"),
    ("display:SDA", "I2C_SDA"), ("display:SCL", "I2C_SCL"), ("clock:SDA", "I2C_SDA"), ("clock:SCL", "I2C_SCL"),
    ("reader:MISO", "SPI_MISO"), ("reader:SDA", "CARD_SELECT"), ("reader:SCK", "SPI_SCK"),
    ("reader:MOSI", "SPI_MOSI"), ("reader:RST", "CARD_RESET"),
    ("encoder:CLK", "ENCODER_A"), ("encoder:DT", "ENCODER_B"),
    ("pressure:SIG", "PRESSURE"), ("plunger:SIG", "PLUNGER"), ("battery:SIG", "BATTERY"),
    ("stop:2", "STOP"), ("door:2", "DOOR"), ("air:2", "AIR"), ("gate:OUT", "GATE"), ("coil:A", "RELAY"),
    ("sounder:2", "SOUNDER"), ("red:A", "LAMP_RED"), ("yellow:A", "LAMP_YELLOW"), ("cyan:A", "LAMP_CYAN"),
    ("$serialMonitor:RX", "LINK_TX"), ("$serialMonitor:TX", "LINK_RX"),
)  # fmt: skip
_BETWEEN = (
    ("stop:2", "stop-door:A"), ("door:2", "stop-door:B"), ("stop-door:OUT", "gate:A"), ("air:2", "gate:B"),
    ("gate:OUT", "coil:B"), ("coil:OUT", "relay:IN"),
    ("driver:RESET", "driver:SLEEP"), ("driver:1B", "motor:B-"), ("driver:1A", "motor:B+"),
    ("driver:2A", "motor:A+"), ("driver:2B", "motor:A-"),
    *((f"{colour}:C", f"r-{colour}:1") for colour, _ in _LAMPS),
)  # fmt: skip
_POWER = (
    "display:VCC", "reader:3.3V", "driver:VDD", "encoder:VCC", "pressure:VCC", "plunger:VCC", "battery:VCC", "stop:1",
    "door:1", "air:1",
)  # fmt: skip
_FIVE_VOLTS = ("clock:5V", "relay:VCC")
_GROUND = (
    "display:GND", "clock:GND", "reader:GND", "driver:GND", "encoder:GND", "pressure:GND", "plunger:GND",
    "battery:GND", "stop:3", "door:3", "air:3", "relay:GND", "sounder:1",
    *(f"r-{colour}:2" for colour, _ in _LAMPS),
)  # fmt: skip


def diagram() -> Json:
    """The whole diagram.json."""
    wires: list[list[Any]] = [[f"pico:GP{getattr(pins, pin)}", end, "green", []] for end, pin in _SIGNALS]
    wires += [[first, second, "blue", []] for first, second in _BETWEEN]
    wires += [["pico:3V3", end, "red", []] for end in _POWER]
    wires += [["pico:VBUS", end, "red", []] for end in _FIVE_VOLTS]
    wires += [["pico:GND.1", end, "black", []] for end in _GROUND]
    head = {"version": 1, "author": "KVO", "editor": "wokwi"}
    return {**head, "parts": _parts(), "connections": wires, "dependencies": {}}
