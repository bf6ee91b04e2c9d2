"""Evidence that power may go at any moment of an update: the pump runs the old image or the new one, whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from hal import ports
from simulator.power import AFTER, BEFORE, ERASE, REORDERED, TORN, WRITE, Cut, PowerLost, cut_erase, cut_write
from tools.claims.registry import Outcome, Report, claim

SIZES = (1_500, 14_000, 50_000)
SHALLOW = 24  # cuts in each scene and size, beside those of the boot record
AT_LEAST = 20_000
_OF_A_MUTANT = 16
_SEED = 6
_ROUNDS_DEEP = 10
_SHOWN = 20
_BOOT_AREAS = (ports.AREA_BOOT_A, ports.AREA_BOOT_B)
# The module, texts that are in it once, and what stands there instead.
MUTANTS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "confirmed before it is tried": ("updater", ((
        "        self.state = INSTALLED\n", "        self._record.confirm()\n        self.state = INSTALLED\n"),)),
    "confirmed before it is verified": ("boot", ((
        "        booted = self.verify(AREAS[record.trial]", "        record.confirm()\n        booted = self.verify(AREAS[record.confirmed]"),
        ("record.trial_digest, record.floor", "record.digest, record.floor"),
        ("        if record.count_try() != OK:", "        if False:"))),
    "the floor raised before it is confirmed": ("record", ((
        "        self.tries = self.ended = 0\n        return self._write()",
        "        self.tries = self.ended = 0\n        self.floor = number\n        return self._write()"),)),
    "the trial is not counted": ("boot", (("        if record.count_try() != OK:", "        if False:"),)),
    "tried without an end": ("boot", (("record.tries >= TRIES", "False"),)),
    "the slot that boots is written": ("updater", (("return 1 if self._record", "return 0 if self._record"),)),
    "the record in one place": ("record", (("        other = 1 - here\n", "        other = here\n"),)),
    "a record without its checksum": ("record", ((
        "crc != crc32(bytes(entry[:_CRC_AT]))", "sequence == _SPARE"),)),
    "the oldest record counts": ("record", (("or sequence <= self.sequence:", "or 0 < self.sequence <= sequence:"),)),
    "written over what stands there": ("record", ((
        " == OK and check == _BLANK:", " == OK:"),)),
    "a slot's marks before its chunks": ("slot", ((
        "        if self._write(_IMAGE + offset, data) != OK:\n            return ERR_FAILED\n", ""),
        ("        self.have = offset + len(data)\n        return OK", "        self.have = offset + len(data)\n        return OK if self._write(_IMAGE + offset, data) == OK else ERR_FAILED"))),
    "what comes again begins again": ("updater", (("if not self._anew and slot.envelope() == self._envelope:",
                                                  "if self._anew is None:"),
                                                 ("        self._anew = False\n", "        self._anew = None\n"))),
    "whatever lies in a slot boots": ("boot", ((
        "        while opening.step(_HASHES):\n            self._feed()\n",
        "        booted.mode = mode\n        booted.slot = (slot.area - AREA_SLOT_A) & 0xFF\n        if area != AREA_GOLDEN:\n            return booted\n        booted.mode = 0\n        while opening.step(_HASHES):\n            self._feed()\n"),)),
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """A store operation of a scene, and what may boot if the power goes in it."""

    kind: str
    area: int
    offset: int
    data: bytes  # of an erase, nothing
    size: int
    old: bool
    new: bool
    have: int  # bytes of the image that the slot being written had whole before it


@dataclass
class Scene:
    """A start, and the operations from there to the end."""

    name: str
    start: Any
    old: Any
    new: Any
    ends_new: bool
    operations: list[Operation] = field(default_factory=list)


class _Recorder:
    """Wraps a flash's write and erase, and keeps what was done under the allowance that is set."""

    def __init__(self, flash: Any) -> None:
        self.found: list[Operation] = []
        self.old, self.new = True, False
        self.have: Callable[[], int] = lambda: 0
        write, erase = flash.write, flash._erase

        def writes(area: int, offset: int, data: bytes) -> int:
            self._keep(WRITE, area, offset, bytes(data), len(data))
            rc: int = write(area, offset, data)
            return rc

        def erases(area: int, start: int, size: int) -> int:
            self._keep(ERASE, area, start, b"", size)
            rc: int = erase(area, start, size)
            return rc

        flash.write, flash._erase = writes, erases

    def _keep(self, kind: str, area: int, offset: int, data: bytes, size: int) -> None:
        self.found.append(Operation(kind, area, offset, data, size, self.old, self.new, self.have()))


