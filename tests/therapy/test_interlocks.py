"""Interlocks by themselves: each hazard at its threshold, what clears it, and what only a person can clear."""

from types import SimpleNamespace

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import interlocks as il
from firmware.therapy.heads import SIZE_TOLERANCE_UM
from firmware.therapy.interlocks import Interlocks
from hal import ports

STEP = 225_000
MICROLITRE = 16  # steps of the volumetric head


class Alarms:
    """Remembers what sounds."""

    def __init__(self):
        self.on = set()
        self.cleared = []

    def raise_(self, code):
        self.on.add(code)

    def clear(self, code):
        self.on.discard(code)
        self.cleared.append(code)

    def set(self, code, holds):
        (self.on.add if holds else self.on.discard)(code)


def rig(head=ports.HEAD_VOLUMETRIC, armed=True, **rx):
    interlocks = Interlocks(head, Alarms())
    interlocks.armed = armed
    r = ports.Readings()
    values = {"pressure_mmhg": 400, "air_single_ul": 50, "syringe": 5} | rx
    step = STEP if head == ports.HEAD_VOLUMETRIC else 126_167
    interlocks.prescribe(SimpleNamespace(**values), step, r)
    return interlocks, r


def has(interlocks, code):
    return interlocks.hazards >> code & 1 == 1


def sounds(interlocks, code):
    return code in interlocks._alarms.on


def check(interlocks, r, moved=0, elapsed_ms=100):
    r.step_count += moved
    return interlocks.check(r, moved, elapsed_ms)


def test_the_figures_are_those_of_their_sources():
    assert (il.UP_LIMIT_MMHG, il.HEAT_DC, il.HEAT_CLEAR_DC) == (-52, 550, 500)
    assert (il.EMPTY_UL, il.EMPTY_CLEAR_UL, il.STALL_UL, il.FREE_DRIPS) == (500, 600, 40, 3)
    assert il.DEFAULT_PRESSURE_MMHG == 525


def test_a_calm_pump_has_no_hazard_and_no_alarm():
    for head in (ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC):
        interlocks, r = rig(head)
        for _ in range(50):
            assert check(interlocks, r) == 0
            interlocks.second(r)
        assert interlocks._alarms.on == set()
        assert interlocks._alarms.cleared == []


def test_before_any_prescription_the_limits_are_the_usual_ones():
    interlocks = Interlocks(ports.HEAD_SYRINGE, Alarms())
    r = ports.Readings()
    assert interlocks.pressure_mmhg == il.DEFAULT_PRESSURE_MMHG
    assert not interlocks.armed
    for size in (5_000, 0, -1):  # any barrel may lie there
        r.size_um = size
        interlocks.second(r)
        assert interlocks.hazards == 0
    r.step_count = 1 << 20
    interlocks.check(r, 1, 100)
    assert interlocks.hazards == 0
    r.step_count += 1
    interlocks.check(r, 1, 100)
    assert has(interlocks, al.AL_MOTOR)


def test_before_any_prescription_any_bubble_is_one():
    interlocks = Interlocks(ports.HEAD_VOLUMETRIC, Alarms())
    r = ports.Readings()
    r.flags |= ports.RF_AIR
    interlocks.check(r, 0, 100)
    assert has(interlocks, al.AL_AIR)


# Pressure.


@pytest.mark.parametrize(("mmhg", "stops"), [(399, False), (400, True), (401, True)])
def test_pressure_downstream_at_the_limit(mmhg, stops):
    interlocks, r = rig()
    r.down_mmhg = mmhg
    check(interlocks, r)
    assert interlocks.hazards == (1 << al.AL_OCCLUSION_DOWN if stops else 0)
    assert sounds(interlocks, al.AL_OCCLUSION_DOWN) == stops


@pytest.mark.parametrize(("mmhg", "still"), [(399, True), (300, True), (299, False)])
def test_an_occlusion_is_gone_below_three_quarters_of_the_limit(mmhg, still):
    interlocks, r = rig()
    r.down_mmhg = 400
    check(interlocks, r)
    r.down_mmhg = mmhg
    check(interlocks, r)
    assert has(interlocks, al.AL_OCCLUSION_DOWN) == still
    assert interlocks._alarms.cleared == ([] if still else [al.AL_OCCLUSION_DOWN])


