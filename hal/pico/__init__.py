"""A board on a Raspberry Pi Pico or Pico W: drivers of real parts behind hal.ports (docs/bench.md)."""
