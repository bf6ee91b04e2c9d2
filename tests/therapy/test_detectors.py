"""Detectors beside what the claim shows: who is told, what is forgiven, what is forgotten."""

from types import SimpleNamespace

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import flow
from firmware.therapy import tables as t
from firmware.therapy.flow import FlowWatch
from firmware.therapy.plausible import Plausible
from firmware.therapy.selfcheck import CYCLE_TICKS, DOUBT, INTACT, Frame
from firmware.therapy.sequence import REPEATS, WINDOW_S, Sequence
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools import detector_table as table

SYRINGE, VOLUMETRIC = ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC


def infusing(head=VOLUMETRIC, rate=60_000, **fields):
    pump = IdealPump(head)
    if head == SYRINGE:
        pump.board.sensed.reservoir_ul = 50_000
        pump.board.sensed.size_um = 26_720
    rx = prescription(rate, head=head)
    for name, value in fields.items():
        setattr(rx, name, value)
    pump.start(rx)
    pump.run(2_000)
    assert pump.state == t.ST_INFUSING
    return pump


def stop_sensing(pump):
    """The fluid stands, whatever the motor does."""
    sensed = pump.board.sensed
    read = pump.board.read

    def stuck(readings):
        read(readings)
        readings.drips, readings.reservoir_ul = stands

    readings = ports.Readings()
    read(readings)
    stands = readings.drips, readings.reservoir_ul
    pump.board.read = stuck
    return sensed


@pytest.mark.parametrize("head", [SYRINGE, VOLUMETRIC])
@pytest.mark.parametrize("rate", [1_000, 5_000, 60_000])
def test_flow_that_stops_is_told_in_its_time_and_dosing_goes_on(head, rate):
    pump = infusing(head, rate)
    stop_sensing(pump)
    waited = 0
    while not pump.controller.alarms.is_shown(al.AL_FLOW_LOW):
        pump.tick()
        waited += 1
        assert waited <= table.short_s(head, rate) * 10
    assert pump.state == t.ST_INFUSING
    assert pump.status.priority == al.PRIORITY_HIGH
    assert waited >= 100


@pytest.mark.parametrize(
    ("key", "after_s"), [(ports.KEY_PATIENT_BOLUS, flow.PATIENT_BOLUS_S), (ports.KEY_CLINICIAN_BOLUS, 180)]
)
def test_a_patients_bolus_is_watched_more_closely(key, after_s):
    pump = infusing(SYRINGE, 100, patient_ul=20_000, patient_ul_h=4_900, clinician_ul=20_000, clinician_ul_h=4_900)
    stop_sensing(pump)
    pump.press(key)
    told_s = 0
    while not pump.controller.alarms.is_shown(al.AL_FLOW_LOW):
        pump.run(1_000)
        told_s += 1
    assert pump.state == t.ST_BOLUS
    assert after_s - 5 <= told_s <= table.short_s(SYRINGE, 5_000, key == ports.KEY_PATIENT_BOLUS)


def test_flow_that_comes_back_ends_the_alarm():
    pump = infusing()
    read = pump.board.read
    stop_sensing(pump)
    pump.run(20_000)
    assert pump.controller.alarms.is_shown(al.AL_FLOW_LOW)
    pump.board.read = read
    pump.run(3_000)
    assert not pump.controller.alarms.is_shown(al.AL_FLOW_LOW)


def test_a_flow_in_a_pause_is_told_although_nothing_is_armed_there():
    pump = infusing()
    pump.press(ports.KEY_PAUSE)
    pump.run(3_000)
    for _ in range(8):
        pump.board.sensed.drips += 1
        pump.run(1_000)
    assert pump.state == t.ST_PAUSED
    assert (pump.status.alarm, pump.status.priority) == (al.AL_FREE_FLOW, al.PRIORITY_HIGH)
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.state == t.ST_PAUSED  # a person must look first
    pump.press(ports.KEY_ACKNOWLEDGE)
    pump.press(ports.KEY_START)
    pump.run(2_000)
    assert (pump.state, pump.status.priority) == (t.ST_INFUSING, al.PRIORITY_NONE)


def test_a_syringe_that_is_changed_in_a_pause_is_no_flow():
    pump = infusing(SYRINGE)
    sensed = pump.board.sensed
    pump.press(ports.KEY_PAUSE)
    sensed.flags |= ports.RF_CLAMP_OPEN
    pump.run(3_000)
    sensed.reservoir_ul = 59_000
    sensed.flags &= ~ports.RF_CLAMP_OPEN
    pump.run(3_000)
    pump.press(ports.KEY_ACKNOWLEDGE)
    pump.press(ports.KEY_START)
    pump.run(10_000)
    assert (pump.state, pump.status.priority) == (t.ST_INFUSING, al.PRIORITY_NONE)


def test_a_barrel_that_is_not_sensed_any_more_is_out_of_place():
    pump = infusing(SYRINGE)
    pump.board.sensed.size_um = -1
    pump.run(1_100)
    assert (pump.state, pump.status.alarm) == (t.ST_STOPPED, al.AL_NOT_LOADED)
    never = IdealPump(SYRINGE)
    never.start(prescription(60_000, head=SYRINGE))
    never.run(3_000)
    assert never.state == t.ST_INFUSING  # a head without such a sensor


