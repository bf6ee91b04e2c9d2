"""Signatures of other makers against firmware/trust/lms.py, at once and in slices: `run(cases)`.

MicroPython's unix port runs it as a program (root, file); in home webassembly `main` reads the file that came
with it. Prints one line of JSON. Where there is a count of memory, it tells what a verification takes.
"""

import gc
import json
import sys
from binascii import unhexlify

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust import lms

BUNDLED = "/kvo/signatures.json"
_PIECE = 7
_SLICE = 17


def sliced(room, key, message, signature, piece=_PIECE, hashes=_SLICE):
    """The verdict by small pieces and slices."""
    verifier = room.Verifier(key, signature)
    for place in range(0, len(message), piece):
        verifier.update(message[place : place + piece])
    while verifier.step(hashes):
        pass
    return verifier.result


def run(cases, room=lms):
    """Return {"checked": number, "wrong": [sources]}; each signature must hold, and for no other message."""
    checked = 0
    wrong = []
    for case in cases:
        key, message, signature = [unhexlify(case[part]) for part in ("public_key", "message", "signature")]
        checked += 3
        holds = room.verify(key, message, signature) == room.VERIFIED
        holds = holds and sliced(room, key, message, signature) == room.VERIFIED
        if not holds or room.verify(key, message + b"\x00", signature) != room.REFUSED_SIGNATURE:
            wrong.append(case["source"])
    return {"checked": checked, "wrong": wrong}


def memory(case):
    """Bytes that a verifier holds beside signature and key, and all that one verification asks for; {} on CPython."""
    if not hasattr(gc, "mem_alloc"):
        return {}
    key, message, signature = [unhexlify(case[part]) for part in ("public_key", "message", "signature")]
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    verifier = lms.Verifier(key, signature)
    verifier.update(message)
    while verifier.step():
        pass
    asked = gc.mem_alloc() - before
    gc.enable()
    verifier = None
    gc.collect()
    before = gc.mem_alloc()
    verifier = lms.Verifier(key, signature)
    verifier.update(message)
    verifier.step()
    gc.collect()
    return {"held": gc.mem_alloc() - before, "asked": asked, "set": case["source"]}


def _report(path):
    with open(path) as file:
        cases = json.load(file)
    found = run(cases)
    found["memory"] = memory(cases[0])
    found["words"] = 64 if sys.maxsize >> 32 else 32
    print(json.dumps(found))


def main():
    """All at once: the runner has nothing to call again."""
    _report(BUNDLED)
    return _no_more


def _no_more():
    return False


if __name__ == "__main__":
    _report(sys.argv[2])
