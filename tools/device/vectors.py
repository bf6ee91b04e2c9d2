"""Published test vectors against firmware/trust, on both interpreters: `run(vectors, room)`.

MicroPython runs it as a program: root, file of vectors, what to replace ("" for nothing). It prints one line of
JSON. What may replace a part of the room is in vector_mutants.py.
"""

import json
import sys
from binascii import hexlify, unhexlify

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust import cbor, ccm, cose, mac
from hal.compat import block_cipher
from hal.ports import ERR_ABSENT, ERR_FAILED, OK

# Where runner.mjs puts files, and the names of those that are read there.
IN_FILES = "/kvo/"
VECTORS = "vectors.json"
MUTANT = "mutant.txt"

WHY = {
    "cut_short": cbor.CUT_SHORT, "trailing": cbor.TRAILING, "not_shortest": cbor.NOT_SHORTEST,
    "indefinite": cbor.INDEFINITE, "key_order": cbor.KEY_ORDER, "too_deep": cbor.TOO_DEEP, "too_many": cbor.TOO_MANY,
    "unsupported": cbor.UNSUPPORTED, "not_text": cbor.NOT_TEXT,
}  # fmt: skip
EXPECT = {
    "ok": cose.OK, "malformed": cose.MALFORMED, "wrong_algorithm": cose.WRONG_ALGORITHM,
    "wrong_mac": cose.WRONG_MAC, "wrong_signature": cose.WRONG_SIGNATURE,
}  # fmt: skip


class Room:
    """The functions that are put to the test."""

    def __init__(self):
        self.hmac = mac.hmac_sha256
        self.hkdf = mac.hkdf
        self.pbkdf2 = mac.pbkdf2
        self.encode = cbor.encode
        self.decode = cbor.decode
        self.open = cose.open_message
        self.to_mac = cose.Message.to_mac
        self.verify_mac = cose.Message.verify_mac
        self.cipher = block_cipher
        self.ccm = ccm.Ccm


def value_of(written):
    """Return what a vector's JSON stands for."""
    if isinstance(written, list):
        return [value_of(item) for item in written]
    if isinstance(written, dict):
        kind, inner = next(iter(written.items()))
        if kind == "bytes":
            return unhexlify(inner)
        if kind == "int":
            return int(inner)
        if kind == "tag":
            return cbor.Tag(inner[0], value_of(inner[1]))
        pairs = [(value_of(key), value_of(value)) for key, value in inner]
        return dict(reversed(pairs))  # the order of insertion must not matter
    return written


