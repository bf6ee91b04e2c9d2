"""Starts a pump that has slots: what its own main.py calls. Verifies, mounts the slot, and lets nothing else be imported.

    from firmware.start import start
    start(store, feed)

Whatever this loads is forgotten again but for the volume: the image brings its own firmware and drivers, and they are
found in the slot alone. Modules within the interpreter itself stay.
"""

import sys

from firmware.trust.closed import is_provisioned
from firmware.update.boot import Boot
from firmware.update.booted import NOTHING, Booted
from firmware.update.contents import MAIN, Files
from firmware.update.manifest import Device
from firmware.update.reasons import NO_MAIN, NO_PROOFS
from firmware.update.record import Record
from firmware.update.roots import boot_proofs, device_of, golden_proofs, read_roots
from firmware.update.slot import Slot
from firmware.update.volume import Volume
from hal.compat import mount, unload
from hal.ports import OK

FOLDER = "/slot"
_OURS = ("firmware", "hal", "main")
_FROZEN = ".frozen"


def who(store, roots):
    """Who the pump is, as its root record and its credentials say (manifest.Device); without credentials it has no id."""
    if is_provisioned(store):
        from firmware.trust.credentials import WHOLE, Credentials

        credentials = Credentials(store)
        if credentials.read() == WHOLE:
            return device_of(roots, credentials.record)
    return Device(roots.vendor_id, roots.class_id, bytes(16))


def choose(store, feed):
    """Return the Booted that is to run (booted.py)."""
    roots = read_roots(store)
    if roots is None:
        booted = Booted()
        booted.reason = NO_PROOFS
        return booted
    boot = Boot(
        store, Record(store), who(store, roots), lambda: boot_proofs(roots), lambda: golden_proofs(roots), feed
    )
    return boot.choose()


def start(store, feed):
    """Run what is to run; return the Booted of mode NOTHING where that is no image, else when the image has ended.

    `feed()` is called often while the slot is verified: it may feed a watchdog.
    """
    booted = choose(store, feed)
    if booted.mode == NOTHING:
        return booted
    slot = Slot(store, booted.area())
    files = Files(slot)
    place, length = files.find(MAIN) or (0, 0)
    code = bytearray(length)
    if not length or slot.read(place, code) != OK:
        booted.mode = NOTHING
        booted.reason = NO_MAIN
        return booted
    mount(Volume(files, slot, booted.encode()), FOLDER)
    sys.path[:] = [FOLDER, _FROZEN]
    unload(*_OURS)
    exec(str(code, "utf-8"), {"__name__": "__main__"})
    return booted
