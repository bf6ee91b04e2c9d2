"""What a turn computes in the drive stays within a Pico's small integers, at every extreme."""

import importlib
from pathlib import Path

import pytest

from hal.compat import MASK
from hal.pico import pins
from hal.stubs import Chip, installed
from tests.pico.test_small_ints import Watch
from tools.checked_arithmetic import transform

ROOT = Path(__file__).parents[2]
RATES = (1, 23, 24, 25, 793, 999_999, 1_000_000, 5_836_000, 19_999_999, 20_000_000, 20_000_001, MASK)
POSITIONS = (0, 1, MASK, MASK - 1, (1 << 29) - 1, 1 << 29, (1 << 29) + 1)


def turns(watch, change=lambda text: text):
    """Each rate both ways from each position, to ends near and far, renewed, gated and read."""
    with installed(Chip()) as chip:
        modules = [importlib.import_module(f"hal.pico.{name}") for name in ("generator", "encoder")]
        for module in modules:
            path = Path(module.__file__)
            vars(module)["__small__"] = watch.check
            exec(transform(change(path.read_text(encoding="utf-8")), str(path)), vars(module))
        chip.wire(pins.GATE).set(1)
        generator, encoder = modules[0].Generator(), modules[1].Encoder()
        for position in POSITIONS:
            for rate in RATES:
                generator.drive(0, 0, 0)
                generator._end = position
                watch.watching = True
                for sign, far in ((1, 3), (-1, 7), (1, (1 << 28) + 5), (-1, (1 << 28) + 5)):
                    end = generator.count() + sign * far & MASK
                    generator.drive(sign * rate, end, 1)
                    chip.advance(1_000)
                    generator.drive(sign * 24, end, 1)  # the longest step, changed in its midst
                    chip.advance(1_000)
                    generator.drive(sign * 25, end, 1)
                    generator.count()
                    encoder.count()
                    generator.is_shut()
                watch.watching = False


def test_the_drive_stays_in_small_integers():
    watch = Watch()
    turns(watch)
    assert watch.large == []
    assert watch.results > 5_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rest = _BILLION % rate_mhz * _CYCLES", "rest = _BILLION * _CYCLES % rate_mhz"),
        ("self._loops // _PHASES * part", "self._loops * part // _PHASES"),
    ],
)
def test_and_the_check_finds_what_does_not(old, new):
    watch = Watch()

    def change(text):
        return text.replace(old, new)

    assert old in (ROOT / "hal" / "pico" / "generator.py").read_text(encoding="utf-8")
    turns(watch, change)
    assert watch.large
