"""The whole Pico: every driver, the library in its flash, the loop of firmware.main; a person types and it infuses."""

import dataclasses

import pytest

from firmware.app import App
from firmware.main import Loop
from firmware.therapy import tables as t
from firmware.trust.gatekeeper import Gatekeeper
from hal import ports
from hal.pico import pins
from hal.stubs import installed
from hal.stubs.chip import ChipReset
from simulator.files.library import compile_library
from simulator.files.programme import find_programme, load_programme
from tests.pico.desk import Desk
from tests.pico.reading import screen
from tests.pico.test_at_the_bench import PLAIN, SECOND
from tests.pico.wiring import Bench

RATE_ML_H = 6.562
STEP_ML = 126_167 / 3.6e9


class Whole:
    """A Pico with everything on it. `run` is its main loop, idle work and all."""

    def __init__(self, bench, desk):
        from hal.pico.board import make_board
        from hal.pico.fitted import LINK_UART, Fitted

        self.bench, self.desk, self.chip = bench, desk, bench.chip
        self.board = make_board(Fitted(link=LINK_UART))
        self.app = App(self.board, Gatekeeper(self.board.counter, self.board.clock))
        self.loop = Loop(self.app, self.board.pacer, self.board.clock)

    def run(self, ms):
        """What Loop.run does, so long."""
        end = self.chip.us + ms * 1000
        while self.chip.us < end:
            assert self.board.pacer.rest()
            self.app.background()

    def until(self, state, ms):
        end = self.chip.us + ms * 1000
        while self.chip.us < end and self.app.controller.delivery.state != state:
            self.run(100)
        assert self.app.controller.delivery.state == state, screen(self.desk.display)

    def type(self, *keys):
        for key in keys:
            self.desk.press(key)
            self.run(150)
            self.desk.release()
            self.run(150)

    def programme(self, programme):
        for key, value in programme.keys():  # noqa: SIM118 (no dict)
            if key in PLAIN:
                self.type(PLAIN[key])
            elif key in SECOND:
                self.type("D", SECOND[key])
            elif key >= ports.KEY_FIELD:
                self.type(*f"{key - ports.KEY_FIELD}*{value}#")


@pytest.fixture
def programme():
    loaded = load_programme(find_programme("norepinephrine-8h"))
    return dataclasses.replace(loaded, events=(), faults=())


@pytest.fixture
def pico(programme, tmp_path, monkeypatch):
    """One that has booted, its library put there as a tool for provisioning does."""
    monkeypatch.chdir(tmp_path)  # the Pico's file system: no wifi.txt
    bench = Bench()
    desk = Desk(bench.chip)
    desk.rtc.set_unix(1_777_836_800)
    desk.counts["pressure"] = int(65_536 * (0.1 + 0.8 * 108 / 1600))
    desk.counts["plunger"] = 60_000
    with installed(bench.chip):
        from hal.pico.flash_store import FlashStore, Region

        FlashStore(Region()).write(ports.AREA_LIBRARY, 0, compile_library(programme.library))
        yield Whole(bench, desk)


def test_a_programme_is_typed_and_infused_and_stop_stops_it(pico, programme):
    pico.until(t.ST_STANDBY, 5_000)
    pico.programme(programme)
    pico.until(t.ST_INFUSING, 5_000)
    began = pico.bench.turned
    pico.run(30_000)
    given_ml = (pico.bench.turned - began) * STEP_ML
    assert given_ml == pytest.approx(RATE_ML_H / 120, rel=0.02)
    readings = pico.app.readings
    assert readings.step_count == pytest.approx(readings.encoder_count, abs=4)
    assert not readings.flags & (ports.RF_SENSOR_FAULT | ports.RF_GATE_SHUT)
    assert screen(pico.desk.display)[:3] == ["   6.562", "mL/h", "INFUSING"]
    assert (pico.board.failures, pico.loop.raised, pico.board.pacer.failures) == (0, 0, 0)
    pico.bench.stop(True)
    made = len(pico.bench.pulses)
    pico.run(300)
    assert len(pico.bench.pulses) == made
    assert pico.app.controller.delivery.state not in (t.ST_INFUSING, t.ST_BOLUS)
    assert pico.app.readings.flags & ports.RF_GATE_SHUT


def test_a_turn_takes_the_wires_a_small_part_of_its_time(pico, programme):
    """Time that its calls take on the buses; the interpreter's own is not in it."""
    pico.until(t.ST_STANDBY, 5_000)
    pico.programme(programme)
    pico.until(t.ST_INFUSING, 5_000)
    worst = 0
    for _ in range(20):
        pico.run(97)
        before = pico.chip.us
        pico.board.read(pico.app.readings)
        pico.board.write(pico.app.drive)
        pico.board.show(pico.app.controller.status)
        worst = max(worst, pico.chip.us - before)
    assert worst < 5_000


def test_the_bus_cut_off_in_mid_infusion_is_a_flag_and_stops_the_flow_and_nothing_raises(pico, programme):
    pico.until(t.ST_STANDBY, 5_000)
    pico.programme(programme)
    pico.until(t.ST_INFUSING, 5_000)
    pico.chip.i2c[0].clear()
    pico.run(3_000)
    assert pico.app.readings.flags & ports.RF_SENSOR_FAULT
    assert pico.loop.raised == 0
    assert pico.app.readings.rtc_s == -1


def test_hung_at_the_keypad_it_is_reset_and_goes_on(pico, programme):
    pico.until(t.ST_STANDBY, 5_000)
    pico.programme(programme)
    pico.until(t.ST_INFUSING, 5_000)
    pico.run(5_000)
    with pytest.raises(ChipReset):
        pico.chip.stall(30_000_000)
    assert pico.chip.wire(pins.RELAY).level() == 0
    made = pico.bench.turned
    pico.bench.start()
    with installed(pico.chip):
        again = Whole(pico.bench, pico.desk)
        again.until(t.ST_INFUSING, 4_000)
        again.run(2_000)
        assert again.bench.turned > made
