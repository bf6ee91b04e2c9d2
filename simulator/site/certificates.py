"""The site's certificate authority and what it signs: EC P-256, SHA-256, one use a certificate."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.site.files import SiteError, write_private

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as absent:
    raise SiteError("certificates need the package cryptography; pip install 'kvo[site]'") from absent

CA_DAYS = 3650
SERVER_DAYS = 730
CLIENT_DAYS = 730
# A clock that is a little behind must not refuse what was made a moment ago.
_EARLY = timedelta(hours=1)


@dataclass(frozen=True)
class Authority:
    """The CA's key and certificate."""

    key: Any
    certificate: Any

    @staticmethod
    def load(key: Path, certificate: Path) -> Authority:
        """Read both; SiteError where they cannot be had."""
        try:
            return Authority(
                load_pem_private_key(key.read_bytes(), None), x509.load_pem_x509_certificate(certificate.read_bytes())
            )
        except (OSError, ValueError) as wrong:
            raise SiteError(f"{key}: the site's authority cannot be read ({wrong}); restore it, or make a new site") \
                from None


def new_key() -> Any:
    """A fresh EC P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_authority(name: str, now: datetime | None = None, days: int = CA_DAYS) -> Authority:
    """A fresh authority that signs itself, for `days` from `now`."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
    builder = _builder(subject, subject, key.public_key(), now, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Authority(key, builder.sign(key, SHA256()))


def issue(
    authority: Authority, name: str, server: bool = False, hosts: tuple[str, ...] = (), now: datetime | None = None,
    days: int = CLIENT_DAYS,
) -> tuple[Any, Any]:
    """A fresh key and its certificate for `name`, as a client or as a server of `hosts`.

    It never outlives the authority.
    """
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    until = authority.certificate.not_valid_after_utc
    builder = _builder(subject, authority.certificate.subject, key.public_key(), now, days, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    use = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return key, builder.sign(authority.key, SHA256())


def revoke(authority: Authority, crl: Path, certificates: list[Any]) -> None:
    """Add `certificates` to the list of revoked ones at `crl`, made where there is none."""
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=authority.certificate.subject,
        last_update=now - _EARLY,
        # A list that has run out refuses everyone: it lives as long as the authority.
        next_update=authority.certificate.not_valid_after_utc,
    )
    known = set()
    before = list(x509.load_pem_x509_crl(crl.read_bytes())) if crl.exists() else []
    for entry in before:
        builder = builder.add_revoked_certificate(entry)
        known.add(entry.serial_number)
    for certificate in certificates:
        if certificate.serial_number not in known:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(certificate.serial_number, now).build()
            )
    write_private(crl, builder.sign(authority.key, SHA256()).public_bytes(Encoding.PEM))


def write_identity(folder: Path, key: Any, certificate: Any, stem: str = "client", der: bool = False) -> None:
    """Write `stem`.key and `stem`.crt (PEM), and with `der` the same as .der, which MicroPython reads."""
    plain = (PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / f"{stem}.key", key.private_bytes(Encoding.PEM, *plain))
    write_private(folder / f"{stem}.crt", certificate.public_bytes(Encoding.PEM))
    if der:
        # SEC 1: what every build of mbedTLS reads.
        old = (PrivateFormat.TraditionalOpenSSL, NoEncryption())
        write_private(folder / f"{stem}.key.der", key.private_bytes(Encoding.DER, *old))
        write_private(folder / f"{stem}.crt.der", certificate.public_bytes(Encoding.DER))


def read_certificate(path: Path) -> Any:
    """The certificate in a PEM file; SiteError where there is none."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as wrong:
        raise SiteError(f"{path}: no certificate can be read here ({wrong}); 'kvo provision rotate' makes a new one") \
            from None


def to_der(certificate: Any) -> bytes:
    """The certificate's DER."""
    return certificate.public_bytes(Encoding.DER)


def _builder(subject: Any, issuer: Any, public: Any, now: datetime | None, days: int, until: Any = None) -> Any:
    start = (now or datetime.now(UTC)) - _EARLY
    end = start + timedelta(days=days)
    if until is not None and end > until:
        end = until
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _usage(**allowed: bool) -> Any:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _host(host: str) -> Any:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
