"""Claim `pico-steps`: the Pico's step generator, its PIO run cycle by cycle, keeps count, lease and gate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hal.compat import MASK
from hal.pico import pins
from hal.stubs import Chip, installed
from hal.stubs.chip import make_current
from tools.claims.registry import Outcome, Report, claim

# The fastest rate that the driver takes: 1,250 cycles a step. A step's own cycles come at the period's end.
SWEEP_MHZ = 20_000_000
PERIOD = 1_250
_AROUND = range(PERIOD - 78, PERIOD + 8)
# Ends behind, at and ahead of a motor that was to make three steps.
ENDS = (0, 1, 2, 12)
# What a call of Python's costs, in cycles of 40 ns: nothing, or 3 µs.
COSTS = (0, 75)
GATE_US = 3
_STALL_S = 10

Make = Callable[[], Any]


class Bench:
    """A generator alone on a chip, and what its STEP and DIR wires did."""

    def __init__(self, chip: Any, make: Make) -> None:
        self.chip = chip
        self.made = 0
        self.last_us = 0
        chip.wire(pins.GATE).set(1)
        chip.wire(pins.STEP).watchers.append(self._step)
        self.generator = make()
        self._period = chip.pio.machines[0].period

    def _step(self, level: int) -> None:
        if level:
            self.made += -1 if self.chip.wire(pins.DIR).level() else 1
            self.last_us = self.chip.us

    def run_cycles(self, cycles: int) -> None:
        """So many cycles of 40 ns."""
        self.chip.pio.run_to(self.chip.pio.now + cycles * self._period)

    def each_call_costs(self, cycles: int) -> None:
        """Python's calls of PIO take so long from now on."""
        self.chip.pio.call_cost = cycles * self._period

    def settle(self) -> None:
        """Let it come to rest."""
        self.chip.us = -(-self.chip.pio.now // self.chip.pio.units)
        self.chip.advance(20_000)


def shipped() -> Any:
    """The generator of hal/pico."""
    from hal.pico.generator import Generator

    return Generator()


def renews_on_the_run() -> Any:
    """A mutant: what is left is read and written while the machine runs."""
    generator = shipped()
    machine = generator._machine
    machine.active = lambda on: None
    return generator


def trusts_the_count() -> Any:
    """A mutant: a count below zero is taken for what is left."""
    generator = shipped()
    read = generator._read

    def wrong(instruction: int) -> int:
        left = read(instruction)
        return 0 if left == MASK else left

    generator._read = wrong
    return generator


def deaf_to_the_gate() -> Any:
    """A mutant: the gate is looked at when a step is due, not while its time passes."""
    from hal.pico import programs

    kept = programs.stepper

    def deaf() -> Any:
        program = kept()
        program.words[4] = 0x0006  # jmp("wait") in place of jmp(pin, "wait")
        return program

    programs.stepper = deaf
    try:
        return shipped()
    finally:
        programs.stepper = kept


def bench(make: Make) -> Bench:
    """A generator just made, on a chip of its own; within `installed`."""
    chip = Chip()
    make_current(chip)
    return Bench(chip, make)


def renewal(make: Make, cycle: int, end: int, cost: int) -> str:
    """What is wrong with a renewal `cycle` cycles after the start, or nothing."""
    b = bench(make)
    b.generator.drive(SWEEP_MHZ, 3, 1)
    b.run_cycles(cycle)
    b.each_call_costs(cost)
    before = b.made
    reading = b.generator.count()
    if not before <= reading <= b.made + 1:
        return f"read {reading} at step {b.made}"
    b.generator.drive(SWEEP_MHZ // 2, end, 1)
    b.each_call_costs(0)
    at = b.made
    b.settle()
    if b.generator.count() != b.made:
        return f"counts {b.generator.count()} of {b.made} steps"
    if b.made != end and not (end <= at and at <= b.made <= at + 1):
        return f"stands at {b.made}, asked for {end} at step {at}"
    return ""


def taken_back(make: Make, cycle: int) -> str:
    """What is wrong with a lease taken back in mid-step and given anew so many cycles later, or nothing."""
    b = bench(make)
    b.generator.drive(SWEEP_MHZ, 1, 1)
    b.run_cycles(PERIOD - 100)
    b.generator.drive(SWEEP_MHZ, 0, 1)
    b.run_cycles(cycle)
    if b.generator.count():
        return f"read {b.generator.count()} where no step was made"
    b.generator.drive(SWEEP_MHZ, 5, 1)
    b.settle()
    return "" if b.made == 5 == b.generator.count() else f"{b.made} steps of 5, counts {b.generator.count()}"


def without_python(make: Make) -> str:
    """What is wrong with a lease that no Python watches, or nothing."""
    b = bench(make)
    b.generator.drive(100_000, 300, 1)
    b.chip.stall(2_000_000)
    if not 198 <= b.made <= 200:
        return f"{b.made} steps in a stall of 2 s that were to be 199"
    b.chip.stall(_STALL_S * 1_000_000)
    return "" if b.made == 300 == b.generator.count() else f"{b.made} steps on a lease of 300"


def gate(make: Make, cycle: int) -> str:
    """What is wrong where the gate shuts so many cycles after a step, or nothing."""
    b = bench(make)
    b.generator.drive(SWEEP_MHZ, 1_000, 1)
    b.run_cycles(2 * PERIOD + cycle)
    b.chip.us = -(-b.chip.pio.now // b.chip.pio.units)
    shut_us = b.chip.us
    b.chip.wire(pins.GATE).set(0)
    b.chip.advance(2_000)
    if b.last_us > shut_us + GATE_US:
        return f"a step {b.last_us - shut_us} µs after the gate"
    b.chip.wire(pins.GATE).set(1)
    b.generator.drive(SWEEP_MHZ, 1_000, 1)
    made = b.made
    b.chip.advance(2_000)
    if b.made != made or not b.generator.is_shut():
        return "goes on without a rising edge of enable"
    return "" if b.generator.count() == made else f"counts {b.generator.count()} of {made} steps"


def checks(deep: bool, make: Make) -> list[tuple[str, Callable[[], str]]]:
    """What is tried, each with its name."""
    cycles = range(2 * PERIOD) if deep else (*_AROUND, *range(0, 2 * PERIOD, 197))
    cases: list[tuple[str, Callable[[], str]]] = [("a stall", partial(without_python, make))]
    for cycle in range(0, PERIOD, 1 if deep else 40):
        cases.append((f"gate shut at cycle {cycle}", partial(gate, make, cycle)))
    for cycle in range(150):
        cases.append((f"given anew after {cycle} cycles", partial(taken_back, make, cycle)))
    for end in ENDS:
        for cost in COSTS:
            for cycle in cycles:
                cases.append((f"renewed at cycle {cycle} to {end}", partial(renewal, make, cycle, end, cost)))
    return cases


@claim(
    "pico-steps",
    "On the Pico's PIO, run cycle by cycle: a lease renewed or taken back at any cycle of a step loses and adds none, "
    "the motor goes on for 2 s and stands at the lease's end though no Python runs, and a gate that shuts at any cycle "
    f"ends motion within {GATE_US} µs, until enable rises.",
    mutants={
        "renews on the run": lambda: renews_on_the_run,
        "trusts the count": lambda: trusts_the_count,
        "deaf to the gate": lambda: deaf_to_the_gate,
    },
)
def pico_steps(deep: bool, subject: Make | None, report: Report) -> Outcome:
    """Every cycle around a step, and some of the time between; with `deep` every cycle of two periods."""
    with installed(Chip()):
        cases = checks(deep, subject or shipped)
        for done, (name, check) in enumerate(cases):
            report(done, len(cases))
            wrong = check()
            if wrong:
                return Outcome(False, f"{name}: {wrong}")
    return Outcome(True, f"{len(cases):,} renewals, gates and stalls, none a step off")
