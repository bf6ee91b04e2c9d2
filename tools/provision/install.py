"""Puts a credential record into a pump over its local port, and reads back that it stands there.

The pump itself judges (firmware/trust/install.py): whoever went through MicroPython's prompt instead would write past
every check, so this speaks to the firmware that runs, on any URL that pySerial opens.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from firmware.trust.credentials import Record
from firmware.trust.staging import CHUNK
from simulator.homes import stream
from simulator.homes.base import HomeError
from simulator.site.make import AUDIT_KEY

# Bytes of the record in a line: the pump takes lines of 192.
PIECE = 64
ANSWER_S = 2.0
# An erase and two writes of 2 KB on a slow part.
STORE_S = 10.0
TRIES = 4
_SHOWN = 120
_SHUT = (
    "the pump is not in maintenance, or its key switch is not turned, so its local port is shut: end the therapy, turn "
    "the key switch, choose maintenance (D 7 on the keypad), and run this again"
)
_NO_ROOM = "the pump has not memory enough left: switch it off and on, choose maintenance, and run this again"
_REASONS = {
    "pump": "the pump says that this is another pump's record",
    "keys": "the pump has keys, and these are others: a provisioned pump takes new keys only after recovery with both "
    "cards, or once its flash has been wiped by hand (docs/provisioning.md, 'The local port')",
    "older": "the pump knows a later time, epoch or revocation than this record; "
    "make it anew with 'kvo provision record'",
    "record": "the pump does not take this for a record; is its firmware of this release?",
    "broken": "what the pump's store holds of a record is damaged: it is isolated, and takes keys only after recovery, "
    "or once its flash has been wiped by hand",
    "store": "the pump's flash does not take it; a record that stood there stands. Has this board a place for it "
    "(docs/pico.md, 'The flash')?",
    "place": "this board has no place for what is carried to it; a bare board's library comes with its image",
    "room": "it is longer than the pump's stage",
    "whole": "what is staged is not whole, or has another digest than was announced; run this again",
    "number": "what is staged has another number; run this again",
    "unkeyed": "the pump has no keys yet; 'kvo provision install' gives it its record first",
}


class InstallProblem(RuntimeError):
    """The record was not installed. The text says why, what state the pump is in, and what to do."""


@dataclass(frozen=True)
class Pump:
    """What a pump says of itself. `state`: blank, whole or broken; id and digest in hex, empty where there is none."""

    state: str
    pump_id: str
    sequence: int
    digest: str


@dataclass(frozen=True)
class Holds:
    """Numbers of the root record and of the drug library in force, 0 for none, and of what is staged, -1 for none."""

    roots: int
    library: int
    staged: int


@dataclass(frozen=True)
class Installed:
    """What was done. `written`: False where this very record stood there already."""

    pump: Pump
    written: bool


def read_record(path: Path) -> tuple[str, bytes]:
    """The pump's id and the bytes of a record in a file. InstallProblem where it is none."""
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise InstallProblem(
            f"{path}: {wrong.strerror}; 'kvo provision record SITE_DIR PUMP' writes it (it goes once it is installed)"
        ) from None
    record = Record()
    if not record.decode(data):
        raise InstallProblem(f"{path}: no credential record; write it anew with 'kvo provision record'")
    return record.pump_id.hex(), data


def read_audit_key(record: Path) -> bytes:
    """The audit's first key, beside a record. InstallProblem where it is not there."""
    path = record.parent / AUDIT_KEY
    try:
        key = path.read_bytes()
    except OSError as wrong:
        raise InstallProblem(
            f"{path}: {wrong.strerror}; 'kvo provision record SITE_DIR PUMP' writes it beside the record"
        ) from None
    if len(key) != 32:
        raise InstallProblem(f"{path}: no key of an audit; write it anew with 'kvo provision record'")
    return key


def install(path: Path, url: str, tell: Callable[[int, int], None] = lambda done, total: None) -> Installed:
    """Install the record in `path` into the pump at `url`. InstallProblem, HomeError where the port cannot be had."""
    pump_id, data = read_record(path)
    digest = hashlib.sha256(data).hexdigest()
    with _line(url) as line:
        pump = line.who()
        if pump.state == "broken":
            raise InstallProblem(f"{url}: {_REASONS['broken']}; nothing was changed")
        if pump.state == "whole" and pump.pump_id != pump_id:
            raise InstallProblem(f"{url}: that is pump {pump.pump_id}, not {pump_id}; nothing was changed")
        if pump.digest == digest:
            return Installed(pump, False)
        if pump.state == "blank":
            line.key(read_audit_key(path))
        for offset in range(0, len(data), PIECE):
            tell(offset, len(data))
            line.put(offset, data[offset : offset + PIECE])
        line.end(len(data), digest)
        tell(len(data), len(data))
        pump = line.who()
        if (pump.state, pump.pump_id, pump.digest) != ("whole", pump_id, digest):
            raise InstallProblem(f"{url}: what reads back is not what was sent ({pump}); run this again")
        return Installed(pump, True)


def carry(
    url: str, data: bytes, number: int, first: bool = False, tell: Callable[[int, int], None] = lambda done, total: None
) -> Holds:
    """Stage a parcel at the pump at `url`; what it held before. A transport that broke off goes on where it was.

    first: have it looked at when the pump starts next, where nobody at the bedside could say so: the first root record
    and the first library. InstallProblem with the pump's reason; HomeError where the port cannot be had.
    """
    with _line(url) as line:
        return carry_over(line, data, number, first, tell)


