"""measure.py without its ticks: what the claim fits-the-device asks for. Run by runner.mjs."""

from tools.device.measure import Measure


def main():
    """Weigh only."""
    return Measure(passes=0).step
