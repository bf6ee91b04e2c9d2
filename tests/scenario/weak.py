"""Weaker pumps and worse worlds: for each shipped scenario, what makes which of its properties fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.app import App
from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from simulator.standins.gatekeeper import ScriptedGatekeeper
from tools.claims.forgery_mutants import MUTANTS
from tools.claims.limits import NeverLocksOut
from tools.claims.requests_wait import TakesAtOnce

Make = Callable[[Any], Any]


@dataclass(frozen=True)
class Weakness:
    """`edits` are made in the scenario's text, `make_app` builds the pump. fails: the properties that then must."""

    says: str
    fails: tuple[str, ...]
    edits: tuple[tuple[str, str], ...] = ()
    make_app: Make | None = None


def judging(name: str) -> Make:
    """A pump whose gatekeeper lacks a control, by its name among the forgeries' mutants."""
    return lambda board: App(board, MUTANTS[name].make(board, None))


class _ShowsOcclusion(App):  # type: ignore[misc]
    """Shows an occlusion and infuses."""

    def turn(self, *_: Any) -> None:
        App.turn(self)
        status = self.controller.status
        if status.delivery == t.ST_INFUSING:
            status.therapy_alarms |= 1 << al.AL_OCCLUSION_DOWN


class _StopsInSuspicion(App):  # type: ignore[misc]
    """Stops its motor while anything hostile is about."""

    def turn(self, *_: Any) -> None:
        App.turn(self)
        if self.controller.status.trust == t.TR_SUSPECT:
            self.drive.step_rate_mhz = 0
            self.board.write(self.drive)


class _Unmoved(ScriptedGatekeeper):  # type: ignore[misc]
    """Believes no evidence."""

    def step(self, inbox: Any, facts: Any, readings: Any, post: Any) -> None:
        inbox.take(self._bytes)


def _never_locked_out(board: Any) -> Any:
    app = App(board, ScriptedGatekeeper())
    app.controller.dose.__class__ = NeverLocksOut
    return app


def _taken_at_once(board: Any) -> Any:
    app = judging("refusals are not audited")(board)
    app.remote.__class__ = TakesAtOnce
    return app


def _faults(*items: str) -> tuple[str, str]:
    return "properties:", "faults:\n" + "".join(f"  - {{{item}}}\n" for item in items) + "properties:"


def _also(before: str, item: str) -> tuple[str, str]:
    """Another item of the timeline, in front of one that is there."""
    return f"  - {{at: {before}", f"  - {{{item}}}\n  - {{at: {before}"


WEAKNESSES: dict[str, tuple[Weakness, ...]] = {
    "occlusion-norepinephrine": (
        Weakness("the sensor is stuck, and nobody comes", ("occlusion-told", "pressure-bounded", "flows-again"),
                 (_faults("at: 4 min, fault: down_pressure_stuck"), ("{at: 9 min, do: clear", "{at: 11 min, do: clear"),
                  ("9 min 10 s, do: press", "11 min 10 s, do: press"),
                  ("9 min 12 s, do: press", "11 min 12 s, do: press"))),
        Weakness("a pump that infuses while it shows the alarm", ("stops-when-told",), (),
                 lambda board: _ShowsOcclusion(board, ScriptedGatekeeper())),
        Weakness("the line runs freely once it is open", ("no-bolus",),
                 (_also("9 min 10 s", "at: 9 min, do: free_flow_on"),)),
    ),
    "link-lost": (
        Weakness("the link reads as up", ("offline-told",), (_faults("at: 2 min, fault: link_says_up"),)),
        Weakness("an occlusion that nobody mends", ("never-stops", "rate-holds", "dose-holds", "told-low"),
                 (_also("9 min, do: link_up", "at: 4 min, do: occlude_downstream"),)),
        Weakness("no authenticated traffic comes", ("back-to-normal",), (("  - {at: 9 min, do: authentic}\n", ""),)),
    ),
    "compromise-pca": (
        Weakness("a pump that believes no evidence", ("isolated", "told"), (),
                 lambda board: App(board, _Unmoved())),
        Weakness("somebody pauses the pump", ("basal-goes-on", "bolus-still-works"),
                 (_also("9 min", "at: 8 min, do: press, key: pause"),)),
        # The guardian notices and cuts the power: a bolus too many begins and none is completed.
        Weakness("a lock-out that never begins", ("lock-out-holds",), (), _never_locked_out),
        Weakness("the syringe empties itself", ("dose-bounded",), (_also("9 min", "at: 8 min, do: free_flow_on"),)),
    ),
    "forged-titration": (
        Weakness("the MAC is not checked", ("forged-refused", "forged-noticed", "dose-untouched"), (),
                 judging("the MAC is not checked")),
        Weakness("an occlusion while nobody looks", ("dose-holds", "never-stops"),
                 (_also("3 min, do", "at: 2 min 55 s, do: occlude_downstream"),)),
    ),
    "replayed-titration": (
        Weakness("no counter", ("replay-refused", "not-shown", "rate-stays", "dose-untouched"), (),
                 judging("no counter")),
        Weakness("nothing is hostile, and nobody confirms", ("repeats-noticed", "asked-for-once"),
                 (("2 min 4 s, do: press, key: confirm", "2 min 4 s, do: press, key: audio_pause"),),
                 judging("nothing is hostile")),
    ),
    "delayed-titration": (
        Weakness("requests do not expire", ("late-refused", "rate-stays"), (), judging("requests do not expire")),
    ),
    "stolen-shift-key": (
        Weakness("a titration is taken at once", ("nothing-by-itself", "dose-untouched"), (), _taken_at_once),
        Weakness("a key that is not good", ("key-is-good", "shown-and-forgotten", "stop-rings"),
                 (("dose: 0.3 ug/kg/min, flaw: none", "dose: 0.3 ug/kg/min, flaw: made_up_key"),)),
    ),
    "flood": (
        Weakness("a pump that stops in suspicion", ("dose-untouched", "flows-again"), (),
                 lambda board: _StopsInSuspicion(board, MUTANTS["refusals are not audited"].make(board, None))),
        Weakness("nothing is hostile", ("flood-refused",), (), judging("nothing is hostile")),
        Weakness("the sensor is stuck and nothing is sent", ("occlusion-told", "hears-again"),
                 (_faults("at: 2 min, fault: down_pressure_stuck", "at: 11 min, fault: link_mute"),)),
    ),
}  # fmt: skip
