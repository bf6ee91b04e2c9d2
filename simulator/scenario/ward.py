"""What the ward sees of a pump: its facts, by way of a network that may lie, judged as a gateway judges them.

Stands on the gateway's own watch. What the pump really said is known here too, so that a fact that is believed and was
never said is counted (`false`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from firmware.trust import facts as f
from firmware.trust import speaker as sp
from firmware.trust.cbor import decode, encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from simulator.gateway.stream import FactStream
from simulator.gateway.watch import PumpWatch
from simulator.scenario.wire import DROP, HOLD, PASS

_KEPT = 64  # facts that somebody on the path remembers
_STATUS_FIELDS = {
    "delivery": sp.ST_DELIVERY, "trust": sp.ST_TRUST, "rate_ul_h": sp.ST_RATE_UL_H,
    "delivered_ul": sp.ST_DELIVERED_UL,
}  # fmt: skip


class _Unsigned(FactStream):
    """A site without the control `fact-mac`: it believes whatever comes in the pump's name."""

    def _vouches(self, message: Any) -> bool:
        return True


class _Uncounted(FactStream):
    """A site without the control `fact-counter`: it takes facts twice, and misses none."""

    def _late(self, counter: int, digest: bytes) -> str:
        return ""

    def _missing(self, counter: int, before: int, boot: bool) -> int:
        return 0


class _NeverSilent(PumpWatch):
    """And it does not notice a silence."""

    def _is_silent(self, now_s: float) -> bool:
        return False


_WEAKER: dict[str, type] = {"fact-mac": _Unsigned, "fact-counter": _Uncounted}


@dataclass(frozen=True)
class WardKey:
    """The key by which one pump's facts are verified, as simulator.site.keyservice.FactKey."""

    key: bytes
    pump_id: str
    epoch: int
    following: bytes = b""


class Ward:
    """One pump as the ward has it. `mode`: what becomes of what the pump says on its way."""

    def __init__(
        self, record: Any, now_s: float = 0.0, lacks: Callable[[str], bool] = lambda control: False
    ) -> None:
        """`record`: the pump's credentials. lacks(control): whether the site does without one of its own."""
        self.mode = PASS
        self.false = 0  # facts that were believed and that the pump never said
        self.dropped = 0
        self._record = record
        key = WardKey(record.key(b"kvo facts" + encode([record.epoch])), record.pump_id.hex(), record.epoch)
        self.watch: Any = PumpWatch(key, now_s)  # type: ignore[arg-type]
        weaker = tuple(kind for control, kind in _WEAKER.items() if lacks(control))
        if weaker:
            self.watch.stream = type("WeakerStream", weaker, {})(key)
        if lacks("fact-counter"):
            self.watch.__class__ = _NeverSilent
        self._believes_wills = lacks("will-only-rings")
        self._is_gone = False
        self._key = MacKey(key.key)
        self._said: set[bytes] = set()
        self._held: list[bytes] = []
        self._passed: list[bytes] = []
        self._forged = 0  # counters past the pump's newest
        self._now_s = 0.0
        self._site_s = 0.0

    def leaves(self, data: bytes) -> None:
        """A fact leaves the pump."""
        self._said.add(sha256(data).digest())
        kind = kind_of(data)
        if self.mode == HOLD:
            self._held.append(data)
        elif self.mode == DROP or (self.mode == "drop alarms" and kind == f.ALARMS):
            self.dropped += 1
        elif self.mode == "change":
            self.arrives(data[:-1] + bytes((data[-1] ^ 1,)))
        elif self.mode == "calm":
            self._calm(data, kind)
        else:
            self.arrives(data)

    def arrives(self, data: bytes) -> None:
        """What comes to the ward as a fact of this pump."""
        self._passed = [*self._passed[-_KEPT:], data]
        if self._is_gone:
            return
        before = self.watch.stream.newest
        self.watch.hear(kind_of(data), data, self._now_s, self._site_s)
        if self.watch.stream.newest is not before and sha256(data).digest() not in self._said:
            self.false += 1

    def look(self, now_s: float, site_s: float) -> None:
        """Time passes, once a tick."""
        self._now_s, self._site_s = now_s, site_s
        self.watch.look(now_s)

    def will(self) -> None:
        """The broker says that the pump is gone."""
        self.watch.hear_will(b"offline", self._now_s)
        self._is_gone = self._believes_wills

    # What somebody on the path does.

    def release(self, newest_first: bool = False) -> None:
        """Let everything through again, first what was kept back."""
        self.mode = PASS
        held, self._held = self._held, []
        for data in reversed(held) if newest_first else held:
            self.arrives(data)

    def repeat(self, count: int) -> None:
        """Send the last `count` facts again."""
        for data in list(self._passed[-count:]):
            self.arrives(data)

    # What somebody with the key does.

    def forge_status(self, said: dict[str, int]) -> None:
        """A status like the last, but for what is `said`, under the pump's own key for facts."""
        last = next((one for one in reversed(self._passed) if kind_of(one) == f.STATUS), None)
        if last is None:
            return
        payload = decode(_payload(last))
        for name, value in said.items():
            payload[f.BODY][_STATUS_FIELDS[name]] = value
        self._seal(payload)

    def _calm(self, data: bytes, kind: int) -> None:
        """Whatever it says, with no alarm in it, and numbered anew so that nothing is missing."""
        payload = decode(_payload(data))
        if kind == f.ALARMS:
            payload[f.BODY].update(dict.fromkeys(payload[f.BODY], 0))
        self._seal(payload)

    def _seal(self, payload: dict[int, Any]) -> None:
        payload[f.COUNTER] = max(payload[f.COUNTER], self.watch.stream.last + 1)
        self.arrives(make_mac0(encode(payload), self._key, {KEY_ID: self._record.pump_id}, f.CONTEXT))

    # What is seen.

    def shows(self, alarm: str) -> bool:
        """Whether one of the gateway's own alarms stands: silent, offline, delayed, missing, tampered."""
        return alarm in self.watch.active(self._now_s)

    @property
    def rate_ml_h(self) -> float:
        """The rate that the ward believes in, 0 before the first status."""
        status = self.watch.status
        return 0.0 if status is None else status.rate_ul_h / 1000

    @property
    def alarms(self) -> int:
        """How many alarms of the pump the ward believes in."""
        alarms = self.watch.alarms
        return 0 if alarms is None else len(alarms.shown)


def kind_of(data: bytes) -> int:
    """The kind that a fact says it is of, 0 where it says none."""
    try:
        payload = decode(_payload(data))
        return int(payload[f.KIND])
    except Exception:  # bytes that are no fact at all
        return 0


def _payload(data: bytes) -> bytes:
    payload: bytes = decode(data).value[2]
    return payload



