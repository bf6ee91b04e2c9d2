"""The SUIT envelope (draft-ietf-suit-manifest, section 8): opened only by the proofs that a pump demands.

Until all of them hold, nothing of the manifest is parsed. Each proof stands at its place: the envelope has as
many as are demanded, in that order, so there is one envelope for one manifest and one set of keys. What no
proof is over, payloads and severed members, is bound by digests in the manifest (manifest.py, processor.py).
"""

from hashlib import sha256

from firmware.trust import cose
from firmware.trust.cbor import Refused, Tag, decode, encode
from firmware.trust.mac import equal
from firmware.update import verdict
from firmware.update.proofs import HOLDS
from hal.compat import const

TAG = const(107)
WRAPPER = const(2)  # members of the envelope
MANIFEST = const(3)
PAYLOAD_FETCH = const(16)
INSTALL = const(20)
TEXT = const(23)
SEVERABLE = (PAYLOAD_FETCH, INSTALL, TEXT)
SHA_256 = const(-16)
DIGEST_BYTES = const(32)

ENVELOPE_MOST = const(16384)  # bytes of a whole one; what is longer is fetched
MEMBERS = const(12)
PROOFS = const(4)
PROOF_MOST = const(9400)  # bytes: the longest signature of one level, 8.9 KB, has room
_DIGEST_ITEMS = const(3)


def read_digest(data):
    """The 32 bytes of a SUIT_Digest (bytes), or None where it is none by SHA-256."""
    try:
        return digest_of(decode(data, 1, _DIGEST_ITEMS))
    except Refused:
        return None


def digest_of(value):
    """The same of a decoded one."""
    if not isinstance(value, list) or len(value) != 2 or value[0] != SHA_256 or isinstance(value[0], bool):
        return None
    return value[1] if isinstance(value[1], bytes) and len(value[1]) == DIGEST_BYTES else None


def hash_of(member):
    """SHA-256 over a member's byte string, its head included: what a SUIT_Digest of a member is of."""
    return sha256(encode(member)).digest()


class Opening:
    """Opens one envelope: `step` until it says no, then `verdict` is OPENED or why not.

    Once open: `manifest` (bytes), its `digest` (32 bytes), `severed` (bytes by key), `payloads` (bytes by URI).
    `detail` is the reason that the decoder gave.
    """

    __slots__ = ("_at", "_blocks", "_held", "_payload", "_proofs", "detail", "digest", "manifest", "payloads",
                 "severed", "verdict")  # fmt: skip

    def __init__(self, data, proofs):
        """`data` (bytes) is the envelope, `proofs` (proofs.py) are those that are demanded, one at least."""
        self._proofs = proofs
        self._blocks = []
        self._at = -1  # the proof that is under way, once there is one
        self._held = 0
        self._payload = self.digest = self.manifest = None
        self.severed = {}
        self.payloads = {}
        self.detail = 0
        self.verdict = self._take(data)
        if self.verdict == verdict.MORE:
            self.verdict = self._take_wrapper()

    def _take(self, data):
        if len(data) > ENVELOPE_MOST:
            return verdict.TOO_LONG
        try:
            value = decode(data, 2, 2 + 2 * MEMBERS)
        except Refused as refused:
            self.detail = refused.args[0]
            return verdict.MALFORMED
        if not isinstance(value, Tag) or value.number != TAG or not isinstance(value.value, dict):
            return verdict.NO_ENVELOPE
        members = value.value
        for key in members:
            if not isinstance(members[key], bytes):
                return verdict.NO_ENVELOPE
            if isinstance(key, str):
                self.payloads[key] = members[key]
            elif key in SEVERABLE:
                self.severed[key] = members[key]
            elif key not in (WRAPPER, MANIFEST):
                return verdict.UNKNOWN_MEMBER
        if WRAPPER not in members or MANIFEST not in members:
            return verdict.NO_ENVELOPE
        self._payload = members[WRAPPER]
        self.manifest = members[MANIFEST]
        return verdict.MORE

    def _take_wrapper(self):
        """Look at the digest, and find the proofs."""
        try:
            blocks = decode(self._payload, 1, 2 + PROOFS)
        except Refused as refused:
            self.detail = refused.args[0]
            return verdict.WRAPPER
        if not isinstance(blocks, list) or not blocks:
            return verdict.WRAPPER
        for block in blocks:
            if not isinstance(block, bytes):
                return verdict.WRAPPER
        self._payload = blocks[0]
        self.digest = read_digest(blocks[0])
        if self.digest is None:
            return verdict.DIGEST_ALGORITHM
        if not equal(hash_of(self.manifest), self.digest):
            return verdict.WRONG_DIGEST
        self._blocks = blocks[1:]
        if not self._proofs or len(self._blocks) != len(self._proofs):
            return verdict.NUMBER_OF_PROOFS
        return verdict.MORE

    def step(self, hashes):
        """Go on by about `hashes` blocks of SHA-256; return whether there is work left."""
        if self.verdict != verdict.MORE:
            return False
        if self._at < 0:
            self.verdict = self._begin(0)
            return self.verdict == verdict.MORE
        rc = self._proofs[self._at].step(hashes)
        if rc == verdict.MORE:
            return True
        if rc != HOLDS:
            self.verdict = verdict.WRONG_PROOF
            return False
        self._held += rc
        if self._at + 1 < len(self._proofs):
            self.verdict = self._begin(self._at + 1)
        elif self._held == HOLDS * len(self._blocks):
            self.verdict = verdict.OPENED
        else:
            self.verdict = verdict.WRONG_PROOF
        return self.verdict == verdict.MORE

    def _begin(self, number):
        self._at = number
        block, proof = self._blocks[number], self._proofs[number]
        # Tagged or not would be two envelopes for one.
        if not block or block[0] != 0xC0 | proof.tag or len(block) > PROOF_MOST:
            return verdict.PROOF_MALFORMED
        message = cose.open_message(block, proof.tag)
        if message is None:
            return verdict.PROOF_MALFORMED
        return proof.begin(message, self._payload)
