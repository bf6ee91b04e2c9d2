"""Frames of the lockstep link: mark, kind, length, sequence, payload, CRC-32 (docs/lockstep.md).

Little-endian. Both ends use this file, so that neither drifts from the other.
"""

import struct
from binascii import crc32

from hal.compat import const

VERSION = const(5)
# A frame begins with this and the version: a byte that small numbers do not have.
MARK = const(0xA0)
HEAD = const(8)  # mark and version u8, kind u8, payload length u16, sequence u32
TAIL = const(4)  # CRC-32 of all before it
# So that a length that was garbled cannot make an end wait for long.
MAX_PAYLOAD = const(2048)
SEQUENCE_MASK = const(0x3FFFFFFF)

# To the device.
BOOT = const(1)  # BOOT_FORMAT; answered by HELLO
TURN_IN = const(2)  # TURN_IN_FORMAT, then network bytes; answered by TURN_OUT
REPLY = const(3)  # REPLY_FORMAT, then the bytes read
BYE = const(4)  # no further turn
LEAVE = const(5)  # as BYE, and the stream is wanted back
# From the device.
HELLO = const(16)  # text: which interpreter
TURN_OUT = const(17)  # TURN_OUT_FORMAT, then network bytes
EFFECT_CALL = const(18)  # TURN_OUT_FORMAT: drive and status of this turn; then as CALL, the turn's first
CALL = const(19)  # CALL_FORMAT, then the bytes to write; answered by REPLY
ERROR = const(20)  # text; the firmware is gone

# Operations of a CALL: what must be answered within the turn.
OP_SIZE = const(1)
OP_READ = const(2)
OP_WRITE = const(3)
OP_ERASE = const(4)
OP_COUNTER_READ = const(5)
OP_COUNTER_ADVANCE = const(6)
OP_RTC = const(7)
OP_ENTROPY = const(8)
OP_IDENTITY = const(9)
OP_CARD_ASK = const(10)
OP_CARD_ANSWER = const(11)
OP_ERASE_BLOCK = const(12)

# Flags of TURN_OUT.
OUT_FED = const(1)  # the watchdog was fed

# In this order after the clock. The app keeps stored_seq itself.
READINGS = (
    "step_count",
    "encoder_count",
    "flags",
    "down_mmhg",
    "up_mmhg",
    "drips",
    "reservoir_ul",
    "size_um",
    "battery_mv",
    "battery_permille",
    "temperature_dc",
    "rtc_s",
    "key",
    "key_value",
)

# In this order at the end of TURN_OUT.
STATUS = (
    "delivery",
    "trust",
    "rate_ul_h",
    "drug",
    "segment",
    "commanded_ul",
    "commanded_rest",
    "delivered_ul",
    "uncertain_ul",
    "lost_ul",
    "vtbi_ul",
    "bolus",
    "bolus_left_ul",
    "lockout_s",
    "window_ul",
    "therapy_alarms",
    "trust_alarms",
    "alarm",
    "priority",
    "silenced",
    "message",
    "lamp",
    "tone_hz",
    "battery_min",
    "reservoir_min",
    "offered_milli",
    "operator",
)

BOOT_FORMAT = "<iiiii"  # head, clock, has an RTC, has a reader of identities, scratch word
TURN_IN_FORMAT = "<15i"  # clock, READINGS
TURN_IN_SIZE = const(60)
TURN_OUT_FORMAT = "<34i"  # flags, room for network bytes, scratch word, drive, STATUS
TURN_OUT_SIZE = const(136)
CALL_FORMAT = "<iiii"  # OP_*, area, offset, count of bytes
CALL_SIZE = const(16)
REPLY_FORMAT = "<ii"  # result, clock
REPLY_SIZE = const(8)

# What `check` finds.
GOOD = const(0)
BAD_VERSION = const(1)  # a whole frame, of another version
BAD_CRC = const(2)


def close_frame(buffer, kind, length, sequence):
    """Put head and CRC around the `length` payload bytes at HEAD; return the frame's size."""
    struct.pack_into("<BBHI", buffer, 0, MARK | VERSION, kind, length, sequence)
    end = HEAD + length
    struct.pack_into("<I", buffer, end, crc32(memoryview(buffer)[:end]))
    return end + TAIL


def size(buffer):
    """Size of the frame whose head lies in `buffer`; 0 where these bytes begin none, of whatever version."""
    length = buffer[2] | buffer[3] << 8
    if buffer[0] & 0xF0 != MARK or length > MAX_PAYLOAD:
        return 0
    return HEAD + length + TAIL


def sequence(buffer):
    """Sequence number in a frame's head."""
    return buffer[4] | buffer[5] << 8 | buffer[6] << 16 | buffer[7] << 24


def check(buffer, size):
    """Judge a frame of `size` bytes: GOOD or BAD_*."""
    end = size - TAIL
    found = buffer[end] | buffer[end + 1] << 8 | buffer[end + 2] << 16 | buffer[end + 3] << 24
    if found != crc32(memoryview(buffer)[:end]):
        return BAD_CRC
    return GOOD if buffer[0] == MARK | VERSION else BAD_VERSION
