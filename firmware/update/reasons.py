"""Why an image is not installed or not booted, beside the codes of verdict.py; the numbers go on far from theirs.

They stand in the boot record and in the audit and are never given a second meaning (docs/updates.md).
"""

from hal.compat import const

# An image that came whole, and is not one.
NO_BUNDLE = const(96)  # no files one after another, in order, each with its digest
BAD_PATH = const(97)  # a name that leads out of the slot, or that a file system would take for another
NO_MAIN = const(98)  # nothing to start
OTHER_INTERPRETER = const(99)  # its bytecode is of another version, or of longer small integers

# A slot at boot.
EMPTY = const(112)
OTHER_MANIFEST = const(113)  # authentic, and not the one that the record names
NOT_WHOLE = const(114)  # chunks are missing
NOT_BLANK = const(115)  # something stands behind the image
UNREADABLE = const(116)
NOT_STARTED = const(117)  # no command of the manifest has it started

# A trial.
NOT_CONFIRMED = const(120)  # it was started, and the pump restarted before its self-test was over
TRIAL_FAILED = const(121)  # the self-test of what was on trial failed

# What the updater does not do now.
TRIAL_PENDING = const(124)  # another image is on trial
NOT_READY = const(125)  # nothing is ready to be installed, or it is of another number
NO_RECORD = const(126)  # the store does not take the boot record
NO_PROOFS = const(127)  # nobody is known whose proofs would count

# While it runs.
NO_MEMORY = const(130)  # to verify it beside everything else: it is done in a pump with more
OTHER_IMAGE = const(131)  # the stored image is not what booted
