"""An envelope in words: what it says, what binds it, and what a pump would say to it before it looks at its keys."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from firmware.trust import cose, lms
from firmware.trust.cbor import Refused, Tag, decode
from firmware.update import commands as c
from firmware.update import manifest as rooms
from firmware.update import proofs, suit, verdict
from firmware.update.target import Target
from tools.sign.problem import SignProblem

SECTIONS = {
    c.SHARED: "before each", c.PAYLOAD_FETCH: "fetch", c.INSTALL: "install", c.VALIDATE: "validate", c.LOAD: "load",
    c.INVOKE: "start",
}  # fmt: skip
COMMANDS = {
    c.C_VENDOR: "it is this vendor's", c.C_CLASS: "it is of this class", c.C_IMAGE: "it matches the digest",
    c.C_SLOT: "it is in this slot", c.C_CONTENT: "it is this content", c.C_ABORT: "no further",
    c.C_DEVICE: "it is this very pump", c.D_INDEX: "for component", c.D_TRY_EACH: "the first that can be done of",
    c.D_WRITE: "write the content", c.D_OVERRIDE: "let", c.D_FETCH: "fetch it", c.D_COPY: "copy it from the source",
    c.D_INVOKE: "start it", c.D_SWAP: "swap it with the source", c.D_RUN: "do",
}  # fmt: skip
PARAMETERS = {
    c.P_VENDOR: "vendor", c.P_CLASS: "class", c.P_DIGEST: "digest", c.P_SLOT: "slot", c.P_STRICT: "strict order",
    c.P_SOFT: "soft failure", c.P_SIZE: "bytes", c.P_CONTENT: "content", c.P_URI: "from", c.P_SOURCE: "source",
    c.P_INVOKE: "start arguments", c.P_DEVICE: "pump", c.P_FETCH: "fetch arguments",
}  # fmt: skip
_SHOWN = 12  # bytes of something long
_LINE = 100


def verdict_name(code: int) -> str:
    """A verdict in small words: 'wrong digest'."""
    for name, value in vars(verdict).items():
        if value == code and name.isupper() and name != "CODES":
            return name.lower().replace("_", " ")
    return f"code {code}"


def name_of(identifier: Any) -> str:
    """A component's identifier as text where it is plain, else in hex."""
    parts = identifier if isinstance(identifier, list) else [identifier]
    return "/".join(_plain(part) for part in parts)


def _plain(data: Any) -> str:
    if not isinstance(data, bytes):
        return ascii(data)
    return data.decode("ascii") if data and all(0x20 < byte < 0x7F for byte in data) else data.hex()


def _short(data: bytes) -> str:
    return data.hex() if len(data) <= _SHOWN else f"{data[:_SHOWN].hex()}… ({len(data)} bytes)"


def _text(text: str) -> str:
    """Text of an envelope, which may hold anything, for a terminal."""
    return ascii(text)[1:-1][:_LINE]


def parameter(key: Any, value: Any) -> str:
    """One parameter in words."""
    name = PARAMETERS.get(key, f"unknown parameter {key!a}")
    if key in (c.P_VENDOR, c.P_CLASS, c.P_DEVICE) and isinstance(value, bytes) and len(value) == 16:
        return f"{name} {uuid.UUID(bytes=value)}"
    if key == c.P_DIGEST and isinstance(value, bytes):
        digest = suit.read_digest(value)
        return f"{name} sha256 {digest.hex()}" if digest else f"{name} of no kind a pump takes"
    if isinstance(value, bytes):
        return f"{name} {_short(value)}"
    return f"{name} {_text(value) if isinstance(value, str) else ascii(value)}"


def sequence_lines(data: Any, indent: str, depth: int = 1) -> Iterator[str]:
    """A sequence in words, those within it further to the right."""
    items = c.read_sequence(data) if isinstance(data, bytes) else None
    if items is None or depth > c.DEPTH:
        yield f"{indent}what no pump reads"
        return
    for place in range(0, len(items), 2):
        command, argument = items[place], items[place + 1]
        name = COMMANDS.get(command, f"unknown command {command}")
        if command == c.D_OVERRIDE and isinstance(argument, dict):
            for key, value in argument.items():
                yield f"{indent}{name} {parameter(key, value)}"
        elif command == c.D_RUN:
            yield f"{indent}{name}:"
            yield from sequence_lines(argument, indent + "  ", depth + 1)
        elif command == c.D_TRY_EACH and isinstance(argument, list):
            yield f"{indent}{name}:"
            for number, one in enumerate(argument, 1):
                yield f"{indent}  {number}." + ("  nothing" if one is None else "")
                if one is not None:
                    yield from sequence_lines(one, indent + "     ", depth + 1)
        elif command == c.D_INDEX:
            yield f"{indent}{name} {'each' if argument is True else ascii(argument)}:"
        else:
            yield f"{indent}{name}"


