"""The small plant beside the simulator's: the generator to the step, pressure and volume within stated bounds."""

from random import Random

import pytest

from hal.bare import plant as bare
from hal.bare.plant import Plant
from hal.compat import MASK
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.plant import Plant as Great
from simulator.plant import PlantConfig

# What the small plant leaves out: ripple, backlash, stiction.
BOUND_UL = 1
BOUND_MMHG = 2


def pair(head):
    """A small plant and the simulator's, smooth and without play."""
    config = PlantConfig(
        head=head, syringe=5 if head == HEAD_SYRINGE else 0, reservoir_ul=60_000 if head == HEAD_SYRINGE else 250_000,
        ripple=0.0, backlash_ul=0.0, stiction_ul=0.0,
    )  # fmt: skip
    return Plant(head), Great(config)


class Both:
    """Drives both alike."""

    def __init__(self, head):
        self.small, self.great = pair(head)
        self.ms = 0

    def drive(self, rate_mhz, end, enable=1, relay=1):
        self.small.drive(rate_mhz, end & MASK, enable, relay)
        self.great.drive(self.ms, rate_mhz, end & MASK, enable, relay)

    def advance(self, ms):
        self.small.advance(ms)
        self.ms += ms

    def same_count(self):
        assert self.small.count == self.great.generator.count(self.ms) & MASK
        assert self.small.encoder() == self.great.encoder(self.ms) & MASK

    def near(self, ul=BOUND_UL, mmhg=BOUND_MMHG):
        self.same_count()
        delivered = self.small.delivered_ul + self.small.delivered_nl / 1000
        assert delivered == pytest.approx(self.great.delivered_ul(self.ms), abs=ul)
        assert self.small.down_mmhg() == pytest.approx(self.great.down_mmhg(self.ms), abs=mmhg)
        assert self.small.up_mmhg() == pytest.approx(self.great.up_mmhg(self.ms), abs=mmhg)


@pytest.mark.parametrize("seed", range(20))
def test_the_generator_counts_as_its_great_sister_to_the_step(seed):
    random = Random(seed)
    both = Both(HEAD_VOLUMETRIC)
    for _ in range(300):
        rate = random.choice((0, 1, 997, 29_166, 1_000_000, 5_333_333, -40_000, -1))
        end = both.small.count + random.choice((0, 1, -1, 7, 500, 20_000, -400))
        both.drive(rate, end, random.random() < 0.95, random.random() < 0.95)
        both.advance(random.choice((1, 10, 100, 100, 100, 350, 3_000)))
        both.same_count()


@pytest.mark.parametrize("head", [HEAD_SYRINGE, HEAD_VOLUMETRIC])
def test_the_lease_ends_the_motion_by_itself(head):
    both = Both(head)
    both.drive(100_000, 250)
    both.advance(2_400)
    assert both.small.count == 240 and both.small.moving()
    both.advance(60_000)
    assert both.small.count == 250 and not both.small.moving()
    both.same_count()


