"""Envelopes against firmware/update on each interpreter: `run(cases)`; one line of JSON.

A case has an envelope, keys, what the pump knows, and the verdict that is due. MicroPython's unix port runs it as
a program (root, file); in home webassembly `main` reads the file that came with it.
"""

import json
import sys
from binascii import unhexlify
from hashlib import sha256

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust.mac import MacKey
from firmware.update import manifest, processor, proofs, suit, target, verdict

BUNDLED = "/kvo/updates.json"
_HASHES = 30


class Slots(target.Target):
    """One other slot of each component; everything is done in two slices."""

    def __init__(self, names, served):
        self.names = names
        self.served = served
        self.other = {}
        self.wrote = 0
        self._half = False

    def component(self, identifier):
        return self.names.index(identifier) if identifier in self.names else target.UNKNOWN

    def slot(self, component):
        return 1

    def _slice(self):
        self._half = not self._half
        return target.BUSY if self._half else target.OK

    def fetch(self, component, uri, arguments, digest, size):
        if uri not in self.served:
            return target.FAILED
        return self.write(component, self.served[uri])

    def write(self, component, data):
        self.wrote += 1
        self.other[component] = data
        return self._slice()

    def copy(self, component, source):
        return self.write(component, self.other.get(source, b""))

    def digest(self, component, digest):
        if component not in self.other:
            return target.FAILED
        digest[:] = sha256(self.other[component]).digest()
        return self._slice()

    def size(self, component):
        return len(self.other[component])

    def invoke(self, component, arguments):
        return target.OK


def judge(case):
    """The verdict on a case, and how often something was written."""
    demands = [proofs.Signature(unhexlify(case["public_key"]))] if case["public_key"] else []
    demands.append(proofs.Mac(MacKey(unhexlify(case["facility"]))))
    ids = [unhexlify(one) for one in case["ids"]]
    device = manifest.Device(ids[0], ids[1], ids[2], case["number"], unhexlify(case["digest"]) or None)
    names = [[unhexlify(part) for part in name] for name in case["names"]]
    served = {}
    for uri in case["served"]:
        served[uri] = unhexlify(case["served"][uri])
    slots = Slots(names, served)
    opening = suit.Opening(unhexlify(case["envelope"]), demands)
    while opening.step(_HASHES):
        pass
    if opening.verdict != verdict.OPENED:
        return opening.verdict, slots.wrote
    read = manifest.Manifest(opening, device, slots)
    if read.verdict != verdict.READ:
        return read.verdict, slots.wrote
    work = processor.Processor(read, device, slots, processor.UPDATE)
    while work.step():
        pass
    return work.verdict, slots.wrote


def run(cases):
    """Return {"checked": number, "wrong": [names, verdicts]}."""
    wrong = []
    for case in cases:
        said, wrote = judge(case)
        if said != case["expect"] or (wrote and not case["may_write"]):
            wrong.append([case["name"], said, case["expect"]])
    return {"checked": len(cases), "wrong": wrong}


def _report(path):
    with open(path) as file:
        print(json.dumps(run(json.load(file))))


def main():
    """All at once: the runner has nothing to call again."""
    _report(BUNDLED)
    return _no_more


def _no_more():
    return False


if __name__ == "__main__":
    _report(sys.argv[2])
