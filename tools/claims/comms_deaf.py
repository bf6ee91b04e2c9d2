"""Evidence that therapy is deaf to comms: whatever comms does, the therapy stream stays what it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from firmware.app import App
from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.trust.supervisor import RESTARTS
from simulator.files.programme import Programme, find_programme, load_programme, shipped_programmes
from simulator.files.timeline import KEYS, Event
from simulator.homes import HomeError
from simulator.homes import micropython as home
from simulator.partitions import KINDS, Partitioned
from simulator.world import World
from tools.claims import blocks
from tools.claims.comms_mutants import MUTANTS, Mutant, factory
from tools.claims.registry import Outcome, Report, claim
from tools.pool import spawned

SCRIPT = Path(__file__).resolve().parents[1] / "device" / "partition.py"
# Past the tenth restart, so that each comms that falls is held.
RUN_MS = 360_000
DEEP_MS = 1_800_000
TURNS = 1_000
DEEP_TURNS = 3_300
RATE_UL_H = 60_000
# Now and then a run of the unix port never prints its line (threads, its collector and a deep stack): it is
# tried again. A pump that hangs by its own fault does so each time.
ATTEMPTS = 3
SILENCE_S = 30.0
_MAILBOX = 1280  # bytes of the inbox, one more than it holds
HEAP = "600k"  # objects are twice the size of a Pico's
# Each drug policy, both heads, a PCA, a ramp.
QUICK = ("norepinephrine-8h", "morphine-pca", "nutrition-taper")
# A person at work while comms misbehaves.
_PRESSES = ((60_000, "clinician_bolus"), (120_000, "patient_bolus"), (200_000, "pause"), (215_000, "start"))
# Scripted bytes that stand for local evidence are no message, and would be lost with comms.
_EVIDENCE = ("compromised", "recovery_on", "recovered")
_BLOCKING = ("blocks", "blocks by leave")  # their own evidence: blocks.py
_ON_DEVICE = (
    "hangs later", "hangs while it is made", "hangs deep", "raises", "is cancelled", "recurses", "leaks",
    "leaks and stays", "floods with garbage", "wrecks its mailboxes", "blocks",
)  # fmt: skip

# What a misbehaviour must leave behind, or it was none: the trust state and whether comms is told to be down.
# By hand, from the fail-safe policy.
_FINE, _GONE, _SUSPECT = (t.TR_NORMAL, False), (t.TR_OFFLINE, True), (t.TR_SUSPECT, False)
SHOWS = {
    "mute": _FINE, "carries": _FINE, "hangs at once": _GONE, "hangs later": _GONE, "hangs while it is made": _GONE,
    "raises": _GONE, "raises now and then": _GONE, "raises while it is made": _GONE, "exits": _GONE,
    "is cancelled": _GONE, "recurses": _GONE, "hangs deep": _GONE, "floods with garbage": _SUSPECT,
    "floods with hostile messages": _SUSPECT, "never sends": _FINE, "sends for ever": _FINE, "leaks": _GONE,
    "leaks and stays": _FINE, "writes over its mailboxes": _SUSPECT, "wrecks its mailboxes": _SUSPECT,
    "counts wrongly": _GONE, "meddles": _FINE,
}  # fmt: skip
_KINDS = tuple(kind for kind in KINDS if kind != "mute" and kind not in _BLOCKING)


@dataclass(frozen=True)
class Seen:
    """What a run in home cpython left."""

    therapy: str = ""
    trust: int = 0
    down: bool = False
    wrong: str = ""


def disturbed(programme: Programme, until_ms: int) -> Programme:
    """The programme without local evidence, and with a person who asks for this and that."""
    events = [event for event in programme.events if event.verb not in _EVIDENCE]
    events += [Event(at, "press", KEYS[key], ((KEYS[key], 0),)) for at, key in _PRESSES]
    return replace(programme, events=tuple(sorted(events, key=lambda event: event.at_ms)), duration_ms=until_ms)


def stream(name: str, kind: str, until_ms: int, make_app: Callable[..., Any] = App) -> Seen:
    """Run a shipped programme with a kind of comms, half of them near the clock's wrap."""
    programme = disturbed(load_programme(find_programme(name)), until_ms)
    pumps: list[Partitioned] = []

    def make(board: Any) -> Partitioned:
        pumps.append(Partitioned(board, KINDS[kind], make_app))
        return pumps[-1]

    with World(programme, near_wrap=len(name) % 2 == 1, make_app=make) as world:
        pump = pumps[0]
        try:
            world.run(until_ms)
        except BaseException as error:
            return Seen(wrong=f"{type(error).__name__} came out of the pump")
        finally:
            pump.end()
        status = world.status
        down = status.trust_alarms >> (al.AL_COMMS_HELD - al.TRUST_BASE) & 1 != 0
        return Seen(world.trace.digest()["therapy"], status.trust, down, _wrong(pump))


def _wrong(pump: Partitioned) -> str:
    app = pump.app
    if pump.means.loop is not None and pump.means.loop.turn_hung:
        return "the turn hung"
    if app.supervisor.falls > RESTARTS + 1:
        return f"{app.supervisor.falls - 1} restarts in an hour"
    if not 0 <= _waiting(app.inbox) < _MAILBOX:
        return "the inbox has no bound"
    return ""


def _waiting(ring: Any) -> int:
    try:
        return int(ring.waiting())
    except Exception:
        return 0  # wrecked by a comms that does that


def compare(name: str, kinds: tuple[str, ...], until_ms: int, make_app: Callable[..., Any] = App) -> list[list[str]]:
    """For one programme and each kind: what differs from the run without comms."""
    due = stream(name, "mute", until_ms)
    return [_off(f"{name}, {kind}: ", kind, stream(name, kind, until_ms, make_app), due) for kind in kinds]