def same(ours, theirs):
    """Whether two values are the same in kind too: 1 is not True."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same(a, b) for a, b in zip(ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return len(ours) == len(theirs) and all(key in theirs and same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, cbor.Tag) and isinstance(theirs, cbor.Tag):
        return ours.number == theirs.number and same(ours.value, theirs.value)
    return type(ours) is type(theirs) and ours == theirs


class Tally:
    """Counts what agrees, and remembers what does not."""

    def __init__(self):
        self.checked = {}
        self.wrong = []

    def check(self, group, name, holds):
        """Count one."""
        self.checked[group] = self.checked.get(group, 0) + 1
        if not holds:
            self.wrong.append(group + " " + name)


def run(vectors, room):
    """Return {"checked": {group: number}, "wrong": [names], "aes": whether there is one}."""
    tally = Tally()
    for name, case in enumerate(vectors["hmac"]):
        expected = unhexlify(case["mac"])
        made = room.hmac(unhexlify(case["key"]), unhexlify(case["data"]))
        tally.check("hmac", str(name), made[: len(expected)] == expected and len(made) == mac.LENGTH)
    for name, case in enumerate(vectors["hkdf"]):
        made = room.hkdf(unhexlify(case["secret"]), unhexlify(case["salt"]), unhexlify(case["info"]), case["length"])
        tally.check("hkdf", str(name), made == unhexlify(case["key"]))
    for name, case in enumerate(vectors["pbkdf2"]):
        key = unhexlify(case["key"])
        made = room.pbkdf2(unhexlify(case["password"]), unhexlify(case["salt"]), case["iterations"], len(key))
        tally.check("pbkdf2", str(name), made == key)
    _cbor(vectors, room, tally)
    for case in vectors["mac0"]:
        tally.check("mac0", case["name"], _mac0(case, room))
    for case in vectors["sign1"]:
        tally.check("sign1", case["name"], sign1(case, room))
    aes = _ccm(vectors, room, tally)
    return {"checked": tally.checked, "wrong": tally.wrong, "aes": aes}


def _cbor(vectors, room, tally):
    for case in vectors["cbor"]:
        data = unhexlify(case["hex"])
        value = value_of(case["value"])
        try:
            holds = same(room.decode(data), value)
        except cbor.Refused:
            holds = False
        tally.check("cbor decode", case["hex"], holds)
        tally.check("cbor encode", case["hex"], room.encode(value) == data)
    for group in ("cbor_refused", "cbor_rules"):
        for case in vectors[group]:
            why = 0
            try:
                room.decode(unhexlify(case["hex"]))
            except cbor.Refused as refused:
                why = refused.args[0]
            tally.check(group, case["hex"], why == WHY[case["why"]])


def _mac0(case, room):
    message = room.open(unhexlify(case["cbor"]), cose.TAG_MAC0)
    if message is None:
        return case["expect"] == "malformed"
    external = unhexlify(case["external"])
    if case["to_mac"] and hexlify(room.to_mac(message, external)).decode() != case["to_mac"]:
        return False
    return room.verify_mac(message, mac.MacKey(unhexlify(case["key"])), external) == EXPECT[case["expect"]]


def sign1(case, room, check=None):
    """Without a `check` for signatures, the bytes that are signed; each signature then counts as one that holds."""
    message = room.open(unhexlify(case["cbor"]), cose.TAG_SIGN1)
    if message is None:
        return case["expect"] == "malformed"
    external = unhexlify(case["external"])
    if case["to_sign"] and hexlify(message.to_sign(external)).decode() != case["to_sign"]:
        return False
    rc = message.verify_signature(case["algorithm"], check or _anything, external)
    if check is None and case["expect"] == "wrong_signature":
        return rc == cose.OK
    return rc == EXPECT[case["expect"]]


def _anything(data, signature):
    return True


def _ccm(vectors, room, tally):
    """Both ways; where there is no AES, that this is said, each time."""
    aes = room.cipher(bytes(16)) is not None
    for case in vectors["ccm"]:
        box = room.ccm(room.cipher(unhexlify(case["key"])), case["tag"])
        nonce, context = unhexlify(case["nonce"]), unhexlify(case["context"])
        sealed = bytearray(unhexlify(case["sealed"]))
        text = None if case["text"] is None else bytearray(unhexlify(case["text"]) + bytes(case["tag"]))
        opened = bytearray(sealed)
        rc = box.open(nonce, opened, context)
        if not aes:
            tally.check("ccm absent", case["name"], rc == ERR_ABSENT and opened == sealed)
        elif text is None:
            tally.check("ccm refused", case["name"], rc == ERR_FAILED and opened == bytearray(len(sealed)))
        else:
            plain = text[: len(text) - case["tag"]]
            tally.check("ccm open", case["name"], rc == OK and opened[: len(plain)] == plain)
            tally.check("ccm seal", case["name"], box.seal(nonce, text, context) == OK and text == sealed)
    return aes


def room_of(mutant):
    """Return the shipped room, or one with a part replaced."""
    room = Room()
    if mutant:
        from tools.device.vector_mutants import MUTANTS

        part, stand_in = MUTANTS[mutant]
        setattr(room, part, stand_in)
    return room


def say(path, mutant):
    """Print what came of it."""
    with open(path) as file:
        vectors = json.load(file)
    print(json.dumps(run(vectors, room_of(mutant))))


def main():
    """For runner.mjs: of the files that it unpacked, one is the vectors and one says what to replace."""

    def step():
        with open(IN_FILES + MUTANT) as file:
            mutant = file.read()
        say(IN_FILES + VECTORS, mutant)
        return False

    return step


if __name__ == "__main__":
    say(sys.argv[2], sys.argv[3])
