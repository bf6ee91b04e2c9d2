"""Assembler for PIO programs written as MicroPython functions: what `rp2.asm_pio` does there, in two passes."""

from types import FunctionType

_SOURCES = {"gpio": 0, "pins": 0, "x": 1, "y": 2, "null": 3, "pindirs": 4, "pc": 5, "status": 5, "isr": 6, "osr": 7}
_EXEC = 8  # 4 of mov, 7 of out
_CONDITIONS = {"not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6, "not_osre": 7}
_MODIFIERS = {"noblock": 0x01, "block": 0x21, "iffull": 0x40, "ifempty": 0x40, "clear": 0x40}
_FUNCTIONS = {
    "exec": _EXEC,
    "invert": lambda source: source | 0x08,
    "reverse": lambda source: source | 0x10,
    "rel": lambda index: index | 0x10,
}
_NAMES = {**_SOURCES, **_CONDITIONS, **_MODIFIERS, **_FUNCTIONS}


class PIOASMError(Exception):
    """What MicroPython raises for a program that no PIO runs."""


class Program:
    """An assembled program: words and settings."""

    def __init__(self, **settings):
        for name in ("autopush", "autopull"):
            if settings.pop(name, False):
                raise NotImplementedError(f"{name} is not part of this emulation")
        self.settings = settings
        self.words = []
        self.wrap_bottom = 0
        self.wrap_top = None
        self.side_optional = False
        self.offsets = {}  # by chip and block, where it is loaded

    @property
    def side_pins(self):
        """Number of side-set pins."""
        pins = self.settings.get("sideset_init")
        return 0 if pins is None else 1 if isinstance(pins, int) else len(pins)

    @property
    def side_count(self):
        """Bits that side-set takes of the delay's five."""
        return self.side_pins + self.side_optional if self.side_pins else 0


class _Line:
    """What an instruction returns, for `.side(1)` and `[3]`."""

    def __init__(self, pass_):
        self._pass = pass_

    def side(self, value):
        self._pass.side(value)
        return self

    def __getitem__(self, delay):
        self._pass.delay(delay)
        return self

    delay = __getitem__


class _Pass:
    """One run through the function; `labels` of the run before."""

    def __init__(self, program, labels):
        self._program = program
        self._known = labels
        self.labels = {}
        self.words = []
        self.sides = 0

    def names(self):
        """What the program may say."""
        instructions = ("word", "nop", "jmp", "wait", "in_", "out", "push", "pull", "mov", "irq", "set")
        own = {name: getattr(self, name) for name in (*instructions, "label", "wrap", "wrap_target")}
        return {**_NAMES, **own}

    # Directives.

    def label(self, name):
        if name in self.labels:
            raise PIOASMError(f"duplicate label {name}")
        self.labels[name] = len(self.words)

    def wrap_target(self):
        self._program.wrap_bottom = len(self.words)

    def wrap(self):
        self._program.wrap_top = len(self.words) - 1

    def side(self, value):
        self.sides += 1
        program = self._program
        if not program.side_pins:
            raise PIOASMError("no sideset")
        if value >= 1 << program.side_pins:
            raise PIOASMError("sideset too large")
        if self._known is not None:
            self.words[-1] |= program.side_optional << 12 | value << 13 - program.side_count

    def delay(self, cycles):
        if self._known is not None:
            if cycles > 31 >> self._program.side_count:
                raise PIOASMError("delay too large")
            self.words[-1] |= cycles << 8

    # Instructions.

    def word(self, instruction, label=None):
        if label is not None:
            if self._known is not None and label not in self._known:
                raise PIOASMError(f"unknown label {label}")
            instruction |= (self._known or {}).get(label, 0)
        self.words.append(instruction)
        return _Line(self)

    def nop(self):
        return self.word(0xA042)

    def jmp(self, condition, label=None):
        if label is None:
            condition, label = 0, condition
        return self.word(condition << 5, label)

    def wait(self, polarity, source, index):
        kind = 0 if source == 0 else 1 if source == _CONDITIONS["pin"] else 2
        return self.word(0x2000 | polarity << 7 | kind << 5 | index)

    def in_(self, source, count):
        return self.word(0x4000 | source << 5 | _bits(count))

    def out(self, target, count):
        return self.word(0x6000 | (7 if target == _EXEC else target) << 5 | _bits(count))

    def push(self, *modifiers):
        return self.word(0x8000 | _how(modifiers))

    def pull(self, *modifiers):
        return self.word(0x8080 | _how(modifiers))

    def mov(self, target, source):
        return self.word(0xA000 | (4 if target == _EXEC else target) << 5 | source)

    def irq(self, modifier, index=None):
        if index is None:
            modifier, index = 0, modifier
        return self.word(0xC000 | modifier & 0x60 | index)

    def set(self, target, value):
        return self.word(0xE000 | target << 5 | value)


def _bits(count):
    if not 0 < count <= 32:
        raise PIOASMError(f"invalid bit count {count}")
    return count & 31


def _how(modifiers):
    value = 0
    for modifier in modifiers:
        value |= modifier
    return (value if value & 1 else value | 0x20) & 0x60  # blocks unless told not to


def _run(function, program, labels):
    pass_ = _Pass(program, labels)
    names = {**function.__globals__, **pass_.names()}
    FunctionType(function.__code__, names, function.__name__, None, function.__closure__)()
    return pass_


def asm_pio(**settings):
    """Decorate a function into a program; PIOASMError for what no PIO runs."""

    def assemble(function):
        program = Program(**settings)
        first = _run(function, program, None)
        if program.wrap_top is None:
            program.wrap_top = len(first.words) - 1
        program.side_optional = bool(program.side_pins) and first.sides != len(first.words)
        program.words = _run(function, program, first.labels).words
        return program

    return assemble


def asm_pio_encode(text, sideset_count=0, sideset_opt=False):
    """One instruction from its text."""
    program = Program(sideset_init=(0,) * sideset_count if sideset_count else None)
    program.side_optional = bool(sideset_opt)
    pass_ = _Pass(program, {})
    names = pass_.names()
    names.pop("jmp")
    exec(text, names)
    if len(pass_.words) != 1:
        raise PIOASMError("expecting exactly 1 instruction")
    return pass_.words[0]
