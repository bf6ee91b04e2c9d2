"""One pump, as a terminal hears it and asks it: facts that are verified, requests that are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from firmware.trust.request import ARGUMENT, CONTEXT, STEPS
from firmware.trust.wave import LONGEST_S, SAMPLE_MS, SAMPLES
from hal.ports import FIELD_TITRATE_MILLI
from simulator.gateway.answer import Answer
from simulator.gateway.problem import GatewayError
from simulator.gateway.pump_log import Entry, entries
from simulator.gateway.stream import ACCEPTED, FactStream
from simulator.gateway.views import Alarms, Staged, Status, Waveform
from simulator.site.keyservice import OperatorKey
from simulator.trust_client import Fact, digest_of

GOOD_FOR_S = 20  # pump seconds that a request is good for
ANSWER_S = 8.0  # patience with a pump
SPEAKS_S = 12.0  # a pump that is there speaks each five seconds
PIECE_S = SAMPLES * SAMPLE_MS // 1000  # of the waveform
_WAVE_SLACK_S = 3  # a piece that has begun at the end of the time is none
WAVE_PIECES = (LONGEST_S - _WAVE_SLACK_S) // PIECE_S
_BUSY_S = 0.5
_STALE = (v.REFUSED_EARLIER_SESSION, v.REFUSED_EARLIER_BOOT)

Send = Callable[[str, bytes], Awaitable[None]]


class Pump:
    """One pump. Made by `OperatorClient.pump`.

    refused: how much came as a fact and was none, by what was wrong with it; missing: facts that never came.
    """

    def __init__(
        self, pump_id: str, stream: FactStream, send: Send, key: OperatorKey | None = None,
        next_counter: Callable[[int], int] = lambda operator: 0,
    ) -> None:
        """`key`: of whoever asks, None for reading alone; `next_counter(operator)` gives one that was never used."""
        self.pump_id = pump_id
        self.status: Status | None = None
        self.alarms: Alarms | None = None
        self.staged: Staged | None = None
        self.challenge = b""
        self.refused: dict[str, int] = {}
        self.missing = 0
        self._stream = stream
        self._send = send
        self._key = key
        self._mac = None if key is None else MacKey(key.key)
        self._next_counter = next_counter
        self._pump_s = 0
        self._heard_s = 0.0
        self._readers: list[asyncio.Queue[Fact]] = []

    # What comes.

    def hear(self, kind: int, data: bytes) -> None:
        """Take in what came on the topic of facts of `kind`."""
        judged = self._stream.take(kind, data)
        fact = judged.fact
        if fact is None or judged.verdict != ACCEPTED:
            self.refused[judged.verdict] = self.refused.get(judged.verdict, 0) + 1
            return
        self.missing += judged.missing
        self._pump_s = fact.pump_s
        self._heard_s = time.monotonic()
        if fact.kind == f.HELLO:
            self.challenge = fact.body[1]
        elif fact.kind == f.STATUS:
            self.status = Status.of(fact)
            self.challenge = self.status.challenge
        elif fact.kind == f.ALARMS:
            self.alarms = Alarms.of(fact)
        elif fact.kind == f.STAGED:
            self.staged = Staged.of(fact)
        for reader in self._readers:
            reader.put_nowait(fact)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Fact]]:
        """What the pump says meanwhile, authentic and in order, in a queue."""
        reader: asyncio.Queue[Fact] = asyncio.Queue()
        self._readers.append(reader)
        try:
            yield reader
        finally:
            self._readers.remove(reader)

    async def until(self, condition: Callable[[Pump], Any], timeout_s: float, what: str) -> None:
        """Wait until `condition(self)` holds after a fact; GatewayError, with `what` was awaited, where it does not."""
        try:
            with self.listening() as reader:
                async with asyncio.timeout(timeout_s):
                    while not condition(self):
                        await reader.get()
        except TimeoutError:
            refused = ", ".join(f"{count} {name}" for name, count in self.refused.items())
            raise GatewayError(f"pump {self.pump_id}: {what} within {timeout_s:g} s"
                               + (f" (refused: {refused})" if refused else "")
                               + "; is it switched on, and on this broker?") from None  # fmt: skip

    @property
    def epoch(self) -> int:
        """The epoch that it speaks in."""
        return self._stream.epoch

    @property
    def pump_s(self) -> int:
        """Pump seconds, reckoned from what was heard last."""
        return self._pump_s + int(time.monotonic() - self._heard_s) if self._heard_s else 0

    # What is asked.

    async def prepare(self, fields: dict[int, int], steps: list[tuple[int, int]] | None = None) -> Answer:
        """Have a prescription wait: integers by field code, `steps` as (dose in thousandths, seconds)."""
        arguments: dict[int, Any] = dict(fields)
        if steps:
            arguments[STEPS] = [list(step) for step in steps]
        return await self.ask(r.KIND_PREPARE, arguments)

    async def titrate(self, dose_milli: int) -> Answer:
        """Have a new dose rate wait, in thousandths of the drug's unit."""
        return await self.ask(r.KIND_TITRATE, {FIELD_TITRATE_MILLI: dose_milli})

    async def pause(self) -> Answer:
        """Ring for a pause."""
        return await self.ask(r.KIND_PAUSE)

    async def stop(self) -> Answer:
        """Ring, HIGH, for a stop."""
        return await self.ask(r.KIND_STOP)

    async def approve(self, digest: bytes) -> Answer:
        """Agree, as a second person, to what waits past a soft limit; `digest` names it."""
        return await self.ask(r.KIND_APPROVE, {ARGUMENT: digest})

    async def read_status(self) -> Answer:
        """Ask for a status; where the answer is OK, `status` was made after the question."""
        answer = await self.ask(r.KIND_STATUS)
        if answer.is_ok:
            await self.until(lambda pump: pump.is_fresh(answer), SPEAKS_S, "no status came after its answer")
        return answer

    def is_fresh(self, answer: Answer) -> bool:
        """Whether `status` was made after the request that `answer` answers: no broker has kept it back."""
        said, status = answer.fact, self.status
        return said is not None and status is not None and status.is_as_new_as(said)

    async def log(self, since: int = 0) -> AsyncIterator[list[Entry]]:
        """The log from sequence `since` on (0: the oldest), a page at a time; GatewayError where it is refused.

        What the pump overwrites meanwhile is passed over, as its entries' numbers show.
        """
        while True:
            answer = await self.ask(r.KIND_LOG, {ARGUMENT: since}, page=f.LOG)
            if answer.code == v.REFUSED_BUSY:
                await asyncio.sleep(_BUSY_S)
                continue
            if answer.fact is None:
                raise GatewayError(f"pump {self.pump_id}: {answer}" if not answer.is_ok else
                                   f"pump {self.pump_id}: a page of the log did not come; ask again")  # fmt: skip
            yield entries(answer.fact.body[2])
            if not answer.fact.body[3]:
                return
            since = answer.fact.body[3]

    async def waveform(self, pieces: int) -> AsyncIterator[Waveform]:
        """The next `pieces` of the waveform, ten seconds each; GatewayError where it is refused or they do not come.

        ValueError for fewer than one or more than WAVE_PIECES. A piece that the network lost is passed over.
        """
        if not 0 < pieces <= WAVE_PIECES:
            raise ValueError(f"{pieces} pieces; 1 to {WAVE_PIECES}")
        left = pieces
        with self.listening() as reader:
            answer = await self.ask(r.KIND_WAVE, {ARGUMENT: min(pieces * PIECE_S + _WAVE_SLACK_S, LONGEST_S)})
            if not answer.is_ok:
                raise GatewayError(f"pump {self.pump_id}: {answer}")
            while left:
                try:
                    async with asyncio.timeout(PIECE_S + ANSWER_S):
                        fact = await reader.get()
                        while fact.kind != f.WAVE:
                            fact = await reader.get()
                except TimeoutError:
                    raise GatewayError(f"pump {self.pump_id}: {left} of {pieces} pieces of the waveform did not come; "
                                       "ask again") from None  # fmt: skip
                left -= 1
                yield Waveform.of(fact)

    async def ask(self, kind: int, arguments: dict[int, Any] | None = None, page: int = 0) -> Answer:
        """Make a request, wait for what it came to. `page`: the kind of fact that an OK brings, `Answer.fact` then.

        A session that has ended meanwhile is tried once more. No answer is no error: Answer.code is None.
        """
        arguments = arguments or {}
        answer = await self.exchange(kind, self.make(kind, arguments), page, arguments.get(ARGUMENT))
        if answer.code in _STALE:
            old = self.challenge
            await self.until(lambda pump: pump.challenge != old, SPEAKS_S, "no new session")
            answer = await self.exchange(kind, self.make(kind, arguments), page, arguments.get(ARGUMENT))
        return answer

    def make(self, kind: int, arguments: dict[int, Any]) -> bytes:
        """A request of whoever is logged in; GatewayError where nobody is, or the pump has not spoken."""
        if self._key is None or self._mac is None:
            raise GatewayError("nobody is logged in at this terminal; log in before you ask")
        if not self.challenge:
            raise GatewayError(f"pump {self.pump_id} has not told its session yet; wait for it to speak")
        counter = self._next_counter(self._key.operator)
        payload = encode({1: kind, 2: self.challenge, 3: counter, 4: self.pump_s + GOOD_FOR_S, 5: arguments})
        made: bytes = make_mac0(payload, self._mac, {KEY_ID: self._key.kid}, CONTEXT)
        return made

    async def exchange(self, kind: int, message: bytes, page: int = 0, asked: Any = None) -> Answer:
        """Send a request that was made, wait for its own acknowledgement, and for the page that goes with an OK."""
        digest = digest_of(message)
        began = time.monotonic()
        ack: Fact | None = None
        found: Fact | None = None
        with self.listening() as reader:
            await self._send(self.pump_id, message)
            try:
                async with asyncio.timeout(ANSWER_S):
                    while ack is None or (page and found is None and ack.body[2] == v.OK):
                        fact = await reader.get()
                        if fact.kind == f.ACK and fact.body[1] == digest:
                            ack = fact
                        elif page and fact.kind == page and fact.body[1] == asked:
                            found = fact
            except TimeoutError:
                pass
        waited_s = time.monotonic() - began
        if ack is None:
            return Answer(kind, digest, None, waited_s=waited_s)
        return Answer(kind, digest, ack.body[2], ack.body[3], waited_s, found if page else ack)
