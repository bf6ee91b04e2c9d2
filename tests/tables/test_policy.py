"""What the running firmware does when help is gone, by drug policy × event × delivery state.

Written by hand from the fail-safe policy (docs/design.md), not from the firmware's tables.
A cell is the delivery state afterwards and the rate, µL/h, a second later.
"""

import pytest

from firmware.app import App
from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import tables as t
from hal import ports
from simulator.ideal import IdealBoard, IdealPump, NoGatekeeper, prescription

RATE, KVO, BOLUS = 100_000, 1_000, 300_000

GOES_ON = {
    "infusing": ("infusing", RATE),
    "bolus": ("bolus", RATE + BOLUS),
    "kvo": ("kvo", KVO),
    "paused": ("paused", 0),
}
KEEPS_OPEN = {**GOES_ON, "infusing": ("kvo", KVO), "bolus": ("kvo", KVO)}
STOPS = {**GOES_ON, "infusing": ("stopped", 0), "bolus": ("stopped", 0)}

# policy (name, code, KVO rate): what each state becomes when the security layer is compromised.
COMPROMISED = {
    ("sustain", layout.POLICY_SUSTAIN, KVO): GOES_ON,
    ("basal", layout.POLICY_BASAL, KVO): GOES_ON,
    ("kvo", layout.POLICY_KVO, KVO): KEEPS_OPEN,
    ("kvo at rate 0", layout.POLICY_KVO, 0): STOPS,
    ("stop", layout.POLICY_STOP, 0): STOPS,
}
# policy: what the end of the volume does.
VOLUME_OVER = {
    ("sustain", layout.POLICY_SUSTAIN, KVO): ("infusing", RATE),
    ("basal", layout.POLICY_BASAL, KVO): ("kvo", KVO),
    ("basal, no KVO", layout.POLICY_BASAL, 0): ("complete", 0),
    ("kvo", layout.POLICY_KVO, KVO): ("kvo", KVO),
    ("kvo at rate 0", layout.POLICY_KVO, 0): ("complete", 0),
    ("stop", layout.POLICY_STOP, 0): ("complete", 0),
}
REACHES_KVO = {layout.POLICY_BASAL, layout.POLICY_KVO}


def pump_in(state, policy, kvo_ul_h, vtbi_ul=0):
    """A pump that runs a drug of `policy` and stands in `state`."""
    rx = prescription(RATE, vtbi_ul=1_000 if state == "kvo" else vtbi_ul, policy=policy)
    rx.kvo_ul_h = kvo_ul_h
    rx.clinician_ul, rx.clinician_ul_h = 20_000, BOLUS
    pump = IdealPump()
    pump.start(rx)
    pump.run(1_000)
    if state == "bolus":
        pump.press(ports.KEY_CLINICIAN_BOLUS)
        pump.tick()
    elif state == "paused":
        pump.press(ports.KEY_PAUSE)
    elif state == "kvo":
        pump.run(60_000)
    assert t.DELIVERY_NAMES[pump.state] == state
    return pump


def trust(pump, *events):
    for event in events:
        pump.controller.mailbox.post(event)
        pump.tick()
    pump.run(1_000)


def cells(policies):
    return [
        pytest.param(policy, kvo, state, expected, id=f"{name}, {state}")
        for (name, policy, kvo), row in policies.items()
        for state, expected in row.items()
        if state != "kvo" or (kvo and policy in REACHES_KVO)
    ]


def seen(pump):
    return t.DELIVERY_NAMES[pump.state], pump.status.rate_ul_h


@pytest.mark.parametrize(("policy", "kvo", "state", "expected"), cells(COMPROMISED))
def test_a_compromised_security_layer_leaves_the_dose_to_the_policy(policy, kvo, state, expected):
    pump = pump_in(state, policy, kvo)
    trust(pump, t.EV_COMPROMISED)
    assert pump.controller.trust.state == t.TR_ISOLATED
    assert pump.controller.alarms.is_shown(al.AL_ISOLATED)
    assert seen(pump) == expected


