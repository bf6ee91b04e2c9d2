"""Deterministic CBOR: one value has one encoding, and whatever else comes is refused within its bounds."""

import gc
import tracemalloc

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust.cbor import (
    CUT_SHORT,
    DEPTH,
    ITEMS,
    KEY_ORDER,
    NOT_SHORTEST,
    NOT_TEXT,
    TOO_DEEP,
    TOO_MANY,
    TRAILING,
    UNSUPPORTED,
    Decoder,
    Refused,
    Tag,
    decode,
    encode,
)
from tools.vector_checks import plain

# What decoding n bytes may take on CPython, whose objects are larger than MicroPython's.
BASE_BYTES = 20_000
BYTES_A_BYTE = 160

integers = st.integers(-(2**64), 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.one_of(integers, texts)
leaves = st.one_of(integers, texts, st.binary(max_size=40), st.booleans(), st.none())
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(keys, inner, max_size=6),
        st.builds(Tag, st.integers(6, 15), inner),
    ),
    max_leaves=25,
)


def depth_of(value):
    if isinstance(value, Tag):
        return 1 + depth_of(value.value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


def items_in(value):
    if isinstance(value, Tag):
        return 1 + items_in(value.value)
    if isinstance(value, dict):
        return 1 + sum(items_in(key) + items_in(inner) for key, inner in value.items())
    return 1 + sum(map(items_in, value)) if isinstance(value, list) else 1


def why(data, **bounds):
    """Why `data` is refused, 0 where it is not."""
    try:
        decode(data, **bounds)
    except Refused as refused:
        assert 0 <= refused.args[1] <= len(data)
        return refused.args[0]
    return 0


def by_cbor2(value):
    """The encoding of RFC 8949, section 4.2.1, by another library: it orders keys by length first, so maps by hand."""
    if isinstance(value, Tag):
        return cbor2.dumps(cbor2.CBORTag(value.number, 0))[:-1] + by_cbor2(value.value)
    if isinstance(value, list):
        head = bytearray(cbor2.dumps([0] * len(value))[: -len(value) or None])
        return bytes(head) + b"".join(map(by_cbor2, value))
    if isinstance(value, dict):
        head = cbor2.dumps(dict.fromkeys(range(len(value)), 0))[:1]  # few enough for one byte
        return head + b"".join(key + by_cbor2(value[cbor2.loads(key)]) for key in sorted(map(cbor2.dumps, value)))
    return cbor2.dumps(plain(value))


@given(values)
def test_what_is_encoded_is_decoded(value):
    data = encode(value)
    if depth_of(value) > DEPTH or items_in(value) > ITEMS:
        assert why(data) in (TOO_DEEP, TOO_MANY)
    else:
        assert decode(data) == value
        assert encode(decode(data)) == data


@given(values)
def test_another_library_encodes_it_so_too(value):
    assert encode(value) == by_cbor2(value)


@given(st.binary(max_size=200))
def test_what_is_taken_has_one_encoding(data):
    try:
        value = decode(data)
    except Refused:
        return
    assert encode(value) == data
    assert depth_of(value) <= DEPTH
    assert items_in(value) <= ITEMS


@given(values, st.data())
def test_another_byte_is_another_value_or_none(value, data):
    good = encode(value)
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    changed = good[:place] + bytes([byte]) + good[place + 1 :]
    if not why(changed):
        assert encode(decode(changed)) == changed


@given(values, st.binary(min_size=1, max_size=3))
def test_every_prefix_and_whatever_follows_is_refused(value, more):
    data = encode(value)
    if depth_of(value) > DEPTH or items_in(value) > ITEMS:
        return
    for count in range(len(data)):
        assert why(data[:count])
    assert why(data + more) == TRAILING


@pytest.mark.parametrize("opening", [b"\x81", b"\xc1", b"\xa1\x00"])
def test_depth_is_bounded(opening):
    assert why(opening * DEPTH + b"\x00") == 0
    assert why(opening * (DEPTH + 1) + b"\x00") == TOO_DEEP
    assert why(opening * 100_000 + b"\x00") == TOO_DEEP  # and no RecursionError


def test_items_are_bounded():
    assert why(b"\x98\xff" + b"\x00" * 255) == 0
    assert why(b"\x99\x01\x00" + b"\x00" * 256) == TOO_MANY
    assert why(b"\xb8\x7f" + b"".join(encode(key) + b"\x00" for key in range(127))) == 0
    assert why(b"\xb8\x80" + b"".join(encode(key) + b"\x00" for key in range(128))) == TOO_MANY
    assert why(b"\x84" + (b"\x98\x40" + b"\x00" * 64) * 4) == TOO_MANY  # in all, not in one


@pytest.mark.parametrize("head", ["5b", "7b", "9b", "bb", "5a", "7a", "9a", "ba"])
def test_a_length_takes_no_memory_before_it_is_looked_at(head):
    width = 8 if head[1] == "b" else 4
    data = bytes.fromhex(head) + b"\x7f" + b"\xff" * (width - 1) + bytes(200)
    assert why(data) in (CUT_SHORT, TOO_MANY)
    assert peak_of(data) < BASE_BYTES


def peak_of(data):
    why(data)  # what is kept for good, is kept now
    gc.collect()
    tracemalloc.start()
    try:
        why(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(st.one_of(st.binary(max_size=600), values.map(encode)))
@settings(max_examples=60)
def test_memory_is_a_multiple_of_the_input(data):
    assert peak_of(data) <= BASE_BYTES + BYTES_A_BYTE * len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xa1\x81" * 300,
        b"\x98\xff" + b"\x80" * 255,
        b"\x98\xff" + b"\xa0" * 255,
        b"\x98\xff" + b"\x1b" + b"\xff" * 8,
        b"\x59\x02\x00" + bytes(512),
        b"\x79\x02\x00" + b"a" * 512,
        b"\xb8\x7f" + b"".join(encode(-key - 1) + b"\x1b" + b"\xff" * 8 for key in range(127)),
        encode({"k" * 200: {"k" * 200: {"k" * 200: 0}}}),
    ],
)
def test_nor_do_the_dearest_inputs_take_more(data):
    assert peak_of(data) <= BASE_BYTES + BYTES_A_BYTE * len(data)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_a_longer_form_than_need_be_is_refused(size):
    for count in (0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32):
        if count >> 8 * size:
            continue
        data = bytes([24 + size.bit_length() - 1]) + count.to_bytes(size, "big")
        assert why(data) == (0 if data == encode(count) else NOT_SHORTEST)


