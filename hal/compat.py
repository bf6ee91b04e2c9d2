"""The only place that hides differences between interpreters.

MicroPython's `const` folds integers at compile time; CPython has none. Ticks are counted
modulo 2**30 by forms of our own, the same in every home, because those of the two
interpreters differ and the obvious forms allocate on a 32-bit port.
"""

import binascii
import gc
import sys

try:
    from micropython import const, heap_lock, heap_unlock
except ImportError:

    def const(value):
        """Return `value`: CPython folds nothing."""
        return value

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """Nor to unlock."""

try:
    from cryptolib import aes
except ImportError:
    aes = None  # CPython, and ports built without

try:
    from vfs import mount
except ImportError:
    mount = None  # CPython imports from no file system of ours

_ECB = const(1)

hexlify = binascii.hexlify
unhexlify = binascii.unhexlify
crc32 = binascii.crc32  # IEEE 802.3, in C on both interpreters: finds damage, is no security control

MASK = const(0x3FFFFFFF)
HALF = const(0x20000000)


def ticks_diff(a, b):
    """Signed a - b for counters modulo 2**30, in -2**29 … 2**29 - 1 (never allocates)."""
    return (((a - b) & MASK) ^ HALF) - HALF


def ticks_add(t, d):
    """(t + d) modulo 2**30 for |d| < 2**29 (never allocates)."""
    return (((t ^ HALF) - HALF) + d) & MASK


def block_cipher(key):
    """Return an AES whose `encrypt` takes a block of 16 bytes, or None where the interpreter has no AES in C."""
    return aes(key, _ECB) if aes is not None else None


# CPython knows no end of its heap.
PLENTY = const(0x3FFFFFFF)


def free_heap():
    """Bytes of heap that are free without a collection, or PLENTY. One C call over the whole heap."""
    return gc.mem_free() if hasattr(gc, "mem_free") else PLENTY


def collect():
    """Free what nothing refers to any more. One C call: milliseconds on a device, with no tick."""
    gc.collect()


def unload(*names):
    """Let go of modules, and of what is below them; MicroPython alone, where a heap is small and one pump runs."""
    if sys.implementation.name != "micropython":
        return
    for module in list(sys.modules):
        for name in names:
            if module == name or module.startswith(name + "."):
                del sys.modules[module]
                above, _, last = module.rpartition(".")
                if above in sys.modules and hasattr(sys.modules[above], last):
                    delattr(sys.modules[above], last)
                break
    gc.collect()
