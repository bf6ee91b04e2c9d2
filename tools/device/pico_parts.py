"""The program of the claim pico-parts-allocate-nothing, run by MicroPython. Prints one JSON line.

Arguments: the project's root, and the mutant's name if there is one.

The drivers of hal/pico run on a `machine` made here, whose parts move as a turn goes on. What the
turn calls of each, `read` or `show`, runs with the heap locked: what allocates raises MemoryError.
An exception of the bus is made beforehand, since making one takes heap, on a Pico as here.
"""

import gc
import json
import sys

import micropython

sys.path.insert(0, sys.argv[1])

from hal import ports
from tools.device.pico_fakes import EIO, TIMED_OUT, Machine, Time, World

TURNS = 600


def move(turn, status):
    """The world of a turn: keys tapped and held, contacts, faults, notes, colours."""
    World.turn = turn
    World.key = turn // 4 % 16 if turn % 4 < 2 else -1
    World.closed = 0x0E if turn % 50 < 45 else turn % 32
    World.error = None
    if turn % 97 == 5:
        World.error = EIO
    elif turn % 211 == 9:
        World.error = TIMED_OUT
    status.lamp = turn % 4
    status.tone_hz = (0, 262, 523, 5)[turn % 4]
    status.rate_ul_h = turn * 1000
    status.alarm = turn % 40
    status.priority = turn % 4


class Keeps:
    """A mutant: a driver that keeps a pair of what it saw."""

    def read(self, readings):
        self.seen = (readings.key, readings.flags)


def drivers(mutant):
    """Name and bound method of everything that the turn calls."""
    from hal.pico.analogue import Analogue
    from hal.pico.display import Display
    from hal.pico.i2c_bus import Bus as I2cBus
    from hal.pico.keypad import Keypad
    from hal.pico.lamp import Lamp
    from hal.pico.link import UartLink
    from hal.pico.rtc import Ds3231
    from hal.pico.sounder import Sounder
    from hal.pico.switches import Switches

    bus = I2cBus()
    keypad = Keypad(bus)
    reads = [
        ("switches", Switches(bus, ports.HEAD_VOLUMETRIC).read),
        ("keypad", keypad.read),
        ("rtc", Ds3231(bus).read),
        ("analogue", Analogue(26720).read),
        ("link", UartLink().read),
    ]
    if mutant:
        reads.append((mutant, Keeps().read))
    shows = [("display", Display(bus, keypad.entry).show), ("lamp", Lamp().show), ("sounder", Sounder().show)]
    return bus, reads, shows


def main(mutant):
    sys.modules["machine"] = Machine()
    sys.modules["time"] = Time()
    bus, reads, shows = drivers(mutant)
    readings = ports.Readings()
    status = ports.Status()
    refused = []
    keys = 0
    calls = 0
    gc.collect()
    gc.disable()
    grown = 0
    for turn in range(TURNS):
        move(turn, status)
        for group, record in ((reads, readings), (shows, status)):
            for name, call in group:
                before = gc.mem_alloc()
                micropython.heap_lock()
                try:
                    call(record)
                except MemoryError:
                    micropython.heap_unlock()
                    if name not in refused:
                        refused.append(name)
                    micropython.heap_lock()
                micropython.heap_unlock()
                calls += 1
                if gc.mem_alloc() != before:
                    grown += 1
        keys += readings.key != ports.KEY_NONE
    print(
        json.dumps(
            {
                "calls": calls, "refused": refused, "grown": grown, "keys": keys, "failures": bus.failures,
                "freed": bus.freed, "rtc_s": readings.rtc_s,
            }
        )
    )


main(sys.argv[2] if len(sys.argv) > 2 else "")
