"""Trust events: one mailbox for all, in which a flood of one hides no other."""

import itertools

import pytest

from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.engine import IGNORED, Machine
from firmware.therapy.mailbox import Mailbox
from simulator.ideal import IdealPump, prescription

POSTED = (t.EV_LINK_LOST, t.EV_AUTHENTIC, t.EV_HOSTILE, t.EV_COMPROMISED, t.EV_RECOVERY_ON, t.EV_RECOVERED)
# How much is withheld in each state: where events meet in one tick, more may be, less may not.
CAUTION = {t.TR_NORMAL: 0, t.TR_OFFLINE: 1, t.TR_SUSPECT: 2, t.TR_RECOVERY: 3, t.TR_ISOLATED: 4}


def stepped(state, events, guards):
    """The state that `events` lead to one by one, and whether they isolate on the way."""
    machine, isolated = Machine(t.TRUST, state), False
    for event in events:
        action = machine.step(event, guards)
        isolated |= action != IGNORED and action == t.AT_ISOLATE
    return machine.state, isolated


def through(events):
    mailbox = Mailbox()
    for event in events:
        assert mailbox.post(event)
    out = []
    while mailbox.waiting:
        out.append(mailbox.take())
    return out


@pytest.mark.parametrize("guards", range(4))
@pytest.mark.parametrize("state", CAUTION)
def test_events_that_meet_lead_where_they_would_one_by_one_or_to_more_caution(state, guards):
    for length in range(1, 5):
        for events in itertools.product(POSTED, repeat=length):
            due, isolates = stepped(state, events, guards)
            is_, isolated = stepped(state, through(events), guards)
            assert CAUTION[is_] >= CAUTION[due], (state, events, guards)
            assert isolated or not isolates or state == t.TR_ISOLATED, (state, events, guards)


@pytest.mark.parametrize("event", POSTED)
def test_a_single_event_passes(event):
    assert through([event] * 1000) == [event]


@pytest.mark.parametrize("event", [t.EV_QUIET, 7, 255, -1, -128, 2**30])
def test_what_is_no_event_from_outside_is_refused(event):
    mailbox = Mailbox()
    assert not mailbox.post(event)
    assert not mailbox.waiting


def test_an_empty_mailbox_says_so():
    assert Mailbox().take() == -1


@pytest.mark.parametrize("flood", POSTED)
def test_a_flood_delays_no_compromise_and_leaves_the_dose(flood):
    pump = IdealPump()
    pump.start(prescription(10_000, policy=layout.POLICY_SUSTAIN))
    post = pump.controller.mailbox.post
    for _ in range(50):
        for _ in range(100):
            post(flood)
        pump.tick()
    post(t.EV_COMPROMISED)
    for _ in range(100):
        post(flood)
    pump.tick()
    isolated = (t.TR_ISOLATED, t.TR_RECOVERY)
    assert pump.status.trust in isolated
    assert pump.status.rate_ul_h == 10_000


def test_a_flood_writes_nothing_to_the_store():
    pump = IdealPump()
    pump.start(prescription(10_000))
    pump.controller.mailbox.post(t.EV_HOSTILE)
    pump.run(1_000)
    before = pump.board.store.writes
    pump.run(100_000)
    calm = pump.board.store.writes - before  # progress alone
    before = pump.board.store.writes
    for _ in range(1_000):
        pump.controller.mailbox.post(t.EV_HOSTILE)
        pump.tick()
    assert pump.board.store.writes - before == calm
