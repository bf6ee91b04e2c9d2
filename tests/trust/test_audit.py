"""The audit log: the chain over a store that fails, the look over it, what waits in memory, and the verifier."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust.audit import AUDIT_LOST, AUDIT_TRUST, DEPTH, Audit
from firmware.trust.audit_area import HEADING, SLOT, records_at, slots_in
from firmware.trust.audit_check import GOES_ON, Check
from firmware.trust.audit_frame import MAX_DATA, MOST, digest_of, frame_size, is_authentic, next_key, put
from firmware.trust.audit_store import BROKEN, NONE, SOUND, UNREAD, Chain
from hal import ports
from simulator import audit
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.homes import HomeError
from simulator.homes.micropython import ROOT, run_script
from simulator.power import AFTER, BEFORE, TORN, Cut, PowerLost
from tools.device import audit_log

A, B = ports.AREA_AUDIT_A, ports.AREA_AUDIT_B
SIZE = 2_048
KEY = bytes(range(32))


class Store(SimFlash):
    """One that fails at chosen calls."""

    def __init__(self, size=SIZE):
        super().__init__(VirtualClock(), audit_bytes=size)
        self.fail_writes = self.drop_writes = self.half_writes = self.fail_reads = ()
        self.fail_erases = False
        self.wrote = self.have_read = 0

    def read(self, area, offset, into):
        self.have_read += 1
        return ports.ERR_FAILED if self.have_read in self.fail_reads else super().read(area, offset, into)

    def write(self, area, offset, data):
        self.wrote += 1
        if self.wrote in self.fail_writes:
            return ports.ERR_FAILED
        if self.wrote in self.drop_writes:
            return ports.OK
        if self.wrote in self.half_writes:
            super().write(area, offset, bytes(data)[: len(data) // 2])
            return ports.ERR_FAILED
        return super().write(area, offset, data)

    def erase(self, area):
        return ports.ERR_FAILED if self.fail_erases else super().erase(area)

    def bytes(self, area):
        return bytes(self._areas[area])


def begun(store=None, records=0):
    store = store or Store()
    chain = Chain(store)
    assert chain.begin(KEY) == ports.OK
    for number in range(records):
        assert chain.append(*record(number)) == ports.OK
    return store, chain


def record(number):
    return 1 + number % 16, bytes([number & 255]) * (number % 20)


def verdict_of(chain):
    check = Check(chain)
    for _ in range(10_000):
        verdict = check.step()
        if verdict != GOES_ON:
            return verdict
    raise AssertionError("the check does not end")


def findings(store, chain, **named):
    return audit.verify(audit.read_log(store), KEY, heads=[(chain.sequence, bytes(chain.link))], **named).findings


# The chain.


def test_a_factory_fresh_store_has_no_chain():
    store = Store()
    chain = Chain(store)
    assert chain.open() == NONE
    assert chain.append(1, b"") == ports.ERR_ABSENT
    assert verdict_of(chain) == NONE
    assert store.bytes(A) == store.bytes(B) == b"\xff" * SIZE


def test_a_board_without_these_areas_has_no_chain():
    class Without(Store):
        def size(self, area):
            return 0 if area in (A, B) else super().size(area)

    assert Chain(Without()).open() == NONE


@pytest.mark.parametrize("records", [0, 1, 5, 9, 10, 11, 30, 200])
def test_a_boot_finds_the_chain_where_it_was(records):
    store, chain = begun(records=records)
    again = Chain(store)
    assert again.open() == SOUND
    assert (again.sequence, again.link, again.number) == (records, chain.link, chain.number)
    assert verdict_of(again) == SOUND
    assert again.append(1, b"after") == ports.OK
    assert findings(store, again) == []


def test_the_last_records_are_kept_and_the_ring_is_bounded():
    store, _chain = begun(records=300)
    log = audit.verify(audit.read_log(store), KEY).records
    assert [(one.kind, one.data) for one in log] == [record(one.sequence) for one in log]
    assert log[-1].sequence == 299
    assert len(log) >= slots_in(SIZE) - 3, "one area's worth at least"


def test_each_key_serves_once_and_is_gone_afterwards():
    store, chain = begun()
    key = KEY
    for number in range(60):
        content = store.bytes(A) + store.bytes(B)
        assert key in content
        assert chain.append(*record(number)) == ports.OK
        content = store.bytes(A) + store.bytes(B)
        assert not any(key[at : at + 4] in content for at in range(29))
        key = next_key(key)


def test_a_key_of_another_length_is_refused():
    assert Chain(Store()).begin(KEY[:31]) == ports.ERR_RANGE


def test_what_is_too_long_is_refused_and_the_chain_goes_on():
    store, chain = begun()
    assert chain.append(1, bytes(MAX_DATA + 1)) == ports.ERR_RANGE
    assert chain.append(256, b"") == ports.ERR_RANGE
    assert chain.append(-1, b"") == ports.ERR_RANGE
    assert chain.append(255, bytes(MAX_DATA)) == ports.OK
    assert findings(store, chain) == []


def test_no_erase_while_it_may_do_harm():
    store, chain = begun()
    chain.may_erase = False
    rcs = [chain.append(1, b"x") for _ in range(40)]
    assert ports.ERR_BUSY in rcs
    assert set(rcs[rcs.index(ports.ERR_BUSY) :]) == {ports.ERR_BUSY}
    stored = rcs.count(ports.OK)
    chain.may_erase = True
    assert chain.append(1, b"x") == ports.OK
    assert chain.sequence == stored + 1
    assert findings(store, chain) == []


def test_a_fresh_area_is_taken_ahead_of_need():
    store, chain = begun(records=slots_in(SIZE) * 3 // 4 + 1)
    chain.prepare()
    assert chain.number == 2
    chain.prepare()
    assert chain.number == 2
    assert Chain(store).open() == SOUND


@pytest.mark.parametrize("how", ["fail_writes", "drop_writes", "half_writes"])
@pytest.mark.parametrize("first", range(1, 90, 2))
def test_a_store_that_fails_once_costs_nothing_that_was_stored(how, first):
    store, chain = begun()
    setattr(store, how, (store.wrote + first,))
    last = 160  # an area that could not be taken is tried again after a hundred records
    stored = [record(number) for number in range(last) if chain.append(*record(number)) == ports.OK]
    log = audit.verify(audit.read_log(store), KEY, heads=[(chain.sequence, bytes(chain.link))])
    assert log.findings == []
    kept = [(one.kind, one.data) for one in log.records]
    assert kept[-5:] == [record(number) for number in range(last - 5, last)]
    # What was reported as failed may be there all the same, never the other way round.
    assert chain.sequence - len(stored) in (0, 1)
    again = Chain(store)
    assert (again.open(), verdict_of(again)) == (SOUND, SOUND)


@pytest.mark.parametrize("first", range(1, 60, 3))
def test_a_store_that_does_not_answer_is_no_evidence(first):
    store, _chain = begun(records=14)
    store.fail_reads = (store.have_read + first,)
    again = Chain(store)
    assert again.open() in (SOUND, UNREAD)
    store.fail_reads = ()
    assert again.append(1, b"x") == ports.OK
    assert (again.state, verdict_of(again), findings(store, again)) == (SOUND, SOUND, [])


def test_a_dead_store_is_unread_and_comes_back():
    store, _chain = begun(records=3)
    store.rc = ports.ERR_FAILED
    again = Chain(store)
    assert again.open() == UNREAD
    assert again.append(1, b"") == ports.ERR_FAILED
    assert verdict_of(again) == UNREAD
    store.rc = ports.OK
    assert again.append(1, b"") == ports.OK
    assert again.sequence == 4


def test_an_erase_that_fails_is_not_tried_at_once_again():
    store, chain = begun()
    store.fail_erases = True
    rcs = [chain.append(1, b"x") for _ in range(60)]
    assert rcs.count(ports.ERR_FAILED) == 1
    store.fail_erases = False
    rcs = [chain.append(1, b"x") for _ in range(120)]
    assert rcs[-1] == ports.OK
    assert findings(store, chain) == []


# Damage, and what is left of the chain.


def test_every_changed_byte_of_the_stored_chain_is_found_or_changes_nothing():
    store, _ = begun(records=14)
    used = {area: len(store.bytes(area).rstrip(b"\xff")) for area in (A, B)}
    silent = []
    for area in (A, B):
        for offset in range(used[area]):
            store.flip(area, offset, offset % 8)
            again = Chain(store)
            if again.open() == SOUND and verdict_of(again) == SOUND:
                silent.append((area, offset))
            store.flip(area, offset, offset % 8)
    slots = [(area, HEADING + place) for area in (A, B) for place in range(SLOT * slots_in(SIZE))]
    notes = [(area, 48 + place) for area in (A, B) for place in range(8)]  # the note on the other area, and beyond
    ends = set(silent) - set(slots) - set(notes)
    assert ends <= {(area, offset) for area, offset in ends if store.bytes(area)[offset] == 0xFF}, "fills a word"
    assert len(silent) < len(slots), "old slots are zeros, and what stands there means nothing"


def test_records_that_were_wiped_are_missed():
    store, _chain = begun(records=6)
    at = records_at(SIZE)
    for offset in range(at, at + frame_size(0)):
        store._areas[A][offset] = 0xFF
    again = Chain(store)
    again.open()
    assert verdict_of(again) == BROKEN


def test_the_last_record_that_was_wiped_is_missed_at_once():
    store, _ = begun(records=6)
    end = len(store.bytes(A).rstrip(b"\xff"))
    for offset in range(end - 60, end):
        store._areas[A][offset] = 0xFF
    assert Chain(store).open() == BROKEN


def test_an_older_area_that_was_wiped_is_missed():
    store, chain = begun(records=14)
    assert chain.number == 2
    store._areas[A] = bytearray(b"\xff" * SIZE)
    assert Chain(store).open() == BROKEN


def test_a_store_without_its_key_is_broken_and_takes_no_records():
    store, _chain = begun(records=3)
    for area in (A, B):
        store._areas[area][HEADING : records_at(SIZE)] = bytes(records_at(SIZE) - HEADING)
    again = Chain(store)
    assert again.open() == BROKEN
    assert again.append(1, b"") == ports.ERR_ABSENT


def test_a_broken_chain_goes_on_and_the_verifier_says_where():
    store, _chain = begun(records=6)
    at = records_at(SIZE)
    store.flip(A, at + frame_size(0) + 5, 0)
    again = Chain(store)
    again.open()
    assert verdict_of(again) == BROKEN
    assert again.append(16, b"broken") == ports.OK
    assert findings(store, again, start=0) == [audit.Finding(audit.DROPPED, 1, -1)]


def test_an_area_without_its_heading_goes_on_too():
    store, _chain = begun(records=14)
    store.flip(B, 3, 0)
    again = Chain(store)
    assert again.open() == BROKEN
    assert again.append(16, b"") == ports.OK


def test_a_look_that_meets_a_fresh_area_begins_anew():
    _store, chain = begun(records=14)
    check = Check(chain)
    for _ in range(3):
        assert check.step() == GOES_ON
    number = chain.number
    while chain.number == number:
        assert chain.append(1, b"x") == ports.OK
    verdict = check.step()
    while verdict == GOES_ON:
        verdict = check.step()
    assert verdict == SOUND


def test_a_look_sees_records_that_come_while_it_looks():
    _store, chain = begun(records=2)
    check = Check(chain)
    seen = []
    for number in range(8):
        seen.append(check.step())
        if number < 4:
            chain.append(1, bytes([number]))
    assert seen[-1] == SOUND
    assert seen.count(GOES_ON) == 6


def areas_like_ours():
    """Contents of an area: of chance, or a chain's with some bytes changed."""
    store, _ = begun(records=14)
    return st.one_of(
        st.binary(max_size=SIZE).map(lambda data: data.ljust(SIZE, b"\xff")),
        st.builds(_with_changes, st.just(store.bytes(A)), _CHANGES),
        st.builds(_with_changes, st.just(store.bytes(B)), _CHANGES),
    )


