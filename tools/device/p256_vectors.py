"""Published vectors of ECDSA on P-256 against firmware/trust/p256.py, in slices, on every interpreter: `run(cases)`.

MicroPython runs it as a program: root, file of vectors, each how many of them, mutant ("" for none); runner.mjs calls
`main`, beside whose files the vectors lie. Prints one line of JSON.
"""

import gc
import json
import sys
from binascii import unhexlify
from hashlib import sha256

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust import p256

# Beside the module, where runner.mjs lays it.
FILE = "/kvo/p256_vectors.json"
# Cases that show what a mutant is worth.
NEEDED = ("wycheproof 4", "wycheproof 115", "wycheproof 116", "wycheproof 210")


class AnyRange(p256.Signature):
    """Takes r and s as they come."""

    __slots__ = ()

    def __init__(self, point, digest, signature):
        super().__init__(point, digest, signature)
        curve = self._curve
        r = int.from_bytes(signature[:32], "big") if len(signature) == p256.LENGTH else 0
        s = int.from_bytes(signature[32:], "big") if len(signature) == p256.LENGTH else 0
        if r % curve.n and s % curve.n and (r >= curve.n or s >= curve.n):
            rest = (r % curve.n).to_bytes(32, "big") + (s % curve.n).to_bytes(32, "big")
            super().__init__(point, digest, rest)


class NoTwins(p256.Signature):
    """Adds a point to itself as if it were another."""

    __slots__ = ()

    def _meet(self, up):
        self._z = 0


class SmallR(p256.Signature):
    """Knows no r whose x is past n."""

    __slots__ = ()

    def _compare(self):
        super()._compare()
        if self.holds:
            self.holds = self._r * self._z * self._z % self._curve.p == self._x


class AnyX(p256.Signature):
    """Holds nothing against the x of the sum."""

    __slots__ = ()

    def _compare(self):
        super()._compare()
        self.holds = True


MUTANTS = {
    "r and s of any range": AnyRange, "a point meets itself": NoTwins, "an x past the order": SmallR,
    "any x": AnyX,
}  # fmt: skip


def run(cases, make=p256.Signature):
    """`cases`: name, point, message, r and s, 1 where it holds. What was checked, is wrong, and what slices took.

    slice: the most operations that one took; operations: the most in all; garbage: the most bytes that a slice
    left, and live: that it held, where the interpreter tells.
    """
    wrong = []
    most = total = 0
    for name, point, message, signature, holds in cases:
        check = make(unhexlify(point), sha256(unhexlify(message)).digest(), unhexlify(signature))
        more = True
        while more:
            before = check.operations
            more = check.step()
            most = max(most, check.operations - before)
        total = max(total, check.operations)
        if check.holds is not (holds == 1):
            wrong.append(name)
    found = {"checked": len(cases), "wrong": wrong, "slice": most, "operations": total}
    found.update(heap(cases[0], make))
    return found


def heap(case, make):
    """Bytes that one check holds between slices, and leaves behind in one, at most; -1 where nobody tells.

    The WebAssembly port collects between two calls from outside alone: what is held does not show there.
    """
    if not hasattr(gc, "mem_alloc"):
        return {"live": -1, "garbage": -1}
    point, digest, signature = unhexlify(case[1]), sha256(unhexlify(case[2])).digest(), unhexlify(case[3])
    gc.collect()
    began = gc.mem_alloc()
    check = make(point, digest, signature)
    live = garbage = 0
    more = True
    gc.disable()
    while more:
        gc.collect()
        held = gc.mem_alloc()
        live = max(live, held - began)
        more = check.step()
        garbage = max(garbage, gc.mem_alloc() - held)
    gc.enable()
    return {"live": -1 if sys.platform == "webassembly" else live, "garbage": garbage}


def tell(path, each, mutant):
    """Print what came of each so many of the vectors in a file."""
    with open(path) as file:
        cases = json.load(file)["cases"]
    print(json.dumps(run(chosen(cases, each), MUTANTS.get(mutant, p256.Signature))))


def chosen(cases, each):
    """Each so many of `cases`, and those that the mutants need."""
    return [case for place, case in enumerate(cases) if not place % each or case[0] in NEEDED]


def main():
    """For runner.mjs."""
    tell(FILE, 1, "")
    return bool  # called once more, gives False: the end


if __name__ == "__main__":
    tell(sys.argv[2], int(sys.argv[3]), sys.argv[4])
