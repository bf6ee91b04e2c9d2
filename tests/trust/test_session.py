"""Challenges, counters, seconds, the tally and the roles: the rules that need no pump."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.mac import MacKey
from firmware.trust.seconds import Seconds
from firmware.trust.session import LAST_SESSION, OPERATORS, WINDOW, Counters, Session
from simulator.devices.parts import SimEntropy

KEY = MacKey(b"k" * 32)


def test_a_challenge_names_boot_and_session_and_each_is_another():
    session = Session()
    session.boot(5)
    seen = []
    for number in range(3):
        assert session.begin(KEY, SimEntropy(0))
        assert session.challenge[:6] == bytes((0, 0, 0, 5, 0, number))
        seen.append(session.challenge)
    assert [session.judge(one) for one in seen] == [v.REFUSED_EARLIER_SESSION] * 2 + [v.OK]
    session.boot(6)
    session.begin(KEY, SimEntropy(0))
    assert {session.judge(one) for one in seen} == {v.REFUSED_EARLIER_BOOT}


def test_no_session_answers_to_nothing():
    session = Session()
    assert session.judge(b"") != v.OK
    session.boot(1)
    session.begin(KEY, None)
    session.end()
    assert session.judge(b"") != v.OK


def test_challenges_differ_without_any_entropy():
    entropy = SimEntropy(0)
    entropy.constant = True
    seen = set()
    for boot in range(1, 4):
        session = Session()
        session.boot(boot)
        for _ in range(3):
            session.begin(KEY, entropy)
            seen.add(session.challenge)
    assert len(seen) == 9


def test_no_challenge_comes_twice_after_a_recovery_within_a_boot():
    entropy = SimEntropy(0)
    entropy.constant = True
    session = Session()
    seen = set()
    for _ in range(3):
        session.boot(5)  # as the gatekeeper opens again
        session.begin(KEY, entropy)
        seen.add(session.challenge)
        session.end()
    assert len(seen) == 3


def test_a_boot_has_a_last_session():
    session = Session()
    session.boot(1)
    session.number = LAST_SESSION - 1
    assert session.begin(KEY, None)
    assert not session.begin(KEY, None)
    assert session.judge(session.challenge) != v.OK


@given(st.lists(st.integers(0, 80), max_size=60))
def test_a_counter_is_good_once_and_only_above_all_before_it(numbers):
    counters = Counters()
    used, late, highest, last = set(), set(), -1, -1
    for number in numbers:
        code = counters.take(7, number, bytes((number,)))
        if number > highest:
            assert code == v.OK
            used.add(number)
            highest = last = number
        elif number == last:
            assert code == v.REFUSED_DUPLICATED
        elif number in used or number in late or highest - number >= WINDOW:
            assert code == v.REFUSED_REPLAYED
        else:
            assert code == v.REFUSED_REORDERED
            late.add(number)


def test_the_same_counter_with_other_content_is_a_replay():
    counters = Counters()
    assert counters.take(7, 4, b"one") == v.OK
    assert counters.take(7, 4, b"two") == v.REFUSED_REPLAYED
    assert counters.take(7, 4, b"one") == v.REFUSED_DUPLICATED


def test_operators_do_not_use_up_each_others_counters_and_their_number_is_bounded():
    counters = Counters()
    for operator in range(1, OPERATORS + 1):
        assert not counters.is_full_for(operator)
        assert counters.take(operator, 9, b"") == v.OK
    assert not counters.is_full_for(OPERATORS)
    assert counters.is_full_for(OPERATORS + 1)
    counters.clear()
    assert not counters.is_full_for(OPERATORS + 1)


@given(st.lists(st.integers(0, 200_000), max_size=30), st.integers(0, 2**30 - 1))
def test_pump_seconds_are_whole_seconds_of_all_that_passed(steps, start):
    seconds = Seconds(start)
    passed = 0
    for step in steps:
        passed += step
        seconds.look(start + passed & 0x3FFFFFFF)
        assert seconds.now_s == passed // 1000


def test_the_sites_time_only_goes_forward():
    seconds = Seconds(0)
    assert seconds.site_s() == -1
    assert not seconds.tell(99, 100)
    assert seconds.tell(100, 100)
    seconds.look(5_000)
    assert seconds.site_s() == 105
    assert not seconds.tell(104, 100)
    assert seconds.tell(105, 100) and seconds.tell(2_000, 100)
    assert not seconds.tell(2**31, 100)
    assert seconds.site_s() == 2_000


def test_one_forgery_is_hostile_and_what_may_be_late_is_at_the_third_time():
    tally = v.Tally()
    assert tally.add(v.REFUSED_WRONG_MAC, 0)
    tally = v.Tally()
    assert [tally.add(v.REFUSED_EXPIRED, second) for second in (0, 1, 2)] == [False, False, True]
    tally = v.Tally()
    assert [tally.add(v.REFUSED_EXPIRED, second) for second in (0, 1, 700, 701)] == [False, False, False, False]
    assert not any(tally.add(code, 702) for code in (v.OK, v.REFUSED_STATE, v.REFUSED_BUSY, v.REFUSED_ISOLATED))
    assert tally.counts[v.REFUSED_EXPIRED] == 4


def test_every_code_has_a_weight():
    assert len(v.WEIGHTS) == v.CODES


def test_a_flood_is_noted_now_and_then_with_its_number():
    tally = v.Tally()
    noted = []
    for second in range(20_000):
        tally.add(v.REFUSED_WRONG_MAC, second)
        noted.append(tally.notable(v.REFUSED_WRONG_MAC, second))
    assert [second for second, times in enumerate(noted) if times][:6] == [0, 10, 50, 210, 850, 3_410]
    assert [times for times in noted if times] == [1, 10, 40, 160, 640, 2_560, 3_600, 3_600, 3_600, 3_600]
    # After an hour without any it begins anew.
    again = []
    for second in range(30_000, 30_011):
        tally.add(v.REFUSED_WRONG_MAC, second)
        again.append(tally.notable(v.REFUSED_WRONG_MAC, second))
    assert [bool(times) for times in again] == [True] + [False] * 9 + [True]
    tally.add(v.OK, 25)
    assert tally.notable(v.OK, 25) == 1


# By hand, from docs/requests.md: who may ask for what.
MAY = {
    r.KIND_PREPARE: {r.NURSE, r.PHYSICIAN, r.PHARMACIST},
    r.KIND_TITRATE: {r.NURSE, r.PHYSICIAN},
    r.KIND_PAUSE: {r.NURSE, r.PHYSICIAN},
    r.KIND_STOP: {r.NURSE, r.PHYSICIAN},
    r.KIND_APPROVE: {r.NURSE, r.PHYSICIAN, r.PHARMACIST},
    r.KIND_LOG: set(range(1, 7)),
    r.KIND_ALARMS: set(range(1, 7)),
    r.KIND_STATUS: set(range(1, 7)),
    r.KIND_AUDIT: {r.BIOMED, r.SERVICE},
    r.KIND_WAVE: set(range(1, 7)),
    r.KIND_STAGE: {r.PHARMACIST, r.BIOMED, r.MANUFACTURER},
    r.KIND_CHUNK: {r.PHARMACIST, r.BIOMED, r.MANUFACTURER},
    r.KIND_UPDATE: {r.BIOMED, r.MANUFACTURER},
    r.KIND_INSTALL: {r.BIOMED},
    r.KIND_TIME: {r.SERVICE},
    r.KIND_REVOKE: {r.SERVICE},
    r.KIND_EPOCH: {r.SERVICE},
}
_READ = {r.KIND_LOG, r.KIND_AUDIT, r.KIND_ALARMS, r.KIND_STATUS, r.KIND_WAVE}
_LONG = {*_READ, r.KIND_REVOKE, r.KIND_EPOCH, r.KIND_STAGE, r.KIND_CHUNK, r.KIND_UPDATE, r.KIND_INSTALL}
_SUSPECT_TOO = {*_READ, r.KIND_REVOKE, r.KIND_EPOCH, r.KIND_TIME}


def test_who_may_what_for_how_long_and_when():
    roles = r.Roles()
    for kind in range(256):
        assert {role for role in range(256) if roles.may(role, kind)} == MAY.get(kind, set())
        assert roles.knows(kind) == (kind in MAY)
        assert roles.longest_s(kind) == (0 if kind not in MAY else 600 if kind in _LONG else 30)
        heard = {trust for trust in range(5) if roles.is_heard(kind, trust)}
        assert heard == (set() if kind not in MAY else {0, 1, 2} if kind in _SUSPECT_TOO else {0, 1})