@pytest.mark.parametrize("head", [HEAD_SYRINGE, HEAD_VOLUMETRIC])
@pytest.mark.parametrize("ul_h", [1_000, 6_562, 150_000])
def test_a_steady_dose_flows_alike(head, ul_h):
    both = Both(head)
    step = bare.SYRINGE_STEP if head == HEAD_SYRINGE else bare.VOLUMETRIC_STEP
    for _ in range(600):
        both.drive(ul_h * 1_000_000 // step, both.small.count + 200_000)
        both.advance(1_000)
    both.near()
    assert both.small.delivered_ul == pytest.approx(ul_h / 6, rel=0.001, abs=2)


def test_an_occlusion_rises_and_lets_go_alike():
    both = Both(HEAD_VOLUMETRIC)
    both.drive(100_000, 100_000)
    both.advance(10_000)
    both.great.disturb("occlude_downstream", both.ms)
    both.small.occluded = 1
    for _ in range(40):
        both.advance(1_000)
        both.near()
    assert both.small.down_mmhg() > 200
    both.great.disturb("clear_occlusion", both.ms)
    both.small.occluded = 0
    for _ in range(30):
        both.advance(100)
        both.near(ul=3, mmhg=3)  # the slice's own error, where all runs out at once
    both.advance(5_000)
    both.near()


def test_an_upstream_occlusion_draws_the_line_down_alike():
    both = Both(HEAD_VOLUMETRIC)
    both.great.disturb("occlude_upstream", 0)
    both.small.close_bag(1)
    both.drive(1_000_000, 100_000)
    for _ in range(20):
        both.advance(1_000)
        both.near()
    assert both.small.up_mmhg() <= -299
    both.small.close_bag(0)
    assert both.small.up_mmhg() == 45


def test_backing_off_lowers_the_pressure_alike():
    both = Both(HEAD_SYRINGE)
    both.great.disturb("occlude_downstream", 0)
    both.small.occluded = 1
    both.drive(500_000, 10_000)
    both.advance(20_000)
    both.near()
    both.drive(-500_000, 2_000)
    both.advance(20_000)
    both.near()
    assert both.small.count == 2_000


def test_a_line_that_no_motor_overcomes_stalls_the_screw():
    plant = Plant(HEAD_VOLUMETRIC)
    plant.occluded = 1
    plant.drive(1_000_000, 100_000, 1, 1)
    plant.advance(60_000)
    assert 1_199 <= plant.down_mmhg() <= 1_210
    assert plant.count == 60_000 and plant.encoder() < 20_000


@pytest.mark.parametrize("way", ["stop", "door"])
def test_the_gate_stops_the_motor_and_is_armed_by_a_rising_edge(way):
    plant = Plant(HEAD_VOLUMETRIC)
    plant.drive(100_000, 10_000, 1, 1)
    plant.advance(1_000)
    if way == "stop":
        plant.stop_held = 1
        plant.hold_gate()
    else:
        plant.open_door(1)
    plant.advance(1_000)
    assert (plant.count, plant.gate_shut) == (100, 1)
    plant.drive(100_000, 10_000, 0, 1)
    plant.drive(100_000, 10_000, 1, 1)
    assert plant.gate_shut == 1, "its cause still holds it"
    plant.stop_held = 0
    plant.open_door(0)
    plant.drive(100_000, 10_000, 1, 1)
    plant.advance(1_000)
    assert plant.count == 100, "enable did not rise"
    plant.drive(0, 0, 0, 1)
    plant.drive(100_000, 10_000, 1, 1)
    plant.advance(1_000)
    assert plant.count == 200


def test_half_a_millilitre_of_air_passes_the_detector_and_no_more():
    plant = Plant(HEAD_VOLUMETRIC)
    plant.air_nl = 5_000_000
    plant.drive(5_000_000, 100_000_000, 1, 1)
    plant.advance(10_000)
    assert plant.gate_shut and 500_000 <= plant.air_passed_nl <= 540_000


def test_an_empty_bag_is_air_and_an_empty_barrel_an_end():
    bag = Plant(HEAD_VOLUMETRIC)
    bag.left_nl = 10_000
    bag.drive(1_000_000, 10_000, 1, 1)
    bag.advance(1_000)
    assert bag.air_at_detector() and bag.count == 1_000
    barrel = Plant(HEAD_SYRINGE)
    barrel.left_nl = 10_000
    barrel.drive(1_000_000, 10_000, 1, 1)
    barrel.advance(1_000)
    assert barrel.count == 1_000 and barrel.encoder() < 400 and barrel.reservoir_ul() == 0


@pytest.mark.parametrize("seed", range(5))
def test_volume_is_conserved_and_every_number_stays_small(seed):
    random = Random(seed)
    plant = Plant(HEAD_VOLUMETRIC)
    full = plant.left_nl
    for _ in range(2_000):
        plant.occluded = random.random() < 0.1
        plant.drive(random.choice((0, 100_000, 5_400_000, -100_000, 10**9)), plant.count + 9_999 & MASK, 1, 1)
        plant.advance(random.choice((10, 100, 1_000)))
        passed = plant.delivered_ul * 1_000 + plant.delivered_nl + plant.held_nl
        assert passed == full - plant.left_nl
        assert all(-(1 << 30) <= getattr(plant, name) < 1 << 30 for name in Plant.__slots__)
        if plant.left_nl < 50_000_000:
            plant.fill()
            plant.delivered_ul = plant.delivered_nl = plant.held_nl = 0


def test_the_battery_lasts_ten_hours():
    plant = Plant(HEAD_SYRINGE)
    plant.mains = 0
    plant.advance(3_600_000)
    assert plant.battery_permille == 900
