"""What hangs on which pin of the bench's Pico: one table for the drawing, the pin table and Wokwi's diagram.

Pins come from hal/pico/pins.py by name, so that no page can say another number than the drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

from hal.pico import pins

# The Pico's edge connector, by physical pin from 1: a GPIO's number, or what else is there.
CONNECTOR: tuple[int | str, ...] = (
    0, 1, "GND", 2, 3, 4, 5, "GND", 6, 7, 8, 9, "GND", 10, 11, 12, 13, "GND", 14, 15,
    16, 17, "GND", 18, 19, 20, 21, "GND", 22, "RUN", 26, 27, "AGND", 28, "VREF", "3V3", "3V3_EN", "GND", "VSYS",
    "VBUS",
)  # fmt: skip
PINS = len(CONNECTOR)


@dataclass(frozen=True)
class Terminal:
    """One wire: what the part calls its end, the pin's name in pins.py, and what goes over it."""

    label: str
    pin: str
    says: str

    @property
    def gpio(self) -> int:
        """The GPIO's number."""
        number: int = getattr(pins, self.pin)
        return number


@dataclass(frozen=True)
class Part:
    """A box of the drawing: title, colour, what is to be known of it, and its wires from top to bottom."""

    title: str
    colour: str
    notes: tuple[str, ...]
    terminals: tuple[Terminal, ...]


LEFT = (
    Part(
        "Network adapter (UART)", "#6d28d9", ("3.3 V levels, 115 200 baud", "none on a Pico W with Wi-Fi"),
        (Terminal("RX", "LINK_TX", "bytes to the network"), Terminal("TX", "LINK_RX", "bytes from the network")),
    ),
    Part(
        "Stepper driver", "#1d4ed8", ("logic 3V3; motor 12 V of its own", "through the relay's contact"),
        (
            Terminal("STEP", "STEP", "one microstep a pulse"),
            Terminal("DIR", "DIR", "direction"),
            Terminal("EN (low: on)", "DRIVER_OFF", "high switches the driver off; pulled up"),
        ),
    ),
    Part(
        "I²C bus, 100 kHz, 3V3", "#15803d",
        (
            "2.2 kΩ from each line to 3V3",
            f"{pins.RTC_ADDRESS:#04x} DS3231 clock with its cell",
            f"{pins.DISPLAY_ADDRESS:#04x} SSD1306 display 128 × 64",
            f"{pins.KEYPAD_ADDRESS:#04x} PCF8574: keypad 4 × 4",
            "   P0–P3 rows, P4–P7 columns",
            f"{pins.SWITCHES_ADDRESS:#04x} PCF8574: switches to GND",
            f"   P{pins.SWITCH_KEY} key, P{pins.SWITCH_CLAMP} clamp, P{pins.SWITCH_PLUNGER} plunger,",
            f"   P{pins.SWITCH_MAINS} mains, P{pins.SWITCH_MOTOR_FAULT} driver's fault",
        ),
        (Terminal("SDA", "I2C_SDA", "data"), Terminal("SCL", "I2C_SCL", "clock")),
    ),
    Part(
        "Gate: 74HC11, three-input ANDs", "#b91c1c",
        (
            "each input 10 kΩ to GND",
            "Stop key, door, air: closed circuit from 3V3",
            "gate = Stop · door · air",
            "relay's coil = gate · RELAY, by a transistor",
            "syringe head: door and air bridged to 3V3",
        ),
        (
            Terminal("gate", "GATE", "high while the motor may run"),
            Terminal("Stop", "STOP", "low while pressed, or cut"),
            Terminal("door", "DOOR", "low while open, or cut"),
            Terminal("air", "AIR", "low while air is seen, or cut"),
            Terminal("relay", "RELAY", "high asks for motor power"),
        ),
    ),
    Part(
        "Encoder on the lead screw", "#1d4ed8", ("3V3, push-pull or 4.7 kΩ to 3V3",),
        (Terminal("A", "ENCODER_A", "quadrature"), Terminal("B", "ENCODER_B", "quadrature")),
    ),
    Part(
        "Sounder", "#a21caf", ("passive piezo, by a transistor",),
        (Terminal("+", "SOUNDER", "a square wave at the note's frequency"),),
    ),
    Part("Lamp, red", "#a21caf", ("LED with 470 Ω to GND",), (Terminal("+", "LAMP_RED", "high priority"),)),
)  # fmt: skip

RIGHT = (
    Part(
        "Battery, two lithium cells", "#c2410c", ("20 kΩ from +, 10 kΩ to GND, 100 nF", "VSYS by a 5 V regulator"),
        (Terminal("tap", "BATTERY", "a third of the battery's voltage"),),
    ),
    Part(
        "Plunger: slide potentiometer", "#c2410c",
        ("10 kΩ, 100 mm, between 3V3 and AGND", "wiper 100 kΩ to AGND, 100 nF"),
        (Terminal("wiper", "PLUNGER", "the plunger's position"),),
    ),
    Part(
        "Line pressure transducer", "#c2410c", ("−100 … 1500 mmHg over 10 … 90 % of 3V3", "100 kΩ to AGND, 100 nF"),
        (Terminal("out", "PRESSURE", "pressure towards the patient"),),
    ),
    Part("Lamp, cyan", "#a21caf", ("LED with 470 Ω to GND",), (Terminal("+", "LAMP_CYAN", "low priority"),)),
    Part("Lamp, yellow", "#a21caf", ("LED with 470 Ω to GND",), (Terminal("+", "LAMP_YELLOW", "medium priority"),)),
    Part(
        "Card reader: RC522", "#0f766e", ("3V3 only; IRQ stays open",),
        (
            Terminal("RST", "CARD_RESET", "low resets the reader"),
            Terminal("MOSI", "SPI_MOSI", "data to the reader"),
            Terminal("SCK", "SPI_SCK", "clock"),
            Terminal("SDA (select)", "CARD_SELECT", "low while it is spoken to"),
            Terminal("MISO", "SPI_MISO", "data from the reader"),
        ),
    ),
)  # fmt: skip


def terminals() -> list[tuple[Part, Terminal]]:
    """Every wire, by GPIO."""
    found = [(part, terminal) for part in (*LEFT, *RIGHT) for terminal in part.terminals]
    return sorted(found, key=lambda pair: pair[1].gpio)


def physical(gpio: int) -> int:
    """A GPIO's place on the connector, from 1."""
    return CONNECTOR.index(gpio) + 1


def pin_table() -> str:
    """The pins as a Markdown table."""
    rows = ["| pin | GPIO | name in pins.py | part | its end | what goes over it |", "|---|---|---|---|---|---|"]
    for part, terminal in terminals():
        rows.append(
            f"| {physical(terminal.gpio)} | GP{terminal.gpio} | `{terminal.pin}` | {part.title} | {terminal.label} "
            f"| {terminal.says} |"
        )
    return "\n".join(rows) + "\n"
