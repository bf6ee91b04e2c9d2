"""One pump, several faults, keys and resets, and what must hold all the while whatever they are.

Judged by the plant and by what a person ordered, never by the pump's own account of its dose:

- **Over-delivery.** What the screw gives beyond the rate that the shown state may have, and a bolus
  that somebody pressed, summed up and never below nothing, stays within the bound. The bound of
  several faults is the sum of each one's own: what one costs before it is found, and no more,
  since each is found apart. None is claimed where one fault makes the flow and another takes away
  what would end it (`unbounded`): a generator that runs away and a relay that is welded shut.
- **Under-delivery.** A pump that shows a flow and gives less says so in time.
- **Never stuck in silence.** A pump that stands, and was not told to, sounds.
- **Stop.** The motor stands within 100 ms, and stays so until somebody starts it.
"""

from __future__ import annotations

from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal import ports
from simulator.faults import KINDS
from simulator.faults.sensors import KEYS
from simulator.world import World
from tools.fault_cells import APART_UL, BOUND_SLOW_UL, BOUND_UL, GATE_MS, SLOW_UL_H, TICK_MS
from tools.fault_notation import faults
from tools.fault_pumps import Stands, drug_of

# What may make flow that nobody asked for …
CAUSES = {
    "generator_runs_away", "generator_ignores_lease", "generator_double", "dosing_doubles", "dosing_jitters",
    "dosing_freezes", "clock_runs_off",
}  # fmt: skip
# … and what may keep another from ending it: the guardian, its eyes, its hand, and the third witness of time.
BARRIERS = {
    "relay_welded", "guardian_blind", "encoder_stuck", "encoder_half", "encoder_jump", "guardian_eye_flipped",
    "guardian_steps_flipped", "guardian_course_flipped", "guardian_state_flipped", "rtc_absent", "rtc_stands",
}  # fmt: skip
APART = {"generator_runs_away", "generator_ignores_lease"}
# Short of this, and of so many seconds' flow, a pump that shows a flow need not say that it gives less.
SHORT_UL = 80.0
SHORT_S = 12.0
# A person was told, or told the pump, not longer ago.
SILENCE_MS = 130_000
# A pump that failed looks once a second whether it still sounds.
FAILED_MS = 1_500
# What must end the flow, where nothing hides it, after a stall of 2 s and a second.
HAZARDS = {
    "door_opened": {"door_says_closed"},
    "clamp_lifted": {"clamp_says_closed"},
    "plunger_released": {"plunger_says_on"},
    "case_hot": {"temperature_stuck", "temperature_low", "sensors_silent"},
    "motor_flag_on": set(),
}
HAZARD_MS = 3_200
_IDLE_UL = 10.0  # of rounding, and of a rate that changes within a tick
_FLOWING = (t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO)
_PRIME_UL_H = {"syringe": 100_000, "volumetric": 600_000}
_BOLUS_KEYS = {ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS}


class Broken(AssertionError):
    """Something that must hold did not."""


def unbounded(struck: list[str]) -> bool:
    """Whether one of these makes the flow and another takes away what would end it."""
    return bool(CAUSES & set(struck)) and bool(BARRIERS & set(struck))


