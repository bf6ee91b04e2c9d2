"""Evidence that decoding what a stranger sent takes memory by a stated multiple of its size."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from firmware.trust import cbor
from simulator.homes import micropython
from tools.claims.registry import Outcome, Report, claim
from tools.device import decoding

# Bytes, and bytes for each byte of the input. MicroPython's are of the unix port, whose words are twice a
# Pico's, and count all that was asked for, freed or not.
CPYTHON = (20_000, 160)
MICROPYTHON = (4_096, 280)
_HEAP = "4m"


def peak(decode: Callable[[bytes], Any], data: bytes) -> int:
    """The most that CPython holds at one time while it decodes."""
    tracemalloc.start()
    try:
        decoding.attempt(decode, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def past(found: dict[str, Any], bound: tuple[int, int]) -> list[str]:
    """Which of the dearest inputs take more than the bound. Whatever is past it has one of these at least as dear."""
    base, each = bound
    return [f"{memory} bytes for {size}" for memory, size in found["dearest"] if memory > base + each * size]


@claim(
    "decoding-bounded",
    "Decoding n bytes of CBOR, honest or not, asks MicroPython for no more than 4,096 + 280 n bytes (half on a Pico, "
    "whose words are half as long), and CPython holds no more than 20,000 + 160 n at one time.",
    mutants={name: partial(str, name) for name in decoding.MUTANTS},
)
def decoding_bounded(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Some hundred inputs of the dearest shapes and of chance. HomeError without MicroPython."""
    here = decoding.run(decoding.MUTANTS.get(subject or "", cbor.decode), peak)
    said = micropython.run_script(Path(decoding.__file__), str(micropython.ROOT), subject or "", heap=_HEAP)
    there: dict[str, Any] = json.loads(said)
    wrong = [*past(here, CPYTHON), *past(there, MICROPYTHON)]
    each = max((memory - MICROPYTHON[0]) / size for memory, size in there["dearest"] if size >= 40)
    figure = f"{here['inputs'] + there['inputs']:,} inputs, at most {each:.0f} bytes a byte on MicroPython"
    return Outcome(not wrong, figure, {"cpython": here, "micropython": there, "past": wrong})
