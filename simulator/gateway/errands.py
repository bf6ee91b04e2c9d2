"""What a gateway asks of one pump, through the key service: to take the time, to hand over its log and its audit."""

from __future__ import annotations

from firmware.trust.roles import KIND_AUDIT, KIND_LOG
from hal.compat import ticks_diff
from simulator.gateway.pump_log import Entry, entries
from simulator.gateway.watch import PumpWatch
from simulator.site.keyservice import KeyRefused, KeyService
from simulator.trust_client import Fact, digest_of

LOG_EACH_S = 60.0  # and the audit, where its head says that there is more
TIME_EACH_S = 3600.0
ANSWER_S = 6.0  # a request that was not answered by then is given up
RETRY_S = 15.0  # after a no, or none at all
_TIME = "time"
_LOG = "log"
_AUDIT = "audit"
_IN_TURN = (_TIME, _LOG, _AUDIT)
_WRAP = 1 << 30


class Errands:
    """One at a time. `sequence` is of the newest record of the pump's log that was kept."""

    def __init__(self, pump_id: str, service: KeyService, sequence: int, log_each_s: float) -> None:
        self.sequence = sequence
        self._pump_id = pump_id
        self._service = service
        self._log_each_s = log_each_s
        self._due_s = dict.fromkeys(_IN_TURN, 0.0)
        self._session = b""
        self._waiting: tuple[str, bytes, float] | None = None  # what, its digest, since when
        self._since = -1  # the log is asked for from here on

    def next(self, watch: PumpWatch, now_s: float) -> bytes:
        """The request that is due now, b"" for none."""
        if self._waiting is not None and now_s - self._waiting[2] >= ANSWER_S:
            self._due_s[self._waiting[0]] = now_s + RETRY_S
            self._waiting = None
        if self._waiting is not None or not watch.session:
            return b""
        if watch.session != self._session:  # a new boot knows no time; a new session costs nothing to tell
            self._session = watch.session
            self._due_s[_TIME] = 0.0
        what = next((one for one in _IN_TURN if self._is_due(one, watch, now_s)), "")
        if not what:
            return b""
        try:
            message = self._make(what, watch)
        except KeyRefused:  # revoked meanwhile
            self._due_s[what] = now_s + RETRY_S
            return b""
        self._due_s[what] = now_s + (TIME_EACH_S if what == _TIME else self._log_each_s)
        self._waiting = (what, digest_of(message), now_s)
        return message

    def _is_due(self, what: str, watch: PumpWatch, now_s: float) -> bool:
        if what == _AUDIT and (watch.audit is None or not watch.audit.is_behind):
            return False
        return now_s >= self._due_s[what]

    def _make(self, what: str, watch: PumpWatch) -> bytes:
        if what == _TIME:
            return self._service.time_request(self._pump_id, watch.session, watch.pump_s)
        if what == _AUDIT and watch.audit is not None:
            watch.audit.asked()
            return self._service.read_request(
                self._pump_id, KIND_AUDIT, watch.session, watch.pump_s, watch.audit.next
            )  # fmt: skip
        self._since = (self.sequence + 1) % _WRAP if self.sequence else 0
        return self._service.read_request(self._pump_id, KIND_LOG, watch.session, watch.pump_s, self._since)

    def answered(self, digest: bytes, code: int) -> int | None:
        """An acknowledgement: its code where it is of the request that waits, else None."""
        if self._waiting is None or self._waiting[1] != digest:
            return None
        what, _, since_s = self._waiting
        self._waiting = None
        if code:
            self._due_s[what] = since_s + RETRY_S
        return code

    def take_page(self, fact: Fact) -> list[Entry]:
        """The records of a LOG fact that was asked for here and that were not kept yet; more is due if there is more.

        Others ask too, from elsewhere in the log: what they are told is not ours to go on from.
        """
        if fact.body[1] != self._since:
            return []
        if fact.body[3]:
            self._due_s[_LOG] = 0.0
        try:
            found = entries(fact.body[2])
        except ValueError:
            return []
        return [one for one in found if not self.sequence or ticks_diff(one.sequence, self.sequence) > 0]

    def more_audit(self) -> None:
        """A page of the audit was kept, and the pump has more: that is due now."""
        self._due_s[_AUDIT] = 0.0

    def keep(self, found: list[Entry]) -> None:
        """They were written down."""
        self.sequence = found[-1].sequence
