"""Evidence that power cut anywhere in taking a drug library or a root record leaves the old one or the new one."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

from firmware import intake
from firmware.update import roots as r
from hal import ports
from simulator.power import AFTER, BEFORE, ERASE, REORDERED, TORN, Cut, Operation, PowerLost, Supply
from tools.claims.registry import Outcome, Report, claim

_PLACES = 3  # bytes of each operation, beside its ends
_PLACES_DEEP = 160
_AGAIN = 5  # one in so many cuts is followed by another in the start after it
_SEED = 43


class OneCopy(intake.Libraries):
    """Writes over the copy that is in force."""

    def write(self, data: bytes) -> int:
        """There is one place alone."""
        self.place = 1
        return int(super().write(data))

    def is_behind(self) -> bool:
        """Nothing is ever mended."""
        return False


def _in_place(self: r.RootStore, roots: r.Roots) -> int:
    """A root record over the copy that is in force, and over the other, before either has been read back."""
    for place in (0, 1):
        self._store.erase((ports.AREA_ROOTS_A, ports.AREA_ROOTS_B)[place])
    rc: int = self._write_copy(0, r.frame(roots))
    self.roots, self._place = roots, 0
    self.behind = True
    return rc


def _spent_first(before: Callable[..., None]) -> Callable[..., Any]:
    """The word is spent before anything is done."""
    from firmware import settling

    class Hasty(settling.Settling):
        def go_through(self) -> int:
            self._store.write(ports.AREA_STAGE, self.word.place, b"\0")
            return int(super().go_through())

    return Hasty


_MUTANTS: dict[str, tuple[str, str, Any]] = {
    "one copy alone": ("firmware.intake", "Libraries", lambda _: OneCopy),
    "root records in place": ("firmware.update.roots.RootStore", "write", lambda _: _in_place),
    "the word spent first": ("firmware.settling", "Settling", _spent_first),
}


@contextlib.contextmanager
def _with(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    import importlib

    path, what, make = _MUTANTS[name]
    module, _, kind = path.rpartition(".")
    where: Any = getattr(importlib.import_module(module), kind)
    before = getattr(where, what)
    setattr(where, what, make(before))
    try:
        yield
    finally:
        setattr(where, what, before)


@dataclass
class Scene:
    """A store in which a word waits. `old`, `new`: what `state` may give, before the word and after it."""

    name: str
    store: Any
    counter: Any
    old: Any = None
    new: Any = None

    def board(self, store: Any) -> Any:
        """All of a board that a start asks for what was carried."""
        return SimpleNamespace(store=store, counter=self.counter)


def state(store: Any) -> tuple[Any, ...]:
    """What is in force: library and root record."""
    from tools.update_cases.carried import Carried

    site = Carried(store)
    return (*site.in_force(), site.roots())


def scenes() -> list[Scene]:
    """A library over another, the first ones at the local port, a root record over another."""
    from firmware.trust import taking
    from tools.sign.parcel import Packed, unpack
    from tools.update_cases import carried
    from tools.update_cases import pump as keys
    from tools.update_cases.library_cases import next_roots, rotation

    signed = unpack(carried.parcel())
    first = Packed(carried.NEW, keys.roots().encode(), signed.envelope, signed.payload).pack()
    made = []
    for name, data, number in (
        ("a library", carried.parcel(), carried.NEW), ("a root record", rotation(next_roots()), 2),
        ("the first of both", first, carried.NEW),
    ):  # fmt: skip
        site = carried.Carried()
        site.start()
        if name == "the first of both":
            for area in (*carried.AREAS, ports.AREA_ROOTS_A, ports.AREA_ROOTS_B):
                site.store.erase(area)
            site.stage(data)
            staging = taking.checked(site.store)
            taking.say(site.store, site.record, staging, taking.ANY, site.counter.read())
        else:
            site.stage(data)
            site.confirm(number)
        site.store.supply = Supply()
        scene = Scene(name, site.store, site.counter)
        scene.old = state(site.store)
        after = copy.deepcopy(site.store)
        intake.take_in(scene.board(after))
        scene.new = state(after)
        made.append(scene)
    return made


def operations(scene: Scene) -> list[Operation]:
    """What a start does to the store."""
    store = copy.deepcopy(scene.store)
    store.supply.log = []
    intake.take_in(scene.board(store))
    return list(store.supply.log)


def cuts(done: list[Operation], places: int, rng: random.Random) -> Iterator[Cut]:
    """Before, within and after each operation."""
    for number, one in enumerate(done, 1):
        yield Cut(number, BEFORE)
        yield Cut(number, AFTER)
        within = sorted({0, one.size - 1, *(rng.randrange(one.size) for _ in range(min(places, one.size)))})
        for byte in within:
            yield Cut(number, TORN, byte, rng.randrange(1 << 20))
            if one.kind != ERASE:
                yield Cut(number, REORDERED, byte, rng.randrange(1 << 20))


def start(scene: Scene, store: Any, cut: Cut | None) -> bool:
    """One start, cut or not; whether it came to its end."""
    if cut is not None:
        store.supply.arm(cut)
    try:
        intake.take_in(scene.board(store))
    except PowerLost:
        return False
    finally:
        store.supply.arm()
    return True


def survives(scene: Scene, cut: Cut, again: Cut | None) -> str:
    """What is wrong after a cut, and perhaps another in the start after it; "" where nothing is."""
    store = copy.deepcopy(scene.store)
    start(scene, store, cut)
    # The first of both brings the root record before the library that it vouches for.
    between = (*scene.old[:2], scene.new[2])
    if state(store) not in (scene.old, scene.new, between):
        return f"{scene.name}: {cut}: neither the old nor the new"
    if again is not None:
        start(scene, store, again)
        if state(store) not in (scene.old, scene.new, between):
            return f"{scene.name}: {cut}, then {again}: neither the old nor the new"
    areas, owed = intake.take_in(scene.board(store))
    if state(store) != scene.new:
        return f"{scene.name}: {cut}, {again}: the new one never comes"
    if list(areas) != list(intake.AREAS):
        return f"{scene.name}: {cut}, {again}: one copy alone is left"
    if owed is None or any(end[1:3] != b"\0\0" for end in owed.ends):
        return f"{scene.name}: {cut}, {again}: nobody is told"
    return ""


@claim(
    "library-power-cuts",
    "Power cut before, within or after any store operation of taking a drug library, a root record, or the first of "
    "both at the local port, once or twice, leaves the old one or the new one, whole and verified; the start after it "
    "ends what was begun, in two copies, and the audit is told.",
    mutants={name: partial(str, name) for name in _MUTANTS},
)
def library_power_cuts(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Every operation of a start that takes something; a few bytes of each, or `deep` 160."""
    rng = random.Random(_SEED)
    wrong: list[str] = []
    survived = lost = 0
    made = scenes()
    with _with(subject):
        for place, scene in enumerate(made):
            done = operations(scene)
            for number, cut in enumerate(cuts(done, _PLACES_DEEP if deep else _PLACES, rng)):
                report(place, len(made))
                again = None
                if number % _AGAIN == 0:
                    again = Cut(rng.randint(1, len(done)), TORN, rng.randrange(300), number)
                found = survives(scene, cut, again)
                lost += bool(found)
                survived += not found
                if found:
                    wrong.append(found)
                    if subject is not None:
                        return Outcome(False, found, {"wrong": wrong})
    figure = f"{survived + lost:,} cut, {survived:,} survived"
    return Outcome(not wrong, figure, {"cut": survived + lost, "survived": survived, "wrong": wrong[:50]})
