"""HMAC, HKDF and PBKDF2 against Python's own and another library, in slices and with odd lengths."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust.mac import MacKey, Pbkdf2, equal, hkdf, hmac_sha256, pbkdf2


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_hmac_is_pythons(key, data):
    assert hmac_sha256(key, data) == hmac.digest(key, data, "sha256")


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_two_pieces_are_one(key, data, more):
    ready = MacKey(key)
    assert ready.mac(data, more) == ready.mac(data + more) == hmac_sha256(key, data + more)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_key_of_any_kind_of_bytes(kind):
    for length in (0, 1, 63, 64, 65, 200):
        assert MacKey(kind(bytes(range(length)))).mac(kind(b"x")) == hmac.digest(bytes(range(length)), b"x", "sha256")


def test_a_wiped_key_is_gone():
    key = MacKey(b"secret")
    key.wipe()
    assert key.mac(b"x") != hmac_sha256(b"secret", b"x")


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 300))
def test_hkdf_is_another_librarys(secret, salt, info, length):
    assert hkdf(secret, salt, info, length) == HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def test_hkdf_has_an_end():
    assert len(hkdf(b"s", b"", b"", 255 * 32)) == 255 * 32
    assert hkdf(b"s", b"", b"", 0) == b""
    for length in (255 * 32 + 1, -1):
        with pytest.raises(ValueError):
            hkdf(b"s", b"", b"", length)


@given(st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 50), st.integers(1, 100))
@settings(max_examples=50)
def test_pbkdf2_is_pythons(password, salt, iterations, length):
    made = pbkdf2(password, salt, iterations, length)
    assert made == hashlib.pbkdf2_hmac("sha256", password, salt, iterations, length)


@given(st.integers(1, 60), st.lists(st.integers(-3, 9), min_size=1, max_size=40), st.sampled_from([1, 2, 256, 65_536]))
@settings(max_examples=50)
def test_slices_are_the_whole(iterations, slices, block):
    work = Pbkdf2(b"1234", b"salt", iterations, block)
    for count in slices:
        before = work.left
        assert work.step(count) == (work.left > 0)
        assert 0 <= work.left <= before
    while work.step(7):
        pass
    whole = Pbkdf2(b"1234", b"salt", iterations, block)
    whole.step(iterations)
    assert work.result == whole.result
    first = hashlib.pbkdf2_hmac("sha256", b"1234", b"salt", iterations)
    assert (bytes(work.result) == first) == (block == 1)
    assert not work.step(1)
    assert work.result == whole.result, "further steps change nothing"


@pytest.mark.parametrize("iterations", [0, -1])
def test_no_iterations_are_refused(iterations):
    with pytest.raises(ValueError):
        Pbkdf2(b"p", b"s", iterations)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_is_equal(ours, theirs):
    assert equal(ours, theirs) is (ours == theirs)
    assert equal(ours, bytearray(ours)) is True
    assert equal(memoryview(ours), ours) is True


def test_a_prefix_is_not_the_whole():
    assert not equal(bytes(32), bytes(16))
    assert not equal(bytes(16), bytes(32))
    assert not equal(b"", b"\x00")
    assert equal(b"", b"")