class Trial:
    """A pump that is being tried. Every method raises Broken where something did not hold."""

    def __init__(self, stands: Stands, state: str, policy: str, change: Any = None) -> None:
        self.drug = drug_of(policy)
        self.world: World = stands.world(state, policy)
        if change is not None:
            change(self.world.home.app)  # type: ignore[attr-defined]
        self.script: list[tuple[Any, ...]] = [("at", state, policy)]
        self.struck: list[str] = []
        self.bound_ul = _IDLE_UL
        self.excess_ul = 0.0
        self.most_ul = 0.0
        self._short_ul = 0.0
        self._credit_ul = self.drug.bolus_ml * 1000.0 if state == "bolus" else 0.0
        self._told_ms = self.world.clock.ms
        self._halted = False
        self._hazard_ms = dict.fromkeys(HAZARDS, self.world.clock.ms)
        self._state = self.world.status.delivery
        self._at = self.world.clock.ms
        self._given = self._position()

    # What happens.

    def inject(self, name: str, **values: Any) -> None:
        """Something breaks."""
        self.script.append(("inject", name, values))
        self.struck.append(name)
        self.bound_ul += self._bound_of(name)
        if name in ("key_alone", "key_stuck"):
            self._credit(KEYS[values.get("key", "start")])
        self.world.inject(name, **values)
        self._look()

    def clear(self, name: str) -> None:
        """Something is whole again."""
        self.script.append(("clear", name))
        self.world.clear(name)

    def press(self, key: str) -> None:
        """A person presses a key, and the pump takes a turn."""
        self.script.append(("press", key))
        self._credit(KEYS[key])
        self.world.press(KEYS[key])
        self._told_ms = self.world.clock.ms
        if key == "stop":
            self._stop()
        else:
            self._turn()

    def wait(self, ms: int) -> None:
        """Time passes."""
        self.script.append(("wait", ms))
        until = self.world.clock.ms + ms
        while self.world.clock.ms < until:
            self._turn()

    def mend(self) -> None:
        """All is whole again, and a person comes: it flows, has ended, or says why not."""
        self.script.append(("mend",))
        self.world.faults.clear_all()
        for key in ("stop_released", "door_close", "clamp_close", "plunger_on"):
            self.world.disturb(key)
        for _ in range(50):
            self._turn()
        for key in ("acknowledge", "start"):
            self._credit(KEYS[key])
            self.world.press(KEYS[key])
        for _ in range(30):
            self._turn()
        status = self.world.status
        standing = status.delivery in (t.ST_PAUSED, t.ST_STOPPED, t.ST_FAILED)
        if standing and not status.message and status.priority < al.PRIORITY_MEDIUM:
            raise Broken(f"mended and started, it stands in {t.DELIVERY_NAMES[status.delivery]} and says nothing")

    # What must hold.

    def _turn(self) -> None:
        try:
            self.world.tick()
        except Broken:
            raise
        except Exception as escaped:
            raise Broken(f"{type(escaped).__name__} left the firmware: {escaped}") from escaped
        self._look()

    def _look(self) -> None:
        world = self.world
        now = world.clock.ms
        given = self._position()
        moved, dt = given - self._given, now - self._at
        state = world.status.delivery
        self._given, self._at = given, now
        before, self._state = self._state, state
        if moved or dt:
            self._judge_excess(moved, dt, before, state)
        told = world.is_dark or world.status.priority >= al.PRIORITY_MEDIUM
        if told:
            self._told_ms = now
            self._short_ul = 0.0
        elif state in _FLOWING and before in _FLOWING:
            self._judge_short(moved, dt, state)
        elif state in (t.ST_PAUSED, t.ST_STOPPED, t.ST_FAILED, t.ST_COMPLETE) and now - self._told_ms > SILENCE_MS:
            raise Broken(f"it stands in {t.DELIVERY_NAMES[state]} and says nothing")
        if state == t.ST_FAILED and now - self._told_ms > FAILED_MS:
            raise Broken("failed, and nothing sounds")
        if dt <= HAZARD_MS:  # past that the motor stands by its lease, and what is shown is of before
            self._judge_hazards(now, state)

    def _judge_excess(self, moved: float, dt: int, before: int, state: int) -> None:
        rate = 0 if self._halted else max(self._rate(before), self._rate(state))
        over = moved - rate * dt / 3_600_000
        if over > 0 and self._credit_ul > 0:
            used = min(over, self._credit_ul)
            self._credit_ul -= used
            over -= used
        self.excess_ul = max(self.excess_ul + over, 0.0)
        if unbounded(self.struck):
            self.excess_ul = 0.0
            return
        self.most_ul = max(self.most_ul, self.excess_ul)
        if self.excess_ul > self.bound_ul:
            raise Broken(f"{self.excess_ul:.0f} µL too much, {self.bound_ul:.0f} at most")

    def _judge_short(self, moved: float, dt: int, state: int) -> None:
        rate = self._rate(state)
        self._short_ul = max(self._short_ul + rate * dt / 3_600_000 - moved, 0.0)
        if self._short_ul > SHORT_UL + SHORT_S * rate / 3600:
            raise Broken(f"{self._short_ul:.0f} µL too little, and nobody was told")

    def _judge_hazards(self, now: int, state: int) -> None:
        for name, hides in HAZARDS.items():
            there = name in self.world.faults.active and not hides & set(self.struck)
            if not there or state not in _FLOWING:
                self._hazard_ms[name] = now
            elif now - self._hazard_ms[name] > HAZARD_MS:
                raise Broken(f"it flows on in spite of {name}")

    def _stop(self) -> None:
        """The motor must stand within 100 ms, by the gate if by nothing else."""
        pressed = self.world.clock.ms // TICK_MS * TICK_MS + TICK_MS
        self._turn()
        generator = self.world.plant.generator
        if "gate_dead" in self.struck or self.world.is_dark:
            return
        if generator.running(self.world.clock.ms) and self.world.clock.ms - pressed >= GATE_MS:
            raise Broken("the motor runs after Stop")
        self._halted = True

    # What was ordered.

    def _credit(self, key: int) -> None:
        if key == ports.KEY_START:
            self._halted = False
        elif key in _BOLUS_KEYS:
            self._credit_ul = self.drug.bolus_ml * 1000.0

    def _rate(self, state: int) -> int:
        drug = self.drug
        if state in (t.ST_INFUSING, t.ST_BOLUS):
            return drug.rate * 1000
        if state == t.ST_KVO:
            return drug.kvo * 1000
        return _PRIME_UL_H[drug.head] if state == t.ST_PRIMING else 0

    def _bound_of(self, name: str) -> float:
        if name in APART:
            return APART_UL[self.drug.head]
        flow = self._rate(self._state)
        if self._state == t.ST_BOLUS or self._credit_ul > 0:
            flow += self.drug.bolus_rate * 1000
        return BOUND_SLOW_UL if flow <= SLOW_UL_H else BOUND_UL

    def _position(self) -> float:
        """What the screw has given, µL: no ripple, no line between."""
        plant = self.world.plant
        return plant.encoder(self.world.clock.ms) * plant.config.step_ul


def replay(script: list[tuple[Any, ...]], stands: Stands | None = None, change: Any = None) -> Trial:
    """Try once more what a script says; raises Broken as it did."""
    (_, state, policy), *rest = script
    trial = Trial(stands or Stands(), state, policy, change)
    for what, *arguments in rest:
        if what == "inject":
            name, values = arguments
            trial.inject(name, **values)
        else:
            getattr(trial, what)(*arguments)
    return trial


def kinds_by_place(head: str) -> dict[str, list[str]]:
    """The kinds of fault that a head can have, by where they strike."""
    elsewhere = {fault.kind for fault in faults() if fault.head not in ("", head)}
    found: dict[str, list[str]] = {}
    for kind in KINDS.values():
        if kind.name not in elsewhere:
            found.setdefault(kind.where, []).append(kind.name)
    return found
