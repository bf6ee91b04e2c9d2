"""The boot of a pump with slots in a file, on MicroPython: `install ENVELOPE PAYLOAD KEY` first, or `boot`.

Arguments: the project's root, and those. KEY is the facility's, in hex. It runs in the folder of the file.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from firmware.start import start, who
from firmware.trust.mac import MacKey
from firmware.update import updater as up
from firmware.update.contents import bytecode_version
from firmware.update.proofs import Mac, Signature
from firmware.update.record import Record
from firmware.update.roots import read_roots
from firmware.update.slot import CHUNK
from tools.device.slot_main import Kept


def stall(ms):
    """No time passes."""


def install(store, envelope, payload, key):
    """Take the image and have it tried; say how that went."""
    roots = read_roots(store)

    def proofs():
        return [Signature(roots.makers[0]), Mac(MacKey(key))]

    work = up.Updater(store, who(store, roots), Record(store), proofs, bytecode_version())
    rc = work.offer(envelope)
    while not rc and work.state not in (up.READY, up.REFUSED):
        work.step(True)
        slot = work.slot
        if work.state == up.CARRYING and slot.state and slot.have < slot.length:
            rc = slot.take(slot.have, payload[slot.have : slot.have + CHUNK])
    if work.state == up.READY:
        rc = work.schedule(work.number, 1) or work.install()
    print(json.dumps({"rc": rc, "state": work.state, "reason": work.reason}))


def main(arguments):
    store = Kept(stall)
    if arguments[0] == "install":
        with open(arguments[1], "rb") as file:
            envelope = file.read()
        with open(arguments[2], "rb") as file:
            payload = file.read()
        install(store, envelope, payload, from_hex(arguments[3]))
        return
    for name in ("tools", "tools.device", "tools.device.slot_main"):  # the image has its own
        del sys.modules[name]
    booted = start(store, feed)
    if not booted.mode:
        print(json.dumps({"mode": 0, "reason": booted.reason}))


def feed():
    """There is no watchdog."""


def from_hex(text):
    """Bytes of hex."""
    return bytes(int(text[place : place + 2], 16) for place in range(0, len(text), 2))


main(sys.argv[2:])
