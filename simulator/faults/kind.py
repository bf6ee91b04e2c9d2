"""What a kind of fault is: a name, where it strikes, one sentence, parameters, and what it does.

A kind is data but for `apply`, which strikes a World and returns what ends the fault again, or
None where there is nothing to end: a bit has flipped, a second is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.files import quantity
from simulator.files.yaml_source import Refusal, did_you_mean, shown

if TYPE_CHECKING:
    from simulator.world import World

Values = Mapping[str, Any]
Undo = Callable[[], None]
Apply = Callable[["World", Values], Undo | None]

# Where a fault strikes: (name, what it is). Ports first, then the world, then partitions.
PLACES = {
    "clock": "the monotonic clock",
    "rtc": "the clock that survives power",
    "store": "the non-volatile memory",
    "link": "the network link",
    "watchdog": "the watchdog, and the resets it makes",
    "entropy": "the source of random bytes",
    "secure counter": "the counter that only rises",
    "scratch": "the word that outlives a reset",
    "identity": "the reader at the bedside",
    "sensors": "the readings, one by one",
    "keys": "the keypad",
    "drive": "generator, relay and hardware gate",
    "panel": "display, lamp and sounder",
    "power": "the supply of the whole board",
    "time": "when the turn comes",
    "line": "drive head, line and reservoir: the physical world",
    "therapy": "the memory of dosing, limits and states",
    "guardian": "the second channel: its memory and its code",
    "tables": "the rows that the engine steps",
    "dosing": "the code that turns rates into steps",
    "tick": "the code of the tick",
    "gatekeeper": "the trusted side of the mailboxes",
    "comms": "the communication partition",
}

# Units whose values are written as plain whole numbers.
_PLAIN = ("", "steps", "bit", "permille", "bytes")
_WRITTEN: dict[str, Callable[[Any], int]] = {
    "ms": quantity.duration_ms,
    "s": quantity.duration_s,
    "ul": quantity.volume_ul,
    "mmhg": quantity.offset_mmhg,
    "dc": quantity.temperature_dc,
}
_SHOWN = {"ms": "{} ms", "s": "{} s", "ul": "{} uL", "mmhg": "{} mmHg"}


@dataclass(frozen=True)
class Parameter:
    """One figure of a fault. `unit` is that of the integer which `apply` takes."""

    name: str
    unit: str
    default: Any
    low: int
    high: int
    says: str
    choices: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether a file has it as a whole number without a unit."""
        return self.unit in _PLAIN and not self.choices

    def read(self, value: Any) -> Any:
        """The value from a file: a quantity with its unit, a whole number, or a choice; else Refusal."""
        if self.choices:
            if value not in self.choices:
                raise Refusal(f"{shown(value)} is not known here", did_you_mean(value, self.choices))
            return value
        if self.plain:
            if isinstance(value, bool) or not isinstance(value, int):
                raise Refusal(f"{shown(value)} is no whole number", f"write one such as {self.default}, without a unit")
            return self.within(value)
        if self.low < 0 and str(value).startswith("-"):
            return self.within(-_WRITTEN[self.unit](str(value)[1:].lstrip()))
        return self.within(_WRITTEN[self.unit](value))

    def take(self, value: Any) -> Any:
        """As `read`, but a plain integer counts in `unit`: what Python code hands in."""
        if isinstance(value, int) and not isinstance(value, bool) and not self.choices:
            return self.within(value)
        return self.read(value)

    def within(self, value: int) -> int:
        """`value`, or Refusal where it is out of range."""
        if not self.low <= value <= self.high:
            between = f"{self.shown(self.low)} to {self.shown(self.high)}"
            raise Refusal(f"{self.shown(value)} is out of range for {self.name!r}", f"write {between}")
        return value

    def shown(self, value: Any) -> str:
        """A value as a file would have it."""
        if self.unit == "dc":
            return f"{value / 10:g} C"
        if self.unit == "ms" and value % 1000 == 0:
            return f"{value // 1000} s"
        return _SHOWN.get(self.unit, "{}").format(value)


@dataclass(frozen=True)
class Kind:
    """A kind of fault. `lasts`: it stays until it is cleared; else it is over once it has struck.

    firmware: it reaches into the running firmware, which only home cpython can do.
    """

    name: str
    where: str
    says: str
    apply: Apply
    parameters: tuple[Parameter, ...] = ()
    lasts: bool = True
    firmware: bool = False

    def __post_init__(self) -> None:
        if self.where not in PLACES:
            raise ValueError(f"{self.name}: there is no place {self.where!r}")

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter's value, defaults filled in. Refusal for one that is unknown or does not fit."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                takes = did_you_mean(name, known) if known else f"{self.name} takes none"
                raise Refusal(f"{self.name} has no parameter {shown(name)}", takes)
        return {
            name: parameter.take(given[name]) if name in given else parameter.default
            for name, parameter in known.items()
        }


class Layers:
    """Attributes that several faults may set at once: the newest counts, and what is cleared leaves the rest."""

    def __init__(self) -> None:
        self._stacks: dict[tuple[int, str], list[tuple[object, Any]]] = {}

    def set(self, target: Any, attribute: str, value: Any) -> Undo:
        """Set it; returns what takes this value away again, whenever that is."""
        stack = self._stacks.setdefault((id(target), attribute), [(target, getattr(target, attribute))])
        mine = (object(), value)
        stack.append(mine)
        setattr(target, attribute, value)

        def undo() -> None:
            stack.remove(mine)
            setattr(target, attribute, stack[-1][1])
            if len(stack) == 1:
                self._stacks.pop((id(target), attribute), None)

        return undo


def bit(default: int, says: str = "which bit flips, 0 the lowest") -> Parameter:
    """A bit of one of the firmware's words."""
    return Parameter("bit", "bit", default, 0, 29, says)
