"""What an audit record looks like in bytes, and how the key goes on: shared by the pump and whoever verifies.

    magic, kind, length of data (2), sequence (4), link (32), data, MAC (32), CRC-32 (4), to a multiple of four

`link` is the SHA-256 of the record before, from its magic to its MAC. The MAC is HMAC-SHA-256 of all
before it, under a key that serves for this sequence number alone; the next key is a hash of it. So who
takes the key of today cannot make a record of yesterday (Bellare and Yee, Forward Integrity, 1997).
"""

import struct
from hashlib import sha256

from firmware.trust.mac import LENGTH, MacKey, equal
from hal.compat import const, crc32

MAGIC = const(0xA7)
HEAD = const(8)
MAX_DATA = const(96)
MOST = const(172)  # bytes of a frame with MAX_DATA
_DATA = const(40)  # HEAD and the link
_CRC = const(4)
_NEXT = b"KVO audit: next key\x00"
_EVIDENCE = b"KVO audit: evidence\x00"


def frame_size(length):
    """Bytes that a record with `length` bytes of data takes."""
    return (_DATA + length + LENGTH + _CRC + 3) // 4 * 4


def next_key(key):
    """Return the key for the next sequence number: 32 bytes, from which `key` cannot be had."""
    return sha256(_NEXT + key).digest()


def evidence_key(key):
    """Return the key that vouches for evidence while `key` is in force: 32 bytes, and no record's key."""
    return sha256(_EVIDENCE + key).digest()


def put(frame, sequence, kind, link, data, key):
    """Write a whole record into `frame` (bytearray of MOST at least), MAC and CRC too; return its size."""
    length = len(data)
    struct.pack_into("<BBHI", frame, 0, MAGIC, kind, length, sequence)
    frame[HEAD:_DATA] = link
    frame[_DATA : _DATA + length] = data
    end = _DATA + length
    ready = MacKey(key)
    frame[end : end + LENGTH] = ready.mac(memoryview(frame)[:end])
    ready.wipe()
    struct.pack_into("<I", frame, end + LENGTH, crc32(memoryview(frame)[: end + LENGTH]))
    for place in range(end + LENGTH + _CRC, frame_size(length)):
        frame[place] = 0xFF
    return frame_size(length)


def length_of(frame):
    """Bytes of data of the record that begins with `frame` (HEAD bytes at least), or -1 where none does."""
    length = frame[2] | frame[3] << 8
    return length if frame[0] == MAGIC and length <= MAX_DATA else -1


def is_whole(frame, length):
    """Whether the checksum of a record with `length` bytes of data holds: damage shows, an attacker does not."""
    end = _DATA + length + LENGTH
    return struct.unpack_from("<I", frame, end)[0] == crc32(memoryview(frame)[:end])


def is_authentic(frame, length, key):
    """Whether the record was made under `key`."""
    end = _DATA + length
    ready = MacKey(key)
    ours = ready.mac(memoryview(frame)[:end])
    ready.wipe()
    return equal(ours, memoryview(frame)[end : end + LENGTH])


def sequence_of(frame):
    """Sequence number of a record."""
    return struct.unpack_from("<I", frame, 4)[0]


def link_of(frame):
    """The digest of the record before, as this one has it."""
    return bytes(memoryview(frame)[HEAD:_DATA])


def data_of(frame, length):
    """The record's data."""
    return bytes(memoryview(frame)[_DATA : _DATA + length])


def digest_of(frame, length):
    """SHA-256 of a record: the link of the next, and the head of the chain while it is the last."""
    return sha256(memoryview(frame)[: _DATA + length + LENGTH]).digest()
