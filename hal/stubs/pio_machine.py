"""One PIO state machine, cycle by cycle (RP2040 data sheet, chapter 3). Time is in 1/256 of a system clock."""

_32 = 0xFFFFFFFF
FRACTION = 256
_FIFO = 4
FOREVER = 1 << 62
_TURNS_LEFT = 2  # of a counting loop are stepped through: no branch is guessed near zero


class StateMachine:
    """One of the eight, as the silicon has it. `when` is the moment of its next instruction."""

    def __init__(self, pio, number):
        self.pio = pio
        self.number = number
        self.enabled = False
        self.configure()

    def configure(self, **settings):
        """Back to the state of pio_sm_init, with these settings."""
        self.wrap_bottom, self.wrap_top = 0, 31
        self.side_count, self.side_optional, self.side_dirs = 0, False, False  # count with the option's bit
        self.in_base = self.out_base = self.set_base = self.side_base = self.jmp_pin = 0
        self.out_count, self.set_count = 0, 5
        self.in_right = self.out_right = False
        self.join = 0  # 1: transmit, 2: receive has all eight words
        self.push_thresh = self.pull_thresh = 32
        self.period = FRACTION
        self.start = 0
        for name, value in settings.items():
            setattr(self, name, value)
        self.x = self.y = self.osr = 0
        self.tx, self.rx = [], []
        self.reset()
        self.pc = self.start
        self.when = self.woke = self.pio.now

    def reset(self):
        """SM_RESTART: shift counters, ISR and what was pending; not X, Y, OSR or the program counter."""
        self.isr = self.isr_count = 0
        self.osr_count = 32
        self.pending = None
        self._irq_waits = False
        self._stalled = False
        self._mark = None
        self.spin = 0  # length of the loop that it stands at the head of, if the next two are now
        self.spin_step = 0, 0
        self._spin_when = self._spin_version = -1

    @property
    def tx_room(self):
        """Words that the transmit FIFO holds."""
        return (_FIFO, 2 * _FIFO, 0)[self.join]

    @property
    def rx_room(self):
        """Words that the receive FIFO holds."""
        return (_FIFO, 0, 2 * _FIFO)[self.join]

    # One cycle.

    def cycle(self):
        """Run one instruction, or stall at it; moves `when` on."""
        self.woke = self.when
        pc = self.pc
        forced = self.pending
        instruction = self.pio.memory[self.number // 4][pc] if forced is None else forced
        self.pending = None
        self._next = pc if forced is not None else self.wrap_bottom if pc == self.wrap_top else (pc + 1) & 31
        if self.side_count:
            self._side(instruction)
        if _OPERATIONS[instruction >> 13](self, instruction):
            self.when += self.period
            if forced is not None:
                self.pending = forced
            self._stalled = True
            self._note(pc)
            return
        self._stalled = False
        self.pc = self._next
        delay = 0 if self.pending is not None else (instruction >> 8 & 31) & ((1 << 5 - self.side_count) - 1)
        self.when += self.period * (1 + delay)
        if self.pc <= pc:
            self._note(self.pc)

    def force(self, instruction):
        """SMx_INSTR: run it now. It costs a running machine one cycle, and moves no program counter but by a jump."""
        pending, self.pending = self.pending, None
        before = self.pc
        self._next = before
        if self.side_count:
            self._side(instruction)
        if _OPERATIONS[instruction >> 13](self, instruction):
            self.pending = instruction  # EXEC_STALLED: latched until it can be done
            return
        self.pc = self._next
        if self.pending is None and self.pc == before:
            self.pending = pending
        if self.enabled:
            self.when += self.period

    # Loops that may be skipped.

    def _note(self, pc):
        """The machine is back at `pc`: is it where it was, but for a register that counts down?"""
        version = self.pio.version
        now = (pc, version, self.isr, self.isr_count, self.osr, self.osr_count, self.pending, self._irq_waits)
        mark = self._mark
        if mark is not None and mark[0] == now:
            dx, dy = mark[1] - self.x, mark[2] - self.y
            counts = dx or dy
            if dx >= 0 and dy >= 0 and not (dx and dy) and not (counts and self.pio.compares):
                self.spin = self.when - mark[3]
                self.spin_step = dx, dy
                self._spin_when, self._spin_version = self.when, version
        self._mark = (now, self.x, self.y, self.when)

    def turns(self):
        """How often the loop it is in surely goes round as it did last; 0 where it is in none."""
        if self._spin_when != self.when or self._spin_version != self.pio.version:
            return 0
        dx, dy = self.spin_step
        if dx:
            return max(self.x // dx - _TURNS_LEFT, 0)
        return max(self.y // dy - _TURNS_LEFT, 0) if dy else FOREVER

    def go_round(self, turns):
        """Have it go round so often."""
        dx, dy = self.spin_step
        self.x -= dx * turns
        self.y -= dy * turns
        self.when += self.spin * turns
        self._spin_when = self.when
        self._mark = None

    # Instructions: each returns whether it stalls.

    def _side(self, instruction):
        count = self.side_count
        bits = instruction >> 8 & 31
        value = bits >> 5 - count
        if self.side_optional:
            count -= 1
            if not value >> count & 1:
                return
            value &= (1 << count) - 1
        put = self.pio.set_dirs if self.side_dirs else self.pio.set_pins
        put(self, self.side_base, count, value)

    def _jmp(self, instruction):
        condition = instruction >> 5 & 7
        if condition == 0:
            jumps = True
        elif condition == 1:
            jumps = self.x == 0
        elif condition == 2:
            jumps = self.x != 0
            self.x = self.x - 1 & _32
        elif condition == 3:
            jumps = self.y == 0
        elif condition == 4:
            jumps = self.y != 0
            self.y = self.y - 1 & _32
        elif condition == 5:
            jumps = self.x != self.y
        elif condition == 6:
            jumps = self.pio.levels >> self.jmp_pin & 1
        else:
            jumps = self.osr_count < self.pull_thresh
        if jumps:
            self._next = instruction & 31
        return False

    def _wait(self, instruction):
        wanted, source, index = instruction >> 7 & 1, instruction >> 5 & 3, instruction & 31
        if source == 0:
            return self.pio.levels >> index & 1 != wanted
        if source == 1:
            return self.pio.levels >> (self.in_base + index) % 32 & 1 != wanted
        flag = self._flag(index)
        block = self.number // 4
        if self.pio.flags[block] >> flag & 1 != wanted:
            return True
        if wanted:
            self.pio.set_flags(block, self.pio.flags[block] & ~(1 << flag))
        return False

    def _flag(self, index):
        return index & 4 | (index + self.number) & 3 if index & 16 else index & 7

    def _in(self, instruction):
        source, count = instruction >> 5 & 7, instruction & 31 or 32
        if source == 0:
            value = self._pins_in()
        else:
            value = (0, self.x, self.y, 0, 0, 0, self.isr, self.osr)[source]
        value &= (1 << count) - 1
        if self.in_right:
            self.isr = self.isr >> count | value << 32 - count
        else:
            self.isr = (self.isr << count | value) & _32
        self.isr_count = min(self.isr_count + count, 32)
        return False

    def _pins_in(self):
        levels = self.pio.levels
        return (levels >> self.in_base | levels << 32 - self.in_base) & _32

    def _out(self, instruction):
        target, count = instruction >> 5 & 7, instruction & 31 or 32
        if self.out_right:
            value = self.osr & (1 << count) - 1
            self.osr >>= count
        else:
            value = self.osr >> 32 - count
            self.osr = self.osr << count & _32
        self.osr_count = min(self.osr_count + count, 32)
        if target == 6:
            self.isr, self.isr_count = value, count
        elif target == 7:
            self.pending = value & 0xFFFF
        else:
            self._put(target, value)
        return False

    def _put(self, target, value):
        """Pins, X, Y, pin directions or program counter: what OUT has in common with MOV and SET."""
        if target == 0:
            self.pio.set_pins(self, self.out_base, self.out_count, value)
        elif target == 1:
            self.x = value
        elif target == 2:
            self.y = value
        elif target == 4:
            self.pio.set_dirs(self, self.out_base, self.out_count, value)
        elif target == 5:
            self._next = value & 31

    def _push_or_pull(self, instruction):
        block = instruction >> 5 & 1
        when_full = instruction >> 6 & 1
        if instruction >> 7 & 1:
            return self._pull(when_full, block)
        return self._push(when_full, block)

    def _push(self, when_full, block):
        if when_full and self.isr_count < self.push_thresh:
            return False
        if len(self.rx) >= self.rx_room:
            if block:
                return True
        else:
            self.rx.append(self.isr)
            self.pio.version += 1
        self.isr = self.isr_count = 0
        return False

    def _pull(self, when_empty, block):
        if when_empty and self.osr_count < self.pull_thresh:
            return False
        if self.tx:
            self.osr = self.tx.pop(0)
            self.pio.version += 1
        elif block:
            return True
        else:
            self.osr = self.x
        self.osr_count = 0
        return False

    def _mov(self, instruction):
        target, operation, source = instruction >> 5 & 7, instruction >> 3 & 3, instruction & 7
        value = self._pins_in() if source == 0 else (0, self.x, self.y, 0, 0, 0, self.isr, self.osr)[source]
        if operation == 1:
            value ^= _32
        elif operation == 2:
            value = int(f"{value:032b}"[::-1], 2)
        if target == 4:
            self.pending = value & 0xFFFF
        elif target == 6:
            self.isr, self.isr_count = value, 0
        elif target == 7:
            self.osr, self.osr_count = value, 0
        else:
            self._put(target, value)
        return False

    def _irq(self, instruction):
        clear, wait = instruction >> 6 & 1, instruction >> 5 & 1
        block, bit = self.number // 4, 1 << self._flag(instruction & 31)
        flags = self.pio.flags[block]
        if clear:
            self.pio.set_flags(block, flags & ~bit)
            return False
        if self._irq_waits:
            self._irq_waits = bool(flags & bit)
            return self._irq_waits
        self.pio.set_flags(block, flags | bit)
        self._irq_waits = bool(wait)
        return self._irq_waits

    def _set(self, instruction):
        target, value = instruction >> 5 & 7, instruction & 31
        if target == 0:
            self.pio.set_pins(self, self.set_base, self.set_count, value)
        elif target == 4:
            self.pio.set_dirs(self, self.set_base, self.set_count, value)
        else:
            self._put(target, value)
        return False


_OPERATIONS = (
    StateMachine._jmp,
    StateMachine._wait,
    StateMachine._in,
    StateMachine._out,
    StateMachine._push_or_pull,
    StateMachine._mov,
    StateMachine._irq,
    StateMachine._set,
)
