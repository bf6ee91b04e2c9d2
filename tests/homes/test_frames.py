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

KINDS = st.integers(1, 255)
PAYLOADS = st.binary(max_size=2000)


def frame_of(kind: int, payload: bytes) -> bytes:
    """One frame as it goes over the link."""
    buffer = bytearray(frames.HEAD + len(payload) + frames.TAIL)
    buffer[frames.HEAD : frames.HEAD + len(payload)] = payload
    assert frames.close_frame(buffer, kind, len(payload)) == len(buffer)
    return bytes(buffer)


class Dribbles(io.RawIOBase):
    """A stream that hands out at most `most` bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        return self._data.readinto(into[: self._most])


def payload_of(channel: Channel) -> bytes:
    return bytes(channel.rx[frames.HEAD : frames.HEAD + channel.length])


@given(st.lists(st.tuples(KINDS, PAYLOADS), max_size=5), st.integers(1, 300))
def test_frames_come_out_as_they_went_in(sent: list[tuple[int, bytes]], most: int) -> None:
    stream = b"".join(frame_of(kind, payload) for kind, payload in sent)
    channel = Channel(Dribbles(stream, most), io.BytesIO())
    got = []
    for _ in sent:
        kind = channel.receive()
        got.append((kind, payload_of(channel)))
    assert got == sent
    assert channel.receive() == frames.BYE


@given(KINDS, PAYLOADS)
def test_what_a_channel_sends_a_channel_receives(kind: int, payload: bytes) -> None:
    out = io.BytesIO()
    sender = Channel(io.BytesIO(), out)
    sender.room(len(payload))
    sender.tx[frames.HEAD : frames.HEAD + len(payload)] = payload
    sender.send(kind, len(payload))
    receiver = Channel(io.BytesIO(out.getvalue()), io.BytesIO())
    assert receiver.receive() == kind
    assert payload_of(receiver) == payload


@given(KINDS, PAYLOADS, st.data())
def test_one_changed_byte_is_never_a_frame(kind: int, payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(frame_of(kind, payload))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LinkBroken):
        Channel(io.BytesIO(bytes(frame)), io.BytesIO()).receive()


@given(KINDS, PAYLOADS, st.data())
def test_a_cut_frame_is_a_broken_link(kind: int, payload: bytes, data: st.DataObject) -> None:
    frame = frame_of(kind, payload)
    cut = data.draw(st.integers(1, len(frame) - 1))
    with pytest.raises(LinkBroken):
        Channel(io.BytesIO(frame[:cut]), io.BytesIO()).receive()


@given(st.binary(min_size=1, max_size=300))
def test_garbage_is_refused(garbage: bytes) -> None:
    # A CRC-32 met by chance is not to be found in these few.
    with pytest.raises(LinkBroken):
        Channel(io.BytesIO(garbage), io.BytesIO()).receive()


def test_the_crc_is_the_one_of_ieee_802_3() -> None:
    frame = frame_of(7, b"")
    assert frame[:4] == b"\x03\x07\x00\x00"
    assert int.from_bytes(frame[4:], "little") == zlib.crc32(frame[:4])


def test_every_reading_but_the_app_s_own_crosses_the_link() -> None:
    assert sorted((*frames.READINGS, "stored_seq")) == sorted(ports.Readings.__slots__)
    # Flags, room and scratch, then the whole drive and status.
    records = len(ports.Drive.__slots__) + len(ports.Status.__slots__)
    assert 4 * (3 + records) == frames.TURN_OUT_SIZE
    assert sorted(frames.STATUS) == sorted(ports.Status.__slots__)
    assert 4 * (1 + len(frames.READINGS)) == frames.TURN_IN_SIZE
