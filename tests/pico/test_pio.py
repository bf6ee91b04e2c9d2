"""The emulated PIO: against PyPI's rp2040-pio-emulator cycle by cycle, and skipped loops against stepped ones."""

from collections import deque

import pioemu
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.stubs.chip import Chip
from hal.stubs.pio import FRACTION, Pio

INPUT = 20  # a pin that no program drives
CYCLES = 100

words = st.integers(0, 0xFFFFFFFF) | st.integers(0, 5)


def instruction(length, irq=False):
    """Any instruction that both emulations know, its jumps within the program."""
    delay = st.sampled_from((0, 0, 0, 1, 7, 31)).map(lambda cycles: cycles << 8)
    register = st.sampled_from((1, 2, 3, 6, 7))  # x, y, null, isr, osr
    bits = st.integers(0, 31)
    kinds = [
        st.tuples(st.integers(0, 7), st.integers(0, length - 1)).map(lambda t: t[0] << 5 | t[1]),
        st.booleans().map(lambda high: 0x2000 | high << 7 | INPUT),
        st.tuples(register, bits).map(lambda t: 0x4000 | t[0] << 5 | t[1]),
        st.tuples(st.sampled_from((0, 1, 2, 3, 4, 6)), bits).map(lambda t: 0x6000 | t[0] << 5 | t[1]),
        st.integers(0, 7).map(lambda how: 0x8000 | how << 5),
        st.tuples(st.sampled_from((1, 2, 6, 7)), st.booleans(), register).map(
            lambda t: 0xA000 | t[0] << 5 | t[1] << 3 | t[2]
        ),
        st.tuples(st.sampled_from((0, 1, 2, 4)), bits).map(lambda t: 0xE000 | t[0] << 5 | t[1]),
    ]
    if irq:
        kinds += [
            st.tuples(st.integers(0, 3), st.integers(0, 7)).map(lambda t: 0xC000 | t[0] << 5 | t[1]),
            st.tuples(st.booleans(), st.integers(0, 7)).map(lambda t: 0x2040 | t[0] << 7 | t[1]),
        ]
    return st.tuples(st.one_of(kinds), delay).map(lambda t: t[0] if _is_conditional(t[0]) else t[0] | t[1])


def _is_conditional(word):
    """Push if full or pull if empty: the other emulator forgets their delay where the condition is not met."""
    return word >> 13 == 4 and word >> 6 & 1


def programs(irq=False):
    return st.integers(1, 10).flatmap(
        lambda length: st.lists(instruction(length, irq), min_size=length, max_size=length)
    )


def ours(program, tx, edges):
    """One machine that runs a system clock's cycle a µs; a generator of its state at each cycle asked for."""
    chip = Chip(hz=1_000_000)
    pio = Pio(chip, skip=False)
    pio.memory[0][: len(program)] = program
    machine = pio.machines[0]
    machine.configure(wrap_top=len(program) - 1, out_base=8, out_count=4, set_base=2, set_count=5, jmp_pin=INPUT)
    machine.tx = list(tx)
    pio.enable(machine, True)
    level = 0
    clock = 0
    while True:
        wanted = yield machine, pio
        while clock < wanted:
            if clock in edges:
                level ^= 1
                chip.wire(INPUT).set(level)
            clock += 1
            pio.run_to(clock * FRACTION)


@settings(max_examples=200, deadline=None)
@given(programs(), st.lists(words, max_size=4), st.sets(st.integers(0, CYCLES), max_size=4))
def test_each_instruction_does_what_the_other_emulator_says(program, tx, edges):
    def level(clock: int) -> int:
        return (sum(edge <= clock for edge in edges) & 1) << INPUT

    states = pioemu.emulate(
        program,
        stop_when=pioemu.clock_cycles_reached(CYCLES),
        initial_state=pioemu.State(transmit_fifo=deque(tx)),
        input_source=level,
        shift_isr_right=False,
        shift_osr_right=False,
        out_base=8,
        out_count=4,
        set_base=2,
        set_count=5,
        jmp_pin=INPUT,
    )
    here = ours(program, tx, edges)
    next(here)
    for _, state in states:
        machine, pio = here.send(state.clock)
        assert machine.pc == state.program_counter
        assert (machine.x, machine.y) == (state.x_register, state.y_register)
        assert machine.isr == state.input_shift_register.contents
        assert machine.osr == state.output_shift_register.contents
        assert list(machine.tx) == list(state.transmit_fifo)
        assert list(machine.rx) == list(state.receive_fifo)
        assert sum(bit << pin for pin, bit in enumerate(pio._enabled)) == state.pin_directions


def run_block(skip, programs, tx, edges, cycles, dividers):
    """Several machines on one block, pins going to and fro between them; all that is to be seen of them."""
    chip = Chip(hz=1_000_000)
    pio = Pio(chip, skip=skip)
    seen = []
    for pin, wire in enumerate(chip.wires[:12]):
        wire.function = "pio"
        wire.watchers.append(lambda level, pin=pin: seen.append((chip.us, pin, level)))
    offset = 0
    for number, program in enumerate(programs):
        for word in program:
            pio.memory[0][offset] = word + offset if word >> 13 == 0 else word
            pio.compares = pio.compares or (word >> 13 == 0 and word >> 5 & 7 == 5)
            offset += 1
        pio.machines[number].configure(
            start=offset - len(program), wrap_bottom=offset - len(program), wrap_top=offset - 1, out_base=8,
            out_count=4, set_base=2, set_count=5, jmp_pin=(2, INPUT, 8)[number], period=dividers[number] * FRACTION,
        )  # fmt: skip
        pio.machines[number].pc = offset - len(program)
        pio.machines[number].tx = list(tx)
        pio.enable(pio.machines[number], True)
    for index, edge in enumerate([*sorted(edges), cycles]):
        pio.run_to(edge * FRACTION)
        if edge < cycles:
            chip.wire(INPUT).set((index + 1) & 1)
    state = [
        (m.pc, m.x, m.y, m.isr, m.isr_count, m.osr, m.osr_count, m.tx, m.rx, m.pending, m.when)
        for m in pio.machines[: len(programs)]
    ]
    return seen, state, pio.flags


@settings(max_examples=200, deadline=None)
@given(
    st.lists(programs(irq=True), min_size=1, max_size=3),
    st.lists(words, max_size=4),
    st.sets(st.integers(0, 700), max_size=4),
    st.tuples(*[st.integers(1, 5)] * 3),
)
def test_a_skipped_loop_leaves_what_a_stepped_one_does(programs, tx, edges, dividers):
    arguments = programs, tx, edges, 700, dividers
    assert run_block(True, *arguments) == run_block(False, *arguments)


# Programs of the kind that is skipped: long counts, waits for each other, a count that a pin breaks off.
COUNTS = [
    [[0xE022 | 9, 0xE05F, 0x0082, 0x0041, 0xE001, 0xE000]],  # set x, 11; set y, 31; y--; x--; pin up; down
    [[0xE05F, 0x0082, 0xE001, 0xE000], [0x2082, 0x0047 & ~0x40, 0x2002, 0x0000]],  # one counts, one waits for its pin
    [[0xE05F, 0x00C3, 0x0003, 0x0084, 0xC004, 0x0003], [0x20C4, 0xE041, 0xE001, 0xE000]],  # a flag between them
]


@pytest.mark.parametrize("programs", COUNTS)
def test_counting_loops_are_skipped_and_the_same(programs):
    arguments = programs, [], {300, 1777}, 50_000, (1, 3, 2)
    assert run_block(True, *arguments) == run_block(False, *arguments)
