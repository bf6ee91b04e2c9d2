"""`rp2` for CPython: PIO on the emulated blocks, and the flash. Misuse raises what MicroPython raises."""

from hal.stubs.asm import PIOASMError, Program, asm_pio, asm_pio_encode
from hal.stubs.chip import current
from hal.stubs.flash_device import Flash
from hal.stubs.machine.pin import Pin
from hal.stubs.pio import FRACTION, Pio

__all__ = ["PIO", "Flash", "PIOASMError", "StateMachine", "asm_pio", "asm_pio_encode"]

_MACHINES = 8
_ENOMEM = 12
_X_NOT_Y = 5


class PIO:
    """Constants, and a block by its number."""

    IN_LOW, IN_HIGH, OUT_LOW, OUT_HIGH = range(4)
    SHIFT_LEFT, SHIFT_RIGHT = 0, 1
    JOIN_NONE, JOIN_TX, JOIN_RX = range(3)
    IRQ_SM0, IRQ_SM1, IRQ_SM2, IRQ_SM3 = 0x100, 0x200, 0x400, 0x800

    def __init__(self, number):
        if number not in (0, 1):
            raise ValueError("invalid PIO")
        self._block = number

    def add_program(self, program):
        """Load it; OSError(ENOMEM) where it does not fit."""
        load(hardware(), self._block, program)

    def remove_program(self, program=None):
        """Free its words, or all."""
        pio = hardware()
        if program is None:
            pio.used[self._block] = 0
            return
        offset = program.offsets.pop((id(pio), self._block), None)
        if offset is None:
            raise ValueError("prog not in instruction memory")
        pio.used[self._block] &= ~(((1 << len(program.words)) - 1) << offset)


def hardware():
    """The chip's PIO, made at its first use."""
    chip = current()
    if chip.pio is None:
        chip.pio = Pio(chip)
    return chip.pio


def load(pio, block, program):
    """Put a program where it fits, from the top; return its offset. OSError(ENOMEM) where it does not."""
    offset = program.offsets.get((id(pio), block))
    if offset is not None:
        return offset
    length = len(program.words)
    mask = (1 << length) - 1
    for place in range(32 - length, -1, -1):
        if not pio.used[block] & mask << place:
            break
    else:
        raise OSError(_ENOMEM)
    pio.used[block] |= mask << place
    for index, word in enumerate(program.words):
        is_jump = word >> 13 == 0
        pio.memory[block][place + index] = word + place if is_jump else word
        pio.compares = pio.compares or (is_jump and word >> 5 & 7 == _X_NOT_Y)
    program.offsets[id(pio), block] = place
    return place


