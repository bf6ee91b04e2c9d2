"""A Pico on the bench, in make-believe: chip, plant, and what is soldered between them.

The gate outside the chip is the AND of Stop, door and air; it feeds the generator's pin and, a second time,
the relay's coil. The screw turns with each STEP edge while the driver is on and the coil is drawn; the encoder
turns with the screw. The plant follows 100 ms behind, step for step.
"""

from hal.compat import HALF, MASK
from hal.pico import pins
from hal.ports import HEAD_SYRINGE
from hal.stubs import Chip
from simulator.plant import Plant, PlantConfig

LAG_MS = 100
# Twenty seconds before the milliseconds go round.
NEAR_WRAP_US = ((1 << 30) - 20_000) * 1000
STEPS_AN_EDGE = 4  # of 1000 lines on the screw
_QUADRATURE = ((0, 0), (1, 0), (1, 1), (0, 1))


class Bench:
    """What a Pico is wired to. Set `stalled` for a screw that does not follow, `encoder_off` for a dead encoder."""

    def __init__(self, chip=None, plant=None):
        self.chip = Chip(NEAR_WRAP_US) if chip is None else chip
        self.plant = Plant(PlantConfig(head=HEAD_SYRINGE, syringe=5), seed=1) if plant is None else plant
        self.turned = 0  # steps of the screw
        self.pulses = []  # moment of every STEP edge, in µs
        self.stalled = self.encoder_off = False
        self._fed = 0
        wire = self.chip.wire
        for name in ("STOP", "DOOR", "AIR"):
            cause = wire(getattr(pins, name))
            cause.set(1)
            cause.watchers.append(lambda _: self._gate())
        self._gate()
        wire(pins.STEP).watchers.append(self._step)
        self._encoder()
        self.start()

    def start(self):
        """Have the plant follow from now on; after a reset of the chip, again."""
        self.chip.at(self.chip.us + LAG_MS * 1000, self._feed)

    # People and things.

    def stop(self, held):
        """The Stop key: it breaks its circuit while held."""
        self.chip.wire(pins.STOP).set(0 if held else 1)

    @property
    def powered(self):
        """Whether the motor has power: the relay's coil hangs on the chip's pin and on the gate."""
        return self.chip.wire(pins.RELAY).level() and self.chip.wire(pins.GATE).level()

    def _gate(self):
        wire = self.chip.wire
        wire(pins.GATE).set(wire(pins.STOP).level() & wire(pins.DOOR).level() & wire(pins.AIR).level())

    def _step(self, level):
        if not level:
            return
        chip = self.chip
        self.pulses.append(chip.us)
        if self.stalled or not self.powered or chip.wire(pins.DRIVER_OFF).level():
            return
        self.turned += -1 if chip.wire(pins.DIR).level() else 1
        self._encoder()

    def _encoder(self):
        if not self.encoder_off:
            a, b = _QUADRATURE[self.turned // STEPS_AN_EDGE % 4]
            self.chip.wire(pins.ENCODER_A).set(a)
            self.chip.wire(pins.ENCODER_B).set(b)

    def _feed(self):
        """Have the plant make, in the next 100 ms, the steps of the last."""
        chip = self.chip
        steps = self.turned - self._fed
        self._fed = self.turned
        rate_mhz = steps * 1_000_000 // LAG_MS
        self.plant.drive(chip.us // 1000, rate_mhz + (1 if steps > 0 else -1 if steps else 0), self.turned & MASK, 1, 1)
        chip.at(chip.us + LAG_MS * 1000, self._feed)


def signed(count):
    """A counter's value, as a signed number."""
    return (count ^ HALF) - HALF
