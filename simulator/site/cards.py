"""Files that stand for cards: what a chip would keep (`card/`), and the verifying keys apart from it.

All sign with ECDSA on P-256, as contactless chips do: pumps, terminals and the site check it. An operator's card
signs many times a day and for years, and the two recovery cards once for each pump of a ward that was attacked, which
HSS/LMS with its counted signatures cannot.
"""

from __future__ import annotations

from pathlib import Path

from firmware.trust.credentials import CARD
from simulator.devices.cards import SignCard
from simulator.site.files import Site, SiteError, write_private

try:
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
    return signed_by(public_key(site, number), message, signature)


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
    secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(_WORD, "big")
    write_private(site.recovery(number) / "card.key", secret)
    write_private(_recovery_public(site, number), SignCard(number, secret).public)


def read_recovery_card(folder: Path, number: int) -> SignCard:
    """The card in `folder`, as recovery card `number`; SiteError where it is not there."""
    path = folder / "card.key"
    try:
        return SignCard(number, path.read_bytes())
    except OSError:
        raise SiteError(f"{path}: recovery card {number} is not here; bring it, and name its folder") from None
    except ValueError as wrong:
        raise SiteError(f"{path}: is no recovery card ({wrong}); 'kvo provision rotate SITE recovery' makes new ones, "
                        "for pumps that are provisioned from then on") from None  # fmt: skip


def recovery_keys(site: Site) -> tuple[bytes, bytes]:
    """The verifying keys of recovery cards 1 and 2, as a pump takes them; SiteError where they are none."""
    found = []
    for number in RECOVERY_CARDS:
        path = _recovery_public(site, number)
        public = path.read_bytes() if path.is_file() else b""
        if not _is_point(public):
            raise SiteError(f"{path}: no key of a recovery card; 'kvo provision rotate {site.folder} recovery' makes "
                            "new cards, for pumps that are provisioned from then on")  # fmt: skip
        found.append(public)
    return found[0], found[1]


def make_exporter(site: Site) -> None:
    """Make the key by which the site counter-signs evidence, and lay its public half with the verifying ones."""
    secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(_WORD, "big")
    write_private(site.exporter, secret)
    write_private(site.verifying() / "exporter.pub", SignCard(0, secret).public)


def read_exporter(site: Site) -> SignCard:
    """What counter-signs evidence; SiteError where it is not here."""
    try:
        return SignCard(0, site.exporter.read_bytes())
    except (OSError, ValueError):
        raise SiteError(f"{site.exporter}: the exporter's key is not here; bring it, or make another with 'kvo "
                        f"provision rotate {site.folder} exporter'") from None


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key `public` (a point, 33 bytes) signed `message`; False for what is no key or no signature."""
    if not _is_point(public) or len(signature) != 2 * _WORD:
        return False
    r, s = int.from_bytes(signature[:_WORD], "big"), int.from_bytes(signature[_WORD:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _recovery_public(site: Site, number: int) -> Path:
    return site.verifying() / f"recovery-card-{number}.pub"
