"""What becomes of what was carried here and confirmed, beyond verdict.py: numbers of the same kind, from 70.

The numbers are the protocol's (docs/updates.md) and are never given a second meaning.
"""

from hal.compat import const

IN_FORCE = const(0x4E95)  # a pattern of bits; the audit says 0

NO_PARCEL = const(70)  # nothing of ours, or parts that do not fit together
NOT_CONFIRMED = const(71)  # the word is not authentic, of an earlier start, or of who may not say it
STAGE_CHANGED = const(72)  # what is staged is not what was announced and looked at
OTHER_NUMBER = const(73)  # not the number that was confirmed, or the library's own is another
NOT_AT_REST = const(74)  # a therapy stands
NO_ROOTS = const(75)  # no root record says whose signatures count
ROOTS_MALFORMED = const(76)
ROOTS_UNSIGNED = const(77)  # there is a root record: the next one is signed by its key
REVOCATION_LIFTED = const(78)  # it takes back that a key is revoked
NO_LIBRARY = const(79)  # the payload is no drug library, or has bytes too many
LIMITS = const(80)  # an entry whose limits are out of order, or that contradicts itself
NO_ROOM = const(81)
STORE = const(82)  # the store did not take it; what was in force is
BROKE_OFF = const(83)  # an error of the firmware's own
FIRST = const(70)
CODES = const(84)