def test_keys_are_of_two_kinds_and_in_order():
    assert list(decode(encode({1: 0, "1": 0, -1: 0, "": 0}))) == [1, -1, "", "1"]
    for key in (b"\xf5", b"\xf6", b"\x80", b"\xa0", b"\xc1\x00", b"\x40", b"\x41a"):
        assert why(b"\xa1" + key + b"\x00") == UNSUPPORTED
    assert why(b"\xa2\x00\x00\x00\x00") == KEY_ORDER
    assert why(b"\xa2\x01\x00\x00\x00") == KEY_ORDER
    assert why(b"\xa1") == CUT_SHORT


@pytest.mark.parametrize("value", [1.5, {1}, object(), {True: 0}, {None: 0}, {b"k": 0}, {(1,): 0}, [1.0]])
def test_what_is_none_of_ours_is_not_encoded(value):
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("value", [2**64, -(2**64) - 1, "\ud800", ["\udfff"]])
def test_nor_what_no_one_could_decode(value):
    with pytest.raises(ValueError):
        encode(value)


@given(st.binary(max_size=12))
def test_text_is_utf_8_as_python_has_it(data):
    try:
        text = data.decode()
    except UnicodeDecodeError:
        assert why(bytes([0x60 | len(data)]) + data) == NOT_TEXT
    else:
        assert decode(bytes([0x60 | len(data)]) + data) == text


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_like_is_decoded(kind):
    assert decode(kind(b"\x82\x41a\x61a")) == [b"a", "a"]


def test_a_decoder_takes_values_in_turn():
    decoder = Decoder(encode(1) + encode("a") + b"\x18")
    assert (decoder.value(), decoder.value(), decoder.place) == (1, "a", 3)
    with pytest.raises(Refused):
        decoder.value()


def test_tags_are_equal_by_number_and_value():
    assert Tag(1, [2]) == Tag(1, [2])
    assert Tag(1, 2) != Tag(2, 2)
    assert Tag(1, 2) != 2
