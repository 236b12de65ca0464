"""Health, metrics and orders over HTTP."""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client.parser import text_string_to_metric_families

from gateway.rig import RATE, TOKEN, chunks, recordings, serving, speech
from hushtap.errors import UsageError
from hushtap.gateway.calls import TapName
from hushtap.live import UNDER_WAY_S
from hushtap.mute import FADE_S
from hushtap.timeline import Span, to_samples
from hushtap.values import AudioFormat, Entity, PcmChunk
from hushtap.vault.audit.events import unpack
from hushtap.vault.audit.reading import reading
from hushtap.vault.recordings import CallDetails, Vault

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.gateway.calls import GatewayCall
    from hushtap.gateway.serve import Gateway

AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"another-token-of-somebody\n{TOKEN}\n")
    return path


def client(gateway: Gateway) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.web.port}")


async def admit(gateway: Gateway, channels: int = 2) -> GatewayCall:
    details = CallDetails(agent="agent-smith", queue="canary-queue", caller="+15550001111")
    return await gateway.calls.admit(details, AudioFormat(RATE, channels), tap=TapName.TWILIO)


def entries(vault: Vault) -> list[dict[str, Any]]:
    with reading(vault.path / "audit.db") as log:
        return [unpack(row.entry) for row in log.rows()]


def test_it_is_well_and_ready_until_it_is_full_or_drains(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"max_calls": 1}) as gateway, client(gateway) as http:
            assert (await http.get("/healthz")).text == "ok\n"
            assert (await http.get("/readyz")).status_code == 200
            call = await admit(gateway)
            full = await http.get("/readyz")
            assert (full.status_code, full.text) == (503, "full\n")
            gateway.stop()
            while not gateway.calls.admission.draining:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            assert (await http.get("/readyz")).text == "draining\n"
            assert (await http.get("/healthz")).status_code == 200
            await call.end()

    asyncio.run(run())


def test_without_ears_it_is_neither_well_nor_ready(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault) as gateway, client(gateway) as http:
            gateway._ears.close()
            assert (await http.get("/healthz")).status_code == 503
            assert (await http.get("/readyz")).status_code == 503

    asyncio.run(run())


