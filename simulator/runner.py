"""Runs a programme and gathers what people, reports and tests want to know of it."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from simulator.files.programme import Programme, find_programme, load_programme
from simulator.names import ALARMS, PRIORITIES, told
from simulator.patient import Patient, PkModel, model_for
from simulator.world import World

Progress = Callable[[float, float], None]
_FLOWING = (t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO)
_ORDERED_BY_NOBODY = (t.ST_STOPPED, t.ST_SELF_TEST)
_SIGNALS = (
    "t_s", "prescribed_ul_h", "delivered_ul_h", "commanded_ul", "delivered_ul", "down_mmhg", "plasma", "effect",
)  # fmt: skip


@dataclass
class RunResult:
    """What a run was and what came of it. Times are seconds of the run, volumes µL unless named."""

    scenario: str
    title: str
    seed: int
    home: str
    simulated_s: float = 0.0
    wall_s: float = 0.0
    trace_sha256: dict[str, str] = field(default_factory=dict)
    signals: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _SIGNALS})
    units: dict[str, str] = field(default_factory=dict)
    states: list[tuple[float, str, str]] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    signs: list[tuple[float, str]] = field(default_factory=list)  # what lamp and sounder tell, from then on
    disturbances: list[tuple[float, str]] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    pressure_limit_mmhg: int = 0
    max_overdelivery_ml: float = 0.0
    prescribed_ml: float = 0.0
    delivered_ml: float = 0.0

    @property
    def dose_error_pct(self) -> float:
        """Delivered against prescribed volume, in per cent of the prescribed."""
        if self.prescribed_ml == 0:
            return 0.0
        return 100 * (self.delivered_ml - self.prescribed_ml) / self.prescribed_ml

    def json(self) -> dict[str, Any]:
        """The run as documented in docs/simulator.md; a stable set of keys."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "home": self.home,
            "trace_sha256": self.trace_sha256,
            "simulated_s": self.simulated_s,
            "wall_s": round(self.wall_s, 3),
            "delivered_ml": round(self.delivered_ml, 6),
            "prescribed_ml": round(self.prescribed_ml, 6),
            "dose_error_pct": round(self.dose_error_pct, 4),
            "max_overdelivery_ml": round(self.max_overdelivery_ml, 6),
            "alarms": self.alarms,
            "trust": [{"time_s": at, "state": trust} for at, _, trust in self.states],
            "delivery": [{"time_s": at, "state": delivery} for at, delivery, _ in self.states],
            "phases": self.phases,
        }


def patient_model(programme: Programme) -> PkModel | None:
    """The published model of the programme's drug in its patient, None where there is none."""
    person = programme.patient
    patient = Patient(
        weight_kg=(person.weight_g or 70_000) / 1000,
        age_years=person.age_years,
        sex=person.sex,
        height_cm=person.height_cm,
    )
    return model_for(programme.drug.name, patient)


