"""What single faults have found once (docs/findings.md). Each case failed before it was mended."""

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal import ports
from tools.fault_pumps import stand

HIGH = al.PRIORITY_HIGH


def shows(world, code):
    return world.status.therapy_alarms >> code & 1


def on(world, seconds):
    world.run(world.clock.ms + round(seconds * 1000))
    return world


def test_a_pump_whose_turns_stop_is_reset_by_its_watchdog():
    world = stand("infusing", "sustain")
    world.inject("turns_stop")
    on(world, 9)
    assert "the watchdog resets the pump" in [what for _, what in world.happened]
    assert on(world, 3).status.delivery == t.ST_INFUSING


@pytest.mark.parametrize("name", ["clock_stands", "clock_runs_off"])
@pytest.mark.parametrize("policy", ["sustain", "basal", "kvo", "stop"])
def test_a_clock_that_cannot_time_a_dose_is_found(name, policy):
    world = stand("infusing", policy)
    world.inject(name)
    on(world, 4)
    assert world.status.delivery == t.ST_FAILED and world.drive.relay == 0
    assert shows(world, al.AL_DOUBT)


@pytest.mark.parametrize("name", ["rtc_stands", "rtc_jumps"])
def test_an_rtc_that_is_wrong_is_told_from_a_clock_that_is(name):
    world = stand("infusing", "sustain")
    world.inject(name)
    on(world, 4)
    assert world.status.delivery == t.ST_INFUSING
    assert world.status.trust_alarms >> (al.AL_CLOCK - al.TRUST_BASE) & 1


@pytest.mark.parametrize("state", ["infusing", "bolus", "kvo"])
def test_a_flipped_hazard_stops_with_an_alarm_and_passes(state):
    world = stand(state, "kvo")
    world.inject("hazards_flipped")
    on(world, 0.2)
    assert world.status.delivery == t.ST_STOPPED
    assert shows(world, al.AL_DOOR) and world.status.priority == HIGH
    on(world, 1)
    world.press(ports.KEY_ACKNOWLEDGE)
    if state != "kvo":  # whose volume is over
        world.press(ports.KEY_START)
        assert on(world, 1).status.delivery == t.ST_INFUSING


def test_an_alarm_that_is_thought_present_is_shown_all_the_same():
    world = stand("infusing", "sustain")
    world.inject("alarms_present_flipped", bit=al.AL_DOUBT)
    world.inject("sensors_silent")
    on(world, 2)
    assert world.status.delivery == t.ST_FAILED and shows(world, al.AL_DOUBT)


@pytest.mark.parametrize("name", ["step_count_jump", "count_flipped"])
@pytest.mark.parametrize("state", ["infusing", "paused"])
def test_no_counter_leaps_4096_steps_in_a_tick(name, state):
    world = stand(state, "kvo")
    world.inject(name)
    on(world, 0.3)
    assert world.status.delivery == t.ST_FAILED and shows(world, al.AL_DOUBT)


def test_the_delivered_volume_is_held_against_the_counter():
    world = stand("paused", "kvo")
    world.inject("delivered_flipped")
    assert on(world, 10.2).status.delivery == t.ST_FAILED


def test_a_pause_of_less_than_a_second_is_no_stall():
    world = stand("infusing", "kvo")
    world.press(ports.KEY_PAUSE)
    on(world, 0.6)
    world.press(ports.KEY_START)
    assert on(world, 10).status.delivery == t.ST_INFUSING
    assert world.status.therapy_alarms == 0
