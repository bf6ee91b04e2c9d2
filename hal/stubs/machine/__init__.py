"""`machine` as an RP2040 has it, part by part. Misuse raises what MicroPython raises."""

from hal.stubs.machine.pin import Pin

__all__ = ["Pin"]
