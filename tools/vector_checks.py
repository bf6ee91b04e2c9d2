"""The vectors held against libraries that share no code with the firmware, so that a slip in the data shows."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware.trust.cbor import Tag
from tools.device import vectors as device

_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "P-256": (ec.SECP256R1(), hashes.SHA256()),
    "P-384": (ec.SECP384R1(), hashes.SHA384()),
}
_HASHES = {4: ("sha256", 8), 5: ("sha256", 32), 6: ("sha384", 48), 7: ("sha512", 64)}


class HostAes:
    """A block cipher for firmware/trust/ccm.py, as hal.compat.block_cipher gives one on a device."""

    def __init__(self, key: bytes) -> None:
        self._encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()

    def encrypt(self, block: bytes) -> bytes:
        """Encrypt 16 bytes."""
        return self._encryptor.update(bytes(block))


def cross_check(vectors: dict[str, Any]) -> tuple[int, list[str]]:
    """How many vectors another library agrees with, and the names of those it does not."""
    results = [
        *((f"hmac {name}", _hmac(case)) for name, case in enumerate(vectors["hmac"])),
        *((f"hkdf {name}", _hkdf(case)) for name, case in enumerate(vectors["hkdf"])),
        *((f"pbkdf2 {name}", _pbkdf2(case)) for name, case in enumerate(vectors["pbkdf2"])),
        *((f"cbor {case['hex']}", _cbor(case)) for case in vectors["cbor"]),
        *((f"cbor_refused {case['hex']}", _is_cbor_of_others(case)) for case in vectors["cbor_refused"]),
        *((case["name"], _mac0(case)) for case in vectors["mac0"]),
        *((case["name"], _sign1(case, vectors["keys"])) for case in vectors["sign1"]),
        *((case["name"], _ccm(case)) for case in vectors["ccm"]),
    ]
    differ = [name for name, agrees in results if not agrees]
    return len(results) - len(differ), differ


def _bytes(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def _hmac(case: dict[str, Any]) -> bool:
    key, data, mac = _bytes(case, "key", "data", "mac")
    return hmac.new(key, data, "sha256").digest()[: len(mac)] == mac


def _hkdf(case: dict[str, Any]) -> bool:
    secret, salt, info, key = _bytes(case, "secret", "salt", "info", "key")
    return HKDF(hashes.SHA256(), case["length"], salt or None, info).derive(secret) == key


def _pbkdf2(case: dict[str, Any]) -> bool:
    password, salt, key = _bytes(case, "password", "salt", "key")
    return hashlib.pbkdf2_hmac("sha256", password, salt, case["iterations"], len(key)) == key


def plain(value: Any) -> Any:
    """A value of ours as cbor2 knows it."""
    if isinstance(value, Tag):
        return cbor2.CBORTag(value.number, plain(value.value))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _cbor(case: dict[str, Any]) -> bool:
    """In its order of keys cbor2 follows RFC 7049, so it is asked what the bytes mean, not for the bytes."""
    data = bytes.fromhex(case["hex"])
    expected = plain(device.value_of(case["value"]))
    if isinstance(expected, cbor2.CBORTag):
        return cbor2.dumps(expected) == data
    return bool(cbor2.loads(data) == expected)


def _is_cbor_of_others(case: dict[str, Any]) -> bool:
    """What we refuse of appendix A is CBOR all the same: another decoder takes it."""
    try:
        cbor2.loads(bytes.fromhex(case["hex"]))
    except cbor2.CBORDecodeError:
        return False
    return True


def _parts(case: dict[str, Any], context: str) -> tuple[Any, dict[Any, Any], bytes, bytes]:
    """Tag, headers, the bytes that are authenticated and the proof, all by cbor2."""
    message = cbor2.loads(bytes.fromhex(case["cbor"]))
    tag = message.tag if isinstance(message, cbor2.CBORTag) else None
    protected, unprotected, payload, proof = message.value if tag is not None else message
    headers = cbor2.loads(protected) if protected else {}
    over = cbor2.dumps([context, protected if headers else b"", bytes.fromhex(case["external"]), payload])
    return tag, {**unprotected, **headers}, over, proof


def _mac0(case: dict[str, Any]) -> bool:
    tag, headers, over, proof = _parts(case, "MAC0")
    name, length = _HASHES.get(headers.get(1, 0), ("", 0))
    good = bool(name) and hmac.new(bytes.fromhex(case["key"]), over, name).digest()[:length] == proof
    good = good and tag in (None, 17)
    if case["to_mac"] and over.hex() != case["to_mac"]:
        return False
    return good == (case["published"] == "pass")


def _sign1(case: dict[str, Any], keys: dict[str, Any]) -> bool:
    """Also that the firmware's own judgement is this one, where it is handed this check."""
    key = keys[case["key"]]
    tag, headers, over, proof = _parts(case, "Signature1")
    good = headers.get(1) == case["algorithm"] and verifies(key, over, proof) and tag in (None, 18)
    if case["to_sign"] and over.hex() != case["to_sign"]:
        return False
    ours = device.sign1(case, device.Room(), lambda data, signature: verifies(key, data, signature))
    return ours and good == (case["published"] == "pass")


def verifies(key: dict[str, str], data: bytes, signature: bytes) -> bool:
    """Whether a COSE signature (r and s in turn, or Ed448's own) holds."""
    try:
        if key["curve"] == "Ed448":
            ed448.Ed448PublicKey.from_public_bytes(bytes.fromhex(key["x"])).verify(signature, data)
            return True
        curve, digest = _CURVES[key["curve"]]
        numbers = ec.EllipticCurvePublicNumbers(int(key["x"], 16), int(key["y"], 16), curve)
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        numbers.public_key().verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _ccm(case: dict[str, Any]) -> bool:
    key, nonce, context, sealed = _bytes(case, "key", "nonce", "context", "sealed")
    box = AESCCM(key, tag_length=case["tag"])
    try:
        text = box.decrypt(nonce, sealed, context)
    except InvalidTag:
        return case["text"] is None
    return case["text"] == text.hex() and box.encrypt(nonce, text, context) == sealed


