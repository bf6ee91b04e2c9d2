"""A SUIT manifest (draft-ietf-suit-manifest, section 8.4), read whole and within bounds after its envelope is opened.

Nothing is carried out here: `read` says whether the manifest is one for this pump's components, newer than what
is installed, and made of commands that are known, each where it may stand.
"""

from firmware.trust.cbor import Refused, decode, is_number
from firmware.trust.mac import equal
from firmware.update import commands, suit, verdict
from hal.compat import const

VERSION = const(1)
MANIFEST_MOST = const(4096)  # bytes
MEMBER_MOST = const(4096)  # of a severed one
PAYLOAD_MOST = const(8192)
_NUMBER_MOST = const(0x7FFFFFFF)
_REFERENCE_MOST = const(128)
_ITEMS = const(48)
_PARTS = const(4)  # of a component's identifier
PART_MOST = const(16)

_VERSION = const(1)  # members of the manifest, beside the sections
_NUMBER = const(2)
_COMMON = const(3)
_REFERENCE = const(4)
_COMPONENTS = const(2)  # members of `common`
_SECTIONS = (commands.VALIDATE, commands.LOAD, commands.INVOKE, commands.PAYLOAD_FETCH, commands.INSTALL)


class Device:
    """What a pump knows of itself: three UUIDs (16 bytes), the installed sequence number, and its manifest's digest.

    `number` is the floor of what the manifest is for: firmware, drug library and configuration each have theirs.
    `digest` is None where nothing is installed, and then any number from `number` on is taken.
    """

    __slots__ = ("class_id", "device_id", "digest", "number", "vendor_id")

    def __init__(self, vendor_id, class_id, device_id, number=0, digest=None):
        self.vendor_id = vendor_id
        self.class_id = class_id
        self.device_id = device_id
        self.number = number
        self.digest = digest


class Manifest:
    """What was read; `verdict` is READ or why it is refused, `detail` what of it.

    `number`; `components`, the target's handles; `sequences`, bytes by section; `severed`, the sections that are
    neither here nor in the envelope; `payloads`, bytes by URI.
    """

    __slots__ = ("_identifiers", "components", "detail", "number", "payloads", "sequences", "severed", "verdict")

    def __init__(self, opening, device, target):
        """`opening` is OPENED; `target` (target.py) tells which components there are."""
        self._identifiers = []
        self.components = []
        self.detail = 0
        self.number = -1
        self.sequences = {}
        self.severed = []
        self.payloads = opening.payloads
        self.verdict = verdict.WRONG_PROOF if opening.verdict != verdict.OPENED else self._read(opening, device, target)

    def _read(self, opening, device, target):
        if len(opening.manifest) > MANIFEST_MOST:
            return verdict.MANIFEST_TOO_LONG
        try:
            members = decode(opening.manifest, 2, _ITEMS)
        except Refused as refused:
            self.detail = refused.args[0]
            return verdict.MANIFEST_MALFORMED
        if not isinstance(members, dict):
            return verdict.MANIFEST_MALFORMED
        for key in members:
            if key not in (_VERSION, _NUMBER, _COMMON, _REFERENCE, suit.TEXT) and key not in _SECTIONS:
                self.detail = key if isinstance(key, int) else -1
                return verdict.MANIFEST_MEMBER
        rc = self._take_head(members, opening, device)
        if rc == verdict.READ:
            rc = self._take_common(members.get(_COMMON), target)
        if rc == verdict.READ:
            rc = self._take_sections(members, opening)
        return self._check() if rc == verdict.READ else rc

    def _take_head(self, members, opening, device):
        """Version, sequence number, reference."""
        version = members.get(_VERSION)
        if not is_number(version, VERSION) or version != VERSION:
            return verdict.MANIFEST_VERSION
        number = members.get(_NUMBER)
        if not is_number(number, _NUMBER_MOST):
            return verdict.SEQUENCE_NUMBER
        self.number = number
        if number < device.number:
            return verdict.ROLLBACK
        if number == device.number and device.digest is not None and not equal(device.digest, opening.digest):
            return verdict.SAME_NUMBER
        reference = members.get(_REFERENCE, "")
        if not isinstance(reference, str) or len(reference) > _REFERENCE_MOST:
            return verdict.MANIFEST_MALFORMED
        return verdict.READ

    def _take_common(self, data, target):
        """The components, each once and each one of the pump's, and the shared sequence."""
        if not isinstance(data, bytes):
            return verdict.MANIFEST_MALFORMED
        try:
            common = decode(data, 3, _ITEMS)
        except Refused as refused:
            self.detail = refused.args[0]
            return verdict.MANIFEST_MALFORMED
        if not isinstance(common, dict):
            return verdict.MANIFEST_MALFORMED
        for key in common:
            if key not in (_COMPONENTS, commands.SHARED):
                self.detail = key if isinstance(key, int) else -1
                return verdict.MANIFEST_MEMBER
        components = common.get(_COMPONENTS)
        if not isinstance(components, list) or not 1 <= len(components) <= commands.COMPONENTS:
            return verdict.COMPONENTS
        for identifier in components:
            if not _is_identifier(identifier) or identifier in self._identifiers:
                return verdict.COMPONENTS
            handle = target.component(identifier)
            if handle < 0:
                return verdict.UNKNOWN_COMPONENT
            if handle in self.components:
                return verdict.COMPONENTS  # two names for one place
            self._identifiers.append(identifier)
            self.components.append(handle)
        self.sequences[commands.SHARED] = common.get(commands.SHARED)
        return verdict.READ if isinstance(common.get(commands.SHARED), bytes) else verdict.MANIFEST_MALFORMED

    def _take_sections(self, members, opening):
        """Each sequence from the manifest, or severed, by its digest, from the envelope."""
        for key in opening.severed:
            if not isinstance(members.get(key), list):
                self.detail = key
                return verdict.MEMBER_TWICE
        for key in members:
            if key < commands.VALIDATE:
                continue
            self.detail = key
            value = members[key]
            if isinstance(value, list) and key in suit.SEVERABLE:
                digest = suit.digest_of(value)
                if digest is None:
                    return verdict.DIGEST_ALGORITHM
                value = opening.severed.get(key)
                if value is None:
                    self.severed.append(key)
                    continue
                if len(value) > MEMBER_MOST:
                    return verdict.MANIFEST_TOO_LONG
                if not equal(suit.hash_of(value), digest):
                    return verdict.SEVERED_CHANGED
            if not isinstance(value, bytes):
                return verdict.MANIFEST_MALFORMED
            if key != suit.TEXT:  # for people: bound by the proofs or its digest, and never parsed here
                self.sequences[key] = value
        return verdict.READ

    def _check(self):
        """Go through all commands; then see that nothing came along that none of them asks for."""
        check = commands.Check(len(self.components))
        for section in self.sequences:
            rc = check.sequence(self.sequences[section], section)
            if rc != verdict.READ:
                self.detail = check.detail
                return rc
        for uri in self.payloads:
            if len(self.payloads[uri]) > PAYLOAD_MOST:
                return verdict.TOO_LONG
            if uri not in check.uris:
                return verdict.PAYLOAD_UNUSED
        return verdict.READ


def _is_identifier(value):
    if not isinstance(value, list) or not 1 <= len(value) <= _PARTS:
        return False
    for part in value:
        if not isinstance(part, bytes) or not 1 <= len(part) <= PART_MOST:
            return False
    return True
