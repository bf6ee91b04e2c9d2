"""Starts a pump that has slots: what its own main.py calls. Verifies, mounts the slot, and lets nothing else be imported.

    from firmware.update.start import start
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
from firmware.update.roots import boot_proofs, golden_proofs, read_roots
from firmware.update.slot import Slot
from firmware.update.volume import Volume
from hal.compat import collect, mount
from hal.ports import AREA_BOOT_A, OK

FOLDER = "/slot"
_OURS = ("firmware", "hal", "main")
_FROZEN = ".frozen"


def device_of(store, roots, number=0):
    """Who the pump is: vendor and class by its root record; its id, in 16 bytes, by its credentials, where it has any."""
    device_id = bytes(16)
    if is_provisioned(store):
        from firmware.trust.credentials import WHOLE, Credentials

        credentials = Credentials(store)
        if credentials.read() == WHOLE:
            device_id = (bytes(16) + credentials.record.pump_id)[-16:]
    return Device(roots.vendor_id, roots.class_id, device_id, number)


def has_slots(store):
    """Whether a board has the areas for it; one without boots the files that it has, and cannot be updated."""
    return store.size(AREA_BOOT_A) > 0


def choose(store, feed):
    """Return the Booted that is to run (booted.py)."""
    roots = read_roots(store)
    if roots is None:
        booted = Booted()
        booted.reason = NO_PROOFS
        return booted
    boot = Boot(
        store, Record(store), device_of(store, roots), lambda: boot_proofs(roots), lambda: golden_proofs(roots), feed
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
    forget()
    collect()
    exec(str(code, "utf-8"), {"__name__": "__main__"})
    return booted


def forget():
    """Let go of every module of ours, so that it is imported anew."""
    for name in list(sys.modules):
        if name.split(".")[0] in _OURS:
            del sys.modules[name]
