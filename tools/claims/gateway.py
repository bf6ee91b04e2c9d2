"""Evidence that a gateway shows nothing that no pump said, and notices what never came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from firmware.trust import facts as f
from simulator.gateway import events as e
from simulator.gateway import stream as st
from simulator.gateway.audit_chain import AuditChain
from simulator.gateway.watch import PumpWatch
from tools.claims import gateway_audit
from tools.claims.gateway_cases import CASES, FORGED_RATE, WILL, Case, Heard, MakeWatch, Speaker, begin, status_body
from tools.claims.registry import Outcome, Report, claim

_BITS = tuple(1 << bit for bit in range(8))
_EVERY = tuple(range(1, 256))
_MOST_EVENTS = 3  # of one kind that a flood of half a second may bring about
_BODIES = {
    f.HELLO: {1: bytes(16), 2: 0, 3: 3, 4: [1]},
    f.STATUS: status_body(FORGED_RATE),
    f.ALARMS: {1: 1, 2: 2, 3: 0, 4: 3},
    f.ACK: {1: bytes(16), 2: 0, 3: 0},
    f.LOG: {1: 0, 2: bytes(24), 3: 0},
    f.HEAD: {1: 1, 2: bytes(32)},
    f.AUDIT: {1: 0, 2: bytes(76), 3: 0},
}


def wrong_with(case: Case, make: MakeWatch) -> list[str]:
    """What is wrong with how a watch takes one case."""
    heard = begin(make)
    before = dict(heard.watch.refused)
    for seconds, kind, data in case.play(heard):
        heard.pass_time(seconds)
        if data or kind != WILL:
            heard.hear(kind, data)
    wrong = _noticed(case, heard.events)
    refused = sum(heard.watch.refused.values()) - sum(before.values())
    if case.verdict and heard.watch.refused.get(case.verdict, 0) == before.get(case.verdict, 0):
        wrong.append(f"not refused as {case.verdict}")
    if not case.verdict and refused:
        wrong.append(f"refused: {heard.watch.refused}")
    if not case.shown and heard.watch.status is not None and heard.watch.status.rate_ul_h == FORGED_RATE:
        wrong.append("what was forged is shown")
    return [f"{case.name}: {what}" for what in wrong]


def _noticed(case: Case, events: list[str]) -> list[str]:
    alarms = [what for what in events if what in e.ALARMS]
    wrong = []
    if case.event and case.event not in events:
        wrong.append(f"{case.event} was not noticed")
    if not case.event and alarms:
        wrong.append(f"alarmed without need: {alarms[0]}")
    if events.count(case.event) > _MOST_EVENTS:
        wrong.append(f"{events.count(case.event)} events of one flood")
    return wrong


def after_a_restart(make: MakeWatch) -> list[str]:
    """What is wrong where a gateway has been started anew, and yesterday's facts are played to it."""
    heard = begin(make)
    old = [(kind_of, data) for kind_of, data in zip((f.HELLO, *[f.STATUS] * 4), heard.kept, strict=True)]
    again = Heard(make(heard.pump.given, heard.now_s, heard.watch.stream.last), heard.pump, heard.now_s)
    for kind, data in old:
        again.hear(kind, data)
    return ["after a restart: old facts are taken"] if again.watch.status is not None else []


def changed_bytes(changes: tuple[int, ...], make: MakeWatch) -> tuple[int, list[str]]:
    """Every fact with every byte changed, and cut at every length; how many, and what was taken of them."""
    heard = begin(make)
    sent = 0
    for kind, data in _changed(heard.pump, changes):
        last = heard.watch.stream.last
        heard.hear(kind, data)
        sent += 1
        if heard.watch.stream.last != last:
            return sent, [f"changed fact {sent} is taken"]
    return sent, []


