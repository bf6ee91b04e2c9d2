"""The process in which atheris runs a target: `python -m tools.fuzz.worker NAME MUTANT [libFuzzer's arguments]`.

libFuzzer ends the process itself; what it found is in its exit code and in the folder of its artefacts.
It would call slow what a busy machine only kept waiting, so a hang is judged here, by the processor's time.
"""

from __future__ import annotations

import importlib
import signal
import sys
from types import FunctionType, ModuleType
from typing import Any

import atheris

from tools.fuzz.targets import target

_ROOM = ("firmware.trust.cbor", "firmware.trust.cose", "firmware.trust.ccm")
# The modules whose branches guide a target, by name: each branch that is watched takes longer than running it.
# atheris's own import hook takes packages alone, so all of the firmware, and the harness with it.
WATCHED = {
    "cbor": _ROOM,
    "cose": _ROOM,
    "ccm": _ROOM,
    "messages": (
        "firmware.trust.gatekeeper", "firmware.trust.request", "firmware.trust.session", "firmware.trust.effects",
        "firmware.trust.approvals", "firmware.trust.speaker", "firmware.trust.seconds", "firmware.trust.verdict",
        "firmware.trust.roles", "firmware.trust.staging", "firmware.therapy.remote", "firmware.therapy.programming",
        "firmware.therapy.prescribe", "tools.claims.forgery_mutants", "tools.fuzz.message_mutants",
    ),
    "mqtt": (
        "firmware.comms.mqtt", "firmware.comms.packets", "firmware.comms.outgoing", "firmware.comms.backoff",
        "firmware.comms.topics", "tools.fuzz.broker_mutants",
    ),
}  # fmt: skip
# Where an input is bytes, what they are compared with says which bytes to try. Where it is acts it says nothing.
_BYTES = ("cbor", "cose", "ccm")

# Seconds of the processor's time in which so many inputs end; each takes some milliseconds at most.
SLOWEST_S = 8
INPUTS = 256


class _Patient:
    """A target that is ended where it hangs."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._turn = 0
        signal.signal(signal.SIGPROF, self._hangs)

    def __call__(self, data: bytes) -> None:
        if self._turn % INPUTS == 0:
            signal.setitimer(signal.ITIMER_PROF, SLOWEST_S)
        self._turn += 1
        self._target(data)

    def _hangs(self, number: int, frame: Any) -> None:
        raise TimeoutError(f"{INPUTS} inputs took more than {SLOWEST_S} s")


def watch(module: ModuleType, compares: bool) -> None:
    """Have the fuzzer see which branches of a module's functions are taken; `compares`: and what is compared."""
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    inside = [part for one in own if isinstance(one, type) for part in vars(one).values()]
    for part in (*own, *inside):
        if isinstance(part, FunctionType):
            part.__code__ = atheris.patch_code(part.__code__, compares)


def main() -> None:
    """Make the target, watch the code it is of, fuzz."""
    name, mutant, *arguments = sys.argv[1:]
    check = target(name, mutant)
    for module in WATCHED[name]:
        watch(importlib.import_module(module), name in _BYTES)
    atheris.Setup([sys.argv[0], *arguments], _Patient(check))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
