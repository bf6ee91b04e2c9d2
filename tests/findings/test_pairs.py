"""What pairs and triples of faults have found once (docs/findings.md). Each failed before it was mended."""

import pytest

from firmware.therapy import tables as t
from tools.fault_pumps import Stands
from tools.fault_trial import Broken, Trial, replay, unbounded

FOUND = {
    "a flipped bit lets a person acknowledge that power was cut": [
        ("at", "kvo", "kvo"), ("inject", "guardian_rate_flipped", {}), ("wait", 8000),
        ("inject", "alarms_present_flipped", {}), ("wait", 800), ("mend",),
    ],
    "two flipped bits say that an alarm is shown": [
        ("at", "bolus", "sustain"), ("inject", "alarms_flipped", {}), ("wait", 3000),
        ("inject", "alarms_present_flipped", {}), ("wait", 400), ("mend",),
    ],
    "dosing commands nothing, the guardian is blind, and the display shows a rate": [
        ("at", "priming", "kvo"), ("inject", "dosing_freezes", {}), ("wait", 100), ("inject", "guardian_blind", {}),
        ("wait", 100), ("press", "stop"), ("wait", 100), ("press", "start"), ("wait", 20_000), ("mend",),
    ],
    "a stall past any lease comes before the board has felt the heat": [
        ("at", "bolus", "stop"), ("inject", "case_hot", {}), ("wait", 100), ("inject", "stall_5s", {}), ("mend",),
    ],
}  # fmt: skip


@pytest.mark.parametrize("script", FOUND.values(), ids=FOUND)
def test_a_counterexample_that_was_mended(script):
    replay(script)


def test_a_trial_says_what_is_too_much():
    trial = Trial(Stands(), "infusing", "kvo")
    trial.bound_ul = -1.0
    with pytest.raises(Broken, match="too much"):
        trial.wait(1_000)


def test_a_trial_says_what_is_too_little_in_silence():
    trial = Trial(Stands(), "infusing", "kvo")
    with pytest.raises(Broken, match="too little"):
        for _ in range(200):
            trial._judge_short(0.0, 100, t.ST_INFUSING)


def test_pairs_without_a_bound_are_a_cause_and_a_barrier():
    assert unbounded(["generator_runs_away", "stall_2s", "relay_welded"])
    assert not unbounded(["generator_runs_away", "stall_2s"]) and not unbounded(["relay_welded", "encoder_stuck"])
