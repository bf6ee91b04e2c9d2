"""`machine.Pin`: a GPIO as input, output or open drain, with pulls and interrupts."""

from hal.stubs.chip import current

_NAMES = {"LED": 25}


class Pin:
    """One GPIO. Reading an output gives what it drives; driving an input waits until it is an output."""

    IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_RISING, IRQ_FALLING = 8, 4

    def __init__(self, id, mode=-1, pull=-1, *, value=None, alt=31):  # noqa: A002 (MicroPython's name)
        self._chip = current()
        self.number = _NAMES.get(id, id) if isinstance(id, str) else id
        self._wire = self._chip.wire(self.number)
        self._out = 0
        self._mode = None
        self._watcher = None
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, alt=31):
        """Set up anew; ValueError for a mode or pull that there is not."""
        if mode not in (-1, None, self.IN, self.OUT, self.OPEN_DRAIN, self.ALT):
            raise ValueError("invalid pin mode")
        if pull not in (-1, None, self.PULL_UP, self.PULL_DOWN):
            raise ValueError("invalid pin pull")
        if value is not None:
            self._out = 1 if value else 0
        if mode not in (-1, None):
            self._mode = mode
            self._wire.function = {self.IN: "in", self.OUT: "out", self.OPEN_DRAIN: "out"}.get(mode)
        if pull != -1:
            self._wire.pull = {self.PULL_UP: 1, self.PULL_DOWN: 0}.get(pull)
        self._drive()

    def value(self, level=None):
        """The level, or set it."""
        if level is None:
            return self._wire.level()
        self._out = 1 if level else 0
        self._drive()
        return None

    __call__ = value

    def on(self):
        """Drive 1."""
        self.value(1)

    def off(self):
        """Drive 0."""
        self.value(0)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING, *, hard=False):
        """Call `handler(pin)` at each edge named; ValueError for a trigger that there is not."""
        if not trigger or trigger & ~(self.IRQ_RISING | self.IRQ_FALLING):
            raise ValueError("invalid trigger")
        if self._watcher is not None:
            self._wire.watchers.remove(self._watcher)
            self._watcher = None
        if handler is not None:

            def watcher(level):
                if trigger & (self.IRQ_RISING if level else self.IRQ_FALLING):
                    if hard:
                        handler(self)
                    else:
                        self._chip.soon(lambda: handler(self))

            self._watcher = watcher
            self._chip.inside.append(watcher)
            self._wire.watchers.append(watcher)

    def _drive(self):
        if self._wire.function == "out":
            self._wire.drive(
                0
                if self._mode == self.OPEN_DRAIN and not self._out
                else None
                if self._mode == self.OPEN_DRAIN
                else self._out
            )
        elif self._mode == self.IN:
            self._wire.drive(None)
