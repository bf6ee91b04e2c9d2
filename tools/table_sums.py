"""The checksums that the running tables are held against: `python -m tools.table_sums` writes them.

They are computed here, from the sources, so that a table which has changed in the pump's memory
is not compared with itself. Run it after each change of a table; a test says where it was not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.engine import checksum

PATH = Path(__file__).resolve().parents[1] / "firmware" / "therapy" / "sums.py"

_HEAD = '''"""Checksums of the tables as they were written, by engine.fold. Made by `python -m tools.table_sums`."""

from hal.compat import const

'''


def alarm_codes() -> Iterable[int]:
    """Every alarm's code, in order."""
    return [*range(al.THERAPY_CODES), *range(al.TRUST_BASE, al.TRUST_BASE + al.TRUST_CODES)]


def text() -> str:
    """The whole of firmware/therapy/sums.py."""
    traits = [al.traits(code) for code in alarm_codes()]
    rows = {
        "DELIVERY_SUM": checksum(t.DELIVERY),
        "TRUST_SUM": checksum(t.TRUST),
        "TRAITS_SUM": checksum(traits),
    }
    return _HEAD + "".join(f"{name} = const({value})\n" for name, value in rows.items())


def write(path: Path = PATH) -> Path:
    """Write the file; returns its path."""
    path.write_text(text(), encoding="utf-8")
    return path


def check(path: Path = PATH) -> bool:
    """Whether the file holds the checksums of the tables as they are."""
    return path.exists() and path.read_text(encoding="utf-8") == text()


if __name__ == "__main__":
    print(write())
