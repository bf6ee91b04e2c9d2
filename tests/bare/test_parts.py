"""The small parts beside the simulator's, and what the desk makes of floods, misuse and no room."""

from random import Random

import pytest

from firmware.therapy import tables as t
from hal import ports
from hal.bare.board import QUEUE, BareBoard
from hal.bare.library import LIBRARY
from hal.bare.parts import JOURNAL_BYTES, SMALL_BYTES, WATCHDOG_MS, Clock, Entropy, Link, Store, Watchdog
from hal.bare.plant import Plant
from simulator.clock import VirtualClock
from simulator.devices.flash import ERASE_MS, SimFlash
from simulator.devices.parts import WATCHDOG_MS as SIM_WATCHDOG_MS
from tests.bare.session import infusing

A, B, L = ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B, ports.AREA_LIBRARY


@pytest.mark.parametrize("seed", range(5))
def test_the_store_is_the_simulator_s_flash(seed):
    random = Random(seed)
    stalls = []
    small = Store(LIBRARY, stalls.append)
    great = SimFlash(VirtualClock(), journal_bytes=JOURNAL_BYTES, audit_bytes=SMALL_BYTES)
    for _ in range(600):
        area = random.choice((A, B, 3, 4, 5, 6, 8))
        offset = random.choice((0, 1, 511, 512, 4000, SMALL_BYTES - 2, JOURNAL_BYTES - 3, JOURNAL_BYTES, -1))
        data = bytes(random.randrange(256) for _ in range(random.randrange(1, 700)))
        what = random.random()
        if what < 0.05:
            assert small.erase(area) == great.erase(area)
        elif what < 0.5:
            assert small.write(area, offset, data) == great.write(area, offset, data)
        else:
            ours, theirs = bytearray(len(data)), bytearray(len(data))
            rc = small.read(area, offset, ours)
            assert rc == great.read(area, offset, theirs)
            assert rc or ours == theirs
    assert set(stalls) <= {ERASE_MS} and len(stalls) == great.erases


def test_the_library_s_area_is_read_only():
    store = Store(LIBRARY, None)
    assert store.size(L) == len(LIBRARY)
    assert store.write(L, 0, b"\0") == store.erase(L) == ports.ERR_FAILED
    assert store.read(L, len(LIBRARY) - 1, bytearray(2)) == ports.ERR_RANGE


def test_the_link_loses_what_it_has_no_room_or_no_carrier_for():
    plant = Plant(ports.HEAD_SYRINGE)
    link = Link(plant)
    assert link.inject(300) == 256 and link.inject(1) == 0
    into = bytearray(100)
    first = [link.receive(into) for _ in range(4)]
    assert first == [100, 100, 56, 0]
    plant.link_up = 0
    assert link.inject(5) == 0 and link.send(b"abc", 3) == 0
    plant.link_up = 1
    assert [link.send(b"abc", count) for count in (3, 9, -1)] == [3, 3, 0]


def test_the_watchdog_bites_once_it_was_fed():
    assert WATCHDOG_MS == SIM_WATCHDOG_MS
    clock = Clock()
    dog = Watchdog(clock)
    clock.advance(20_000)
    assert not dog.bites()
    dog.feed()
    clock.advance(WATCHDOG_MS - 1)
    assert not dog.bites()
    clock.advance(1)
    assert dog.bites()
    dog.restart()
    assert not dog.bites()


def test_entropy_is_the_interpreter_s_own():
    into = bytearray(32)
    assert Entropy().fill(into) == ports.OK and into != bytearray(32)


def test_stop_waits_for_no_queue_and_empties_it():
    board = BareBoard(ports.HEAD_VOLUMETRIC)
    for number in range(QUEUE):
        assert board.press(ports.KEY_FIELD + 1, number)
    assert not board.press(ports.KEY_START) and board.room() == 0
    assert board.press(ports.KEY_STOP) and board.plant.gate_shut
    readings = ports.Readings()
    board.read(readings)
    assert readings.key == ports.KEY_STOP
    board.read(readings)
    assert readings.key == ports.KEY_GLASS_OFF
    board.read(readings)
    assert readings.key == ports.KEY_NONE


@pytest.mark.parametrize("flood", ["g" * 500, "n" * 200, "vB" * 100, "+-" * 300, "?" * 500, "k" * 501])
def test_a_flood_of_keys_leaves_the_dose_and_the_stop(flood):
    session = infusing()
    session.console.waiting += flood.encode()
    session.pass_s(1)
    assert session.status.rate_ul_h == 6562 and session.status.delivery == t.ST_INFUSING
    session.console.waiting += b"s"
    session.pass_s(len(flood) // 70 + 2)
    assert session.status.delivery == t.ST_PAUSED


def test_random_keys_never_break_a_turn_and_no_state_but_a_known_one_follows():
    random = Random(7)
    session = infusing()
    letters = "sgpmancixz+-vbukBMoOydewftjFlhHCWRPL "
    for _ in range(400):
        session.type(random.choice(letters), random.choice((1, 1, 5)))
        if session.status is None:  # it boots
            session.pass_s(1)
        assert session.loop.raised == 0
        assert 0 <= session.status.delivery <= t.ST_FAILED and session.status.trust <= t.TR_ISOLATED
        if session.status.delivery == t.ST_FAILED:
            session.type("N", 2)
