"""Frames of the lockstep link: what goes in comes out, and garbage never passes for a frame."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import ports
from hal.lockstep import frames
from hal.lockstep.channel import Channel, LinkBroken
from simulator.homes.base import HomeError
from simulator.homes.peer import Peer

KINDS = st.integers(frames.LEAVE + 1, frames.HELLO - 1)
PAYLOADS = st.binary(max_size=frames.MAX_PAYLOAD)
FIRST = st.integers(0, frames.SEQUENCE_MASK)


def frame_of(kind: int, payload: bytes, sequence: int = 0) -> bytes:
    """One frame as it goes over the link."""
    buffer = bytearray(frames.HEAD + len(payload) + frames.TAIL)
    buffer[frames.HEAD : frames.HEAD + len(payload)] = payload
    assert frames.close_frame(buffer, kind, len(payload), sequence) == len(buffer)
    return bytes(buffer)


def booted(stream: bytes, first: int = 0, most: int = 4096) -> Channel:
    """A channel that has taken a BOOT of sequence number `first` and has `stream` to come."""
    channel = Channel(Dribbles(frame_of(frames.BOOT, b"", first) + stream, most), io.BytesIO())
    assert channel.receive() == frames.BOOT
    return channel


class Dribbles(io.RawIOBase):
    """A stream that hands out at most `most` bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        return self._data.readinto(into[: self._most])


def payload_of(channel: Channel) -> bytes:
    return bytes(channel.rx[frames.HEAD : frames.HEAD + channel.length])


@given(st.lists(st.tuples(KINDS, PAYLOADS), max_size=5), FIRST, st.integers(1, 300))
def test_frames_come_out_as_they_went_in(sent: list[tuple[int, bytes]], first: int, most: int) -> None:
    numbers = [(first + 1 + place) & frames.SEQUENCE_MASK for place in range(len(sent))]
    stream = b"".join(frame_of(*frame, number) for frame, number in zip(sent, numbers, strict=True))
    channel = booted(stream, first, most)
    got = []
    for _ in sent:
        kind = channel.receive()
        got.append((kind, payload_of(channel)))
    assert got == sent
    assert channel.receive() == frames.BYE


@given(PAYLOADS, FIRST)
def test_what_a_peer_asks_a_channel_hears_and_the_answer_comes_back(payload: bytes, answer: int) -> None:
    asked, answered = [], io.BytesIO()
    said = answer.to_bytes(4, "little")

    def receive(want: int, timeout_s: float) -> bytes | None:
        if not answered.getvalue():
            channel = Channel(io.BytesIO(b"".join(asked)), answered)
            assert channel.receive() == frames.BOOT
            assert payload_of(channel) == payload
            channel.tx[frames.HEAD : frames.HEAD + 4] = said
            channel.send(frames.HELLO, 4)
            answered.seek(0)
        return answered.read(want)

    assert Peer(asked.append, receive).exchange(frames.BOOT, payload) == (frames.HELLO, said)


@given(KINDS, PAYLOADS, st.data())
def test_one_changed_byte_is_never_a_frame(kind: int, payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(frame_of(kind, payload, 1))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LinkBroken):
        booted(bytes(frame)).receive()


@given(KINDS, PAYLOADS, st.data())
def test_a_cut_frame_is_a_broken_link(kind: int, payload: bytes, data: st.DataObject) -> None:
    frame = frame_of(kind, payload, 1)
    cut = data.draw(st.integers(1, len(frame) - 1))
    with pytest.raises(LinkBroken):
        booted(frame[:cut]).receive()


@given(st.binary(min_size=1, max_size=300))
def test_garbage_is_refused(garbage: bytes) -> None:
    # A CRC-32 met by chance is not to be found in these few.
    with pytest.raises(LinkBroken):
        Channel(io.BytesIO(garbage), io.BytesIO()).receive()


@given(st.binary(max_size=300), KINDS, PAYLOADS)
def test_a_frame_is_found_behind_garbage(garbage: bytes, kind: int, payload: bytes) -> None:
    # As the host asks again: filled up, so that no length that the garbage seems to tell is waited for.
    frame = frame_of(kind, payload, 1)
    channel = booted(garbage + bytes(frames.HEAD + frames.MAX_PAYLOAD + frames.TAIL) + frame)
    assert channel.receive() == kind
    assert payload_of(channel) == payload


@given(st.lists(st.integers(0, 6), max_size=30))
def test_a_frame_that_comes_again_is_answered_again_and_not_acted_upon(order: list[int]) -> None:
    # However the frames 1 … 6 come, those taken are 1, 2, 3 … each once, in order.
    stream = b"".join(frame_of(frames.TURN_IN, bytes([number]), number) for number in order)
    channel = booted(stream)
    answers = channel._write.__self__
    taken = []
    while channel.receive() != frames.BYE:
        taken.append(payload_of(channel)[0])
        channel.tx[frames.HEAD] = taken[-1]
        channel.send(frames.TURN_OUT, 1)
    assert taken == list(range(1, len(taken) + 1))
    last, repeats = 0, 0
    for number in order:
        repeats += number == last and number > 0
        last += number == last + 1
    assert len(answers.getvalue()) == (len(taken) + repeats) * (frames.HEAD + 1 + frames.TAIL)


def test_an_echo_of_its_own_answers_is_no_request() -> None:
    channel = booted(frame_of(frames.TURN_OUT, b"", 1) + frame_of(frames.TURN_IN, b"", 1))
    assert channel.receive() == frames.TURN_IN


def test_another_version_is_named() -> None:
    frame = bytearray(frame_of(frames.BOOT, b"", 1)[: -frames.TAIL])
    frame[0] = frames.MARK | frames.VERSION + 1
    frame += zlib.crc32(frame).to_bytes(4, "little")
    with pytest.raises(LinkBroken, match=f"link version {frames.VERSION + 1}, this end speaks {frames.VERSION}"):
        Channel(io.BytesIO(frame), io.BytesIO()).receive()
    with pytest.raises(HomeError, match=f"speaks link version {frames.VERSION + 1}.*flash"):
        Peer(lambda data: None, lambda want, timeout_s: bytes(frame)).exchange(frames.BOOT, b"")


def test_the_crc_is_the_one_of_ieee_802_3() -> None:
    frame = frame_of(7, b"", 0x12345678)
    assert frame[:8] == b"\xa5\x07\x00\x00\x78\x56\x34\x12"
    assert int.from_bytes(frame[8:], "little") == zlib.crc32(frame[:8])


def test_every_reading_but_the_app_s_own_crosses_the_link() -> None:
    assert sorted((*frames.READINGS, "stored_seq")) == sorted(ports.Readings.__slots__)
    # Flags, room and scratch, then the whole drive and status.
    records = len(ports.Drive.__slots__) + len(ports.Status.__slots__)
    assert 4 * (3 + records) == frames.TURN_OUT_SIZE
    assert sorted(frames.STATUS) == sorted(ports.Status.__slots__)
    assert 4 * (1 + len(frames.READINGS)) == frames.TURN_IN_SIZE
