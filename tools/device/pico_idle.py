"""What the Pico's panel draws and its conversions give, as one JSON line: run by MicroPython and by CPython.

Argument: the project's root. What the two interpreters print is to be the same to the letter.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from hal import ports
from hal.compat import crc32
from tools.device.pico_fakes import Machine, Time, World

TYPED = ("6*50000#", "D", "DA", "1*3#", "99*", "4*70500", "6*99999999999#", "5*1*", "*", "#", "D3", "21*300#*#ABC")
PLACES = "123A456B789C*0#D"


class Bus:
    """Takes all; answers nothing but what was there before."""

    def write(self, address, data):
        return ports.OK


def entries():
    """Events of what is typed."""
    from hal.pico.entry import Entry

    events = []
    entry = Entry()
    for text in TYPED:
        for letter in text:
            entry.press(PLACES.index(letter), World.turn)
            entry.look(-1, World.turn)
            while entry.take():
                events.append([entry.key, entry.key_value])
    return events


def drawn():
    """Every text that a display draws for many a status."""
    from hal.pico.display import Display
    from hal.pico.entry import Entry

    texts = []

    class Shown(Display):
        def _large(self, page, text):
            texts.append(text)
            Display._large(self, page, text)

        def _small(self, page, text):
            texts.append(text)
            Display._small(self, page, text)

    entry = Entry()
    display = Shown(Bus(), entry)
    status = ports.Status()
    for turn in range(60):
        status.rate_ul_h = turn * 1237
        status.delivery = turn % 13
        status.alarm = turn % 43
        status.priority = turn % 4
        status.message = turn % 23
        status.delivered_ul = turn * 12345
        status.trust = turn % 5
        status.battery_min = turn * 10 - 1
        entry.press(PLACES.index("6*12#D"[turn % 6]), turn * 100)
        display.show(status)
        for _ in range(60):
            if display.idle(turn * 100):
                texts.append("failed")
    return texts


def conversions():
    """Sums of what converts: counts, and dates."""
    from hal.pico import analogue, rtc

    values = []
    full = analogue.full_ul(26720)
    for counts in range(0, 65536, 61):
        values += [
            analogue.pressure_mmhg(counts), analogue.reservoir_ul(counts, full), analogue.temperature_dc(counts),
            analogue.battery_permille(counts // 6),
        ]
    registers = bytearray(16)
    for index in range(3000):
        for place in range(7):
            registers[place] = (index * 7919 >> place) + index * (place + 1) & 0x3F
        registers[6] = 0x20 + index % 10
        registers[5] = 1 + index % 9
        values.append(rtc.seconds_of(registers))
    return values


def card():
    """How a reader with an empty field is asked: exchanges, and whether it is there."""
    from hal.pico.card import Card

    reader = Card()
    for turn in range(200):
        World.turn = turn
        reader.idle(turn * 100)
    return [reader._spi.exchanges, reader.absent, reader.present()]


def records():
    """What a record of a network may say."""
    from hal.pico.wifi import is_address

    return [is_address(text) for text in ("192.168.7.4", "1.2.3", "a.b.c.d", "1.2.3.256", "", "1..2.3")]


def summed(values):
    total = 0
    for value in values:
        total = crc32(str(value).encode(), total)
    return total


def main():
    sys.modules["machine"] = Machine()
    sys.modules["time"] = Time()
    sys.modules["network"] = Machine()
    try:
        import framebuf  # noqa: F401 (a device has it)
    except ImportError:
        from hal.stubs import framebuf as drawn_by_us

        sys.modules["framebuf"] = drawn_by_us
    found = conversions()
    texts = drawn()
    print(
        json.dumps(
            {
                "dates": len([value for value in found[-3000:] if value >= 0]), "conversions": summed(found),
                "texts": len(texts), "drawn": summed(texts), "events": entries(), "last": texts[-3:],
                "card": card(), "records": records(),
            }
        )
    )


main()
