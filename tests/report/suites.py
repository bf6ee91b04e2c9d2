"""A made-up suite of attacks: many of everything, each verdict, names that try to be markup. Nothing was played."""

from __future__ import annotations

from itertools import combinations
from random import Random

from simulator.attack import results as rs

LAYERS = ("network", "message", "time", "person", "bedside", "limits", "therapy", "runtime", "evidence", "update")
CONTROLS = (
    "client-certificate", "broker-acl", "request-mac", "per-pump-key", "addressee", "freshness", "counter", "expiry",
    "role-check", "two-person", "bedside-confirmation", "shown-first", "hard-limits", "lock-out", "guardian",
    "partition", "rate-limit", "audit-chain", "update-signature", "rollback-floor",
)  # fmt: skip
POSITIONS = ("network", "on-path", "stolen-shift-key", "broker", "bedside", "flash", "update-server")
EVIL = "<script>alert(1)</script>"


def suite(attacks: int = 60, controls: int = 20, seed: int = 0) -> rs.Suite:
    """A suite of a size; the same each time."""
    random = Random(seed)
    names = [*CONTROLS, *(f"spare-{place}" for place in range(controls - len(CONTROLS)))][:controls]
    known = tuple(
        rs.ControlSaid(name, f"what {name} does", f"firmware.trust.{name.replace('-', '_')}",
                       LAYERS[place * len(LAYERS) // controls])
        for place, name in enumerate(names)
    )  # fmt: skip
    said, runs, minimal, cells = [], [], [], []
    for place in range(attacks):
        attack = _attack(place, names, random)
        said.append(attack)
        sets = _sets(place, names, random)
        reason = "" if sets else "it is no attack on the dose: without any control the dose is what it was"
        minimal.append(rs.MinimalSets(attack.id, 0, sets, 3, reason, 12))
        runs += [_run(attack, seed, home, (), rs.BLOCKED) for seed, home in ((0, "cpython"), (1, "micropython"))]
        legacy = rs.DOSE if sets and place % 3 else (rs.BITES, rs.HARM, rs.BLOCKED)[place % 3]
        runs.append(_run(attack, 0, "cpython", tuple(names), legacy, "legacy"))
        if sets:
            runs.append(_run(attack, 0, "cpython", sets[0], rs.DOSE))
        cells.append(rs.Cell(attack.id, (attack.control,), rs.BITES, False, False, 0.0))
    return rs.Suite(
        known, tuple(said), tuple(runs), tuple(minimal), tuple(cells), (), {"legacy": tuple(names)}, 27.4
    )


def _attack(place: int, names: list[str], random: Random) -> rs.AttackSaid:
    title = f"The {place + 1}. attack, told in a line that says what is done to whom"
    title += f" {EVIL}" if not place else ""
    return rs.AttackSaid(
        id=f"attack-{place + 1:02}-{random.choice(('replayed', 'forged', 'delayed', 'flooded'))}", title=title,
        story="Somebody does something at a bad moment. " * 4, positions=(random.choice(POSITIONS),),
        control=names[place % len(names)], property="forged-refused",
        references={"advisory": ["ICSMA-16-279-01", "18-235-01"], "cve": ["CVE-2016-5085"], "cwe": ["CWE-294"],
                    "emb3d": ["TID-221"], "attack": ["T0855", "T0843.001"]},
        programme="norepinephrine-8h", drug="norepinephrine", policy="sustain", duration_s=480.0, begins_s=120.0,
    )  # fmt: skip


def _sets(place: int, names: list[str], random: Random) -> tuple[tuple[str, ...], ...]:
    if place % 7 == 6:
        return ()
    size = 1 if place % 20 == 3 else random.choice((2, 2, 3))
    found = random.sample(list(combinations(names[: 12 + place % 9], size)), random.choice((1, 1, 2, 4)))
    own = names[place % len(names)]
    return tuple(dict.fromkeys((own, *[name for name in one if name != own][: size - 1]) for one in found))


def _run(
    attack: rs.AttackSaid, seed: int, home: str, ablated: tuple[str, ...], verdict: str, profile: str = ""
) -> rs.AttackRun:
    t_s = [float(at) for at in range(0, 481, 4)]
    honest = [6.562 * at / 3600 for at in t_s]
    more = 0.011 if verdict == rs.DOSE else 0.0
    given = [due + more * max(0.0, at - attack.begins_s) / 10 for at, due in zip(t_s, honest, strict=True)]
    shift = given[-1] - honest[-1]
    told = (
        rs.PropertyResult("forged-refused", "security", "no request is accepted", "always (hostile_accepted < 1)",
                          False, verdict == rs.BLOCKED, 1.0 if verdict == rs.BLOCKED else -1.0, "", 130.0),
        rs.PropertyResult("dose-holds", "safety", "the dose holds", "always (abs(dose_error) < 5 %)", True,
                          verdict != rs.DOSE, 2.5 if verdict != rs.DOSE else -14.0, "%", 470.0),
    )  # fmt: skip
    dose = rs.Dose(given[-1], honest[-1], 100 * shift / honest[-1], shift, honest[-1], honest[-1], shift, 470.0, 0.033,
                   verdict == rs.DOSE)  # fmt: skip
    return rs.AttackRun(
        attack=attack.id, home=home, seed=seed, profile=profile or ("custom" if ablated else "shipped"),
        ablated=ablated, verdict=verdict, reached_dose=verdict == rs.DOSE, local_holds=verdict == rs.BLOCKED,
        properties=told, dose=dose, alarms=[], trace_sha256={"therapy": "ab" * 32, "trust": "cd" * 32},
        simulated_s=480.0, wall_s=0.5, series=rs.Series(t_s, given, honest, honest, honest),
    )  # fmt: skip
