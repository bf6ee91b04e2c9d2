"""What a control is to the simulator: a name, where it lives, a stand-in for it, and a spy that tells when it said no.

A stand-in is a subclass of a class of the firmware that does what a pump without the control does. Stand-ins of one
class compose: each takes up what it must and leaves the rest to `super()`. A spy changes nothing. It adds the
control's name to `spied` where the control answers otherwise than its stand-in would: where no spy speaks, the run
with the stand-in is the same run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Where in the depth of the defence, from the network inwards.
LAYERS = {
    "network": "who may reach the pump at all",
    "message": "whether a message is a request of somebody's, to this pump",
    "time": "whether it is of now",
    "person": "who may ask for what, and who stands at the bedside",
    "bedside": "what a person has to see and confirm",
    "limits": "what no person may programme",
    "therapy": "what bounds the dose whatever asked for it",
    "runtime": "what keeps the rest from taking the dose's time",
    "evidence": "what notices, tells and contains",
    "update": "what may be installed",
}


@dataclass(frozen=True)
class Standin:
    """In place of one class of the firmware. part: its name in simulator.attack.pump; spy: None where none is due."""

    part: str
    kind: type
    spy: type | None


@dataclass(frozen=True)
class Control:
    """One control. says: what it does; instead: what a pump without it does; where: its module.

    at_site: it is no part of the pump; the scenario's stage does without it.
    """

    name: str
    layer: str
    says: str
    instead: str
    where: str
    standins: tuple[Standin, ...] = ()
    at_site: bool = False


def answers(name: str, part: str, base: type, method: str, answer: Any) -> Standin:
    """A stand-in whose `method` always gives `answer`, and a spy on where the real one gives another."""

    def stand(self: Any, *given: Any) -> Any:
        return answer

    def spy(self: Any, *given: Any) -> Any:
        found = getattr(super(spying, self), method)(*given)
        if found != answer:
            self.spied.add(name)
        return found

    spying: Any = type(f"Spy{base.__name__}", (base,), {"__slots__": (), method: spy})
    return Standin(part, type(f"Without{base.__name__}", (base,), {"__slots__": (), method: stand}), spying)