@pytest.mark.parametrize(("mmhg", "stops"), [(-51, False), (-52, False), (-53, True)])
def test_suction_upstream_past_the_limit(mmhg, stops):
    interlocks, r = rig()
    r.up_mmhg = mmhg
    check(interlocks, r)
    assert interlocks.hazards == (1 << al.AL_OCCLUSION_UP if stops else 0)


@pytest.mark.parametrize(("mmhg", "still"), [(-52, True), (-27, True), (-26, True), (-25, False), (0, False)])
def test_an_upstream_occlusion_is_gone_above_half_the_limit(mmhg, still):
    interlocks, r = rig()
    r.up_mmhg = -60
    check(interlocks, r)
    r.up_mmhg = mmhg
    check(interlocks, r)
    assert has(interlocks, al.AL_OCCLUSION_UP) == still


def test_one_occlusion_does_not_clear_the_other():
    interlocks, r = rig()
    r.down_mmhg, r.up_mmhg = 400, -60
    assert check(interlocks, r) == 3
    r.down_mmhg = 0
    assert check(interlocks, r) == 2
    r.down_mmhg, r.up_mmhg = 400, 0
    assert check(interlocks, r) == 1


def test_what_was_never_there_is_not_cleared():
    interlocks, r = rig()
    r.down_mmhg, r.up_mmhg = 399, -52
    check(interlocks, r)
    r.down_mmhg, r.up_mmhg = 0, 0
    check(interlocks, r)
    assert interlocks._alarms.cleared == []


# Flags.


@pytest.mark.parametrize(
    ("head", "flag", "code"),
    [
        (ports.HEAD_VOLUMETRIC, ports.RF_DOOR_OPEN, al.AL_DOOR),
        (ports.HEAD_VOLUMETRIC, ports.RF_CLAMP_OPEN, al.AL_NOT_LOADED),
        (ports.HEAD_SYRINGE, ports.RF_CLAMP_OPEN, al.AL_NOT_LOADED),
        (ports.HEAD_SYRINGE, ports.RF_PLUNGER_OFF, al.AL_NOT_LOADED),
        (ports.HEAD_VOLUMETRIC, ports.RF_MOTOR_FAULT, al.AL_MOTOR),
        (ports.HEAD_SYRINGE, ports.RF_MOTOR_FAULT, al.AL_MOTOR),
    ],
)
def test_each_flag_is_its_hazard(head, flag, code):
    interlocks, r = rig(head)
    r.flags |= flag
    assert check(interlocks, r) == 1 << code
    assert interlocks._alarms.on == {code}
    r.flags &= ~flag
    check(interlocks, r)
    if head == ports.HEAD_SYRINGE and code == al.AL_NOT_LOADED:
        assert has(interlocks, code)  # the next second judges clamp, plunger and barrel together
        r.size_um = 26_720
        interlocks.second(r)
    assert has(interlocks, code) == (code == al.AL_MOTOR)


def test_a_plunger_is_nothing_to_a_volumetric_head():
    interlocks, r = rig()
    r.flags |= ports.RF_PLUNGER_OFF
    assert check(interlocks, r) == 0


def test_each_hazard_flag_sounds_again_once_flow_is_meant():
    """An alarm that was not armed when the flag rose sounds as soon as it is."""
    for head, flag, code in [
        (ports.HEAD_VOLUMETRIC, ports.RF_DOOR_OPEN, al.AL_DOOR),
        (ports.HEAD_VOLUMETRIC, ports.RF_CLAMP_OPEN, al.AL_NOT_LOADED),
        (ports.HEAD_SYRINGE, ports.RF_PLUNGER_OFF, al.AL_NOT_LOADED),
        (ports.HEAD_SYRINGE, ports.RF_MOTOR_FAULT, al.AL_MOTOR),
    ]:
        interlocks, r = rig(head, armed=False)
        r.flags |= flag
        check(interlocks, r)
        assert has(interlocks, code)
        assert not sounds(interlocks, code)
        interlocks.armed = True
        check(interlocks, r)
        assert sounds(interlocks, code)


def test_running_on_battery_is_told_armed_or_not():
    interlocks, r = rig(armed=False)
    r.flags &= ~ports.RF_MAINS
    assert check(interlocks, r) == 0
    assert sounds(interlocks, al.AL_ON_BATTERY)
    r.flags |= ports.RF_MAINS
    check(interlocks, r)
    assert not sounds(interlocks, al.AL_ON_BATTERY)