class _Any(Target):
    """Knows every component: whose they are is the pump's to say."""

    def __init__(self) -> None:
        self.identifiers: list[Any] = []

    def component(self, identifier: Any) -> int:
        """A handle for each."""
        self.identifiers.append(identifier)
        return len(self.identifiers) - 1


class _Trusting(suit.Opening):
    """Opened without a look at its proofs: for people to read, never for a pump."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, [])
        self.blocks: list[bytes] = []
        if self.verdict == verdict.NUMBER_OF_PROOFS:
            self.blocks = list(self._blocks)
            self.verdict = verdict.OPENED

    def wrapped(self) -> bytes:
        """What the proofs are over."""
        return bytes(self._payload or b"")


def proof_line(block: bytes, payload: bytes, key: bytes | None) -> str:
    """One proof in words; held against `key` (an HSS public key) where that is given."""
    try:
        value = decode(block)
        tag = value.number if isinstance(value, Tag) else None
    except Refused:
        tag = None
    message = cose.open_message(block, tag) if tag in (cose.TAG_SIGN1, cose.TAG_MAC0) else None
    if message is None:
        return "what is no proof"
    algorithm = message.protected.get(cose.ALGORITHM)
    if tag == cose.TAG_MAC0:
        return f"a MAC, {'HMAC 256/256' if algorithm == cose.HMAC_256 else f'algorithm {algorithm}'}: not checked here"
    if algorithm != proofs.HSS_LMS:
        return f"a signature, {'ES256' if algorithm == -7 else f'algorithm {algorithm}'}: a pump refuses it"
    leaf = int.from_bytes(message.proof[4:8], "big")
    said = f"an HSS/LMS signature of {len(message.proof)} bytes by leaf {leaf}"
    if key is None:
        return f"{said}: not checked, no key was named"
    good = lms.verify(key, message.to_sign(payload=payload), message.proof) == lms.VERIFIED
    return f"{said}: {'holds' if good else 'does NOT hold for that key'}"


def describe(data: bytes, key: bytes | None = None) -> tuple[bool, list[str]]:
    """Whether a pump would read it, were its proofs good, and lines about it. SignProblem where it is no envelope."""
    opening = _Trusting(data)
    if opening.verdict != verdict.OPENED:
        raise SignProblem(f"no envelope that a pump would open: {verdict_name(opening.verdict)}")
    lines = [f"envelope of {len(data)} bytes; the manifest's SHA-256 is {bytes(opening.digest or b'').hex()}"]
    lines += [f"proof {number}: {proof_line(block, opening.wrapped(), key)}"
              for number, block in enumerate(opening.blocks, 1)] or ["proofs: none"]  # fmt: skip
    everything = _Any()
    read = rooms.Manifest(opening, rooms.Device(bytes(16), bytes(16), bytes(16)), everything)
    if read.number >= 0:
        lines.append(f"sequence number {read.number}")
    lines += [f"component {number}: {name_of(name)}" for number, name in enumerate(everything.identifiers)]
    for section, name in SECTIONS.items():
        if section in read.sequences:
            lines.append(f"{name}:")
            lines += sequence_lines(read.sequences[section], "  ")
        elif section in read.severed:
            lines.append(f"{name}: severed, and not in this envelope")
    if suit.TEXT in opening.severed:
        lines.append(f"text, for people, of {len(opening.severed[suit.TEXT])} bytes")
    lines += [f"payload {_text(uri)} of {len(payload)} bytes" for uri, payload in opening.payloads.items()]
    good = read.verdict == verdict.READ
    why = f"{verdict_name(read.verdict)}, at {read.detail}"
    lines.append("a pump reads it, if its keys, number and components suit" if good else f"a pump refuses it: {why}")
    return good, lines
