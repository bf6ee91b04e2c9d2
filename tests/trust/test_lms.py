"""HSS/LMS by pieces and slices: the verdict does not depend on them; whatever else comes is refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.trust import lms
from tools.claims import signature_cases
from tools.claims.signatures import DEFAULT

LOADED = signature_cases.load()
CASES = {one["source"]: signature_cases.case_of(one) for group in LOADED.values() for one in group}
CASE = CASES[DEFAULT]


def test_the_default_has_the_size_that_the_design_names():
    assert len(CASE.signature) == 4 + 1500
    assert len(CASE.key) == 4 + 24 + 24


def test_the_verdict_is_a_pattern():
    verdict = lms.verify(CASE.key, CASE.message, CASE.signature)
    codes = (lms.MORE, lms.REFUSED_KEY, lms.REFUSED_LENGTH, lms.REFUSED_LEVELS, lms.REFUSED_TYPE, lms.REFUSED_LEAF,
             lms.REFUSED_SIGNATURE, lms.REFUSED_ORDER)  # fmt: skip
    assert verdict == lms.VERIFIED
    assert verdict is not True
    assert len(set(codes)) == len(codes)
    assert min((code ^ lms.VERIFIED).bit_count() for code in codes) >= 4


@given(st.lists(st.integers(0, len(CASE.message)), max_size=6), st.integers(1, 600))
def test_pieces_and_slices_change_nothing(cuts, hashes):
    verifier = lms.Verifier(bytearray(CASE.key), memoryview(CASE.signature))
    places = [0, *sorted(cuts), len(CASE.message)]
    for start, end in pairwise(places):
        verifier.update(memoryview(CASE.message)[start:end])
    assert verifier.result == lms.MORE
    while verifier.step(hashes):
        pass
    assert verifier.result == lms.VERIFIED
    assert not verifier.step()
    verifier.update(b"too late to matter")
    assert verifier.result == lms.VERIFIED


def test_what_is_changed_under_it_changes_nothing():
    key, signature = bytearray(CASE.key), bytearray(CASE.signature)
    verifier = lms.Verifier(key, signature)
    verifier.update(CASE.message)
    verifier.step(10)
    key[:], signature[:] = bytes(len(key)), bytes(len(signature))
    while verifier.step():
        pass
    assert verifier.result == lms.VERIFIED


def test_bytes_after_the_work_has_begun_spoil_it():
    verifier = lms.Verifier(CASE.key, CASE.signature)
    verifier.update(CASE.message)
    verifier.step(1)
    verifier.update(b"")
    assert verifier.result == lms.REFUSED_ORDER
    assert not verifier.step()


@given(st.binary(max_size=80), st.binary(max_size=40), st.binary(max_size=3000))
def test_no_exception_leaves(key, message, signature):
    assert lms.verify(key, message, signature) not in (lms.VERIFIED, lms.MORE)
    assert lms.verify(CASE.key, message, signature) not in (lms.VERIFIED, lms.MORE)


@given(st.integers(0, len(CASE.signature) - 1), st.integers(1, 255))
def test_every_altered_byte_is_refused(place, difference):
    altered = CASE.put(place, bytes([CASE.signature[place] ^ difference]))
    assert lms.verify(altered.key, altered.message, altered.signature) not in (lms.VERIFIED, lms.MORE)


@pytest.mark.parametrize("name", CASES)
def test_a_signature_holds_for_its_own_key_alone(name):
    case = CASES[name]
    for other in CASES.values():
        if other.key != case.key:
            assert lms.verify(other.key, case.message, case.signature) not in (lms.VERIFIED, lms.MORE)


@pytest.mark.parametrize("length", [0, 3, 4, 5, 11, 12, 27, 51, 53])
def test_a_key_of_another_length_is_none(length):
    assert lms.verify((CASE.key * 2)[:length], CASE.message, CASE.signature) == lms.REFUSED_KEY
