"""The process in which atheris runs a target: `python -m tools.fuzz.worker NAME MUTANT [libFuzzer's arguments]`.

libFuzzer ends the process itself; what it found is in its exit code and in the folder of its artefacts.
"""

from __future__ import annotations

import sys

import atheris

_INSTRUMENTED = ["firmware.trust.cbor", "firmware.trust.cose", "firmware.trust.mac", "firmware.trust.ccm"]


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
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name](room))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
