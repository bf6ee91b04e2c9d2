"""The process in which atheris runs a target: `python -m tools.fuzz.worker NAME MUTANT [libFuzzer's arguments]`.

libFuzzer ends the process itself; what it found is in its exit code and in the folder of its artefacts.
It would call slow what a busy machine only kept waiting, so a hang is judged here, by the processor's time.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import atheris

_INSTRUMENTED = ["firmware.trust.cbor", "firmware.trust.cose", "firmware.trust.mac", "firmware.trust.ccm"]


# Seconds of the processor's time in which so many inputs end; each takes a fraction of a millisecond.
SLOWEST_S = 2
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


def main() -> None:
    """Instrument, import, fuzz."""
    name, mutant, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from tools.device.vectors import room_of
        from tools.fuzz.mutants import plant
        from tools.fuzz.oracles import TARGETS
        from tools.vector_checks import HostAes
    room = room_of("")
    room.cipher = HostAes  # type: ignore[assignment]
    plant(room, mutant)
    atheris.Setup([sys.argv[0], *arguments], _Patient(TARGETS[name](room)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