@pytest.mark.parametrize("events", [(t.EV_LINK_LOST,), (t.EV_HOSTILE,), (t.EV_LINK_LOST, t.EV_HOSTILE, t.EV_AUTHENTIC)])
@pytest.mark.parametrize(("policy", "kvo", "state", "expected"), cells(dict.fromkeys(COMPROMISED, GOES_ON)))
def test_what_comes_over_the_network_changes_no_dose(policy, kvo, state, expected, events):
    pump = pump_in(state, policy, kvo)
    trust(pump, *events)
    assert seen(pump) == expected


@pytest.mark.parametrize("isolated", [False, True], ids=["normal", "isolated"])
@pytest.mark.parametrize(("policy", "kvo", "state", "expected"), cells(dict.fromkeys(COMPROMISED, GOES_ON)))
def test_a_hazard_stops_what_runs_in_every_trust_state(policy, kvo, state, expected, isolated):
    pump = pump_in(state, policy, kvo)
    if isolated:
        trust(pump, t.EV_COMPROMISED)
    pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    pump.run(300)
    assert seen(pump) in (("stopped", 0), ("paused", 0))
    assert pump.app.drive.step_rate_mhz == 0


@pytest.mark.parametrize(("policy", "kvo", "state", "expected"), cells(dict.fromkeys(COMPROMISED, GOES_ON)))
def test_doubt_cuts_motor_power_in_every_state(policy, kvo, state, expected):
    pump = pump_in(state, policy, kvo)
    pump.board.sensed.flags |= ports.RF_SENSOR_FAULT
    pump.run(2_000)
    assert seen(pump) == ("failed", 0)
    assert pump.app.drive.relay == 0
    assert pump.status.priority == al.PRIORITY_HIGH


@pytest.mark.parametrize(
    ("policy", "kvo", "expected"), [pytest.param(*key[1:], row, id=key[0]) for key, row in VOLUME_OVER.items()]
)
def test_the_end_of_the_volume_is_the_policys(policy, kvo, expected):
    pump = pump_in("infusing", policy, kvo, vtbi_ul=1_000)
    pump.run(60_000)
    assert seen(pump) == expected


@pytest.mark.parametrize("name", COMPROMISED, ids=[key[0] for key in COMPROMISED])
def test_the_stop_key_stops_in_isolation(name):
    pump = pump_in("infusing", *name[1:])
    trust(pump, t.EV_COMPROMISED)
    pump.press(ports.KEY_STOP)
    assert pump.app.drive.step_rate_mhz == 0
    assert pump.status.rate_ul_h == 0


def test_a_bolus_that_ends_with_the_isolation_does_not_hide_it():
    """Two events in one tick: neither is lost."""
    twin = pump_in("bolus", layout.POLICY_STOP, 0)
    ticks = 0
    while twin.state == t.ST_BOLUS:
        twin.tick()
        ticks += 1
    pump = pump_in("bolus", layout.POLICY_STOP, 0)
    for _ in range(ticks - 1):
        pump.tick()
    trust(pump, t.EV_COMPROMISED)
    assert seen(pump) == ("stopped", 0)


@pytest.mark.parametrize("name", COMPROMISED, ids=[key[0] for key in COMPROMISED])
def test_an_exception_in_the_tick_cuts_motor_power_under_every_policy(name):
    pump = pump_in("infusing", *name[1:])
    pump.controller.dose.profile = None
    pump.tick()
    assert pump.state == t.ST_FAILED
    assert pump.app.drive.relay == 0
    assert pump.app.drive.step_rate_mhz == 0


def test_self_test_that_finds_its_sensors_dead_fails():
    pump = IdealPump.__new__(IdealPump)
    pump.board = IdealBoard(ports.HEAD_VOLUMETRIC)
    pump.board.sensed.flags |= ports.RF_SENSOR_FAULT
    pump.app = App(pump.board, NoGatekeeper())
    pump.controller = pump.app.controller
    pump.run(5_000)
    assert seen(pump) == ("failed", 0)
    assert pump.app.drive.relay == 0
