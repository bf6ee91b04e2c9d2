"""The verbs of a timeline as a table: for the terminal and for docs/scenarios.md."""

from __future__ import annotations

from simulator.files.scenario import hostile, inside, installing, requests, touching  # whose verbs are known by that
from simulator.files.timeline import NETWORK, PEOPLE, PLANT, TAKES
from simulator.scenario.actions import ACTIONS, Action, says

__all__ = ["hostile", "inside", "installing", "requests", "touching", "verbs"]

_WORLD_SAYS = {
    "press": "a person presses a key",
    "titrate": "a person enters another dose rate and confirms it",
    "link_down": "the network's carrier is gone",
    "link_up": "it is back",
    "authentic": "authenticated traffic comes (pumps without people only)",
    "hostile": "messages come that no key vouches for (pumps without people only)",
    "compromised": "there is evidence that the security layer is compromised (pumps without people only)",
    "recovery_on": "a recovery begins (pumps without people only)",
    "recovered": "the recovery is complete (pumps without people only)",
}


def keys_of(kind: type[Action]) -> str:
    """The keys that a verb takes besides at and note; those that may be left out in brackets."""
    found = []
    for name, field in kind.model_fields.items():
        if name not in ("at", "note"):
            shown = field.alias or name
            found.append(shown if field.is_required() else f"[{shown}]")
    return " ".join(found)


def verbs() -> list[tuple[str, str, str, str]]:
    """(verb, what it takes to do it, keys, what happens); the world's own first."""
    rows = []
    for verb in (*PLANT, *NETWORK, *PEOPLE):
        key, needed = TAKES.get(verb, ("", False))
        who = "world" if verb in PLANT else "network" if verb in NETWORK else "people"
        keys = key if needed or not key else f"[{key}]"
        rows.append((verb, who, keys, _WORLD_SAYS.get(verb, verb.replace("_", " "))))
    for verb, kind in ACTIONS.items():
        rows.append((verb, kind.position, keys_of(kind), says(kind)))
    return rows
