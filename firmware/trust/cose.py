"""COSE_Mac0 and COSE_Sign1 (RFC 9052) over deterministic CBOR.

Only HMAC 256/256 makes a MAC here, and the algorithm stands in the protected header or nowhere:
a message does not choose how it is checked. Signatures are checked by whoever is handed in.
"""

from firmware.trust.cbor import Refused, Tag, decode, encode
from firmware.trust.mac import LENGTH, equal
from hal.compat import const

ALGORITHM = const(1)  # header labels, RFC 9052, section 3.1
CRITICAL = const(2)
KEY_ID = const(4)
HMAC_256 = const(5)  # HMAC 256/256, RFC 9053, section 3.1
TAG_MAC0 = const(17)
TAG_SIGN1 = const(18)

# What is wrong with a message; 0 is nothing.
OK = const(0)
MALFORMED = const(1)
WRONG_ALGORITHM = const(2)
WRONG_MAC = const(3)
WRONG_SIGNATURE = const(4)
UNPROTECTED = const(5)  # carries headers that the MAC is not over

_PARTS = const(4)


class Message:
    """An opened COSE_Mac0 or COSE_Sign1, unverified until `verify_*` says OK.

    `protected` and `unprotected` are dicts, `payload` is bytes, or None where it is detached, `proof`
    the MAC or signature. Nothing in it is to be believed before. It is verified as what it was opened as: one kind
    that is taken for the other is refused, whatever its proof.
    """

    __slots__ = ("_protected", "_tag", "payload", "proof", "protected", "unprotected")

    def __init__(self, parts, protected, tag):
        self._tag = tag
        self._protected = parts[0] if protected else b""  # no headers: nothing, RFC 9052, section 6.3
        self.protected = protected
        self.unprotected = parts[1]
        self.payload = parts[2]
        self.proof = parts[3]

    def verify_mac(self, key, context=b""):
        """OK, WRONG_ALGORITHM, UNPROTECTED or WRONG_MAC; `key` is a MacKey, `context` the external data.

        Stricter than RFC 9052: no header may stand outside the MAC, so a message that is OK has one encoding
        but for its tag.
        """
        if self._tag != TAG_MAC0 or self.protected.get(ALGORITHM) != HMAC_256:
            return WRONG_ALGORITHM
        if self.unprotected:
            return UNPROTECTED
        if self.payload is None or len(self.proof) != LENGTH:
            return WRONG_MAC
        ours = key.mac(self.to_mac(context))
        return OK if equal(ours, self.proof) else WRONG_MAC

    def to_mac(self, context=b""):
        """Return the bytes that the MAC is over (RFC 9052, section 6.3)."""
        return _to_mac(self._protected, context, self.payload)

    def to_sign(self, context=b"", payload=None):
        """Return the bytes that the signature is over; `payload` where it is detached."""
        return to_sign(self._protected, context, self.payload if payload is None else payload)

    def verify_signature(self, algorithm, check, context=b"", payload=None):
        """OK, WRONG_ALGORITHM or WRONG_SIGNATURE; `check(to_be_signed, signature)` returns whether it holds.

        `payload`: where it is detached, what it should be.
        """
        if self._tag != TAG_SIGN1 or self.protected.get(ALGORITHM) != algorithm:
            return WRONG_ALGORITHM
        if payload is None:
            payload = self.payload
        elif self.payload is not None:
            return WRONG_SIGNATURE  # both: which is meant?
        if payload is None or not check(self.to_sign(context, payload), self.proof):
            return WRONG_SIGNATURE
        return OK


def open_message(data, tag):
    """Return the Message in `data` (bytes), tagged `tag` or not at all, or None where it is malformed."""
    try:
        value = decode(data)
        if isinstance(value, Tag):
            if value.number != tag:
                return None
            value = value.value
        if not isinstance(value, list) or len(value) != _PARTS:
            return None
        protected, unprotected, payload, proof = value
        if not isinstance(protected, bytes) or not isinstance(unprotected, dict) or not isinstance(proof, bytes):
            return None
        if payload is not None and not isinstance(payload, bytes):
            return None
        headers = decode(protected) if protected else {}
        if not isinstance(headers, dict):
            return None
        if CRITICAL in headers or CRITICAL in unprotected:
            return None  # it must be understood, and we understand none
        for label in headers:
            if label in unprotected:
                return None  # RFC 9052, section 3: no label in both
    except Refused:
        return None
    return Message(value, headers, tag)


def make_mac0(payload, key, headers=None, context=b""):
    """Return a tagged COSE_Mac0 of `payload`; `headers` are protected, the algorithm is added."""
    protected = {}
    protected.update(headers or {})
    protected[ALGORITHM] = HMAC_256
    packed = encode(protected)
    proof = key.mac(_to_mac(packed, context, payload))
    return encode(Tag(TAG_MAC0, [packed, {}, payload, proof]))


def _to_mac(protected, context, payload):
    return encode(["MAC0", protected, context, payload])


def to_sign(protected, context, payload):
    """Return the bytes that a COSE_Sign1 signs (RFC 9052, section 4.4); `protected` as in the message."""
    return encode(["Signature1", protected, context, payload])