_CHANGES = st.lists(st.tuples(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=60)), max_size=6)


def _with_changes(data, changes):
    for offset, more in changes:
        data = (data[:offset] + more + data[offset + len(more) :])[:SIZE]
    return data


@given(areas_like_ours(), areas_like_ours())
@settings(max_examples=150)
def test_no_content_of_the_store_makes_it_raise_or_hang(a, b):
    store = Store()
    store.load(A, a)
    store.load(B, b)
    log = Audit(store)
    assert log.chain.state in (SOUND, BROKEN, NONE)
    for _ in range(3):
        log.note(AUDIT_TRUST, b"x")
        assert log.step(True) in (ports.OK, ports.ERR_ABSENT, ports.ERR_FAILED, ports.ERR_BUSY)
    assert verdict_of(log.chain) in (SOUND, BROKEN, NONE)
    audit.verify(audit.read_log(store), KEY)


@pytest.mark.parametrize("operation", range(1, 5))
@pytest.mark.parametrize("where", [BEFORE, TORN, AFTER])
def test_provisioning_that_is_cut_is_done_again(operation, where):
    store, _ = begun(records=9)
    store.supply.arm(Cut(operation, where, 20, operation))
    with pytest.raises(PowerLost):
        Chain(store).begin(next_key(KEY))
    again = Chain(store)
    again.open()
    assert again.begin(KEY) == ports.OK
    assert again.append(1, b"") == ports.OK
    assert (Chain(store).open(), findings(store, again, start=0)) == (SOUND, [])


