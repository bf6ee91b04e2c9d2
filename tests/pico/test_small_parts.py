"""Clock, pacer, watchdog, scratch word, entropy and relay of the Pico board."""

import pytest

from firmware.trust.scratch import COMMS_POLLED, Marks
from hal import ports
from hal.compat import MASK
from hal.pico import pins
from hal.stubs import Chip, installed
from hal.stubs.chip import ChipReset


def test_the_clock_counts_modulo_2_to_the_30():
    with installed(Chip(us=((1 << 30) - 50) * 1000)) as chip:
        from hal.pico.clock import TicksClock

        clock = TicksClock()
        assert clock.ticks_ms() == MASK - 49
        chip.advance(60_000)
        assert clock.ticks_ms() == 10


def test_the_pacer_keeps_its_beat_and_a_stall_gives_no_more_than_one_turn_late():
    with installed(Chip()) as chip:
        from hal.pico.clock import TicksClock
        from hal.pico.pacer import SoftTimerPacer

        turns = []
        pacer = SoftTimerPacer(TicksClock(), [])
        assert pacer.start(lambda _: turns.append(chip.us), 100) == ports.OK
        for _ in range(500):
            assert pacer.rest()
        assert turns == [100_000 * (index + 1) for index in range(10)]
        chip.stall(2_000_000)
        assert len(turns) == 18  # the scheduler holds eight, the rest is dropped
        assert set(turns[10:]) == {3_000_000}


def test_slow_parts_work_in_the_rests_and_one_that_raises_is_counted():
    class Slow:
        seen = 0

        def idle(self, now_ms):
            self.seen += 1
            raise OSError("the bus")

    with installed(Chip()):
        from hal.pico.clock import TicksClock
        from hal.pico.pacer import SoftTimerPacer

        slow = Slow()
        pacer = SoftTimerPacer(TicksClock(), [slow])
        assert pacer.rest()
        assert pacer.rest()
        assert (slow.seen, pacer.failures) == (2, 2)


def test_the_watchdog_starts_with_the_first_feed_and_bites():
    with installed(Chip()) as chip:
        from hal.pico.watchdog import ChipWatchdog

        watchdog = ChipWatchdog()
        chip.advance(20_000_000)
        watchdog.feed()
        for _ in range(10):
            chip.advance(8_000_000)
            watchdog.feed()
        with pytest.raises(ChipReset):
            chip.advance(8_400_000)
        assert chip.reset_cause == 3


def test_the_scratch_word_outlives_a_reset_and_not_a_loss_of_power():
    chip = Chip()
    with installed(chip):
        from hal.pico.scratch import ScratchWord

        word = ScratchWord()
        assert word.read() == 0
        Marks(word).of_loop(COMMS_POLLED, True)
        with pytest.raises(ChipReset):
            chip.reset(3)
    with installed(chip):
        from hal.pico.scratch import ScratchWord

        marks = Marks(ScratchWord())
        assert marks.warm
        assert marks.comms_is_held()
        chip.lose_power()
    with installed(chip):
        from hal.pico.scratch import ScratchWord

        assert not Marks(ScratchWord()).warm


def test_a_register_that_holds_somebody_elses_word_reads_0():
    with installed(Chip()) as chip:
        from hal.pico.scratch import ScratchWord

        chip.registers[0x4005800C] = 0xB007C0D3
        assert ScratchWord().read() == 0


def test_entropy_fills_and_tells_a_generator_that_stands(monkeypatch):
    with installed(Chip()):
        from hal.pico import entropy

        into = bytearray(32)
        assert entropy.RingOscillator().fill(into) == ports.OK
        assert len(set(into)) > 4
        monkeypatch.setattr(entropy.os, "urandom", lambda count: b"\x55" * count)
        assert entropy.RingOscillator().fill(into) == ports.ERR_FAILED


def test_the_relay_is_open_until_it_is_closed_and_when_the_chip_resets():
    with installed(Chip()) as chip:
        from hal.pico.relay import Relay

        relay = Relay()
        wire = chip.wire(pins.RELAY)
        assert wire.level() == 0
        relay.drive(1)
        assert wire.level() == 1
        with pytest.raises(ChipReset):
            chip.reset(3)
        assert wire.level() == 0
