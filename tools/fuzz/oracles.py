"""What must hold for any bytes at all: CBOR, COSE and AES-CCM. Messages and MQTT are in modules of their own.

A target raises Found where something does not hold; any other exception that leaves it is a finding as
well. `room` is a tools.device.vectors.Room: the functions under test, so that a planted fault can be tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.trust import cbor, cose, mac
from hal import ports
from tools.device.vectors import Room
from tools.fuzz.measure import Found, Sampler
from tools.fuzz.seeds import KEY, MADE

# Peak of memory that decoding n bytes may take, on CPython with its larger objects.
BASE_BYTES = 65_536  # frames and a traceback, whatever the input
BYTES_A_BYTE = 160


Target = Callable[[bytes], None]


class _Decoding:
    """Decodes, measures the memory it takes, and lets only Refused through."""

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self._decode = decode
        self._sampler = Sampler()

    def __call__(self, data: bytes) -> tuple[bool, Any]:
        done: tuple[bool, Any] = self._sampler.run(
            lambda: self._plain(data), lambda: BASE_BYTES + BYTES_A_BYTE * len(data)
        )
        return done

    def _plain(self, data: bytes) -> tuple[bool, Any]:
        try:
            return True, self._decode(data)
        except cbor.Refused as refused:
            if not (1 <= refused.args[0] <= cbor.NOT_TEXT and 0 <= refused.args[1] <= len(data)):
                raise Found(f"refused without a reason: {refused.args}") from None
            return False, None


def items_in(value: Any) -> int:
    """Values in a value, itself counted."""
    if isinstance(value, list):
        return 1 + sum(items_in(item) for item in value)
    if isinstance(value, dict):
        return 1 + sum(items_in(key) + items_in(item) for key, item in value.items())
    return 1 + items_in(value.value) if isinstance(value, cbor.Tag) else 1


def depth_of(value: Any) -> int:
    """Levels of arrays, maps and tags in a value."""
    if isinstance(value, cbor.Tag):
        return 1 + depth_of(value.value)
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


def cbor_target(room: Room) -> Target:
    """Only Refused leaves; what is taken has one encoding, and is within the bounds."""
    decode = _Decoding(room.decode)

    def check(data: bytes) -> None:
        taken, value = decode(data)
        if not taken:
            return
        if room.encode(value) != data:
            raise Found("taken, and encoded otherwise")
        if depth_of(value) > cbor.DEPTH or items_in(value) > cbor.ITEMS:
            raise Found("past the bounds")

    return check


def edited(data: bytes, edits: bytes) -> bytes:
    """`data` after edits of three bytes each: what, where, with what. So a fuzzer stays near what is good."""
    made = bytearray(data)
    for start in range(0, len(edits) - 2, 3):
        what, where, byte = edits[start : start + 3]
        place = where % (len(made) + 1)
        if what % 5 == 0:
            made[place : place + 1] = bytes([byte])
        elif what % 5 == 1:
            made[place:place] = bytes([byte])
        elif what % 5 == 2:
            del made[place : place + 1 + byte % 32]
        elif what % 5 == 3:
            made[place : place + 1] = bytes([made[place] ^ 1 << byte % 8]) if place < len(made) else b""
        else:
            made[place:place] = made[place : place + 1 + byte % 16]
    return bytes(made)


class Forger:
    """What a stranger sends: something of his own, or something near a message of ours. Chosen by the first byte."""

    def __init__(self) -> None:
        self._parts = [cbor.decode(message).value for message, _ in MADE]
        self._packed = [[cbor.encode(part) for part in parts] for parts in self._parts]

    def send(self, data: bytes) -> bytes:
        """Make a message of the fuzzer's bytes, one at least."""
        if data[0] & 128:
            return data[1:]
        number = data[0] % len(MADE)
        if data[0] & 64 and len(data) > 1:
            return self._with_edited_part(number, data[1] % len(self._parts[number]), data[2:])
        return edited(MADE[number][0], data[1:])

    def _with_edited_part(self, number: int, place: int, edits: bytes) -> bytes:
        """One of a message's parts edited, and the whole well-formed again."""
        packed = list(self._packed[number])
        part = self._parts[number][place]
        packed[place] = cbor.encode(edited(part, edits)) if isinstance(part, bytes) else edited(packed[place], edits)
        return bytes([0xC0 | cose.TAG_MAC0, 0x80 | len(packed)]) + b"".join(packed)


def cose_target(room: Room) -> Target:
    """No exception leaves, and no MAC is good but on bytes that were made with the key."""
    key = mac.MacKey(KEY)
    forger = Forger()
    allowed = {message for message, _ in MADE} | {message[1:] for message, _ in MADE}  # tagged, or not

    def check(data: bytes) -> None:
        if not data:
            return
        message, context = MADE[data[0] % len(MADE)]
        sent = forger.send(data)
        for tag in (cose.TAG_MAC0, cose.TAG_SIGN1):
            opened = room.open(sent, tag)
            if opened is None:
                continue
            opened.verify_signature(-7, lambda signed, signature: len(signed) < 0, context)
            good = room.verify_mac(opened, key, context) == cose.OK
            if good and (sent not in allowed or opened.payload is None):
                raise Found("a forged message is taken")
            if not good and sent == message and tag == cose.TAG_MAC0:
                raise Found("a good message is refused")

    return check


def ccm_target(room: Room) -> Target:
    """What was sealed opens, and nothing else does: it becomes zeros."""
    box = room.ccm(room.cipher(KEY[:16]), 8)
    nonce = bytes(12)
    sealed = bytearray(b"the dose is not changed" + bytes(8))
    if box.seal(nonce, sealed, b"context") != ports.OK:
        raise Found("not sealed")
    good = bytes(sealed)

    def check(data: bytes) -> None:
        sent = data[1:] if data[:1] >= b"\x80" else edited(good, data[1:])
        text = bytearray(sent)
        rc = box.open(nonce, text, b"context")
        if (rc == ports.OK) != (sent == good):
            raise Found("a forged text is opened" if rc == ports.OK else "a good text is refused")
        if rc == ports.ERR_FAILED and any(text):
            raise Found("a forged text is given out")
        if rc not in (ports.OK, ports.ERR_FAILED, ports.ERR_RANGE):
            raise Found(f"code {rc}")

    return check


ROOMS: dict[str, Callable[[Room], Target]] = {"cbor": cbor_target, "cose": cose_target, "ccm": ccm_target}
