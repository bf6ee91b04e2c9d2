"""Keeps an audit log in a store in memory, on both interpreters: `run()`. MicroPython runs it as a program: root.

What comes of it (the head, what a boot and a look say, the bytes in the store) is the same in every home.
"""

import json
import sys
from binascii import hexlify
from hashlib import sha256

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust.audit import AUDIT_TRUST, Audit
from firmware.trust.audit_check import GOES_ON
from hal import ports

_SIZE = 2048
_RECORDS = 60


class Flash:
    """NOR flash without failures: a write clears bits, an erase sets them."""

    def __init__(self):
        self.areas = {
            ports.AREA_AUDIT_A: bytearray(b"\xff" * _SIZE),
            ports.AREA_AUDIT_B: bytearray(b"\xff" * _SIZE),
        }

    def size(self, area):
        return _SIZE

    def read(self, area, offset, into):
        into[:] = self.areas[area][offset : offset + len(into)]
        return ports.OK

    def write(self, area, offset, data):
        memory = self.areas[area]
        for place in range(len(data)):
            memory[offset + place] &= data[place]
        return ports.OK

    def erase(self, area):
        self.areas[area] = bytearray(b"\xff" * _SIZE)
        return ports.OK


def run():
    """Return what came of it, in JSON's terms."""
    flash = Flash()
    log = Audit(flash)
    before = log.chain.state
    began = log.chain.begin(bytes(range(32)))
    for number in range(_RECORDS):
        log.note(1 + number % 16, bytes([number]) * (number % 30))
        if number % 3:
            log.step(True)
    for _ in range(20):
        log.note(AUDIT_TRUST, b"")
    while log.waits() or log.lost:
        if log.step(True):
            break
    log.check_again()
    looks = 1
    while log.check() == GOES_ON:
        looks += 1
    again = Audit(flash)
    number, digest = again.head()
    whole = sha256(flash.areas[ports.AREA_AUDIT_A])
    whole.update(flash.areas[ports.AREA_AUDIT_B])
    return {
        "before": before,
        "began": began,
        "records": number,
        "head": hexlify(digest).decode(),
        "same head": again.head() == log.head(),
        "boot": again.chain.state,
        "look": log.check(),
        "looks": looks,
        "store": hexlify(whole.digest()).decode(),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
