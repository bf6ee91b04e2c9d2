"""Counts what a compare reads, on both interpreters: `run(equal)`. MicroPython runs it as a program: root, mutant."""

import json
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust import mac

_LENGTH = 32
_OTHER_LENGTHS = 65


class Counted:
    """Bytes that count how often they are looked at."""

    def __init__(self, data):
        self.data = data
        self.reads = 0

    def __len__(self):
        return len(self.data)

    def __getitem__(self, place):
        self.reads += 1
        return self.data[place]


def pairs():
    """Yield (ours, theirs): the same, each place and bit of difference, all different, each other length."""
    ours = bytes([(place * 37 + 5) & 255 for place in range(_LENGTH)])
    yield ours, ours
    for place in range(_LENGTH):
        for bit in range(8):
            yield ours, ours[:place] + bytes([ours[place] ^ 1 << bit]) + ours[place + 1 :]
    yield ours, bytes([byte ^ 255 for byte in ours])
    for length in range(_OTHER_LENGTHS):
        if length != _LENGTH:
            yield ours, (ours * 3)[:length]
            yield ours, bytes(length)


def run(equal):
    """Return {"pairs": number, "reads": each number of reads that was seen, "wrong": wrong answers}."""
    seen = []
    wrong = count = 0
    for ours, theirs in pairs():
        count += 1
        first, second = Counted(ours), Counted(theirs)
        if equal(first, second) is not (ours == theirs):
            wrong += 1
        reads = first.reads + second.reads
        if reads not in seen:
            seen.append(reads)
    return {"pairs": count, "reads": sorted(seen), "wrong": wrong}


def ends_early(ours, theirs):
    """Ends at the first difference."""
    if len(ours) != len(theirs):
        return False
    for place in range(len(ours)):
        if ours[place] != theirs[place]:
            return False
    return True


def by_length(ours, theirs):
    """Looks at nothing where the lengths differ."""
    return len(ours) == len(theirs) and mac.equal(ours, theirs)


def at_once(ours, theirs):
    """Leaves it to the interpreter, which may end where it likes."""
    return bytes(getattr(ours, "data", ours)) == bytes(getattr(theirs, "data", theirs))


def counts_each(ours, theirs):
    """Does a little more for each byte that differs."""
    differ = len(ours) != len(theirs)
    padded = (ours, theirs)[len(theirs) == len(ours)]
    for place in range(len(ours)):
        if ours[place] ^ padded[place]:
            differ = True
    return not differ


MUTANTS = {
    "ends at the first difference": ends_early,
    "ends where the lengths differ": by_length,
    "the interpreter's own": at_once,
    "more work where they differ": counts_each,
}


if __name__ == "__main__":
    print(json.dumps(run(MUTANTS.get(sys.argv[2], mac.equal))))
