"""A real syslog server with TLS, and the certificates that it and its clients need."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEERS = Path(sys.prefix) / "peers"
"""Where ``scripts/setup.sh --peers`` unpacks it; elsewhere the system's is taken."""
_UNPACKED = (_PEERS / "usr" / "sbin" / "rsyslogd").exists()
_ROOT = _PEERS if _UNPACKED else Path("/")
_RSYSLOGD = _ROOT / "usr" / "sbin" / "rsyslogd"
HAS_RSYSLOG = _RSYSLOGD.exists() and any(_ROOT.glob("usr/lib/*/rsyslog/lmnsd_gtls.so"))
HERE = "127.0.0.1"


class Authority:
    """A certificate authority in a folder: ``ca.pem``, and what it issues."""

    def __init__(self, folder: Path, name: str = "audit test") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        self.ca = self._write("ca", self._name, self._key, issuer=True)

    def issue(self, name: str) -> tuple[Path, Path]:
        """Return a certificate for this host's address, and its key; both files are ``name``."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(name, _common_name(name), key), self.folder / f"{name}.key"

    def _write(
        self,
        stem: str,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        issuer: bool = False,
    ) -> Path:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=issuer, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=issuer,
                    crl_sign=issuer,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if not issuer:
            here = x509.IPAddress(ipaddress.ip_address(HERE))
            builder = builder.add_extension(x509.SubjectAlternativeName([here]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        path = self.folder / f"{stem}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / f"{stem}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path


@dataclass
class Rsyslog:
    """rsyslogd, which writes each message it takes as one line. Stopping it empties its queues."""

    folder: Path
    authority: Authority
    port: int
    demands_certificate: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; return once it accepts connections."""
        certificate, key = self.authority.issue(HERE)
        mode = "x509/certvalid" if self.demands_certificate else "anon"
        config = self.folder / "rsyslog.conf"
        config.write_text(
            f'global(workDirectory="{self.folder}" defaultNetstreamDriver="gtls" '
            f'defaultNetstreamDriverCAFile="{self.authority.ca}" '
            f'defaultNetstreamDriverCertFile="{certificate}" '
            f'defaultNetstreamDriverKeyFile="{key}" maxMessageSize="64k")\n'
            'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" '
            f'streamDriver.authMode="{mode}")\n'
            f'input(type="imtcp" address="{HERE}" port="{self.port}")\n'
            'template(name="all" type="string" string="%rawmsg%\\n")\n'
            f'action(type="omfile" file="{self.folder}/received" template="all")\n'
        )
        modules: list[str] = []
        environment = dict(os.environ)
        if _UNPACKED:
            [own] = _PEERS.glob("usr/lib/*/rsyslog")
            modules = ["-M", f"{own}/"]
            libraries = [own.parent, *_PEERS.glob("lib/*-linux-*")]
            environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, libraries))
        self._process = subprocess.Popen(
            [_RSYSLOGD, "-n", *modules, "-f", config, "-i", self.folder / "pid"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pause = threading.Event()
        while self._process.poll() is None:
            try:
                socket.create_connection((HERE, self.port), 1).close()
            except ConnectionRefusedError:
                pause.wait(0.02)
            else:
                return
        raise AssertionError("rsyslogd did not start")

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def received(self) -> list[str]:
        """Stop it and return the messages that it took, without framing."""
        self.stop()
        path = self.folder / "received"
        return path.read_text().splitlines() if path.exists() else []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.create_server((HERE, 0)) as server:
        return int(server.getsockname()[1])


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
