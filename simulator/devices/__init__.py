"""Devices of a simulated board, with the semantics of real ones."""
