"""Files that stand for cards: what a chip would keep (`card/`), and the verifying keys apart from it.

An operator's card signs with Ed25519: terminals and the site check it; a Pico would take over a second.
The two recovery cards sign with HSS/LMS (RFC 8554, parameters of RFC 9858), which a pump checks in C SHA-256;
each is good for 32 signatures, and its state is written before a signature is given out.
"""

from __future__ import annotations

from typing import Any

from simulator.site.files import Site, SiteError, write_private

try:
    import pyhsslms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ImportError as absent:
    raise SiteError(f"cards need the package {absent.name}; pip install 'kvo[site]'") from absent

RECOVERY_CARDS = (1, 2)


def make_card(site: Site, number: int) -> None:
    """Make operator `number`'s card, and lay its public key with the verifying ones."""
    key = Ed25519PrivateKey.generate()
    write_private(site.card(number) / "card.key", key.private_bytes_raw())
    write_private(site.verifying() / f"card-{number}.pub", key.public_key().public_bytes_raw())


def sign_with_card(site: Site, number: int, message: bytes) -> bytes:
    """What the card would answer; SiteError where it is not here."""
    try:
        key = (site.card(number) / "card.key").read_bytes()
    except OSError:
        raise SiteError(f"operator {number}'s card is not here; put it in, or rotate it") from None
    return Ed25519PrivateKey.from_private_bytes(key).sign(message)


def card_signed(site: Site, number: int, message: bytes, signature: bytes) -> bool:
    """Whether operator `number`'s card signed `message`."""
    from cryptography.exceptions import InvalidSignature

    try:
        public = (site.verifying() / f"card-{number}.pub").read_bytes()
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (OSError, InvalidSignature):
        return False
    return True


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
