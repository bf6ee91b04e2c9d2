"""The seal behind a drug library: that this pump has taken it in force itself. Loaded at boot, and let go of then.

Behind the library's bytes: MAGIC, the digest of the manifest that brought it, the numbers of the two pharmacists,
and a MAC under a key of the pump's own, over the SHA-256 of the library and those. Whoever can write the flash and
not read it makes none; whoever reads it makes one for that pump alone.
"""

import struct
from hashlib import sha256

from firmware.therapy import layout
from firmware.trust.mac import MacKey, equal
from hal.compat import const
from hal.ports import OK

MAGIC = b"KVOS"
SEAL = const(76)  # bytes
_KEY = b"kvo library"
_PIECE = const(256)
_MAC_AT = const(44)  # MAGIC, 32 bytes of digest, two numbers
_HEADER = layout.struct_format(layout.LIBRARY_HEADER)
_ENTRY = layout.struct_format(layout.LIBRARY_ENTRY)


class Seal:
    """`number` of the library, `digest` of its manifest, the two `signers`, `length` of the library in bytes."""

    __slots__ = ("digest", "length", "number", "signers")

    def __init__(self, number, digest, signers, length):
        self.number = number
        self.digest = digest
        self.signers = signers
        self.length = length


def make_seal(record, data, digest, signers):
    """Return the seal of a library's bytes; `record`: the pump's Record; `signers`: two numbers of people."""
    head = MAGIC + digest + struct.pack("<II", signers[0], signers[1])
    return head + _key(record).mac(sha256(data).digest(), head)


def _key(record):
    return MacKey(record.key(_KEY))


def length_of(header):
    """Return how long a library with this header is."""
    return len(header) + struct.unpack(_HEADER, header)[3] * struct.calcsize(_ENTRY)


def read_seal(store, area, record):
    """Return the Seal of the library in `area` of `store`, or None where it is not this pump's own."""
    header = bytearray(struct.calcsize(_HEADER))
    if store.size(area) < len(header) + SEAL or store.read(area, 0, header) != OK:
        return None
    length = length_of(header)
    seal = bytearray(SEAL)
    if length + SEAL > store.size(area) or store.read(area, length, seal) != OK or seal[:4] != MAGIC:
        return None
    seal = bytes(seal)
    digest = _digest(store, area, length)
    if digest is None or not equal(_key(record).mac(digest, seal[:_MAC_AT]), seal[_MAC_AT:]):
        return None
    signers = struct.unpack("<II", seal[_MAC_AT - 8 : _MAC_AT])
    return Seal(struct.unpack(_HEADER, header)[4], seal[4:36], signers, length)


def _digest(store, area, length):
    """SHA-256 of the first `length` bytes of an area, None where the store does not answer."""
    hashed = sha256()
    piece = bytearray(_PIECE)
    for place in range(0, length, _PIECE):
        part = memoryview(piece)[: min(_PIECE, length - place)]
        if store.read(area, place, part) != OK:
            return None
        hashed.update(part)
    return hashed.digest()
