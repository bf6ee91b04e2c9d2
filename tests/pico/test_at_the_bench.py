"""The whole panel with the whole firmware: a person types a programme, reads the display, and things happen.

Drive, store and network are the simulator's; what is sensed and shown goes over the drivers of
hal/pico and models of their parts, which the plant moves.
"""

import dataclasses

import pytest

from firmware.app import App
from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal import ports
from hal.pico import pins
from simulator.files.programme import find_programme, load_programme
from simulator.standins.gatekeeper import ScriptedGatekeeper
from simulator.world import World
from tests.pico.desk import desk
from tests.pico.reading import screen

PLAIN = {ports.KEY_START: "A", ports.KEY_PAUSE: "B", ports.KEY_CONFIRM: "#", ports.KEY_CANCEL: "*"}
SECOND = {ports.KEY_PROGRAMME: "A", ports.KEY_ACKNOWLEDGE: "C", ports.KEY_STANDBY: "B"}
KEPT = ports.RF_GATE_SHUT | ports.RF_LINK_UP
EPOCH = 1_577_836_800


class Panelled:
    """A simulated board whose sensors and panel are the Pico's."""

    def __init__(self, inner, d):
        from hal.pico.fitted import LINK_UART, Fitted

        self.inner = inner
        self.d = d
        self.fitted = Fitted(link=LINK_UART)
        self.rtc = self.fitted.rtc
        self.typing = []  # keys, then None for a turn with none down
        self.longest_us = 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def read(self, r):
        d, plant, ms = self.d, self.inner.plant, self.inner.clock.ms
        d.chip.advance(max(ms * 1000 - d.chip.us, 0))
        self.inner.read(r)
        self._person(r)
        self._world(plant, ms)
        before = d.chip.us
        r.flags &= KEPT
        for part in self.fitted.sensors:
            if part is not self.fitted.link and part.read(r):
                r.flags |= ports.RF_SENSOR_FAULT
        r.rtc_s = self.rtc.read_s()
        self.longest_us = max(self.longest_us, d.chip.us - before)

    def show(self, status):
        for part in self.fitted.panel:
            part.show(status)
        for _ in range(8):  # the main loop, until the next turn
            for part in (*self.fitted.sensors, *self.fitted.panel, self.fitted.identity):
                if hasattr(part, "idle"):
                    part.idle(self.d.now_ms())
            self.d.chip.advance(4000)

    def _person(self, r):
        if r.key in PLAIN:
            self.type(PLAIN[r.key])
        elif r.key in SECOND:
            self.type("D", SECOND[r.key])
        elif r.key >= ports.KEY_FIELD:
            self.type(*f"{r.key - ports.KEY_FIELD}*{r.key_value}#")
        self.d.release()
        if self.typing:
            key = self.typing.pop(0)
            if key:
                self.d.press(key)

    def type(self, *keys):
        for key in keys:
            self.typing += [key, None, None]

    def _world(self, plant, ms):
        d = self.d
        d.chip.wire(pins.STOP).set(0 if plant.stop_held else 1)
        d.closed = (
            plant.key_switch << pins.SWITCH_KEY | (not plant.clamp_open) << pins.SWITCH_CLAMP
            | (not plant.plunger_off) << pins.SWITCH_PLUNGER | plant.mains << pins.SWITCH_MAINS
        )  # fmt: skip
        d.counts["pressure"] = int(65_536 * (0.1 + 0.8 * (plant.down_mmhg(ms) + 100) / 1600))
        d.counts["plunger"] = int(65_536 * (0.02 + 0.96 * plant.reservoir_ul(ms) / 56_074))
        d.counts["temperature"] = int((0.706 - (plant.temperature_dc - 270) * 0.0001721) / 3.3 * 65_536)


@pytest.fixture
def pump():
    """A pump at standby, its programme being typed."""
    programme = dataclasses.replace(
        load_programme(find_programme("norepinephrine-8h")), reservoir_ul=50_000, events=(), faults=()
    )
    with desk(0) as d:
        d.rtc.set_unix(EPOCH + 200_000_000)
        boards = []

        def make_app(board):
            boards.append(Panelled(board, d))
            return App(boards[-1], ScriptedGatekeeper())

        with World(programme, make_app=make_app) as world:
            world.bench = boards[0]
            world.d = d
            yield world