def test_a_pump_that_wakes_on_battery_says_so():
    interlocks = Interlocks(ports.HEAD_VOLUMETRIC, Alarms())
    r = ports.Readings()
    r.flags = 0
    interlocks.check(r, 0, 100)
    assert sounds(interlocks, al.AL_ON_BATTERY)


def test_flags_are_judged_on_change_alone():
    """But for hazards: an alarm set elsewhere is not told off by each tick."""
    interlocks, r = rig()
    interlocks._alarms.on.add(al.AL_ON_BATTERY)
    check(interlocks, r)
    assert sounds(interlocks, al.AL_ON_BATTERY)
    r.flags |= ports.RF_LINK_UP
    check(interlocks, r)
    assert not sounds(interlocks, al.AL_ON_BATTERY)
    interlocks._alarms.on.add(al.AL_ON_BATTERY)
    check(interlocks, r)
    assert sounds(interlocks, al.AL_ON_BATTERY)


# Air.


def limit_steps():
    return 50 * 3600 // (STEP // 1000 + 1)


def test_a_bubble_counts_by_what_is_moved_while_it_is_seen():
    interlocks, r = rig()
    assert interlocks.air_steps == limit_steps() == 796
    r.flags |= ports.RF_AIR
    check(interlocks, r, 700)
    check(interlocks, r, 96)
    assert not has(interlocks, al.AL_AIR)
    check(interlocks, r, 1)
    assert has(interlocks, al.AL_AIR)
    assert sounds(interlocks, al.AL_AIR)


def test_moving_back_makes_no_bubble_shorter():
    interlocks, r = rig()
    r.flags |= ports.RF_AIR
    check(interlocks, r, 700)
    check(interlocks, r, -300)
    check(interlocks, r, 97)
    assert has(interlocks, al.AL_AIR)


def test_a_bubble_that_has_passed_is_forgotten():
    interlocks, r = rig()
    r.flags |= ports.RF_AIR
    check(interlocks, r, 790)
    r.flags &= ~ports.RF_AIR
    check(interlocks, r)
    r.flags |= ports.RF_AIR
    check(interlocks, r, 700)
    check(interlocks, r, 96)
    assert not has(interlocks, al.AL_AIR)
    check(interlocks, r, 1)
    assert has(interlocks, al.AL_AIR)
    r.flags &= ~ports.RF_AIR
    check(interlocks, r)
    assert not has(interlocks, al.AL_AIR)
    assert al.AL_AIR in interlocks._alarms.cleared


def test_where_any_bubble_stops_one_that_stands_does():
    interlocks, r = rig(air_single_ul=0)
    r.flags |= ports.RF_AIR
    check(interlocks, r, 0)
    assert has(interlocks, al.AL_AIR)
    r.flags &= ~ports.RF_AIR
    check(interlocks, r, 0)
    assert not has(interlocks, al.AL_AIR)


def test_a_bubble_that_stands_counts_as_one_step():
    interlocks, r = rig()
    interlocks.air_steps = 1
    r.flags |= ports.RF_AIR
    check(interlocks, r, 0)
    check(interlocks, r, 0)
    assert not has(interlocks, al.AL_AIR)
    check(interlocks, r, 1)
    assert has(interlocks, al.AL_AIR)


# Motion.


def test_the_screw_may_lag_by_forty_microlitres():
    for way in (1, -1):
        interlocks, r = rig()
        limit = 40 * 3600 // (STEP // 1000 + 1)
        assert interlocks.stall_steps == limit == 637
        r.step_count = 1000
        r.encoder_count = 1000 - way * limit
        interlocks.check(r, 1, 100)
        assert not has(interlocks, al.AL_MOTOR), way
        r.encoder_count -= way
        interlocks.check(r, 1, 100)
        assert has(interlocks, al.AL_MOTOR), way


def test_the_lag_counts_from_where_the_therapy_began():
    interlocks = Interlocks(ports.HEAD_VOLUMETRIC, Alarms())
    r = ports.Readings()
    r.step_count, r.encoder_count = 5_000, 1_000
    interlocks.prescribe(SimpleNamespace(pressure_mmhg=400, air_single_ul=50), STEP, r)
    interlocks.check(r, 10, 100)
    assert not has(interlocks, al.AL_MOTOR)
    r.encoder_count = 5_000
    interlocks.check(r, 10, 100)
    assert has(interlocks, al.AL_MOTOR)


