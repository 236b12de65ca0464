"""The port: TLS or nothing, a certificate of its own, and what it does not tell."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509

from hushtap.errors import UsageError, VaultError
from hushtap.vault.recordings import Vault
from hushtap.web.database import DeskDatabase
from hushtap.web.errors import TooManyError
from hushtap.web.server import Place, serve
from hushtap.web.throttle import Throttle
from hushtap.web.tls import DAYS, fingerprint, own_certificate
from web.browser import served

if TYPE_CHECKING:
    from pathlib import Path


def test_the_own_certificate_is_private_and_made_once(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path)
    first = fingerprint(certificate)
    assert (certificate, key) == own_certificate(tmp_path)
    assert fingerprint(certificate) == first
    assert key.stat().st_mode & 0o777 == 0o600
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    later = datetime.now(UTC) + timedelta(days=DAYS + 1)
    own_certificate(tmp_path, later)
    assert fingerprint(certificate) != first


def test_a_damaged_certificate_is_told(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path)
    certificate.write_text("not a certificate")
    with pytest.raises(VaultError, match="--cert"):
        own_certificate(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.test", "::"])  # noqa: S104
def test_nothing_goes_over_a_network_in_clear(host: str) -> None:
    with pytest.raises(UsageError, match="--plain"):
        Place(host=host, plain=True)
    assert Place(host=host).url.startswith("https://")
    for loopback in ("127.0.0.1", "::1", "localhost"):
        assert Place(host=loopback, plain=True).url == "http://localhost:8443"


def test_half_a_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--cert-key"):
        Place(certificate=tmp_path)


def test_the_desk_speaks_tls_and_tells_nothing_of_itself(tmp_path: Path) -> None:
    with served(tmp_path) as desk:
        trusted = ssl.create_default_context(cafile=str(desk.vault.path / "web" / "tls.crt"))
        with httpx.Client(verify=trusted, base_url=desk.url) as client:
            answer = client.get("/healthz")
            assert answer.text == "ok"
            assert "max-age" in answer.headers["strict-transport-security"]
            assert client.get("/calls").status_code == 401
        host, port = "localhost", int(desk.url.rsplit(":", 1)[1])
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLS"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            socket.create_connection((host, port)) as plain,
            pytest.raises(ssl.SSLError),
            old.wrap_socket(plain),
        ):
            pass
        with socket.create_connection((host, port)) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"ok" not in plain.recv(1000)


def test_a_taken_port_and_a_wrong_certificate_are_one_line(vault_of_desk: Vault) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}"):
            serve(vault_of_desk, Place(port=port), started=lambda: None)
    text = vault_of_desk.path / "catalog.db"
    with pytest.raises(UsageError, match="no certificate"):
        serve(vault_of_desk, Place(certificate=text, key=text), started=lambda: None)


def test_another_desk_key_opens_nothing(tmp_path: Path) -> None:
    database = DeskDatabase(tmp_path)
    sealed = database.seal("marmalade")
    assert database.unseal(sealed) == "marmalade"
    database.close()
    (tmp_path / "desk.key").unlink()
    other = DeskDatabase(tmp_path)
    with pytest.raises(VaultError, match=r"desk\.key"):
        other.unseal(sealed)
    other.close()
    (tmp_path / "desk.key").write_text("short")
    with pytest.raises(VaultError, match="desk's key"):
        DeskDatabase(tmp_path)


def test_tries_come_back_with_time_and_by_address() -> None:
    now = 0.0
    throttle = Throttle(3, lambda: now)
    for _ in range(3):
        throttle.take("a")
    with pytest.raises(TooManyError):
        throttle.take("a")
    throttle.take("b")
    now = 20.0
    throttle.take("a")
    with pytest.raises(TooManyError):
        throttle.take("a")


@pytest.fixture
def vault_of_desk(tmp_path: Path) -> Vault:
    """A vault without calls."""
    return Vault.create(tmp_path / "vault")
