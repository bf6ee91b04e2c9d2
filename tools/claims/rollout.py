"""Evidence that a roll-out over a ward stops at the first pump that does not confirm, and touches no dose."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tools.claims.registry import Outcome, Report, claim

_PROGRAMME = "fluid-bolus"
_NUMBER = 8
_CONFIRM_S = 180.0
_AFTER_MS = 60_000
_SHORT, _DEEP = 6, 20
FAILS, SILENT, REFUSES = "its self-test fails", "it falls silent", "it refuses"
GOOD = "all are well"
SCENES = (FAILS, SILENT, REFUSES, GOOD)


@dataclass(frozen=True)
class Subject:
    """What is tried: another class of roll-out, text exchanged in the pump's own code, a biomed who meddles."""

    change: Callable[[Any], Any] | None = None
    firmware: tuple[tuple[str, str], ...] = ()
    switches_all: bool = False


def _goes_on(shipped: Any) -> Any:
    class Mutant(shipped):  # type: ignore[misc]
        def stops(self) -> bool:
            return False

    return Mutant


def _installed_is_enough(shipped: Any) -> Any:
    class Mutant(shipped):  # type: ignore[misc]
        def judge(self, watch: Any) -> str:
            shipped.judge(self, watch)
            return "confirmed" if watch.tried else ""

    return Mutant


def _silence_is_consent(shipped: Any) -> Any:
    class Mutant(shipped):  # type: ignore[misc]
        def _late(self, line: Any) -> None:
            self.result.states[line.pump_id] = "confirmed"

    return Mutant


def _all_at_once(shipped: Any) -> Any:
    class Mutant(shipped):  # type: ignore[misc]
        def stages(self) -> Iterator[list[Any]]:
            yield self._lines

    return Mutant


def _names_nobody(shipped: Any) -> Any:
    class Mutant(shipped):  # type: ignore[misc]
        def _fail(self, line: Any, state: str, event: str, why: str) -> None:
            self.result.states["somebody"] = state

    return Mutant


def _a_busy_pump_fails(shipped: Any) -> Any:
    class Mutant(shipped):  # type: ignore[misc]
        async def _bring(self, line: Any) -> bool:
            there: bool = await shipped._bring(self, line)
            if self.result.states[line.pump_id] == "waits":
                self._fail(line, "refused", "refuse", "busy")
            return there

    return Mutant


MUTANTS: dict[str, Subject] = {
    "goes on after a failure": Subject(_goes_on),
    "installed is confirmed": Subject(_installed_is_enough),
    "silence is consent": Subject(_silence_is_consent),
    "all at once": Subject(_all_at_once),
    "a report that names nobody": Subject(_names_nobody),
    "a pump that infuses has failed": Subject(_a_busy_pump_fails),
    "a failed self-test is no reason": Subject(firmware=(("if tested == FAILED:", "if False:"),)),
    "nothing is told of a confirmation": Subject(firmware=(("            booted.mode = CONFIRMED_MODE\n",
                                                            "            pass\n"),)),
    "everybody's power is switched": Subject(switches_all=True),
}  # fmt: skip


def _places(count: int) -> list[bool]:
    """Whether each pump infuses: the canary and the second are idle, of the others one in two, the third first."""
    return [place >= 2 and place % 2 == 0 for place in range(count)]


def _roll_out(name: str, count: int, subject: Subject, folder: Path) -> list[str]:
    """Play a scene; what is wrong with it, in words."""
    from simulator.files.programme import find_programme, load_programme
    from simulator.rollout.record import RolloutRecord
    from simulator.rollout.rollout import Plan, Release, Rollout
    from tools.update_cases import refused, slotted
    from tools.update_cases.rollout_ward import SlotWard

    rooms = slotted.rooms_with("running", subject.firmware) if subject.firmware else slotted.SHIPPED
    programme = replace(load_programme(find_programme(_PROGRAMME)), events=(), faults=())
    infuse = _places(count)
    bad, batch = 1, 2 if count == _SHORT else 4
    make = partial(SlotWard, programme, infuse, bad if name == FAILS else -1, bad if name == SILENT else -1, rooms)
    ward, twin = make(), make()
    try:
        envelopes = {pump.pump_id: refused.NEW.envelope for pump in ward.pumps}
        if name == REFUSES:
            other = refused.cases()["the counter-signature of another pump"].offered
            envelopes[ward.pumps[bad].pump_id] = other.envelope
        record = RolloutRecord(folder / f"{count}-{name}.jsonl")
        kind = Rollout if subject.change is None else subject.change(Rollout)
        rollout = kind(Release(_NUMBER, refused.NEW.payload, envelopes), ward.lines(), record, ward.now,
                       Plan(1, batch, _CONFIRM_S))  # fmt: skip
        result = asyncio.run(rollout.run())
        if subject.switches_all:
            for pump in ward.pumps:
                pump.world.power_cut(3_000)
        ward.run(_AFTER_MS)
        twin.run(ward.ms - twin.ms)
        wrong = [*_of_the_pumps(name, ward, bad, 1 + batch), *_of_the_report(name, ward, bad, result)]
        wrong += _of_the_doses(ward, twin)
        return [f"{name}: {one}" for one in wrong + _of_the_record(name, ward, bad, record)]
    finally:
        ward.close()
        twin.close()


