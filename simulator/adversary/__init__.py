"""Adversaries by position: one class for each, with exactly its position's power, on the stage of a run.

    stage.adversary("on-path").drop()

What a position cannot do raises PowerLacking, which names the positions that can.
"""

from simulator.adversary.base import Adversary, PowerLacking
from simulator.adversary.positions import POSITIONS, may, position_named

__all__ = ["POSITIONS", "Adversary", "PowerLacking", "may", "position_named"]
