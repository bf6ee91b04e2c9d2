"""Carries a drug library's bytes to a pump, chunk by chunk: the transport alone.

What has arrived waits at the pump, in force for nothing, until somebody who may has verified and taken it there. A
transport that was broken off goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256

from firmware.trust import roles as r
from firmware.trust import staging as sg
from firmware.trust import verdict as v
from firmware.trust.request import ARGUMENT, SECOND
from simulator.gateway.answer import Answer
from simulator.gateway.problem import GatewayError
from simulator.gateway.pump import ANSWER_S, SPEAKS_S, Pump

_TRIES = 4  # in a row that came to nothing
_BUSY_S = 0.5

Progress = Callable[[float, float], None]


class Refused(Exception):
    """The pump takes none of it; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer))
        self.answer = answer


async def carry(pump: Pump, data: bytes, progress: Progress = lambda done, total: None) -> int:
    """Bring `data` to the pump and wait until it has checked the whole of it; how many chunks were sent.

    Refused where the pump takes it not (another role, a dose that runs); GatewayError where it does not come through.
    """
    digest = sha256(data).digest()
    sent = 0
    failed = 0
    have = await _announce(pump, data, digest)
    while have < len(data):
        progress(have, len(data))
        piece = data[have : have + sg.CHUNK]
        answer = await pump.ask(r.KIND_CHUNK, {ARGUMENT: have, SECOND: piece})
        sent += 1
        if answer.is_ok:
            have += len(piece)
            failed = 0
            continue
        failed += 1
        if answer.code not in (None, v.REFUSED_BUSY, v.REFUSED_STATE):
            raise Refused(answer)
        if failed >= _TRIES:
            raise GatewayError(f"pump {pump.pump_id}: no chunk arrives any more ({answer}); ask again, and it goes on "
                               f"at byte {have}")  # fmt: skip
        await asyncio.sleep(_BUSY_S)
        have = await _announce(pump, data, digest)  # it may have booted, or have this one already
    progress(len(data), len(data))
    await pump.until(lambda pump: _is_over(pump, digest), SPEAKS_S, "nothing was told of the whole")
    if pump.staged is None or pump.staged.state != sg.CHECKED:
        raise GatewayError(f"pump {pump.pump_id}: it has arrived spoilt; ask again")
    return sent


async def _announce(pump: Pump, data: bytes, digest: bytes) -> int:
    """Say what is to come; how much of it is there already."""
    before = pump.staged
    answer = await pump.ask(r.KIND_STAGE, {ARGUMENT: len(data), SECOND: digest})
    if answer.code is None:
        raise GatewayError(f"pump {pump.pump_id}: {answer}")
    if not answer.is_ok:
        raise Refused(answer)
    await pump.until(
        lambda pump: pump.staged is not None and pump.staged is not before and pump.staged.digest == digest, ANSWER_S,
        "nothing was told of what is to come",
    )  # fmt: skip
    return 0 if pump.staged is None else pump.staged.have


def _is_over(pump: Pump, digest: bytes) -> bool:
    staged = pump.staged
    return staged is not None and staged.digest == digest and staged.state in (sg.CHECKED, sg.SPOILT)
