"""AES-CCM in place: what another library seals it opens, what was changed comes out as zeros, no AES is no seal."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust.ccm import Ccm
from hal.compat import block_cipher
from hal.ports import ERR_ABSENT, ERR_FAILED, ERR_RANGE, OK
from tools.vector_checks import HostAes

KEY = bytes(range(16))
NONCE = bytes(range(12))


def sealed_by(box, nonce, text, context=b"", tag=16):
    buffer = bytearray(text + bytes(tag))
    assert box.seal(nonce, buffer, context) == OK
    return bytes(buffer)


@given(
    st.sampled_from([16, 24, 32]),
    st.binary(min_size=7, max_size=13),
    st.binary(max_size=80),
    st.binary(max_size=80),
    st.sampled_from([4, 6, 8, 10, 12, 14, 16]),
)
def test_it_is_another_librarys(size, nonce, text, context, tag):
    key = bytes(range(size))
    box = Ccm(HostAes(key), tag)
    expected = AESCCM(key, tag).encrypt(nonce, text, context)
    assert sealed_by(box, nonce, text, context, tag) == expected
    buffer = bytearray(expected)
    assert box.open(nonce, buffer, context) == OK
    assert bytes(buffer[: len(text)]) == text


@pytest.mark.parametrize("length", [1, 13, 14, 15, 16, 17, 65_279])
def test_a_context_of_any_length_below_its_end(length):
    context = bytes(place & 255 for place in range(length))
    sealed = sealed_by(Ccm(HostAes(KEY)), NONCE, b"text", context)
    assert sealed == AESCCM(KEY).encrypt(NONCE, b"text", context)


def test_every_changed_bit_is_found_and_nothing_given_out():
    box = Ccm(HostAes(KEY), 8)
    good = sealed_by(box, NONCE, b"24 mL/h for bed 7", b"ward", 8)
    for place in range(len(good)):
        for bit in range(8):
            buffer = bytearray(good)
            buffer[place] ^= 1 << bit
            assert box.open(NONCE, buffer, b"ward") == ERR_FAILED
            assert not any(buffer)
    for nonce, context in ((NONCE[:-1] + b"\xff", b"ward"), (NONCE, b"warD"), (NONCE, b""), (NONCE[:11], b"ward")):
        buffer = bytearray(good)
        assert box.open(nonce, buffer, context) == ERR_FAILED
        assert not any(buffer)


@given(st.binary(max_size=60))
@settings(max_examples=50)
def test_what_nobody_sealed_does_not_open(data):
    buffer = bytearray(data)
    rc = Ccm(HostAes(KEY)).open(NONCE, buffer)
    assert rc == (ERR_FAILED if len(data) >= 16 else ERR_RANGE)
    assert not any(buffer) if rc == ERR_FAILED else bytes(buffer) == data


def test_without_a_cipher_it_says_so_and_leaves_the_text():
    box = Ccm(None)
    for work in (box.seal, box.open):
        buffer = bytearray(b"a text" + bytes(16))
        assert work(NONCE, buffer) == ERR_ABSENT
        assert bytes(buffer) == b"a text" + bytes(16)


def test_this_interpreter_has_no_aes_of_its_own():
    assert block_cipher(KEY) is None


@pytest.mark.parametrize("nonce", [b"", bytes(6), bytes(14), bytes(16)])
def test_a_nonce_of_another_length_is_refused(nonce):
    buffer = bytearray(b"text" + bytes(16))
    assert Ccm(HostAes(KEY)).seal(nonce, buffer) == ERR_RANGE
    assert bytes(buffer) == b"text" + bytes(16)


def test_lengths_past_their_bounds_are_refused():
    box = Ccm(HostAes(KEY), 4)
    assert box.seal(NONCE, bytearray(20), bytes(0xFF00)) == ERR_RANGE
    assert box.seal(NONCE, bytearray(3)) == ERR_RANGE
    assert box.seal(bytes(13), bytearray(65_536 + 4)) == ERR_RANGE  # two bytes for the length of the text
    assert box.open(bytes(13), bytearray(65_536 + 4)) == ERR_RANGE


@pytest.mark.parametrize("tag", [0, 2, 3, 5, 7, 15, 17, 18, -4])
def test_a_tag_of_another_length_is_refused(tag):
    with pytest.raises(ValueError):
        Ccm(HostAes(KEY), tag)