def test_with_a_certificate_it_speaks_tls_and_nothing_else(vault: Vault, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    section = {"tls_cert": tmp_path / "cert.pem", "tls_key": tmp_path / "key.pem"}

    async def run() -> None:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        async with serving(vault, http=section) as gateway:
            async with httpx.AsyncClient(verify=trusting) as http:
                answer = await http.get(f"https://localhost:{gateway.web.port}/healthz")
                assert answer.status_code == 200
            async with client(gateway) as http:
                with pytest.raises(httpx.TransportError):
                    await http.get("/healthz")

    asyncio.run(run())
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(UsageError, match=r"cert\.pem: no certificate with its private key"):
        asyncio.run(run())


def test_metrics_tell_what_happened_and_carry_no_text(vault: Vault) -> None:
    async def run() -> str:
        async with serving(vault) as gateway, client(gateway) as http:
            call = await admit(gateway)
            for chunk in chunks(speech(3), speech(3, 2)):
                call.offer(chunk)
            during = (await http.get("/metrics")).text
            assert 'hushtap_calls_active{tap="twilio"} 1.0' in during
            await call.end()
            await gateway.calls.gone()
            return (await http.get("/metrics")).text

    text = asyncio.run(run())
    families = {family.name: family for family in text_string_to_metric_families(text)}
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["hushtap_calls_active", "twilio"] == 0
    assert values["hushtap_calls_total", "twilio"] == 1
    assert values["hushtap_ears_windows_total",] > 0
    assert values["hushtap_release_delay_seconds", "0.99", "speech"] > 0
    labels = {
        value for family in families.values() for s in family.samples for value in s.labels.values()
    }
    assert all(re.fullmatch(r"[a-z_]+|[A-Z_]+|0\.\d+", label) for label in labels)
    for canary in ("canary", "smith", "5550001111", vault.list()[0].id):
        assert canary not in text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": b"Bearer \xff\xfe"},
    ],
    ids=range(5),
)
def test_nobody_looks_or_orders_without_the_token(
    headers: dict[str, str], vault: Vault, token: Path
) -> None:
    async def run() -> None:
        async with serving(vault, http={"token": token}) as gateway, client(gateway) as http:
            call = await admit(gateway)
            for method, path in (("GET", "/calls"), ("POST", f"/calls/{call.id}/mute")):
                answer = await http.request(method, path, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert call.id not in answer.text
            assert not call.session.muted
            await call.end()

    asyncio.run(run())
    assert not [e for e in entries(vault) if e["activity"] == "order"]


def test_without_a_token_file_there_are_no_orders(vault: Vault) -> None:
    async def run() -> int:
        async with serving(vault) as gateway, client(gateway) as http:
            return (await http.get("/calls", headers=AUTH)).status_code

    assert asyncio.run(run()) == 403


def test_orders_that_make_no_sense_are_refused(vault: Vault, token: Path) -> None:
    async def run() -> None:
        async with serving(vault, http={"token": token}) as gateway, client(gateway) as http:
            call = await admit(gateway)
            refused = {
                f"/calls/{call.id}/delete": 404,
                "/calls/20261122T054500Z-0a1b2c3d/arm": 404,
                f"/calls/{call.id}/arm?seconds=0": 422,
                f"/calls/{call.id}/arm?seconds=nan": 422,
                f"/calls/{call.id}/arm?seconds=1e9": 422,
                f"/calls/{call.id}/arm?seconds=soon": 422,
            }
            for path, status in refused.items():
                assert (await http.post(path, headers=AUTH)).status_code == status
            assert (await http.get(f"/calls/{call.id}/arm", headers=AUTH)).status_code == 405
            await call.end()
            await gateway.calls.gone()
            gone = await http.post(f"/calls/{call.id}/arm", headers=AUTH)
            assert gone.status_code == 404

    asyncio.run(run())


def test_an_order_is_on_record_with_who_gave_it_and_ends_by_itself(
    vault: Vault, token: Path
) -> None:
    async def run() -> str:
        async with serving(vault, http={"token": token}) as gateway, client(gateway) as http:
            call = await admit(gateway)
            path = f"/calls/{call.id}"
            armed = await http.post(f"{path}/arm?seconds=1", headers=AUTH)
            assert armed.json()["armed"] is True
            assert armed.headers["Cache-Control"] == "no-store"
            for chunk in chunks(speech(1.6), speech(1.6, 2)):
                call.offer(chunk)
            [listed] = (await http.get("/calls", headers=AUTH)).json()["calls"]
            assert (listed["id"], listed["armed"], listed["seconds"]) == (call.id, False, 1.6)
            assert set(listed) == {
                *("id", "tap", "seconds", "channels", "rate", "armed", "muted"),
                *("behind", "failed", "mutes"),
            }
            for order, field in (("arm", "armed"), ("mute", "muted")):
                on = (await http.post(f"{path}/{order}", headers=AUTH)).json()
                assert on[field] is True
                undo = {"arm": "disarm", "mute": "unmute"}[order]
                off = (await http.post(f"{path}/{undo}", headers=AUTH)).json()
                assert off[field] is False
            await call.end()
            return call.id

    recording = asyncio.run(run())
    orders = [entry for entry in entries(vault) if entry["activity"] == "order"]
    assert [e["change"] for e in orders] == ["arm", "arm", "disarm", "mute", "unmute"]
    for entry in orders:
        assert entry["objects"] == [{"id": recording, "kind": "recording"}]
        assert entry["actor"] == {"user": "token-2", "role": "control", "origin": "127.0.0.1"}


def test_an_order_that_cannot_be_put_on_record_is_not_carried_out(
    vault: Vault, token: Path
) -> None:
    async def run() -> None:
        async with serving(vault, http={"token": token}) as gateway, client(gateway) as http:
            call = await admit(gateway)
            log = vault.path / "audit.db"
            vault._log.close()
            vault._log._ready = False
            log.rename(log.with_suffix(".away"))
            answer = await http.post(f"/calls/{call.id}/mute", headers=AUTH)
            assert answer.status_code == 503
            assert not call.session.muted
            log.with_suffix(".away").rename(log)
            await call.end()

    asyncio.run(run())


def test_what_is_ordered_silent_is_silent_and_nothing_else(vault: Vault, token: Path) -> None:
    audio = speech(10)
    # When the order comes, half a frame short of 0.1 s is gathered and not handed on.
    at, until = 4 * RATE, 6 * RATE - 160

    async def run() -> None:
        async with serving(vault, http={"token": token}) as gateway, client(gateway) as http:
            call = await admit(gateway, 1)

            def offer(start: int, end: int) -> None:
                for begin in range(start, end, 160):
                    span = Span(begin, begin + 160)
                    call.offer(PcmChunk(0, span, audio[span.start : span.end]))

            offer(0, at)
            muted = await http.post(f"/calls/{call.id}/mute", headers=AUTH)
            assert muted.json()["muted"] is True
            offer(at, until)
            await http.post(f"/calls/{call.id}/unmute", headers=AUTH)
            offer(until, len(audio))
            await call.end()

    asyncio.run(run())
    [opened] = recordings(vault)
    [finding] = opened.findings
    assert (finding.entity, finding.source) == (Entity.UNHEARD, "ordered")
    # What was not yet released when it was ordered is silent, too.
    assert finding.span.start <= at
    # What was said before the order and is under way to the call is silent as well.
    assert until <= finding.span.end <= until + to_samples(2 * UNDER_WAY_S, RATE)
    until = finding.span.end
    fade = to_samples(FADE_S, RATE)
    silent = opened.samples[finding.span.start + fade : until - fade, 0]
    assert not silent.any()
    got = opened.samples[:, 0]
    assert np.array_equal(got[: finding.span.start], audio[: finding.span.start])
    assert np.array_equal(got[until:], audio[until:])


def test_a_shorter_order_does_not_end_a_longer_one(vault: Vault, token: Path) -> None:
    async def run() -> dict[str, object]:
        async with serving(vault, http={"token": token}) as gateway, client(gateway) as http:
            call = await admit(gateway)
            for order in ("mute", "arm"):
                for seconds in (60, 1):
                    path = f"/calls/{call.id}/{order}?seconds={seconds}"
                    assert (await http.post(path, headers=AUTH)).status_code == 200
            for chunk in chunks(speech(3), speech(3, 2)):
                call.offer(chunk)
            [listed] = (await http.get("/calls", headers=AUTH)).json()["calls"]
            await call.end()
            return dict(listed)

    listed = asyncio.run(run())
    assert (listed["muted"], listed["armed"]) == (True, True)
