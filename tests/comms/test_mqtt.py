"""The pump's MQTT client by itself: when it dials, how long it waits, what it keeps, a mailbox that is out of step."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.comms import backoff, mqtt, outgoing
from firmware.comms.backoff import Backoff
from firmware.comms.outgoing import Outgoing
from firmware.comms.topics import Topics
from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from firmware.trust.ring import Ring
from hal.compat import ticks_diff
from tools.fuzz.broker import PUMP_ID, STATES, STEP_MS, Entropy, Trial, connection
from tools.fuzz.packets import publish

FACTS = {1: 1, 2: 0, 3: 1, 4: 1, 5: 1, 6: 0}  # QoS by kind


def fact(kind: int, body: dict[int, Any] | None = None) -> bytes:
    """A fact on the mailbox."""
    payload = encode({1: kind, 2: 1, 3: 0, 4: body or {}})
    made = make_mac0(payload, MacKey(b"x"), {KEY_ID: PUMP_ID}, b"kvo fact 1")
    return len(made).to_bytes(2, "big") + made


class Chance:
    """Entropy of one's own choice."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fill(self, into: bytearray) -> int:
        into[:] = self.seed.to_bytes(len(into), "big")
        return 0


@pytest.mark.parametrize("seed", [0, 1, 0x8000, 0xFFFF])
def test_waits_double_up_to_a_minute_and_are_shortened_by_half_at_most(seed: int) -> None:
    one = Backoff(0, Chance(seed))
    for failures in range(12):
        one.fail(1000, 1000)
        whole = min(backoff.FIRST_MS << failures, backoff.LAST_MS)
        assert whole // 2 <= ticks_diff(one.due_ms, 1000) <= whole


def test_a_ward_does_not_dial_at_once() -> None:
    waits = set()
    for seed in range(0, 0x10000, 0x101):
        one = Backoff(0, Chance(seed))
        for _ in range(8):
            one.fail(0, 0)
        waits.add(one.due_ms)
    assert len(waits) > 200


def test_only_a_connection_that_held_makes_the_next_wait_short() -> None:
    one = Backoff(0, Chance(0))
    for _ in range(9):
        one.fail(0, 0)
    one.fail(backoff.STEADY_MS - 1, 0)
    assert ticks_diff(one.due_ms, backoff.STEADY_MS - 1) >= backoff.LAST_MS // 2
    one.fail(2 * backoff.STEADY_MS, backoff.STEADY_MS)
    assert ticks_diff(one.due_ms, 2 * backoff.STEADY_MS) <= backoff.FIRST_MS


def test_no_handshake_begins_that_would_outlast_the_lease() -> None:
    trial = Trial()
    trial.wire.may_open = True
    trial.wire.blocks_ms = 1900
    trial.comms._leave.ms = 1899
    assert not trial.polls_until(lambda: trial.comms.state != mqtt.AWAY, 400)
    trial.comms._leave.ms = 1900
    assert trial.polls_until(lambda: trial.comms.state != mqtt.AWAY, 4)


@pytest.mark.parametrize("state", STATES)
def test_a_silent_broker_is_let_go(state: str) -> None:
    trial = Trial()
    assert trial.reach(state)
    trial.wire.may_open = False
    assert trial.polls_until(lambda: trial.comms.state == mqtt.AWAY, 60)


def test_a_broker_that_answers_pings_keeps_its_pump_for_a_fortnight() -> None:
    """Past the clock's wrap, and past where a difference means anything."""
    trial = Trial()
    assert trial.reach("up")
    wire = trial.wire
    for _ in range(2000):
        trial.clock.now_ms = (trial.clock.now_ms + 600_000 // 150) & 0x3FFFFFFF
        for _ in range(2):
            trial.poll()
            if wire.from_pump.endswith(b"\xc0\x00"):
                wire.from_pump.clear()
                wire.to_pump += b"\xd0\x00"
    assert trial.comms.connections == 1


def test_it_pings_though_the_broker_never_stops_talking() -> None:
    """What it hears is no sign of itself to the broker."""
    trial = Trial()
    assert trial.reach("up")
    trial.wire.from_pump.clear()
    for _ in range(mqtt.SILENT_MS // STEP_MS + 8):
        trial.wire.to_pump += publish(trial.topic, b"x", 0)
        trial.poll()
    assert b"\xc0\x00" in trial.wire.from_pump


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 255])
def test_no_refusal_is_for_good(code: int) -> None:
    trial = Trial()
    assert trial.reach("greeting")
    trial.wire.to_pump += bytes([0x20, 2, 0, code])
    assert trial.polls_until(lambda: trial.comms.state == mqtt.AWAY, 10)
    assert trial.reach("up")