def test_a_stall_that_a_person_judged_gone_is_counted_from_there():
    interlocks, r = rig()
    r.step_count = 5_000
    interlocks.check(r, 10, 100)
    assert has(interlocks, al.AL_MOTOR)
    interlocks.service(r)
    for _ in range(3):
        r.encoder_count += 10
        check(interlocks, r, 10)
        assert not has(interlocks, al.AL_MOTOR), "what was missed is missed once"
    r.step_count += 636
    check(interlocks, r, 1)
    assert not has(interlocks, al.AL_MOTOR)
    check(interlocks, r, 1)
    assert has(interlocks, al.AL_MOTOR)


def test_without_a_stall_an_acknowledgement_forgives_no_lag():
    interlocks, r = rig()
    r.step_count = 600
    interlocks.check(r, 10, 100)
    interlocks.service(r)
    check(interlocks, r, 38)
    assert has(interlocks, al.AL_MOTOR)


def test_a_motor_that_stands_is_not_judged_for_a_stall():
    interlocks, r = rig()
    r.step_count = 5_000
    interlocks.check(r, 0, 100)
    assert not has(interlocks, al.AL_MOTOR)


def stands(interlocks, r, ms):
    for _ in range(ms // 100):
        check(interlocks, r)


def test_three_drops_while_it_stands_are_free_flow():
    interlocks, r = rig()
    check(interlocks, r, 5)
    stands(interlocks, r, 2_000)
    r.drips += 2
    check(interlocks, r)
    assert not has(interlocks, al.AL_FREE_FLOW)
    r.drips += 1
    check(interlocks, r)
    assert has(interlocks, al.AL_FREE_FLOW)
    assert sounds(interlocks, al.AL_FREE_FLOW)


def test_drops_in_the_first_two_seconds_are_those_of_before():
    interlocks, r = rig()
    check(interlocks, r, 5)
    stands(interlocks, r, 1_900)
    r.drips += 9
    check(interlocks, r)  # the two seconds end with this one
    assert not has(interlocks, al.AL_FREE_FLOW)
    r.drips += 2
    check(interlocks, r)
    assert not has(interlocks, al.AL_FREE_FLOW)
    r.drips += 1
    check(interlocks, r)
    assert has(interlocks, al.AL_FREE_FLOW)


def test_motion_begins_the_two_seconds_anew():
    interlocks, r = rig()
    stands(interlocks, r, 2_500)
    r.drips += 9
    check(interlocks, r, 1)
    assert not has(interlocks, al.AL_FREE_FLOW)
    stands(interlocks, r, 1_000)
    r.drips += 9
    check(interlocks, r)
    assert not has(interlocks, al.AL_FREE_FLOW)


def test_a_long_tick_ends_the_two_seconds_at_once():
    interlocks, r = rig()
    check(interlocks, r, 5)
    check(interlocks, r, 0, elapsed_ms=60_000)
    r.drips += 3
    check(interlocks, r)
    assert has(interlocks, al.AL_FREE_FLOW)


@pytest.mark.parametrize("begin", ["fresh", "moved", "serviced"])
def test_the_two_seconds_are_counted_to_the_millisecond(begin):
    def rigged():
        interlocks, r = rig()
        if begin != "fresh":
            check(interlocks, r, 0, elapsed_ms=5_000)
            if begin == "moved":
                check(interlocks, r, 1, elapsed_ms=5_000)
            else:
                interlocks.service(r)
        return interlocks, r

    interlocks, r = rigged()
    check(interlocks, r, 0, elapsed_ms=1_999)
    r.drips += 3
    check(interlocks, r, 0, elapsed_ms=1)
    assert not has(interlocks, al.AL_FREE_FLOW)
    interlocks, r = rigged()
    check(interlocks, r, 0, elapsed_ms=2_000)
    r.drips += 3
    check(interlocks, r, 0, elapsed_ms=1)
    assert has(interlocks, al.AL_FREE_FLOW)


def test_drops_that_run_back_are_none():
    interlocks, r = rig()
    r.drips = 10
    check(interlocks, r, 1)
    stands(interlocks, r, 2_100)
    r.drips = 2
    check(interlocks, r)
    assert not has(interlocks, al.AL_FREE_FLOW)


def test_only_a_person_judges_stall_and_free_flow_gone():
    interlocks, r = rig()
    check(interlocks, r, 5)
    stands(interlocks, r, 2_000)
    r.drips += 3
    r.flags |= ports.RF_MOTOR_FAULT
    check(interlocks, r)
    r.flags &= ~ports.RF_MOTOR_FAULT
    stands(interlocks, r, 500)
    assert has(interlocks, al.AL_MOTOR)
    assert has(interlocks, al.AL_FREE_FLOW)
    interlocks.service(r)
    assert interlocks.hazards == 0
    assert set(interlocks._alarms.cleared) == {al.AL_MOTOR, al.AL_FREE_FLOW}
    check(interlocks, r)
    assert interlocks.hazards == 0, "drops of before are not held against it again"


def test_what_another_detector_finds_is_a_hazard_until_a_person_says_otherwise():
    interlocks, r = rig()
    interlocks.find(al.AL_FREE_FLOW)
    assert interlocks.hazards == 1 << al.AL_FREE_FLOW
    assert sounds(interlocks, al.AL_FREE_FLOW)
    check(interlocks, r)
    assert has(interlocks, al.AL_FREE_FLOW)


# Heat.


@pytest.mark.parametrize(("dc", "stops"), [(549, False), (550, False), (551, True)])
def test_heat(dc, stops):
    interlocks, r = rig()
    r.temperature_dc = dc
    check(interlocks, r)
    assert interlocks.hazards == (1 << al.AL_HEAT if stops else 0)


@pytest.mark.parametrize(("dc", "still"), [(550, True), (501, True), (500, True), (499, False)])
def test_heat_is_gone_below_fifty_degrees(dc, still):
    interlocks, r = rig()
    r.temperature_dc = 551
    check(interlocks, r)
    r.temperature_dc = dc
    check(interlocks, r)
    assert has(interlocks, al.AL_HEAT) == still


# What changes slowly.


def syringe(**rx):
    interlocks, r = rig(ports.HEAD_SYRINGE, **rx)
    r.size_um = 26_720
    r.reservoir_ul = 5_000
    interlocks.prescribe(SimpleNamespace(pressure_mmhg=400, air_single_ul=0, syringe=5), 126_167, r)
    return interlocks, r


@pytest.mark.parametrize(("ul", "stops"), [(-1, False), (0, True), (499, True), (500, False)])
def test_a_syringe_is_empty_below_half_a_millilitre(ul, stops):
    interlocks, r = syringe()
    r.reservoir_ul = ul
    interlocks.second(r)
    assert interlocks.hazards == (1 << al.AL_EMPTY if stops else 0)


@pytest.mark.parametrize(("ul", "still"), [(599, True), (600, False), (-1, False)])
def test_and_is_so_until_it_is_past_the_noise(ul, still):
    interlocks, r = syringe()
    r.reservoir_ul = 400
    interlocks.second(r)
    r.reservoir_ul = ul
    interlocks.second(r)
    assert has(interlocks, al.AL_EMPTY) == still


def test_a_volumetric_head_has_no_reservoir_and_no_barrel():
    interlocks, r = rig()
    r.reservoir_ul = 0
    r.size_um = 5
    interlocks.second(r)
    assert interlocks.hazards == 0
    assert interlocks.size_um == 0


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("off", "stops"),
    [
        (0, False), (SIZE_TOLERANCE_UM, False), (-SIZE_TOLERANCE_UM, False), (SIZE_TOLERANCE_UM + 1, True),
        (-SIZE_TOLERANCE_UM - 1, True),
    ],
)  # fmt: skip
def test_a_barrel_of_another_size_is_not_loaded(code, off, stops):
    diameter = {1: 12_060, 2: 14_500, 3: 19_130, 4: 21_700, 5: 26_720}[code]
    interlocks, r = rig(ports.HEAD_SYRINGE, syringe=code)
    assert interlocks.size_um == diameter
    r.size_um = diameter + off
    interlocks.second(r)
    assert interlocks.hazards == (1 << al.AL_NOT_LOADED if stops else 0)