def _copy(flash: Any) -> Any:
    from simulator.clock import VirtualClock
    from simulator.devices.flash import SimFlash
    from tools.update_cases.slotted import SLOTS

    fresh = SimFlash(VirtualClock(), slot_bytes=flash.size(SLOTS[0]))
    fresh._areas = {area: bytearray(data) for area, data in flash._areas.items()}
    return fresh


def make_scene(name: str, size: int, rooms: Any) -> Scene:
    """Record the scene of that name, without a cut. ValueError where it does not end as it should."""
    from tools.update_cases import slotted as s

    old = s.image(7, s.bundled(b"old", size))
    new = s.image(8, s.bundled(b"new", size + 600))
    golden = s.image(0, s.bundled(b"golden", 900), s.PROVERS[:1])
    flash = s.flash_for(size + 1500)
    s.put_in(flash, ports.AREA_GOLDEN, golden)
    before = golden if name in ("first install", "recovery") else old
    if name != "first install":
        s.confirm_in(flash, 0, old)
    if name == "worn record":
        _wear(flash)
    if name == "recovery":
        flash.flip(s.SLOTS[0], s.IMAGE_AT + size // 2, 3)
    if name == "over an older one":
        s.put_in(flash, s.SLOTS[1], s.image(6, s.bundled(b"older", size)))
    scene = Scene(name, _copy(flash), before, new, name != "revert")
    recorder = _Recorder(flash)
    pump = s.SlottedPump(flash, rooms)
    pump.power_on()
    recorder.have = lambda: pump.updater.slot.have if pump.updater.slot is not None else 0
    if pump.take(new) or pump.updater.schedule(new.number, s.OPERATOR):
        raise ValueError(f"{name}: the image is not taken")
    recorder.have = lambda: 0
    recorder.new = True
    pump.updater.install()
    pump.power_on()
    if scene.ends_new:
        pump.confirm()
        recorder.old = False
    else:
        recorder.new = False
        pump.power_on()
    pump.power_on()
    if pump.runs() != (new if scene.ends_new else before).payload:
        raise ValueError(f"{name}: it ends with another image")
    scene.operations = recorder.found
    return scene


def _wear(flash: Any) -> None:
    """Fill the record's area, so that an entry of this update is the first of the other one."""
    from firmware.update.record import Record

    there = Record(flash)
    for _ in range(38):
        there.told()


SCENES = ("update", "first install", "revert", "recovery", "over an older one", "worn record")


def places(operation: Operation, rounds: int, random: Random) -> Iterator[Cut]:
    """Ways in which the power may go at an operation."""
    yield Cut(1, BEFORE)
    yield Cut(1, AFTER)
    for _ in range(rounds):
        byte = random.randrange(operation.size)
        yield Cut(1, TORN, byte, random.getrandbits(30))
        if operation.kind == WRITE:
            yield Cut(1, REORDERED, byte, random.getrandbits(30))


def _after(flash: Any, operation: Operation, cut: Cut | None) -> Any:
    """`flash` after the operation, or after what of it a cut lets happen."""
    memory = flash._areas[operation.area]
    start, end = operation.offset, operation.offset + operation.size
    part = memory[start:end]
    if operation.kind == ERASE:
        cut_erase(cut or Cut(1, AFTER), part)
        memory[start:end] = part
    else:
        done = bytes(old & new for old, new in zip(part, operation.data, strict=True))
        memory[start:end] = done if cut is None else cut_write(cut, bytes(part), done, start)
    return flash


class Judge:
    """What a pump does that lost its power. `findings`: in words."""

    def __init__(self, rooms: Any) -> None:
        self.rooms = rooms
        self.findings: list[str] = []
        self.cut = 0
        self.again = 0  # of them, with a second cut in the boot after

    def judge(self, scene: Scene, operation: Operation, flash: Any, cut: Cut, random: Random) -> None:
        """Boot from what is left, once more, and carry the update through."""
        from tools.update_cases import slotted as s

        before = len(self.findings)
        self.cut += 1
        where = f"{scene.name}, {operation.kind} of area {operation.area} at {operation.offset}, {cut.where}"
        pump = s.SlottedPump(flash, self.rooms)
        if random.random() < 0.3 or operation.area in _BOOT_AREAS:
            self._cut_again(pump, random)
        try:
            self._boots(scene, operation, pump, where)
            if len(self.findings) == before:
                self._goes_on(scene, operation, pump, where)
        except Exception as error:
            self.findings.append(f"{where}: {type(error).__name__}: {error}")

    def _cut_again(self, pump: Any, random: Random) -> None:
        """The boot after it is cut too, in its first store operation, where it has one."""
        pump.flash.supply.arm(Cut(1, random.choice((BEFORE, TORN, REORDERED, AFTER)), random.randrange(96),
                                  random.getrandbits(30)))  # fmt: skip
        try:
            pump.power_on()
        except PowerLost:
            self.again += 1
            self.cut += 1
        pump.flash.supply.arm()

    def _boots(self, scene: Scene, operation: Operation, pump: Any, where: str) -> None:
        boot = self.rooms.boot
        pump.power_on()
        runs = pump.runs()
        allowed = [one.payload for one, may in ((scene.old, operation.old or scene.ends_new is False),
                                                (scene.new, operation.new)) if may]  # fmt: skip
        if runs not in allowed:
            named = "none" if not runs else "the old" if runs == scene.old.payload else "the new" if (
                runs == scene.new.payload) else "another"  # fmt: skip
            self.findings.append(f"{where}: {named} image boots ({pump.booted.reason})")
        elif pump.booted.mode == boot.TRIAL:
            pump.power_on()  # nobody confirms it
            if pump.booted.mode == boot.TRIAL or pump.runs() != scene.old.payload:
                self.findings.append(f"{where}: a trial that nobody confirmed goes on")

    def _goes_on(self, scene: Scene, operation: Operation, pump: Any, where: str) -> None:
        """The update is carried on from where it was, and what it ends with boots."""
        if pump.runs() == scene.new.payload:
            return
        if operation.have:
            there = self.rooms.slot.Slot(pump.flash, self._written(pump))
            if there.have < operation.have:
                self.findings.append(f"{where}: {there.have} bytes left of {operation.have}")
                return
        rc = pump.install(scene.new)
        if operation.have and pump.carried * self.rooms.slot.CHUNK > len(scene.new.payload) - operation.have + 511:
            self.findings.append(f"{where}: {pump.carried} chunks were carried again")
        pump.power_on()
        if rc or pump.booted.mode != self.rooms.boot.TRIAL or pump.confirm():
            self.findings.append(f"{where}: the update does not go on: {rc}, {pump.booted.reason}")
            return
        pump.power_on()
        if pump.runs() != scene.new.payload:
            self.findings.append(f"{where}: it ends with another image")

    def _written(self, pump: Any) -> int:
        from tools.update_cases.slotted import SLOTS

        return SLOTS[pump.updater.other()]


def sweep(scene: Scene, judge: Judge, rounds: int, most: int, random: Random) -> None:
    """Cut the scene: at every operation where `most` is 0, else at that many and at all those of the boot record."""
    flash = _copy(scene.start)
    every = 1 if not most else max(1, len(scene.operations) // most)
    for number, operation in enumerate(scene.operations):
        own = operation.area in _BOOT_AREAS
        if own or number % every == 0:
            cuts = list(places(operation, rounds, random))
            for cut in cuts if own or not most else random.sample(cuts, 1):
                judge.judge(scene, operation, _after(_copy(flash), operation, cut), cut, random)
        _after(flash, operation, None)


@claim(
    "update-power-cuts",
    "Power may go before, in and after every store operation of an update, a first install, a revert and a recovery, "
    "with images of three sizes, and once more in the boot that follows: the pump then boots the old image or the new "
    "one, whole and verified, a trial once, and the update goes on from where it was.",
    mutants={name: partial(str, name) for name in MUTANTS},
)
def update_power_cuts(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Six scenes over the simulated flash, without a world around it; at least 20,000 cuts where `deep`."""
    from tools.update_cases.slotted import SHIPPED, rooms_with

    judge = Judge(SHIPPED if subject is None else rooms_with(*MUTANTS[subject]))
    random = Random(_SEED)
    done = 0
    for size in SIZES if subject is None else SIZES[:1]:
        for name in SCENES:
            try:
                scene = make_scene(name, size, judge.rooms)
            except ValueError as error:
                judge.findings.append(str(error))
                break
            most = 0 if deep else SHALLOW if subject is None else _OF_A_MUTANT
            sweep(scene, judge, _ROUNDS_DEEP if deep else 2, most, random)
            done += 1
            report(done, len(SIZES) * len(SCENES))
            if judge.findings:
                break
        if judge.findings:
            break
    lost = len(judge.findings)
    survived = max(judge.cut - lost, 0)
    holds = not lost and judge.cut >= (AT_LEAST if deep else len(SCENES) * _OF_A_MUTANT)
    figure = f"{judge.cut:,} cut, {survived:,} survived"
    return Outcome(holds, figure, {"cut": judge.cut, "again": judge.again, "lost": lost,
                                   "findings": judge.findings[:_SHOWN]})  # fmt: skip
