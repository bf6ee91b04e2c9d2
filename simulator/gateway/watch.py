"""Watches one pump through its facts: what is alarmed, and when. No I/O; the clock is handed in.

A `transitions` machine: unheard, watched, silent, offline. It believes authentic facts and nothing else, but for a
will, which can only ring, and which the next fact ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transitions import Machine

from firmware.comms.topics import OFFLINE as SAYS_OFFLINE
from firmware.trust import facts as f
from simulator.gateway import events as e
from simulator.gateway import stream as st
from simulator.gateway.audit_chain import AuditChain, Page
from simulator.gateway.events import Event
from simulator.gateway.views import Alarms, Status
from simulator.trust_client import Fact

if TYPE_CHECKING:
    from simulator.site.keyservice import FactKey

SILENCE_S = 10  # without an authentic fact; a pump speaks each five seconds
DELAY_S = 10  # that a fact may come later than the quickest before it
SITE_TIME_S = 45  # that a pump's site time may be behind: it is told with a request good for 30 s
LASTS_S = 600  # that an alarm of something which has happened stays
AGAIN_S = 10  # between two events of one kind of refusal
_DRIFT = 0.0002  # of two clocks of quartz

_MOVES = (
    ("heard", ("unheard", "silent", "offline"), "watched"),
    ("fell_silent", ("unheard", "watched"), "silent"),
    ("went_offline", ("unheard", "watched", "silent"), "offline"),
)


class PumpWatch:
    """One pump. `state` is the machine's; `status` and `alarms` are what it said last.

    `page`: of the audit, judged, until it was written down and kept.
    """

    state: str

    def __init__(self, key: FactKey, now_s: float, last: int = 0, audit: AuditChain | None = None) -> None:
        """`now_s`: the clock's seconds, as in every call; `last`: the newest counter of a run before.

        `audit`: what its audit is held against; None: it is not looked at.
        """
        self.audit = audit
        self.page: Page | None = None
        self.pump_id = key.pump_id
        self.stream = st.FactStream(key, last)
        self.status: Status | None = None
        self.alarms: Alarms | None = None
        self.heard_s = now_s  # an authentic fact came, or the watch began
        self.pump_s = 0
        self.session = b""
        self.missing = 0
        self.refused: dict[str, int] = {}
        self.delayed = False
        self._last_s: dict[str, float] = {}  # of each alarm of something that has happened
        self._told: dict[str, tuple[float, int]] = {}  # of each refusal: when, and how many by then
        self._quickest: tuple[float, float] | None = None  # clock minus pump seconds at its least, and when
        moves = [{"trigger": name, "source": list(_of(source)), "dest": to} for name, source, to in _MOVES]
        Machine(self, ["unheard", "watched", "silent", "offline"], transitions=moves, initial="unheard",
                auto_transitions=False)  # fmt: skip

    def active(self, now_s: float) -> list[str]:
        """The alarms that stand now."""
        found = [self.state] if self.state in (e.SILENT, e.OFFLINE) else []
        found += [e.DELAYED] if self.delayed else []
        found += [e.AUDIT_BROKEN] if self.audit is not None and self.audit.is_broken else []
        return found + [what for what, at_s in self._last_s.items() if now_s - at_s < LASTS_S]

    def hear(self, kind: int, data: bytes, now_s: float, site_s: float) -> list[Event]:
        """What came on the topic of facts of `kind`, at `now_s`, when the site's time was `site_s`."""
        judged = self._judge(kind, data)
        if judged.fact is None:
            return self._refuse(judged.verdict, now_s)
        fact = judged.fact
        found = self._again(now_s)
        if judged.boot:
            self._quickest = None
            found.append(self._event(now_s, e.BOOT, "the pump has booted", {"counter": fact.counter}))
        if judged.missing:
            self.missing += judged.missing
            self._last_s[e.MISSING] = now_s
            found.append(self._event(now_s, e.MISSING, f"{judged.missing} facts never came",
                                     {"missing": judged.missing, "counter": fact.counter}))  # fmt: skip
        self.pump_s = fact.pump_s
        found += self._take(fact, now_s)
        return found + self._look_at_delay(fact, now_s, site_s)

    def hear_will(self, payload: bytes, now_s: float) -> list[Event]:
        """The broker says something in the pump's name: that it is offline, or what nobody should say."""
        if payload != SAYS_OFFLINE:
            return self._refuse(st.MALFORMED, now_s)
        if self.state == e.OFFLINE:
            return []
        self.went_offline()  # type: ignore[attr-defined]
        return [self._event(now_s, e.OFFLINE, "the broker says that the pump is gone")]

    def look(self, now_s: float) -> list[Event]:
        """Time passes: call it at least each second."""
        if self.state not in ("unheard", "watched") or not self._is_silent(now_s):
            return []
        never = self.state == "unheard"
        self.fell_silent()  # type: ignore[attr-defined]
        return [self._event(now_s, e.SILENT, "never heard" if never else f"nothing for {SILENCE_S} s")]

    def _is_silent(self, now_s: float) -> bool:
        return now_s - self.heard_s >= SILENCE_S

    def _judge(self, kind: int, data: bytes) -> st.Judged:
        return self.stream.take(kind, data)

    def _again(self, now_s: float) -> list[Event]:
        self.heard_s = now_s
        if self.state == "watched":
            return []
        before = self.state
        self.heard()  # type: ignore[attr-defined]
        return [self._event(now_s, e.HEARD, f"heard (was {before})")]

    def _refuse(self, verdict: str, now_s: float) -> list[Event]:
        """Count what is no fact, and say so, at most each AGAIN_S of one kind: a flood fills no disk."""
        count = self.refused[verdict] = self.refused.get(verdict, 0) + 1
        if verdict in st.HARMLESS:
            return []
        self._last_s[e.TAMPERED] = now_s
        told_s, told = self._told.get(verdict, (now_s - AGAIN_S, 0))
        if now_s - told_s < AGAIN_S:
            return []
        self._told[verdict] = (now_s, count)
        says = f"{count - told} refused: {verdict}"
        return [self._event(now_s, e.TAMPERED, says, {"verdict": verdict, "count": count - told})]

    def _take(self, fact: Fact, now_s: float) -> list[Event]:
        """What an authentic fact changes."""
        if fact.kind == f.HELLO:
            self.session = fact.body[1]
            return [self._event(now_s, e.SESSION, "a session begins", {"epoch": fact.body[3]})]
        if fact.kind == f.STATUS:
            return self._take_status(Status.of(fact), now_s)
        if fact.kind == f.ALARMS:
            alarms = Alarms.of(fact)
            changed = self.alarms is None or alarms.shown != self.alarms.shown
            self.alarms = alarms
            says = ", ".join(alarms.shown) or "none"
            return [self._event(now_s, e.PUMP_ALARMS, says, alarms.as_json())] if changed else []
        return self._take_audit(fact, now_s)

    def _take_audit(self, fact: Fact, now_s: float) -> list[Event]:
        """A head or a page of its audit: what does not hold is an alarm that stays; records that went, for a time."""
        if self.audit is None or fact.kind not in (f.HEAD, f.AUDIT):
            return []
        if fact.kind == f.HEAD:
            return self._broken(self.audit.hear_head(fact.body[1], fact.body[2]), now_s)
        self.page = self.audit.take(fact.body[1], fact.body[2], fact.body[3])
        if self.page is None:
            return []
        found = self._broken(self.page.wrong, now_s)
        if self.page.gap:
            self._last_s[e.AUDIT_GAP] = now_s
            says = f"{self.page.gap} records went before they were collected"
            found.append(self._event(now_s, e.AUDIT_GAP, says, {"records": self.page.gap}))
        return found

    def _broken(self, wrong: list[str], now_s: float) -> list[Event]:
        return [self._event(now_s, e.AUDIT_BROKEN, says) for says in wrong]

    def _take_status(self, status: Status, now_s: float) -> list[Event]:
        before, self.status = self.status, status
        self.session = status.challenge
        if before is not None and (before.delivery, before.trust, before.rate_ul_h) == (
            status.delivery, status.trust, status.rate_ul_h,
        ):  # fmt: skip
            return []
        said = {name: value for name, value in status.as_json().items() if name != "challenge"}
        says = f"{status.delivery}, {status.rate_ul_h / 1000:g} mL/h, trust {status.trust}"
        return [self._event(now_s, e.STATE, says, said)]

    def _look_at_delay(self, fact: Fact, now_s: float, site_s: float) -> list[Event]:
        """Whether somebody keeps facts back: they come later and later, or their site time is old."""
        offset = now_s - fact.pump_s
        quickest, at_s = self._quickest or (offset, now_s)
        quickest += (now_s - at_s) * _DRIFT
        self._quickest = (min(quickest, offset), now_s)
        told_s = self.status.site_s if fact.kind == f.STATUS and self.status is not None else -1
        late = offset - self._quickest[0] > DELAY_S or (told_s >= 0 and site_s - told_s > SITE_TIME_S)
        begins = late and not self.delayed
        self.delayed = late if fact.kind == f.STATUS or late else self.delayed
        return [self._event(now_s, e.DELAYED, "facts come late: somebody may keep them back")] if begins else []

    def _event(self, now_s: float, what: str, says: str, data: dict[str, Any] | None = None) -> Event:
        return Event(now_s, self.pump_id, what, says, data or {})


def _of(source: str | tuple[str, ...]) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else source