# What waits in memory.


def test_what_is_noted_is_stored_in_order():
    store, _ = begun()
    log = Audit(store)
    for number in range(5):
        assert log.note(AUDIT_TRUST, bytes([number])) == ports.OK
    while log.waits():
        assert log.step(True) == ports.OK
    assert [one.data for one in audit.verify(audit.read_log(store), KEY, start=0).records] == [
        bytes([number]) for number in range(5)
    ]
    assert log.head() == (5, bytes(log.chain.link))


@given(st.lists(st.one_of(st.integers(1, 250), st.none()), max_size=60))
@settings(max_examples=60)
def test_nothing_is_lost_in_silence(steps):
    """A number notes so many records, None stores one; the log says how many found no room, and where."""
    store, _ = begun()
    log = Audit(store)
    noted = []
    number = 0
    for step in steps:
        if step is None:
            assert log.step(True) == ports.OK
            continue
        for _ in range(step % 12):
            noted.append((number, log.note(AUDIT_TRUST, bytes([number & 255, number >> 8]))))
            number += 1
    while log.waits() or log.lost:
        assert log.step(True) == ports.OK
    kept = audit.verify(audit.read_log(store), KEY, heads=[log.head()])
    assert kept.findings == []
    at = None
    for one in kept.records:
        if one.kind == AUDIT_LOST:
            at = at if at is None else at + int.from_bytes(one.data, "little")
            continue
        found = int.from_bytes(one.data, "little")
        assert at is None or found == at, "the gaps are as long as is said"
        at = found + 1
    assert at is None or at == number or number == 0