def _changed(pump: Speaker, changes: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
    for kind, body in _BODIES.items():
        whole = pump.says(body, kind)
        for end in range(len(whole)):
            yield kind, whole[:end]
        for place in range(len(whole)):
            for change in changes:
                spoilt = bytearray(whole)
                spoilt[place] ^= change
                yield kind, bytes(spoilt)
        yield kind, whole + b"\0"


def _stream_without(**replaced: Callable[..., Any]) -> MakeWatch:
    """A watch whose stream of facts has some checks replaced."""

    def make(key: Any, now_s: float, last: int) -> PumpWatch:
        watch = PumpWatch(key, now_s, last)
        watch.stream = type("Mutant", (st.FactStream,), dict(replaced))(key, last)
        return watch

    return make


def _watch_without(**replaced: Callable[..., Any]) -> MakeWatch:
    kind: Any = type("Mutant", (PumpWatch,), dict(replaced))
    made: MakeWatch = kind
    return made


def _forgets(key: Any, now_s: float, last: int) -> PumpWatch:
    return PumpWatch(key, now_s, 0)


def _judge_as_heard(self: PumpWatch, kind: int, data: bytes) -> st.Judged:
    """Whatever comes counts as a sign of life."""
    self.heard_s += 3.0
    return self.stream.take(kind, data)


def _by_its_own_alone(self: st.FactStream, message: Any) -> bool:
    return bool(message.verify_mac(self._keys[self.epoch], f.CONTEXT) == st.OK)


def _moves_at_once(self: st.FactStream, message: Any) -> bool:
    holds = st.FactStream._vouches(self, message)
    self._move_to(self._by)
    return holds


def _believes_wills(self: PumpWatch, payload: bytes, now_s: float) -> list[Any]:
    return PumpWatch.hear_will(self, b"offline", now_s)


MUTANTS: dict[str, MakeWatch] = {
    "no MAC is checked": _stream_without(_vouches=lambda self, message: True),
    "an epoch that is over is still heard": _stream_without(_move_to=lambda self, epoch: None),
    "the next epoch is not heard": _stream_without(_vouches=_by_its_own_alone),
    "whatever the next epoch's key vouches for raises it": _stream_without(_vouches=_moves_at_once),
    "whose fact it is, is not checked": _stream_without(_is_ours=lambda self, message: True),
    "the topic is not checked": _stream_without(_fits=lambda self, fact, kind: True),
    "the counter is not checked": _stream_without(_late=lambda self, counter, digest: ""),
    "late ones are taken if they were never seen": _stream_without(
        _late=lambda self, counter, digest: st.REPLAYED if counter in self._seen or counter == self.last else ""
    ),
    "what is delivered twice is an attack": _stream_without(
        _late=lambda self, counter, digest: "" if counter > self.last else st.REPLAYED
    ),
    "missing facts are not counted": _stream_without(_missing=lambda self, counter, before, boot: 0),
    "what a boot began with is not missed": _stream_without(
        _missing=lambda self, counter, before, boot: 0 if boot else counter - before - 1
    ),
    "silence is not noticed": _watch_without(_is_silent=lambda self, now_s: False),
    "silence is noticed after 11 s": _watch_without(_is_silent=lambda self, now_s: now_s - self.heard_s >= 11),
    "silence is noticed after 9 s": _watch_without(_is_silent=lambda self, now_s: now_s - self.heard_s >= 9),
    "forgeries are signs of life": _watch_without(_judge=_judge_as_heard),
    "a will is not heard": _watch_without(hear_will=lambda self, payload, now_s: []),
    "any will counts": _watch_without(hear_will=_believes_wills),
    "delay is not noticed": _watch_without(_look_at_delay=lambda self, fact, now_s, site_s: []),
    "what was heard before a restart is forgotten": _forgets,
}
_SUBJECTS: dict[str, Any] = {**MUTANTS, **gateway_audit.MUTANTS}


@claim(
    "gateway-refuses",
    "A gateway shows nothing but what the pump's own key vouches for, in the order in which it was said: facts without "
    "a MAC, changed in any byte, under any other key, of another pump, on another topic, replayed, reordered, from "
    "before a boot or from before the gateway's own restart are refused, and said to be; what is missing is counted; "
    "ten seconds without an authentic fact, a will, and facts that somebody keeps back are alarmed. Of a pump's audit "
    "it keeps what is authentic by the site's key, and alarms on a record that was changed, dropped, moved or forged, "
    "on a log that was cut, rewritten or begun anew, and on a head that goes back, over its own restarts too.",
    mutants={name: partial(_SUBJECTS.__getitem__, name) for name in _SUBJECTS},
)
def gateway_refuses(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every case on a watch with a clock of its own; bits (deep: all values) of every byte of every kind of fact."""
    if isinstance(subject, type) and issubclass(subject, AuditChain):
        make, chain = PumpWatch, subject
    else:
        make, chain = subject or PumpWatch, AuditChain
    wrong = after_a_restart(make) + gateway_audit.wrong_with_audits(chain)
    for done, case in enumerate(CASES, 1):
        wrong += wrong_with(case, make)
        report(done, len(CASES) + 1)
    changed, found = changed_bytes(_EVERY if deep else _BITS, make)
    wrong += found
    report(len(CASES) + 1, len(CASES) + 1)
    count = len(CASES) + len(gateway_audit.CASES)
    figure = f"{count} cases and {changed:,} changed facts: {len(wrong)} taken, or not noticed"
    if wrong:
        figure += f"; first: {wrong[0]}"
    names = [one.name for one in (*CASES, *gateway_audit.CASES)]
    return Outcome(not wrong, figure, {"wrong": wrong[:20], "changed": changed, "cases": names})
