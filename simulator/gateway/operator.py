"""An operator's client: reads what a pump says, asks it for something, and tells what became of that.

    async with OperatorClient(site, service, "terminal-1") as client:
        await client.log_in("ada", password)
        pump = await client.pump(pump_id)          # its facts are verified from here on
        answer = await pump.titrate(30_000)        # thousandths of the drug's unit
        print(answer)

Nothing asked for here starts, raises, lowers, pauses or stops a dose: it waits, or rings, at the bedside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

from firmware.trust import verdict as v
from firmware.trust.roles import KIND_EPOCH, KIND_REVOKE, KIND_TIME
from simulator.gateway.answer import Answer
from simulator.gateway.broker_link import BrokerLink
from simulator.gateway.pump import SPEAKS_S, Pump
from simulator.gateway.stream import KINDS, FactStream
from simulator.gateway.terminal import TerminalFolder
from simulator.site.broker import FACT, REQUEST, WILL
from simulator.site.files import Site
from simulator.site.keyservice import KeyService, Login
from simulator.site.make import read_about
from simulator.site.records import EPOCH_2020

STORED_S = 10.0  # patience with a pump that cannot store its epoch now
_AGAIN_S = 0.5


class OperatorClient:
    """A terminal of a site at its broker. `login` is who has logged in."""

    def __init__(
        self, site: Site, service: KeyService, terminal: str, host: str | None = None, port: int | None = None,
        what: str = "an operator's client", patience_s: float = 20.0,
    ) -> None:
        """`host`, `port`: as the site says where None. `what` works at the terminal, and how long it waits for it."""
        about = read_about(site)
        self._site = site
        self._service = service
        self._folder = TerminalFolder(site, terminal)
        self._hold = self._folder.in_use(what, patience_s)
        self._pumps: dict[str, Pump] = {}
        topics = [(FACT % "+"), (WILL % "+")]
        self.link = BrokerLink(self._folder.folder, host or about["host"], port or about["port"], topics, self._hear)
        self.login: Login | None = None
        self.on_offline: Callable[[str], None] = lambda pump_id: None  # the broker says that a pump is gone

    async def __aenter__(self) -> OperatorClient:
        await asyncio.to_thread(self._hold.__enter__)
        try:
            await self.link.__aenter__()
            await self.link.until_up()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, one: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            await self.link.__aexit__()
        finally:
            self._hold.__exit__(None, None, None)

    async def log_in(self, name: str, password: str) -> Login:
        """Log a person in for a shift; KeyRefused where the key service does not."""
        self.login = await self._service.login(name, password, self._folder.name)
        return self.login

    async def pump(self, pump_id: str, wait: bool = True, behind: bool = False) -> Pump:
        """A pump of the site's. `wait`: until it has spoken, GatewayError where it does not. KeyRefused, SiteError.

        `behind`: hear it in an earlier epoch than the key service's too.
        """
        self._site.pump(pump_id)
        one = self._pumps.get(pump_id)
        if one is None:
            older = self._service.older_fact_keys(self._folder.name, pump_id) if behind else ()
            stream = FactStream(self._service.fact_key(self._folder.name, pump_id), others=older)
            key = None if self.login is None else self._service.operator_key(self.login.token, pump_id)
            one = self._pumps[pump_id] = Pump(pump_id, stream, self.send, key, self.next_counter)
        if wait:
            await one.until(lambda pump: pump.status is not None, SPEAKS_S, "nothing was heard of it")
        return one

    async def tell_time(self, pump: Pump) -> Answer:
        """The key service tells the pump the site's time."""
        message = self._service.time_request(pump.pump_id, pump.challenge, pump.pump_s)
        return await pump.exchange(KIND_TIME, message)

    async def revoke(self, pump: Pump, operator: int) -> Answer:
        """The key service tells the pump to hear an operator no more. BUSY: it counts, and is not stored yet; again."""
        message = self._service.revoke_request(pump.pump_id, pump.challenge, pump.pump_s, operator)
        return await pump.exchange(KIND_REVOKE, message)

    async def raise_epoch(self, pump: Pump) -> Answer:
        """Raise the pump's epoch: each key that was given out for it is worth nothing from then on.

        The key service follows once the pump speaks in the new one. BUSY: it counts, and is not stored yet; again. One
        that was broken off is ended by the next: the pump may be ahead of the key service or, heard with `behind`,
        behind it.
        """
        to = self._service.epoch(pump.pump_id) + 1
        end = time.monotonic() + STORED_S
        while True:
            message = self._service.epoch_request(pump.pump_id, pump.challenge, pump.pump_s, to, pump.epoch)
            answer = await pump.exchange(KIND_EPOCH, message)
            if pump.epoch == to:
                await asyncio.to_thread(self._service.epoch_raised, pump.pump_id, to)
            if answer.code != v.REFUSED_BUSY or time.monotonic() >= end:
                return answer
            await asyncio.sleep(_AGAIN_S)

    def next_counter(self, operator: int) -> int:
        """The operator's next counter at this terminal."""
        return self._folder.next_counter(operator, time.time() - EPOCH_2020)

    async def send(self, pump_id: str, message: bytes) -> None:
        """Hand a request to the broker."""
        await self.link.publish(REQUEST % pump_id, message)

    def _hear(self, topic: str, payload: bytes) -> None:
        parts = topic.split("/")
        pump = self._pumps.get(parts[1]) if len(parts) > 2 else None
        if pump is None:
            return
        if parts[2] == "will":
            self.on_offline(pump.pump_id)
        elif parts[2] == "fact" and len(parts) == 4 and parts[3] in KINDS:
            pump.hear(int(parts[3]), payload)