def carry_over(
    line: Line, data: bytes, number: int, first: bool, tell: Callable[[int, int], None] = lambda done, total: None
) -> Holds:
    """The same on a line that is open."""
    holds = line.has()
    done = line.stage(data)
    while done < len(data):
        tell(done, len(data))
        # A chunk is stored once it is whole: a piece does not reach over its end.
        end = min(done + PIECE, done - done % CHUNK + CHUNK, len(data))
        line.piece(done, data[done:end])
        done = end
    tell(done, len(data))
    if first:
        line.take(number)
    return holds


def held(url: str) -> Holds:
    """What the pump at `url` holds."""
    with _line(url) as line:
        return line.has()


@contextlib.contextmanager
def _line(url: str) -> Iterator[Line]:
    port = stream.open_port(url)
    try:
        yield Line(url, port)
    except OSError as gone:
        raise InstallProblem(
            f"{url}: the pump has gone ({gone}); a record goes in whole or not at all: run this again"
        ) from None
    finally:
        stream.close_port(port)


class Line:
    """Asks line by line; what is lost or garbled is asked again, which does no harm."""

    def __init__(self, url: str, port: Any) -> None:
        self._url = url
        self._port = port
        self._number = int(time.monotonic() * 1000) % 1_000_000  # an answer to an earlier run has another
        self._held = b""
        self._noise = b""

    def who(self) -> Pump:
        """What the pump says of itself."""
        state, pump_id, sequence, digest = self._ask("who", "is", ANSWER_S, 4)
        return Pump(state, pump_id.strip("-"), int(sequence), digest.strip("-"))

    def key(self, audit_key: bytes) -> None:
        """Hand over the audit's first key."""
        self._ask(f"key {{}} {audit_key.hex()}", "ok", ANSWER_S, 0)

    def put(self, offset: int, piece: bytes) -> None:
        """Hand over a piece."""
        self._ask(f"put {{}} {offset} {piece.hex()}", "ok", ANSWER_S, 0)

    def end(self, length: int, digest: str) -> None:
        """Have it judged and stored. InstallProblem with the pump's reason."""
        self._ask(f"end {{}} {length} {digest}", "ok", STORE_S, 0)

    def has(self) -> Holds:
        """What the pump holds of what is carried to it."""
        return Holds(*(int(word) for word in self._ask("has", "has", STORE_S, 3)))

    def stage(self, data: bytes) -> int:
        """Announce what is to be staged; how many bytes of it are there. InstallProblem with the pump's reason."""
        return int(self._ask(f"stage {{}} {len(data)} {hashlib.sha256(data).hexdigest()}", "at", STORE_S, 1)[0])

    def piece(self, offset: int, piece: bytes) -> None:
        """Hand over a piece of it."""
        self._ask(f"piece {{}} {offset} {piece.hex()}", "ok", ANSWER_S, 0)

    def take(self, number: int) -> None:
        """Have what is staged looked at when the pump starts next."""
        self._ask(f"take {{}} {number}", "ok", STORE_S, 0)

    def _ask(self, words: str, answer: str, wait_s: float, count: int) -> list[str]:
        self._number += 1
        said = f"kvo {words.format(self._number) if '{}' in words else f'{words} {self._number}'}".encode()
        for _ in range(TRIES):
            # The first line's end closes what somebody else left half said.
            self._port.write(b"\n" + said + b" %08x\n" % crc32(said))
            until = time.monotonic() + wait_s
            while (found := self._next(until)) is not None:
                if found[:1] == ["shut"]:
                    raise InstallProblem(f"{self._url}: {_SHUT}; nothing was changed")
                if found[0] in ("who", "put", "end", "stage", "piece", "take"):
                    raise InstallProblem(f"{self._url}: what is sent comes back: an echo, no pump")
                if found[:1] == ["lost"]:
                    raise InstallProblem(f"{self._url}: {_NO_ROOM}; nothing was changed")
                if found[1:2] != [str(self._number)]:
                    continue
                if found[0] == answer and len(found) == 2 + count:
                    return found[2:]
                if found[0] == "no":
                    why = _REASONS.get(found[2], f"the pump refuses it ({found[2]}); run this again")
                    raise InstallProblem(f"{self._url}: {why}; nothing was changed")
                break  # garbled on its way there
        raise InstallProblem(f"{self._url}: {self._silent()}")

    def _next(self, until: float) -> list[str] | None:
        """Words of the next answer that is whole, without the first; None where none comes."""
        while True:
            line, ends, rest = self._held.partition(b"\n")
            if ends:
                self._held = rest
                said, _, check = line.strip(b"\r").rpartition(b" ")
                if said.startswith(b"kvo ") and check == b"%08x" % crc32(said):
                    return said.decode("ascii", "replace").split(" ")[1:]
                self._noise = (self._noise + line + b"\n")[:_SHOWN]
                continue
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            self._port.timeout = min(left_s, 0.1)
            self._held += self._port.read(max(1, self._port.in_waiting))

    def _silent(self) -> str:
        said = (self._noise + self._held)[:_SHOWN]
        if b">>>" in said:
            return "that is MicroPython's prompt: no pump runs there; put the firmware on it with 'kvo flash'"
        heard = f"what came was no answer of a pump's: {repr(said)[1:]}" if said else "nothing answered"
        return (
            f"{heard}. Is that the pump's local port, is the pump switched on, and is it one whose local port is this "
            "socket (board parts)? Whether something was changed is not known: what is there is whole in any case"
        )


__all__ = [
    "Holds",
    "HomeError",
    "InstallProblem",
    "Installed",
    "Line",
    "Pump",
    "carry",
    "held",
    "install",
    "read_record",
]  # fmt: skip
