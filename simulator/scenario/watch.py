"""A scenario's signals for Python: conditions that one can wait for.

    await pump.until(pump.signal("pressure") > 300, within_s=240)
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.files.yaml_source import did_you_mean, shown
from simulator.scenario.signals import SIGNALS, Moment


class Watch:
    """A signal by its name. Compare it for a condition; `value` is its value now, `holds` is for a condition.

    Quantities of the plant are those of the last full second. ValueError for a name that there is not.
    """

    def __init__(self, name: str, moment: Moment) -> None:
        if name not in SIGNALS:
            raise ValueError(f"there is no signal {shown(name)}; {did_you_mean(name, SIGNALS)}")
        needs = SIGNALS[name].needs
        if needs == "attack" or (needs == "people" and moment.stage.record is None):
            remedy = "play one (simulator.scenario.player)" if needs == "attack" else "give the Bench 'people'"
            raise ValueError(f"{name} is a scenario's, or of a pump with people; {remedy}")
        self._signal = SIGNALS[name]
        self._moment = moment

    @property
    def value(self) -> float:
        """Its value now, in `unit`; of a condition +1 or -1."""
        return self._signal.of(self._moment)

    @property
    def unit(self) -> str:
        """Of its value; empty for a number or a condition."""
        return self._signal.unit

    def holds(self) -> bool:
        """Whether a condition holds, or a quantity is above 0."""
        return self.value > 0

    def __gt__(self, limit: float) -> Callable[[], bool]:
        return lambda: self.value > limit

    def __lt__(self, limit: float) -> Callable[[], bool]:
        return lambda: self.value < limit
