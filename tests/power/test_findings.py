"""What cuts have found once. Each case failed before it was mended."""

import functools
import struct

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import records as rec
from firmware.therapy import tables as t
from firmware.therapy.resume import Past
from hal import ports
from simulator.files.programme import find_programme, load_programme
from simulator.power import TORN, WATCHDOG, Cut
from simulator.world import World
from tools.claims.cut_judge import Case
from tools.claims.cut_scenes import SCENES, Reference
from tools.claims.power_cuts import judge


@functools.cache
def reference(programme):
    return Reference(next(scene for scene in SCENES if scene.programme == programme))


@pytest.mark.parametrize(
    ("programme", "case"),
    [
        # A pause whose record was stored and whose progress was torn gave back what had flowed since the last one.
        pytest.param("norepinephrine-8h", Case(100_000, (Cut(2, TORN, 58, 1439, WATCHDOG),)), id="pause, torn"),
        pytest.param("fluid-bolus", Case(50_000, (Cut(2, TORN, 42, 1303, WATCHDOG),)), id="stop in a bolus, torn"),
        pytest.param("morphine-pca", Case(100_000, (Cut(2, TORN, 59, 1620),)), id="rolling limit, progress torn"),
        # Whoever pressed Stop while the pump tested itself was not heard.
        pytest.param("paclitaxel-on-time", Case(58_000, (), 2_000), id="stop in the self-test"),
        # A second reset in the self-test made the pump forget what it was to go on with.
        pytest.param("remifentanil-surgery", Case(50_100, (Cut(1, TORN, 66, 7, WATCHDOG), Cut(4, TORN))), id="twice"),
        # A rate that was changed while the pump waited cut its power when somebody started it.
        pytest.param("heparin-continuous", Case(12_100, (Cut(1, TORN, 13, 1366),), flat=True), id="titrated, waiting"),
        # What people asked of a pump without power is done late or never: the judge took it for done in time.
        pytest.param("norepinephrine-8h", Case(12_100, (Cut(1, TORN, 1, 1354, 302_000),)), id="asked in the dark"),
        # A rate that rose from nought and was paused at nought is no steady one.
        pytest.param("nutrition-taper", Case(8_500, (), WATCHDOG), id="ramped up, paused"),
    ],
)  # fmt: skip
def test_a_cut_that_was_not_survived_once(programme, case):
    assert judge(reference(programme), [case], None, first_only=True).findings == []


def test_what_is_recorded_in_a_self_test_does_not_hide_what_was_before_it():
    past = Past()
    for seq, kind, state in ((5, rec.REC_STATE, t.ST_INFUSING), (6, rec.REC_ALARMS, t.ST_SELF_TEST)):
        past.fold(0, struct.pack(rec.RECORD_FORMAT, seq, kind, state, 0, 0, 0, 0, 0, 0))
    assert (past.seq, past.delivery) == (6, t.ST_INFUSING)


def test_a_reset_in_the_self_test_is_gone_on_from_too():
    programme = load_programme(find_programme("remifentanil-surgery"))
    with World(programme, seed=2) as world:
        world.run(910_000)  # titrated: its progress is not that of a therapy's beginning
        rate = world.status.rate_ul_h
        for _ in range(2):
            world.watchdog_reset()
            world.run(world.clock.ms + 900)
            assert (world.is_dark, world.status.delivery) == (False, t.ST_SELF_TEST)
        world.run(world.clock.ms + 1_000)
        assert (world.status.delivery, world.status.rate_ul_h) == (t.ST_INFUSING, rate)
        assert world.status.therapy_alarms >> al.AL_RESUMED & 1


@pytest.mark.parametrize("key", [ports.KEY_STOP, ports.KEY_PAUSE])
def test_a_stop_in_the_self_test_is_heard(key):
    programme = load_programme(find_programme("norepinephrine-8h"))
    with World(programme, seed=2) as world:
        world.run(60_000)
        world.watchdog_reset()
        world.run(world.clock.ms + 900)
        world.board.press(key)
        world.run(world.clock.ms + 5_000)
        assert world.status.delivery == t.ST_PAUSED
        assert world.status.therapy_alarms >> al.AL_WAITS & 1


def test_what_may_have_flowed_while_the_vein_was_kept_open_counts():
    programme = load_programme(find_programme("fluid-bolus"))
    with World(programme, seed=2) as world:
        world.run(60_000)
        world.disturb("compromised")
        world.run(65_000)
        kvo_ul_h = world.status.rate_ul_h
        assert (world.status.delivery, world.status.window_ul) == (t.ST_KVO, 0)
        world.watchdog_reset()
        world.run(70_000)
        assert world.status.delivery == t.ST_KVO
        assert world.status.uncertain_ul == -(-kvo_ul_h * 13_000 // 3_600_000)
