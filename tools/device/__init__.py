"""What claims run on MicroPython itself. Written for both interpreters."""
