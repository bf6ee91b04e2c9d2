"""ECDSA on P-256: against another library, in slices of bounded work, and whatever cannot be a signature refused."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust import p256
from tools.claims import card_signatures

CURVE = p256.Curve()
N, P = CURVE.n, CURVE.p
KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SECRETS = st.one_of(st.integers(1, N - 1), st.sampled_from([1, 2, 3, N - 3, N - 2, N - 1, (N - 1) // 2, (N + 1) // 2]))
WORDS = st.one_of(
    st.integers(0, 2**256 - 1),
    st.sampled_from([0, 1, 2, N - 1, N, N + 1, P - 1, P, P + 1, P - N - 1, P - N, 2**256 - 1, N // 2]),
)
QUICK = settings(max_examples=60, deadline=None)


def point_of(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def pair(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign(key, message):
    return pair(*decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))))


def holds(point, message, signature):
    return p256.is_signed(point, hashlib.sha256(message).digest(), signature)


def another_library(point, message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


@given(SECRETS, st.binary(max_size=80))
@QUICK
def test_what_another_library_signs_holds(secret, message):
    key = ec.derive_private_key(secret, ec.SECP256R1())
    assert holds(point_of(key), message, sign(key, message))


@given(SECRETS, st.binary(max_size=40), st.integers(0, 63), st.integers(1, 255))
@QUICK
def test_a_changed_byte_is_judged_as_another_library_judges_it(secret, message, place, change):
    key = ec.derive_private_key(secret, ec.SECP256R1())
    changed = bytearray(sign(key, message))
    changed[place] ^= change
    assert holds(point_of(key), message, bytes(changed)) is another_library(point_of(key), message, bytes(changed))


@given(st.sampled_from([2, 3, 0, 1, 4, 255]), WORDS, st.binary(max_size=10), WORDS, WORDS)
@QUICK
def test_any_point_and_any_pair_is_judged_as_another_library_judges_it(prefix, x, message, r, s):
    point = bytes([prefix]) + x.to_bytes(32, "big")
    assert holds(point, message, pair(r, s)) is another_library(point, message, pair(r, s))


@given(SECRETS, WORDS, WORDS)
@QUICK
def test_any_pair_under_a_true_key_too(secret, r, s):
    point = point_of(ec.derive_private_key(secret, ec.SECP256R1()))
    assert holds(point, b"x", pair(r, s)) is another_library(point, b"x", pair(r, s))


@given(st.integers(1, N - 1), st.integers(1, N - 1), st.booleans())
@QUICK
def test_sums_that_meet_a_point_twice_or_end_at_infinity(u1, u2, infinite):
    """With u1 = -u2·d the sum is infinity, with u1 = u2·d a point to itself: no signature, and one that may hold."""
    d = 7
    u1 = (-u2 * d if infinite else u2 * d) % N
    point = point_of(ec.derive_private_key(d, ec.SECP256R1()))
    r = 5 if infinite else ec.derive_private_key(2 * u1 % N, ec.SECP256R1()).public_key().public_numbers().x % N
    s = r * pow(u2, -1, N) % N
    digest = (u1 * s % N).to_bytes(32, "big")
    assert p256.is_signed(point, digest, pair(r, s)) is not infinite


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72, 128])
def test_a_signature_of_another_length_is_none(length):
    signature = (sign(KEY, b"x") * 2)[:length]
    assert not holds(point_of(KEY), b"x", signature)


def test_a_point_or_digest_of_another_length_is_none():
    signature, digest = sign(KEY, b"x"), hashlib.sha256(b"x").digest()
    assert p256.is_signed(point_of(KEY), digest, signature)
    for point, said in ((point_of(KEY)[:-1], digest), (b"\x04" + bytes(64), digest), (b"", digest),
                        (point_of(KEY), digest[:-1]), (point_of(KEY), b"")):  # fmt: skip
        assert not p256.is_signed(point, said, signature)


@given(st.integers(1, 400))
@QUICK
def test_a_slice_does_no_more_than_it_may_and_slices_are_the_whole(budget):
    check = p256.Signature(point_of(KEY), hashlib.sha256(b"x").digest(), sign(KEY, b"x"))
    more = True
    while more:
        before = check.operations
        more = check.step(budget)
        assert 0 < check.operations - before <= budget + p256.MOST
        assert more or check.holds
    assert not check.step(budget) and check.holds


class Counted(int):
    """A number that counts its products with other large ones, and its divisions by such."""

    done = 0

    def __mul__(self, other):
        Counted.done += min(self.bit_length(), other.bit_length()) > 8
        return Counted(int(self) * int(other))

    def __floordiv__(self, other):
        Counted.done += 1
        return Counted(int(self) // int(other))

    def __add__(self, other):
        return Counted(int(self) + int(other))

    def __sub__(self, other):
        return Counted(int(self) - int(other))

    def __rsub__(self, other):
        return Counted(int(other) - int(self))

    def __mod__(self, other):
        return Counted(int(self) % int(other))

    def __rmod__(self, other):
        return Counted(int(other) % int(self))

    __rmul__, __radd__ = __mul__, __add__


@pytest.mark.parametrize("message", [b"x", b"y", b"sample"])
def test_operations_are_the_products_and_divisions_that_are_done(message):
    check = p256.Signature(point_of(KEY), hashlib.sha256(message).digest(), sign(KEY, message))
    curve = check._curve
    curve.p, curve.n, curve.b, curve.x, curve.y = map(Counted, (P, N, curve.b, curve.x, curve.y))
    for name in ("_r", "_s", "_x", "_first", "_square", "_y"):
        setattr(check, name, Counted(getattr(check, name)))
    more = True
    most = 0
    while more:
        before = check.operations
        Counted.done = 0
        more = check.step()
        most = max(most, Counted.done)
        assert Counted.done <= check.operations - before + 8  # long quotients, and the few at a change of stage
    assert check.holds and p256.SLICE <= most <= p256.SLICE + p256.MOST


def test_a_check_takes_some_four_thousand_operations():
    check = p256.Signature(point_of(KEY), hashlib.sha256(b"x").digest(), sign(KEY, b"x"))
    turns = 1
    while check.step():
        turns += 1
    assert 3_800 < check.operations < 4_400
    assert turns < 55  # five seconds and a half


@given(st.integers(1, N - 1), st.sampled_from([N, P]))
@QUICK
def test_an_inverse_is_one(a, modulus):
    work = p256.Inverse(a, modulus)
    steps = 1
    while work.step():
        steps += 1
    assert work.result * a % modulus == 1 and steps <= 370


def test_the_published_vectors_and_their_sources_are_whole():
    vectors = card_signatures.load()
    names = [case[0] for case in vectors["cases"]]
    assert len(names) == len(set(names)) == 279
    assert {name.split()[0] for name in names} == set(vectors["sources"])
    assert sum(case[4] for case in vectors["cases"]) == 173 + 3 + 2
