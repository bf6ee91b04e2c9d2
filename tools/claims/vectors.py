"""Evidence that the cryptographic room computes what the published test vectors say, in every home."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from simulator.homes import HomeError, micropython, mpy, webassembly
from tools.claims.registry import Outcome, Report, claim
from tools.device import vectors as device
from tools.device.vector_mutants import FALLBACK, MUTANTS

FILE = Path(__file__).with_name("vectors.json")
SCRIPT = Path(device.__file__)
_HEAP = "1m"
# What the vectors need of the firmware, for a home that gets its files.
_IN_FILES = (
    "firmware/__init__.py", "firmware/trust", "hal/__init__.py", "hal/ports.py", "hal/compat.py", "tools/__init__.py",
    "tools/device/__init__.py", "tools/device/vectors.py", "tools/device/vector_mutants.py",
)  # fmt: skip


def load() -> dict[str, Any]:
    """The vectors, each group with its source."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def on_cpython(mutant: str) -> dict[str, Any]:
    """Run them here; CPython has no AES of its own, so it is handed one."""
    from tools import vector_checks  # wants the extra `vectors`

    room = device.room_of(mutant)
    if mutant != FALLBACK:
        room.cipher = vector_checks.HostAes  # type: ignore[assignment]
    return device.run(load(), room)


def on_micropython(mutant: str) -> dict[str, Any]:
    """Run them in the unix port. HomeError without it."""
    said = micropython.run_script(SCRIPT, str(micropython.ROOT), str(FILE), mutant, heap=_HEAP)
    found: dict[str, Any] = json.loads(said)
    return found


def on_webassembly(mutant: str) -> dict[str, Any]:
    """Run them with 32-bit words, in the port that has no AES. HomeError without it."""
    files = {
        **mpy.compile_all(mpy.sources_of(*_IN_FILES)), device.VECTORS: FILE.read_bytes(), device.MUTANT: mutant.encode()
    }  # fmt: skip
    said = webassembly.run_module(webassembly.bundle(files), "tools.device.vectors")
    for line in said.splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise HomeError(f"home webassembly: the vectors gave no result: {said.strip()[-500:]}")


HOMES: dict[str, Callable[[str], dict[str, Any]]] = {
    "cpython": on_cpython, "micropython": on_micropython, "webassembly": on_webassembly,
}  # fmt: skip


@claim(
    "vectors",
    "The published vectors of HMAC-SHA-256 (RFC 4231), HKDF (RFC 5869), PBKDF2, CBOR (RFC 8949, appendix A: the "
    "deterministic subset both ways, the rest refused), COSE_Mac0 and COSE_Sign1 (the working group's examples) and "
    "AES-CCM (RFC 3610, NIST) agree on every home, and with other libraries; where a home has no AES it says so.",
    mutants={name: partial(str, name) for name in MUTANTS},
)
def published_vectors(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Every vector in every home (HomeError where one is missing); there is nothing more to do where `deep`."""
    wrong: list[str] = []
    homes: dict[str, Any] = {}
    checked = 0
    for done, (home, run) in enumerate(HOMES.items(), 1):
        homes[home] = found = run(subject or "")
        checked += sum(found["checked"].values())
        wrong += [f"{home}: {name}" for name in found["wrong"]]
        if subject is not None and wrong:
            break
        report(done, len(HOMES) + 1)
    if subject is None:
        from tools import vector_checks

        agreed, differ = vector_checks.cross_check(load())
        checked += agreed
        wrong += [f"another library: {name}" for name in differ]
    without = [home for home, found in homes.items() if not found["aes"]]
    figure = f"{checked:,} checks of published vectors in {len(homes)} homes, {len(wrong)} wrong"
    if without:
        figure += f"; no AES on {', '.join(without)}, so AES-CCM is left out there and refuses"
    return Outcome(not wrong and checked > 0, figure, {"homes": homes, "wrong": wrong[:50]})
