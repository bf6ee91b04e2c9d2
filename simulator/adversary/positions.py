"""The positions that an adversary can have, by name, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.adversary.base import Adversary, PowerLacking
from simulator.adversary.broker import MaliciousBroker
from simulator.adversary.comms import CommsPartition
from simulator.adversary.flash import FlashAccess
from simulator.adversary.hands import Bedside, Insider
from simulator.adversary.network import CompromisedGateway, Network, OnPath, OtherPump, StolenShiftKey
from simulator.adversary.port import LocalPort
from simulator.adversary.radio import Evidence, RfJam
from simulator.adversary.update import StolenSigningKey, UpdateServer

POSITIONS: dict[str, type[Adversary]] = {
    kind.position: kind
    for kind in (
        Network, OnPath, MaliciousBroker, CompromisedGateway, StolenShiftKey, OtherPump, RfJam, Bedside, Insider,
        LocalPort, UpdateServer, StolenSigningKey, FlashAccess, CommsPartition, Evidence,
    )
}  # fmt: skip


def position_named(name: str) -> type[Adversary]:
    """The class of a position, written with hyphens or underscores; PowerLacking for one that there is not."""
    kind = POSITIONS.get(name.replace("_", "-"))
    if kind is None:
        raise PowerLacking(f"there is no position {name!r}; positions: {', '.join(POSITIONS)}")
    return kind


def may(positions: Iterable[str], power: str) -> bool:
    """Whether somebody at `positions` has the power of the position `power`: their own, or one they stand on."""
    return any(issubclass(POSITIONS[place], POSITIONS[power]) for place in positions)
