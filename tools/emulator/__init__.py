"""An emulated Pico (PyPI rp2040py) with an official MicroPython image that the user names, kept on this machine."""


class EmulatorProblem(RuntimeError):
    """Nothing is emulated. The text says why, and what to do."""
