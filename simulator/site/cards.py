"""Files that stand for cards: what a chip would keep (`card/`), and the verifying keys apart from it.

An operator's card signs with ECDSA on P-256, as contactless chips do: pumps, terminals and the site check it. A card
signs many times a day and for years, which HSS/LMS with its counted signatures cannot.
The two recovery cards sign with HSS/LMS (RFC 8554, parameters of RFC 9858), which a pump checks in C SHA-256;
each is good for 32 signatures, and its state is written before a signature is given out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firmware.trust.credentials import CARD
from simulator.devices.cards import SignCard
from simulator.site.files import Site, SiteError, write_private

try:
    import pyhsslms
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
except ImportError as absent:
    raise SiteError(f"cards need the package {absent.name}; pip install 'kvo[site]'") from absent

RECOVERY_CARDS = (1, 2)
_WORD = 32
_NUMBER = 4  # bytes of a card's answer before its signature


def make_card(site: Site, number: int) -> None:
    """Make operator `number`'s card, and lay its public key with the verifying ones."""
    secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    card = SignCard(number, secret.to_bytes(_WORD, "big"))
    write_private(site.card(number) / "card.key", secret.to_bytes(_WORD, "big"))
    write_private(_public_of(site, number), card.public)


def read_card(site: Site, number: int) -> SignCard:
    """The card, to be laid on a simulated reader; SiteError where it is not here."""
    try:
        return SignCard(number, (site.card(number) / "card.key").read_bytes())
    except OSError:
        raise SiteError(f"operator {number}'s card is not here; put it in, or rotate it") from None
    except ValueError as wrong:
        raise SiteError(f"operator {number}'s card cannot be read ({wrong}); rotate it") from None


def public_key(site: Site, number: int) -> bytes:
    """Operator `number`'s verifying key as a pump takes it, b"" where there is none; SiteError for any other kind."""
    path = _public_of(site, number)
    try:
        public = path.read_bytes()
    except FileNotFoundError:
        return b""
    if not _is_point(public):
        raise SiteError(f"{path}: is no point of P-256 in {CARD} bytes, as pumps take it; 'kvo provision rotate' makes "
                        f"operator {number} another card")  # fmt: skip
    return public


def sign_with_card(site: Site, number: int, message: bytes) -> bytes:
    """The card's signature, r and s of 32 bytes each; SiteError where it is not here."""
    return read_card(site, number).sign(message)[_NUMBER:]


def card_signed(site: Site, number: int, message: bytes, signature: bytes) -> bool:
    """Whether operator `number`'s card signed `message`."""
    public = public_key(site, number)
    if not public or len(signature) != 2 * _WORD:
        return False
    r, s = int.from_bytes(signature[:_WORD], "big"), int.from_bytes(signature[_WORD:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _public_of(site: Site, number: int) -> Path:
    return site.verifying() / f"card-{number}.pub"


def _is_point(public: bytes) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    except ValueError:
        return False
    return len(public) == CARD


def make_recovery_card(site: Site, number: int) -> None:
    """Make recovery card `number`, in a folder of its own, and lay its public key with the verifying ones."""
    key = pyhsslms.HssPrivateKey(
        levels=1, lms_type=pyhsslms.lms_sha256_m24_h5, lmots_type=pyhsslms.lmots_sha256_n24_w4
    )
    write_private(site.recovery(number) / "card.key", key.serialize())
    write_private(site.verifying() / f"recovery-card-{number}.pub", key.publicKey().serialize())


def sign_with_recovery_card(site: Site, number: int, message: bytes) -> bytes:
    """A signature by recovery card `number`; its state is on the disk before this returns."""
    path = site.recovery(number) / "card.key"
    try:
        key: Any = pyhsslms.HssPrivateKey.deserialize(path.read_bytes())
    except OSError:
        raise SiteError(f"{path}: recovery card {number} is not here; bring it") from None
    try:
        signature = key.sign(message)
    except ValueError:
        raise SiteError(f"recovery card {number} has signed as often as it can; rotate the recovery cards") from None
    write_private(path, key.serialize())
    return signature


def recovery_card_signed(site: Site, number: int, message: bytes, signature: bytes) -> bool:
    """Whether recovery card `number` signed `message`."""
    public = (site.verifying() / f"recovery-card-{number}.pub").read_bytes()
    try:
        return bool(pyhsslms.HssPublicKey.deserialize(public).verify(message, signature))
    except Exception:  # the package raises what it stumbles on
        return False
