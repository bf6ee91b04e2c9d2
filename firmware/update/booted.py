"""How the firmware was started, as the boot tells it: in memory, and as a file of the volume that it is imported from."""

import struct

from firmware.update.record import NO_SLOT
from hal.compat import const
from hal.ports import AREA_GOLDEN, AREA_SLOT_A, AREA_SLOT_B

CONFIRMED = const(0x21D5)  # modes: patterns of bits
TRIAL = const(0x4E8A)
RECOVERY = const(0x5727)
NOTHING = const(0)  # no image boots
AREAS = (AREA_SLOT_A, AREA_SLOT_B)
FIRMWARE = b"firmware"  # the component's name
FILE = ".booted"
_LAYOUT = "<HBBI32s32s"


class Booted:
    """How it was started: `mode`, `slot` (0, 1, or NO_SLOT), `number`, `digest` of the manifest, `image`'s.

    `reason` (verdict.py, reasons.py): why nothing else was, 0 where nothing else was to be.
    """

    def __init__(self, mode=NOTHING, slot=NO_SLOT, number=0, digest=bytes(32), image=bytes(32)):
        self.mode = mode
        self.slot = slot
        self.number = number
        self.digest = digest
        self.image = image
        self.reason = 0

    def encode(self):
        """Return it as bytes, for the file that tells the firmware."""
        return struct.pack(_LAYOUT, self.mode, self.slot, self.reason, self.number, self.digest, self.image)

    def area(self):
        """The area that the image lies in."""
        return AREA_GOLDEN if self.slot == NO_SLOT else AREAS[self.slot]


def decode(data):
    """Return the Booted of `data`, or None where it is none."""
    if len(data) != struct.calcsize(_LAYOUT):
        return None
    booted = Booted()
    (booted.mode, booted.slot, booted.reason, booted.number, booted.digest, booted.image) = struct.unpack(_LAYOUT, data)
    return booted


def how(module_file):
    """How the volume was started that a module was imported from (its `__file__`), or None where it was from none."""
    try:
        with open(module_file.rsplit("/firmware/", 1)[0] + "/" + FILE, "rb") as file:
            return decode(file.read())
    except OSError:
        return None
