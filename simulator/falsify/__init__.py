"""Search for the timings, counts, quantities and orders of a scenario that bring a property's margin down."""

from simulator.falsify.falsify import Found, falsify

__all__ = ["Found", "falsify"]
