"""The simulator: a plant, a world around it, and homes for the firmware. CPython only."""
