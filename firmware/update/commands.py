"""Commands and parameters of a SUIT manifest (draft-ietf-suit-manifest, section 8.4), and a look at all before any.

`check_sequence` goes through a sequence and those within it, without doing a thing: what is unknown, misplaced
or out of bounds anywhere refuses the whole manifest.
"""

from firmware.trust.cbor import Refused, decode, is_number
from firmware.update import verdict
from firmware.update.suit import read_digest
from hal.compat import const

# Sections, by the manifest's keys; the shared sequence, which comes before each, by its key in `common`.
SHARED = const(4)
VALIDATE = const(7)
LOAD = const(8)
INVOKE = const(9)
PAYLOAD_FETCH = const(16)
INSTALL = const(20)

C_VENDOR = const(1)
C_CLASS = const(2)
C_IMAGE = const(3)
C_SLOT = const(5)
C_CONTENT = const(6)
C_ABORT = const(14)
C_DEVICE = const(24)
D_INDEX = const(12)
D_TRY_EACH = const(15)
D_WRITE = const(18)
D_OVERRIDE = const(20)
D_FETCH = const(21)
D_COPY = const(22)
D_INVOKE = const(23)
D_SWAP = const(31)
D_RUN = const(32)

P_VENDOR = const(1)
P_CLASS = const(2)
P_DIGEST = const(3)
P_SLOT = const(5)
P_STRICT = const(12)
P_SOFT = const(13)
P_SIZE = const(14)
P_CONTENT = const(18)
P_URI = const(21)
P_SOURCE = const(22)
P_INVOKE = const(23)
P_DEVICE = const(24)
P_FETCH = const(25)

CONDITIONS = (C_VENDOR, C_CLASS, C_IMAGE, C_SLOT, C_CONTENT, C_ABORT, C_DEVICE)
_EVERYWHERE = (D_INDEX, D_TRY_EACH, D_OVERRIDE, D_RUN)
CHANGING = (D_WRITE, D_FETCH, D_COPY, D_SWAP)

DEPTH = const(3)  # sequences in one another
COMMANDS = const(64)  # in a manifest
COMPONENTS = const(4)
SEQUENCE_ITEMS = const(96)
_LIST_DEPTH = const(2)  # a list of commands, and a list or map as an argument
_ALTERNATIVES = const(4)
_REPORTING = const(15)  # a bit for each kind of record
_UUID = const(16)
_SIZE_MOST = const(0x3FFFFFFF)
_CONTENT_MOST = const(1024)
URI_MOST = const(128)
_ARGUMENTS_MOST = const(64)
_SLOTS = const(2)


def _may(command, section):
    if command in CONDITIONS or command in _EVERYWHERE:
        return True
    if command == D_SWAP:
        return section == INSTALL
    if command in CHANGING:
        return section in (PAYLOAD_FETCH, INSTALL) or (section == LOAD and command == D_COPY)
    return command == D_INVOKE and section == INVOKE


def _is_parameter(key, value, components):
    """Whether a known parameter's value is one."""
    if key in (P_VENDOR, P_CLASS, P_DEVICE):
        return isinstance(value, bytes) and len(value) == _UUID
    if key == P_DIGEST:
        return isinstance(value, bytes) and read_digest(value) is not None
    if key in (P_STRICT, P_SOFT):
        return isinstance(value, bool)
    if key == P_SLOT:
        return is_number(value, _SLOTS - 1)
    if key == P_SIZE:
        return is_number(value, _SIZE_MOST)
    if key == P_SOURCE:
        return is_number(value, components - 1)
    if key == P_CONTENT:
        return isinstance(value, bytes) and len(value) <= _CONTENT_MOST
    if key == P_URI:
        return isinstance(value, str) and 0 < len(value) <= URI_MOST
    return isinstance(value, bytes) and len(value) <= _ARGUMENTS_MOST


_PARAMETERS = (P_VENDOR, P_CLASS, P_DIGEST, P_SLOT, P_STRICT, P_SOFT, P_SIZE, P_CONTENT, P_URI, P_SOURCE, P_INVOKE,
               P_DEVICE, P_FETCH)  # fmt: skip


class Check:
    """Counts over a whole manifest. `uris`: those that its commands name; `detail`: the number that was refused."""

    __slots__ = ("_commands", "_components", "detail", "uris")

    def __init__(self, components):
        """`components`: how many the manifest has."""
        self._components = components
        self._commands = 0
        self.uris = []
        self.detail = 0

    def sequence(self, data, section, depth=1):
        """READ, or why the sequence `data` (bytes) of a section is refused; `depth` of it among the others."""
        if depth > DEPTH:
            return verdict.TOO_DEEP
        items = read_sequence(data)
        if items is None:
            return verdict.SEQUENCE_MALFORMED
        for place in range(0, len(items), 2):
            command = items[place]
            self.detail = command
            self._commands += 1
            if self._commands > COMMANDS:
                return verdict.TOO_MANY_COMMANDS
            if command not in CONDITIONS and command not in _EVERYWHERE and command not in CHANGING:
                if command != D_INVOKE:
                    return verdict.UNKNOWN_COMMAND
            if not _may(command, section):
                return verdict.MISPLACED_COMMAND
            rc = self._argument(command, items[place + 1], section, depth)
            if rc != verdict.READ:
                return rc
        return verdict.READ

    def _argument(self, command, argument, section, depth):
        if command == D_OVERRIDE:
            return self._parameters(argument, depth)
        if command == D_INDEX:
            return verdict.READ if self._is_index(argument) else verdict.ARGUMENT
        if command == D_RUN:
            return self.sequence(argument, section, depth + 1) if isinstance(argument, bytes) else verdict.ARGUMENT
        if command != D_TRY_EACH:
            return verdict.READ if is_number(argument, _REPORTING) else verdict.ARGUMENT
        if not isinstance(argument, list) or not 2 <= len(argument) <= _ALTERNATIVES:
            return verdict.ARGUMENT
        for number in range(len(argument)):
            one = argument[number]
            if one is None and number == len(argument) - 1:
                continue  # none of them need succeed
            if not isinstance(one, bytes):
                return verdict.ARGUMENT
            rc = self.sequence(one, section, depth + 1)
            if rc != verdict.READ:
                return rc
        return verdict.READ

    def _is_index(self, argument):
        if argument is True or is_number(argument, self._components - 1):
            return True
        if not isinstance(argument, list) or not argument:
            return False
        for number in range(len(argument)):
            if not is_number(argument[number], self._components - 1) or argument[number] in argument[:number]:
                return False
        return True

    def _parameters(self, argument, depth):
        if not isinstance(argument, dict) or not argument:
            return verdict.ARGUMENT
        for key in argument:
            self.detail = key if isinstance(key, int) else -1
            if key not in _PARAMETERS:
                return verdict.UNKNOWN_PARAMETER
            if not _is_parameter(key, argument[key], self._components):
                return verdict.PARAMETER
            if key == P_SOFT and depth == 1:
                return verdict.SOFT_OUTSIDE
            if key == P_URI:
                self.uris.append(argument[key])
        return verdict.READ


def read_sequence(data):
    """The list of commands and arguments, in turn, or None where `data` is none."""
    try:
        items = decode(data, _LIST_DEPTH, SEQUENCE_ITEMS)
    except Refused:
        return None
    if not isinstance(items, list) or len(items) % 2:
        return None
    for place in range(0, len(items), 2):
        if not isinstance(items[place], int) or isinstance(items[place], bool):
            return None
    return items