@pytest.mark.parametrize("kind", FACTS)
def test_facts_go_by_their_kind(kind: int) -> None:
    trial = Trial()
    assert trial.reach("up")
    data = fact(kind)
    trial.facts.put(data, len(data))
    assert trial.polls_until(lambda: trial.wire.from_pump.endswith(data[2:]), 40)
    assert b"/fact/%d" % kind in trial.wire.from_pump
    trial.poll()
    assert trial.comms._outgoing.ready == bool(FACTS[kind])  # kept until it is acknowledged, or gone


def test_a_fact_is_sent_again_and_marked_so_and_given_up_in_the_end() -> None:
    trial = Trial()
    data = fact(4)
    trial.facts.put(data, len(data))
    seen = []
    for _ in range(outgoing.TRIES):
        assert trial.reach("up")
        assert trial.polls_until(lambda: trial.wire.from_pump.endswith(data[2:]), 40)
        place = trial.wire.from_pump.rfind(b"kvo/" + PUMP_ID.hex().encode() + b"/fact/4")
        seen.append(trial.wire.from_pump[place - 5 if len(data) > 90 else place - 4] & 8)
        trial.wire.may_open = False
        trial.wire.close()
        assert trial.polls_until(lambda: trial.comms.state == mqtt.AWAY, 40)
    assert trial.comms._outgoing.ready
    assert trial.reach("up")
    assert trial.polls_until(lambda: not trial.comms._outgoing.ready, 40)
    assert (trial.comms._outgoing.dropped, sum(bool(one) for one in seen)) == (1, outgoing.TRIES - 1)


def test_a_new_comms_that_comes_upon_half_a_fact_finds_the_next_whole_one() -> None:
    ring = Ring(4096)
    broken = fact(1, {1: bytes(100)})[40:]
    ring.put(broken, len(broken))
    one = Outgoing(ring, Topics(PUMP_ID), 0)
    assert not one.look(0)
    assert not one.look(500)
    assert not one.look(outgoing.QUIET_MS + 600)
    whole = fact(3)
    ring.put(whole, len(whole))
    assert one.look(outgoing.QUIET_MS + 700)
    assert (one.kind, bytes(one.buffer[outgoing.HEAD : one.end]), one.dropped) == (3, whole[2:], 1)


@pytest.mark.parametrize("head", [b"\0\0", b"\xff\xff", b"\x08\x01"])
def test_a_length_that_no_fact_has_is_no_fact(head: bytes) -> None:
    ring = Ring(4096)
    ring.put(head, 2)
    one = Outgoing(ring, Topics(PUMP_ID), 0)
    assert not one.look(0)
    assert one.dropped == 1


def test_the_kind_is_read_only_from_facts_of_our_own() -> None:
    topics = Topics(PUMP_ID)
    for kind in FACTS:
        data = fact(kind)[2:]
        assert topics.kind_of(bytearray(data), 0, len(data)) == kind
    other = Topics(bytes(8))
    data = bytearray(fact(1)[2:])
    assert other.kind_of(data, 0, len(data)) == -1
    for count in range(25):
        assert topics.kind_of(data[:count], 0, count) == -1


def test_the_malicious_broker_in_short() -> None:
    """The claim `malicious-broker` runs more."""
    trial = Trial()
    assert [wrong for wrong in (connection(trial, number) for number in range(120)) if wrong] == []


def test_entropy_that_fails_stops_nothing() -> None:
    class Broken:
        def fill(self, into: bytearray) -> int:
            return 2

    one = Backoff(0, Broken())
    one.fail(0, 0)
    assert 500 <= one.due_ms <= 1000
    assert Entropy().fill(bytearray(2)) == 0
