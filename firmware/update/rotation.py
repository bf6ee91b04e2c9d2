"""The next root record: a COSE_Sign1 (RFC 9052) by the root key of the one before, with the record in it."""

from firmware.trust import cose, lms
from firmware.update import refusal, verdict
from firmware.update.proofs import HSS_LMS
from firmware.update.roots import Roots, key_id

SIGNED = 0xC0 | cose.TAG_SIGN1  # the first byte of a signed one


def read_first(data):
    """Return (IN_FORCE, Roots) of a plain record, or (why not, None)."""
    roots = Roots()
    if not roots.decode(data) or roots.encode() != data:
        return refusal.ROOTS_MALFORMED, None
    return refusal.IN_FORCE, roots


def read_next(data, before):
    """Return (IN_FORCE, Roots) of a record that may follow `before` (Roots), or (why not, None).

    The sequence rises, vendor and class stay, and whoever is revoked stays so. The same record once more is good.
    """
    if data[:1] != bytes((SIGNED,)):
        return refusal.ROOTS_UNSIGNED, None
    message = cose.open_message(data, cose.TAG_SIGN1)
    if message is None or message.payload is None:
        return refusal.ROOTS_MALFORMED, None
    if message.unprotected or len(message.protected) != 2:
        return verdict.PROOF_UNPROTECTED, None
    if message.protected.get(cose.KEY_ID) != key_id(before.root_key):
        return (refusal.IN_FORCE, before) if message.payload == before.encode() else (verdict.UNKNOWN_KEY, None)
    if message.verify_signature(HSS_LMS, lambda data, proof: _holds(before.root_key, data, proof)) != cose.OK:
        return verdict.WRONG_PROOF, None
    rc, roots = read_first(message.payload)
    if rc == refusal.IN_FORCE:
        rc = _may_follow(roots, before)
    return rc, roots if rc == refusal.IN_FORCE else None


def _holds(key, data, proof):
    return lms.verify(key, data, proof) == lms.VERIFIED


def _may_follow(roots, before):
    if roots.vendor_id != before.vendor_id:
        return verdict.OTHER_VENDOR
    if roots.class_id != before.class_id:
        return verdict.OTHER_CLASS
    if roots.sequence < before.sequence:
        return verdict.ROLLBACK
    if roots.sequence == before.sequence and roots.encode() != before.encode():
        return verdict.SAME_NUMBER
    for identifier in before.revoked:
        if identifier not in roots.revoked:
            return refusal.REVOCATION_LIFTED
    return refusal.IN_FORCE
