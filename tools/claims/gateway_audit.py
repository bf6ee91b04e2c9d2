"""What may come to a gateway as a pump's audit, what must become of it, and chains that are wrong in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.trust import facts as f
from firmware.trust.audit import AUDIT_LOGIN
from firmware.trust.audit_frame import MOST, digest_of, length_of, next_key, put, sequence_of
from hal.compat import crc32
from simulator import audit
from simulator.gateway import events as e
from simulator.gateway.audit_chain import AuditChain, Page
from simulator.gateway.watch import PumpWatch
from tools.claims.gateway_cases import BEGUN_S, Speaker

KEY = bytes(range(32))
_PER_PAGE = 3
_AT_FIRST = 7  # records that the pump has when it is collected from first
_DATA = 50  # a place in a record's data

MakeChain = Callable[..., AuditChain]


class Log:
    """A pump's audit log as it is stored, which whoever holds a key may go on with or rewrite."""

    def __init__(self, key: bytes = KEY) -> None:
        self.key = key
        self.link = bytes(32)
        self.frames: list[bytes] = []
        self.count = 0
        self.before: list[tuple[bytes, bytes]] = []  # key and link before each record

    def add(self, count: int = 1, what: int = 0) -> None:
        """So many records more."""
        for _ in range(count):
            self.before.append((self.key, self.link))
            frame = bytearray(MOST)
            data = self.count.to_bytes(4, "little") + what.to_bytes(4, "little") + b"\0\0\0\0"
            size = put(frame, self.count, AUDIT_LOGIN, self.link, data, self.key)
            self.frames.append(bytes(frame[:size]))
            self.link = digest_of(frame, length_of(frame))
            self.key = next_key(self.key)
            self.count += 1

    def back_to(self, count: int) -> None:
        """As it was with `count` records, keys and all."""
        self.key, self.link = self.before[count]
        del self.before[count:], self.frames[count:]
        self.count = count

    @property
    def head(self) -> dict[int, Any]:
        """A HEAD's body."""
        return {1: self.count, 2: self.link}

    def page(self, since: int) -> dict[int, Any]:
        """An AUDIT's body."""
        found = [frame for frame in self.frames if sequence_of(frame) >= since]
        some, rest = found[:_PER_PAGE], found[_PER_PAGE:]
        return {1: since, 2: b"".join(some), 3: sequence_of(rest[0]) if rest else 0}


