"""COSE_Mac0 and COSE_Sign1: what was not made with the key is not taken, whatever was done to it."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.trust.cbor import Tag, decode, encode
from firmware.trust.cose import (
    ALGORITHM,
    CRITICAL,
    HMAC_256,
    KEY_ID,
    OK,
    TAG_MAC0,
    TAG_SIGN1,
    UNPROTECTED,
    WRONG_ALGORITHM,
    WRONG_MAC,
    WRONG_SIGNATURE,
    make_mac0,
    open_message,
    to_sign,
)
from firmware.trust.mac import MacKey, hmac_sha256

SECRET = bytes(range(32))
KEY = MacKey(SECRET)
MESSAGE = make_mac0(b"pause", KEY, {KEY_ID: b"nurse 7"}, context=b"pump 3")
SIGNED = 260  # an algorithm to try with


def judged(data, key=KEY, context=b"pump 3"):
    """What comes of a message: None where it is malformed."""
    message = open_message(data, TAG_MAC0)
    return None if message is None else message.verify_mac(key, context)


def mac0(protected, unprotected=None, payload=b"pause", proof=None, tag=TAG_MAC0):
    """A message with parts as they are given, and a MAC that holds for them."""
    if proof is None:
        over = encode(["MAC0", protected, b"pump 3", b"" if payload is None else payload])
        proof = hmac_sha256(SECRET, over)
    return encode(Tag(tag, [protected, unprotected or {}, payload, proof]))


GOOD = encode({ALGORITHM: HMAC_256})


@pytest.mark.parametrize("tag", [TAG_SIGN1, None])
def test_a_mac_is_none_where_a_signature_is_asked_for(tag):
    """The fuzzer's: a good message with the other kind's tag, or with none, opened as the other kind."""
    other = decode(MESSAGE).value if tag is None else Tag(tag, decode(MESSAGE).value)
    message = open_message(encode(other), TAG_SIGN1)
    assert message.verify_mac(KEY, b"pump 3") == WRONG_ALGORITHM
    assert message.verify_signature(HMAC_256, lambda data, signature: True, b"pump 3") == OK  # whoever asks for that
    as_mac = open_message(encode(other), TAG_MAC0)
    assert as_mac is None if tag else as_mac.verify_signature(HMAC_256, lambda data, proof: True) == WRONG_ALGORITHM


@given(st.binary(max_size=200), st.binary(max_size=40), st.dictionaries(st.integers(3, 99), st.binary(max_size=9)))
def test_what_is_made_is_taken_and_says_what_it_said(payload, context, headers):
    message = open_message(make_mac0(payload, KEY, headers, context), TAG_MAC0)
    assert message.verify_mac(KEY, context) == OK
    assert (message.payload, message.protected) == (payload, {**headers, ALGORITHM: HMAC_256})
    assert message.verify_mac(KEY, context + b"x") == WRONG_MAC


def test_another_library_reads_it():
    tag = cbor2.loads(MESSAGE)
    protected, unprotected, payload, proof = tag.value
    assert (tag.tag, cbor2.loads(protected), unprotected, payload) == (17, {1: 5, 4: b"nurse 7"}, {}, b"pause")
    assert proof == hmac_sha256(SECRET, cbor2.dumps(["MAC0", protected, b"pump 3", payload]))


def test_every_prefix_is_malformed():
    for count in range(len(MESSAGE)):
        assert judged(MESSAGE[:count]) is None


def test_every_other_byte_is_malformed_or_no_mac():
    for place in range(len(MESSAGE)):
        for byte in range(256):
            if byte != MESSAGE[place]:
                assert judged(MESSAGE[:place] + bytes([byte]) + MESSAGE[place + 1 :]) != OK


@given(st.integers(0, len(MESSAGE)), st.binary(min_size=1, max_size=4))
def test_what_is_put_in_spoils_it(place, more):
    assert judged(MESSAGE[:place] + more + MESSAGE[place:]) != OK


@given(st.binary(max_size=120))
def test_no_exception_leaves(data):
    assert judged(data) != OK
    for tag in (TAG_MAC0, TAG_SIGN1):
        message = open_message(data, tag)
        if message is not None:
            assert message.verify_signature(SIGNED, lambda signed, signature: False) != OK


def test_without_its_tag_it_is_the_same_message():
    assert judged(MESSAGE[1:]) == OK
    assert judged(b"\xd2" + MESSAGE[1:]) is None, "as a signature it is none"


@pytest.mark.parametrize("key", [b"", b"\x00" * 32, SECRET[:31], SECRET + b"\x00", hmac_sha256(SECRET, b"")])
def test_another_key_is_another_key(key):
    same = (key + bytes(64))[:64] == (SECRET + bytes(64))[:64]  # RFC 2104 fills a short key with zeros
    assert judged(MESSAGE, MacKey(key)) == (OK if same else WRONG_MAC)


@pytest.mark.parametrize(
    ("protected", "verdict"),
    [
        (GOOD, OK),
        (b"", WRONG_ALGORITHM),
        (b"\xa0", WRONG_ALGORITHM),
        (encode({ALGORITHM: 4}), WRONG_ALGORITHM),
        (encode({ALGORITHM: "HS256"}), WRONG_ALGORITHM),
        (encode({ALGORITHM: [5]}), WRONG_ALGORITHM),
        (encode({"alg": HMAC_256}), WRONG_ALGORITHM),
        (encode([ALGORITHM, HMAC_256]), None),
        (encode({ALGORITHM: HMAC_256, CRITICAL: [4], 4: b""}), None),
        (GOOD + b"\x00", None),
        (b"\xa1\x01\x18\x05", None),
    ],
)
def test_the_algorithm_stands_under_the_mac_or_nowhere(protected, verdict):
    assert judged(mac0(protected)) == verdict


@pytest.mark.parametrize(
    ("unprotected", "verdict"),
    [
        ({KEY_ID: b"nurse"}, UNPROTECTED),
        ({99: [1]}, UNPROTECTED),
        ({ALGORITHM: HMAC_256}, None),
        ({CRITICAL: [1]}, None),
    ],
)
def test_nothing_stands_outside_the_mac(unprotected, verdict):
    assert judged(mac0(GOOD, unprotected)) == verdict


def test_an_algorithm_outside_alone_is_not_looked_at():
    assert judged(mac0(b"", {ALGORITHM: HMAC_256})) == WRONG_ALGORITHM


@pytest.mark.parametrize("length", [0, 1, 8, 16, 31, 33, 64])
def test_a_mac_of_another_length_is_none(length):
    proof = (decode(MESSAGE).value[3] * 2)[:length]
    assert judged(mac0(encode({ALGORITHM: HMAC_256, KEY_ID: b"nurse 7"}), proof=proof)) == WRONG_MAC


def test_a_detached_payload_is_no_empty_one():
    assert judged(mac0(GOOD, payload=b"")) == OK
    assert judged(mac0(GOOD, payload=None)) == WRONG_MAC


@pytest.mark.parametrize(
    "value",
    [
        0, "text", b"bytes", [], [1, 2, 3, 4], [b"", {}, b"", b"", b""], [b"", {}, b""], [b"", [], b"", b""],
        [b"", {}, "payload", b""], [b"", {}, b"", None], ["", {}, b"", b""], {}, Tag(17, 1), Tag(17, Tag(17, [])),
        Tag(18, [b"", {}, b"", b""]),
    ],
)  # fmt: skip
def test_any_other_value_is_malformed(value):
    assert open_message(encode(value), TAG_MAC0) is None
    assert open_message(encode(Tag(TAG_MAC0, value)), TAG_MAC0) is None


# Signatures.


def signed(payload, protected=None, proof=b"signature"):
    return encode(Tag(TAG_SIGN1, [protected or encode({ALGORITHM: SIGNED}), {KEY_ID: b"11"}, payload, proof]))


def test_a_signature_is_over_headers_context_and_payload():
    seen = []

    def check(data, signature):
        seen.append((data, signature))
        return True

    message = open_message(signed(b"firmware"), TAG_SIGN1)
    assert message.verify_signature(SIGNED, check, b"context") == OK
    over = cbor2.dumps(["Signature1", cbor2.dumps({1: SIGNED}), b"context", b"firmware"])
    assert seen == [(over, b"signature")]
    assert to_sign(cbor2.dumps({1: SIGNED}), b"context", b"firmware") == over


def test_a_detached_payload_is_handed_in():
    message = open_message(signed(None), TAG_SIGN1)
    seen = []
    check = lambda data, signature: bool(seen.append(data)) or True  # noqa: E731
    assert message.verify_signature(SIGNED, check, payload=b"firmware") == OK
    assert decode(seen[0])[3] == b"firmware"
    assert message.verify_signature(SIGNED, check) == WRONG_SIGNATURE
    attached = open_message(signed(b"other"), TAG_SIGN1)
    assert attached.verify_signature(SIGNED, check, payload=b"firmware") == WRONG_SIGNATURE


def test_what_the_check_says_is_what_is_said():
    message = open_message(signed(b"x"), TAG_SIGN1)
    assert message.verify_signature(SIGNED, lambda data, signature: False) == WRONG_SIGNATURE
    assert message.verify_signature(SIGNED + 1, lambda data, signature: True) == WRONG_ALGORITHM
