"""Faults as data: what may break, in every port and every partition."""

from simulator.faults.catalogue import KINDS, kind_of
from simulator.faults.kind import PLACES, Kind, Parameter

__all__ = ["KINDS", "PLACES", "Kind", "Parameter", "kind_of"]
