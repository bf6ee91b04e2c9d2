"""Carries a manifest's commands out, one a step, on the pump's slots (draft-ietf-suit-manifest, section 6).

Before a component is changed or started, vendor and class were checked for it in this very procedure; after it was
changed, its digest is. Sequences within sequences have components of their own: what one sets does not outlast it.
A condition that fails ends its sequence, softly or not as the manifest says; a directive that fails ends all.
"""

from hashlib import sha256

from firmware.trust.cbor import is_number
from firmware.trust.mac import equal
from firmware.update import commands as c
from firmware.update import target as slots
from firmware.update import verdict
from hal.compat import const

UPDATE = (c.PAYLOAD_FETCH, c.INSTALL, c.VALIDATE)  # procedures: their sections, in order
INVOCATION = (c.VALIDATE, c.LOAD, c.INVOKE)
_STEPS = const(4000)  # commands of one procedure, past which it is refused
_VENDOR_CHECKED = const(1)
_CLASS_CHECKED = const(2)
_IDENTIFIED = const(3)

_UNTOUCHED = const(0)  # what is known of a component's content
_CHANGED = const(1)
_CHECKED = const(2)  # against its digest, and not changed since

_PLAIN = const(0)  # kinds of frame
_RUN = const(1)
_TRY = const(2)


class _Frame:
    """A sequence under way. `which` of `current` (component indices) the command at `at` is being done for."""

    __slots__ = ("at", "current", "items", "kind", "others", "soft", "which")

    def __init__(self, kind, items, component, others):
        self.kind = kind
        self.items = items
        self.current = [component]
        self.others = others  # alternatives that are left
        self.soft = kind == _TRY
        self.at = self.which = 0


