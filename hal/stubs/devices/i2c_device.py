"""What every device on an I2C bus can do to it: be absent, refuse, stretch the clock, hold SDA low."""

_CLOCKS = 9  # that free a device which waits to shift out the rest of a byte (UM10204, 3.1.16)


class I2cDevice:
    """Subclasses have `write(data)`, whether they acknowledge, and `read(count)`, bytes.

    `plan` is asked at each transfer: None, "nak" or "hold" (it loses its place and holds SDA low
    until it has seen nine clocks).
    """

    def __init__(self):
        self.present = True
        self.stretch_us = 0
        self.holding = False
        self.plan = None

    def fault(self):
        """What goes wrong with this transfer, or None."""
        return self.plan() if self.plan is not None else None

    def hold(self, chip, scl, sda):
        """Hold SDA low until SCL has been pulsed nine times."""
        if self.holding:
            return
        self.holding = True
        clock, data = chip.wire(scl), chip.wire(sda)
        data.set(0)
        seen = 0

        def watcher(level):
            nonlocal seen
            seen += level
            if seen >= _CLOCKS and self.holding:
                self.holding = False
                data.set(None)
                clock.watchers.remove(watcher)

        clock.watchers.append(watcher)

    def write(self, data):
        """Take bytes; whether they were acknowledged."""
        raise NotImplementedError

    def read(self, count):
        """Give bytes."""
        raise NotImplementedError