def test_what_is_too_long_is_not_kept():
    log = Audit(Store())
    assert log.note(AUDIT_TRUST, bytes(MAX_DATA + 1)) == ports.ERR_RANGE
    assert log.note(AUDIT_TRUST, bytes(MAX_DATA)) == ports.OK
    assert [log.note(kind, b"") for kind in (0, -1, 256)] == [ports.ERR_RANGE] * 3
    assert log.waits() == 1


def test_without_a_store_records_wait_and_are_counted():
    store = Store()
    log = Audit(store)
    rcs = [log.note(AUDIT_TRUST, b"x") for _ in range(DEPTH + 5)]
    assert rcs == [ports.OK] * DEPTH + [ports.ERR_FULL] * 5
    assert log.step(True) == ports.ERR_ABSENT
    assert (log.waits(), log.lost) == (DEPTH, 5)
    assert log.check() == NONE


def test_a_look_is_bounded_and_can_be_begun_again():
    store, _ = begun(records=14)
    log = Audit(store)
    for _ in range(2):
        steps = 1
        while log.check() == GOES_ON:
            steps += 1
        assert log.check() == SOUND
        assert 14 <= steps <= 14 + 2 * SIZE // (16 * 128) + 2
        log.check_again()


def test_the_log_is_the_same_to_the_byte_on_micropython():
    try:
        said = run_script(Path(audit_log.__file__), str(ROOT))
    except HomeError as error:
        pytest.skip(str(error))
    here = audit_log.run()
    assert json.loads(said) == here
    assert (here["before"], here["boot"], here["look"], here["same head"]) == (NONE, SOUND, SOUND, True)


# The verifier.


def log_of(records, key=KEY):
    frames, link, frame = [], bytes(32), bytearray(MOST)
    for number in range(records):
        kind, data = record(number)
        frames.append(bytes(frame[: put(frame, number, kind, link, data, key)]))
        link = digest_of(frame, len(data))
        key = next_key(key)
    return frames, (records, link)


def said(log, **named):
    return [str(finding) for finding in audit.verify(log, KEY, **named).findings]


