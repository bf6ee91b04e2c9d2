"""All targets by name, as shipped or with a fault planted."""

from __future__ import annotations

from firmware.trust.gatekeeper import Gatekeeper
from tools.device.vectors import room_of
from tools.fuzz.broker_mutants import MUTANTS
from tools.fuzz.client import Client
from tools.fuzz.message_mutants import MAKERS
from tools.fuzz.messages import Messages
from tools.fuzz.mutants import plant
from tools.fuzz.oracles import ROOMS, Target
from tools.vector_checks import HostAes


def target(name: str, mutant: str = "") -> Target:
    """What a fuzzer calls with each input; it raises where something does not hold."""
    if name == "messages":
        return Messages(MAKERS[mutant] if mutant else Gatekeeper)
    if name == "mqtt":
        return Client(MUTANTS[mutant]() if mutant else None)
    room = room_of("")
    room.cipher = HostAes  # type: ignore[assignment]
    plant(room, mutant)
    return ROOMS[name](room)
