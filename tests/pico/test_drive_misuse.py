"""Misuse of the drive's stubs raises what MicroPython raises, or tells what would go wrong on the chip unsaid."""

import sys

import pytest

from hal.stubs import Chip, installed
from hal.stubs.flash import SECTOR


@pytest.fixture
def chip():
    with installed(Chip()) as chip:
        yield chip


def assembled(length, **settings):
    import rp2

    @rp2.asm_pio(**settings)
    def program():
        for _ in range(length):
            nop()  # noqa: F821

    return program


@pytest.mark.parametrize("number", [-1, 8, "0"])
def test_a_state_machine_that_there_is_not(chip, number):
    import rp2

    with pytest.raises(ValueError, match="invalid StateMachine"):
        rp2.StateMachine(number)


@pytest.mark.parametrize("freq", [1, 1_900, 125_000_001])
def test_a_frequency_that_no_divider_gives(chip, freq):
    import rp2

    with pytest.raises(ValueError, match="freq out of range"):
        rp2.StateMachine(0, assembled(1), freq=freq)


def test_a_program_longer_than_the_memory(chip):
    import rp2

    rp2.StateMachine(0, assembled(32))
    with pytest.raises(OSError, match="12"):
        rp2.StateMachine(4, assembled(33))


def test_programs_that_do_not_fit_together(chip):
    import rp2

    first, second = assembled(20), assembled(13)
    rp2.StateMachine(0, first)
    with pytest.raises(OSError, match="12"):
        rp2.StateMachine(1, second)
    rp2.StateMachine(4, second)  # the other block has room
    rp2.PIO(0).remove_program(first)
    rp2.StateMachine(1, second)
    with pytest.raises(ValueError, match="not in instruction memory"):
        rp2.PIO(0).remove_program(first)


def delayed():
    nop()[8]  # noqa: F821


def doubled():
    label("a")  # noqa: F821
    label("a")  # noqa: F821
    nop()  # noqa: F821


def nowhere():
    jmp("there")  # noqa: F821


def no_side():
    nop().side(1)  # noqa: F821


def too_many_bits():
    in_(x, 33)  # noqa: F821


@pytest.mark.parametrize(
    ("function", "settings", "words"),
    [
        (delayed, {"sideset_init": (0,)}, "delay too large"),
        (doubled, {}, "duplicate label"),
        (nowhere, {}, "unknown label"),
        (no_side, {}, "no sideset"),
        (too_many_bits, {}, "invalid bit count"),
    ],
)
def test_programs_that_no_assembler_takes(chip, function, settings, words):
    import rp2

    with pytest.raises(rp2.PIOASMError, match=words):
        rp2.asm_pio(**settings)(function)


def test_what_the_emulation_has_not_is_refused(chip):
    with pytest.raises(NotImplementedError, match="autopull"):
        assembled(1, autopull=True)


def test_a_get_from_a_machine_that_gives_nothing_is_told_of(chip):
    import rp2

    machine = rp2.StateMachine(0, assembled(1))
    with pytest.raises(RuntimeError, match="empty"):
        machine.get()
    with pytest.raises(RuntimeError, match="full"):
        for _ in range(5):
            machine.put(0)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"id": 0}, ValueError),
        ({"id": 3, "period": 100}, ValueError),
        ({"period": "100"}, TypeError),
        ({"period": 100, "tick_hz": 0}, ZeroDivisionError),
        ({"freq": 0}, ZeroDivisionError),
        ({"period": 100, "colour": 1}, TypeError),
    ],
)
def test_timers_that_there_are_not(chip, settings, error):
    from machine import Timer

    with pytest.raises(error):
        Timer(**settings)


def test_a_negative_period_is_one_of_ages(chip):
    from machine import Timer

    Timer(period=-1, callback=print)
    chip.advance(10_000_000)


def test_a_stopped_timer_is_silent_and_one_shot_comes_once(chip):
    from machine import Timer

    seen = []
    timer = Timer(period=10, callback=lambda _: seen.append("periodic"))
    Timer(mode=Timer.ONE_SHOT, period=10, callback=lambda _: seen.append("once"))
    chip.advance(15_000)
    timer.deinit()
    chip.advance(100_000)
    assert seen == ["periodic", "once"]


@pytest.mark.parametrize(
    ("settings", "words"), [({"timeout": 8389}, "8388"), ({"timeout": -1}, "8388"), ({"id": 1}, "WDT")]
)
def test_watchdogs_that_there_are_not(chip, settings, words):
    from machine import WDT

    with pytest.raises(ValueError, match=words):
        WDT(**settings)


def test_a_second_watchdog_is_the_same_one(chip):
    from machine import WDT

    WDT(timeout=1000)
    second = WDT(timeout=8000)
    chip.advance(7_000_000)
    second.feed()
    chip.advance(7_000_000)


def test_a_register_that_is_not_modelled(chip):
    from machine import mem32

    with pytest.raises(RuntimeError, match="0x40058000"):
        mem32[0x40058000]
    with pytest.raises(RuntimeError):
        mem32[0x4005800D] = 1


@pytest.mark.parametrize(
    "settings", [{"start": 1}, {"start": -4096}, {"len": 100}, {"start": 4096, "len": 1408 * 1024}]
)
def test_flash_devices_that_there_are_not(chip, settings):
    import rp2

    with pytest.raises(ValueError):
        rp2.Flash(**settings)


def test_a_block_written_unerased_keeps_its_cleared_bits_and_nothing_is_said(chip):
    import rp2

    flash = rp2.Flash()
    flash.writeblocks(3, b"\xf0" * 256, 0)
    flash.writeblocks(3, b"\x0f" * 256, 0)
    into = bytearray(256)
    flash.readblocks(3, into)
    assert into == bytes(256)
    flash.writeblocks(3, b"\x0f" * SECTOR)  # without an offset it erases
    flash.readblocks(3, into)
    assert into == b"\x0f" * 256


@pytest.mark.parametrize(
    ("block", "data", "offset", "words"),
    [
        (0, bytes(255), 0, "whole pages"),
        (0, bytes(256), 1, "whole pages"),
        (0, bytes(256), None, "whole sectors"),
        (352, bytes(256), 0, "outside"),
        (-161, bytes(256), 0, "outside"),
        (-160, bytes(256), 0, "own image"),
    ],
)
def test_what_would_spoil_the_flash_unsaid_is_told_of(chip, block, data, offset, words):
    import rp2

    with pytest.raises(RuntimeError, match=words):
        rp2.Flash().writeblocks(block, data, *(() if offset is None else (offset,)))


def test_nothing_of_it_stays_installed():
    from importlib import import_module

    with installed(Chip()):
        pass
    assert "rp2" not in sys.modules
    assert "machine" not in sys.modules
    with pytest.raises(RuntimeError, match="no chip"):
        import_module("hal.stubs.machine").Pin(1)
