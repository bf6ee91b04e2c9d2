"""A run made up for the report's tests: eight hours with everything that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, sin


@dataclass
class Example:
    """What `simulator.runner.RunResult` looks like to the report."""

    scenario: str = "norepinephrine-8h"
    title: str = "Norepinephrine through a day that goes wrong"
    seed: int = 7
    home: str = "cpython"
    trace_sha256: dict = field(default_factory=lambda: {"therapy": "ab" * 32, "trust": "cd" * 32})
    simulated_s: float = 28_800.0
    wall_s: float = 9.5
    signals: dict = field(default_factory=dict)
    units: dict = field(default_factory=lambda: {"plasma": "ng/mL", "effect": "ng/mL"})
    states: list = field(default_factory=list)
    alarms: list = field(default_factory=list)
    disturbances: list = field(default_factory=list)
    events: list = field(default_factory=list)
    phases: list = field(default_factory=list)
    pressure_limit_mmhg: int = 300
    prescribed_ml: float = 52.5
    delivered_ml: float = 52.31
    max_overdelivery_ml: float = 0.021

    def json(self) -> dict:
        return {"scenario": self.scenario, "seed": self.seed}


def eight_hours(step_s: int = 1) -> Example:
    run = Example()
    run.signals = _signals(step_s)
    run.states = [
        (0.0, "self-test", "normal"), (4.0, "programming", "normal"), (30.0, "infusing", "normal"),
        (3610.0, "infusing", "offline"), (7200.0, "infusing", "normal"), (9000.0, "infusing", "suspect"),
        (9600.0, "infusing", "normal"), (10_800.0, "infusing", "isolated"), (18_300.0, "stopped", "isolated"),
        (18_600.0, "infusing", "isolated"),
    ]  # fmt: skip
    run.alarms = [
        {"time_s": 3610.0, "code": "network lost", "priority": "low", "end_s": 7200.0},
        {"time_s": 9000.0, "code": "hostile traffic began", "priority": "medium", "end_s": 9060.0},
        {"time_s": 9060.0, "code": "hostile traffic", "priority": "low", "end_s": 9600.0},
        {"time_s": 10_800.0, "code": "security layer compromised, pump isolated", "priority": "medium", "end_s": None},
        {"time_s": 18_300.0, "code": "downstream occlusion", "priority": "high", "end_s": 18_580.0},
    ]
    run.disturbances = [
        (3600.0, "link lost"), (7200.0, "link back"), (9000.0, "hostile traffic"),
        (10_800.0, "security layer compromised"), (18_000.0, "line clamped"), (18_560.0, "clamp opened"),
        (18_600.0, "nurse restarts"), (21_600.0, "cable plugged in again"),
    ]  # fmt: skip
    run.events = [(at, f"world: {text}") for at, text in run.disturbances]
    run.events += [(at, f"pump: delivery {name}") for at, name, _ in run.states]
    run.events.sort()
    cuts = [0.0, *(at for at, _ in run.disturbances if at != 18_600.0), 28_800.0]
    names = ["start", *(text for at, text in run.disturbances if at != 18_600.0)]
    for start, end, name in zip(cuts[:-1], cuts[1:], names, strict=True):
        meant = 6.5625 * (end - start) / 3600
        error = -18.4 if name == "line clamped" else 0.31 - start / 90_000
        phase = {"name": name, "start_s": start, "end_s": end, "prescribed_ml": meant}
        run.phases.append({**phase, "delivered_ml": meant * (1 + error / 100), "error_pct": error})
    return run


def _signals(step_s: int) -> dict:
    names = ["t_s", "prescribed_ul_h", "delivered_ul_h", "commanded_ul", "delivered_ul", "down_mmhg"]
    names += ["plasma", "effect"]
    signals: dict[str, list[float]] = {name: [] for name in names}
    meant = given = plasma = effect = 0.0
    for t in range(step_s, 28_801, step_s):
        rate = 6562.0 if t > 30 else 0.0
        blocked, stopped = 18_000 <= t < 18_300, 18_300 <= t < 18_600
        flow = 0.0 if blocked or stopped else rate * (1 + 0.02 * sin(t / 40.0)) * (1 - exp(-max(0, t - 30) / 60))
        pressure = 300.0 * (t - 18_000) / 300 if blocked else (20.0 if stopped else 8.0 + 0.6 * sin(t / 40.0))
        meant += rate * step_s / 3600
        given += flow * step_s / 3600
        plasma += step_s * (flow * 64 / 3600 / 1000 / 8.66 - plasma * 0.00577)
        effect += step_s * (plasma - effect) * 0.002
        row = (float(t), rate, flow, meant, given, pressure, plasma, effect)
        for name, value in zip(names, row, strict=True):
            signals[name].append(value)
    return signals
