"""A certificate of the desk's own, made at the first start, until a real one is given."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hushtap.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path

DAYS: Final = 397
_PRIVATE: Final = 0o600


def own_certificate(folder: Path, now: datetime | None = None) -> tuple[Path, Path]:
    """Return certificate and private key in ``folder``, made anew where absent or run out.

    Raises:
        VaultError: they cannot be read or written.
    """
    now = now or datetime.now(UTC)
    certificate, key = folder / "tls.crt", folder / "tls.key"
    try:
        if certificate.exists() and key.exists():
            known = x509.load_pem_x509_certificate(certificate.read_bytes())
            if known.not_valid_after_utc > now:
                return certificate, key
        _make(certificate, key, now)
    except (OSError, ValueError):
        raise VaultError(
            f"{certificate}: cannot be read or made; remove it and {key.name}, or name a "
            "certificate with --cert and --cert-key"
        ) from None
    return certificate, key


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 of a certificate, as browsers show it."""
    known = x509.load_pem_x509_certificate(certificate.read_bytes())
    return known.fingerprint(hashes.SHA256()).hex(":").upper()


def _make(certificate: Path, key: Path, now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hushtap review desk")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    host = socket.gethostname()
    if host.isascii() and host != "localhost":
        names.append(x509.DNSName(host))
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", "::1")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for path, content in ((key, secret), (certificate, _pem(made))):
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
