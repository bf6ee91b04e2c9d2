"""firmware/update with one check left out, for the claim envelopes-refused."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from firmware.update import commands, manifest, processor, proofs, suit

_MODULES: dict[str, ModuleType] = {
    "suit": suit, "proofs": proofs, "commands": commands, "manifest": manifest, "processor": processor,
}  # fmt: skip
# The module, a text that is in it once, and what stands there instead.
MUTANTS: dict[str, tuple[str, str, str]] = {
    "an envelope of any length": ("suit", "if len(data) > ENVELOPE_MOST:", "if False:"),
    "any tag": ("suit", " or value.number != TAG", ""),
    "members that nobody knows": ("suit", "elif key not in (WRAPPER, MANIFEST):", "elif False:"),
    "a digest by any algorithm": ("suit", " or value[0] != SHA_256", ""),
    "no look at the digest": ("suit", "if not equal(hash_of(self.manifest), self.digest):", "if False:"),
    "a digest of the content alone": (
        "suit", "return sha256(encode(member)).digest()", "return sha256(member).digest()"),
    "proofs that came along": ("suit", "or len(self._blocks) != len(self._proofs)", "or not self._blocks"),
    "the first proof alone": (
        "suit", "self._begin(self._at + 1)\n", "verdict.OPENED\n"),
    "proofs without a tag": ("suit", "block[0] != 0xC0 | proof.tag or ", ""),
    "proofs of any length": ("suit", " or len(block) > PROOF_MOST", ""),
    "headers that are not protected": (
        "proofs", "    if message.unprotected:\n        return PROOF_UNPROTECTED\n", ""),
    "any algorithm": (
        "proofs", "    if message.protected.get(cose.ALGORITHM) != algorithm:\n        return PROOF_ALGORITHM\n", ""),
    "headers that go unread": ("proofs", "if extra or", "if"),
    "a payload within the proof": ("proofs", " or message.payload is not None", ""),
    "any signature": ("proofs", "verdict ^ lms.VERIFIED ^ HOLDS if verdict == lms.VERIFIED else WRONG_PROOF", "HOLDS"),
    "any MAC": ("proofs", "HOLDS if message.verify_mac(self._key) == cose.OK else WRONG_PROOF", "HOLDS"),
    "a manifest of any length": ("manifest", "if len(opening.manifest) > MANIFEST_MOST:", "if False:"),
    "members of the manifest that nobody knows": ("manifest", "and key not in _SECTIONS:", "and False:"),
    "any version": ("manifest", " or version != VERSION", ""),
    "a rollback": ("manifest", "if number < device.number:", "if False:"),
    "the same number, with other content": ("manifest", "and not equal(device.digest, opening.digest)", "and False"),
    "a component of another pump": ("manifest", "if handle < 0:", "if False:"),
    "two names for one component": ("manifest", "if handle in self.components:", "if False:"),
    "severed members unseen": ("manifest", "if not equal(suit.hash_of(value), digest):", "if False:"),
    "members that were not severed": ("manifest", "if not isinstance(members.get(key), list):", "if False:"),
    "payloads that nothing asks for": ("manifest", "if uri not in check.uris:", "if False:"),
    "payloads of any length": ("manifest", "if len(self.payloads[uri]) > PAYLOAD_MOST:", "if False:"),
    "sequences of any depth": ("commands", "if depth > DEPTH:", "if False:"),
    "any number of commands": ("commands", "if self._commands > COMMANDS:", "if False:"),
    "unknown commands passed over": ("commands", "return verdict.UNKNOWN_COMMAND", "continue"),
    "commands anywhere": ("commands", "if not _may(command, section):", "if False:"),
    "branches unseen": (
        "commands", "            rc = self.sequence(one, section, depth + 1)\n", "            rc = verdict.READ\n"),
    "an index of any size": ("commands", "argument is True or is_number(argument, self._components - 1)",
                             "argument is True or is_number(argument, 99)"),
    "unknown parameters passed over": ("commands", "return verdict.UNKNOWN_PARAMETER", "continue"),
    "parameters of any kind": ("commands", "if not _is_parameter(key, argument[key], self._components):", "if False:"),
    "soft failure anywhere": ("commands", "if key == P_SOFT and depth == 1:", "if False:"),
    "a procedure without its sections": ("processor", "if needed and section", "if False and section"),
    "any vendor and class": ("processor", "if not equal(own, wanted):", "if False:"),
    "a change before vendor and class": (
        "processor", "if self._identified[component] != _IDENTIFIED:", "if False:"),
    "a source that is not this pump's": (
        "processor", "return verdict.MORE if self._identified[source] == _IDENTIFIED else verdict.UNIDENTIFIED",
        "return verdict.MORE"),
    "a component from itself": ("processor", "if source == component:", "if False:"),
    "payloads unseen": (
        "processor", "if not equal(sha256(payload).digest(), c.read_digest(parameters[c.P_DIGEST])):", "if False:"),
    "images unseen": ("processor", "if not equal(self._digest, c.read_digest(digest)):", "if False:"),
    "images of any size": ("processor", "if size >= 0 and", "if False and"),
    "content unseen": ("processor", "if equal(self._digest, sha256(content).digest())", "if True"),
    "any slot": ("processor", "if slot == parameters[c.P_SLOT]", "if True"),
    "changed and left so": ("processor", "if content == _CHANGED:", "if False:"),
    "started unseen": (
        "processor", "return verdict.MORE if self._content[component] == _CHECKED else verdict.UNVERIFIED",
        "return verdict.MORE"),
    "no alternative is one": ("processor", "self.verdict = verdict.NO_ALTERNATIVE", "pass"),
    "every failure soft": ("processor", "if frame.kind == _PLAIN or not frame.soft:", "if frame.kind == _PLAIN:"),
    "steps without an end": ("processor", "if self._steps > _STEPS:", "if False:"),
}  # fmt: skip


def rooms_with(name: str) -> Any:
    """The pump.Rooms with that check left out. ValueError where its text is not in the module once."""
    from tools.update_cases.pump import Rooms  # wants the extra `site`

    where, text, instead = MUTANTS[name]
    source = inspect.getsource(_MODULES[where])
    if source.count(text) != 1:
        raise ValueError(f"mutant {name!r}: its text is in {where}.py {source.count(text)} times")
    made: dict[str, Any] = {}
    for module, shipped in _MODULES.items():
        fresh = ModuleType(module)
        own = source.replace(text, instead) if module == where else inspect.getsource(shipped)
        exec(compile(own, f"{module}.py", "exec"), fresh.__dict__)
        made[module] = fresh
    # They know one another as modules, or by a function of suit's.
    for module in made.values():
        for alias, wanted in (("suit", "suit"), ("commands", "commands"), ("c", "commands")):
            if isinstance(getattr(module, alias, None), ModuleType):
                setattr(module, alias, made[wanted])
    made["commands"].read_digest = made["suit"].read_digest
    return Rooms(made["suit"], made["proofs"], made["manifest"], made["processor"])
