"""What vouches for an envelope: a COSE_Sign1 by an HSS/LMS key (RFC 8778), a COSE_Mac0 by the facility's key.

Both are over the manifest's digest, which is not repeated in them. Each object serves one opening at a time.
"""

from firmware.trust import cose, lms
from firmware.update.verdict import (
    MORE,
    PROOF_ALGORITHM,
    PROOF_MALFORMED,
    PROOF_UNPROTECTED,
    REVOKED_KEY,
    SAME_SIGNER,
    UNKNOWN_KEY,
    WRONG_PROOF,
)
from hal.compat import const

HSS_LMS = const(-46)  # RFC 8778, section 3
HOLDS = const(0x5A93)
_HEADERS = const(2)  # algorithm and key id; whatever else it says would go unread


def _refuses(message, algorithm):
    """MORE where the headers are the two that are read, all of them under the proof."""
    if message.unprotected:
        return PROOF_UNPROTECTED
    if message.protected.get(cose.ALGORITHM) != algorithm:
        return PROOF_ALGORITHM
    key_id = message.protected.get(cose.KEY_ID, b"")
    extra = len(message.protected) - (_HEADERS if cose.KEY_ID in message.protected else 1)
    if extra or not isinstance(key_id, bytes) or message.payload is not None:
        return PROOF_MALFORMED  # a payload of its own: which is meant?
    return MORE


class Signature:
    """The manufacturer's, or the facility's over a drug library: `public_key` as in RFC 8554, section 6."""

    tag = cose.TAG_SIGN1
    algorithm = HSS_LMS

    def __init__(self, public_key):
        self._key = public_key
        self._verifier = None

    def begin(self, message, payload):
        """Take the cose.Message and what it should be over; MORE, or why not."""
        rc = _refuses(message, self.algorithm)
        if rc == MORE:
            self._verifier = lms.Verifier(self._key, message.proof)
            self._verifier.update(message.to_sign(payload=payload))
        return rc

    def step(self, hashes):
        """MORE, HOLDS or WRONG_PROOF, after `hashes` blocks at most."""
        if self._verifier.step(hashes):
            return MORE
        verdict = self._verifier.result
        self._verifier = None
        # Made of the verdict: a branch that is skipped makes it no HOLDS.
        return verdict ^ lms.VERIFIED ^ HOLDS if verdict == lms.VERIFIED else WRONG_PROOF


class Signer(Signature):
    """One of several keys, chosen by the id that the signature names: `keys` by id, `revoked` ids.

    `used`: the ids that signed, shared by those who must be different people.
    """

    def __init__(self, keys, revoked, used):
        super().__init__(b"")
        self._keys = keys
        self._revoked = revoked
        self.used = used

    def begin(self, message, payload):
        """As Signature.begin. The id is under the signature, as every header is."""
        rc = _refuses(message, self.algorithm)
        if rc != MORE:
            return rc
        identifier = message.protected.get(cose.KEY_ID, b"")
        if identifier in self._revoked:
            return REVOKED_KEY
        if identifier not in self._keys:
            return UNKNOWN_KEY
        if identifier in self.used:
            return SAME_SIGNER
        self.used.append(identifier)
        self._key = self._keys[identifier]
        return Signature.begin(self, message, payload)


class Mac:
    """The facility's counter-signature: `key` is a mac.MacKey."""

    tag = cose.TAG_MAC0
    algorithm = cose.HMAC_256

    def __init__(self, key):
        self._key = key
        self._message = None

    def begin(self, message, payload):
        """As Signature.begin."""
        rc = _refuses(message, self.algorithm)
        if rc == MORE:
            message.payload = payload
            self._message = message
        return rc

    def step(self, hashes):
        """As Signature.step; a MAC is a handful of blocks."""
        message = self._message
        self._message = None
        return HOLDS if message.verify_mac(self._key) == cose.OK else WRONG_PROOF


class Filed:
    """A counter-signature that was checked when the image was taken in, by a key that a recovery may since have replaced.

    At boot the record names the manifest that was taken in; what is looked at here is that there is one, in its form.
    """

    tag = cose.TAG_MAC0
    algorithm = cose.HMAC_256

    def begin(self, message, payload):
        """As Signature.begin."""
        return _refuses(message, self.algorithm)

    def step(self, hashes):
        """HOLDS: it vouches for nothing."""
        return HOLDS
