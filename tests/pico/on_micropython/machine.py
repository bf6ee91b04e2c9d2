"""Stand-ins for the part of a Pico's `machine` that the drive uses, small enough for MicroPython's unix port."""


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, number, mode=-1, pull=-1, value=0):
        self.level = 1 if pull == Pin.PULL_DOWN else value

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        return None


class _Mem32:
    def __init__(self):
        self.word = 0

    def __getitem__(self, address):
        return self.word

    def __setitem__(self, address, word):
        self.word &= ~word  # write one to clear


mem32 = _Mem32()


class Timer:
    PERIODIC = 1

    def __init__(self, number, mode, period, callback):
        pass


class WDT:
    def __init__(self, timeout):
        pass

    def feed(self):
        pass