class Processor:
    """One procedure of one manifest: `step` until it says no, then `verdict` is DONE or why not.

    `detail`: the command that was refused, or for TARGET the slots' code; `changed`: whether a command that writes
    was handed to the slots.
    """

    __slots__ = ("_content", "_device", "_digest", "_frames", "_identified", "_manifest", "_parameters", "_sections",
                 "_steps", "_target", "_waiting", "changed", "detail", "verdict")  # fmt: skip

    def __init__(self, manifest, device, target, procedure):
        """`manifest` is READ; `procedure` is UPDATE or INVOCATION."""
        count = len(manifest.components)
        self._manifest = manifest
        self._device = device
        self._target = target
        self._frames = []
        self._waiting = []  # sequences of the section that are to come
        self._sections = list(procedure)
        self._parameters = [{} for _ in range(count)]
        self._identified = [0] * count
        self._content = [_UNTOUCHED] * count
        self._digest = bytearray(32)
        self._steps = 0
        self.changed = False
        self.detail = 0
        self.verdict = verdict.MORE if manifest.verdict == verdict.READ else verdict.MANIFEST_MALFORMED
        for section in procedure:
            needed = section in (c.VALIDATE, procedure[-1], c.INSTALL) or section in manifest.severed
            if needed and section not in manifest.sequences and self.verdict == verdict.MORE:
                self.detail = section
                self.verdict = verdict.MEMBER_MISSING

    def step(self):
        """Do one command, or one slice of it; return whether there is work left."""
        if self.verdict != verdict.MORE:
            return False
        self._steps += 1
        if self._steps > _STEPS:
            self.verdict = verdict.TOO_MANY_STEPS
        elif not self._frames:
            self._next_sequence()
        else:
            frame = self._frames[-1]
            if frame.at >= len(frame.items):
                self._frames.pop()
            else:
                self._command(frame)
        return self.verdict == verdict.MORE

    def _next_sequence(self):
        if self._waiting:
            self._push(_PLAIN, self._waiting.pop(), 0, ())
            return
        while self._sections:
            section = self._sections.pop(0)
            if section in self._manifest.sequences:
                # The shared sequence comes before each.
                self._waiting = [self._manifest.sequences[section], self._manifest.sequences[c.SHARED]]
                return
        for content in self._content:
            if content == _CHANGED:
                self.verdict = verdict.UNVERIFIED
                return
        self.verdict = verdict.DONE

    def _push(self, kind, data, component, others):
        """Begin a sequence; it was read before, so that it is one."""
        items = c.read_sequence(data)
        if items is None:
            self.verdict = verdict.SEQUENCE_MALFORMED
        else:
            self._frames.append(_Frame(kind, items, component, others))

    def _command(self, frame):
        command, argument = frame.items[frame.at], frame.items[frame.at + 1]
        component = frame.current[frame.which]
        if command == c.D_INDEX:
            everything = range(len(self._parameters)) if argument is True else argument
            frame.current = [argument] if is_number(argument, c.COMPONENTS) else list(everything)
            frame.which = 0
            frame.at += 2
            return
        frame.which += 1
        if frame.which == len(frame.current):
            frame.which = 0
            frame.at += 2
        if command == c.D_OVERRIDE:
            self._override(frame, component, argument)
        elif command == c.D_RUN:
            self._push(_RUN, argument, component, ())
        elif command == c.D_TRY_EACH:
            self._try(argument, component)
        elif command in c.CONDITIONS:
            self._condition(frame, command, component)
        else:
            self._directive(frame, command, component)

    def _override(self, frame, component, argument):
        for key in argument:
            if key == c.P_SOFT:
                frame.soft = argument[key]
            elif key != c.P_STRICT:  # there is no other order here
                self._parameters[component][key] = argument[key]

    def _try(self, alternatives, component):
        """Begin the first that is left; where that is none at all, none need succeed."""
        if not alternatives:
            self.detail = c.D_TRY_EACH
            self.verdict = verdict.NO_ALTERNATIVE
        elif alternatives[0] is not None:
            self._push(_TRY, alternatives[0], component, alternatives[1:])

    def _again(self, frame):
        """The command just counted is not done: it comes again."""
        self._steps -= 1  # a slice is none
        if frame.which == 0:
            frame.which = len(frame.current)
            frame.at -= 2
        frame.which -= 1

    def _condition(self, frame, command, component):
        rc = self._holds(command, component)
        if rc == slots.BUSY:
            self._again(frame)
        elif rc == verdict.TARGET:
            self.verdict = rc
        elif rc != verdict.DONE:
            self._fail(frame, command, component, rc)

    def _fail(self, frame, command, component, rc):
        """End the sequence, and what it is in unless it fails softly."""
        self._frames.pop()
        if frame.kind == _PLAIN or not frame.soft:
            self.detail = command
            self.verdict = rc
        elif frame.kind == _TRY:
            # The component that the whole was begun for, whatever the sequence made its own since.
            parent = self._frames[-1]
            before = parent.which - 1 if parent.which else len(parent.current) - 1
            self._try(frame.others, parent.current[before])

    def _holds(self, command, component):
        """DONE where a condition holds; BUSY, TARGET, or the code of what does not."""
        parameters = self._parameters[component]
        if command == c.C_VENDOR:
            return self._same(component, parameters.get(c.P_VENDOR), self._device.vendor_id, _VENDOR_CHECKED,
                              verdict.OTHER_VENDOR)  # fmt: skip
        if command == c.C_CLASS:
            return self._same(component, parameters.get(c.P_CLASS), self._device.class_id, _CLASS_CHECKED,
                              verdict.OTHER_CLASS)  # fmt: skip
        if command == c.C_DEVICE:
            return self._same(component, parameters.get(c.P_DEVICE), self._device.device_id, 0, verdict.OTHER_DEVICE)
        if command == c.C_SLOT:
            if c.P_SLOT not in parameters:
                return verdict.PARAMETER_MISSING
            slot = self._target.slot(self._manifest.components[component])
            return verdict.DONE if slot == parameters[c.P_SLOT] else verdict.OTHER_SLOT
        if command == c.C_IMAGE:
            return self._matches(component, parameters.get(c.P_DIGEST), parameters.get(c.P_SIZE, -1))
        if command == c.C_CONTENT:
            return self._has(component, parameters.get(c.P_CONTENT))
        return verdict.ABORTED

    def _same(self, component, wanted, own, checked, refusal):
        if wanted is None:
            return verdict.PARAMETER_MISSING
        if not equal(own, wanted):
            return refusal
        self._identified[component] |= checked
        return verdict.DONE

    def _read_digest(self, component):
        """OK once `_digest` has it; BUSY, or TARGET with its code in `detail`."""
        rc = self._target.digest(self._manifest.components[component], self._digest)
        if rc in (slots.OK, slots.BUSY):
            return rc
        self.detail = rc
        return verdict.TARGET

    def _matches(self, component, digest, size):
        if digest is None:
            return verdict.PARAMETER_MISSING
        rc = self._read_digest(component)
        if rc != slots.OK:
            return rc
        if size >= 0 and self._target.size(self._manifest.components[component]) != size:
            return verdict.OTHER_IMAGE
        if not equal(self._digest, c.read_digest(digest)):
            return verdict.OTHER_IMAGE
        self._content[component] = _CHECKED
        return verdict.DONE

    def _has(self, component, content):
        if content is None:
            return verdict.PARAMETER_MISSING
        rc = self._read_digest(component)
        if rc != slots.OK:
            return rc
        return verdict.DONE if equal(self._digest, sha256(content).digest()) else verdict.OTHER_CONTENT

    def _directive(self, frame, command, component):
        """Hand a change or a start to the slots, where all that comes before it was done."""
        rc = self._refuses(command, component)
        if rc == verdict.MORE:
            rc = self._hand_over(command, component)
            if rc == slots.BUSY:
                self._again(frame)
                return
            if rc == slots.OK:
                return
            self.detail = rc
            rc = verdict.TARGET
        else:
            self.detail = command
        self.verdict = rc

    def _refuses(self, command, component):
        parameters = self._parameters[component]
        if self._identified[component] != _IDENTIFIED:
            return verdict.UNIDENTIFIED
        if command in (c.D_COPY, c.D_SWAP):
            source = parameters.get(c.P_SOURCE)
            if source is None:
                return verdict.PARAMETER_MISSING
            if source == component:
                return verdict.SOURCE
            return verdict.MORE if self._identified[source] == _IDENTIFIED else verdict.UNIDENTIFIED
        if command == c.D_WRITE:
            return verdict.MORE if c.P_CONTENT in parameters else verdict.PARAMETER_MISSING
        if command == c.D_FETCH:
            return self._refuses_to_fetch(parameters)
        return verdict.MORE if self._content[component] == _CHECKED else verdict.UNVERIFIED

    def _refuses_to_fetch(self, parameters):
        """A payload of the envelope, which no proof is over, is held against its digest before it is written."""
        if c.P_URI not in parameters or c.P_DIGEST not in parameters:
            return verdict.PARAMETER_MISSING
        uri = parameters[c.P_URI]
        if uri not in self._manifest.payloads:
            return verdict.PAYLOAD_MISSING if uri.startswith("#") else verdict.MORE
        payload = self._manifest.payloads[uri]
        if not equal(sha256(payload).digest(), c.read_digest(parameters[c.P_DIGEST])):
            return verdict.PAYLOAD_CHANGED
        return verdict.MORE

    def _hand_over(self, command, component):
        parameters = self._parameters[component]
        handle = self._manifest.components[component]
        if command == c.D_INVOKE:
            return self._target.invoke(handle, parameters.get(c.P_INVOKE, b""))
        self.changed = True
        self._content[component] = _CHANGED
        if command == c.D_WRITE:
            return self._target.write(handle, parameters[c.P_CONTENT])
        if command == c.D_FETCH:
            uri = parameters[c.P_URI]
            if uri in self._manifest.payloads:
                return self._target.write(handle, self._manifest.payloads[uri])
            digest = c.read_digest(parameters[c.P_DIGEST])
            return self._target.fetch(handle, uri, parameters.get(c.P_FETCH, b""), digest, parameters.get(c.P_SIZE, -1))
        source = parameters[c.P_SOURCE]
        if command == c.D_COPY:
            return self._target.copy(handle, self._manifest.components[source])
        self._content[source] = _UNTOUCHED  # may stay as it is, but is not started
        return self._target.swap(handle, self._manifest.components[source])