class Recorder:
    """Watches a world once a second. What flow was meant is told apart from what flowed.

    Prescribed is the rate that the pump is asked for; through a stop that nobody ordered (a
    hazard, a loss of power, a reset) it goes on, through a pause it does not.
    """

    def __init__(self, world: World, result: RunResult) -> None:
        self._world = world
        self.result = result
        self._therapy = 0
        self._trust = 0
        self._open: dict[int, dict[str, Any]] = {}
        self._state: tuple[int, int] | None = None
        self._sign = told(0, 0)
        self._rate = 0
        self._before_ul = 0.0
        self._prescribed_ul = 0.0
        self._last_s = 0.0
        self._model = patient_model(world.programme)
        # Sub-units of the library are nanograms for drugs by mass; the models take micrograms.
        mixture = world.programme.drug.concentration
        self._ug_per_ul = mixture.per_ml / 1_000_000 if mixture is not None else 0.0

    @property
    def unit(self) -> str:
        """Of the patient model's concentrations; empty where the drug has no model."""
        return self._model.unit if self._model is not None else ""

    def second(self, world: World) -> None:
        """Take a sample; called on every full second."""
        status = world.status
        now_s = world.clock.ms / 1000
        step_s = now_s - self._last_s
        self._last_s = now_s
        delivery = status.delivery
        if delivery in _FLOWING:
            self._rate = status.rate_ul_h
        elif delivery not in _ORDERED_BY_NOBODY and not status.therapy_alarms >> al.AL_WAITS & 1:
            self._rate = 0
        delivered = world.delivered_ul()
        self._prescribed_ul += self._rate * step_s / 3600
        self._sample(now_s, step_s, delivered)
        self._note_state(now_s, delivery, status.trust)
        if status.therapy_alarms != self._therapy or status.trust_alarms != self._trust:
            self._note_alarms(now_s, status)
        sign = told(status.priority, status.silenced)
        if sign != self._sign:
            self._note_sign(now_s, sign, status)

    def _sample(self, now_s: float, step_s: float, delivered: float) -> None:
        world = self._world
        signals = self.result.signals
        flow = (delivered - self._before_ul) * 3600 / step_s if step_s else 0.0
        signals["t_s"].append(now_s)
        signals["prescribed_ul_h"].append(self._rate)
        signals["delivered_ul_h"].append(flow)
        signals["commanded_ul"].append(self._prescribed_ul)
        signals["delivered_ul"].append(delivered)
        signals["down_mmhg"].append(world.plant.down_mmhg(world.clock.ms))
        if self._model is not None:
            self._model.advance((delivered - self._before_ul) * self._ug_per_ul / step_s, step_s)
            signals["plasma"].append(self._model.concentration)
            if self._model.effect_site is not None:
                signals["effect"].append(self._model.effect_site)
        self._before_ul = delivered
        over = (delivered - self._prescribed_ul) / 1000
        self.result.max_overdelivery_ml = max(self.result.max_overdelivery_ml, over)

    def _note_state(self, now_s: float, delivery: int, trust: int) -> None:
        if (delivery, trust) == self._state:
            return
        old = self._state
        self._state = (delivery, trust)
        names = (t.DELIVERY_NAMES[delivery], t.TRUST_NAMES[trust])
        self.result.states.append((now_s, *names))
        if old is None or old[0] != delivery:
            self.result.events.append((now_s, f"pump: delivery {names[0]}"))
        if old is None or old[1] != trust:
            self.result.events.append((now_s, f"pump: trust {names[1]}"))

    def _note_alarms(self, now_s: float, status: Any) -> None:
        masks = ((0, self._therapy, status.therapy_alarms), (al.TRUST_BASE, self._trust, status.trust_alarms))
        for base, old, new in masks:
            for bit in range(al.THERAPY_CODES):
                was, holds = old >> bit & 1, new >> bit & 1
                code = base + bit
                if holds and not was:
                    priority = PRIORITIES[al.traits(code) & 3]
                    alarm = {"time_s": now_s, "code": ALARMS[code], "priority": priority, "end_s": None}
                    self._open[code] = alarm
                    self.result.alarms.append(alarm)
                    self.result.events.append((now_s, f"pump: {priority} alarm, {ALARMS[code]}"))
                elif was and not holds:
                    self._open.pop(code)["end_s"] = now_s
        self._therapy = status.therapy_alarms
        self._trust = status.trust_alarms

    def _note_sign(self, now_s: float, sign: str, status: Any) -> None:
        self._sign = sign
        self.result.signs.append((now_s, sign))
        if status.alarm >= 0 and status.priority > al.traits(status.alarm) & 3:
            self.result.events.append((now_s, f"pump: {ALARMS[status.alarm]} rises to {PRIORITIES[status.priority]}"))
        self.result.events.append((now_s, f"pump: lamp and sound: {sign}"))

    def finish(self) -> RunResult:
        """Close the books: totals, phases between disturbances, hashes."""
        world, result = self._world, self.result
        result.prescribed_ml = self._prescribed_ul / 1000
        result.delivered_ml = world.delivered_ul() / 1000
        result.disturbances = list(world.happened)
        result.events += [(at, f"world: {text}") for at, text in world.happened]
        result.events.sort(key=lambda event: event[0])
        result.simulated_s = world.clock.ms / 1000
        result.trace_sha256 = world.trace.digest()
        result.units = {"plasma": self._model.unit, "effect": self._model.unit} if self._model else {}
        result.phases = phases(result)
        return result


def phases(result: RunResult) -> list[dict[str, Any]]:
    """Cut the run at its disturbances (those less than a minute apart make one cut)."""
    cuts: list[tuple[float, str]] = [(0.0, "start")]
    for at, text in result.disturbances:
        if at - cuts[-1][0] >= 60:
            cuts.append((at, text))
    seconds = result.signals["t_s"]
    found = []
    for place, (start, name) in enumerate(cuts):
        end = cuts[place + 1][0] if place + 1 < len(cuts) else result.simulated_s
        first, last = bisect_right(seconds, start) - 1, bisect_right(seconds, end) - 1
        volumes = []
        for signal in ("commanded_ul", "delivered_ul"):
            values = result.signals[signal]
            volumes.append((values[last] - (values[first] if first >= 0 else 0.0)) / 1000 if last >= 0 else 0.0)
        error = 100 * (volumes[1] - volumes[0]) / volumes[0] if volumes[0] else 0.0
        found.append(
            {
                "name": name,
                "start_s": start,
                "end_s": end,
                "prescribed_ml": round(volumes[0], 4),
                "delivered_ml": round(volumes[1], 4),
                "error_pct": round(error, 2),
            }
        )
    return found


def run(
    programme_path: str | Path,
    *,
    seed: int = 0,
    home: str = "cpython",
    near_wrap: bool = False,
    speed: float | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run a shipped programme (by name) or a file to its end.

    speed: simulated seconds a second, or None for as fast as it goes. progress(done_s,
    total_s) is called about once a simulated minute, or each second where speed is given.
    """
    programme = load_programme(find_programme(programme_path))
    result = RunResult(programme.name, programme.title, seed, home)
    total_s = programme.duration_ms / 1000
    begun = time.perf_counter()
    with World(programme, seed=seed, home=home, near_wrap=near_wrap) as world:
        recorder = Recorder(world, result)

        def second(_: World) -> None:
            recorder.second(world)
            now_s = world.clock.ms // 1000
            if progress is not None and (speed is not None or now_s % 60 == 0):
                progress(now_s, total_s)
            if speed is not None:
                time.sleep(max(0.0, begun + now_s / speed - time.perf_counter()))

        world.run(programme.duration_ms, second)
        result.pressure_limit_mmhg = programme.therapy.pressure or programme.drug.pressure
        finished = recorder.finish()
    finished.wall_s = time.perf_counter() - begun
    return finished