@pytest.mark.parametrize("head", [SYRINGE, VOLUMETRIC])
def test_a_head_without_a_flow_sensor_is_not_accused(head):
    pump = infusing(head)
    read = pump.board.read

    def blind(readings):
        read(readings)
        readings.drips = readings.reservoir_ul = -1

    pump.board.read = blind
    pump.controller.detectors.plausible = Plausible(head)
    pump.controller.detectors.flow = FlowWatch(head, pump.controller.alarms, pump.controller.interlocks)
    pump.run(60_000)
    assert (pump.state, pump.status.priority) == (t.ST_INFUSING, al.PRIORITY_NONE)


def test_the_encoder_may_fall_behind_and_never_makes_up_for_it():
    def odd(*counts):
        plausible = Plausible(VOLUMETRIC)
        readings = ports.Readings()
        found = False
        before = 0
        for counter, encoder in counts:
            readings.step_count, readings.encoder_count = counter, encoder
            found = plausible.tick(readings, counter - before, 100)
            before = counter
        return found

    assert not odd((0, 0), (100, 90), (200, 180), (300, 280))
    assert odd((0, 0), (100, 90), (200, 199), (300, 299), (400, 399))
    assert odd((0, 0), (0, 3), (0, 3), (0, 3))
    assert not odd((0, 0), (0, 3), (0, 0), (0, 3), (0, 0))


def test_the_frame_takes_as_many_checks_as_its_cycle_has_ticks():
    pump = IdealPump()
    frame = Frame(pump.controller.delivery, pump.controller.trust)
    seen = []
    while frame.register(lambda: seen.append(1) or INTACT, DOUBT):
        pass
    assert all(frame.tick() == 0 for _ in range(3 * CYCLE_TICKS))
    assert 0 < len(seen) <= 3 * CYCLE_TICKS


def test_a_sequence_is_of_one_alarm_and_ages():
    def starts(sequence, hazards, count, wait_s=0):
        for _ in range(count):
            sequence.stopped(hazards)
            sequence.started()
            sequence.second(wait_s)

    door, air = 1 << al.AL_DOOR, 1 << al.AL_AIR
    sequence = Sequence()
    starts(sequence, door, REPEATS - 1)
    sequence.stopped(air)
    assert not sequence.is_due()
    sequence.stopped(door)
    assert sequence.is_due()
    sequence.forget()
    assert not sequence.is_due()
    starts(sequence, door, 3 * REPEATS, WINDOW_S // (REPEATS - 1))
    sequence.stopped(door)
    assert not sequence.is_due()
    starts(sequence, 0, REPEATS)  # a policy's stop is no alarm
    sequence.stopped(0)
    assert not sequence.is_due()


def test_thresholds_leave_room_for_what_sensors_do_by_chance():
    """A drop, or the level's noise evened out, with as much again (figures of the simulated sensors)."""
    assert flow.SHORT_DROPS_UL >= flow.DROP_UL * 3 // 2
    assert flow.OVER_DROPS_UL >= flow.DROP_UL * 3
    assert flow.SHORT_SYRINGE_UL >= 60
    assert flow.OVER_SYRINGE_UL >= 60


class Shown:
    """A watch over a pump that shows a rate; `counted` is what its counter has counted."""

    def __init__(self, rate_ul_h):
        self.pump = IdealPump()
        self.watch = FlowWatch(VOLUMETRIC, self.pump.controller.alarms, self.pump.controller.interlocks)
        self.counted = SimpleNamespace(ul=0)
        self.dose = SimpleNamespace(delivered=self.counted, dosing=SimpleNamespace(steps=0, step_volume=1))
        self.status = SimpleNamespace(rate_ul_h=rate_ul_h, bolus=0)
        self.readings = ports.Readings()
        self.readings.drips = -1

    def is_told_after(self, seconds=1):
        self.watch.second(self.readings, t.ST_INFUSING, seconds, self.dose, self.status)
        return self.pump.controller.alarms.present >> al.AL_FLOW_LOW & 1 != 0


@pytest.mark.parametrize("rate", [1_000, 25_000, 100_000, 1_200_000])
def test_a_rate_that_is_shown_and_not_counted_is_told_in_its_time(rate):
    pump = Shown(rate)
    told_s = next(second for second in range(10_000) if pump.is_told_after())
    due_s = flow.UNCOUNTED_S + flow.UNCOUNTED_UL * 3600 / rate
    assert due_s <= told_s <= due_s + 2  # the first look only begins


def test_what_is_counted_again_ends_the_alarm():
    pump = Shown(100_000)
    assert [pump.is_told_after() for _ in range(20)][-1]
    for _ in range(200):
        pump.counted.ul += 28
        told = pump.is_told_after()
    assert not told


def test_a_stall_past_a_lease_is_not_yet_a_flow_that_is_missing():
    pump = Shown(600_000)
    for _ in range(100):
        pump.counted.ul += 166
        assert not pump.is_told_after()
    pump.counted.ul += 500  # of five seconds, three
    assert not pump.is_told_after(5)