def test_a_barrel_that_is_not_sensed_any_more_may_be_any():
    interlocks, r = syringe()
    r.size_um = -1
    interlocks.second(r)
    assert has(interlocks, al.AL_NOT_LOADED)


def test_a_barrel_sensed_as_nought_was_sensed():
    interlocks, r = syringe()
    r.size_um = 0
    interlocks.prescribe(SimpleNamespace(pressure_mmhg=400, air_single_ul=0, syringe=5), 126_167, r)
    r.size_um = -1
    interlocks.second(r)
    assert has(interlocks, al.AL_NOT_LOADED)
    interlocks, r = rig(ports.HEAD_SYRINGE)  # none was sensed when the therapy began
    r.size_um = 0
    interlocks.second(r)
    assert has(interlocks, al.AL_NOT_LOADED)


def test_a_board_that_never_sensed_one_is_taken_at_its_word():
    interlocks, r = rig(ports.HEAD_SYRINGE)
    assert r.size_um == -1
    interlocks.second(r)
    assert interlocks.hazards == 0


def test_a_sense_of_nought_is_one():
    interlocks, r = syringe()
    r.size_um = 0
    interlocks.second(r)
    assert has(interlocks, al.AL_NOT_LOADED)
    interlocks.expect(SimpleNamespace(pressure_mmhg=400, air_single_ul=0, syringe=99), 126_167)
    interlocks.second(r)
    assert not has(interlocks, al.AL_NOT_LOADED)  # no such syringe is known: any size will do


