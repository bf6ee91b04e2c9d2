"""The RP2040's two PIO blocks, cycle by cycle (RP2040 data sheet, chapter 3).

Time is counted in 1/256 of a system clock, so that a divider is a whole number. A loop that only
counts a register down, or waits, is not stepped through: what it leaves is worked out in closed
form up to the moment at which anything could change it. `skip = False` steps through all the same.

Not there, and refused: autopush, autopull. Fractional dividers tick evenly here, on a chip within one clock.
"""

from hal.stubs.pio_machine import FOREVER, FRACTION, StateMachine

__all__ = ["FRACTION", "Pio"]


class Pio:
    """Both blocks on a chip. Made at the first use, then it runs with the chip's time."""

    def __init__(self, chip, skip=True):
        self.chip = chip
        self.skip = skip
        self.call_cost = 0  # time that a call of the program's takes, in 1/256 of a clock: set it to look for races
        self.units = chip.hz * FRACTION // 1_000_000  # in a µs
        self.now = chip.us * self.units
        self.version = 0  # rises with whatever a machine could see
        self.compares = False  # whether any program has `jmp x != y`: then no counting loop is skipped
        self.memory = [[0] * 32, [0] * 32]
        self.used = [0, 0]  # bit masks of the memory's words
        self.flags = [0, 0]
        self.levels = 0
        self._outputs = [0] * len(chip.wires)
        self._enabled = [0] * len(chip.wires)
        self._end = self.now
        self.machines = [StateMachine(self, number) for number in range(8)]
        for number, wire in enumerate(chip.wires):
            self._follow(number, wire)
        chip.beside.append(self.run)

    def _follow(self, number, wire):
        bit = 1 << number

        def changed(level):
            self.version += 1
            self.levels = self.levels | bit if level else self.levels & ~bit

        self.chip.inside.append(changed)
        wire.watchers.insert(0, changed)
        changed(wire.level())

    # Pins and flags.

    def set_pins(self, machine, base, count, value):
        """Levels of `count` pins from `base` on."""
        self._write(self._outputs, machine, base, count, value)

    def set_dirs(self, machine, base, count, value):
        """Directions, 1 for output."""
        self._write(self._enabled, machine, base, count, value)

    def _write(self, registers, machine, base, count, value):
        for index in range(count):
            pin, bit = (base + index) % 32, value >> index & 1
            if pin >= len(registers) or registers[pin] == bit:
                continue
            registers[pin] = bit
            self.version += 1
            self.chip.us = max(self.chip.us, machine.when // self.units)
            self.connect(pin)
            soon = self.chip.next_us()
            if soon is not None:
                self._end = min(self._end, max(soon * self.units, machine.when))

    def connect(self, pin):
        """Drive the wire, where PIO has it."""
        wire = self.chip.wires[pin]
        if wire.function == "pio":
            wire.drive(self._outputs[pin] if self._enabled[pin] else None)

    def set_flags(self, block, flags):
        """The block's eight IRQ flags."""
        if flags != self.flags[block]:
            self.flags[block] = flags
            self.version += 1

    # Time.

    def run(self, us):
        """Run up to `us`, or to where something outside is to happen sooner; return the moment reached, in µs."""
        self.run_to(us * self.units)
        return self.now // self.units

    def spend(self):
        """A call begins: what it costs has passed."""
        if self.call_cost:
            self.run_to(self.now + self.call_cost)

    def run_to(self, end):
        """Run all instructions before `end`, in 1/256 of a clock."""
        self._end = end
        awake = [machine for machine in self.machines if machine.enabled]
        asleep = []
        version = self.version
        while awake:
            first = awake[0]
            for machine in awake:
                if machine.when < first.when:
                    first = machine
            if first.when >= self._end:
                break
            turns = first.turns() if self.skip else 0
            if turns >= FOREVER and first.spin == first.period:
                awake.remove(first)
                asleep.append(first)
                continue
            if turns:
                turns = min(turns, (self._horizon(first, awake) - first.when) // first.spin)
            if turns > 0:
                first.go_round(turns)
                continue
            first.cycle()
            if self.version != version:
                version = self.version
                if asleep:
                    self._wake(asleep, first)
                    awake = sorted(awake + asleep, key=_number)
                    asleep = []
        for machine in asleep:
            machine.go_round(max(-(-(self._end - machine.when) // machine.spin), 0))
        self.now = max(self.now, self._end)

    @staticmethod
    def _wake(asleep, cause):
        """`cause` has just changed what may be seen, in the cycle before its own: those behind it see it already."""
        moment = cause.woke
        for machine in asleep:
            seen = moment if machine.number > cause.number else moment + 1
            machine.go_round(max(-(-(seen - machine.when) // machine.spin), 0))

    def _horizon(self, first, running):
        """Until when nothing that another machine does can be seen."""
        horizon = self._end
        for machine in running:
            if machine is not first:
                horizon = min(horizon, machine.when + machine.turns() * machine.spin)
        return horizon

    def enable(self, machine, on):
        """Let a machine run from now on, or stand."""
        if on and not machine.enabled:
            machine.when = max(machine.when, self.now)
        machine.enabled = on
        self.version += 1


def _number(machine):
    return machine.number
