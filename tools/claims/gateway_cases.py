"""What may come to a gateway in a pump's name, and what must become of it. Written from docs/gateway.md by hand.

A case is played on a watch that has heard a pump for twenty seconds: `play` gives what then comes, as (seconds later,
kind of the topic, bytes), with kind −1 for a will and no bytes at all for time that passes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.trust import facts as f
from firmware.trust.cbor import Tag, decode, encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.credentials import Record
from firmware.trust.keyring import operator_key
from firmware.trust.mac import MacKey
from simulator.gateway import events as e
from simulator.gateway import stream as st
from simulator.gateway.watch import PumpWatch
from simulator.site.keyservice import FactKey, fact_key
from simulator.trust_client import make_record, service

WILL = -1
BOOT = 4
EPOCH = 3
BEGUN_S = 1000.0
SITE_S = 200_000_000.0
SPOKEN_S = 20  # the pump has been heard for so long, each five seconds
FORGED_RATE = 99_000

Piece = tuple[float, int, bytes]
MakeWatch = Callable[[FactKey, float, int], PumpWatch]


def status_body(rate_ul_h: int, site_s: int = -1) -> dict[int, Any]:
    """A STATUS body: infusing at a rate."""
    return {1: 4, 2: 0, 3: rate_ul_h, 4: 1000, 5: 5000, 6: 304, 7: 0, 8: -1, 9: 0, 10: site_s, 11: bytes(16)}


class Speaker:
    """A pump that speaks: its own key, its own counter."""

    def __init__(self, seed: int = 1, epoch: int = EPOCH, boot: int = BOOT) -> None:
        record: Any = make_record(seed, epoch=epoch)
        self.record: Record = record
        self.boot = boot
        self.made = 0
        self.pump_s = 0
        self.key = fact_key(record.pump_id, record.pump_key, epoch)

    @property
    def given(self) -> FactKey:
        """What the key service gives out."""
        return FactKey(self.key, self.record.pump_id.hex(), self.record.epoch, self.key_of(1))

    def key_of(self, later: int) -> bytes:
        """Its fact key so many epochs later."""
        return fact_key(self.record.pump_id, self.record.pump_key, self.record.epoch + later)

    def says(self, body: dict[int, Any] | None = None, kind: int = f.STATUS, **other: Any) -> bytes:
        """The next fact; `other`: key (bytes), pump_id, counter, context."""
        self.made += 1
        counter = other.get("counter", (self.boot << f.COUNTER_BITS) + self.made)
        payload = encode({1: kind, 2: counter, 3: self.pump_s, 4: status_body(20_000) if body is None else body})
        return self.seal(payload, **other)

    def seal(self, payload: bytes, **other: Any) -> bytes:
        """Any payload as a fact."""
        key = MacKey(other.get("key", self.key))
        kid = other.get("pump_id", self.record.pump_id)
        made: bytes = make_mac0(payload, key, {KEY_ID: kid}, other.get("context", f.CONTEXT))
        return made

    def wants(self, **other: Any) -> bytes:
        """A fact that says what a forger wants to have shown."""
        return self.says(status_body(FORGED_RATE), **other)


@dataclass
class Heard:
    """A watch that has heard its pump, and all that came of it. kept: every fact that came, oldest first."""

    watch: PumpWatch
    pump: Speaker
    now_s: float = BEGUN_S
    kept: list[bytes] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def hear(self, kind: int, data: bytes) -> None:
        """Something comes now; and the watch looks, as it does each half second."""
        if kind == WILL:
            found = self.watch.hear_will(data, self.now_s)
        else:
            found = self.watch.hear(kind, data, self.now_s, SITE_S + self.now_s - BEGUN_S)
            self.kept.append(data)
        self.events += [event.what for event in found]

    def pass_time(self, seconds: float) -> None:
        """Time passes, for the watch and for the pump."""
        self.now_s += seconds
        self.pump.pump_s = int(self.now_s - BEGUN_S)
        self.events += [event.what for event in self.watch.look(self.now_s)]


def begin(make: MakeWatch, last: int = 0) -> Heard:
    """A watch that has heard a session begin and four statuses, 20 s of them."""
    pump = Speaker()
    heard = Heard(make(pump.given, BEGUN_S, last), pump)
    heard.hear(f.HELLO, pump.says({1: bytes(16), 2: 0, 3: EPOCH, 4: [1]}, f.HELLO))
    for _ in range(SPOKEN_S // 5):
        heard.pass_time(5)
        heard.hear(f.STATUS, pump.says())
    heard.events.clear()
    return heard


@dataclass(frozen=True)
class Case:
    """`play(heard)` gives what comes. event: what must be noticed, "" for nothing; verdict: what it was refused as.

    shown: whether what it says may be shown.
    """

    name: str
    event: str
    play: Callable[[Heard], list[Piece]]
    verdict: str = ""
    shown: bool = False


def _one(make: Callable[[Heard], bytes], kind: int = f.STATUS) -> Callable[[Heard], list[Piece]]:
    return lambda heard: [(1.0, kind, make(heard))]


def _parts(data: bytes) -> list[Any]:
    parts: list[Any] = decode(data).value
    return parts


def _no_mac(heard: Heard) -> bytes:
    protected, unprotected, payload, _ = _parts(heard.pump.wants())
    made: bytes = encode(Tag(17, [protected, unprotected, payload, b""]))
    return made


def _changed(heard: Heard) -> bytes:
    protected, unprotected, payload, proof = _parts(heard.pump.says())
    said = decode(payload)
    said[4] = status_body(FORGED_RATE)
    made: bytes = encode(Tag(17, [protected, unprotected, encode(said), proof]))
    return made


def _reflected(heard: Heard) -> bytes:
    """A request, sent back as if it were a fact."""
    terminal = service(heard.pump.record)
    return terminal.ask(11, bytes(16), 100)


def _kept_back(heard: Heard) -> list[Piece]:
    """One is kept back, the next passes, then it comes after all."""
    old = heard.pump.wants()
    return [(1.0, f.STATUS, heard.pump.says()), (1.0, f.STATUS, old)]


def _missing(heard: Heard) -> list[Piece]:
    heard.pump.says()
    return [(1.0, f.STATUS, heard.pump.says())]


def _booted(first: int) -> Callable[[Heard], list[Piece]]:
    """The pump boots; the first fact of this boot that comes is number `first`."""

    def play(heard: Heard) -> list[Piece]:
        heard.pump.boot += 1
        heard.pump.made = first - 1
        return [(1.0, f.STATUS, heard.pump.says())]

    return play


def _of_boot_before(heard: Heard) -> list[Piece]:
    old = heard.pump.wants()
    return [*_booted(1)(heard), (1.0, f.STATUS, old)]


def _raised(heard: Heard) -> list[Piece]:
    now = heard.pump.says(key=heard.pump.key_of(1))
    return [(1.0, f.STATUS, now), (1.0, f.STATUS, heard.pump.wants())]


def _old_of_next(heard: Heard) -> list[Piece]:
    """From when an epoch had been raised and not stored, before the power went; then one that is heard, with a gap."""
    old = heard.pump.wants(key=heard.pump.key_of(1), counter=heard.watch.stream.last - 100)
    return [(1.0, f.STATUS, old), *_missing(heard)]


def _stretched(heard: Heard) -> list[Piece]:
    """Somebody hands on each fact nine seconds after the one before, though the pump speaks each five."""
    pieces: list[Piece] = []
    begun_s = heard.pump.pump_s
    for number in range(1, 5):
        heard.pump.pump_s = begun_s + 5 * number
        pieces.append((9.0, f.STATUS, heard.pump.says()))
    return pieces


def _old_time(heard: Heard) -> list[Piece]:
    """Facts that come in good time by each other, and whose site time is of an hour ago."""
    return [(1.0, f.STATUS, heard.pump.says(status_body(20_000, int(SITE_S) - 3600)))]


def _flood(heard: Heard) -> list[Piece]:
    return [(0.001, f.STATUS, bytes(number % 64)) for number in range(500)]


CASES = (
    Case("no MAC", e.TAMPERED, _one(_no_mac), st.FORGED),
    Case("a changed payload", e.TAMPERED, _one(_changed), st.FORGED),
    Case("a key made up", e.TAMPERED, _one(lambda heard: heard.pump.wants(key=bytes(32))), st.FORGED),
    Case("another pump's key under this one's name", e.TAMPERED,
         _one(lambda heard: heard.pump.wants(key=Speaker(2).key)), st.FORGED),
    Case("another pump's fact", e.TAMPERED, _one(lambda heard: Speaker(2).wants()), st.WRONG_PUMP),
    Case("this pump's key under another one's name", e.TAMPERED,
         _one(lambda heard: heard.pump.wants(pump_id=Speaker(2).record.pump_id)), st.WRONG_PUMP),
    Case("an operator's key", e.TAMPERED, _one(lambda heard: heard.pump.wants(
        key=operator_key(heard.pump.record, 7, 1, EPOCH, 1000))), st.FORGED),
    Case("the key of the epoch before", e.TAMPERED, _one(lambda heard: heard.pump.wants(
        key=heard.pump.key_of(-1))), st.FORGED),
    Case("the key after the next epoch's", e.TAMPERED, _one(lambda heard: heard.pump.wants(key=heard.pump.key_of(2))),
         st.FORGED),
    Case("its epoch is raised", "", _one(lambda heard: heard.pump.wants(key=heard.pump.key_of(1))), shown=True),
    Case("its epoch was raised, and the one before is over", e.TAMPERED, _raised, st.FORGED),
    Case("an old fact of the next epoch raises nothing", e.MISSING, _old_of_next, st.REPLAYED),
    Case("a MAC over something else", e.TAMPERED, _one(lambda heard: heard.pump.wants(context=b"kvo request 1")),
         st.FORGED),
    Case("a request sent back", e.TAMPERED, _one(_reflected), st.WRONG_PUMP),
    Case("no fact at all", e.TAMPERED, _one(lambda heard: b"{}"), st.MALFORMED),
    Case("nothing", e.TAMPERED, _one(lambda heard: b""), st.MALFORMED),
    Case("too long", e.TAMPERED, _one(lambda heard: heard.pump.wants() + bytes(st.LONGEST)), st.MALFORMED),
    Case("on another kind's topic", e.TAMPERED, _one(lambda heard: heard.pump.wants(), f.ALARMS), st.WRONG_TOPIC),
    Case("replayed", e.TAMPERED, lambda heard: [(1.0, f.STATUS, heard.kept[2])], st.REPLAYED),
    Case("its counter used for something else", e.TAMPERED, _one(lambda heard: heard.pump.wants(
        counter=heard.watch.stream.last)), st.REPLAYED),
    Case("reordered", e.TAMPERED, _kept_back, st.REORDERED),
    Case("from before a boot", e.TAMPERED, _of_boot_before, st.REPLAYED),
    Case("delivered twice", "", lambda heard: [(0.1, f.STATUS, heard.kept[-1])], st.DUPLICATED),
    Case("one is missing", e.MISSING, _missing, shown=True),
    Case("a boot, nothing missing", e.BOOT, _booted(1), shown=True),
    Case("a boot, and its first facts are missing", e.MISSING, _booted(3), shown=True),
    Case("silence of 9.9 s", "", lambda heard: [(9.9, WILL, b"")]),
    Case("silence of 10 s", e.SILENT, lambda heard: [(10.0, WILL, b"")]),
    Case("a will", e.OFFLINE, lambda heard: [(1.0, WILL, b"offline")]),
    Case("a will that says something else", e.TAMPERED, lambda heard: [(1.0, WILL, b"all is well")], st.MALFORMED),
    Case("forgeries do not end silence", e.SILENT, lambda heard: [
        (3.0, f.STATUS, heard.pump.wants(key=bytes(32))) for _ in range(4)], st.FORGED),
    Case("a replay does not end silence", e.SILENT, lambda heard: [
        (3.0, f.STATUS, heard.kept[-1]) for _ in range(4)], st.DUPLICATED),
    Case("handed on later and later", e.DELAYED, _stretched, shown=True),
    Case("an hour old", e.DELAYED, _old_time, shown=True),
    Case("a flood of rubbish", e.TAMPERED, _flood, st.MALFORMED),
)  # fmt: skip
