"""A small, honest hospital gateway: watches pumps, alarms, tells them the time, collects what they log and audit.

What each part can bring about:

| part | can | cannot |
|---|---|---|
| the broker and the network | lose, hold and repeat messages; ring (a will) | make a fact or a request |
| the watch, with the pumps' fact keys | make facts up, so hide an alarm here | make a request |
| what it asks, through the key service | ask a pump for TIME, LOG and AUDIT | prepare, titrate, approve or ring |
| the gateway as a whole | show something false | change a dose |

The key service runs in this very process here and holds the pumps' keys: who takes this process has the site.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from firmware.trust import facts as f
from firmware.trust import verdict as v
from simulator.gateway import events as e
from simulator.gateway import stream as st
from simulator.gateway import words
from simulator.gateway.audit_chain import AuditChain
from simulator.gateway.broker_link import BrokerLink
from simulator.gateway.errands import LOG_EACH_S, Errands
from simulator.gateway.events import Event, JsonLines
from simulator.gateway.problem import GatewayError
from simulator.gateway.terminal import TerminalFolder
from simulator.gateway.watch import PumpWatch
from simulator.site.broker import FACT, REQUEST, WILL
from simulator.site.files import Site, write_private
from simulator.site.keyservice import KeyRefused, KeyService
from simulator.site.make import read_about

LOOK_S = 0.5
KEEP_S = 10  # between two writings of which counters were heard
NEW_KEY_S = 10  # between two questions for a key, after a MAC that did not hold


class Gateway:
    """Runs while it is entered. `watches` by pump id; `on_event` sees each event; `now_s` is the clock of alarms."""

    def __init__(
        self, site: Site, service: KeyService, name: str = "gateway", host: str | None = None, port: int | None = None,
        clock: Callable[[], float] = time.monotonic, log_each_s: float = LOG_EACH_S,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """`name`: the client of the site that it is. `host`, `port`: as the site says where None."""
        about = read_about(site)
        self._service = service
        self._clock = clock
        self._folder = TerminalFolder(site, name)
        self._hold = self._folder.in_use("a gateway")
        self.on_event = on_event
        self.files = JsonLines(self._folder.folder / "events")
        self.logs = JsonLines(self._folder.folder / "logs")
        self.audits = JsonLines(self._folder.folder / "audits")
        self._heard = self._folder.folder / "heard.json"
        before = self._counters_before()
        self.unwatched: dict[str, str] = {}  # pumps that no key was given for, and why
        self.watches: dict[str, PumpWatch] = {}
        for pump_id in site.pumps():
            try:
                key = service.fact_key(name, pump_id)
            except KeyRefused as refused:
                self.unwatched[pump_id] = str(refused)
                continue
            audit = AuditChain(service.audit_key(pump_id), self.audits.last(pump_id))
            self.watches[pump_id] = PumpWatch(key, clock(), before.get(pump_id, 0), audit)
        self._errands = {
            pump_id: Errands(pump_id, service, self.logs.last(pump_id).get("sequence", 0), log_each_s)
            for pump_id in self.watches
        }
        self._asked_s: dict[str, float] = {}
        self._kept_s = clock()
        topics = (FACT % "+", WILL % "+")
        self.link = BrokerLink(
            self._folder.folder, host or about["host"], port or about["port"], topics, self._hear, self._broker
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Gateway:
        self._hold.__enter__()
        try:
            await self.link.__aenter__()
        except BaseException:
            self._hold.__exit__(None, None, None)
            raise
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, one: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.link.__aexit__()
        self._keep()
        self._hold.__exit__(None, None, None)

    @property
    def now_s(self) -> float:
        """The clock that alarms go by."""
        return self._clock()

    async def wait(self, seconds: float) -> None:
        """Let it run for so long. Raises what ended it, if anything did."""
        running = [task for task in (self._task, self.link.task) if task is not None]
        done, _ = await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()

    def alarms(self) -> dict[str, list[str]]:
        """The gateway's own alarms that stand, by pump."""
        found = {pump_id: watch.active(self.now_s) for pump_id, watch in self.watches.items()}
        return {pump_id: alarms for pump_id, alarms in found.items() if alarms}

    def as_json(self) -> list[dict[str, Any]]:
        """Every pump, as it stands: for --json."""
        return [self._one(watch) for watch in self.watches.values()]

    def _one(self, watch: PumpWatch) -> dict[str, Any]:
        status = None
        if watch.status is not None:
            status = {name: value for name, value in watch.status.as_json().items() if name != "challenge"}
        return {
            "pump": watch.pump_id, "state": watch.state, "gateway_alarms": watch.active(self.now_s), "status": status,
            "pump_alarms": None if watch.alarms is None else watch.alarms.as_json(), "missing": watch.missing,
            "refused": watch.refused, "silent_s": round(self.now_s - watch.heard_s, 1),
            "log_sequence": self._errands[watch.pump_id].sequence,
            "audit_records": 0 if watch.audit is None else watch.audit.next,
        }  # fmt: skip

    # What comes.

    def _hear(self, topic: str, payload: bytes) -> None:
        parts = topic.split("/")
        watch = self.watches.get(parts[1]) if len(parts) > 2 else None
        if watch is None:
            return
        if parts[2] == "will":
            self._note(watch.hear_will(payload, self.now_s))
        elif len(parts) == 4 and parts[2] == "fact" and parts[3] in st.KINDS:
            self._hear_fact(watch, int(parts[3]), payload)

    def _hear_fact(self, watch: PumpWatch, kind: int, payload: bytes) -> None:
        before = watch.stream.last
        forged = watch.refused.get(st.FORGED, 0)
        self._note(watch.hear(kind, payload, self.now_s, self._service.now_s()))
        if watch.refused.get(st.FORGED, 0) > forged:
            self._ask_for_key(watch)
        if watch.stream.last == before:
            return
        errands = self._errands[watch.pump_id]
        fact = watch.stream.newest
        if fact is None:
            return
        if fact.kind == f.ACK:
            code = errands.answered(fact.body[1], fact.body[2])
            if code not in (None, v.OK, v.REFUSED_BUSY):
                says = f"a request of this gateway came to {words.name_of(code)}; {words.remedy_of(code, 0)}"
                self._note([Event(self.now_s, watch.pump_id, e.REQUEST, says, {"code": code})])
        elif fact.kind == f.LOG:
            fresh = errands.take_page(fact)
            if fresh and self.logs.add(watch.pump_id, [entry.as_json() for entry in fresh]):
                errands.keep(fresh)
                says = f"{len(fresh)} records of its log"
                self._note([Event(self.now_s, watch.pump_id, e.LOG, says, {"to": fresh[-1].sequence})])
        elif fact.kind in (f.HEAD, f.AUDIT):
            self._keep_audit(watch, errands)

    def _keep_audit(self, watch: PumpWatch, errands: Errands) -> None:
        """Write down what a page brought, and that the audit does not hold any more."""
        chain, page, watch.page = watch.audit, watch.page, None
        if chain is None:
            return
        lines = page.lines if page is not None else []
        if not lines and chain.is_broken and not self.audits.last(watch.pump_id).get("broken"):
            lines = [chain.last_line()]
        if not lines or not self.audits.add(watch.pump_id, lines) or page is None:
            return
        chain.keep(page)
        if page.more:
            errands.more_audit()
        if page.frames:
            says = f"{len(page.frames)} records of its audit, verified"
            self._note([Event(self.now_s, watch.pump_id, e.AUDIT, says, {"to": chain.next - 1})])

    def _ask_for_key(self, watch: PumpWatch) -> None:
        """A MAC that does not hold may mean that the pump speaks under its next epoch's key: ask, not too often."""
        if not self._is_time(watch.pump_id):
            return
        try:
            if self._is_time(""):  # opening the store takes work: once for all pumps
                self._service.reload()
            key = self._service.fact_key(self._folder.name, watch.pump_id)
        except KeyRefused:
            return
        if key.epoch != watch.stream.epoch - 1:  # then the service is about to follow
            watch.stream.rekey(key)

    def _is_in_step(self, watch: PumpWatch) -> bool:
        """Whether the key service speaks in the pump's epoch; one that was raised elsewhere is taken up first."""
        try:
            if self._service.epoch(watch.pump_id) == watch.stream.epoch:
                return True
        except KeyRefused:
            return False  # revoked meanwhile
        self._ask_for_key(watch)
        return False

    def _is_time(self, what: str) -> bool:
        """Whether NEW_KEY_S have passed since this was last asked; if so they begin anew."""
        now_s = self.now_s
        if now_s - self._asked_s.get(what, now_s - NEW_KEY_S) < NEW_KEY_S:
            return False
        self._asked_s[what] = now_s
        return True

    def _broker(self, up: bool, why: str) -> None:
        says = "the broker is there" if up else f"the broker is away: {why}"
        self._note([Event(self.now_s, "", "broker", says)])

    # What it does by itself.

    async def _run(self) -> None:
        while True:
            now_s = self.now_s
            for watch in self.watches.values():
                self._note(watch.look(now_s))
                if self.link.is_up and watch.state == "watched" and self._is_in_step(watch):
                    await self._run_errand(watch, now_s)
            if now_s - self._kept_s >= KEEP_S:
                self._kept_s = now_s
                self._keep()
            await asyncio.sleep(LOOK_S)

    async def _run_errand(self, watch: PumpWatch, now_s: float) -> None:
        message = self._errands[watch.pump_id].next(watch, now_s)
        if message:
            with contextlib.suppress(GatewayError):
                await self.link.publish(REQUEST % watch.pump_id, message)

    def _note(self, found: list[Event]) -> None:
        for event in found:
            line = {"t": round(time.time(), 3), "what": event.what, "alarm": event.is_alarm, "says": event.says}
            self.files.add(event.pump_id or "broker", [{**line, **event.data}])
            self.on_event(event)

    # What outlives it.

    def _counters_before(self) -> dict[str, int]:
        try:
            found = json.loads(self._heard.read_text(encoding="utf-8"))
            return {str(name): int(counter) for name, counter in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _keep(self) -> None:
        """Keep which counters were heard: what is older stays refused after a restart."""
        with contextlib.suppress(OSError):  # said by the table: the events' files fail too
            write_private(self._heard, json.dumps({one.pump_id: one.stream.last for one in self.watches.values()}))
