"""What `machine` says of the chip itself: clock, reset and its cause."""

from hal.stubs.chip import PWRON_RESET, WDT_RESET, current

__all__ = ["PWRON_RESET", "WDT_RESET", "freq", "reset", "reset_cause"]


def freq():
    """System clock in Hz."""
    return current().hz


def reset():
    """Reset the chip; on this port through the watchdog, and so `reset_cause` says."""
    current().reset(WDT_RESET)


def reset_cause():
    """PWRON_RESET or WDT_RESET."""
    return current().reset_cause
