"""What evidence and recovery ask of the audit beside what a pump does each day. Loaded at the local port alone.

`audit`: Noting, or Unaudited, which has no chain. While `lent` the gatekeeper leaves the chain alone.
"""

from firmware.trust.audit_area import records_at
from firmware.trust.audit_frame import evidence_key, is_authentic, sequence_of
from firmware.trust.audit_store import SOUND, UNREAD
from firmware.trust.mac import MacKey, equal
from hal.ports import OK


def ready(audit):
    """Let the key go on past what is stored, and append nothing from now on; the record that it is for, -1: no key."""
    chain = audit.chain()
    if chain is None:
        return -1
    audit.lent = True
    if chain.resolve() == UNREAD or not chain.number or chain.settle() != OK:
        audit.lent = False
        return -1
    return chain.sequence


def vouch(audit, data):
    """Return a MAC over `data` by the key in force, for whoever holds the first: 32 bytes. After `ready`."""
    made = MacKey(evidence_key(audit.chain().key))
    mac = made.mac(data)
    made.wipe()
    audit.lent = False
    return mac


def begun_with(audit, key):
    """Whether the chain has the first key `key`, as far as the store tells: a beginning need not be repeated."""
    chain = audit.chain()
    if chain is None:
        return True
    if not chain.number or chain.resolve() != SOUND:
        return False
    if not chain.sequence:
        return equal(chain.key, key)
    areas = chain.areas
    length = areas.load(chain.area, records_at(areas.size(chain.area)))
    return length >= 0 and sequence_of(areas.frame) == 0 and is_authentic(areas.frame, length, key)


def begin_anew(audit, key):
    """Begin another chain with `key`, over areas that were erased; OK or ERR_*."""
    chain = audit.chain()
    rc = OK if chain is None else chain.begin(key, False)
    if rc == OK:
        audit.begun()
    return rc
