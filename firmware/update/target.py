"""The contract of a pump's slots, as an update's commands see them, and its codes.

Whoever implements it writes what is *not* running: the other slot, the other copy of a library. A handle stands
for a component, not for a slot. Long work is done in slices: BUSY asks to be called again with the same
arguments.
"""

from hal.compat import const

OK = const(0)
BUSY = const(1)  # a slice was done; there is more
FAILED = const(-1)  # the medium, or the far end; whatever was written is not to be used
NO_ROOM = const(-2)
NOT_NOW = const(-3)  # not in maintenance, or a patient is connected
UNKNOWN = const(-4)


class Target:
    """All methods return OK, BUSY or one of the codes below 0, unless they say otherwise."""

    def component(self, identifier):
        """Handle from 0 of a component's identifier (a list of bytes), or UNKNOWN. Nothing in it names a path."""
        return UNKNOWN

    def slot(self, component):
        """Number of the slot, 0 or 1, that the component would be written to; below 0 where it cannot."""
        return UNKNOWN

    def fetch(self, component, uri, arguments, digest, size):
        """Write what is at `uri` (str) to the component; `size` in bytes, or -1 where the manifest names none.

        `arguments` are the manifest's own (bytes). It may stop at `size`; `digest` (32 bytes) helps to resume.
        """
        return FAILED

    def write(self, component, data):
        """Write `data` (bytes), all that the component then is."""
        return FAILED

    def copy(self, component, source):
        """Write to `component` what `source` (a handle) is."""
        return FAILED

    def swap(self, component, source):
        """Let both be what the other was; cut short, it is found again and ended."""
        return FAILED

    def digest(self, component, digest):
        """Put the SHA-256 of what the component would be into `digest` (a bytearray of 32), read from the medium."""
        return FAILED

    def size(self, component):
        """Its length in bytes, or a code below 0."""
        return FAILED

    def invoke(self, component, arguments):
        """Note that the component is to be started, with the manifest's `arguments` (bytes)."""
        return FAILED
