"""Brings an image into a pump's slot, and has it installed. What was broken off goes on where it was.

    await push(line, envelope, payload, number)     # ready, verified by the pump, in force for nothing
    await ask_install(line, number)                 # tried at the start after the next maintenance
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from firmware.trust import roles as r
from firmware.trust import staging as sg
from firmware.trust import verdict as v
from firmware.trust.request import ARGUMENT, SECOND
from firmware.update import updater
from simulator.gateway.words import name_of
from simulator.rollout.line import Line, Standing

LOOK_S = 0.5  # between two looks at what a pump says
TOLD_S = 12.0  # a pump tells what became of a request at once; a lost fact is asked for again
CLEARED_S = 3.0  # a slot's blocks are erased, or an image is held against its digest
VERIFIED_S = 120.0  # an envelope or an image, beside everything else the pump does
_TRIES = 4  # in a row that came to nothing

Progress = Callable[[int, int], None]


class PushError(Exception):
    """The pump does not take it; the text says why."""


class Declined(PushError):
    """The pump has refused it: the envelope, the image, or whoever asks."""


class Busy(PushError):
    """Not now: something flows, and a block would have to be erased. Once the pump rests."""


class Silent(PushError):
    """The pump does not answer, or does not come to an end."""


async def push(
    line: Line, envelope: bytes, payload: bytes, number: int, progress: Progress = lambda done, total: None
) -> None:
    """Carry the envelope, have it opened, carry the image, and wait until the pump has verified the whole.

    Does nothing where the image of that number is ready already. PushError: Declined, Busy or Silent.
    """
    standing = line.standing
    if standing is not None and standing.number == number and standing.state in (updater.READY, updater.INSTALLED):
        progress(1, 1)
        return
    total = len(envelope) + len(payload)
    await _carry(line, envelope, lambda done: progress(done, total))
    await _is_checked(line, sha256(envelope).digest())
    await _take_ok(line, r.KIND_UPDATE, {})
    await _until(line, number, (updater.CARRYING, updater.INSPECTING, updater.READY))
    end = line.now_s() + VERIFIED_S
    while not _stands(line, number, (updater.INSPECTING, updater.READY)):
        if line.now_s() >= end:
            raise Silent("its slot takes no image")
        await line.wait(CLEARED_S)  # before its slot is clear, what is announced waits elsewhere, and is brought again
        await _carry(line, payload, lambda done: progress(len(envelope) + done, total))
        await line.wait(CLEARED_S)
    await _until(line, number, (updater.READY,))


async def ask_install(line: Line, number: int) -> None:
    """Have the image of that number installed, in this maintenance or the next. PushError where it is not taken."""
    await _take_ok(line, r.KIND_INSTALL, {ARGUMENT: number})


async def _take_ok(line: Line, kind: int, arguments: dict[int, Any]) -> None:
    code = await line.ask(kind, arguments)
    if code is None:
        raise Silent("no answer")
    if code == v.REFUSED_BUSY:
        raise Busy("busy")
    if code != v.OK:
        standing = line.standing
        raise Declined(f"{name_of(code)}, {_why(standing)}" if code == v.REFUSED_STATE else name_of(code))


async def _carry(line: Line, data: bytes, progress: Callable[[int], None]) -> None:
    """Announce `data` and bring what of it is not there yet."""
    digest = sha256(data).digest()
    have = await _announce(line, data, digest)
    failed = 0
    while have < len(data):
        progress(have)
        piece = data[have : have + sg.CHUNK]
        code = await line.ask(r.KIND_CHUNK, {ARGUMENT: have, SECOND: piece})
        if code == v.OK:
            have += len(piece)
            failed = 0
            continue
        failed += 1
        if code not in (None, v.REFUSED_BUSY, v.REFUSED_STATE):
            raise Declined(name_of(code))
        if failed >= _TRIES:
            raise Silent(f"no chunk arrives any more; ask again, and it goes on at byte {have}")
        await line.wait(LOOK_S)
        have = await _announce(line, data, digest)  # it may have booted, or have this one already
    progress(len(data))


async def _announce(line: Line, data: bytes, digest: bytes) -> int:
    """Say what is to come; how much of it is there already."""
    before = line.staged
    await _take_ok(line, r.KIND_STAGE, {ARGUMENT: len(data), SECOND: digest})
    end = line.now_s() + TOLD_S
    while True:
        staged = line.staged
        if staged is not None and staged is not before and staged.digest == digest:
            return staged.have
        if line.now_s() >= end:
            raise Silent("nothing was told of what is to come")
        await line.wait(LOOK_S)


async def _is_checked(line: Line, digest: bytes) -> None:
    """Wait until the pump has the whole of what it was brought, and found it whole."""
    end = line.now_s() + TOLD_S
    while True:
        staged = line.staged
        if staged is not None and staged.digest == digest and staged.state in (sg.CHECKED, sg.SPOILT):
            break
        if line.now_s() >= end:
            raise Silent("nothing was told of the whole")
        await line.wait(LOOK_S)
    if staged.state == sg.SPOILT:
        raise Silent("it has arrived spoilt; ask again")


async def _until(line: Line, number: int, states: tuple[int, ...]) -> None:
    """Wait until the update of that number stands so; Declined where the pump refuses it."""
    end = line.now_s() + VERIFIED_S
    while not _stands(line, number, states):
        if line.now_s() >= end:
            raise Silent("the pump does not come to an end with it")
        await line.wait(LOOK_S)


def _stands(line: Line, number: int, states: tuple[int, ...]) -> bool:
    """Whether the update stands so; Declined where the pump has refused it, or it has another number."""
    standing = line.standing
    if standing is None:
        return False
    if standing.state == updater.REFUSED:
        raise Declined(_why(standing))
    if standing.state in states and standing.number != number:
        raise Declined(f"its manifest says {standing.number}")
    return standing.state in states


def _why(standing: Standing | None) -> str:
    """The pump's own code (docs/updates.md, docs/update-refusals.md)."""
    return f"code {standing.reason}" if standing is not None and standing.reason else "no code was told"
