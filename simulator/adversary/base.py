"""What every adversary is: a position, its powers, and the kill chain by which its story is told.

A power is a public method of the position's class, and of no other class than those that stand on it. The chain is a
`transitions` machine: from reconnaissance over access to the strike, and from there to an effect, or repelled.
"""

from __future__ import annotations

from typing import Any, ClassVar

from transitions import Machine

RECONNAISSANCE, ACCESS, STRIKE, REPELLED, EFFECT = "reconnaissance", "access", "strike", "repelled", "effect"


class PowerLacking(AttributeError):
    """What was asked for is not in the position's power. The text says which positions have it."""


class Chain:
    """How far an adversary has come. `between`: the states of its own between access and strike, in order.

    `state` is the machine's. Steps may be left out, and none is gone back but to a further strike.
    """

    state: str

    def __init__(self, between: tuple[str, ...] = ()) -> None:
        ahead = [RECONNAISSANCE, ACCESS, *between, STRIKE]
        moves = [
            {"trigger": f"to_{_word(state)}", "source": ahead[:place], "dest": state}
            for place, state in enumerate(ahead)
            if place
        ]
        moves += [
            {"trigger": "to_strike", "source": REPELLED, "dest": STRIKE},
            {"trigger": "to_repelled", "source": STRIKE, "dest": REPELLED},
            {"trigger": "to_effect", "source": [STRIKE, REPELLED], "dest": EFFECT},
        ]
        self.machine = Machine(
            self, [*ahead, REPELLED, EFFECT], transitions=moves, initial=RECONNAISSANCE, auto_transitions=False,
            ignore_invalid_triggers=True,
        )  # fmt: skip

    def reach(self, state: str) -> bool:
        """Go to a state where the chain leads there; whether it did."""
        return bool(getattr(self, f"to_{_word(state)}")())


def _word(state: str) -> str:
    return state.replace(" ", "_").replace("-", "_")


class Adversary:
    """Somebody hostile at one position of a run. `stage`: a simulator.scenario.stage.Stage."""

    position: ClassVar[str] = ""
    says: ClassVar[str] = ""  # what its power is, in one line
    between: ClassVar[tuple[str, ...]] = ()  # states of its chain between access and strike

    def __init__(self, stage: Any) -> None:
        self._stage = stage
        self._chain = Chain(self.between)
        self._note()

    @property
    def state(self) -> str:
        """How far it has come."""
        return self._chain.state

    @classmethod
    def powers(cls) -> tuple[str, ...]:
        """What it can do: the names of its methods."""
        own = (name for one in cls.__mro__ if issubclass(one, Adversary) and one is not Adversary for name in vars(one))
        return tuple(sorted({name for name in own if not name.startswith("_") and callable(getattr(cls, name, None))}))

    def judged(self, accepted: bool) -> None:
        """The pump has answered one of the adversary's doings; only whoever has struck cares."""
        self._reach(EFFECT if accepted else REPELLED)

    def _reach(self, state: str) -> None:
        if self._chain.reach(state):
            self._note()

    def _note(self) -> None:
        self._stage.note_chain(self.position, self._chain.state)

    def __getattr__(self, name: str) -> Any:
        from simulator.adversary.positions import POSITIONS

        if not name.startswith("_"):
            able = [position for position, kind in POSITIONS.items() if name in kind.powers()]
            if able:
                raise PowerLacking(f"{self.position} has no power to {name}; those who have: {', '.join(able)}")
            powers = ", ".join(self.powers()) or "nothing"
            raise PowerLacking(f"nobody hostile can {name}; {self.position} can: {powers}")
        raise AttributeError(name)