def _of_the_pumps(name: str, ward: Any, bad: int, last: int) -> list[str]:
    """What each pump runs in the end, by its own boot record. `last`: the first place of the stage after."""
    from firmware.update.record import Record

    wrong = []
    for place, pump in enumerate(ward.pumps):
        beside = name != REFUSES and bad < place < last  # its stage: asked to install before the failure was known
        new = not pump.infuses and (name == GOOD or place == 0 or beside or (name == SILENT and place == bad))
        found = Record(pump.flash).floor
        if found != (_NUMBER if new else _NUMBER - 1):
            wrong.append(f"pump {place} has confirmed {found}")
        if name != GOOD and place > bad and not beside and _NUMBER in pump.boots:
            wrong.append(f"pump {place} was given the image after the failure")
        if name != GOOD and place >= last and pump.asked > 1:
            wrong.append(f"pump {place} was asked something after the failure")
    if name == FAILS and ward.pumps[bad].boots != [_NUMBER - 1, _NUMBER, _NUMBER - 1]:
        wrong.append(f"the pump that failed booted {ward.pumps[bad].boots}")
    return wrong


def _of_the_report(name: str, ward: Any, bad: int, result: Any) -> list[str]:
    """Whether it was stopped, and says by whom."""
    from simulator.rollout.report import as_page, as_text
    from simulator.rollout.rollout import CONFIRMED, LATE, REFUSED, REVERTED

    wrong = []
    failed = [] if name == GOOD else [ward.pumps[bad].pump_id]
    if result.failed != failed:
        wrong.append(f"it says that {result.failed} failed")
    expected = {FAILS: REVERTED, SILENT: LATE, REFUSES: REFUSED, GOOD: CONFIRMED}[name]
    said = result.states.get(ward.pumps[bad].pump_id)
    if said != expected:
        wrong.append(f"of the second pump it says {said!r}")
    if result.states.get(ward.pumps[0].pump_id) != CONFIRMED:
        wrong.append("the first pump is not confirmed")
    for text in (as_text(result), as_page(result)):
        if failed and f"stopped by {failed[0]};" not in text:
            wrong.append("the report does not name the pump")
    return wrong


def _of_the_doses(ward: Any, twin: Any) -> list[str]:
    """The pumps that infuse have given what they give where nobody rolls out anything, to the last count."""
    wrong = []
    for place, (pump, other) in enumerate(zip(ward.pumps, twin.pumps, strict=True)):
        if not pump.infuses:
            continue
        given, alone = pump.world.delivered_ul(), other.world.delivered_ul()
        if not given > 0 or given != alone:
            wrong.append(f"pump {place} gave {given:.1f} uL, without a roll-out {alone:.1f}")
        if pump.world.trace.digest()["therapy"] != other.world.trace.digest()["therapy"]:
            wrong.append(f"pump {place} has another therapy")
    return wrong


def _of_the_record(name: str, ward: Any, bad: int, record: Any) -> list[str]:
    """What `kvo patch metrics` reads in its lines."""
    from tools.supply.metrics import measure, read_records

    events = read_records(record.path)
    states = {pump.name: pump.state for pump in measure(events, ward.now()).pumps}
    found = states.get(ward.pumps[bad].pump_id, "nothing")
    word = {FAILS: "reverted", SILENT: "refused", REFUSES: "refused", GOOD: "patched"}[name]
    return [] if found.startswith(word) else [f"its record says {found!r} of the second pump"]


@claim(
    "rollout-stops",
    "A roll-out over a ward stops at the first pump that reverts after a failed self-test, falls silent or refuses: no "
    "pump of a later stage is given the image, one that reverted runs its old one again, report and record name it, "
    "and the pumps that infuse give to the last count what they give without a roll-out.",
    mutants={name: partial(str, name) for name in MUTANTS},
)
def rollout_stops(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Four scenes over six simulated pumps with slots in virtual time, no broker; over 20 where `deep`."""
    tried = Subject() if subject is None else MUTANTS[subject]
    count = _DEEP if deep else _SHORT
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(SCENES):
            report(number, len(SCENES))
            wrong += _roll_out(name, count, tried, Path(folder))
            if wrong and subject is not None:
                break
    return Outcome(not wrong, f"{len(SCENES)} roll-outs over {count} pumps, 3 stopped, every dose as without one",
                   {"pumps": count, "scenes": len(SCENES), "wrong": wrong})  # fmt: skip
