"""The PIO programs: 30 of the 32 instructions of block 0, so that a Pico W's radio has block 1 to itself.

Cycle counts are in docs/pico.md. Names such as `pins` and `jmp` are the assembler's own.
"""
# ruff: noqa: F821
# mypy: disable-error-code="name-defined, call-overload"

import rp2

from hal.compat import const

# One period of the generator is 2 · loops + OVERHEAD of its clock's cycles.
OVERHEAD = const(72)
# Raised, and raised again, while the generator is shut: an IRQ flag of the block that reaches no interrupt.
SHUT_FLAG = const(4)


def stepper():
    """Make the step generator. X: steps left to the lease's end, OSR: loops a period, Y: loops left, ISR: free.

    SET pin 0 is STEP, JMP pin the gate. X is never written but by the driver, while the machine
    stands, and by the count itself: so a step is neither lost nor added by a renewal.
    """

    @rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
    def program():
        wrap_target()
        label("rest")
        jmp(pin, "open")
        jmp("shut")
        label("open")
        jmp(not_x, "rest")
        mov(y, osr)
        label("delay")
        jmp(pin, "wait")
        jmp("shut")
        label("wait")
        jmp(y_dec, "delay")
        jmp(x_dec, "step")  # tests and counts in one cycle …
        set(x, 0)  # … and where the lease was taken back meanwhile, undoes the count below zero
        jmp("rest")
        label("step")
        set(pins, 1)[31]
        nop()[31]
        set(pins, 0)[1]
        wrap()
        label("shut")
        irq(4)
        jmp("shut")

    return program


def edges():
    """Make a counter of the edges of IN pin 0, downwards where it rises with JMP pin high or falls with it low.

    X is the count modulo 2**32; it changes in one cycle, since it is read at any moment. Y: scratch.
    Two of these, with the two tracks of an encoder changed over, count all its edges.
    """

    @rp2.asm_pio()
    def program():
        wait(0, pin, 0)
        wrap_target()
        label("begin")
        wait(1, pin, 0)
        jmp(pin, "down")
        mov(y, invert(x))
        jmp(y_dec, "up")
        label("up")
        mov(x, invert(y))
        jmp("risen")
        label("down")
        jmp(x_dec, "risen")
        label("risen")
        wait(0, pin, 0)
        jmp(pin, "up_too")
        jmp(x_dec, "fallen")
        label("fallen")
        jmp("begin")
        label("up_too")
        mov(y, invert(x))
        jmp(y_dec, "up_so")
        label("up_so")
        mov(x, invert(y))
        wrap()

    return program
