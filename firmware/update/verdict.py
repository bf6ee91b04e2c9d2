"""What becomes of an update: one code, told to people, noted in the audit, counted.

The numbers are the protocol's (docs/updates.md) and are never given a second meaning. What lets something
happen is a pattern of bits; refusals count from 1.
"""

from hal.compat import const

OPENED = const(0x1B66)  # the envelope: every proof held
READ = const(0x2D59)  # the manifest: whole, newer, within bounds
DONE = const(0x36A5)  # its commands: all were carried out, every component matches its digest

MORE = const(0)  # not decided yet

# The envelope, before anything of it is believed.
TOO_LONG = const(1)
MALFORMED = const(2)  # no deterministic CBOR within the bounds
NO_ENVELOPE = const(3)
UNKNOWN_MEMBER = const(4)
WRAPPER = const(5)  # the authentication wrapper is no list of byte strings
DIGEST_ALGORITHM = const(6)
WRONG_DIGEST = const(7)
NUMBER_OF_PROOFS = const(8)
PROOF_MALFORMED = const(9)
PROOF_ALGORITHM = const(10)
PROOF_UNPROTECTED = const(11)  # headers that no key vouches for
WRONG_PROOF = const(12)

# The manifest.
MANIFEST_TOO_LONG = const(13)
MANIFEST_MALFORMED = const(14)
MANIFEST_MEMBER = const(15)
MANIFEST_VERSION = const(16)
SEQUENCE_NUMBER = const(17)  # none, or none of ours
ROLLBACK = const(18)
SAME_NUMBER = const(19)  # as what is installed, with other content
COMPONENTS = const(20)  # none, too many, twice, no identifiers
UNKNOWN_COMPONENT = const(21)
SEVERED_CHANGED = const(22)
MEMBER_TWICE = const(23)  # in the envelope, and not severed from the manifest
MEMBER_MISSING = const(24)  # the procedure needs it
SEQUENCE_MALFORMED = const(25)
TOO_DEEP = const(26)
TOO_MANY_COMMANDS = const(27)
UNKNOWN_COMMAND = const(28)
MISPLACED_COMMAND = const(29)
ARGUMENT = const(30)
UNKNOWN_PARAMETER = const(31)
PARAMETER = const(32)  # of another kind, too long, out of range
SOFT_OUTSIDE = const(33)  # soft failure set where nothing is left to fail softly to
PAYLOAD_UNUSED = const(34)  # no command asks for it

# Its commands.
PARAMETER_MISSING = const(35)
OTHER_VENDOR = const(36)
OTHER_CLASS = const(37)
OTHER_DEVICE = const(38)
OTHER_IMAGE = const(39)
OTHER_CONTENT = const(40)
OTHER_SLOT = const(41)
ABORTED = const(42)
NO_ALTERNATIVE = const(43)
UNIDENTIFIED = const(44)  # something would change before vendor and class were checked
UNVERIFIED = const(45)  # left, or to be started, with no look at its digest since it changed
SOURCE = const(46)  # a copy or swap with itself
PAYLOAD_MISSING = const(47)
PAYLOAD_CHANGED = const(48)
TARGET = const(49)  # the slots said no: `detail` is their code
TOO_MANY_STEPS = const(50)

# Whose signatures they are.
UNKNOWN_KEY = const(51)  # no key of the root record has that id
REVOKED_KEY = const(52)
SAME_SIGNER = const(53)  # two signatures, and one person
CODES = const(54)
