"""The Pico board: drive, sensors and panel behind hal.ports.Board. A syringe head (docs/pico.md, docs/bench.md).

Every sensor driver has `read(readings)`: it writes its own fields and its own bits of `flags` in place, allocates
nothing, and returns OK, or an ERR_* with the fields left as they were. Every output driver has `show(status)`,
quick; what is slow it does in `idle(now_ms)`, which the main loop calls. No exception leaves a board.
"""

from hal.pico.clock import TicksClock
from hal.pico.counter import FlashCounter
from hal.pico.encoder import Encoder
from hal.pico.entropy import RingOscillator
from hal.pico.flash_store import FlashStore, Region
from hal.pico.generator import Generator
from hal.pico.pacer import SoftTimerPacer
from hal.pico.relay import Relay
from hal.pico.scratch import ScratchWord
from hal.pico.watchdog import ChipWatchdog
from hal.ports import HEAD_SYRINGE, OK, RF_GATE_SHUT, RF_SENSOR_FAULT

_OWN = RF_GATE_SHUT | RF_SENSOR_FAULT  # flags that are the board's to write


class PicoBoard:
    """Matches hal.ports.Board. `sensors` are read in their order: who writes `key` stands before who adds to it."""

    head = HEAD_SYRINGE

    def __init__(self, sensors, panel, rtc, link, identity, local=None):
        self.clock = TicksClock()
        self.region = Region()
        self.store = FlashStore(self.region)
        self.counter = FlashCounter(self.region)
        self.rtc = rtc
        self.link = link
        self.watchdog = ChipWatchdog()
        self.entropy = RingOscillator()
        self.scratch = ScratchWord()
        self.identity = identity
        self.local = local
        self.relay = Relay()
        self.generator = Generator()
        self.encoder = Encoder()
        self._powered = 0
        self._sensors = sensors
        self._panel = panel
        self.pacer = SoftTimerPacer(self.clock, _idle(list(sensors) + list(panel) + [link, identity]))
        self.failures = 0  # exceptions of drivers, counted and left behind

    def read(self, readings):
        """Sense everything for this tick. A part that does not answer sets RF_SENSOR_FAULT."""
        generator = self.generator
        readings.step_count = generator.count()
        readings.encoder_count = self.encoder.count()
        well = generator.answers and self.encoder.answers
        for part in self._sensors:
            try:
                if part.read(readings) != OK:
                    well = False
            except Exception:
                self.failures += 1
                well = False
        try:
            readings.rtc_s = self.rtc.read_s()
        except Exception:
            self.failures += 1
            readings.rtc_s = -1
        flags = readings.flags & ~_OWN
        if generator.is_shut():
            flags |= RF_GATE_SHUT
        if not well:
            flags |= RF_SENSOR_FAULT
        readings.flags = flags

    def write(self, drive):
        """Pass the drive on. A relay takes some ms to close, so the turn that closes it makes no step yet."""
        powered = self._powered
        self._powered = drive.relay
        self.relay.drive(drive.relay)
        self.generator.drive(drive.step_rate_mhz if drive.relay and powered else 0, drive.step_end, drive.enable)

    def show(self, status):
        """Pass what is shown to every part of the panel; one that fails takes no other with it."""
        for part in self._panel:
            try:
                part.show(status)
            except Exception:
                self.failures += 1


def _idle(parts):
    """Those that have slow work, each once."""
    slow = []
    for part in parts:
        if hasattr(part, "idle") and part not in slow:
            slow.append(part)
    return slow


def make_board(fitted=None):
    """Wire the bench's board up: the drive of this module, and sensors, panel, clock, link, card, local port as fitted.

    `fitted` has those by name (hal.pico.fitted.Fitted, which is made where it is None); the last it may lack.
    """
    if fitted is None:
        from hal.pico.fitted import Fitted

        fitted = Fitted()
    local = getattr(fitted, "local", None)
    return PicoBoard(fitted.sensors, fitted.panel, fitted.rtc, fitted.link, fitted.identity, local)
