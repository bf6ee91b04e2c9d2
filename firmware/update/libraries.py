"""A drug library in its envelope: two pharmacists' signatures, this vendor and class, a number that rises.

Verified at boot, before anything else is loaded, so at once and not in slices. What the payload says of drugs is for
therapy to judge; here it is bytes with a digest. Nothing is written.
"""

from hashlib import sha256

from firmware.update import manifest, processor, suit, verdict
from firmware.update import target as slots
from firmware.update.roots import device_of, library_proofs
from hal.compat import const

COMPONENT = b"library"
FOLLOWS = "parcel:payload"  # the URI of a payload that follows its envelope
_HASHES = const(400)


class _Library(slots.Target):
    """The one component: what is fetched is kept in memory, and is nowhere else until it has been judged."""

    def __init__(self, payload):
        """`payload()` gives the bytes that follow the envelope, or None."""
        self._payload = payload
        self.data = None

    def component(self, identifier):
        return 0 if len(identifier) == 1 and identifier[0] == COMPONENT else slots.UNKNOWN

    def fetch(self, component, uri, arguments, digest, size):
        self.data = self._payload() if uri == FOLLOWS and not arguments else None
        return slots.FAILED if self.data is None else slots.OK

    def write(self, component, data):
        self.data = data
        return slots.OK

    def digest(self, component, digest):
        if self.data is None:
            return slots.FAILED
        digest[:] = sha256(self.data).digest()
        return slots.OK

    def size(self, component):
        return slots.FAILED if self.data is None else len(self.data)


class Envelope:
    """`verdict` is DONE or why not. Then: `data` (bytes), `number`, `digest` of the manifest, `signers` (two numbers).

    A manifest that was refused for its number has `digest` and `signers` too.
    """

    __slots__ = ("data", "digest", "number", "signers", "verdict")

    def __init__(self, data, payload, roots, record, floor, installed):
        """`data`: the envelope; `payload()`: the bytes behind it; `floor`, `installed`: number and digest in force."""
        self.data = None
        self.number = -1
        self.digest = bytes(32)
        self.signers = (0, 0)
        self.verdict = self._verify(data, payload, roots, record, floor, installed)

    def _verify(self, data, payload, roots, record, floor, installed):
        demands = library_proofs(roots)
        opening = suit.Opening(data, demands)
        while opening.step(_HASHES):
            pass
        if opening.verdict != verdict.OPENED:
            return opening.verdict
        self.digest = opening.digest
        self.signers = tuple([roots.pharmacist(one) for one in demands[0].used])
        device = device_of(roots, record, floor, installed)
        target = _Library(payload)
        read = manifest.Manifest(opening, device, target)
        self.number = read.number
        if read.verdict != verdict.READ:
            return read.verdict
        work = processor.Processor(read, device, target, processor.UPDATE)
        while work.step():
            pass
        if work.verdict == verdict.DONE and target.data is None:
            return verdict.MEMBER_MISSING  # it brought nothing
        self.data = target.data
        return work.verdict