def test_where_any_barrel_will_do_none_is_off():
    interlocks, r = syringe()
    interlocks.expect(SimpleNamespace(pressure_mmhg=400, air_single_ul=0, syringe=0), 126_167)
    assert interlocks.size_um == 0
    r.size_um = 5_000
    interlocks.second(r)
    assert not has(interlocks, al.AL_NOT_LOADED)


@pytest.mark.parametrize("flag", [ports.RF_CLAMP_OPEN, ports.RF_PLUNGER_OFF])
def test_each_second_judges_clamp_and_plunger_too(flag):
    interlocks, r = syringe()
    r.flags |= flag
    interlocks.second(r)
    assert has(interlocks, al.AL_NOT_LOADED)
    r.flags &= ~flag
    interlocks.second(r)
    assert not has(interlocks, al.AL_NOT_LOADED)


# The limits in force.


def test_limits_are_those_of_the_prescription():
    interlocks, _ = rig()
    rx = SimpleNamespace(pressure_mmhg=400, air_single_ul=50, syringe=5)
    assert interlocks.intact(rx, STEP)
    for name in ("pressure_mmhg", "air_steps", "stall_steps"):
        for change in (-1, 1):
            interlocks, _ = rig()
            setattr(interlocks, name, getattr(interlocks, name) + change)
            assert not interlocks.intact(rx, STEP), name
    assert not interlocks.intact(SimpleNamespace(pressure_mmhg=401, air_single_ul=50), STEP)


@pytest.mark.parametrize(("step", "air", "stall"), [(25_702, 6923, 5538), (126_167, 1417, 1133), (225_000, 796, 637)])
def test_thresholds_in_steps_never_exceed_their_volume(step, air, stall):
    interlocks = Interlocks(ports.HEAD_SYRINGE, Alarms())
    interlocks.expect(SimpleNamespace(pressure_mmhg=400, air_single_ul=50, syringe=5), step)
    assert (interlocks.air_steps, interlocks.stall_steps) == (air, stall)
    assert interlocks.air_steps * step <= 50 * 3_600_000
    assert interlocks.intact(SimpleNamespace(pressure_mmhg=400, air_single_ul=50), step)


def test_each_hazard_that_stops_the_motor_is_told():
    interlocks, _ = rig(armed=False)
    for code in (al.AL_OCCLUSION_DOWN, al.AL_HEAT, al.THERAPY_CODES - 1):
        interlocks._alarms.on.clear()
        interlocks.hazards = 1 << code
        interlocks.sound()
        assert interlocks._alarms.on == {code}
    interlocks._alarms.on.clear()
    interlocks.hazards = 0
    interlocks.sound()
    assert interlocks._alarms.on == set()
    interlocks.hazards = 5
    interlocks.sound()
    assert interlocks._alarms.on == {0, 2}


def test_each_second_judges_the_flags_again():
    """An alarm that a person reset while its flag stands comes back."""
    interlocks, r = rig()
    r.flags &= ~ports.RF_MAINS
    check(interlocks, r)
    interlocks._alarms.on.clear()
    check(interlocks, r)
    assert not sounds(interlocks, al.AL_ON_BATTERY)
    interlocks.second(r)
    assert sounds(interlocks, al.AL_ON_BATTERY)