@dataclass
class Collected:
    """A gateway's watch that collects a pump's audit. kept: the lines that were written down."""

    make: MakeChain
    log: Log = field(default_factory=Log)
    pump: Speaker = field(default_factory=Speaker)
    kept: list[dict[str, Any]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    last: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """The gateway starts, or starts anew."""
        chain = self.make(KEY, self.kept[-1] if self.kept else None)
        self.watch: PumpWatch = PumpWatch(self.pump.given, BEGUN_S, self.last, chain)

    def hear(self, kind: int, body: dict[int, Any]) -> None:
        """A fact of the pump's comes."""
        found = self.watch.hear(kind, self.pump.says(body, kind), BEGUN_S, 0)
        self.events += [event.what for event in found]
        self.last = self.watch.stream.last
        page, self.watch.page = self.watch.page, None
        if page is not None:
            self.kept += page.lines
            self.chain.keep(page)

    @property
    def chain(self) -> AuditChain:
        """What its audit is held against."""
        chain: Any = self.watch.audit
        return chain

    def collect(self) -> None:
        """The head comes; then what is asked for, page by page."""
        self.hear(f.HEAD, self.log.head)
        self.ask()

    def ask(self) -> None:
        """The pages from what was kept on."""
        on = 1
        while on:
            self.chain.asked()
            page = self.log.page(self.chain.next)
            self.hear(f.AUDIT, page)
            on = page[3]


@dataclass(frozen=True)
class Case:
    """`play(collected)` does it. event: what must be noticed, "" for nothing; kept: records that may be kept."""

    name: str
    event: str
    play: Callable[[Collected], None]
    kept: int


def _changed(one: Collected) -> None:
    """A byte is changed, and its checksum made good."""
    spoilt = bytearray(one.log.frames[4])
    spoilt[_DATA] ^= 1
    end = 40 + 12 + 32  # link, data, MAC
    spoilt[end : end + 4] = crc32(memoryview(spoilt)[:end]).to_bytes(4, "little")
    one.log.frames[4] = bytes(spoilt)
    one.collect()


def _dropped(one: Collected) -> None:
    del one.log.frames[4]
    one.collect()


def _moved(one: Collected) -> None:
    one.log.frames[3], one.log.frames[4] = one.log.frames[4], one.log.frames[3]
    one.collect()


def _cut(one: Collected) -> None:
    """Its end is cut off after the head was told."""
    one.hear(f.HEAD, one.log.head)
    del one.log.frames[5:]
    one.ask()


def _forged(one: Collected) -> None:
    """A record of somebody who holds no key of this pump's."""
    other = Log(bytes(32))
    other.add(_AT_FIRST)
    one.log.frames[4] = other.frames[4]
    one.collect()


def _rewritten(one: Collected) -> None:
    """Who has an earlier state of the pump rewrites its end, after the head was told and before it was collected."""
    one.hear(f.HEAD, one.log.head)
    one.log.back_to(5)
    one.log.add(_AT_FIRST - 5, 1)
    one.ask()


def _rewritten_behind(one: Collected) -> None:
    """The same with what was collected already; what is added to it comes to the gateway."""
    one.collect()
    one.log.back_to(5)
    one.log.add(_AT_FIRST - 5, 1)
    one.log.add(2)
    one.collect()


def _gone_back(one: Collected) -> None:
    one.collect()
    one.log.back_to(5)
    one.hear(f.HEAD, one.log.head)


def _another_head(one: Collected) -> None:
    one.hear(f.HEAD, one.log.head)
    one.hear(f.HEAD, {1: _AT_FIRST, 2: bytes(32)})


def _another_head_of_what_was_kept(one: Collected) -> None:
    one.collect()
    one.hear(f.HEAD, {1: _AT_FIRST, 2: bytes(32)})


def _not_in_time(one: Collected) -> None:
    """The pump has overwritten its oldest records."""
    one.collect()
    one.log.add(5)
    del one.log.frames[:9]
    one.collect()


def _begun_anew(one: Collected) -> None:
    """Somebody blanked its audit: the pump begins one of its own."""
    one.collect()
    one.log = Log(bytes(32))
    one.log.add(_AT_FIRST + 3)
    one.collect()


def _started_anew(one: Collected) -> None:
    one.collect()
    one.start()
    one.log.add(4)
    one.collect()


def _back_while_away(one: Collected) -> None:
    """The store is put back while no gateway listens."""
    one.collect()
    one.log.back_to(5)
    one.start()
    one.hear(f.HEAD, one.log.head)


def _rewritten_while_away(one: Collected) -> None:
    one.collect()
    one.log.back_to(5)
    one.log.add(4, 1)
    one.start()
    one.collect()


def _own_file_changed(one: Collected) -> None:
    one.collect()
    frame = bytearray.fromhex(one.kept[-1]["frame"])
    frame[_DATA] ^= 1
    one.kept[-1]["frame"] = frame.hex()
    one.start()
    one.events += [e.AUDIT_BROKEN] if e.AUDIT_BROKEN in one.watch.active(BEGUN_S) else []


def _asked_by_another(one: Collected) -> None:
    one.collect()
    one.log.add(6)
    one.hear(f.AUDIT, one.log.page(_AT_FIRST + 2))


def _twice(one: Collected) -> None:
    one.collect()
    one.hear(f.AUDIT, one.log.page(_AT_FIRST - 1))
    one.hear(f.AUDIT, one.log.page(0))
    one.ask()


CASES = (
    Case("a whole audit, page by page", "", Collected.collect, _AT_FIRST),
    Case("the gateway starts anew", "", _started_anew, _AT_FIRST + 4),
    Case("a page that somebody else asked for", "", _asked_by_another, _AT_FIRST),
    Case("a page once more", "", _twice, _AT_FIRST),
    Case("records went before they were collected", e.AUDIT_GAP, _not_in_time, _AT_FIRST + 3),
    Case("a record is changed", e.AUDIT_BROKEN, _changed, _AT_FIRST - 1),
    Case("a record is dropped", e.AUDIT_BROKEN, _dropped, _AT_FIRST - 1),
    Case("two records change places", e.AUDIT_BROKEN, _moved, _AT_FIRST),
    Case("a forged record", e.AUDIT_BROKEN, _forged, _AT_FIRST - 1),
    Case("the end is cut off", e.AUDIT_BROKEN, _cut, 5),
    Case("the end is rewritten", e.AUDIT_BROKEN, _rewritten, _AT_FIRST),
    Case("what was collected is rewritten", e.AUDIT_BROKEN, _rewritten_behind, _AT_FIRST + 2),
    Case("the head goes back", e.AUDIT_BROKEN, _gone_back, _AT_FIRST),
    Case("two heads of as many records", e.AUDIT_BROKEN, _another_head, 0),
    Case("a head that is not what was collected", e.AUDIT_BROKEN, _another_head_of_what_was_kept, _AT_FIRST),
    Case("begun anew by the pump itself", e.AUDIT_BROKEN, _begun_anew, _AT_FIRST),
    Case("put back while the gateway was away", e.AUDIT_BROKEN, _back_while_away, _AT_FIRST),
    Case("rewritten while the gateway was away", e.AUDIT_BROKEN, _rewritten_while_away, _AT_FIRST + 2),
    Case("what the gateway wrote down is changed", e.AUDIT_BROKEN, _own_file_changed, _AT_FIRST),
)


def wrong_with_audits(make: MakeChain) -> list[str]:
    """What is wrong with how a gateway takes each of them."""
    wrong = []
    for case in CASES:
        one = Collected(make)
        one.log.add(_AT_FIRST)
        case.play(one)
        wrong += [f"{case.name}: {what}" for what in _judge(case, one)]
    return wrong


def _judge(case: Case, one: Collected) -> list[str]:
    alarms = [what for what in one.events if what in e.ALARMS]
    wrong = []
    if case.event and case.event not in alarms:
        wrong.append(f"{case.event} was not noticed")
    if set(alarms) - {case.event}:
        wrong.append(f"alarmed without need: {sorted(set(alarms) - {case.event})[0]}")
    if len(one.kept) != case.kept or len({line["sequence"] for line in one.kept}) != case.kept:
        wrong.append(f"{len(one.kept)} records were kept, not {case.kept}")
    if case.event == e.AUDIT_BROKEN and e.AUDIT_BROKEN not in one.watch.active(BEGUN_S + 100_000):
        wrong.append("the alarm ends by itself")
    return wrong


def _without(**replaced: Callable[..., Any]) -> MakeChain:
    kind: MakeChain = type("Mutant", (AuditChain,), dict(replaced))
    return kind


def _any_key(self: AuditChain, log: list[bytes], start: int | None) -> audit.Verdict:
    """Takes each record for what it says it is."""
    records = [audit.Record(sequence_of(one), one[1], b"\0" * 12) for one in log if len(one) > 8]
    return audit.Verdict(records, [])


def _no_heads(self: AuditChain, log: list[bytes], start: int | None) -> audit.Verdict:
    return audit.verify(log, self._key, self._first, start)


def _each_page_alone(self: AuditChain, log: list[bytes], start: int | None) -> audit.Verdict:
    fresh = [one for one in log if one != self._last]
    return audit.verify(fresh, self._key, self._first, self.next or start, self._heads.items())


def _finds_nothing(self: AuditChain, log: list[bytes], start: int | None) -> audit.Verdict:
    return audit.Verdict(AuditChain._verify(self, log, start).records, [])


def _asked_not(self: AuditChain) -> None:
    self._asked_most = 0


def _rising_alone(self: AuditChain, count: int, digest: bytes) -> list[str]:
    return AuditChain.hear_head(self, count, digest) if count < self.most else self._accept(count)  # type: ignore[attr-defined,no-any-return]


def _accept(self: AuditChain, count: int) -> list[str]:
    self.most = count
    return []


def _any_page(self: AuditChain, since: int, records: bytes, on: int) -> Page | None:
    return AuditChain.take(self, self.next, records, on)


MUTANTS: dict[str, MakeChain] = {
    "audit records are not verified": _without(_verify=_any_key),
    "what is wrong with the audit is not said": _without(_verify=_finds_nothing),
    "the audit is not held against its heads": _without(_verify=_no_heads),
    "the audit is not held together over pages": _without(_verify=_each_page_alone),
    "the audit's end is not looked for": _without(asked=_asked_not),
    "heads are not looked at": _without(hear_head=lambda self, count, digest: _accept(self, count)),
    "heads are only looked at for their number": _without(hear_head=_rising_alone, _accept=_accept),
    "the audit begins anew at each start": _without(_take_up=lambda self, before: None),
    "any page of the audit is taken": _without(take=_any_page),
    "the audit's alarm is one event": _without(_once=lambda self, found: found),
}
