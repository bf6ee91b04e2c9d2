"""Builds the firmware with stand-ins for some of its controls, in this process: the composition root of weakened pumps.

`weakened(names)` gives what World, Bench and `play` take as `make_app`. A class of the firmware that several stand-ins
replace is composed of them; what nothing replaces is the firmware's own. No stand-in is part of a device's build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from firmware import intake, settling
from firmware.app import App
from firmware.intake import Libraries
from firmware.main import audit_for
from firmware.settling import Settling
from firmware.therapy.bolus import Window
from firmware.therapy.controller import Controller
from firmware.therapy.delivery import Delivery
from firmware.therapy.dosing import Dosing
from firmware.therapy.glass import Glass
from firmware.therapy.grants import Grant
from firmware.therapy.guardian import Guardian
from firmware.therapy.keeper import Keeper
from firmware.therapy.mailbox import Mailbox
from firmware.therapy.plausible import Plausible
from firmware.therapy.prepared import Prepared
from firmware.therapy.prescribe import Prescriber
from firmware.therapy.remote import Remote
from firmware.therapy.resume import Past
from firmware.trust.approvals import Approvals
from firmware.trust.bedside import Bedside, Tries
from firmware.trust.card import Desk
from firmware.trust.closed import is_provisioned
from firmware.trust.countwatch import CountWatch
from firmware.trust.credentials import Credentials, Record
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.keyring import Keyring
from firmware.trust.noting import Allowance, Noting
from firmware.trust.request import Request
from firmware.trust.roles import Roles
from firmware.trust.seconds import Seconds
from firmware.trust.session import Counters, Session
from firmware.trust.verdict import Tally
from firmware.update import manifest, processor, suit
from firmware.update.manifest import Manifest
from firmware.update.processor import Processor
from firmware.update.suit import Opening
from simulator.attack.controls.table import CONTROLS, in_order
from simulator.devices.parts import SimLink, SimWatchdog
from simulator.standins.gatekeeper import ScriptedGatekeeper

# What a stand-in may replace, by the name that it calls it.
PARTS: dict[str, type] = {
    "libraries": Libraries, "manifest": Manifest, "opening": Opening, "processor": Processor, "settling": Settling,
    "app": App, "allowance": Allowance, "approvals": Approvals, "audit": Noting, "bedside": Bedside,
    "card tries": Tries, "controller": Controller, "count": CountWatch, "counters": Counters,
    "credentials": Credentials, "desk": Desk, "dose": Delivery, "dosing": Dosing, "gatekeeper": Gatekeeper,
    "glass": Glass, "grant": Grant, "guardian": Guardian, "keyring": Keyring, "link": SimLink, "mailbox": Mailbox,
    "past": Past,
    "plausible": Plausible, "prepared": Prepared, "prescriber": Prescriber, "record": Record, "remote": Remote,
    "request": Request, "roles": Roles, "seconds": Seconds, "session": Session, "tally": Tally, "tries": Tries,
    "watchdog": SimWatchdog, "window": Window,
}  # fmt: skip
# Where the firmware looks for what goes through a drug library that was carried here; another is there meanwhile.
SEATS = (
    (intake, "Libraries", "libraries"), (settling, "Settling", "settling"), (suit, "Opening", "opening"),
    (manifest, "Manifest", "manifest"), (processor, "Processor", "processor"),
)  # fmt: skip
MakeApp = Callable[[Any], Any]


class Parts:
    """The classes of one weakened pump. spied: where spies put the names of controls that said no; None: no spies."""

    def __init__(self, names: Iterable[str], spied: set[str] | None = None) -> None:
        taken = in_order(names)
        self._kinds: dict[str, list[type]] = {}
        for control in CONTROLS.values():
            for standin in control.standins:
                kind = standin.kind if control.name in taken else standin.spy if spied is not None else None
                if kind is not None and kind is not PARTS[standin.part]:
                    self._kinds.setdefault(standin.part, []).append(kind)
        self._spied = spied
        self._made: dict[str, type] = {}

    def changes(self, part: str) -> bool:
        """Whether a part is another than the firmware's."""
        return part in self._kinds

    def of(self, part: str) -> Any:
        """The class of a part: the firmware's own where nothing replaces it or looks at it."""
        base = PARTS[part]
        if part not in self._kinds:
            return base
        if part not in self._made:
            kinds = tuple(dict.fromkeys(self._kinds[part]))
            space: dict[str, Any] = {"__slots__": ()}
            if self._spied is not None:
                space["spied"] = self._spied
            self._made[part] = type(f"Weaker{base.__name__}", kinds, space)
        return self._made[part]

    def fit(self, thing: Any, part: str) -> None:
        """Make an object that is there already one of its part's class."""
        if thing is not None and part in self._kinds and isinstance(thing, PARTS[part]):
            thing.__class__ = self.of(part)


