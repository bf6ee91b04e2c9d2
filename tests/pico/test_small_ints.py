"""What a turn computes in sensors and panel stays within a Pico's small integers, at every extreme."""

import importlib
from pathlib import Path

import pytest

from hal import ports
from tests.pico.desk import PLACES, desk
from tools.checked_arithmetic import HIGH, LOW, transform

ROOT = Path(__file__).parents[2]
# In the order of their imports.
MODULES = (
    "i2c_bus", "matrix", "entry", "keypad", "switches", "analogue", "rtc", "display", "lamp", "sounder", "fitted",
)  # fmt: skip


class Watch:
    """Checks every operator's result while it watches."""

    def __init__(self):
        self.watching = False
        self.results = 0
        self.large = []

    def check(self, value, module, line):
        if self.watching and type(value) is int:
            self.results += 1
            if not LOW <= value <= HIGH:
                self.large.append((module, line, value))
        return value

    def load(self, sources=None):
        """Run the drivers' modules anew with checks in them."""
        for name in MODULES:
            module = importlib.import_module(f"hal.pico.{name}")
            path = ROOT / "hal" / "pico" / f"{name}.py"
            text = path.read_text(encoding="utf-8")
            vars(module)["__small__"] = self.check
            exec(transform((sources or {}).get(name, lambda text: text)(text), str(path)), vars(module))


def _turns(d, watch):
    from hal.pico.fitted import LINK_UART, Fitted

    fitted = Fitted(link=LINK_UART)
    d.rtc.set_unix(2_650_838_400 - 2)  # two seconds before 2054
    status = ports.Status()
    status.rate_ul_h = HIGH
    status.delivered_ul = HIGH
    for turn in range(1400):
        d.counts = dict.fromkeys(d.counts, turn * 47 % 65_536)
        d.release()
        if turn % 3 == 0:
            d.press(PLACES[turn // 3 % 16] if turn < 700 else "**6*1999999999#"[turn // 3 % 15])
        d.closed = turn % 256
        watch.watching = True
        for part in fitted.sensors[:3]:
            part.read(d.readings)
        fitted.rtc.read_s()
        for part in fitted.panel:
            part.show(status)
        watch.watching = False
        d.pass_ms(100)


def test_nothing_in_a_turn_leaves_them():
    with desk() as d:
        watch = Watch()
        watch.load()
        _turns(d, watch)
        assert watch.large == []
        assert watch.results > 100_000


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("analogue", "(BATTERY_FULL_SCALE_MV // 4) // (_FULL // 4)", "(BATTERY_FULL_SCALE_MV * 4) // (_FULL * 4)"),
        ("entry", "MAX_VALUE = const(0x3FFFFFFF)", "MAX_VALUE = const(0x7FFFFFFF)"),
    ],
)
def test_a_driver_that_does_leave_them_is_found(name, old, new):
    def mutant(text):
        assert old in text
        return text.replace(old, new)

    with desk() as d:
        watch = Watch()
        watch.load({name: mutant})
        _turns(d, watch)
        assert watch.large