class StateMachine:
    """One of eight. ValueError for another, or for a frequency that no divider gives."""

    def __init__(self, id, program=None, freq=-1, **settings):  # noqa: A002 (MicroPython's name)
        if not (isinstance(id, int) and 0 <= id < _MACHINES):
            raise ValueError("invalid StateMachine")
        self._pio = hardware()
        self._machine = self._pio.machines[id]
        if program is not None:
            self.init(program, freq, **settings)

    def init(
        self, program, freq=-1, *, in_base=None, out_base=None, set_base=None, jmp_pin=None, sideset_base=None,
        in_shiftdir=None, out_shiftdir=None, push_thresh=None, pull_thresh=None,
    ):  # fmt: skip
        """Load, configure and stop it."""
        if not isinstance(program, Program):
            raise TypeError("object isn't a program")
        pio, machine = self._pio, self._machine
        offset = load(pio, machine.number // 4, program)
        given = program.settings
        pio.enable(machine, False)
        machine.configure(
            start=offset,
            wrap_bottom=program.wrap_bottom + offset,
            wrap_top=program.wrap_top + offset,
            side_count=program.side_count,
            side_optional=program.side_optional,
            side_dirs=given.get("side_pindir", False),
            in_base=_number(in_base),
            out_base=_number(out_base),
            set_base=_number(set_base),
            side_base=_number(sideset_base),
            jmp_pin=_number(jmp_pin),
            out_count=_count(given.get("out_init")),
            set_count=_count(given.get("set_init")),
            in_right=bool(given.get("in_shiftdir", 0) if in_shiftdir is None else in_shiftdir),
            out_right=bool(given.get("out_shiftdir", 0) if out_shiftdir is None else out_shiftdir),
            push_thresh=(given.get("push_thresh", 32) if push_thresh is None else push_thresh) or 32,
            pull_thresh=(given.get("pull_thresh", 32) if pull_thresh is None else pull_thresh) or 32,
            join=given.get("fifo_join", 0),
            period=_divider(pio.chip.hz, freq),
        )
        self._take_pins(given.get("out_init"), out_base)
        self._take_pins(given.get("set_init"), set_base)
        self._take_pins(given.get("sideset_init"), sideset_base)

    def _take_pins(self, initial, base):
        """Give PIO the pins that the program drives, in the state that it names."""
        if base is None or initial is None:
            return
        first, machine, pio = _number(base), self._machine, self._pio
        for index, state in enumerate((initial,) if isinstance(initial, int) else initial):
            pio.chip.wire(first + index).function = "pio"
            pio.set_pins(machine, first + index, 1, state & 1)
            pio.set_dirs(machine, first + index, 1, state >> 1)
            pio.connect(first + index)

    def active(self, on=None):
        """Whether it runs; start it or stop it."""
        self._pio.spend()
        if on is not None:
            self._pio.enable(self._machine, bool(on))
        return self._machine.enabled

    def restart(self):
        """Back to the program's begin: X, Y and OSR stay as they are."""
        self._pio.spend()
        self._machine.reset()
        self._machine.pc = self._machine.start
        self._pio.version += 1

    def exec(self, instruction):
        """Run one instruction now, given as its text or its word."""
        self._pio.spend()
        machine = self._machine
        if isinstance(instruction, str):
            instruction = asm_pio_encode(instruction, machine.side_count - machine.side_optional, machine.side_optional)
        machine.force(instruction)
        self._pio.version += 1

    def put(self, value, shift=0):
        """Into the transmit FIFO; waits while it is full, for ever where the machine takes nothing."""
        self._pio.spend()
        machine = self._machine
        for word in (value,) if isinstance(value, int) else value:
            self._wait(lambda: len(machine.tx) < machine.tx_room, "put: the FIFO is full and stays full")
            machine.tx.append((word << shift) & 0xFFFFFFFF)
            self._pio.version += 1

    def get(self, buf=None, shift=0):
        """From the receive FIFO; waits while it is empty, for ever where the machine gives nothing."""
        self._pio.spend()
        machine = self._machine
        if buf is None:
            return self._take(machine) >> shift
        for index in range(len(buf)):
            buf[index] = self._take(machine) >> shift
        return buf

    def _take(self, machine):
        self._wait(lambda: machine.rx, "get: the FIFO is empty and stays empty")
        self._pio.version += 1
        return machine.rx.pop(0)

    def _wait(self, ready, words):
        """MicroPython spins for ever; a program under test is told so after ten seconds."""
        chip = self._pio.chip
        for _ in range(10_000):
            if ready():
                return
            chip.advance(1000)
        raise RuntimeError(words)

    def tx_fifo(self):
        """Words that wait to be pulled."""
        return len(self._machine.tx)

    def rx_fifo(self):
        """Words that wait to be got."""
        return len(self._machine.rx)


def _number(pin):
    """A pin's number, from the Pin or the number."""
    if pin is None:
        return 0
    if isinstance(pin, Pin):
        return pin.number
    if isinstance(pin, int) and 0 <= pin < len(current().wires):
        return pin
    raise ValueError("invalid pin")


def _count(initial):
    return 0 if initial is None else 1 if isinstance(initial, int) else len(initial)


def _divider(hz, freq):
    """The divider in 1/256; ValueError for a frequency out of range."""
    if freq < 0:
        return FRACTION
    if freq == 0:
        return 65536 * FRACTION
    low = hz * FRACTION // freq
    if not FRACTION <= low < 65536 * FRACTION - 1:
        raise ValueError("freq out of range")
    return low if 2 * (hz * FRACTION - low * freq) <= freq else low + 1
