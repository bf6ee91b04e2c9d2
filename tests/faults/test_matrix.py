"""The matrix written by hand: complete, readable, and its judge can say no."""

import pytest

from simulator.faults import KINDS
from tools.claims.alarms import EXPECTED as PRIORITIES
from tools.claims.single_faults import chosen
from tools.fault_cells import _CODES, BOUND_SLOW_UL, Cells, Control, Seen, flow_ul_h, horizon_ms, judge
from tools.fault_notation import Expected, _parse, faults
from tools.fault_pumps import POLICIES, STATES, places


def test_every_kind_and_every_cell_has_its_line():
    assert {fault.kind for fault in faults()} == set(KINDS)
    assert len(places()) == 45
    for fault in faults():
        for state, policy in fault.cells():
            expected = fault.expected(state, policy)
            named = {alarm.name for alarm in expected.alarms} | set(expected.may)
            assert named <= set(_CODES), fault.name
            assert expected.outcome in (*STATES, "unchanged", "resumed", "waits")
            assert horizon_ms(expected, state, policy) >= 20_000


def test_the_shallow_run_sees_every_fault_in_a_flow_that_can_be_awaited():
    seen = {fault.name for fault, _, _ in chosen(False)}
    assert len(seen) >= len(faults()) - 2
    assert len(chosen(True)) == sum(len(fault.cells()) for fault in faults())


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("no_such\n    all -> unchanged\n", "no fault"),
        ("relay_open\n    all unchanged\n", "without '->'"),
        ("relay_open\n    al -> unchanged\n", "there is not"),
        ("relay_open\n    all under kov -> unchanged\n", "there is not"),
        ("relay_open\n    all -> unchanged; doubt withn 3\n", "means nothing"),
    ],
)
def test_a_slip_in_the_matrix_is_noticed(text, phrase):
    with pytest.raises(ValueError, match=phrase):
        _parse(text)


def test_a_cell_that_no_line_fits_is_noticed():
    [fault] = _parse("relay_open\n    infusing -> unchanged\n")
    with pytest.raises(ValueError, match="does not say"):
        fault.expected("kvo", "kvo")


def _judged(seen, **expected):
    control = Control([0.0] * 1000, [0] * 1000, [4] * 1000, set(), 0.0)
    return judge(seen, Expected(**{"outcome": "unchanged", **expected}), control, "relay_open", "infusing", "sustain")


def _good():
    return Seen(state="infusing", power=True, motion=1.0, still=False, stop_ms=0)


def test_what_is_as_expected_is_not_found_wrong():
    assert _judged(_good()) == []


@pytest.mark.parametrize(
    ("change", "expected", "phrase"),
    [
        ({"state": "paused"}, {}, "paused, infusing expected"),
        ({"motion": 0.5}, {}, "0.50 of its rate"),
        ({"over_ul": BOUND_SLOW_UL + 1}, {}, "too much"),
        ({"short_ul": BOUND_SLOW_UL + 1}, {}, "too little"),
        ({"stop_ms": 200}, {}, "after Stop"),
        ({"stop_ms": -1}, {}, "after Stop"),
        ({"alarms": {"door": 100}}, {}, "door was not expected"),
        ({"escaped": "KeyError: 3"}, {}, "KeyError"),
        ({"state": "failed", "still": True}, {"outcome": "failed"}, "has power"),
        ({"state": "stopped"}, {"outcome": "stopped"}, "the motor moves"),
        ({"ended_ms": 150}, {"gate": True}, "ended after 150 ms"),
    ],
)
def test_what_differs_is_said(change, expected, phrase):
    seen = _good()
    for name, value in change.items():
        setattr(seen, name, value)
    assert phrase in "; ".join(_judged(seen, **expected))


def test_an_alarm_that_is_late_missing_or_too_low_is_said():
    [fault] = _parse("relay_open\n    all -> unchanged; motor within 1\n")
    alarms = fault.rows[0].expected.alarms
    seen = _good()
    assert "no alarm motor" in _judged(seen, alarms=alarms)
    seen.alarms, seen.priority = {"motor": 1_100}, 3
    assert "alarm motor after 1100 ms, 1000 expected" in _judged(seen, alarms=alarms)
    seen.alarms, seen.priority = {"motor": 900}, 1
    assert "alarm motor: priority 1 is shown" in _judged(seen, alarms=alarms)
    seen.priority = PRIORITIES[_CODES["motor"]][0]
    assert _judged(seen, alarms=alarms) == []


def test_a_broken_pump_is_looked_at_beside_a_whole_one():
    cells = Cells()
    seen = cells.run("relay_open", {}, "infusing", "kvo", 10_000)
    assert seen.motion == 0.0 and seen.short_ul > 150 and seen.over_ul < 1
    assert cells.control("infusing", "kvo", 10_000).pumped[100] > 250
    assert flow_ul_h("infusing", "kvo") == 100_000 and flow_ul_h("paused", "kvo") == 0
    assert set(POLICIES) == {policy for _, policy in places()}