def weakened(names: Iterable[str], spied: set[str] | None = None) -> MakeApp:
    """Return what builds a pump without the controls `names`. ValueError for a name that there is not.

    Controls of the site are left to the stage (simulator.scenario.stage.Stage, `lacking`).
    """
    parts = Parts(names, spied)
    return lambda board: _build(board, parts)


def _build(board: Any, parts: Parts) -> Any:
    parts.fit(board.link, "link")
    parts.fit(board.watchdog, "watchdog")
    judges = is_provisioned(board.store)
    gatekeeper = _gatekeeper(board, parts) if judges else ScriptedGatekeeper()
    app = parts.of("app")(
        board, gatekeeper, dosing=parts.of("dosing")(), guardian=parts.of("guardian")(board.head),
        make_keeper=lambda its_board, therapy: Keeper(its_board, therapy, make_past=parts.of("past")),
    )  # fmt: skip
    _fit_therapy(app, parts)
    return app


def _fit_therapy(app: Any, parts: Parts) -> None:
    controller = app.controller
    where: Mapping[str, Any] = {
        "controller": controller, "mailbox": controller.mailbox, "dose": controller.dose, "glass": controller.glass,
        "grant": controller._grant, "plausible": controller.detectors.plausible, "window": controller.dose.window,
        "prepared": app.programming.prepared, "remote": app.remote,
    }  # fmt: skip
    for part, thing in where.items():
        parts.fit(thing, part)
    app.programming.prescriber = parts.of("prescriber")
    app._post = controller.mailbox.post


@contextmanager
def _seated(parts: Parts) -> Iterator[None]:
    """Each seat holds the class of its part, until the end of the block."""
    before = [getattr(module, name) for module, name, _ in SEATS]
    for module, name, part in SEATS:
        setattr(module, name, parts.of(part))
    try:
        yield
    finally:
        for (module, name, _), kind in zip(SEATS, before, strict=True):
            setattr(module, name, kind)


def _gatekeeper(board: Any, parts: Parts) -> Any:
    with _seated(parts):
        areas, owed = intake.take_in(board)

    class Fitted(parts.of("gatekeeper")):  # type: ignore[misc]
        """Fits what it makes for itself once it has a record."""

        def _take_record(self) -> None:
            super()._take_record()
            parts.fit(self.credentials.record, "record")
            if self.bedside is not None:
                self.bedside.__class__ = fitted_bedside
                parts.fit(self.bedside._tries, "tries")

        def _open(self) -> None:
            super()._open()
            parts.fit(self.keyring, "keyring")

    class FittedBedside(parts.of("bedside")):  # type: ignore[misc]
        """Likewise with its first card."""

        __slots__ = ()

        def _greet(self, now_s: int) -> None:
            super()._greet(now_s)
            parts.fit(self._desk, "desk")
            parts.fit(self._desk.tries, "card tries")

    fitted_bedside = FittedBedside
    audit = audit_for(board.store)
    made = Fitted(board, audit)
    if audit is not None:
        parts.fit(audit, "audit")
        for allowance in (audit._accepted, audit._trusting, audit._logging_in):
            parts.fit(allowance, "allowance")
    made.library_areas = areas
    if audit is not None:
        audit.owed = owed
    elif owed is not None:
        owed.told()
    made.make_request = parts.of("request")
    made.session = parts.of("session")()
    made.session.counters = parts.of("counters")()
    made.approvals = parts.of("approvals")()
    for part, thing in (
        ("roles", made.roles), ("tally", made.tally), ("seconds", made.seconds), ("credentials", made.credentials),
        ("count", made._count),
    ):  # fmt: skip
        parts.fit(thing, part)
    return made