def _until(world, state, within_s):
    end = world.clock.ms + within_s * 1000
    while world.clock.ms < end and world.status.delivery != state:
        world.tick()
    assert world.status.delivery == state, screen(world.d.display)


def _lit(d):
    return d.chip.wire(pins.LAMP_RED).level()


def test_a_programme_is_typed_runs_and_is_stopped(pump):
    d = pump.d
    _until(pump, t.ST_PROGRAMMING, 10)
    _until(pump, t.ST_INFUSING, 60)
    began_ms, began_ul = pump.clock.ms, pump.plant.delivered_ul(pump.clock.ms)
    pump.run(began_ms + 300_000)
    assert screen(d.display)[:3] == ["   6.562", "mL/h", "INFUSING"]
    given = pump.plant.delivered_ul(pump.clock.ms) - began_ul
    assert given == pytest.approx(6562 * 300 / 3600, rel=0.05)
    assert pump.home.app.readings.rtc_s == pytest.approx(200_000_000 + pump.clock.ms // 1000, abs=1)
    assert pump.bench.longest_us < 5000
    pump.press(ports.KEY_STOP)
    pump.tick()
    pump.tick()
    assert pump.status.delivery not in (t.ST_INFUSING, t.ST_BOLUS)
    pump.run(pump.clock.ms + 2000)
    assert screen(d.display)[0] == "       0"


@pytest.mark.parametrize(
    ("verb", "alarm", "word", "within_s"),
    [("clamp_open", al.AL_NOT_LOADED, "NOT LOAD", 2), ("plunger_off", al.AL_NOT_LOADED, "NOT LOAD", 2)],
)
def test_what_a_switch_senses_stops_the_flow_and_is_shown(pump, verb, alarm, word, within_s):
    _until(pump, t.ST_INFUSING, 60)
    pump.disturb(verb)
    _until(pump, t.ST_STOPPED, within_s)
    assert (pump.status.alarm, pump.status.priority) == (alarm, al.PRIORITY_HIGH)
    lit, sounds = set(), set()
    for _ in range(40):
        pump.tick()
        lit.add(_lit(pump.d))
        sounds.add(pump.d.chip.wire(pins.SOUNDER).pwm[1] > 0)
    assert lit == {0, 1}
    assert sounds == {False, True}
    assert screen(pump.d.display)[1:3] == ["mL/h    STOPPED", word]


def test_an_occlusion_is_seen_through_the_converter(pump):
    _until(pump, t.ST_INFUSING, 60)
    pump.disturb("occlude_downstream")
    _until(pump, t.ST_STOPPED, 2400)
    assert pump.status.alarm == al.AL_OCCLUSION_DOWN
    pump.run(pump.clock.ms + 2000)
    assert screen(pump.d.display)[2] == "OCCL DN"


def test_a_display_and_a_reader_that_die_leave_the_dose_alone_and_a_dead_expander_does_not(pump):
    _until(pump, t.ST_INFUSING, 60)
    pump.d.display.present = False
    pump.d.rtc.present = False
    pump.d.reader.present = False
    pump.run(pump.clock.ms + 30_000)
    assert pump.status.delivery == t.ST_INFUSING
    assert pump.home.app.readings.rtc_s == -1
    pump.d.switches.present = False
    _until(pump, t.ST_FAILED, 5)
    assert not pump.drive.relay


def test_a_broken_pressure_wire_is_doubt_and_cuts_power(pump):
    _until(pump, t.ST_INFUSING, 60)
    pump.d.chip.analogue[0] = lambda: 0
    _until(pump, t.ST_FAILED, 5)
    assert pump.status.alarm == al.AL_DOUBT
    assert not pump.drive.relay


def test_the_bus_held_once_costs_a_turn_or_two_and_no_dose(pump):
    _until(pump, t.ST_INFUSING, 60)
    plan = iter(["hold"])
    pump.d.rtc.plan = lambda: next(plan, None)
    pump.run(pump.clock.ms + 20_000)
    assert pump.status.delivery == t.ST_INFUSING
    assert pump.bench.longest_us < 12_000
