"""What is carried to a pump: whole or not in force, and going on where power was lost."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import staging as s
from firmware.trust import verdict as v
from firmware.trust.staging import CHUNK, Staging
from hal import ports
from simulator.asked import BIOMED, NURSE, PHARMACIST, AskedPump
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.power import PLACES, Cut, PowerLost, Supply
from tests.trust.test_requests import running

DATA = bytes(range(256)) * 5 + b"the end"


def digest(data):
    return sha256(data).digest()


def carry(staging, data, start=0):
    for offset in range(start, len(data), CHUNK):
        assert staging.take(offset, data[offset : offset + CHUNK]) == ports.OK


def settle(staging):
    for _ in range(200):
        if staging.step():
            return staging.state
    return staging.state


def flash(supply=None):
    return SimFlash(VirtualClock(0), supply)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=4 * CHUNK + 3))
def test_what_was_carried_is_what_can_be_read(data):
    staging = Staging(flash())
    assert staging.begin(len(data), digest(data), True) == ports.OK
    carry(staging, data)
    assert settle(staging) == s.CHECKED
    into = bytearray(len(data))
    assert staging.read(0, into) == ports.OK
    assert into == data


def test_the_longest_fits_and_one_byte_more_does_not():
    store = flash()
    most = s.capacity(store.size(ports.AREA_STAGE))
    data = bytes(most)
    staging = Staging(store)
    assert staging.begin(most + 1, digest(data), True) == ports.ERR_RANGE
    assert staging.begin(most, digest(data), True) == ports.OK
    carry(staging, data)
    assert settle(staging) == s.CHECKED


def test_another_content_than_was_announced_is_spoilt_and_cannot_be_read():
    staging = Staging(flash())
    staging.begin(len(DATA), digest(DATA), True)
    carry(staging, DATA[:-1] + b"!")
    assert settle(staging) == s.SPOILT
    assert staging.read(0, bytearray(1)) == ports.ERR_RANGE
    assert staging.begin(len(DATA), digest(DATA), True) == ports.OK  # anew
    carry(staging, DATA)
    assert settle(staging) == s.CHECKED


def test_nothing_is_read_before_it_is_whole():
    staging = Staging(flash())
    staging.begin(len(DATA), digest(DATA), True)
    carry(staging, DATA[:CHUNK])
    assert settle(staging) == s.COMES
    assert staging.read(0, bytearray(1)) == ports.ERR_RANGE


@pytest.mark.parametrize(
    ("offset", "length"), [(1, CHUNK), (CHUNK, CHUNK), (0, CHUNK - 1), (0, CHUNK + 1), (-CHUNK, CHUNK), (1 << 20, 7)]
)
def test_what_is_no_chunk_of_it_is_refused(offset, length):
    staging = Staging(flash())
    staging.begin(len(DATA), digest(DATA), True)
    assert staging.take(offset, bytes(length)) == ports.ERR_RANGE
    assert staging.have == 0


def test_a_chunk_that_comes_again_changes_nothing():
    staging = Staging(flash())
    staging.begin(len(DATA), digest(DATA), True)
    carry(staging, DATA[:CHUNK])
    assert staging.take(0, bytes(CHUNK)) == ports.OK
    carry(staging, DATA, CHUNK)
    assert settle(staging) == s.CHECKED


def test_no_erase_where_one_would_do_harm():
    staging = Staging(flash())
    assert staging.begin(len(DATA), digest(DATA), False) == ports.ERR_BUSY
    assert staging.begin(len(DATA), digest(DATA), True) == ports.OK
    assert staging.begin(len(DATA), digest(DATA), False) == ports.OK  # nothing to erase: it goes on
    assert staging.begin(3, digest(b"new"), False) == ports.ERR_BUSY
    assert staging.length == len(DATA)


class NoStage(SimFlash):
    def size(self, area):
        return 0 if area == ports.AREA_STAGE else super().size(area)


def test_a_board_without_the_area_says_so():
    staging = Staging(NoStage(VirtualClock(0)))
    assert staging.begin(3, digest(b"new"), True) == ports.ERR_ABSENT
    assert staging.take(0, b"new") == ports.ERR_RANGE


def operations():
    """How many store operations a whole transport is."""
    supply = Supply()
    staging = Staging(flash(supply))
    staging.begin(len(DATA), digest(DATA), True)
    carry(staging, DATA)
    return supply.operations


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("byte", [0, 1, 7, 43, 300, 511])
def test_power_lost_in_any_operation_and_the_transport_goes_on(where, byte):
    count = operations()
    assert count == 2 + 2 * 3
    for number in range(1, count + 1):
        supply = Supply()
        store = flash(supply)
        supply.arm(Cut(number, where, byte, seed=number))
        staging = Staging(store)
        with pytest.raises(PowerLost):
            staging.begin(len(DATA), digest(DATA), True)
            carry(staging, DATA)
        done = staging.have
        staging = Staging(store)
        before = staging.have
        assert before >= done
        assert staging.begin(len(DATA), digest(DATA), True) == ports.OK
        assert staging.have == before  # what was there is not asked for again
        carry(staging, DATA, before)
        assert settle(staging) == s.CHECKED


# Over the network.


def library(pump):
    into = bytearray(pump.board.store.size(ports.AREA_LIBRARY))
    pump.board.store.read(ports.AREA_LIBRARY, 0, into)
    return bytes(into)


def staged(pump):
    pump.run(400)
    return pump.reader.last(f.STAGED).body


def test_a_library_is_carried_by_who_may_and_waits():
    pump = AskedPump()
    before = library(pump)
    assert pump.ask(NURSE, r.KIND_STAGE, {1: len(DATA), 2: digest(DATA)}) == v.REFUSED_FORBIDDEN
    assert pump.ask(PHARMACIST, r.KIND_CHUNK, {1: 0, 2: DATA[:CHUNK]}) == v.REFUSED_STATE
    assert pump.ask(PHARMACIST, r.KIND_STAGE, {1: len(DATA), 2: digest(DATA)}) == v.OK
    for offset in range(0, len(DATA), CHUNK):
        who = BIOMED if offset else PHARMACIST
        assert pump.ask(who, r.KIND_CHUNK, {1: offset, 2: DATA[offset : offset + CHUNK]}) == v.OK
    pump.run(1_000)
    assert staged(pump) == {1: s.CHECKED, 2: len(DATA), 3: len(DATA), 4: digest(DATA)}
    assert library(pump) == before


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (r.KIND_STAGE, {1: 3}), (r.KIND_STAGE, {1: 3, 2: bytes(31)}), (r.KIND_STAGE, {1: 3, 2: 4}),
        (r.KIND_CHUNK, {1: 0, 2: b""}), (r.KIND_CHUNK, {1: 0, 2: bytes(513)}), (r.KIND_CHUNK, {1: 0, 3: b"x"}),
        (r.KIND_CHUNK, {2: b"x"}), (r.KIND_CHUNK, {1: 0, 2: b"x", 3: 0}), (r.KIND_WAVE, {1: 601}), (r.KIND_WAVE, {}),
    ],
)  # fmt: skip
def test_arguments_that_are_none(kind, arguments):
    assert AskedPump().ask(PHARMACIST, kind, arguments) == v.REFUSED_MALFORMED


def test_nothing_is_erased_while_a_dose_flows():
    pump = running()
    assert pump.ask(PHARMACIST, r.KIND_STAGE, {1: len(DATA), 2: digest(DATA)}) == v.REFUSED_BUSY
    assert staged(pump)[1] == s.NOTHING
