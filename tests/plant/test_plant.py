"""The plant's physics: volume is conserved, the gate holds, occlusions fill and let go."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.compat import MASK
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.plant import DISTURBANCES, Plant, PlantConfig
from tools.claims.plant import history

FAR = 1 << 28
HEADS = st.sampled_from((HEAD_SYRINGE, HEAD_VOLUMETRIC))


def make(head=HEAD_SYRINGE, **settings):
    return Plant(PlantConfig(head=head, syringe=5, **settings), seed=3)


def run(plant, ms, ul_h, enable=1, relay=1, lease=FAR):
    """Drive at a rate from `ms` on."""
    rate = round(ul_h / 3600 / plant.config.step_ul * 1000)
    sign = -1 if rate < 0 else 1
    plant.drive(ms, rate, (plant.generator.count(ms) + sign * lease) & MASK, enable, relay)


def volumes(plant, ms):
    return plant.pumped_ul(ms) + plant.siphoned_ul(ms), plant.delivered_ul(ms) + plant.held_ul(ms)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), HEADS)
def test_what_went_in_came_out_or_is_still_in_the_line(random, head):
    plant = make(head, reservoir_ul=1e7)
    end = 0
    for move in history(random):
        end = move.ms + 1_000
        if move.name == "drive":
            lease = (plant.generator.count(move.ms) + move.lease_steps) & MASK
            plant.drive(move.ms, move.rate_mhz, lease, move.enable, move.relay)
        elif move.name not in ("air", "temperature"):
            plant.disturb(move.name, move.ms, **({"ul": 900.0} if move.name == "reservoir" else {}))
        for ms in (move.ms, move.ms + 33):
            entered, accounted = volumes(plant, ms)
            assert entered == pytest.approx(accounted, abs=1e-6, rel=1e-9)
    entered, accounted = volumes(plant, end)
    assert entered == pytest.approx(accounted, abs=1e-6, rel=1e-9)


@pytest.mark.parametrize("head", [HEAD_SYRINGE, HEAD_VOLUMETRIC])
@pytest.mark.parametrize("cause", ["stop_held", "door_open"])
def test_the_gate_stops_the_generator_and_stays_shut_until_enable_rises(head, cause):
    plant = make(head)
    run(plant, 0, 50_000)
    plant.disturb(cause, 10_000)
    at_stop = plant.generator.micro(10_000)
    run(plant, 10_100, 50_000)
    assert plant.generator.micro(60_000) == at_stop
    assert plant.gate_is_shut(60_000)
    run(plant, 60_000, 50_000, enable=0)
    run(plant, 60_100, 50_000, enable=1)
    assert plant.gate_is_shut(61_000), "a rising edge while the cause is there re-arms nothing"
    plant.disturb({"stop_held": "stop_released", "door_open": "door_close"}[cause], 62_000)
    run(plant, 62_100, 50_000)
    assert plant.generator.micro(63_000) == at_stop, "the cause gone is not enough"
    run(plant, 63_100, 50_000, enable=0)
    run(plant, 63_200, 50_000, enable=1)
    assert not plant.gate_is_shut(63_200)
    assert plant.generator.micro(64_000) > at_stop


@pytest.mark.parametrize(("enable", "relay"), [(0, 1), (1, 0)])
def test_no_enable_or_no_power_is_no_motion(enable, relay):
    plant = make()
    run(plant, 0, 50_000)
    run(plant, 5_000, 50_000, enable, relay)
    assert plant.generator.micro(5_000) == plant.generator.micro(50_000) > 0


def test_a_closed_line_fills_and_its_opening_gives_the_patient_what_it_held():
    plant = make(HEAD_VOLUMETRIC, ripple=0.0)
    run(plant, 0, 100_000)
    steady = plant.down_mmhg(60_000)
    assert steady == pytest.approx(8 + 100_000 / 3600 * 0.5, abs=0.01)
    plant.disturb("occlude_downstream", 60_000)
    given = plant.delivered_ul(60_000)
    assert plant.down_mmhg(69_000) == pytest.approx(steady + 9 * 100_000 / 3600, rel=1e-6)
    assert plant.delivered_ul(69_000) == given
    assert plant.flow_ul_h(69_000) == 0
    run(plant, 69_000, 0, enable=0)
    held = plant.held_ul(70_000)
    plant.disturb("clear_occlusion", 70_000)
    assert plant.delivered_ul(90_000) - given == pytest.approx(held, rel=1e-6)


def test_moving_back_relieves_a_closed_line():
    plant = make(HEAD_VOLUMETRIC)
    run(plant, 0, 100_000)
    plant.disturb("occlude_downstream", 10_000)
    run(plant, 25_000, -60_000)
    high = plant.down_mmhg(25_000)
    # The rollers take up their play first: 5 µL is 0.3 s.
    assert plant.down_mmhg(25_200) == pytest.approx(high)
    assert plant.down_mmhg(40_000) < high - 200


def test_an_overloaded_motor_misses_steps_and_the_encoder_tells():
    plant = make(HEAD_VOLUMETRIC)
    run(plant, 0, 600_000)
    plant.disturb("occlude_downstream", 1_000)
    stalled = next(ms for ms in range(1_000, 60_000, 100) if plant.generator.count(ms) - plant.encoder(ms) > 50)
    assert plant.down_mmhg(stalled + 5_000) == pytest.approx(plant.config.stall_mmhg, rel=0.01)
    assert plant.encoder(stalled) == plant.encoder(stalled + 5_000)


def test_a_stalled_screw_moves_no_fluid_while_steps_are_counted():
    plant = make()
    run(plant, 0, 20_000)
    plant.disturb("motor_stall_on", 300_000)
    before = (plant.encoder(300_000), plant.pumped_ul(300_000))
    assert plant.generator.count(400_000) > plant.generator.count(300_000)
    assert (plant.encoder(400_000), plant.pumped_ul(400_000)) == before
    plant.disturb("motor_stall_off", 400_000)
    missed = plant.generator.count(400_000) - plant.encoder(400_000)
    assert plant.generator.count(500_000) - plant.encoder(500_000) == missed


def test_backlash_is_taken_up_once_in_each_direction():
    plant = make(backlash_ul=10.0, ripple=0.0, stiction_ul=0.0)
    run(plant, 0, 36_000)  # 10 µL a second
    assert plant.pumped_ul(900) == 0
    assert plant.pumped_ul(11_000) == pytest.approx(100, rel=1e-3)
    run(plant, 11_000, 0)
    run(plant, 12_000, 36_000)
    assert plant.pumped_ul(13_000) == pytest.approx(110, rel=1e-3)
    run(plant, 13_000, -36_000)
    assert plant.pumped_ul(13_900) == pytest.approx(110, rel=1e-3)
    assert plant.pumped_ul(16_000) == pytest.approx(90, rel=1e-2)
    run(plant, 16_000, 36_000)
    assert plant.pumped_ul(16_900) == pytest.approx(90, rel=1e-2)


def test_a_sticking_stopper_gives_the_flow_in_slips_and_loses_none():
    plant = make(backlash_ul=0.0, ripple=0.0, stiction_ul=5.0, stick_share=1.0)
    run(plant, 0, 3_600)  # 1 µL a second
    assert plant.pumped_ul(4_500) == 0
    assert plant.pumped_ul(5_500) == pytest.approx(5)
    assert plant.pumped_ul(9_500) == pytest.approx(5)
    assert plant.pumped_ul(502_500) == pytest.approx(500)


def test_the_heads_ripple_averages_to_nothing():
    plant = make(HEAD_VOLUMETRIC, ripple=0.3, ripple_period_ul=40.0, backlash_ul=0.0)
    run(plant, 0, 144_000)  # one roller a second
    each_second = [plant.pumped_ul(1000 * second + 1000) - plant.pumped_ul(1000 * second) for second in range(5)]
    assert each_second == pytest.approx([40.0] * 5, rel=1e-4)
    tenths = [plant.pumped_ul(100 * tenth + 100) - plant.pumped_ul(100 * tenth) for tenth in range(10)]
    assert max(tenths) - min(tenths) > 1.5


def test_upstream_occlusion_draws_the_line_down_and_starves_the_flow():
    plant = make(HEAD_VOLUMETRIC)
    run(plant, 0, 100_000)
    plant.disturb("occlude_upstream", 5_000)
    assert plant.up_mmhg(60_000) == pytest.approx(-300, abs=1)
    assert plant.delivered_ul(60_000) == pytest.approx(plant.delivered_ul(120_000), abs=1e-6)
    assert plant.encoder(60_000) == plant.generator.count(60_000), "the rollers still turn"
    plant.disturb("clear_occlusion", 120_000)
    assert plant.up_mmhg(120_000) == plant.config.head_mmhg


def test_a_bubble_travels_to_the_detector_and_the_gate_lets_500_ul_of_it_past():
    plant = make(HEAD_VOLUMETRIC)
    run(plant, 0, 36_000)
    plant.disturb("air", 1_000, ul=2_000, away_ul=100)
    assert not plant.air_at_detector(5_000)
    arrived = next(ms for ms in range(1_000, 60_000, 100) if plant.air_at_detector(ms))
    assert arrived == pytest.approx(11_000, abs=1_000)
    past = plant.pumped_ul(500_000) - plant.pumped_ul(arrived)
    assert 480 < past < 505
    assert plant.gate_is_shut(500_000)
    plant.disturb("door_open", 500_000)
    assert not plant.air_at_detector(500_000)
    assert plant.gate_is_shut(500_000)


def test_a_small_bubble_passes_the_gate():
    plant = make(HEAD_VOLUMETRIC)
    run(plant, 0, 36_000)
    plant.disturb("air", 1_000, ul=300)
    assert plant.air_at_detector(5_000)
    assert not plant.air_at_detector(60_000)
    assert not plant.gate_is_shut(60_000)


def test_a_stop_while_a_small_bubble_stands_at_the_detector_can_be_resumed():
    plant = make(HEAD_VOLUMETRIC)
    run(plant, 0, 36_000)
    plant.disturb("air", 1_000, ul=300)
    plant.disturb("stop_held", 5_000)
    plant.disturb("stop_released", 5_300)
    run(plant, 5_400, 36_000, enable=0)
    run(plant, 5_500, 36_000, enable=1)
    assert plant.air_at_detector(5_500)
    assert not plant.gate_is_shut(5_500)
    assert plant.pumped_ul(20_000) > plant.pumped_ul(5_500) + 100


def test_events_on_the_way_do_not_move_the_air_behind_an_empty_bag():
    plant = make(HEAD_VOLUMETRIC, reservoir_ul=1_000)
    run(plant, 0, 360_000)
    for ms in range(1_000, 39_000, 1_000):
        run(plant, ms, 360_000 + ms % 7)
    assert not plant.air_at_detector(39_000)
    assert plant.air_at_detector(42_000)


def test_an_empty_bag_ends_in_air_and_an_empty_syringe_in_a_stall():
    bag = make(HEAD_VOLUMETRIC, reservoir_ul=1_000)
    run(bag, 0, 1_200_000)
    assert bag.reservoir_ul(10_000) == 0
    assert not bag.air_at_detector(10_000)
    assert bag.air_at_detector(15_000)
    assert bag.gate_is_shut(60_000)
    assert bag.pumped_ul(60_000) == pytest.approx(4_500, abs=10)
    syringe = make(reservoir_ul=1_000)
    run(syringe, 0, 150_000)
    assert syringe.reservoir_ul(60_000) == pytest.approx(0, abs=10)
    assert syringe.delivered_ul(60_000) == pytest.approx(1_000, abs=30)
    assert syringe.encoder(120_000) < syringe.generator.count(120_000)


def test_free_flow_and_siphoning_need_no_motor_and_end_with_the_reservoir():
    bag = make(HEAD_VOLUMETRIC)
    bag.disturb("free_flow_on", 1_000)
    assert bag.flow_ul_h(20_000) == pytest.approx((45 - 8) / 0.6 * 3600, rel=1e-3)
    assert bag.drips(60_000) > 20
    bag.disturb("free_flow_off", 60_000)
    assert bag.flow_ul_h(120_000) == pytest.approx(0, abs=1)
    syringe = make(reservoir_ul=500)
    syringe.disturb("plunger_off", 0)
    assert 0 < syringe.delivered_ul(10_000) < syringe.siphoned_ul(10_000)
    assert syringe.siphoned_ul(3_600_000) == 500
    entered, accounted = volumes(syringe, 3_600_000)
    assert entered == pytest.approx(accounted)
    assert (syringe.flow_ul_h(3_600_000), syringe.reservoir_ul(3_600_000)) == (0, 0)
    closed = make(HEAD_VOLUMETRIC)
    closed.disturb("occlude_downstream", 0)
    closed.disturb("free_flow_on", 0)
    assert closed.down_mmhg(3_600_000) == pytest.approx(45, rel=1e-6), "no more than the height of the bag"


def test_a_syringe_below_the_patient_drains_back_when_it_is_let_go():
    plant = make(siphon_mmhg=-20.0)
    plant.disturb("clamp_open", 0)
    assert plant.delivered_ul(60_000) < 0


def test_battery_and_mains():
    plant = make()
    plant.disturb("mains_off", 0)
    assert plant.battery_permille(3_600_000) == 900
    plant.disturb("mains_on", 3_600_000)
    assert plant.battery_permille(7_200_000) == 900
    assert plant.mains


def test_what_is_not_known_is_refused_and_changes_nothing():
    plant = make()
    with pytest.raises(ValueError, match="no disturbance is named 'earthquake'"):
        plant.disturb("earthquake", 0)
    with pytest.raises(ValueError, match="'temperature' needs dc"):
        plant.disturb("temperature", 0)


def test_every_disturbance_can_be_carried_out():
    plant = make(HEAD_VOLUMETRIC)
    for place, name in enumerate(DISTURBANCES):
        plant.disturb(name, place * 1_000, ul=300.0, dc=310)
    assert plant.revision == len(DISTURBANCES)
