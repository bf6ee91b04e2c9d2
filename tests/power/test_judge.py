"""The judge of cuts, tried on a firmware of a page: it passes a good one, and finds each thing that is wrong."""

import functools

import pytest

from simulator.power import AFTER, BEFORE, TORN, WATCHDOG, Cut
from simulator.snapshot import Snapshot
from tests.power import tiny
from tools.claims.cut_judge import Case, Judge
from tools.claims.cut_scenes import Act, Reference, Scene
from tools.claims.power_cuts import SHALLOW, cases, judge, sample

SCENE = Scene(
    "morphine-pca",
    (Act(20_000, "patient_bolus"), Act(60_000, "pause"), Act(75_000, "start")),
    ((2_000, 90_000),),
    journal_bytes=8 * 1024,
)


@functools.cache
def reference(wrong=""):
    return Reference(SCENE, firmware(wrong))


@functools.cache
def firmware(wrong):
    """A class that pickles by name: a snapshot needs one."""
    if not wrong:
        return tiny.TinyPump
    made = tiny.wrong(wrong)
    made.__qualname__ = made.__name__ = "Wrong" + "".join(word.title() for word in wrong.split())
    setattr(tiny, made.__name__, made)
    made.__module__ = tiny.__name__
    return made


def test_a_good_firmware_survives():
    tally = judge(reference(), sample(reference(), 150), tiny.TinyPump, first_only=False)
    assert tally.findings == []
    assert tally.cut > 130
    assert tally.resumed > 40
    assert tally.waited > 1
    assert 0 < tally.under_ul < 140


@pytest.mark.parametrize(
    ("wrong", "finding"),
    [
        ("writes in place", ""), ("trusts torn records", ""), ("forgets the lock-out", "lock-out is shorter"),
        ("gives the bolus again", "a bolus runs"), ("makes up for the time", "too much"),
        ("ignores a stop", "had stopped it"),
        ("never resumes", "should have gone on"), ("tells nobody", "nobody"), ("forgets the volume", "µL"),
        ("guesses the time off", "off for long"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(wrong, finding):
    made = firmware(wrong)
    tally = judge(reference(wrong), sample(reference(wrong), 4 * SHALLOW), made, first_only=True)
    assert tally.findings, f"a pump that {wrong} survives"
    assert finding in tally.findings[0]


def test_every_byte_of_every_operation_has_its_cuts():
    every = cases(reference())
    ms, operations = reference().ticks[3]
    cut = [case for case in every if case.quiet_ms is None]
    here = [case.cuts[0] for case in cut if case.at_ms == ms and case.cuts[0].operation == 1]
    assert [cut.byte for cut in here if cut.where == TORN] == 3 * list(range(operations[0].size))
    assert {BEFORE, TORN, AFTER, "reordered"} == {cut.where for cut in here}
    assert len({case.cuts[0].seed for case in cut}) == len(cut)
    assert len(every) - len(cut) == 2 * 88, "and twice a second between operations"
    assert any(cut.off_ms == WATCHDOG for cut in here)
    assert any(cut.off_ms > 0 for cut in here)


def test_a_cut_that_does_not_fall_is_a_finding():
    with SCENE.world(tiny.TinyPump) as world:
        world.run(30_000)
        verdict = Judge(reference(), Case(30_100, (Cut(99),))).run(Snapshot(world))
    assert verdict.findings == ["the power did not go"]