def _off(place: str, kind: str, seen: Seen, due: Seen) -> list[str]:
    if seen.wrong:
        return [place + seen.wrong]
    if seen.therapy != due.therapy:
        return [place + "the therapy stream differs"]
    if (seen.trust, seen.down) != SHOWS[kind]:
        return [f"{place}trust {t.TRUST_NAMES[seen.trust]}, told to be down: {seen.down}"]
    return []


def _on_cpython(deep: bool, mutant: Mutant | None) -> Iterator[list[str]]:
    if mutant is not None:
        yield from compare(mutant.programme, mutant.kinds, RUN_MS, mutant.make_app)
    elif not deep:
        for name in QUICK:
            yield from compare(name, _KINDS, RUN_MS)
    else:
        with spawned() as pool:
            for done in as_completed([pool.submit(compare, name, _KINDS, DEEP_MS) for name in shipped_programmes()]):
                yield from done.result()


def _on_micropython(deep: bool, mutant: Mutant | None) -> Iterator[list[str]]:
    """The same for real, the turn pre-empting comms. HomeError without the interpreter."""
    name = mutant.on_device if mutant is not None else ""
    if mutant is None or mutant.kinds == ("deep",):
        yield _deep_stack(name)
    if mutant is None or mutant.kinds == ("counts",):
        yield _mailboxes(name)
    if mutant is not None:
        return
    turns = DEEP_TURNS if deep else TURNS
    due = _device("mute", turns)
    for kind in (*_KINDS, "blocks") if deep else _ON_DEVICE:
        yield _differs(kind, _device(kind, turns), due)


def _device(kind: str, turns: int, mutant: str = "") -> dict[str, Any]:
    arguments = (str(home.ROOT), kind, str(turns), str(RATE_UL_H), mutant)
    for attempt in range(ATTEMPTS):
        try:
            found: dict[str, Any] = json.loads(home.run_to_line(SCRIPT, *arguments, heap=HEAP, timeout_s=SILENCE_S))
        except HomeError:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            return found
    raise AssertionError("unreachable")


def _differs(kind: str, seen: dict[str, Any], due: dict[str, Any]) -> list[str]:
    place = f"MicroPython, {kind}: "
    found = []
    if seen["raised"] or seen["left_out"]:
        found.append(f"{place}{seen['raised']} turns raised, {seen['left_out']} were left out")
    if seen["therapy"] != due["therapy"]:
        found.append(place + "the therapy stream differs")
    # Here the memory is real: what leaks and stays is dropped each time.
    shows = t.TR_OFFLINE if kind == "leaks and stays" else SHOWS.get(kind, _FINE)[0]
    if seen["trust"] != shows:
        found.append(f"{place}trust {t.TRUST_NAMES[seen['trust']]}")
    if kind.startswith("hangs") and not seen["hung"]:
        found.append(place + "it did not hang")
    if kind == "blocks" and seen["blocked"] != 3:
        found.append(place + "a turn came in the midst of a C call")
    return found


def _deep_stack(mutant: str) -> list[str]:
    """A turn at every depth of the stack is whole or left out."""
    seen = _device("deep", TURNS, mutant)
    if seen["raised"] or seen["delivery"] != t.ST_INFUSING or not 0 < seen["left_out"] < seen["turns"] // 2:
        state = t.DELIVERY_NAMES[seen["delivery"]]
        return [f"MicroPython, deep: {seen['left_out']} turns left out, {seen['raised']} raised, the pump is {state}"]
    return []


def _mailboxes(mutant: str) -> list[str]:
    """Bytes that count pass whole and in order both ways, the turn pre-empting comms."""
    seen = _device("counts", TURNS, mutant)
    if seen["broken"] or not seen["came"] or not seen["went"]:
        return [f"MicroPython, counts: {seen['broken']} of {seen['came'] + seen['went']} bytes were not the next"]
    return []


@claim(
    "comms-deaf",
    "Comms that hangs, raises, floods, leaks until the heap is full or wrecks its mailboxes leaves the therapy stream "
    "as it is without comms. One that blocks for 2 s leaves every second's steps, and the stream from the second tick "
    "after, as long as the lease in force outlasts it (to 163 mL/h; below 0.25 mL/h one step may come late); past that "
    "it costs flow, adds none in the end, and is told; by its leave it need not.",
    mutants={name: factory(name) for name in MUTANTS},
)
def comms_deaf(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every kind × programmes in home cpython, the real ones on MicroPython, blocks on the plant."""
    parts = {"cpython": _on_cpython, "micropython": _on_micropython, "block": blocks.evidence}
    findings: dict[str, list[str]] = {}
    counts = dict.fromkeys(parts, 0)
    total = len(_KINDS) * (len(shipped_programmes()) if deep else len(QUICK)) + blocks.count(deep)
    total += 2 + (len(_KINDS) + 1 if deep else len(_ON_DEVICE))
    for part, evidence in parts.items():
        if subject is not None and subject.part != part:
            continue
        findings[part] = []
        for found in evidence(deep, subject):
            findings[part] += found
            counts[part] += 1
            report(sum(counts.values()), total)
    off = [line for lines in findings.values() for line in lines]
    figure = (
        f"{len(_KINDS)} kinds of comms in {counts['cpython']} runs on CPython and {counts['micropython']} on "
        f"MicroPython, {counts['block']} blocks of 2 s: {len(off)} off"
    )
    return Outcome(not off, figure, {"findings": findings, "runs": counts})
