"""Dosing that is wrong: stand-ins for therapy's arithmetic, against which the guardian stands alone."""

from firmware.therapy.dosing import Dosing


class Doubles(Dosing):
    """Twice the volume, twice the rate."""

    def add(self, units):
        Dosing.add(self, units)
        Dosing.add(self, units)

    def drive(self, drive, rate_ul_h, lease, count):
        Dosing.drive(self, drive, rate_ul_h, lease, count)
        drive.step_rate_mhz *= 2


class DoublesItsLease(Dosing):
    """Keeps count, and lets the generator run twice as far, as fast as it can."""

    def drive(self, drive, rate_ul_h, lease, count):
        Dosing.drive(self, drive, rate_ul_h, lease * 2, count)
        drive.step_rate_mhz *= 8


class Creeps(Dosing):
    """One part in ten too much: no single tick looks wrong."""

    def add(self, units):
        Dosing.add(self, units + units // 10)


class Freezes(Dosing):
    """Commands nothing more, and says so to nobody."""

    def add(self, units):
        pass


class Halves(Dosing):
    """Every second tick's volume."""

    def __init__(self):
        Dosing.__init__(self)
        self.odd = False

    def add(self, units):
        self.odd = not self.odd
        if self.odd:
            Dosing.add(self, units)


class Reverses(Dosing):
    """Runs backwards."""

    def drive(self, drive, rate_ul_h, lease, count):
        Dosing.drive(self, drive, rate_ul_h, lease, count)
        drive.step_rate_mhz = -drive.step_rate_mhz
        drive.step_end = count - 1000


class Jitters(Dosing):
    """Now four times the volume, now nothing."""

    def __init__(self):
        Dosing.__init__(self)
        self.turn = 0

    def add(self, units):
        self.turn += 1
        if self.turn % 4 == 0:
            for _ in range(7):
                Dosing.add(self, units)


class NeverStops(Dosing):
    """Does not hear that the motor is to stand."""

    def halt(self, drive):
        rate = self._rate_mhz
        Dosing.halt(self, drive)
        self._rate_mhz = rate
        drive.step_rate_mhz = rate if rate > 0 else 1_000_000
        drive.step_end = self.steps + 100_000
        drive.enable = 1