def test_an_honest_log_is_whole_from_anywhere():
    frames, head = log_of(30)
    assert said(frames, start=0, heads=[head]) == []
    assert said(frames[12:], heads=[head]) == []
    assert said([], start=0, heads=[(0, bytes(32))]) == []
    later = KEY
    for _ in range(12):
        later = next_key(later)
    assert audit.verify(frames[12:], later, first=12, start=12, heads=[head]).findings == []


def test_what_was_done_is_named():
    frames, head = log_of(10)
    assert said(frames[:7], start=0, heads=[head]) == ["record 7 cut"]
    assert said(frames[2:], start=0) == ["record 0 dropped", "record 1 dropped"]
    assert said(frames[:3] + frames[5:], start=0) == ["record 3 dropped", "record 4 dropped"]
    swapped = [*frames[:3], frames[4], frames[3], *frames[5:]]
    assert said(swapped, start=0) == ["record 3 reordered, place 4 in the log"]
    assert said([*frames, frames[2]], start=0) == ["record 2 repeated, place 10 in the log"]
    assert said([*frames[:4], b"", *frames[4:]], start=0) == ["record -1 spoilt, place 4 in the log"]
    assert said([*frames[:4], bytes(400), *frames[4:]], start=0) == ["record -1 spoilt, place 4 in the log"]


def test_a_thief_of_the_key_makes_no_yesterday():
    frames, head = log_of(10)
    stolen = KEY
    for _ in range(10):
        stolen = next_key(stolen)
    frame = bytearray(MOST)
    for number in range(10):
        size = put(frame, number, 1, bytes(frames[number][8:40]), b"nothing", stolen)
        forged = [*frames[:number], bytes(frame[:size]), *frames[number + 1 :]]
        assert said(forged, start=0, heads=[head])[0] == f"record {number} altered, place {number} in the log"


def test_a_number_out_of_the_world_does_not_make_it_hash_for_ever():
    frames, _ = log_of(3)
    frame = bytearray(MOST)
    size = put(frame, 2**32 - 1, 1, bytes(32), b"", KEY)
    assert said([*frames, bytes(frame[:size])], start=0) == ["record 4294967295 forged, place 3 in the log"]


def test_a_holder_of_the_first_key_who_writes_another_log_is_found_by_the_head():
    _frames, head = log_of(10)
    other, link, frame, key = [], bytes(32), bytearray(MOST), KEY
    for number in range(10):
        other.append(bytes(frame[: put(frame, number, 1, link, b"other", key)]))
        link = digest_of(frame, 5)
        key = next_key(key)
    assert said(other, start=0) == []
    assert said(other, start=0, heads=[head]) == ["record 9 forged"]


@given(st.lists(st.binary(max_size=200), max_size=12))
def test_no_log_makes_the_verifier_raise(log):
    assert len(audit.verify(log, KEY, start=0).findings) >= len(log)


def test_kinds_have_names():
    assert audit.Record(0, 3, b"").name == "trust state changed"
    assert audit.Record(0, 200, b"").name == "kind 200"
    from firmware.trust import audit as kinds

    numbers = {name: getattr(kinds, name) for name in dir(kinds) if name.startswith("AUDIT_")}
    assert set(audit.NAMES) == set(numbers.values())
    assert len(set(numbers.values())) == len(numbers)


def test_a_frame_says_whether_it_is_authentic():
    frame = bytearray(MOST)
    put(frame, 7, 3, bytes(32), b"data", KEY)
    assert is_authentic(frame, 4, KEY)
    assert not is_authentic(frame, 4, next_key(KEY))


@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_a_look_over_a_chain_that_grows_meanwhile_finds_nothing(every):
    _, chain = begun(Store(16_384))
    check = Check(chain)
    looks = 0
    for step in range(1_500):
        if step % every == 0 and chain.sequence < 90:
            assert chain.append(*record(chain.sequence)) == ports.OK
        verdict = check.step()
        if verdict != GOES_ON:
            assert verdict == SOUND
            looks += 1
            check.begin()
    assert looks > 3


def test_a_chain_that_grows_hides_no_cut():
    store, chain = begun(records=6)
    store.load(chain.area, store.bytes(chain.area)[: chain._offset - 80] + bytes(80))
    check = Check(chain)
    for _ in range(200):
        verdict = check.step()
        if verdict != GOES_ON:
            break
        if chain.sequence < 12:
            chain.append(*record(chain.sequence))
    assert verdict == BROKEN
